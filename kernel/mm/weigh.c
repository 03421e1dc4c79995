/*
 * Weighing: how many ways lead to each frame, counted from the roots down.
 *
 *	reach(root)  = 1
 *	reach(child) = sum of reach(table) over the links to it
 *
 * Level by level, each table once: all level-1 tables stand in a list before
 * the first level-0 table does, so when a table's turn comes its reach is
 * final.  The list backwards has each table after what is below it, and there
 * each gets the sum of its leaves: it is the same in every space that links the
 * table.  So a thousand spaces that share a gigabyte cost what one costs.
 *
 * Nothing can be allocated while all harts are held still.  What is too small
 * for its contents is counted to the end, made larger, and all is done again.
 */
#include "mm/weigh.h"

#include "core/pause.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/mm_impl.h"
#include "mm/slab.h"

/* Room that a list begins with; arbitrary, enough for an idle machine. */
#define FIRST_ROOM 64

/* struct vec: items of one size; nr counts those without room, too. */
struct vec {
	char *items;
	size_t item_bytes;
	u64 nr;
	u64 room;
};

struct table {
	struct page *page;
	struct mm_weight sum; /* of what is below it */
};

struct weigh {
	u32 *reach;        /* by frame */
	struct vec tables; /* struct table; a frame's index is its place */
	struct vec out;    /* what is asked for */
	struct mm *mm;     /* of which, if it is about one */
	uaddr_t start;     /* and of which part */
	uaddr_t end;
};

/* ---- lists ----------------------------------------------------------------
 */

static bool
vec_fits(const struct vec *v)
{
	return v->nr <= v->room;
}

/* Room for one more, or NULL. */
static void *
vec_push(struct vec *v)
{
	u64 at = v->nr++;

	return at < v->room ? v->items + at * v->item_bytes : NULL;
}

/* Empties it, after making the room that it lacked, and some. */
static int
vec_reset(struct vec *v)
{
	if (v->items == NULL || !vec_fits(v)) {
		kfree(v->items);
		v->room = v->nr + v->nr / 4 + FIRST_ROOM;
		v->items = kmalloc(v->room * v->item_bytes);
		if (v->items == NULL)
			return -ENOMEM;
	}
	v->nr = 0;
	return 0;
}

static struct table *
table_at(struct weigh *w, u64 i)
{
	return (struct table *)w->tables.items + i;
}

/* ---- reach ----------------------------------------------------------------
 */

static u32 *
reach_of(struct weigh *w, const struct page *p)
{
	return &w->reach[p - page_array];
}

/* It stops at the greatest number rather than begin anew. */
static void
add_reach(u32 *to, u32 n)
{
	*to = *to + n < n ? ~0u : *to + n;
}

static void
reach_table(struct weigh *w, struct page *p, u32 n)
{
	u32 *reach = reach_of(w, p);
	struct table *t;

	if (*reach == 0) {
		p->index = w->tables.nr;
		t = vec_push(&w->tables);
		if (t != NULL)
			*t = (struct table){.page = p};
	}
	add_reach(reach, n);
}

/* One hop down from a table that has reach n. */
static void
reach_below(struct weigh *w, struct page *table, u32 n)
{
	u64 *entries = page_kva(table);
	u32 nr = table->level == PT_LEVELS - 1 ? PT_USER_ENTRIES : PT_ENTRIES;
	u32 i;

	for (i = 0; i < nr; i++) {
		struct page *p;

		if (pt_is_empty(entries[i]))
			continue;
		p = pfn_page(pt_pfn(entries[i]));
		if (table->level > 0)
			reach_table(w, p, n);
		else if (p != zero_page)
			add_reach(reach_of(w, p), n);
	}
}

static void
reach_space(struct mm *mm, void *arg)
{
	struct weigh *w = arg;

	*reach_of(w, mm->root) = 1;
	reach_below(w, mm->root, 1);
}

static void
reach_all(struct weigh *w)
{
	u64 i;

	mm_each_paused(reach_space, w);
	for (i = 0; i < w->tables.nr && vec_fits(&w->tables); i++) {
		struct page *p = table_at(w, i)->page;

		reach_below(w, p, *reach_of(w, p));
	}
}

/* ---- sums -----------------------------------------------------------------
 */

void
mm_weight_add(struct mm_weight *to, const struct mm_weight *w)
{
	int level;

	to->pages += w->pages;
	to->zero += w->zero;
	to->own += w->own;
	to->dirty += w->dirty;
	to->own_dirty += w->own_dirty;
	to->anon += w->anon;
	to->most = MAX(to->most, w->most);
	to->share += w->share;
	to->share_dirty += w->share_dirty;
	to->share_anon += w->share_anon;
	for (level = 0; level < PT_LEVELS; level++) {
		to->tables_own[level] += w->tables_own[level];
		to->tables_shared[level] += w->tables_shared[level];
	}
	to->share_tables += w->share_tables;
}

static u64
share_of(u32 reach)
{
	return (PAGE_SIZE << SHARE_SHIFT) / reach;
}

/* An object without a store behind it is the only place of its bytes. */
static bool
is_dirty(const struct page *p)
{
	return p->kind == PAGE_ANON ||
	    (p->object != NULL && p->object->ops->fill == NULL);
}

static void
add_leaf(struct weigh *w, u64 word, struct mm_weight *to)
{
	struct page *p = pfn_page(pt_pfn(word));
	u32 reach = *reach_of(w, p);
	u64 share;

	if (p == zero_page) {
		to->zero++;
		return;
	}
	share = share_of(reach);
	to->pages++;
	to->share += share;
	to->own += reach == 1;
	to->most = MAX(to->most, reach);
	if (is_dirty(p)) {
		to->dirty++;
		to->own_dirty += reach == 1;
		to->share_dirty += share;
	}
	if (p->kind == PAGE_ANON) {
		to->anon++;
		to->share_anon += share;
	}
}

/* A table and all below it, whose sum is known. */
static void
add_table(struct weigh *w, u64 word, struct mm_weight *to)
{
	struct page *p = pfn_page(pt_pfn(word));
	u32 reach = *reach_of(w, p);

	mm_weight_add(to, &table_at(w, p->index)->sum);
	if (reach == 1)
		to->tables_own[p->level]++;
	else
		to->tables_shared[p->level]++;
	to->share_tables += share_of(reach);
}

static void
add_below(struct weigh *w, struct page *table, struct mm_weight *to)
{
	u64 *entries = page_kva(table);
	u32 nr = table->level == PT_LEVELS - 1 ? PT_USER_ENTRIES : PT_ENTRIES;
	u32 i;

	for (i = 0; i < nr; i++) {
		if (pt_is_empty(entries[i]))
			continue;
		if (table->level > 0)
			add_table(w, entries[i], to);
		else
			add_leaf(w, entries[i], to);
	}
}

static void
sum_all(struct weigh *w)
{
	u64 i;

	for (i = w->tables.nr; i-- > 0;) {
		struct table *t = table_at(w, i);

		add_below(w, t->page, &t->sum);
	}
}

/* ---- doing it -------------------------------------------------------------
 */

/*
 * measure fills w->out; take turns what it put there into references.  Both
 * run while all harts are held still, take only when all had room.
 */
struct weighing {
	void (*measure)(struct weigh *w);
	void (*take)(struct weigh *w);
};

static bool
try_locked(struct weigh *w, const struct weighing *how)
{
	reach_all(w);
	if (!vec_fits(&w->tables))
		return false;
	how->measure(w);
	if (!vec_fits(&w->out))
		return false;
	if (how->take != NULL)
		how->take(w);
	return true;
}

static int
try_once(struct weigh *w, const struct weighing *how, bool *done)
{
	int err = vec_reset(&w->tables);

	if (err == 0)
		err = vec_reset(&w->out);
	if (err < 0)
		return err;
	memset(w->reach, 0, page_count * sizeof(u32));
	err = audit_hold_still(false);
	if (err < 0)
		return err;
	*done = try_locked(w, how);
	audit_let_go();
	return 0;
}

/* w->out.items is the caller's to free, whatever comes of it. */
static int
weigh(struct weigh *w, const struct weighing *how)
{
	bool done = false;
	int err = 0;

	w->tables = (struct vec){.item_bytes = sizeof(struct table)};
	w->reach = kmalloc(page_count * sizeof(u32));
	if (w->reach == NULL)
		return -ENOMEM;
	while (!done && err == 0)
		err = try_once(w, how, &done);
	kfree(w->tables.items);
	kfree(w->reach);
	return err;
}

/* ---- all spaces -----------------------------------------------------------
 */

static void
measure_space(struct mm *mm, void *arg)
{
	struct weigh *w = arg;
	struct mm_space_weight *s = vec_push(&w->out);

	if (s == NULL)
		return;
	*s = (struct mm_space_weight){.mm = mm, .mapped = mm->c.mapped_pages};
	s->weight.tables_own[PT_LEVELS - 1] = 1;
	s->weight.share_tables = share_of(1);
	add_below(w, mm->root, &s->weight);
}

static void
measure_spaces(struct weigh *w)
{
	sum_all(w);
	mm_each_paused(measure_space, w);
}

static void
take_spaces(struct weigh *w)
{
	struct mm_space_weight *s = (struct mm_space_weight *)w->out.items;
	u64 i;

	/* One whose last reference is gone is about to leave. */
	for (i = 0; i < w->out.nr; i++)
		if (!refcount_get_unless_zero(&s[i].mm->refs))
			s[i].mm = NULL;
}

int
mm_weigh_spaces(struct mm_space_weights *out)
{
	static const struct weighing how = {measure_spaces, take_spaces};
	struct weigh w = {.out.item_bytes = sizeof(struct mm_space_weight)};
	int err = weigh(&w, &how);

	if (err < 0) {
		kfree(w.out.items);
		return err;
	}
	out->nr = w.out.nr;
	out->spaces = (struct mm_space_weight *)w.out.items;
	return 0;
}

void
mm_weigh_spaces_free(struct mm_space_weights *w)
{
	u64 i;

	for (i = 0; i < w->nr; i++)
		if (w->spaces[i].mm != NULL)
			mm_put(w->spaces[i].mm);
	kfree(w->spaces);
}

/* ---- one space's regions --------------------------------------------------
 */

struct mm_region_weight {
	struct region region; /* its object: a reference */
	struct mm_weight weight;
};

static void
measure_regions(struct weigh *w)
{
	const struct region_block *b = w->mm->block;
	u32 i;

	for (i = 0; i < b->nr; i++) {
		const struct region *r = &b->regions[i];
		struct mm_region_weight *out = vec_push(&w->out);
		uaddr_t at = uaddr(r->start);
		u64 word;

		if (out == NULL)
			continue;
		*out = (struct mm_region_weight){.region = *r};
		while (tree_next_leaf(w->mm->root, &at, uaddr(r->end), &word)) {
			add_leaf(w, word, &out->weight);
			at.val += PAGE_SIZE;
		}
	}
}

static void
take_regions(struct weigh *w)
{
	struct mm_region_weight *r = (struct mm_region_weight *)w->out.items;
	u64 i;

	for (i = 0; i < w->out.nr; i++)
		if (r[i].region.object != NULL)
			object_get(r[i].region.object);
}

int
mm_weigh_regions(struct mm *mm, struct mm_region_weights *out)
{
	static const struct weighing how = {measure_regions, take_regions};
	struct weigh w = {
	    .mm = mm, .out.item_bytes = sizeof(struct mm_region_weight)};
	int err = weigh(&w, &how);

	if (err < 0) {
		kfree(w.out.items);
		return err;
	}
	out->nr = w.out.nr;
	out->regions = (struct mm_region_weight *)w.out.items;
	return 0;
}

void
mm_weigh_regions_free(struct mm_region_weights *w)
{
	u64 i;

	for (i = 0; i < w->nr; i++)
		if (w->regions[i].region.object != NULL)
			object_put(w->regions[i].region.object);
	kfree(w->regions);
}

const struct mm_weight *
mm_weigh_region(
    const struct mm_region_weights *w, u64 i, struct mm_region_info *out)
{
	region_describe(&w->regions[i].region, out);
	return &w->regions[i].weight;
}

/* ---- one space's pages ----------------------------------------------------
 */

static u8
kind_of(const struct page *p)
{
	if (p == zero_page)
		return NODE_ZERO;
	return p->kind == PAGE_ANON ? NODE_ANON : NODE_OBJECT;
}

static void
measure_pages(struct weigh *w)
{
	uaddr_t at = w->start;
	u64 word;

	while (tree_next_leaf(w->mm->root, &at, w->end, &word)) {
		struct mm_page *out = vec_push(&w->out);
		pfn_t frame = pt_pfn(word);
		struct page *p = pfn_page(frame);

		if (out != NULL)
			*out = (struct mm_page){.at = at.val,
			    .frame = frame,
			    .kind = kind_of(p),
			    .own = p != zero_page && *reach_of(w, p) == 1};
		at.val += PAGE_SIZE;
	}
}

static bool
has_leaves(struct mm *mm, uaddr_t start, uaddr_t end)
{
	u64 word;
	bool any;

	mm_lock(mm);
	any = tree_next_leaf(mm->root, &start, end, &word);
	mm_unlock(mm);
	return any;
}

int
mm_weigh_pages(struct mm *mm, uaddr_t start, uaddr_t end, struct mm_pages *out)
{
	static const struct weighing how = {measure_pages, NULL};
	struct weigh w = {.mm = mm,
	    .start = start,
	    .end = end,
	    .out.item_bytes = sizeof(struct mm_page)};
	int err = 0;

	/* Most of an address space is holes: nobody is held up for them. */
	if (has_leaves(mm, start, end))
		err = weigh(&w, &how);
	if (err < 0) {
		kfree(w.out.items);
		return err;
	}
	out->nr = w.out.nr;
	out->pages = (struct mm_page *)w.out.items;
	return 0;
}

void
mm_weigh_pages_free(struct mm_pages *p)
{
	kfree(p->pages);
}

/* ---- one space's nodes ----------------------------------------------------
 */

static bool
continues(const struct mm_node *run, const struct mm_node *leaf)
{
	return run->level == leaf->level && run->kind == leaf->kind &&
	    run->state == leaf->state && run->refs == leaf->refs &&
	    run->reach == leaf->reach &&
	    run->start + run->nr * PAGE_SIZE == leaf->start;
}

static void
push_leaf(struct weigh *w, const struct mm_node *leaf)
{
	struct vec *v = &w->out;
	struct mm_node *last;

	if (v->nr > 0 && vec_fits(v)) {
		last = (struct mm_node *)v->items + (v->nr - 1);
		if (continues(last, leaf)) {
			last->nr++;
			return;
		}
	}
	last = vec_push(v);
	if (last != NULL)
		*last = *leaf;
}

static void
measure_leaf(struct weigh *w, u64 start, u64 word, bool owned)
{
	struct page *p = pfn_page(pt_pfn(word));
	struct mm_node leaf = {.start = start, .nr = 1, .level = -1};

	leaf.reach = *reach_of(w, p);
	/* The zero page's counts are of no use and would cut every run. */
	if (p != zero_page)
		leaf.refs = refcount_read(&p->refs);
	leaf.kind = kind_of(p);
	if (owned && leaf.refs == 1)
		leaf.state |= NODE_OWNED;
	if (word & PTE_W)
		leaf.state |= NODE_WRITE;
	if (pt_is_hidden(word))
		leaf.state |= NODE_HIDDEN;
	push_leaf(w, &leaf);
}

static u32
entries_used(const u64 *entries, u32 nr)
{
	u32 used = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		used += !pt_is_empty(entries[i]);
	return used;
}

/* owned: are all above it owned? */
static void
measure_node(
    struct weigh *w, struct page *table, u64 start, bool cold, bool owned)
{
	u64 *entries = page_kva(table);
	u32 nr = table->level == PT_LEVELS - 1 ? PT_USER_ENTRIES : PT_ENTRIES;
	u64 span = pt_span(table->level);
	struct mm_node *n = vec_push(&w->out);
	u32 i;

	owned = owned && page_is_sole(table);
	if (n != NULL)
		*n = (struct mm_node){.start = start,
		    .refs = refcount_read(&table->refs),
		    .nr = entries_used(entries, nr),
		    .reach = *reach_of(w, table),
		    .level = table->level,
		    .kind = NODE_TABLE,
		    .state = (owned ? NODE_OWNED : 0) | (cold ? NODE_COLD : 0) |
			(table->frozen ? NODE_FROZEN : 0)};
	for (i = 0; i < nr; i++) {
		u64 word = entries[i];

		if (pt_is_empty(word))
			continue;
		if (table->level == 0)
			measure_leaf(w, start + i * span, word, owned);
		else
			measure_node(w, pfn_page(pt_pfn(word)),
			    start + i * span, pt_is_cold(word), owned);
	}
}

static void
measure_nodes(struct weigh *w)
{
	measure_node(w, w->mm->root, 0, false, true);
}

int
mm_weigh_nodes(struct mm *mm, struct mm_nodes *out)
{
	static const struct weighing how = {measure_nodes, NULL};
	struct weigh w = {.mm = mm, .out.item_bytes = sizeof(struct mm_node)};
	int err = weigh(&w, &how);

	if (err < 0) {
		kfree(w.out.items);
		return err;
	}
	out->nr = w.out.nr;
	out->nodes = (struct mm_node *)w.out.items;
	return 0;
}

void
mm_weigh_nodes_free(struct mm_nodes *n)
{
	kfree(n->nodes);
}
