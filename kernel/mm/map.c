/*
 * Mapping, unmapping, protecting, and the break.
 *
 * Each call goes: check what was asked; get what it may need (a block of
 * regions of its own, tables at the edges); then change regions and tree in
 * one go that cannot fail.
 */
#include <asm/mman.h>

#include "core/random.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"

/* [start, start + len) rounded out to pages; false if it is not a user's. */
static bool
page_range(u64 start, u64 len, u64 *end)
{
	if (!is_aligned(start, PAGE_SIZE) || len > USER_TOP)
		return false;
	len = align_up(len, PAGE_SIZE);
	if (start > USER_TOP || len > USER_TOP - start)
		return false;
	*end = start + len;
	return true;
}

/* ---- taking away -------------------------------------------------------- */

/*
 * The gap that [start, end) lies in once its regions are gone: tables that
 * nobody's regions need can go as a whole.
 */
static void
widen(struct mm *mm, u64 *start, u64 *end)
{
	struct region_block *b = mm->block;
	struct region *r = region_above(mm, *start);
	struct region *first = b->regions;
	struct region *stop = b->regions + b->nr;

	if (r == NULL)
		r = stop;
	if (r == stop || r->start >= *start)
		*start = r > first ? r[-1].end : 0;
	while (r < stop && r->start < *end)
		r++;
	if (r == stop)
		*end = USER_HALF_END;
	else if (r == first || r[-1].end <= *end)
		*end = r->start;
}

/*
 * Is the table of this span, around at, covered by [start, end) in part, with a
 * page to lose?  The first such page to *out.
 */
static bool
loses_a_part(struct mm *mm, u64 at, u64 span, u64 start, u64 end, uaddr_t *out)
{
	u64 low = align_down(at, span);
	u64 word;

	if (start <= low && end >= low + span)
		return false;
	*out = uaddr(MAX(start, low));
	return tree_next_leaf(
	    mm->root, out, uaddr(MIN(end, low + span)), &word);
}

/*
 * Owns the tables that [start, end) covers in part around at, its first or last
 * address, if it has a page there: what has nothing to lose, and what goes as a
 * whole, is let alone, since owning it takes memory, and who gives memory back
 * may have none.
 */
static int
own_edge(struct mm *mm, u64 at, u64 start, u64 end, struct tree_gather *g)
{
	uaddr_t page;

	if (!loses_a_part(mm, at, pt_span(1), start, end, &page) &&
	    !loses_a_part(mm, at, pt_span(2), start, end, &page))
		return 0;
	return tree_own_existing(mm->root, page, g);
}

static int
own_edges(struct mm *mm, u64 start, u64 end, struct tree_gather *g)
{
	int err = own_edge(mm, start, start, end, g);

	return err < 0 ? err : own_edge(mm, end - 1, start, end, g);
}

int
mm_own_edges_locked(struct mm *mm, u64 start, u64 end)
{
	struct tree_gather g;
	int err;

	mm_gather_init(mm, &g);
	err = own_edges(mm, start, end, &g);
	gather_finish(&g);
	return err;
}

/*
 * The level-1 table around at has no other holder: then what it links to may
 * be taken away in parts.
 */
static bool
is_sole_below(struct mm *mm, u64 at)
{
	struct tree_path path;

	(void)tree_look(mm->root, uaddr(at), &path);
	return path.level < PT_LEVELS - 1 &&
	    page_is_sole(path.node[PT_LEVELS - 2]);
}

/* Tables that are gone through without a look for others who want to run. */
#define TABLES_AT_ONCE 32

/* What has pages goes table by table, then the tables that have nothing. */
static void
zap_tables(struct mm *mm, u64 start, u64 end, struct tree_gather *g)
{
	uaddr_t at = uaddr(start);
	u64 word, low, high;

	while (tree_next_leaf(mm->root, &at, uaddr(end), &word)) {
		low = MAX(start, align_down(at.val, pt_span(1)));
		high = MIN(end, align_down(at.val, pt_span(1)) + pt_span(1));
		tree_zap(mm->root, uaddr(low), uaddr(high), g);
		at = uaddr(high);
		thread_preempt_point();
	}
	tree_zap(mm->root, uaddr(start), uaddr(end), g);
}

/* The same of many; what is shared goes as a whole. */
static void
zap_many(struct mm *mm, u64 start, u64 end, struct tree_gather *g)
{
	u64 low, high, span;
	bool sole;

	for (low = start; low < end; low = high) {
		sole = is_sole_below(mm, low);
		span = sole ? TABLES_AT_ONCE * pt_span(1) : pt_span(2);
		high = MIN(end, align_down(low, span) + span);
		if (sole)
			zap_tables(mm, low, high, g);
		else
			tree_zap(mm->root, uaddr(low), uaddr(high), g);
		thread_preempt_point();
	}
	/* Tables above, of which no piece was the whole. */
	tree_zap(mm->root, uaddr(start), uaddr(end), g);
}

/*
 * All in [start, end), whose edges are owned; of these len_bytes may have
 * pages.  If they are many, others may run in between.
 */
static void
zap(struct mm *mm, u64 start, u64 end, u64 len_bytes, struct tree_gather *g)
{
	if (len_bytes > pt_span(1))
		zap_many(mm, start, end, g);
	else
		tree_zap(mm->root, uaddr(start), uaddr(end), g);
}

int
mm_zap_locked(struct mm *mm, u64 start, u64 end)
{
	struct tree_gather g;
	int err;

	mm_gather_init(mm, &g);
	err = own_edges(mm, start, end, &g);
	/* commit */
	if (err == 0)
		zap(mm, start, end, end - start, &g);
	gather_finish(&g);
	return err;
}

/* What is taken away is empty, so that it needs nothing. */
static void
zap_gap(struct mm *mm, u64 start, u64 end)
{
	struct tree_gather g;

	mm_gather_init(mm, &g);
	widen(mm, &start, &end);
	zap(mm, start, end, end - start, &g);
	gather_finish(&g);
}

void
mm_zap_gaps_locked(struct mm *mm, u64 start, u64 end)
{
	struct region *r;
	u64 at = start;

	while (at < end) {
		r = region_above(mm, at);
		if (r == NULL || r->start > at)
			zap_gap(mm, at, r == NULL ? end : MIN(r->start, end));
		at = r == NULL ? end : r->end;
	}
}

/* How many regions more a border at addr makes. */
static u32
nr_splits(struct mm *mm, u64 addr)
{
	struct region *r = region_at(mm, addr);

	return r != NULL && r->start < addr;
}

int
mm_unmap_locked(struct mm *mm, u64 start, u64 end)
{
	struct tree_gather g;
	u64 wide_start = start, wide_end = end;
	struct region *r = region_above(mm, start);
	int err;

	if (r == NULL || r->start >= end)
		return 0;
	err = region_own(mm, nr_splits(mm, start) + nr_splits(mm, end));
	if (err < 0)
		return err;
	mm_gather_init(mm, &g);
	region_split(mm, start);
	region_split(mm, end);
	widen(mm, &wide_start, &wide_end);
	err = own_edges(mm, wide_start, wide_end, &g);
	if (err < 0) {
		gather_finish(&g);
		region_merge(mm, start, end);
		return err;
	}
	/* commit */
	zap(mm, wide_start, wide_end, end - start, &g);
	gather_finish(&g);
	/* O2: an object that nobody maps is settled at once. */
	region_remove(mm, start, end);
	return 0;
}

int
mm_unmap(struct mm *mm, uaddr_t start, u64 len_bytes)
{
	u64 end;
	int err;

	if (!page_range(start.val, len_bytes, &end) || end == start.val)
		return -EINVAL;
	mm_lock(mm);
	err = mm_unmap_locked(mm, start.val, end);
	mm_unlock(mm);
	return err;
}

/* ---- mapping ------------------------------------------------------------ */

u64
mm_choose_place_locked(struct mm *mm, u64 hint, u64 len)
{
	struct region *r;

	hint = align_down(hint, PAGE_SIZE);
	if (hint >= PAGE_SIZE && hint < USER_TOP && len <= USER_TOP - hint) {
		r = region_above(mm, hint);
		if (r == NULL || region_start_gap(r) >= hint + len)
			return hint;
	}
	return region_find_gap(mm, len);
}

static int
place(struct mm *mm, const struct mm_map_args *a, u64 len, u64 *start)
{
	struct region *r;

	if (!a->fixed) {
		*start = mm_choose_place_locked(mm, a->addr.val, len);
		return *start != 0 ? 0 : -ENOMEM;
	}
	*start = a->addr.val;
	if (*start < PAGE_SIZE)
		return -EPERM;
	if (*start > USER_TOP || len > USER_TOP - *start)
		return -ENOMEM;
	r = region_above(mm, *start);
	if (a->no_replace && r != NULL && r->start < *start + len)
		return -EEXIST;
	return 0;
}

/* What a fixed mapping takes the place of is not counted twice. */
static int
check_limits(struct mm *mm, const struct mm_map_args *a, u64 start, u64 len)
{
	u64 pages = len >> PAGE_SHIFT;

	pages -= region_pages_within(mm, start, start + len);
	if (!mm_room_for(mm, pages) ||
	    !mm_room_for_data(mm, a->prot, a->flags, pages))
		return -ENOMEM;
	return 0;
}

int
mm_map_locked(struct mm *mm, const struct mm_map_args *a, u64 *out)
{
	u64 len = align_up(a->len_bytes, PAGE_SIZE);
	struct region fresh;
	u64 start;
	int err;

	if (a->len_bytes == 0 ||
	    (a->fixed && !is_aligned(a->addr.val, PAGE_SIZE)))
		return -EINVAL;
	if (a->len_bytes > USER_TOP)
		return -ENOMEM;
	err = place(mm, a, len, &start);
	if (err == 0)
		err = check_limits(mm, a, start, len);
	if (err == 0)
		err = region_own(mm, 3);
	if (err == 0)
		err = mm_unmap_locked(mm, start, start + len);
	if (err < 0)
		return err;
	/* commit */
	fresh = (struct region){.start = start,
	    .end = start + len,
	    .prot = a->prot,
	    .flags = a->flags,
	    .object = a->object,
	    .offset = a->offset};
	region_insert(mm, &fresh);
	region_merge(mm, start, start + len);
	*out = start;
	return 0;
}

int
mm_map(struct mm *mm, const struct mm_map_args *args, uaddr_t *out)
{
	u64 start, end;
	int err;

	mm_lock(mm);
	err = mm_map_locked(mm, args, &start);
	if (err == 0) {
		*out = uaddr(start);
		end = start + align_up(args->len_bytes, PAGE_SIZE);
		/* As far as memory goes; what is missing comes by fault. */
		if (args->populate && args->prot != 0)
			(void)!mm_populate_locked(mm, start, end,
			    mm_access_to_bring(args->prot, args->flags));
	}
	mm_unlock(mm);
	return err;
}

/* ---- protecting --------------------------------------------------------- */

/*
 * A leaf's word under another protection.  W is only ever kept, never given:
 * a page that may be written from now on is looked at by its first write.
 */
static u64
reprotect(u64 word, u32 prot)
{
	u64 rwx = mm_leaf_rights(prot);

	if (!(word & PTE_W))
		rwx &= ~PTE_W;
	return pt_leaf(pt_pfn(word), rwx);
}

static void
protect_leaves(struct mm *mm, u64 start, u64 end, u32 prot)
{
	struct tree_path path;
	uaddr_t at = uaddr(start);
	u64 word;

	while (tree_next_leaf(mm->root, &at, uaddr(end), &word)) {
		tree_walk(mm->root, at, &path);
		check(path.owned && path.level == 0);
		if (reprotect(word, prot) != word)
			tree_set_leaf(&path, reprotect(word, prot));
		at.val += PAGE_SIZE;
		thread_preempt_point();
	}
}

/* Owns every table that has leaves in the range: nothing anybody can see. */
static int
own_range(struct mm *mm, u64 start, u64 end)
{
	struct tree_gather g;
	uaddr_t at = uaddr(start);
	u64 word;
	int err = 0;

	mm_gather_init(mm, &g);
	while (err == 0 && tree_next_leaf(mm->root, &at, uaddr(end), &word)) {
		err = tree_own_existing(mm->root, at, &g);
		at.val = align_down(at.val, pt_span(1)) + pt_span(1);
		if (thread_must_end())
			err = -EINTR;
		thread_preempt_point();
	}
	gather_finish(&g);
	return err;
}

/* Pages that would be private writable memory with prot, and are not yet. */
static u64
new_data(const struct region *r, u64 at, u64 end, u32 prot)
{
	if (!(prot & MM_WRITE) || (r->prot & MM_WRITE) ||
	    (r->flags & (MM_SHARED | MM_STACK)))
		return 0;
	return (MIN(r->end, end) - at) >> PAGE_SHIFT;
}

static bool
is_forbidden(const struct region *r, u32 prot)
{
	return ((prot & MM_WRITE) && (r->flags & MM_NEVER_WRITE)) ||
	    ((prot & MM_EXEC) && (r->flags & MM_NEVER_EXEC));
}

/*
 * How far from start every page is mapped and may have this protection; what
 * stands in the way there goes to *err.
 */
static u64
protectable_end(struct mm *mm, u64 start, u64 end, u32 prot, int *err)
{
	u64 data = (prot & MM_WRITE) ? mm_data_pages(mm) : 0;
	const struct region *stop = mm->block->regions + mm->block->nr;
	const struct region *r = region_above(mm, start);
	u64 at = start, more = 0;

	for (; at < end; at = r++->end) {
		bool hole = r == NULL || r == stop || r->start > at;

		*err = hole ? -ENOMEM : -EACCES;
		if (hole || is_forbidden(r, prot))
			return at;
		more += new_data(r, at, end, prot);
		*err = -ENOMEM;
		if (more > 0 && !mm_is_within_data(mm, data + more))
			return at;
	}
	*err = 0;
	return end;
}

static int
protect_range(struct mm *mm, u64 start, u64 end, u32 prot)
{
	struct region *r;
	int err = region_own(mm, 2);

	if (err == 0)
		err = own_range(mm, start, end);
	if (err < 0)
		return err;
	/* commit */
	region_split(mm, start);
	region_split(mm, end);
	for (r = region_above(mm, start);
	     r < mm->block->regions + mm->block->nr && r->start < end; r++)
		r->prot = prot;
	region_merge(mm, start, end);
	/* What was filled when it could not be run may be run from now on. */
	if (prot & MM_EXEC)
		tlb_flush_code(&mm->space);
	protect_leaves(mm, start, end, prot);
	tlb_flush(&mm->space);
	return 0;
}

/* As on Linux, what lies before the obstacle is changed nevertheless. */
static int
protect_locked(struct mm *mm, u64 start, u64 end, u32 prot)
{
	int obstacle;
	int err = 0;

	end = protectable_end(mm, start, end, prot, &obstacle);
	if (end > start)
		err = protect_range(mm, start, end, prot);
	return err < 0 ? err : obstacle;
}

#define PROT_RIGHTS ((u32)(MM_READ | MM_WRITE | MM_EXEC))
#define PROT_GROWS  ((u32)(PROT_GROWSDOWN | PROT_GROWSUP))

static bool
is_protection(u32 prot)
{
	/* What PROT_SEM asks for all memory has. */
	return !(prot & ~(PROT_RIGHTS | PROT_GROWS | PROT_SEM)) &&
	    (prot & PROT_GROWS) != PROT_GROWS;
}

/*
 * With PROT_GROWSDOWN it goes down to where the region begins that *start is
 * in or below, which must be one that grows down.  None grows up.
 */
static int
find_start(struct mm *mm, u64 end, u32 prot, u64 *start)
{
	u64 limit = (prot & PROT_GROWSDOWN) ? end : *start + PAGE_SIZE;
	struct region *r;

	if (!(prot & PROT_GROWS))
		return 0;
	r = region_above(mm, *start);
	if (r == NULL || r->start >= limit)
		return -ENOMEM;
	if ((prot & PROT_GROWSUP) || !(r->flags & MM_STACK))
		return -EINVAL;
	*start = r->start;
	return 0;
}

int
mm_protect(struct mm *mm, uaddr_t start, u64 len_bytes, u32 prot)
{
	u64 end;
	int err;

	if (!is_aligned(start.val, PAGE_SIZE) || !is_protection(prot))
		return -EINVAL;
	if (len_bytes == 0)
		return 0;
	end = start.val + align_up(len_bytes, PAGE_SIZE);
	if (end <= start.val)
		return -ENOMEM;
	/* Beyond is no region: there the obstacle is, after what lies before.
	 */
	mm_lock(mm);
	err = find_start(mm, end, prot, &start.val);
	if (err == 0)
		err = protect_locked(mm, start.val, end, prot & PROT_RIGHTS);
	mm_unlock(mm);
	return err;
}

/* ---- the break ---------------------------------------------------------- */

static int
move_break(struct mm *mm, u64 want)
{
	u64 old_end = align_up(mm->c.brk, PAGE_SIZE);
	u64 new_end = align_up(want, PAGE_SIZE);
	struct mm_map_args args = {
	    .addr = uaddr(old_end),
	    .len_bytes = new_end - old_end,
	    .prot = MM_READ | MM_WRITE,
	    .flags = MM_HEAP,
	    .fixed = true,
	    .no_replace = true,
	};
	u64 at;

	if (want < mm->c.brk_start || want > USER_TOP ||
	    want - mm->c.brk_start > mm->c.limits.data)
		return -ENOMEM;
	if (new_end < old_end)
		return mm_unmap_locked(mm, new_end, old_end);
	if (new_end > old_end)
		return mm_map_locked(mm, &args, &at);
	return 0;
}

static int
move_break_once(struct mm *mm, u64 want, uaddr_t *now)
{
	int err;

	mm_lock(mm);
	err = move_break(mm, want);
	if (err == 0)
		mm->c.brk = want;
	*now = uaddr(mm->c.brk);
	mm_unlock(mm);
	return err;
}

/* The answer says nothing of a want of memory, so it is seen to here. */
uaddr_t
mm_brk(struct mm *mm, uaddr_t want)
{
	u32 tries = 0;
	uaddr_t now;
	int err;

	do {
		err = move_break_once(mm, want.val, &now);
	} while (err == -ENOMEM && mm_find_room(&tries));
	return now;
}

void
mm_set_brk_start(struct mm *mm, uaddr_t start)
{
	mm_lock(mm);
	mm->c.brk_start = start.val;
	mm->c.brk = start.val;
	mm_unlock(mm);
}
