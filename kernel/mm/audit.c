/*
 * Shared tables are walked once, however many spaces share them: a table's own
 * entries are counted when the first link to it is seen.
 *
 * Laws checked, by the names that mm/frame.h, mm/tree.h, mm/mm_impl.h and
 * mm/object.h give them: P1 and P3 for every frame; P2, T3 and T4 for every
 * table; W only below owned tables, on a page that nobody else has or that a
 * shared mapping has; O4 for each such leaf; that no frame is free and linked,
 * or lost.  R1, O1, O2 and O3 are mm/audit_object.c's.
 */
#include "core/panic.h"
#include "core/power.h"
#include "core/printk.h"
#include "lib/errno.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/audit_impl.h"
#include "mm/slab.h"

void
audit_complain(
    struct audit *a, const struct page *p, const char *what, u64 number)
{
	struct audit_result *out = a->out;

	if (out->mismatches++ == 0)
		fmt_snprint(out->first, sizeof(out->first),
		    "frame %#lx (kind %u, level %u, refs %lu): %s %lu",
		    page_pfn(p).val, p->kind, p->level, refcount_read(&p->refs),
		    what, number);
}

static u64
index_of(const struct page *p)
{
	return p - page_array;
}

static bool
is_sole_table(const struct page *p)
{
	return refcount_read(&p->refs) == 1;
}

/* ---- tables ------------------------------------------------------------- */

static void visit_table(struct audit *a, struct page *table);

static void
visit_link(struct audit *a, struct page *table, u64 word)
{
	struct page *child = pfn_page(pt_pfn(word));

	if (child->kind != PAGE_TABLE || child->level + 1 != table->level) {
		audit_complain(
		    a, child, "linked as a table by level", table->level);
		return;
	}
	if (pt_is_link(word) && !child->frozen && !is_sole_table(child))
		audit_complain(a, child,
		    "T3: shared, not frozen, link of level", table->level);
	if (table->frozen && pt_is_link(word) && !child->frozen)
		audit_complain(
		    a, child, "T4: not frozen below a frozen table", 0);
	if (a->links[index_of(child)]++ == 0)
		visit_table(a, child);
}

static void
visit_leaf(struct audit *a, struct page *table, u64 word)
{
	struct page *p = pfn_page(pt_pfn(word));

	if (p != zero_page && p->kind != PAGE_ANON && p->kind != PAGE_CACHE)
		audit_complain(a, p, "mapped to a user", 0);
	if ((word & PTE_W) && table->frozen)
		audit_complain(a, p, "T4: W in a frozen table", 0);
	if (a->links[index_of(p)]++ == 0)
		a->out->pages++;
}

static void
visit_table(struct audit *a, struct page *table)
{
	u64 *entries = page_kva(table);
	u32 n = table->level == PT_LEVELS - 1 ? PT_USER_ENTRIES : PT_ENTRIES;
	u32 i;

	a->out->tables++;
	for (i = 0; i < n; i++) {
		u64 word = entries[i];

		if (pt_is_empty(word))
			continue;
		if (!(table->groups >> (i / TREE_GROUP) & 1))
			audit_complain(a, table, "P2: no group for entry", i);
		if (table->level == 0)
			visit_leaf(a, table, word);
		else
			visit_link(a, table, word);
	}
}

/* What is written here would not come to the store. */
static bool
is_unnoticed(const struct region *r, const struct page *p)
{
	return (r->flags & MM_SHARED) && object_is_written_back(r->object) &&
	    p->object == r->object && !(p->dirty & PAGE_MAPPED_DIRTY);
}

/* W in one space: under owned tables, on a sole page or a shared mapping. */
static void
check_rights(struct audit *a, struct mm *mm, struct page *table, u64 base)
{
	u64 *entries = page_kva(table);
	u32 n = table->level == PT_LEVELS - 1 ? PT_USER_ENTRIES : PT_ENTRIES;
	u64 span = pt_span(table->level);
	struct region *r;
	u32 i;

	for (i = 0; i < n; i++) {
		u64 word = entries[i];
		struct page *p;

		if (pt_is_empty(word))
			continue;
		p = pfn_page(pt_pfn(word));
		r = region_at(mm, base + i * span);
		if (table->level > 0) {
			/* What is not owned was looked at by T3 and T4. */
			if (is_sole_table(p))
				check_rights(a, mm, p, base + i * span);
		} else if (r == NULL) {
			audit_complain(a, p, "mapped where no region is", 0);
		} else if ((word & PTE_W) && !(r->prot & MM_WRITE)) {
			audit_complain(a, p, "W where the region has none", 0);
		} else if ((word & PTE_X) && !(r->prot & MM_EXEC)) {
			audit_complain(a, p, "X where the region has none", 0);
		} else if ((word & PTE_W) && !page_is_sole(p) &&
		    !(r->flags & MM_SHARED)) {
			audit_complain(a, p, "W on a page that others have", 0);
		} else if ((word & PTE_W) && is_unnoticed(r, p)) {
			audit_complain(a, p,
			    "O4: W on a page that counts as clean", p->index);
		}
	}
}

static void
visit_space(struct mm *mm, void *arg)
{
	struct audit *a = arg;

	a->out->spaces++;
	a->links[index_of(mm->root)]++;
	visit_table(a, mm->root);
	check_rights(a, mm, mm->root, 0);
}

/* ---- frames ------------------------------------------------------------- */

static void
check_frame(struct audit *a, struct page *p)
{
	u64 want = a->links[index_of(p)];
	u64 refs = refcount_read(&p->refs);

	switch (p->kind) {
	case PAGE_FREE:
		a->free_seen++;
		if (want != 0 || refs != 0)
			audit_complain(a, p, "free, links", want);
		if (p->zeroed && !frame_is_zeroed(p))
			audit_complain(a, p, "P3: not zeroed", 0);
		return;
	case PAGE_CACHE:
		if (p->object != NULL &&
		    xmap_get(&p->object->pages, p->index) == p)
			want++;
		break;
	case PAGE_ANON:
	case PAGE_TABLE:
		break;
	default:
		if (p == zero_page)
			want++;
		else if (want == 0)
			return;
	}
	if (refs != want)
		audit_complain(a, p, "P1: links and holders", want);
	else if (refs == 0)
		audit_complain(a, p, "P1: not free, holders", 0);
}

static void
check_frames(struct audit *a)
{
	struct frame_stats s;
	u64 i;

	for (i = 0; i < page_count; i++)
		check_frame(a, &page_array[i]);
	a->out->frames = page_count;
	/* What was never given to the allocator reads as free as well. */
	frame_stats(&s);
	if (a->free_seen != s.free + frame_never_added())
		audit_complain(a, &page_array[0], "frames lost or found, free",
		    a->free_seen);
}

/* ---- all of it ----------------------------------------------------------- */

static int
look(struct audit *a, bool whatever_comes)
{
	int err = audit_hold_still(whatever_comes);

	if (err < 0)
		return err;
	mm_each_paused(visit_space, a);
	audit_objects(a);
	check_frames(a);
	audit_let_go();
	return 0;
}

static int
make_audit(struct audit_result *out, bool whatever_comes)
{
	struct audit a = {.out = out};
	int err;

	memset(out, 0, sizeof(*out));
	a.links = kzalloc(page_count * sizeof(u32));
	if (a.links == NULL)
		return -ENOMEM;
	err = look(&a, whatever_comes);
	kfree(a.links);
	return err;
}

int
mm_audit(struct audit_result *out)
{
	return make_audit(out, false);
}

static void
audit_before_off(void)
{
	struct audit_result r;
	int err = make_audit(&r, true);

	slab_check();
	/* Files may have taken all there was: that is nobody's mistake. */
	if (err == -ENOMEM) {
		printk("audit: no memory to make it\n");
		return;
	}
	if (err < 0)
		panic("audit failed: could not be made (%d)", err);
	if (r.mismatches != 0)
		panic("audit failed: %lu mismatches, first: %s", r.mismatches,
		    r.first);
}

void
mm_audit_at_power_off(void)
{
	static struct power_hook hook = {.before_off = audit_before_off};

	power_add_hook(&hook);
}
