#include "mm/tree.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/stat.h"

static u64 *
table_of(const struct page *node)
{
	return page_kva(node);
}

static struct page *
target(u64 word)
{
	return pfn_page(pt_pfn(word));
}

static bool
is_frozen(const struct page *table)
{
	/* Acquire: its leaves lost W before; pairs with set_frozen. */
	return __atomic_load_n(&table->frozen, __ATOMIC_ACQUIRE) != 0;
}

static void
set_frozen(struct page *table)
{
	/* Release: the bits are cleared before anybody sees it frozen. */
	__atomic_store_n(&table->frozen, 1, __ATOMIC_RELEASE);
}

static void
clear_frozen(struct page *table)
{
	__atomic_store_n(&table->frozen, 0, __ATOMIC_RELAXED);
}

/* ---- freezing (T2, T4) -------------------------------------------------- */

static void
freeze_links(struct page *table)
{
	u64 *entries = table_of(table);
	u32 i;

	for (i = 0; i < PT_ENTRIES; i++) {
		u64 word = pt_load(&entries[i]);

		if (pt_is_link(word) && !is_frozen(target(word)))
			pt_store(&entries[i], pt_cold(pt_pfn(word)));
	}
}

static void
freeze_leaves(struct page *table)
{
	u64 *entries = table_of(table);
	u32 i;

	for (i = 0; i < PT_ENTRIES; i++)
		if (atomic_load(&entries[i]) & PTE_W)
			pt_write_protect(&entries[i]);
}

/*
 * No hart holds a translation through this table that could write: it is
 * shared and was not frozen, so (T3) every link to it is cold, and each space
 * was flushed when its link became cold.
 */
static void
freeze(struct page *table)
{
	if (is_frozen(table))
		return;
	if (table->level == 0)
		freeze_leaves(table);
	else
		freeze_links(table);
	set_frozen(table);
	mm_count(MM_STAT_FREEZES);
}

/* ---- gathering (T5) ----------------------------------------------------- */

void
gather_init(struct tree_gather *g, void (*flush)(void *), void *space)
{
	g->flush = flush;
	g->space = space;
	g->pending = false;
	g->nr = 0;
}

void
gather_finish(struct tree_gather *g)
{
	u32 i;

	if (g->pending)
		g->flush(g->space);
	g->pending = false;
	for (i = 0; i < g->nr; i++)
		tree_put(g->nodes[i]);
	g->nr = 0;
}

void
gather_add(struct tree_gather *g, struct page *p)
{
	if (g->nr == GATHER_MAX)
		gather_finish(g);
	g->pending = true;
	g->nodes[g->nr++] = p;
}

void
tree_put(struct page *node)
{
	u64 *entries;
	u32 i;

	if (!refcount_put(&node->refs))
		return;
	if (node->kind == PAGE_TABLE) {
		entries = table_of(node);
		for (i = 0; i < PT_ENTRIES; i++)
			if (!pt_is_empty(entries[i]))
				tree_put(target(entries[i]));
	}
	frame_free(node);
}

/* ---- spare frames (T6) -------------------------------------------------- */

int
tree_spare_fill(struct tree_spare *s, u32 nr)
{
	assert(nr <= ARRAY_SIZE(s->pages));
	for (s->nr = 0; s->nr < nr; s->nr++) {
		s->pages[s->nr] = frame_alloc(PAGE_TABLE);
		if (s->pages[s->nr] == NULL) {
			tree_spare_drop(s);
			return -ENOMEM;
		}
	}
	return 0;
}

struct page *
tree_spare_take(struct tree_spare *s)
{
	assert(s->nr > 0);
	return s->pages[--s->nr];
}

void
tree_spare_drop(struct tree_spare *s)
{
	while (s->nr > 0) {
		struct page *p = tree_spare_take(s);

		if (refcount_put(&p->refs))
			frame_free(p);
	}
}

/* ---- sharing ------------------------------------------------------------ */

bool
tree_share(struct page *from_root, struct page *to_root)
{
	u64 *from = table_of(from_root);
	u64 *to = table_of(to_root);
	bool flush = false;
	u32 i;

	for (i = 0; i < PT_USER_ENTRIES; i++) {
		u64 word = pt_load(&from[i]);

		if (pt_is_empty(word))
			continue;
		page_get(target(word));
		if (pt_is_link(word) && !is_frozen(target(word))) {
			word = pt_cold(pt_pfn(word));
			pt_store(&from[i], word);
			flush = true;
		}
		pt_store(&to[i], word);
	}
	return flush;
}

/* ---- walking ------------------------------------------------------------ */

/*
 * Makes the cold link in entry (of a table that is owned, or not) valid.  A
 * child that is owned as well comes back as it was, writable leaves and all;
 * then its parent can no longer count as frozen.
 */
static void
warm(struct page *node, u64 *entry, u64 word, bool owned)
{
	struct page *child = target(word);

	if (!owned || !page_is_sole(child))
		freeze(child);
	else if (!is_frozen(child))
		clear_frozen(node);
	pt_store(entry, pt_link(pt_pfn(word)));
	mm_count(MM_STAT_COLD_FAULTS);
}

bool
tree_walk(struct page *root, uaddr_t va, struct tree_path *path)
{
	struct page *node = root;
	bool warmed = false;
	int level;

	path->owned = true;
	for (level = PT_LEVELS - 1;; level--) {
		u64 *entry = &table_of(node)[pt_index(va, level)];
		u64 word = pt_load(entry);

		path->node[level] = node;
		path->entry[level] = entry;
		path->level = level;
		if (level == 0 || pt_is_empty(word))
			return warmed;
		if (pt_is_cold(word)) {
			warm(node, entry, word, path->owned);
			warmed = true;
		}
		node = target(word);
		if (!page_is_sole(node))
			path->owned = false;
	}
}

/* ---- owning ------------------------------------------------------------- */

u32
tree_own_needs(struct page *root, uaddr_t va)
{
	struct page *node = root;
	int level;

	for (level = PT_LEVELS - 1; level > 0; level--) {
		u64 word = pt_load(&table_of(node)[pt_index(va, level)]);

		if (pt_is_empty(word))
			return level;
		node = target(word);
		/* Below a copied table everything has one more holder. */
		if (!page_is_sole(node))
			return level;
	}
	return 0;
}

static struct page *
make_table(struct tree_spare *spare, int level)
{
	struct page *table = tree_spare_take(spare);

	table->level = level;
	/* So far nothing in it can be written. */
	table->frozen = 1;
	return table;
}

/*
 * The counts of the children rise before the old table's may fall, so that no
 * child is ever taken for anybody's alone.
 */
static struct page *
copy_table(struct page *old, struct tree_spare *spare)
{
	struct page *table = make_table(spare, old->level);
	u64 *from = table_of(old);
	u64 *to = table_of(table);
	u32 i;

	freeze(old);
	for (i = 0; i < PT_ENTRIES; i++) {
		u64 word = pt_load(&from[i]);

		if (!pt_is_empty(word))
			page_get(target(word));
		to[i] = word;
	}
	mm_count(MM_STAT_TABLES_COPIED);
	return table;
}

/* The child below an entry of an owned table, owned. */
static struct page *
own_child(struct page *node, u64 *entry, int level, struct tree_spare *spare,
    struct tree_gather *g)
{
	u64 word = pt_load(entry);
	struct page *child, *old;

	if (pt_is_empty(word)) {
		child = make_table(spare, level - 1);
		memset(page_kva(child), 0, PAGE_SIZE);
	} else if (page_is_sole(target(word))) {
		if (pt_is_cold(word))
			warm(node, entry, word, true);
		return target(word);
	} else {
		old = target(word);
		child = copy_table(old, spare);
		gather_add(g, old);
	}
	/* Release, in pt_store: filled before it can be walked. */
	pt_store(entry, pt_link(page_pfn(child)));
	return child;
}

void
tree_own(struct page *root, uaddr_t va, struct tree_spare *spare,
    struct tree_gather *g, struct tree_path *path)
{
	struct page *node = root;
	int level;

	for (level = PT_LEVELS - 1;; level--) {
		u64 *entry = &table_of(node)[pt_index(va, level)];

		path->node[level] = node;
		path->entry[level] = entry;
		if (level == 0)
			break;
		node = own_child(node, entry, level, spare, g);
	}
	path->level = 0;
	path->owned = true;
}

int
tree_own_existing(struct page *root, uaddr_t va, struct tree_gather *g)
{
	struct page *node = root;
	struct tree_spare spare;
	int level, err;

	err = tree_spare_fill(&spare, tree_own_needs(root, va));
	if (err < 0)
		return err;
	for (level = PT_LEVELS - 1; level > 0; level--) {
		u64 *entry = &table_of(node)[pt_index(va, level)];

		if (pt_is_empty(pt_load(entry)))
			break;
		node = own_child(node, entry, level, &spare, g);
	}
	tree_spare_drop(&spare);
	return 0;
}

/* ---- leaves ------------------------------------------------------------- */

void
tree_set_leaf(struct tree_path *path, u64 word)
{
	check(path->owned && path->level == 0);
	/* T4 first: no moment with W in a table that says it is frozen. */
	if (word & PTE_W)
		tree_thawed(path);
	pt_store(path->entry[0], word);
}

void
tree_thaw(struct tree_path *path, u32 from, u32 to, bool shared_too)
{
	u64 *entries = table_of(path->node[0]);
	u32 i;

	check(path->owned && path->level == 0);
	for (i = from; i < to; i++) {
		u64 word = pt_load(&entries[i]);

		if (!pt_is_leaf(word))
			continue;
		if (shared_too || page_is_sole(target(word)))
			atomic_store(&entries[i], word | PTE_W | PTE_D);
	}
	mm_count(MM_STAT_THAWS);
}

void
tree_thawed(struct tree_path *path)
{
	clear_frozen(path->node[0]);
	clear_frozen(path->node[1]);
}

/* ---- taking away -------------------------------------------------------- */

static void
zap_table(struct page *node, u64 start, u64 end, struct tree_gather *g)
{
	u64 *entries = table_of(node);
	int level = node->level;
	u64 span = pt_span(level);
	u64 at, next;

	check(page_is_sole(node));
	for (at = start; at < end; at = next) {
		u64 *entry = &entries[pt_index(uaddr(at), level)];
		u64 word = pt_load(entry);

		next = MIN(align_down(at, span) + span, end);
		if (pt_is_empty(word))
			continue;
		if (level > 0 && next - at < span) {
			zap_table(target(word), at, next, g);
			continue;
		}
		pt_store(entry, 0);
		gather_add(g, target(word));
	}
}

void
tree_zap(struct page *root, uaddr_t start, uaddr_t end, struct tree_gather *g)
{
	zap_table(root, start.val, end.val, g);
}

/* ---- looking ------------------------------------------------------------ */

static bool
next_leaf(struct page *node, u64 *at, u64 end, u64 *word_out)
{
	u64 *entries = table_of(node);
	int level = node->level;
	u64 span = pt_span(level);

	while (*at < end) {
		u64 word = pt_load(&entries[pt_index(uaddr(*at), level)]);
		u64 next = align_down(*at, span) + span;

		if (!pt_is_empty(word) && level == 0) {
			*word_out = word;
			return true;
		}
		if (!pt_is_empty(word) &&
		    next_leaf(target(word), at, MIN(next, end), word_out))
			return true;
		*at = next;
	}
	return false;
}

bool
tree_next_leaf(struct page *root, uaddr_t *va, uaddr_t end, u64 *word)
{
	return next_leaf(root, &va->val, end.val, word);
}
