/*
 * The plain reference: what memory holds if fork copies everything at once.
 *
 * An address space is an array of pages, each with its rights and two words of
 * its contents, the first and the last.  Only addresses of a few windows exist
 * here: they lie around the borders of tables of both levels, below the place
 * where mappings go, and where the break is.
 */
#ifndef MODEL_H
#define MODEL_H

#include "lib/types.h"

#define NR_SPACES  8
#define NR_OBJECTS 3
#define NR_PAGES   34 /* of the windows */
#define NR_WORDS   2
#define OBJ_PAGES  8 /* an object is no longer */
#define BRK_PAGES  6
#define MAP_TOP    ((3ul << 30) + (2ul << 20) + 4 * PAGE_SIZE)

/* Objects: 0 and 1 are shared memory, 2 is a file that is written back. */
#define FILE_OBJECT 2

enum op_kind {
	OP_READ,     /* by a user's load */
	OP_WRITE,    /* by a user's store */
	OP_EXEC,     /* by a user's fetch */
	OP_KREAD,    /* by the kernel, at the user's address */
	OP_KWRITE,   /* the same; with span: over the border to the next page */
	OP_MREAD,    /* by another way: mm_read */
	OP_MWRITE,   /* mm_write; with force as a debugger */
	OP_OREAD,    /* of an object, to a kernel buffer */
	OP_OWRITE,   /* to an object */
	OP_FREAD,    /* from an object to user memory, as read(2) */
	OP_FWRITE,   /* from user memory to an object */
	OP_TRUNCATE, /* an object to half pages */
	OP_GROW,     /* the same, upward */
	OP_WRITEBACK, /* of the file; with force, mappings keep their W */
	OP_RECLAIM,   /* count frames */
	OP_MMAP,
	OP_MUNMAP,
	OP_MPROTECT,
	OP_MREMAP,
	OP_MADVISE,
	OP_MINCORE, /* with nowhere to write to: the look alone */
	OP_FUTEX,   /* by what name a futex in the page is known */
	OP_BRK,
	OP_FORK,
	OP_EXIT,
	OP_LOOK, /* through all spaces, as who counts pages does */
	OP_CREATE,
	NR_OP_KINDS,
};

/* One operation; which fields count depends on the kind. */
struct op {
	u8 kind;
	u8 hart;
	u8 space;
	u8 to;     /* FORK: the child's number */
	u8 page;   /* first page: an index into the windows */
	u8 last;   /* last page of a range, which may have holes in it */
	u8 count;  /* pages: MMAP, old length of MREMAP, BRK */
	u8 grown;  /* MREMAP: new length */
	u8 target; /* MREMAP: where to */
	u8 word;
	u8 prot;
	u8 object; /* NR_OBJECTS: none */
	u8 offset; /* page of the object; of OP_TRUNCATE half pages */
	u8 fail;   /* the n-th allocation fails */
	bool fail_after;
	bool fixed;
	bool no_replace;
	bool populate;
	bool force;
	bool span;
	u32 flags;  /* MMAP: MM_*; MREMAP: MREMAP_* */
	s32 advice; /* MADVISE */
	u32 value;
	/* What came of it. */
	bool done;
	u64 at; /* MMAP, MREMAP: the address, 0 for none */
	s64 result;
};

/* What a page of a space is. */
struct mpage {
	bool mapped;
	bool own; /* its bytes are words; else the object's, or zeroes */
	u8 prot;
	u8 object; /* NR_OBJECTS: none */
	u32 flags;
	u32 index; /* page of the object */
	u32 words[NR_WORDS];
};

struct mspace {
	bool alive;
	u8 brk; /* pages */
	struct mpage pages[NR_PAGES];
};

struct mobject {
	u64 size_bytes;
	u32 words[OBJ_PAGES][NR_WORDS];
};

struct model {
	struct mspace spaces[NR_SPACES];
	struct mobject objects[NR_OBJECTS];
};

/* Address of each page, rising; which page an address is, or -1. */
extern u64 window_va[NR_PAGES];
extern const u64 word_offset[NR_WORDS];
void model_init_windows(void);
int model_page_at(u64 va);
/* How many pages of this one's window begin with it. */
u32 model_room(u32 page);

/* What OP_FUTEX says of a word of an object. */
static inline s64
model_futex_name(u32 object, u64 offset)
{
	return (object + 1ul) << 32 | offset;
}

void model_reset(struct model *m);
/* The bytes that a page shows; NULL beyond its object's end. */
const u32 *model_words(const struct model *m, const struct mpage *p);
/* Does the operation, and returns what it should. */
s64 model_do(struct model *m, const struct op *op);
/* Is there no hole in the range of pages that op names? */
bool model_covers(const struct model *m, const struct op *op);
/* The pages from this one on that the kernel should have as one region. */
u32 model_run(const struct mspace *s, u32 page);

/* As text, into a buffer of OP_TEXT bytes. */
#define OP_TEXT 160
void op_print(char *buf, const struct op *op);

#endif
