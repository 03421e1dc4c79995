/*
 * mremap: growing in place, shrinking, and moving a mapping with its pages.
 */
#include <linux/mman.h>

#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"

#define ALL_FLAGS (MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)

struct remap {
	struct mm *mm;
	u64 old;
	u64 old_len;
	u64 new_len;
	u32 flags;
	u64 target; /* with MREMAP_FIXED; with MREMAP_DONTUNMAP, a wish */
};

/*
 * Owns the tables of both places, making those that are missing, so that the
 * move itself cannot fail.
 */
static int
prepare_page(struct mm *mm, u64 from, u64 to, struct tree_gather *g)
{
	struct tree_path path;
	struct tree_spare spare;
	int err = tree_own_existing(mm->root, uaddr(from), g);

	if (err < 0)
		return err;
	err = tree_spare_fill(&spare, tree_own_needs(mm->root, uaddr(to)));
	if (err < 0)
		return err;
	tree_own(mm->root, uaddr(to), &spare, g, &path);
	tree_spare_drop(&spare);
	return 0;
}

static int
prepare_move(struct mm *mm, u64 from, u64 to, u64 len, struct tree_gather *g)
{
	uaddr_t at = uaddr(from);
	u64 word;
	int err = 0;

	while (err == 0 &&
	    tree_next_leaf(mm->root, &at, uaddr(from + len), &word)) {
		err = prepare_page(mm, at.val, at.val - from + to, g);
		at.val += PAGE_SIZE;
		if (thread_must_end())
			err = -EINTR;
		thread_preempt_point();
	}
	return err;
}

/* Each leaf changes its place; its page's count stays what it is. */
static void
move_leaves(struct mm *mm, u64 from, u64 to, u64 len)
{
	struct tree_path old, new;
	uaddr_t at = uaddr(from);
	u64 word;

	while (tree_next_leaf(mm->root, &at, uaddr(from + len), &word)) {
		tree_walk(mm->root, at, &old);
		tree_walk(mm->root, uaddr(at.val - from + to), &new);
		check(old.owned && new.owned &&new.level == 0);
		check(pt_is_empty(pt_load(new.entry[0])));
		pt_store(old.entry[0], 0);
		tree_set_leaf(&new, word);
		at.val += PAGE_SIZE;
		thread_preempt_point();
	}
	tlb_flush(&mm->space);
}

static bool
is_taken(struct mm *mm, u64 start, u64 end)
{
	struct region *r = region_above(mm, start);

	return r != NULL && r->start < end;
}

/* All tables of the new place, if there is anything to take out of them. */
static int
own_target(struct mm *mm, u64 start, u64 end, struct tree_gather *g)
{
	u64 at;
	int err = 0;

	if (!is_taken(mm, start, end))
		return 0;
	for (at = start; err == 0 && at < end;
	     at = align_down(at, pt_span(1)) + pt_span(1)) {
		err = tree_own_existing(mm->root, uaddr(at), g);
		if (thread_must_end())
			err = -EINTR;
		thread_preempt_point();
	}
	return err;
}

/*
 * Empties the new place in pieces that cover no table, so that those which
 * prepare_move has made stay.
 */
static void
clear_target(struct mm *mm, u64 start, u64 end)
{
	struct tree_gather g;
	u64 at, next;

	if (!is_taken(mm, start, end))
		return;
	region_split(mm, start);
	region_split(mm, end);
	mm_gather_init(mm, &g);
	for (at = start; at < end; at = next) {
		next = align_down(at, pt_span(1)) + PAGE_SIZE;
		if (next <= at)
			next += pt_span(1);
		next = MIN(next, end);
		tree_zap(mm->root, uaddr(at), uaddr(next), &g);
		thread_preempt_point();
	}
	gather_finish(&g);
	/* O2 */
	region_remove(mm, start, end);
}

/* Everything that a move may fail for; nothing that anybody can see. */
static int
prepare(struct remap *m, u64 to, u64 moved)
{
	struct mm *mm = m->mm;
	struct tree_gather g;
	/* Two borders at the new place, its region, and two at the old one. */
	int err = region_own(mm, 6);

	if (err < 0)
		return err;
	mm_gather_init(mm, &g);
	err = own_target(mm, to, to + m->new_len, &g);
	if (err == 0)
		err = prepare_move(mm, m->old, to, moved, &g);
	gather_finish(&g);
	if (err == 0 && moved < m->old_len)
		err = mm_own_edges_locked(
		    mm, m->old + moved, m->old + m->old_len);
	return err;
}

/*
 * The old place's region goes, of its pages those that did not move, and the
 * tables that nobody needs any more.  Its edges are ours since prepare, and
 * there is room for its borders, so that nothing can be lacking.
 */
static void
leave_old(struct remap *m)
{
	int err = mm_unmap_locked(m->mm, m->old, m->old + m->old_len);

	check(err == 0);
}

/* What moves is counted already, and what it takes the place of goes. */
static bool
is_within_limits(const struct remap *m, u64 to)
{
	const struct region *r = region_at(m->mm, m->old);
	u64 moved = MIN(m->old_len, m->new_len);
	u64 more = (m->flags & MREMAP_DONTUNMAP) ? moved : m->new_len - moved;
	u64 less = region_pages_within(m->mm, to, to + m->new_len);

	more >>= PAGE_SHIFT;
	more -= MIN(more, less);
	return mm_room_for(m->mm, more) &&
	    mm_room_for_data(m->mm, r->prot, r->flags, more);
}

/* What leaves its region behind may have a wish; others have none. */
static u64
find_place(const struct remap *m)
{
	u64 wish = (m->flags & MREMAP_DONTUNMAP) ? m->target : 0;

	return mm_choose_place_locked(m->mm, wish, m->new_len);
}

/*
 * The pages move to a place of new_len, of which MREMAP_FIXED takes what was
 * there; MREMAP_DONTUNMAP leaves the old region, empty.
 */
static int
move(struct remap *m, u64 *out)
{
	struct mm *mm = m->mm;
	u64 moved = MIN(m->old_len, m->new_len);
	struct region r;
	u64 to = m->target;
	int err;

	if (!(m->flags & MREMAP_FIXED))
		to = find_place(m);
	if (to == 0 || !is_within_limits(m, to))
		return -ENOMEM;
	err = prepare(m, to, moved);
	if (err < 0) {
		/* Who lacks memory gives back what it got. */
		mm_zap_gaps_locked(mm, to, to + m->new_len);
		return err;
	}
	/* commit */
	clear_target(mm, to, to + m->new_len);
	r = *region_at(mm, m->old);
	if (r.object != NULL)
		r.offset += m->old - r.start;
	r.start = to;
	r.end = to + m->new_len;
	region_insert(mm, &r);
	region_merge(mm, to, r.end);
	if (r.flags & MM_VDSO)
		atomic_store(&mm->c.vdso, to);
	move_leaves(mm, m->old, to, moved);
	*out = to;
	if (!(m->flags & MREMAP_DONTUNMAP))
		leave_old(m);
	return 0;
}

/* No longer than there are addresses, nor to where no file has bytes. */
static int
check_new_len(const struct remap *m, const struct region *r)
{
	if (m->new_len > USER_TOP)
		return -ENOMEM;
	if (r->object != NULL &&
	    r->offset + (m->old - r->start) + m->new_len > (u64)INT64_MAX)
		return -EINVAL;
	return 0;
}

/*
 * Duplicates a shared mapping: what old_len 0 has always meant.  What lies at
 * the target goes first, since it may be the very mapping, and the last holder
 * of its object.
 */
static int
duplicate(struct remap *m, u64 *out)
{
	struct mm_map_args args = {
	    .addr = uaddr(m->target),
	    .len_bytes = m->new_len,
	    .fixed = (m->flags & MREMAP_FIXED) != 0,
	};
	struct region *r;
	int err = 0;

	if (args.fixed)
		err = mm_unmap_locked(m->mm, m->target, m->target + m->new_len);
	if (err < 0)
		return err;
	r = region_at(m->mm, m->old);
	if (r == NULL)
		return -EFAULT;
	if (!(r->flags & MM_SHARED))
		return -EINVAL;
	err = check_new_len(m, r);
	if (err < 0)
		return err;
	if (!(m->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	args.prot = r->prot;
	args.flags = r->flags;
	args.object = r->object;
	args.offset = r->offset + (m->old - r->start);
	return mm_map_locked(m->mm, &args, out);
}

/* Room behind the region to grow into where it is? */
static bool
can_grow(struct remap *m, const struct region *r)
{
	struct region *next = region_above(m->mm, r->end);
	u64 end = m->old + m->new_len;

	return r->end == m->old + m->old_len && end <= USER_TOP &&
	    (next == NULL || next->start >= end);
}

static int
grow(struct remap *m, const struct region *r, u64 *out)
{
	u64 extra = m->new_len - m->old_len;
	struct mm_map_args args = {
	    .addr = uaddr(r->end),
	    .len_bytes = extra,
	    .prot = r->prot,
	    .flags = r->flags,
	    .object = r->object,
	    .offset = r->offset + (r->end - r->start),
	    .fixed = true,
	};
	u64 at;

	if (!can_grow(m, r))
		return (m->flags & MREMAP_MAYMOVE) ? move(m, out) : -ENOMEM;
	*out = m->old;
	return mm_map_locked(m->mm, &args, &at);
}

/* It does not move and does not grow: as on Linux, whatever lies there. */
static bool
stays(const struct remap *m)
{
	return !(m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
	    m->new_len <= m->old_len;
}

static int
check_region(const struct remap *m, const struct region *r)
{
	bool is_vdso = (r->flags & MM_VDSO) != 0;

	/* The signal page is in one place, and as long as it is. */
	if (is_vdso && (m->flags & MREMAP_DONTUNMAP))
		return -EINVAL;
	/* What is cut off may be of other regions too, or of none. */
	if (r->end - m->old < MIN(m->old_len, m->new_len) && !stays(m))
		return -EFAULT;
	if (is_vdso && m->new_len > m->old_len)
		return -EFAULT;
	return check_new_len(m, r);
}

static bool
overlaps(u64 a, u64 a_len, u64 b, u64 b_len)
{
	return a < b + b_len && b < a + a_len;
}

/*
 * Judged once it is known that there is something to be moved.  A mere wish is
 * judged like a demand.
 */
static int
check_target(const struct remap *m)
{
	if (!(m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		return 0;
	if (!is_aligned(m->target, PAGE_SIZE) || m->target > USER_TOP ||
	    m->new_len > USER_TOP - m->target)
		return -EINVAL;
	if ((m->flags & MREMAP_FIXED) && m->target < PAGE_SIZE)
		return -EINVAL;
	return overlaps(m->old, m->old_len, m->target, m->new_len) ? -EINVAL
								   : 0;
}

static int
remap_locked(struct remap *m, u64 *out)
{
	struct region *r = region_at(m->mm, m->old);
	int err;

	if (r == NULL)
		return -EFAULT;
	err = check_target(m);
	if (err < 0)
		return err;
	if (m->old_len == 0)
		return duplicate(m, out);
	*out = m->old;
	if (stays(m) && m->new_len == m->old_len)
		return 0;
	/* What is to be cut off must have addresses. */
	if (m->old_len > USER_TOP - m->old && m->old_len > m->new_len)
		return -EINVAL;
	err = check_region(m, r);
	if (err < 0)
		return err;
	if (m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return move(m, out);
	if (!stays(m))
		return grow(m, r, out);
	return mm_unmap_locked(m->mm, m->old + m->new_len, m->old + m->old_len);
}

static int
check_args(const struct remap *m)
{
	if (m->flags & ~(u32)ALL_FLAGS)
		return -EINVAL;
	if (!is_aligned(m->old, PAGE_SIZE) || m->new_len == 0)
		return -EINVAL;
	if ((m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
	    !(m->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((m->flags & MREMAP_DONTUNMAP) && m->old_len != m->new_len)
		return -EINVAL;
	return 0;
}

int
mm_remap(struct mm *mm, uaddr_t old, u64 old_len, u64 new_len, u32 flags,
    uaddr_t new_addr, uaddr_t *out)
{
	struct remap m = {
	    .mm = mm,
	    .old = old.val,
	    .old_len = align_up(old_len, PAGE_SIZE),
	    .new_len = align_up(new_len, PAGE_SIZE),
	    .flags = flags,
	    .target = new_addr.val,
	};
	int err = check_args(&m);
	u64 at = 0;

	if (err < 0)
		return err;
	mm_lock(mm);
	err = remap_locked(&m, &at);
	mm_unlock(mm);
	*out = uaddr(at);
	return err;
}
