/*
 * The audit of what pages belong to.  Regions are counted from the spaces: each
 * block once, however many share it, with the counts put down in the blocks and
 * objects themselves.  Objects are met by their pages and by the regions that
 * name them.
 *
 * The numbers of an object may disagree for as long as somebody holds its lock;
 * such a one is passed over, for the next audit to see.
 */
#include "mm/audit_impl.h"

/* ---- how many there are ------------------------------------------------- */

static void
count_region(const struct region *r)
{
	if (r->object == NULL)
		return;
	r->object->seen++;
	if (region_may_write_shared(r))
		r->object->seen_writable++;
}

static void
count_block(struct mm *mm, void *arg)
{
	struct region_block *b = mm->block;
	u32 i;

	(void)arg;
	if (b->seen++ > 0)
		return;
	for (i = 0; i < b->nr; i++)
		count_region(&b->regions[i]);
}

static void
forget_counts(struct mm *mm, void *arg)
{
	struct region_block *b = mm->block;
	u32 i;

	(void)arg;
	b->seen = 0;
	for (i = 0; i < b->nr; i++)
		if (b->regions[i].object != NULL) {
			b->regions[i].object->seen = 0;
			b->regions[i].object->seen_writable = 0;
		}
}

/* ---- regions ------------------------------------------------------------ */

/* Also of an object that has no page. */
static void
check_mapped(struct audit *a, const struct page *near, const struct object *o)
{
	if (o->nr_mapped != o->seen)
		audit_complain(a, near, "O2: regions of its object", o->seen);
	if (o->nr_writable != o->seen_writable)
		audit_complain(a, near, "O2: regions that may write to it",
		    o->seen_writable);
}

/* Whoever changes them has the space's lock. */
static void
check_regions(struct audit *a, const struct mm *mm)
{
	const struct region_block *b = mm->block;
	const struct region *r = b->regions;
	u64 pages = 0;
	u32 i;

	if (!mutex_is_free(&mm->lock))
		return;
	for (i = 0; i < b->nr; i++) {
		pages += region_pages(&r[i]);
		if (r[i].start >= r[i].end ||
		    (i > 0 && r[i - 1].end > r[i].start))
			audit_complain(
			    a, mm->root, "R1: out of order, region", i);
		if (i > 0 && region_same_kind(&r[i - 1], &r[i]))
			audit_complain(
			    a, mm->root, "R1: like the one before, region", i);
	}
	if (mm->c.mapped_pages != pages)
		audit_complain(a, mm->root, "R1: pages of its regions", pages);
}

static void
check_block(struct mm *mm, void *arg)
{
	const struct region_block *b = mm->block;
	struct audit *a = arg;
	u32 i;

	if (refcount_read(&b->refs) != b->seen)
		audit_complain(
		    a, mm->root, "R1: users of its regions", b->seen);
	check_regions(a, mm);
	for (i = 0; i < b->nr; i++)
		if (b->regions[i].object != NULL)
			check_mapped(a, mm->root, b->regions[i].object);
}

/* ---- objects ------------------------------------------------------------ */

struct marks {
	u64 dirty;
	u64 mapped_dirty;
	u64 writing;
};

static void
check_page(
    struct audit *a, const struct object *o, const struct page *p, u64 index)
{
	if (p->kind != PAGE_CACHE || p->object != o || p->index != index)
		audit_complain(a, p, "O1: not its object's at", index);
	if (index >= object_size_pages(o))
		audit_complain(a, p, "O1: beyond the size, at", index);
	if (p->dirty != 0 && (index < o->marked_from || index >= o->marked_to))
		audit_complain(a, p, "O3: marked, outside of marks at", index);
}

static void
count_marks(const struct page *p, struct marks *m)
{
	m->dirty += (p->dirty & (PAGE_DIRTY | PAGE_MAPPED_DIRTY)) != 0;
	m->mapped_dirty += (p->dirty & PAGE_MAPPED_DIRTY) != 0;
	m->writing += (p->dirty & PAGE_WRITING) != 0;
}

static void
check_object(struct audit *a, const struct page *first, const struct object *o)
{
	struct marks m = {0};
	const struct page *p;
	u64 index = 0, nr = 0;

	for (; (p = xmap_next(&o->pages, index, &index)) != NULL; index++) {
		check_page(a, o, p, index);
		count_marks(p, &m);
		nr++;
	}
	if (nr != o->nr_pages)
		audit_complain(a, first, "O1: pages of its object", nr);
	if (m.dirty != o->nr_dirty)
		audit_complain(a, first, "O3: dirty ones", m.dirty);
	if (m.mapped_dirty != o->nr_mapped_dirty)
		audit_complain(
		    a, first, "O3: dirty by a mapping", m.mapped_dirty);
	if (m.writing != o->nr_writing)
		audit_complain(a, first, "O3: being written", m.writing);
	check_mapped(a, first, o);
}

/* At its first page each object is looked at as a whole. */
static void
visit_page(struct audit *a, const struct page *p)
{
	const struct object *o = p->object;
	u64 index = 0;

	if (p->kind != PAGE_CACHE || o == NULL || !mutex_is_free(&o->lock))
		return;
	if (xmap_next(&o->pages, 0, &index) == p)
		check_object(a, p, o);
}

void
audit_objects(struct audit *a)
{
	u64 i;

	mm_each_paused(count_block, NULL);
	mm_each_paused(check_block, a);
	for (i = 0; i < page_count; i++)
		visit_page(a, &page_array[i]);
	mm_each_paused(forget_counts, NULL);
}
