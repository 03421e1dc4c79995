/*
 * The page fault: makes one access possible, or says why it is not.
 *
 * What the regions allow is decided first.  Then the frames that the change
 * may need are obtained, and from there on nothing fails:
 *
 *	write, private   own the tables; then the page: new, reused if this
 *	                 space is its only holder, else copied
 *	read, private    own the tables only to fill an empty slot, with the
 *	                 zero page or a page of the object
 *	shared           own the tables; the page is the object's
 *
 * A page of the object is looked up without the lock's holder having changed
 * anything, since that may take a device's time; the lock stays held, because
 * objects rank below address spaces.
 */
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/page.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"
#include "mm/stat.h"

/*
 * One fault.  found: the object's page with a reference, if there is one;
 * frame: a fresh frame for a page, if one may be needed.
 */
struct fault {
	struct mm *mm;
	struct region *region; /* stable: the lock is held throughout */
	u64 page;              /* page-aligned address */
	bool write;
	struct page *found;
	struct page *frame;
	struct object *marked;  /* a page of it may be written to from now on */
	struct mm_stock *stock; /* frames put by for this fault, or NULL */
	struct tree_spare spare;
	struct tree_path path;
	struct tree_gather gather;
};

/*
 * What the region allows and no more, W only where it may be written: a forced
 * write goes past the leaf, and another thread must not come in by it.
 */
static inline u64
rights(const struct fault *f)
{
	return mm_leaf_rights(f->region->prot);
}

static u64
object_index(const struct region *r, u64 page)
{
	return (r->offset + (page - r->start)) >> PAGE_SHIFT;
}

static bool
allowed(const struct region *r, enum fault_access access, bool force)
{
	switch (access) {
	case FAULT_READ:
		return force || (r->prot & (MM_READ | MM_WRITE)) != 0;
	case FAULT_WRITE:
		return (r->prot & MM_WRITE) != 0 ||
		    (force && !(r->flags & MM_SHARED));
	case FAULT_EXEC:
		return (r->prot & MM_EXEC) != 0;
	}
	return false;
}

/*
 * How far down a stack may grow to r, its neighbour: up to it if that is a
 * stack itself, or what nobody may touch, and so serves for the gap.
 */
static u64
end_with_gap(const struct region *r)
{
	return (r->flags & MM_STACK) || r->prot == 0 ? r->end
						     : r->end + STACK_GUARD;
}

/* A stack grows to take in addr, if its limit and its neighbour allow. */
static int
grow_stack(struct mm *mm, struct region *r, u64 addr)
{
	u64 start = align_down(addr, PAGE_SIZE);
	u64 lowest =
	    r > mm->block->regions ? end_with_gap(&r[-1]) : STACK_GUARD;
	u64 pages = (r->start - start) >> PAGE_SHIFT;
	u64 limit = MIN(mm->c.limits.stack, (u64)USER_TOP);
	u32 at = r - mm->block->regions;
	int err;

	if (r->end - start > limit || start < lowest || !mm_room_for(mm, pages))
		return -EFAULT;
	err = region_own(mm, 0);
	if (err < 0)
		return err;
	r = &mm->block->regions[at];
	r->start = start;
	mm->c.mapped_pages += pages;
	mm->c.peak_pages = MAX(mm->c.peak_pages, mm->c.mapped_pages);
	/* It may have reached the rest of itself. */
	region_merge(mm, start, start);
	return 0;
}

static int
find_region(struct mm *mm, u64 addr, struct region **out)
{
	struct region *r = region_above(mm, addr);
	int err;

	if (r == NULL)
		return -EFAULT;
	if (r->start > addr) {
		if (!(r->flags & MM_STACK))
			return -EFAULT;
		err = grow_stack(mm, r, addr);
		if (err < 0)
			return err;
		r = region_at(mm, addr);
	}
	*out = r;
	return 0;
}

/* ---- obtaining ---------------------------------------------------------- */

/* What is mapped here as tree_look found it: 0 if nothing is. */
static u64
present(const struct fault *f)
{
	return f->path.level == 0 ? f->path.word : 0;
}

static bool
wants_object_page(const struct fault *f)
{
	return pt_is_empty(present(f)) && f->region->object != NULL;
}

/* A private page that is written and that somebody else holds, or is new. */
static bool
wants_frame(const struct fault *f)
{
	u64 word = present(f);

	if (!f->write || (f->region->flags & MM_SHARED))
		return false;
	/*
	 * A page of ours alone under tables of ours alone is reused; under
	 * shared tables it gets a second holder when they are copied.
	 */
	return pt_is_empty(word) || f->spare.nr > 0 ||
	    !page_is_sole(pfn_page(pt_pfn(word)));
}

static struct page *
take_first(struct page **list, u64 *nr)
{
	struct page *p = *list;

	*list = p->next_free;
	p->next_free = NULL;
	--*nr;
	return p;
}

static int
obtain_tables(struct fault *f, u32 nr)
{
	struct mm_stock *s = f->stock;

	if (s == NULL || s->nr_tables < nr)
		return tree_spare_fill(&f->spare, nr);
	for (f->spare.nr = 0; f->spare.nr < nr; f->spare.nr++)
		f->spare.pages[f->spare.nr] =
		    take_first(&s->tables, &s->nr_tables);
	return 0;
}

static int
obtain_frame(struct fault *f)
{
	struct mm_stock *s = f->stock;

	if (s == NULL || s->nr_pages == 0) {
		f->frame = frame_alloc(PAGE_ANON);
		return f->frame != NULL ? 0 : -ENOMEM;
	}
	f->frame = take_first(&s->pages, &s->nr_pages);
	return 0;
}

/* A write that the store behind a shared mapping must know of before. */
static bool
wants_place(const struct fault *f)
{
	return f->write && (f->region->flags & MM_SHARED) &&
	    object_is_written_back(f->region->object);
}

/*
 * A place in the store; and the page is marked before the leaf gets W, not the
 * other way round, or it might be taken for clean while it is written to.
 */
static int
obtain_place(struct fault *f)
{
	struct object *o = f->region->object;
	u64 index = object_index(f->region, f->page);
	struct page *p = f->found;
	int err = o->ops->will_write(o, index);

	if (p == NULL)
		p = pfn_page(pt_pfn(present(f)));
	if (err == 0)
		err = object_mark_mapped(o, index, p);
	f->marked = o;
	if (err == -EFBIG)
		return -ERANGE;
	return err == 0 || err == -ENOMEM ? err : -EIO;
}

static int
obtain(struct fault *f)
{
	u32 tables = tree_look(f->mm->root, uaddr(f->page), &f->path);
	int err;

	if (wants_object_page(f)) {
		err = object_page(f->region->object,
		    object_index(f->region, f->page), &f->found);
		if (err < 0)
			return err == -EFBIG ? -ERANGE : err;
	}
	if (tables > 0) {
		err = obtain_tables(f, tables);
		if (err < 0)
			return err;
	}
	if (wants_frame(f))
		return obtain_frame(f);
	return wants_place(f) ? obtain_place(f) : 0;
}

static void
release(struct fault *f)
{
	if (f->spare.nr > 0)
		tree_spare_drop(&f->spare);
	if (f->frame != NULL)
		page_put(f->frame);
	if (f->found != NULL)
		page_put(f->found);
}

/* ---- filling ------------------------------------------------------------ */

/* The bytes of a page go into the frame that takes its place. */
static void
copy_bytes(struct fault *f, struct page *from)
{
	if (from == zero_page)
		page_zero(page_kva(f->frame));
	else
		page_copy(page_kva(f->frame), page_kva(from));
}

/*
 * The leaf takes over the caller's reference to p.  Somebody wrote the code
 * that may be in there, on some hart: none may find the page before it has
 * forgotten what it fetched from the frame earlier.
 */
static void
map_take(struct fault *f, struct page *p, u64 rwx)
{
	if (f->region->prot & MM_EXEC)
		tlb_flush_code(&f->mm->space);
	tree_set_leaf(&f->path, pt_leaf(page_pfn(p), rwx));
}

static void
map_object_page(struct fault *f, u64 rwx)
{
	map_take(f, f->found, rwx);
	f->found = NULL;
	mm_count(MM_STAT_CACHE_MAPS);
}

static void
fill_for_read(struct fault *f)
{
	if (f->found != NULL) {
		map_object_page(f, rights(f) & ~PTE_W);
		return;
	}
	page_get(zero_page);
	map_take(f, zero_page, rights(f) & ~PTE_W);
	mm_count(MM_STAT_ZERO_MAPS);
}

static void
fill_for_write(struct fault *f)
{
	copy_bytes(f, f->found != NULL ? f->found : zero_page);
	map_take(f, f->frame, rights(f));
	f->frame = NULL;
	mm_count(MM_STAT_ZERO_FILLS);
}

/*
 * Pages that are mapped at once where one is read, if they are in memory: a
 * power of two, so that all are in one table.  So many is what Linux maps.
 */
#define AROUND 16

/* Where they begin and end: within the region. */
static u64
around_start(const struct fault *f)
{
	return MAX(align_down(f->page, AROUND * PAGE_SIZE), f->region->start);
}

static u64
around_end(const struct fault *f)
{
	u64 end = align_down(f->page, AROUND * PAGE_SIZE) + AROUND * PAGE_SIZE;

	return MIN(end, f->region->end);
}

/*
 * The neighbours of a page that was read, which is in its place: as a read of
 * each would map them, where nothing is mapped.
 */
static void
map_around(struct fault *f)
{
	struct page *pages[AROUND];
	u64 start = around_start(f), nr = (around_end(f) - start) >> PAGE_SHIFT;
	u64 *first = f->path.entry[0] - ((f->page - start) >> PAGE_SHIFT);
	u32 i;

	object_present_pages(
	    f->region->object, object_index(f->region, start), nr, pages);
	if (f->region->prot & MM_EXEC)
		tlb_flush_code(&f->mm->space);
	for (i = 0; i < nr; i++) {
		if (pages[i] == NULL)
			continue;
		if (!pt_is_empty(pt_load(&first[i]))) {
			page_put(pages[i]);
			continue;
		}
		f->path.entry[0] = &first[i];
		tree_set_leaf(
		    &f->path, pt_leaf(page_pfn(pages[i]), rights(f) & ~PTE_W));
		mm_count(MM_STAT_MAPPED_AROUND);
	}
}

/* To a page that is to be written back W comes with a write alone. */
static void
fill_shared(struct fault *f)
{
	u64 rwx = rights(f);

	if (!f->write && object_is_written_back(f->region->object))
		rwx &= ~PTE_W;
	map_object_page(f, rwx);
}

static void
fill(struct fault *f)
{
	bool from_store =
	    f->found != NULL && object_has_store(f->region->object);

	if (f->region->flags & MM_SHARED)
		fill_shared(f);
	else if (f->write)
		fill_for_write(f);
	else
		fill_for_read(f);
	if (!f->write && from_store)
		map_around(f);
	tlb_fence_local(&f->mm->space);
}

/* ---- writing to what is there ------------------------------------------- */

/*
 * T7: until every hart has fenced, some sibling thread may still read the old
 * page; so nobody, not even another sibling, may write to the new one yet.
 * While both hold the same bytes it does not matter which of them is read.
 */
static void
copy_page(struct fault *f, struct page *old)
{
	pfn_t copy = page_pfn(f->frame);
	u64 rwx = rights(f);

	copy_bytes(f, old);
	map_take(f, f->frame, rwx & ~PTE_W);
	f->frame = NULL;
	/* The old page's count falls only after this (T5). */
	if (f->gather.pending)
		gather_finish(&f->gather);
	else
		tlb_flush_page(&f->mm->space, uaddr(f->page));
	tree_set_leaf(&f->path, pt_leaf(copy, rwx));
	tree_put(old);
	mm_count(MM_STAT_PAGES_COPIED);
}

/* May all pages of a region that others have, too, be written at once? */
static bool
thaws_shared(const struct region *r)
{
	return (r->flags & MM_SHARED) && !object_is_written_back(r->object);
}

/*
 * All leaves of the table that regions let be written get W back; but those of
 * pages that are to be written back one by one, with a write: object_protect
 * may have been here already and be about to call them clean.
 */
static void
thaw(struct fault *f)
{
	u64 base = align_down(f->page, pt_span(1));
	u64 limit = base + pt_span(1);
	struct region *stop = f->mm->block->regions + f->mm->block->nr;
	struct region *r;

	/* T4 first: no moment with W in a table that says it is frozen. */
	tree_thawed(&f->path);
	for (r = region_above(f->mm, base); r != NULL && r < stop; r++) {
		u64 from = MAX(r->start, base);
		u64 to = MIN(r->end, limit);

		if (from >= to)
			break;
		if (r->prot & MM_WRITE)
			tree_thaw(&f->path, (from - base) >> PAGE_SHIFT,
			    (to - base) >> PAGE_SHIFT, thaws_shared(r));
	}
}

static void
write_present(struct fault *f, u64 word, bool fresh_table)
{
	struct page *p = pfn_page(pt_pfn(word));
	/* Ours alone it stays so; who lets go after this look is late. */
	bool sole = page_is_sole(p);

	/*
	 * A frozen table is one whose other holders are gone, and a page that
	 * is ours alone and not writable is one of many like it, most often:
	 * they get W back together.  In a table that was copied just now there
	 * is no such page.
	 */
	if (!fresh_table && (f->path.node[0]->frozen || sole)) {
		thaw(f);
		word = pt_load(f->path.entry[0]);
	}
	if (word & PTE_W) {
		mm_count(MM_STAT_SPURIOUS);
	} else if ((f->region->flags & MM_SHARED) || sole) {
		tree_set_leaf(&f->path, pt_leaf(pt_pfn(word), rights(f)));
		mm_count(MM_STAT_PAGES_REUSED);
	} else {
		copy_page(f, p);
	}
	tlb_fence_local(&f->mm->space);
}

/* ---- the whole ---------------------------------------------------------- */

/*
 * A read of what is there needs no more than the walk, which has made the
 * links valid.
 */
static bool
read_present(struct fault *f)
{
	u64 word;

	if (f->write)
		return false;
	tree_walk(f->mm->root, uaddr(f->page), &f->path);
	if (f->path.level > 0)
		return false;
	word = pt_load(f->path.entry[0]);
	/* Hidden: who may read it nevertheless does not use its address. */
	if (!pt_is_leaf(word) && !pt_is_hidden(word))
		return false;
	tlb_fence_local(&f->mm->space);
	return true;
}

static int
handle(struct fault *f)
{
	u64 word;
	u32 spare;
	int err;

	if (read_present(f))
		return 0;
	err = obtain(f);
	if (err < 0)
		return err;
	/* commit */
	spare = f->spare.nr;
	if (!f->path.owned)
		tree_own(f->mm->root, uaddr(f->page), &f->spare, &f->gather,
		    &f->path);
	word = pt_load(f->path.entry[0]);
	if (pt_is_empty(word))
		fill(f);
	else
		write_present(f, word, f->spare.nr < spare);
	if (f->gather.nr > 0)
		gather_finish(&f->gather);
	return 0;
}

/* By hand: the path and the gather are large, and filled when used. */
static void
begin(struct fault *f, struct mm *mm, u64 page, bool write)
{
	f->mm = mm;
	f->page = page;
	f->write = write;
	f->found = NULL;
	f->frame = NULL;
	f->marked = NULL;
	f->stock = NULL;
	f->spare.nr = 0;
	mm_gather_init(mm, &f->gather);
}

/* With a reference. */
static NOINLINE struct object *
get_if_too_dirty(struct object *o)
{
	if (o->ops->sync == NULL || !object_is_too_dirty(o))
		return NULL;
	object_get(o);
	return o;
}

/* *too_dirty, which was NULL: an object whose store is to be waited for. */
static int
fault_locked(struct mm *mm, u64 addr, enum fault_access access, bool force,
    struct mm_stock *stock, struct object **too_dirty)
{
	struct fault f;
	int err;

	mm_count(MM_STAT_FAULTS);
	err = find_region(mm, addr, &f.region);
	if (err < 0)
		return err;
	if (!allowed(f.region, access, force))
		return -EACCES;
	begin(&f, mm, align_down(addr, PAGE_SIZE), access == FAULT_WRITE);
	f.stock = stock;
	err = handle(&f);
	release(&f);
	if (unlikely(f.marked != NULL) && too_dirty != NULL)
		*too_dirty = get_if_too_dirty(f.marked);
	if (err == -ENOMEM)
		mm_count(MM_STAT_OUT_OF_MEMORY);
	return err;
}

int
mm_fault_locked(struct mm *mm, u64 addr, enum fault_access access, bool force)
{
	return fault_locked(mm, addr, access, force, NULL, NULL);
}

/* Who writes faster than the store does it himself, without the lock. */
int
mm_fault_once(
    struct mm *mm, u64 addr, enum fault_access access, struct mm_stock *stock)
{
	struct object *o = NULL;
	int err;

	mm_lock(mm);
	err = fault_locked(mm, addr, access, false, stock, &o);
	mm_unlock(mm);
	if (likely(o == NULL))
		return err;
	/* One that fails says so to who syncs. */
	if (!thread_must_end())
		(void)!o->ops->sync(o);
	object_put(o);
	return err;
}

int
mm_fault(struct mm *mm, uaddr_t addr, enum fault_access access)
{
	int err;

	if (addr.val >= USER_TOP)
		return -EFAULT;
	err = mm_fault_once(mm, addr.val, access, NULL);
	if (unlikely(err == -ENOMEM))
		err = mm_fault_with_room(mm, addr.val, access);
	return err;
}

int
mm_populate_locked(struct mm *mm, u64 start, u64 end, enum fault_access access)
{
	return mm_populate_from_locked(mm, start, end, access, NULL);
}

int
mm_populate_from_locked(struct mm *mm, u64 start, u64 end,
    enum fault_access access, struct mm_stock *stock)
{
	int err = 0;
	u64 at;

	for (at = start; at < end && err == 0; at += PAGE_SIZE) {
		err = fault_locked(mm, at, access, false, stock, NULL);
		if (err == 0 && thread_must_end())
			err = -EINTR;
		thread_preempt_point();
	}
	return err;
}
