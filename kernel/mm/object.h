/*
 * An object: numbered pages that mappings and read/write share.  A file's
 * contents, or a piece of shared memory.
 */
#ifndef MM_OBJECT_H
#define MM_OBJECT_H

#include "core/mutex.h"
#include "lib/list.h"
#include "lib/refcount.h"
#include "lib/xmap.h"
#include "mm/frame.h"

struct object;

/* The dirty pages of one, as a part of all memory, that are too many. */
#define OBJECT_DIRTY_SHARE 16

/*
 * What the embedder does.  An object has a store if it has fill, and one that
 * can be written to if it has will_write too.
 */
struct object_ops {
	/*
	 * Fills a fresh zeroed page with what the store behind the object has
	 * at that index; NULL: there is no store, pages begin as zeroes.
	 * Locks: the object's is held.  Sleeps.
	 */
	int (*fill)(struct object *o, u64 index, struct page *p);
	/*
	 * The same for pages in a row from index on, with as few requests as it
	 * can; all, or an error.  NULL: one is filled after the other.
	 */
	int (*fill_many)(
	    struct object *o, u64 index, u32 nr, struct page **pages);
	/*
	 * Somebody is about to write to the page at index through a shared
	 * mapping: a place for it in the store.  Who cuts the object off does
	 * it meanwhile, perhaps: beyond the size the answer is -EFBIG.
	 * Locks: an address space's is held, the object's is not.  Sleeps.
	 * Errors: -ENOSPC, -EIO, -EROFS, -EFBIG (all SIGBUS), -ENOMEM.
	 */
	int (*will_write)(struct object *o, u64 index);
	/*
	 * There is a page to be written back where there was none, or the first
	 * that mappings may write to; or NULL.
	 * Locks: the object's is held; no more than a spin lock may be taken.
	 */
	void (*dirtied)(struct object *o);
	/*
	 * Somebody gives back what may be the last reference; NULL: with that
	 * the object is destroyed.  Under the lock by which the embedder finds
	 * its objects it calls object_drop.  If that was the last, it keeps the
	 * object, pages and all, for whoever finds it next (object_revive), or
	 * sees to it that nobody will and calls object_destroy.
	 * Locks: perhaps an address space's is held.  Sleeps.
	 */
	void (*unused)(struct object *o);
	/*
	 * What has been written, by mappings too, is in the store when this is
	 * back; NULL: that is nobody's business.
	 * Locks: no address space's.  Sleeps.  Errors: -EIO.
	 */
	int (*sync)(struct object *o);
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
 *        O2  nr_mapped is not 0 for as long as any hart has a way to a page
 *            by a region: leaves go, and are flushed, before regions do
 *        O3  nr_dirty, nr_mapped_dirty and nr_writing are the numbers of pages
 *            with PAGE_DIRTY or PAGE_MAPPED_DIRTY, with the second, and with
 *            PAGE_WRITING; all of them lie in [marked_from, marked_to)
 *        O4  a page of a store that can be written to is PAGE_MAPPED_DIRTY for
 *            as long as a leaf of a shared mapping has W
 * Beyond the size, in the page that it lies in, mappings may leave what they
 * like: zeroes take its place before it is written back and before the object
 * grows.
 * Locks  l lock   a atomic   c fixed
 */
struct object {
	struct refcount refs;         /* a */
	const struct object_ops *ops; /* c */
	struct mutex lock;            /* rank OBJECT */
	struct xmap pages;            /* l: index -> struct page */
	u64 nr_pages;                 /* l */
	u64 size_bytes;               /* l; read without it for a hint */
	u64 nr_mapped;   /* a: regions, in all blocks, that name it */
	u64 nr_writable; /* a: of these, shared ones that may write */
	u32 seen; /* as many as the audit has met, while all stand still */
	u32 seen_writable;
	/* of a store that can be written to */
	u64 nr_dirty;        /* l */
	u64 nr_mapped_dirty; /* l */
	u64 nr_writing;      /* l */
	u64 marked_from;     /* l */
	u64 marked_to;       /* l */
	u64 arriving_to;     /* l: bytes up to there are on their way, or 0 */
	u16 round;           /* l: of object_protect */
	u64 synced;          /* a: the number of the last sync that went well */
	/* of a store */
	u64 fill_next;        /* l: the page behind those that came last */
	u32 fill_nr;          /* l: how many these were */
	u64 sweep_next;       /* l: where reclaim goes on */
	struct list in_cache; /* mm/reclaim.c's lock: those with pages */
};

void object_init(struct object *o, const struct object_ops *ops, u64 size);
static inline void
object_get(struct object *o)
{
	refcount_get(&o->refs);
}
void object_put(struct object *o);

/* For ops->unused: one reference less; true when there is none left. */
bool object_drop(struct object *o) MUST_CHECK;
/*
 * A reference, be there others or not.
 * Locks: that by which the embedder finds it, as in ops->unused.
 */
void object_revive(struct object *o);
/*
 * Ends one without a reference: its pages go, dirty or not, then release.
 * Nobody finds it any more, and none of its pages is being written.
 */
void object_destroy(struct object *o);

/* How many pages all objects with a store have: the most to be got back. */
u64 object_nr_stored(void);
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
/* A page whose bytes are read: for a hole without a store the zero page. */
int object_page_to_read(
    struct object *o, u64 index, struct page **out) MUST_CHECK;
/* First index >= from that has a page; false when none. */
bool object_next_page(struct object *o, u64 from, u64 *index);

/*
 * Bytes between a kernel buffer (or user memory; iov_put_object reads to it)
 * and the pages.  Reading does not look at the size: the caller has.  Writing
 * raises it as bytes arrive; a lock of the caller's keeps writers apart.  *done
 * says how much was copied before an error.
 */
int object_write_user(
    struct object *o, u64 pos, uaddr_t src, size_t len, size_t *done);
int object_read(struct object *o, u64 pos, void *dst, size_t len);
int object_write(struct object *o, u64 pos, const void *src, size_t len);

/*
 * A greater size.  What a mapping left behind the old end becomes zero.
 */
void object_grow(struct object *o, u64 size_bytes);
/*
 * What the store has behind the size, in the page that the size lies in,
 * becomes zero when that is written back: before the object grows, if the store
 * is not sure to have zeroes there. Errors: -ENOMEM, what fill returns.
 */
int object_clear_tail(struct object *o) MUST_CHECK;
/*
 * A smaller one: the pages beyond go, from every address space too, and the
 * rest of the last page, if it is there, becomes zero (and dirty, if it was
 * not zero before).  What is being written is waited for.
 * Locks: no mm's lock held; the embedder's lock keeps others from growing it.
 * Sleeps.
 */
void object_truncate(struct object *o, u64 size_bytes);

/* ---- writing back (object_dirty.c) -------------------------------------- */

/*
 * Nobody can write to pages of o through mappings any more without making them
 * dirty again; those that somebody could are dirty.  Before that, the dirty
 * ones do not include what programs have written since they were taken last.
 * Locks: no mm's and no object's; takes those of all mms, one at a time, so who
 * waits in ops->will_write must not wait for the caller.  Sleeps.
 */
void object_protect(struct object *o);
/*
 * The same for an object that nobody maps; nothing if somebody does.
 * Locks: an address space's may be held, the object's is not.
 */
void object_settle(struct object *o);

/*
 * For a store that finds places: a page that is there, below the size and with
 * these bits, is dirty from now on.  False: there is no such page.
 * Locks: takes the object's.
 */
bool object_dirty_page(struct object *o, u64 index, u8 bits) MUST_CHECK;
/*
 * The first dirty page from *from on, and those that follow it without a gap,
 * up to max: they are no longer dirty, but being written, until the caller says
 * object_write_done, and stay where they are till then.  The bytes of the last
 * one beyond the size are zero.  *from is the first one's index; the result is
 * how many, 0 when none is left.
 * Others may write to them meanwhile: that makes them dirty again.  A page that
 * is dirty again while somebody still writes it is waited for, so who has pages
 * that are being written goes on from behind them.
 * Locks: takes the object's.  Sleeps.
 */
u32 object_take_dirty(
    struct object *o, u64 *from, struct page **pages, u32 max);
/* failed: all of them are dirty again. */
void object_write_done(
    struct object *o, u64 index, struct page **pages, u32 nr, bool failed);
/*
 * So many pages, as a part of all memory, that who makes more of them dirty
 * writes them back first.
 */
static inline bool
object_is_too_dirty(const struct object *o)
{
	return atomic_load(&o->nr_dirty) > page_count / OBJECT_DIRTY_SHARE;
}

#endif
