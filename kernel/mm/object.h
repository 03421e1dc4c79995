/*
 * An object: numbered pages that mappings and read/write share.  A file's
 * contents, or a piece of shared memory.
 */
#ifndef MM_OBJECT_H
#define MM_OBJECT_H

#include "core/mutex.h"
#include "lib/refcount.h"
#include "lib/xmap.h"
#include "mm/frame.h"

struct object;

struct object_ops {
	/*
	 * Fills a fresh zeroed page with what the store behind the object has
	 * at that index; NULL: there is no store, pages begin as zeroes.
	 */
	int (*fill)(struct object *o, u64 index, struct page *p);
	/* The last reference is gone, the pages too: free what embeds it. */
	void (*release)(struct object *o);
	/* For /proc/PID/maps: a path into buf, and what identifies the file. */
	void (*describe)(
	    struct object *o, char *buf, size_t cap, u64 *dev, u64 *ino);
};

/*
 * struct object: created by its embedder with one reference (its own); each
 * mapping block that names it has another.
 * Laws   O1  pages[i] exists for i < pages of size only, each counted once
 *            for being there
 *        O2  bytes of the last page beyond the size are zero when nobody maps
 *            the object
 * Locks  l lock   a atomic   c fixed
 */
struct object {
	struct refcount refs;         /* a */
	const struct object_ops *ops; /* c */
	struct mutex lock;            /* rank OBJECT */
	struct xmap pages;            /* l: index -> struct page */
	u64 nr_pages;                 /* l */
	u64 size_bytes;               /* l; read without it for a hint */
	u64 nr_mapped; /* a: regions, in all blocks, that name it */
};

void object_init(struct object *o, const struct object_ops *ops, u64 size);
static inline void
object_get(struct object *o)
{
	refcount_get(&o->refs);
}
void object_put(struct object *o);

/* Shared anonymous memory. */
int object_create_anon(u64 size_bytes, struct object **out) MUST_CHECK;

/*
 * The page at index with a reference for the caller, made when it is missing.
 * Locks: takes the object's.  Sleeps: if the store does.
 * Errors: -ENOMEM, -EFBIG (beyond the size), what fill returns.
 */
int object_page(struct object *o, u64 index, struct page **out) MUST_CHECK;
/* The same only if it is there: NULL for a hole. */
struct page *object_page_if_present(struct object *o, u64 index);
/* First index >= from that has a page; false when none. */
bool object_next_page(struct object *o, u64 from, u64 *index);

/*
 * Bytes between a kernel buffer (or user memory) and the pages.  Reading does
 * not look at the size: the caller has.  Writing raises it as bytes arrive; a
 * lock of the caller's keeps writers apart.  *done says how much was copied
 * before an error.
 */
int object_read_user(
    struct object *o, u64 pos, uaddr_t dst, size_t len, size_t *done);
int object_write_user(
    struct object *o, u64 pos, uaddr_t src, size_t len, size_t *done);
int object_read(struct object *o, u64 pos, void *dst, size_t len);
int object_write(struct object *o, u64 pos, const void *src, size_t len);

/* A greater size: nothing but the number. */
void object_grow(struct object *o, u64 size_bytes);
/*
 * A smaller one: the pages beyond go, from every address space too, and the
 * rest of the last page becomes zero.
 * Locks: no mm's lock held; the embedder's lock keeps others from growing it.
 */
void object_truncate(struct object *o, u64 size_bytes);

#endif
