/*
 * The list of regions: a sorted array in one block, which fork shares by
 * count and the first change copies, like a node of the tree.
 */
#include "core/random.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"
#include "mm/slab.h"

#define FIRST_ROOM 10

static size_t
block_size(u32 room)
{
	return sizeof(struct region_block) + room * sizeof(struct region);
}

int
region_block_create(u32 room, struct region_block **out)
{
	struct region_block *b;

	room = MAX(room, (u32)FIRST_ROOM);
	b = kmalloc(block_size(room));
	if (b == NULL)
		return -ENOMEM;
	refcount_init(&b->refs, 1);
	b->nr = 0;
	b->room = room;
	b->seen = 0;
	*out = b;
	return 0;
}

static void
region_get(const struct region *r)
{
	if (r->object == NULL)
		return;
	object_get(r->object);
	atomic_add(&r->object->nr_mapped, 1);
	if (region_may_write_shared(r))
		atomic_add(&r->object->nr_writable, 1);
}

static void
region_put(const struct region *r)
{
	if (r->object == NULL)
		return;
	atomic_sub(&r->object->nr_mapped, 1);
	if (region_may_write_shared(r))
		atomic_sub(&r->object->nr_writable, 1);
	object_put(r->object);
}

void
region_block_put(struct region_block *b)
{
	u32 i;

	if (!refcount_put(&b->refs))
		return;
	for (i = 0; i < b->nr; i++)
		region_put(&b->regions[i]);
	kfree(b);
}

/* Index of the first region that ends above addr; nr when there is none. */
static u32
index_above(const struct region_block *b, u64 addr)
{
	u32 low = 0, high = b->nr;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (b->regions[mid].end > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* The first region that ends above addr is most often the one of last time. */
struct region *
region_above(struct mm *mm, u64 addr)
{
	struct region_block *b = mm->block;
	u32 i = mm->c.last_region;

	if (i >= b->nr || b->regions[i].end <= addr ||
	    b->regions[i].start > addr) {
		i = index_above(b, addr);
		if (i == b->nr)
			return NULL;
		mm->c.last_region = i;
	}
	return &b->regions[i];
}

struct region *
region_at(struct mm *mm, u64 addr)
{
	struct region *r = region_above(mm, addr);

	return r != NULL && r->start <= addr ? r : NULL;
}

static struct region_block *
copy_block(const struct region_block *old, u32 room)
{
	struct region_block *b;
	u32 i;

	if (region_block_create(room, &b) < 0)
		return NULL;
	memcpy(b->regions, old->regions, old->nr * sizeof(struct region));
	b->nr = old->nr;
	for (i = 0; i < b->nr; i++)
		region_get(&b->regions[i]);
	return b;
}

int
region_own(struct mm *mm, u32 extra)
{
	struct region_block *old = mm->block;
	struct region_block *b;
	bool sole = refcount_read(&old->refs) == 1;
	u32 need = old->nr + extra;

	if (need > MM_MAX_REGIONS)
		return -ENOMEM;
	if (sole && need <= old->room)
		return 0;
	b = copy_block(old, need > old->room ? need + need / 2 : old->room);
	if (b == NULL)
		return -ENOMEM;
	mm->block = b;
	region_block_put(old);
	return 0;
}

static void
make_room(struct region_block *b, u32 at)
{
	assert(refcount_read(&b->refs) == 1 && b->nr < b->room);
	memmove(&b->regions[at + 1], &b->regions[at],
	    (b->nr - at) * sizeof(struct region));
	b->nr++;
}

static void
close_gap(struct region_block *b, u32 at, u32 n)
{
	memmove(&b->regions[at], &b->regions[at + n],
	    (b->nr - at - n) * sizeof(struct region));
	b->nr -= n;
}

static void
count_pages(struct mm *mm, s64 pages)
{
	mm->c.mapped_pages += pages;
	mm->c.peak_pages = MAX(mm->c.peak_pages, mm->c.mapped_pages);
}

u64
region_pages(const struct region *r)
{
	return (r->end - r->start) >> PAGE_SHIFT;
}

void
region_insert(struct mm *mm, const struct region *r)
{
	struct region_block *b = mm->block;
	u32 at = index_above(b, r->start);

	check(at == b->nr || b->regions[at].start >= r->end);
	assert(r->object != NULL || !(r->flags & MM_SHARED));
	make_room(b, at);
	b->regions[at] = *r;
	region_get(r);
	count_pages(mm, region_pages(r));
	if (r->flags & (MM_DONTFORK | MM_WIPEONFORK))
		mm->c.fork_flags = true;
}

void
region_split(struct mm *mm, u64 addr)
{
	struct region_block *b = mm->block;
	struct region *r = region_at(mm, addr);
	u32 at;

	if (r == NULL || r->start == addr)
		return;
	at = r - b->regions;
	make_room(b, at);
	b->regions[at].end = addr;
	b->regions[at + 1].start = addr;
	if (r->object != NULL)
		b->regions[at + 1].offset += addr - b->regions[at].start;
	region_get(r);
}

void
region_remove(struct mm *mm, u64 start, u64 end)
{
	struct region_block *b = mm->block;
	u32 first = index_above(b, start);
	u32 last = first;

	assert(refcount_read(&b->refs) == 1);
	while (last < b->nr && b->regions[last].start < end) {
		check(b->regions[last].start >= start &&
		    b->regions[last].end <= end);
		count_pages(mm, -(s64)region_pages(&b->regions[last]));
		region_put(&b->regions[last]);
		last++;
	}
	close_gap(b, first, last - first);
}

void
region_remove_flagged(struct mm *mm, u32 flags)
{
	struct region_block *b = mm->block;
	u32 i, kept = 0;

	assert(refcount_read(&b->refs) == 1);
	for (i = 0; i < b->nr; i++) {
		const struct region *r = &b->regions[i];

		if (!(r->flags & flags)) {
			b->regions[kept++] = *r;
			continue;
		}
		count_pages(mm, -(s64)region_pages(r));
		region_put(r);
	}
	b->nr = kept;
}

bool
region_same_kind(const struct region *a, const struct region *b)
{
	if (a->end != b->start || a->prot != b->prot || a->flags != b->flags ||
	    a->object != b->object)
		return false;
	return a->object == NULL ||
	    a->offset + (a->end - a->start) == b->offset;
}

/* In one go, however many there are: those that stay move up meanwhile. */
void
region_merge(struct mm *mm, u64 start, u64 end)
{
	struct region_block *b = mm->block;
	struct region *r = b->regions;
	u32 kept = index_above(b, start == 0 ? 0 : start - 1);
	u32 next = kept + 1;

	assert(refcount_read(&b->refs) == 1);
	if (kept == b->nr)
		return;
	for (; next < b->nr && r[next].start <= end; next++) {
		if (region_same_kind(&r[kept], &r[next])) {
			r[kept].end = r[next].end;
			region_put(&r[next]);
		} else if (++kept < next) {
			r[kept] = r[next];
		}
	}
	close_gap(b, kept + 1, next - kept - 1);
}

u64
region_covered_to(struct mm *mm, u64 start, u64 end)
{
	struct region *r = region_above(mm, start);
	struct region *stop = mm->block->regions + mm->block->nr;

	for (; r != NULL && r < stop && r->start <= start; r++) {
		if (r->end >= end)
			return end;
		start = r->end;
	}
	return MIN(start, end);
}

bool
region_covers(struct mm *mm, u64 start, u64 end)
{
	return region_covered_to(mm, start, end) == end;
}

u64
region_pages_within(struct mm *mm, u64 start, u64 end)
{
	struct region *r = region_above(mm, start);
	struct region *stop = mm->block->regions + mm->block->nr;
	u64 bytes = 0;

	for (; r != NULL && r < stop && r->start < end; r++)
		bytes += MIN(r->end, end) - MAX(r->start, start);
	return bytes >> PAGE_SHIFT;
}

u64
region_find_gap(struct mm *mm, u64 len)
{
	struct region_block *b = mm->block;
	u64 top = mm->c.map_top;
	u32 i = b->nr;

	while (i > 0 && b->regions[i - 1].start >= top)
		i--;
	for (;;) {
		u64 floor = i > 0 ? b->regions[i - 1].end : PAGE_SIZE;

		if (floor < top && top - floor >= len)
			return top - len;
		if (i == 0)
			return 0;
		top = MIN(top, region_start_gap(&b->regions[--i]));
	}
}

static bool
is_data(u32 prot, u32 flags)
{
	return (prot & MM_WRITE) && !(flags & (MM_SHARED | MM_STACK));
}

static u64
data_limit(const struct mm *mm)
{
	return mm->c.limits.data >> PAGE_SHIFT;
}

u64
mm_data_pages(const struct mm *mm)
{
	const struct region *r = mm->block->regions;
	u64 pages = 0;
	u32 i;

	/* Usually there is no limit, and nothing to be added up. */
	if (data_limit(mm) >= USER_TOP >> PAGE_SHIFT)
		return 0;
	for (i = 0; i < mm->block->nr; i++)
		if (is_data(r[i].prot, r[i].flags))
			pages += region_pages(&r[i]);
	return pages;
}

bool
mm_is_within_data(const struct mm *mm, u64 pages)
{
	return pages <= data_limit(mm);
}

bool
mm_room_for_data(const struct mm *mm, u32 prot, u32 flags, u64 pages)
{
	return !is_data(prot, flags) ||
	    mm_is_within_data(mm, mm_data_pages(mm) + pages);
}

bool
mm_room_for(const struct mm *mm, u64 pages)
{
	u64 limit = mm->c.limits.address_space >> PAGE_SHIFT;

	return pages <= limit && mm->c.mapped_pages <= limit - pages;
}
