/*
 * Physical memory: one struct page for each 4 KiB frame of RAM.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include "lib/page.h"
#include "lib/refcount.h"
#include "lib/types.h"

enum page_kind {
	PAGE_FREE,     /* in a free list or never used */
	PAGE_RESERVED, /* not ours: firmware, the kernel's image, holes */
	PAGE_KERNEL,   /* stacks, buffers, kernel tables */
	PAGE_SLAB,     /* small objects */
	PAGE_TABLE,    /* a user page table */
	PAGE_ANON,     /* a user page that no file has */
	PAGE_CACHE,    /* a page of an object: file or shared memory */
	NR_PAGE_KINDS,
};

/* What a cached page's file lacks; what that means, mm/object_dirty.c says. */
enum {
	PAGE_DIRTY = 1u << 0,        /* the store lacks bytes of it */
	PAGE_MAPPED_DIRTY = 1u << 1, /* some leaf may have W */
	PAGE_WRITING = 1u << 2,      /* on its way to the store */
};

struct object;

/*
 * struct page: one frame.  One exists for each frame of RAM, from boot to
 * power-off; only its contents change hands.
 *
 * States  FREE -> another kind   frame_alloc, refs 1
 *         any  -> FREE           the last page_put
 * Laws    P1  refs is the number of links (page-table entries) to the frame
 *             plus one for each kernel holder, and 0 when it is free
 *         P2  bit i of a table's groups is set if any of its entries from 8i to
 *             8i + 7 is not empty (of a root: of the user's half); who stores
 *             the entry has set the bit before
 *         P3  the words of a free frame that is said to be zeroed are all 0
 * Locks   a atomic   c fixed while in use   o the object's lock
 *         f the free list's lock
 */
struct page {
	struct refcount refs; /* a */
	u8 kind;              /* c: enum page_kind */
	u8 level;             /* c: of a table: 0, 1 or 2 */
	u8 frozen;            /* a: of a table, see mm/tree.h */
	u8 dirty;             /* o: of a cached page: PAGE_DIRTY ... */
	u8 zeroed; /* of a free frame, or of a table not yet made: all is 0 */
	u8 used;   /* o: of a cached page: since mm/reclaim.c came by */
	u16 round; /* o: of a PAGE_MAPPED_DIRTY one, see mm/object_dirty.c */
	union {
		struct page *next_free; /* f */
		struct object *object;  /* c: PAGE_CACHE: whose page */
		u64 groups;             /* of a table: where its entries are */
	};
	/*
	 * c: PAGE_CACHE: which page of the object.  PAGE_TABLE: scratch of
	 * mm/weigh.c's while all harts are held still.
	 */
	u64 index;
};

static_assert(sizeof(struct page) == 32, "32 MiB of them for 4 GiB of RAM");

extern struct page *page_array; /* page_array[0] is frame page_first */
extern u64 page_first;
extern u64 page_count;

static inline struct page *
pfn_page(pfn_t f)
{
	check(f.val - page_first < page_count);
	return &page_array[f.val - page_first];
}

static inline pfn_t
page_pfn(const struct page *p)
{
	return pfn((u64)(p - page_array) + page_first);
}

/* Where the kernel sees physical memory: address 0 of it is here. */
extern u64 direct_base;

static inline void *
paddr_kva(paddr_t pa)
{
	return (void *)(direct_base + pa.val);
}

paddr_t kva_paddr(const void *kva);

static inline void *
page_kva(const struct page *p)
{
	return paddr_kva(pfn_paddr(page_pfn(p)));
}

static inline struct page *
kva_page(const void *kva)
{
	return pfn_page(paddr_pfn(kva_paddr(kva)));
}

/*
 * A frame with one reference and undefined contents, or NULL when there is
 * none even after caches have been asked to give some back.  One for a table
 * may say that it is zeroed; see frame_make_zero.
 * Locks: any; but with a spin lock held nothing is asked to give back.
 */
struct page *frame_alloc(enum page_kind kind) MUST_CHECK;
/* The same, filled with zeroes. */
struct page *frame_alloc_zero(enum page_kind kind) MUST_CHECK;

static inline void
page_get(struct page *p)
{
	refcount_get(&p->refs);
}

/*
 * Frees a frame whose last reference the caller has just dropped.  Tables come
 * back without entries and say that they are zeroed, so that the next one need
 * not be cleared.
 */
void frame_free(struct page *p);

/* Drops one reference; the last one frees the frame.  Not for tables. */
static inline void
page_put(struct page *p)
{
	check(p->kind != PAGE_TABLE);
	if (refcount_put(&p->refs))
		frame_free(p);
}

/* Whether all its words are 0, for checks of P3. */
bool frame_is_zeroed(const struct page *p);

/* Makes all words of a frame that was just allocated 0, if they are not. */
static inline void
frame_make_zero(struct page *p)
{
	if (!p->zeroed)
		page_zero(page_kva(p));
	p->zeroed = 0;
}

/* Shared by all: never written, one reference held for ever. */
extern struct page *zero_page;

/*
 * Memory to give back under pressure: fn frees what it can, up to nr frames,
 * and returns how many; it may not allocate.
 * Locks: those that the allocating thread may hold must not be waited for.
 */
struct frame_reclaimer {
	u64 (*reclaim)(u64 nr_frames);
	struct frame_reclaimer *next;
};
void frame_add_reclaimer(struct frame_reclaimer *r);
/*
 * For who is about to take frames for what could be had again: takes some back
 * when few are free, for those who have nothing to give.  False when there was
 * nothing to take.
 */
bool frame_keep_some(void);

struct hart;
/*
 * What h has put by for itself is everybody's; how many frames that was.
 * Locks: none; interrupts off, and h held still or the caller's own.
 */
u64 frame_uncache(struct hart *h);
/*
 * The same of all harts, for who would find no memory: they stand still for it.
 * Locks: none held, interrupts on.
 */
u64 frame_collect(void);

struct frame_stats {
	u64 total; /* frames of RAM, reserved ones too */
	u64 free;
	u64 kinds[NR_PAGE_KINDS]; /* by kind */
};
void frame_stats(struct frame_stats *out);

/* Frames that RAM has and frame_add_ram was never told of. */
u64 frame_never_added(void);

/*
 * For tests: the n-th allocation from now fails (0: none), and with and_after
 * all that follow, for the calling thread only; small objects count as well.
 * Returns how many allocations were counted since the last call.
 */
u64 frame_fail_after(u64 n, bool and_after);
/* The calling thread ends: what it asked for is not for who gets its place. */
void frame_fail_end(void);
/* Counts one, and says whether it is to fail. */
bool frame_fails_on_purpose(void);

/*
 * Boot: page_array, page_first and page_count are set and zeroed; [start, end)
 * is RAM that nobody uses yet.
 */
void frame_add_ram(paddr_t start, paddr_t end);
/* Boot: after all RAM was added. */
void frame_init(void);

#endif
