/*
 * The inside of mm/: regions, address spaces, and what its files share.
 *
 * An address space is a list of regions, which say what a fault means, and a
 * tree, which says what is there.  Both are shared by fork and copied by the
 * first change.  Addresses are plain u64 in here: the arithmetic on them is
 * the subject.  All functions ending in _locked need mm->lock.
 */
#ifndef MM_MM_IMPL_H
#define MM_MM_IMPL_H

#include "core/mutex.h"
#include "core/tlb.h"
#include "mm/audit.h"
#include "mm/mm.h"
#include "mm/object.h"
#include "mm/tree.h"

/*
 * struct region: [start, end), one kind of memory.  Regions of a block do not
 * overlap and stand in order; neighbours that say the same are one.
 */
struct region {
	u64 start;
	u64 end;
	u32 prot;              /* MM_READ | MM_WRITE | MM_EXEC */
	u32 flags;             /* MM_SHARED ... */
	struct object *object; /* reference, or NULL */
	u64 offset;            /* in the object, of start */
};

/*
 * struct region_block: the regions of one or more address spaces.
 * Laws   R1  refs is the number of address spaces that use it; it is changed
 *            only when that is one, under that one's lock
 */
struct region_block {
	struct refcount refs;
	u32 nr;
	u32 room;
	u32 seen; /* users that the audit has met, while all stand still */
	struct region regions[];
};

/*
 * struct mm: one address space, used by the threads of one process or more
 * (CLONE_VM).  Created by mm_create or mm_fork; refs counts the processes;
 * the last mm_put frees it.
 * Locks  l lock   c fixed   a atomic   L the list's lock
 */
struct mm {
	struct refcount refs;       /* a */
	struct mutex lock;          /* rank MM */
	struct tlb_space space;     /* its own rules */
	struct page *root;          /* c: the root table */
	struct region_block *block; /* l */
	struct list all;            /* L: every address space */

	/* copied at fork: all below, in one go */
	struct mm_copied {
		u64 brk_start;    /* l */
		u64 brk;          /* l */
		u64 map_top;      /* l: mappings go below this */
		u64 stack_top;    /* l */
		u64 vdso;         /* l */
		u64 mapped_pages; /* l: sum of the regions */
		u64 peak_pages;   /* l */
		u32 last_region;  /* l: a guess, see region_above */
		bool random;      /* l: places are drawn by lot */
		bool fork_flags;  /* l: a region is treated apart at fork */
		struct mm_limits limits; /* l */
		struct mm_places places; /* l */
	} c;
};

/* The lock, and word to the audit that counts and links may disagree. */
static inline void
mm_lock(struct mm *mm) ACQUIRES(&mm->lock) NO_LOCK_CHECK
{
	mutex_lock(&mm->lock);
	audit_enter();
}

static inline void
mm_unlock(struct mm *mm) RELEASES(&mm->lock) NO_LOCK_CHECK
{
	audit_leave();
	mutex_unlock(&mm->lock);
}

/*
 * struct mm_stock: frames that one call has put by for the faults that it is
 * going to make, so that it has them all or takes none.  On its stack.
 */
struct mm_stock {
	struct page *pages; /* linked by next_free, as are the tables */
	struct page *tables;
	u64 nr_pages;
	u64 nr_tables;
};

/* All, or -ENOMEM. */
int stock_fill(struct mm_stock *s, u64 nr_pages, u64 nr_tables) MUST_CHECK;
void stock_drop(struct mm_stock *s);
/*
 * The same from what objects have that are busy and so are passed over when a
 * frame is wanted: waits until they are not.
 * Locks: takes objects', one after the other.  Sleeps.
 */
int stock_fill_from_busy(
    struct mm_stock *s, u64 nr_pages, u64 nr_tables) MUST_CHECK;

/* ---- regions (region.c) ------------------------------------------------- */

/* Below a stack this much stays unmapped, as far as nobody insists. */
#define STACK_GUARD (256 * PAGE_SIZE)

/* Where it begins, with the gap below it if it is a stack. */
static inline u64
region_start_gap(const struct region *r)
{
	u64 gap = (r->flags & MM_STACK) ? STACK_GUARD : 0;

	return r->start - MIN(r->start, gap);
}

/* A shared one that writes go through, if not now then after mprotect. */
static inline bool
region_may_write_shared(const struct region *r)
{
	return (r->flags & (MM_SHARED | MM_NEVER_WRITE)) == MM_SHARED;
}
int region_block_create(u32 room, struct region_block **out) MUST_CHECK;
void region_block_put(struct region_block *b);
/* The first region that ends above addr, or NULL. */
struct region *region_above(struct mm *mm, u64 addr);
/* The region that contains addr, or NULL. */
struct region *region_at(struct mm *mm, u64 addr);
/* Makes the block this mm's own, with room for extra regions more. */
int region_own(struct mm *mm, u32 extra) MUST_CHECK;
/* The following need region_own before; they cannot fail. */
void region_insert(struct mm *mm, const struct region *r);
/* Makes addr a border between regions, if a region contains it. */
void region_split(struct mm *mm, u64 addr);
/* Takes out [start, end), whose ends are borders. */
void region_remove(struct mm *mm, u64 start, u64 end);
/* Takes out those with any of these flags. */
void region_remove_flagged(struct mm *mm, u32 flags);
/* Is b where a ends, and says the same, so that they should be one (R1)? */
bool region_same_kind(const struct region *a, const struct region *b);
/* Joins neighbours that say the same, around [start, end). */
void region_merge(struct mm *mm, u64 start, u64 end);
/* Where the first hole of [start, end) begins, or end. */
u64 region_covered_to(struct mm *mm, u64 start, u64 end);
/* True when [start, end) is covered without a hole. */
bool region_covers(struct mm *mm, u64 start, u64 end);
/* How many pages of [start, end) are in regions. */
u64 region_pages_within(struct mm *mm, u64 start, u64 end);
/* Highest (or from low up) gap for len bytes; 0 when there is none. */
u64 region_find_gap(struct mm *mm, u64 len);
u64 region_pages(const struct region *r);
/*
 * For /proc; the caller has a reference to r's object.
 * Locks: no mm's: names are behind locks that come before.
 */
void region_describe(const struct region *r, struct mm_region_info *out);
/* Could the break, or a mapping, of this many pages more be had? */
bool mm_room_for(const struct mm *mm, u64 pages);
/* The same for the limit of private writable memory, if this is any. */
bool mm_room_for_data(const struct mm *mm, u32 prot, u32 flags, u64 pages);
/* How much of that there is: a walk over all regions, or 0 without a limit. */
u64 mm_data_pages(const struct mm *mm);
bool mm_is_within_data(const struct mm *mm, u64 pages);

/* ---- pieces of mm.c, map.c ---------------------------------------------- */

void mm_flush_space(void *space);
static inline void
mm_gather_init(struct mm *mm, struct tree_gather *g)
{
	gather_init(g, mm_flush_space, &mm->space);
}
int mm_unmap_locked(struct mm *mm, u64 start, u64 end) MUST_CHECK;
int mm_map_locked(
    struct mm *mm, const struct mm_map_args *a, u64 *out) MUST_CHECK;
/* Where a mapping that is not fixed goes; 0 when there is no room. */
u64 mm_choose_place_locked(struct mm *mm, u64 hint, u64 len);
/* Gets what mm_zap_locked of the same range may fail for. */
int mm_own_edges_locked(struct mm *mm, u64 start, u64 end) MUST_CHECK;
/* Everything in [start, end) goes, the regions stay. */
int mm_zap_locked(struct mm *mm, u64 start, u64 end) MUST_CHECK;
/* Tables that were made where [start, end) has no regions. */
void mm_zap_gaps_locked(struct mm *mm, u64 start, u64 end);
int mm_fault_locked(
    struct mm *mm, u64 addr, enum fault_access access, bool force) MUST_CHECK;
/* A fault without the lock held, with frames from a stock if there is one. */
int mm_fault_once(struct mm *mm, u64 addr, enum fault_access access,
    struct mm_stock *stock) MUST_CHECK;
/* One that found no memory: again, with what can be made free. */
int mm_fault_with_room(
    struct mm *mm, u64 addr, enum fault_access access) MUST_CHECK;
/*
 * How memory that is wanted at once is touched: as a program may, and not so
 * that what others see of shared memory has to be written somewhere.
 */
static inline enum fault_access
mm_access_to_bring(u32 prot, u32 flags)
{
	if ((prot & MM_WRITE) && !(flags & MM_SHARED))
		return FAULT_WRITE;
	return prot & (MM_READ | MM_WRITE) ? FAULT_READ : FAULT_EXEC;
}
/* Faults in what it can of [start, end). */
int mm_populate_locked(
    struct mm *mm, u64 start, u64 end, enum fault_access access) MUST_CHECK;
/* The same with frames from a stock (NULL: none), as long as it has any. */
int mm_populate_from_locked(struct mm *mm, u64 start, u64 end,
    enum fault_access access, struct mm_stock *stock) MUST_CHECK;
/* RWX bits of a leaf for this protection, without regard to sharing. */
static inline u64
mm_leaf_rights(u32 prot)
{
	u64 rwx = 0;

	/* Sv39 has no page that can be written and not read. */
	if (prot & (MM_READ | MM_WRITE))
		rwx |= PTE_R;
	if (prot & MM_WRITE)
		rwx |= PTE_W;
	if (prot & MM_EXEC)
		rwx |= PTE_X;
	return rwx;
}
/*
 * The address space after mm in the list (NULL: the first), with a reference;
 * the one on mm is dropped.
 */
struct mm *mm_next(struct mm *mm);
/* For the audit, while all other harts stand still and nothing is amiss. */
void mm_each_paused(void (*fn)(struct mm *mm, void *arg), void *arg);
/* No address space maps pages of o from index keep on any more. */
void mm_forget_object(struct object *o, u64 keep);
/*
 * No leaf of a shared mapping of o that had W when this began has it any more,
 * on any hart.
 */
void mm_protect_object(struct object *o);

/*
 * What all spaces have written through mappings goes to its stores.
 * Locks: as ops->sync.  Sleeps.
 */
void mm_write_back(void);

/* ---- pieces of object.c and its kin -------------------------------------- */

/* Is there a store that what is written goes to? */
static inline bool
object_is_written_back(const struct object *o)
{
	return o->ops->will_write != NULL;
}

static inline bool
object_has_store(const struct object *o)
{
	return o->ops->fill != NULL;
}

static inline u64
object_size_pages(const struct object *o)
{
	return align_up(o->size_bytes, PAGE_SIZE) >> PAGE_SHIFT;
}

/*
 * The page at index, which o has not, from its store; and those behind it, if
 * it is read in order.  No reference for the caller.
 * Locks: o's held.  Sleeps.  Errors: -ENOMEM, what fill returns.
 */
int object_fill(struct object *o, u64 index, struct page **out) MUST_CHECK;
/* p, with the caller's reference, becomes o's.  Locks: o's held. */
int object_add_page(struct object *o, u64 index, struct page *p) MUST_CHECK;
/* Takes one out of it; a mapping may keep it, without a name.  Locks: same. */
void object_drop_page(struct object *o, u64 index);
/*
 * Of pages that o has of those from index on each gets a reference for the
 * caller; the others are NULL, and so are those that lie beyond the size and
 * are about to go: who cuts o off may have looked for mappings already.
 * Locks: takes o's.
 */
void object_present_pages(
    struct object *o, u64 index, u32 nr, struct page **pages);
/* o has pages that it can get again, and may lose them.  Locks: o's held. */
void object_join_cache(struct object *o);
/* And may not any more. */
void object_leave_cache(struct object *o);
/*
 * For want of memory, some of its own pages that it can get again; false when
 * there are none.  Locks: o's held.
 */
bool object_reclaim_locked(struct object *o) MUST_CHECK;
/*
 * The next one with such pages that somebody uses, with a reference; NULL after
 * all of them.  *left: 0 to begin with, and then left alone.
 */
struct object *object_next_in_use(u64 *left);
/* Boot: such pages are there to be taken back. */
void mm_init_reclaim(void);

/* Locks, for these: o's held (or nobody else has o any more). */
void object_mark(struct object *o, struct page *p, u8 bits);
void object_unmark(struct object *o, struct page *p, u8 bits);
/* Of a page that goes: its bytes will not be written.  Locks: as above. */
void object_forget_marks(struct object *o, struct page *p);
/*
 * Before a leaf for p, which o should have at index, gets W: it is dirty, and
 * stays PAGE_MAPPED_DIRTY for as long as there may be such a leaf.
 * Locks: takes o's.  Errors: -EFBIG when o has been cut off.
 */
int object_mark_mapped(struct object *o, u64 index, struct page *p) MUST_CHECK;
/* Waits until no page from index keep on, nor the one before it, is written. */
void object_wait_beyond(struct object *o, u64 keep) MUST_HOLD(&o->lock);

#endif
