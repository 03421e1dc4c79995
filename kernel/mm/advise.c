/*
 * madvise, msync, mincore: what a program says about ranges, and asks.
 */
#include <linux/mman.h>

#include "core/thread.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"
#include "mm/usercopy.h"

/* Applies fn to each piece of a region in [start, end). */
typedef int piece_fn(struct mm *mm, struct region *r, u64 start, u64 end);

static int
each_piece(struct mm *mm, u64 start, u64 end, piece_fn *fn)
{
	struct region *r;
	u64 at = start, next;
	int err = 0;

	while (err == 0 && at < end && (r = region_above(mm, at)) != NULL) {
		if (r->start >= end)
			break;
		next = MIN(r->end, end);
		err = fn(mm, r, MAX(r->start, at), next);
		at = next;
	}
	return err;
}

static int
drop_piece(struct mm *mm, struct region *r, u64 start, u64 end)
{
	(void)r;
	return mm_zap_locked(mm, start, end);
}

static int
own_piece(struct mm *mm, struct region *r, u64 start, u64 end)
{
	(void)r;
	return mm_own_edges_locked(mm, start, end);
}

/* What dropping needs is had for all pieces before the first one goes. */
static int
drop(struct mm *mm, u64 start, u64 end, piece_fn *fn)
{
	int err = each_piece(mm, start, end, own_piece);

	return err < 0 ? err : each_piece(mm, start, end, fn);
}

static int
free_piece(struct mm *mm, struct region *r, u64 start, u64 end)
{
	if (r->object != NULL || (r->flags & MM_SHARED))
		return -EINVAL;
	return drop_piece(mm, r, start, end);
}

/* Sets and clears flags of the regions in the range. */
static int
change_flags(struct mm *mm, u64 start, u64 end, u32 set, u32 clear)
{
	struct region *r, *stop;
	int err = region_own(mm, 2);

	if (err < 0)
		return err;
	/* commit */
	region_split(mm, start);
	region_split(mm, end);
	stop = mm->block->regions + mm->block->nr;
	for (r = region_above(mm, start);
	     r != NULL && r < stop && r->start < end; r++)
		r->flags = (r->flags & ~clear) | set;
	region_merge(mm, start, end);
	if (set & (MM_DONTFORK | MM_WIPEONFORK))
		mm->c.fork_flags = true;
	return 0;
}

static int
only_private_anon(struct mm *mm, struct region *r, u64 start, u64 end)
{
	(void)mm, (void)start, (void)end;
	return r->object != NULL || (r->flags & MM_SHARED) ? -EINVAL : 0;
}

static int
wipe_on_fork(struct mm *mm, u64 start, u64 end)
{
	int err = each_piece(mm, start, end, only_private_anon);

	return err < 0 ? err : change_flags(mm, start, end, MM_WIPEONFORK, 0);
}

/* ---- asking for memory now ----------------------------------------------- */

/* The tables that owning all of [start, end) takes. */
static u64
tables_needed(struct mm *mm, u64 start, u64 end)
{
	u64 nr = 0, at, next;
	bool above_counted = false;

	for (at = start; at < end; at = next) {
		u32 needs = tree_own_needs(mm->root, uaddr(at));

		next = align_down(at, pt_span(1)) + pt_span(1);
		if (needs > 0)
			nr += above_counted ? 1 : needs;
		/* The level above is made or copied once for all below it. */
		above_counted = needs > 1 && !is_aligned(next, pt_span(2));
	}
	return nr;
}

/* Private pages that a write would not find there for it alone. */
static u64
pages_needed(struct mm *mm, u64 start, u64 end)
{
	u64 nr = (end - start) >> PAGE_SHIFT;
	uaddr_t at = uaddr(start);
	u64 word;

	while (tree_next_leaf(mm->root, &at, uaddr(end), &word)) {
		if (page_is_sole(pfn_page(pt_pfn(word))) &&
		    tree_own_needs(mm->root, at) == 0)
			nr--;
		at.val += PAGE_SIZE;
	}
	return nr;
}

/* What the pieces of a range need, summed up. */
static u64
stock_of_pages(struct mm *mm, u64 start, u64 end)
{
	struct region *r;
	u64 at = start, next, nr = 0;

	for (; at < end; at = next) {
		r = region_at(mm, at);
		next = MIN(r->end, end);
		if (!(r->flags & MM_SHARED))
			nr += pages_needed(mm, at, next);
	}
	return nr;
}

/* Anonymous pages that nobody gets by asking for them at once. */
static u64 reserve; /* a */

void
mm_set_reserve(u64 nr_pages)
{
	atomic_store(&reserve, nr_pages);
}

u64
mm_reserve(void)
{
	return atomic_load(&reserve);
}

/*
 * By the pages that programs have, and not by those that are free: what the
 * kernel keeps in memory changes, and would be felt by who counts.
 */
static bool
leaves_reserve(u64 nr)
{
	u64 kept = mm_reserve();
	struct frame_stats f;

	/* What is there already is asked of nobody. */
	if (kept == 0 || nr == 0)
		return true;
	frame_stats(&f);
	return f.kinds[PAGE_ANON] + nr + kept + f.kinds[PAGE_RESERVED] <=
	    f.total;
}

static int
fill_stock(struct mm *mm, u64 start, u64 end, struct mm_stock *s)
{
	u64 nr = stock_of_pages(mm, start, end);

	return leaves_reserve(nr)
	    ? stock_fill(s, nr, tables_needed(mm, start, end))
	    : -ENOMEM;
}

/* How far from start, where regions are, all of them may be read. */
static u64
readable_to(struct mm *mm, u64 start, u64 end)
{
	const struct region *r;
	u64 at = start;

	while (at < end && ((r = region_at(mm, at))->prot & MM_READ))
		at = r->end;
	return MIN(at, end);
}

/*
 * Asking for memory now gets it or fails: what private pages and tables take
 * is had before the first of them is put in its place.  (What is shared belongs
 * to its object, where it stays.)
 */
static int
bring(struct mm *mm, u64 start, u64 end, enum fault_access access)
{
	struct mm_stock stock = {.nr_pages = 0};
	int err = 0;

	if (access == FAULT_WRITE)
		err = fill_stock(mm, start, end, &stock);
	if (err < 0)
		return err;
	err = mm_populate_from_locked(mm, start, end, access, &stock);
	stock_drop(&stock);
	/* Where an access would be a SIGBUS. */
	return err == -ERANGE || err == -EIO ? -EFAULT : err;
}

/* A hole, and what may not be read, is found when all before it is there. */
static int
populate(struct mm *mm, u64 start, u64 end, bool write)
{
	u64 covered = region_covered_to(mm, start, end);
	u64 may = write ? covered : readable_to(mm, start, covered);
	int err = bring(mm, start, may, write ? FAULT_WRITE : FAULT_READ);

	if (err == -EACCES || (err == 0 && may < covered))
		return -EINVAL;
	return err;
}

static int
bring_piece(struct mm *mm, struct region *r, u64 start, u64 end)
{
	int err = bring(mm, start, end, mm_access_to_bring(r->prot, r->flags));

	if (err == -ENOMEM)
		return -EAGAIN;
	return err == -EACCES || err == -EFAULT ? -ENOMEM : err;
}

int
mm_bring(struct mm *mm, uaddr_t start, u64 len_bytes)
{
	u64 end = start.val + align_up(len_bytes, PAGE_SIZE);
	int err = -ENOMEM;

	if (end < start.val)
		return -EINVAL;
	if (end == start.val)
		return 0;
	mm_lock(mm);
	if (region_covers(mm, start.val, end))
		err = each_piece(mm, start.val, end, bring_piece);
	mm_unlock(mm);
	return err;
}

static int
advise_locked(struct mm *mm, u64 start, u64 end, int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return 0;
	case MADV_DONTNEED:
		return drop(mm, start, end, drop_piece);
	case MADV_FREE:
		return drop(mm, start, end, free_piece);
	case MADV_DONTFORK:
		return change_flags(mm, start, end, MM_DONTFORK, 0);
	case MADV_DOFORK:
		return change_flags(mm, start, end, 0, MM_DONTFORK);
	case MADV_WIPEONFORK:
		return wipe_on_fork(mm, start, end);
	case MADV_KEEPONFORK:
		return change_flags(mm, start, end, 0, MM_WIPEONFORK);
	case MADV_POPULATE_READ:
		return populate(mm, start, end, false);
	case MADV_POPULATE_WRITE:
		return populate(mm, start, end, true);
	}
	return -EINVAL;
}

static bool
known(int advice)
{
	return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) ||
	    (advice >= MADV_FREE && advice <= MADV_DOFORK &&
		advice != MADV_REMOVE) ||
	    (advice >= MADV_MERGEABLE && advice <= MADV_POPULATE_WRITE);
}

int
mm_advise(struct mm *mm, uaddr_t start, u64 len_bytes, int advice)
{
	u64 len = align_up(len_bytes, PAGE_SIZE);
	u64 end = start.val + len;
	u64 top = MIN(end, USER_TOP);
	int err;

	if (!known(advice) || !is_aligned(start.val, PAGE_SIZE) ||
	    len < len_bytes || end < start.val)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (start.val >= USER_TOP)
		return -ENOMEM;
	mm_lock(mm);
	err = advise_locked(mm, start.val, top, advice);
	/* Holes are passed over, but not in silence. */
	if (err == 0 && (end > top || !region_covers(mm, start.val, top)))
		err = -ENOMEM;
	mm_unlock(mm);
	return err;
}

/* Syncs begun, so that of two it can be said which was first. */
static u64 nr_syncs;

/* Begun by others after this one, it does not have to be done once more. */
static bool
wants_sync(const struct region *r, u64 since)
{
	return (r->flags & MM_SHARED) && r->object->ops->sync != NULL &&
	    atomic_load(&r->object->synced) <= since;
}

/*
 * The object of the first shared mapping from *at on, below end, with a
 * reference, if it can be written back and has not been since; *at moves
 * behind it.
 */
static struct object *
next_to_sync(struct mm *mm, u64 *at, u64 end, u64 since)
{
	struct object *found = NULL;
	struct region *r;

	mm_lock(mm);
	while (found == NULL && *at < end) {
		r = region_above(mm, *at);
		if (r == NULL || r->start >= end) {
			*at = end;
			break;
		}
		*at = r->end;
		if (wants_sync(r, since)) {
			found = r->object;
			object_get(found);
		}
	}
	mm_unlock(mm);
	return found;
}

/* All of a file, whatever part of it is mapped, as fsync would. */
static int
sync_object(struct object *o)
{
	u64 number = atomic_add(&nr_syncs, 1);
	int err = o->ops->sync(o);

	if (err == 0)
		atomic_store(&o->synced, number);
	return err;
}

/* Each file once, as often as it may be mapped. */
static int
sync_range(struct mm *mm, u64 start, u64 end)
{
	u64 at = start, since = atomic_add(&nr_syncs, 1);
	struct object *o;
	int err = 0;

	while (err == 0 && (o = next_to_sync(mm, &at, end, since)) != NULL) {
		err = thread_must_end() ? -EINTR : sync_object(o);
		object_put(o);
	}
	return err;
}

static void
write_back_mm(struct mm *mm, u64 since)
{
	struct object *o;
	u64 at = 0;

	while ((o = next_to_sync(mm, &at, USER_TOP, since)) != NULL) {
		/* One that fails stays as it is. */
		if (atomic_load(&o->nr_dirty) > 0 && !thread_must_end())
			(void)!sync_object(o);
		object_put(o);
	}
}

void
mm_write_back(void)
{
	u64 since = atomic_add(&nr_syncs, 1);
	struct mm *mm = NULL;

	while ((mm = mm_next(mm)) != NULL)
		write_back_mm(mm, since);
}

int
mm_sync(struct mm *mm, uaddr_t start, u64 len_bytes, int flags)
{
	u64 len = align_up(len_bytes, PAGE_SIZE);
	u64 end = start.val + len;
	int err;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
	    !is_aligned(start.val, PAGE_SIZE) ||
	    ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (end < start.val)
		return -ENOMEM;
	err = (flags & MS_SYNC) ? sync_range(mm, start.val, end) : 0;
	if (err < 0)
		return err;
	/* Holes are passed over, but not in silence. */
	mm_lock(mm);
	err = region_covers(mm, start.val, end) ? 0 : -ENOMEM;
	mm_unlock(mm);
	return err;
}

/* How many pages one look takes: vec is written outside the lock. */
#define MINCORE_CHUNK 256

static void
look(struct mm *mm, u64 start, u32 n, u8 *present)
{
	u64 end = start + n * PAGE_SIZE;
	uaddr_t at = uaddr(start);
	u64 word;
	u32 i;

	for (i = 0; i < n; i++)
		present[i] = 0;
	while (tree_next_leaf(mm->root, &at, uaddr(end), &word)) {
		present[(at.val - start) >> PAGE_SHIFT] = 1;
		at.val += PAGE_SIZE;
	}
}

/* At pages of one region, up to n of them; how many, or -ENOMEM for a hole. */
static int
look_at_region(struct mm *mm, u64 start, u64 n, u8 *present)
{
	struct region *r;

	n = MIN(n, (u64)MINCORE_CHUNK);
	mm_lock(mm);
	r = region_at(mm, start);
	if (r != NULL) {
		n = MIN(n, (r->end - start) >> PAGE_SHIFT);
		look(mm, start, n, present);
	}
	mm_unlock(mm);
	return r != NULL ? (int)n : -ENOMEM;
}

int
mm_mincore(struct mm *mm, uaddr_t start, u64 len_bytes, uaddr_t vec)
{
	u8 present[MINCORE_CHUNK];
	u64 at = start.val;
	u64 pages = align_up(len_bytes, PAGE_SIZE) >> PAGE_SHIFT;
	int n, err = 0;

	if (!is_aligned(at, PAGE_SIZE))
		return -EINVAL;
	if (len_bytes > USER_TOP || at > USER_TOP - len_bytes)
		return -ENOMEM;
	if (vec.val > USER_TOP - pages)
		return -EFAULT;
	for (; pages > 0 && err == 0; pages -= n) {
		n = look_at_region(mm, at, pages, present);
		err = n < 0 ? n : user_write(vec, present, n);
		if (err < 0)
			break;
		at += n * PAGE_SIZE;
		vec.val += n;
	}
	return err;
}
