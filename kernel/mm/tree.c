#include "mm/tree.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/stat.h"
#include "mm/table.h"

/* ---- gathering (T5) ----------------------------------------------------- */

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

/* Nobody has a way to the table any more: it ends as it began, empty (P3). */
static void
put_entries(struct page *table)
{
	u64 *entries = table_of(table);
	struct groups g = groups_of(table);
	u64 i, j;

	while (next_group(&g, &i))
		for (j = i; j < i + GROUP; j++) {
			u64 word = entries[j];

			if (pt_is_empty(word))
				continue;
			entries[j] = 0;
			tree_put(target(word));
		}
	table->zeroed = 1;
}

void
tree_free(struct page *node)
{
	if (node->kind == PAGE_TABLE)
		put_entries(node);
	frame_free(node);
}

bool
tree_drop_next(struct page *root)
{
	u64 *entries = table_of(root);
	struct groups g = groups_of(root);
	u64 i, j;

	while (next_group(&g, &i))
		for (j = i; j < i + GROUP; j++) {
			u64 word = entries[j];

			if (pt_is_empty(word))
				continue;
			entries[j] = 0;
			tree_put(target(word));
			return true;
		}
	return false;
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

/* What both link to from now on; true if the first was valid and is not. */
static inline bool
share_link(u64 *from, u64 *to)
{
	u64 word = *from;
	bool chilled = false;

	if (pt_is_empty(word))
		return false;
	page_get(target(word));
	if (pt_is_link(word) && !is_frozen(target(word))) {
		word = pt_cold(pt_pfn(word));
		pt_store(from, word);
		chilled = true;
	}
	pt_store(to, word);
	return chilled;
}

bool
tree_share(struct page *from_root, struct page *to_root)
{
	u64 *from = table_of(from_root);
	u64 *to = table_of(to_root);
	struct groups g = groups_of(from_root);
	bool flush = false;
	u64 i, j;

	to_root->groups = from_root->groups;
	while (next_group(&g, &i)) {
		UNROLL(8)
		for (j = 0; j < GROUP; j++)
			flush |= share_link(&from[i + j], &to[i + j]);
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
		table_freeze(child);
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

void
tree_warm_both(struct page *from_root, struct page *to_root, uaddr_t va)
{
	u32 i = pt_index(va, PT_LEVELS - 1);
	struct tree_path path;

	(void)tree_walk(from_root, va, &path);
	/* What it leads to is shared, so the walk has left it frozen (T3). */
	pt_store(&table_of(to_root)[i], pt_load(&table_of(from_root)[i]));
}

/* ---- owning ------------------------------------------------------------- */

u32
tree_look(struct page *root, uaddr_t va, struct tree_path *path)
{
	struct page *node = root;
	bool warm = true;
	u32 needs = 0;
	int level;

	UNROLL(3)
	for (level = PT_LEVELS - 1; level >= 0; level--) {
		u64 *entry = &table_of(node)[pt_index(va, level)];

		path->node[level] = node;
		path->entry[level] = entry;
		path->word = pt_load(entry);
		if (level == 0 || pt_is_empty(path->word))
			break;
		node = target(path->word);
		warm = warm && pt_is_link(path->word);
		/* Below a copied table everything has one more holder. */
		if (needs == 0 && !page_is_sole(node))
			needs = level;
	}
	path->level = level;
	path->owned = warm && needs == 0 && level == 0;
	return needs > 0 ? needs : (u32)level;
}

u32
tree_own_needs(struct page *root, uaddr_t va)
{
	struct tree_path path;

	return tree_look(root, va, &path);
}

/* The child below an entry of an owned table, owned. */
static struct page *
own_child(struct page *node, u64 *entry, int level, struct tree_spare *spare,
    struct tree_gather *g)
{
	u64 word = pt_load(entry);
	struct page *child, *old;

	if (pt_is_empty(word)) {
		child = table_make(spare, level - 1, false);
	} else if (page_is_sole(target(word))) {
		if (pt_is_cold(word))
			warm(node, entry, word, true);
		return target(word);
	} else {
		old = target(word);
		child = table_copy(old, spare);
		gather_add(g, old);
	}
	set_entry(node, entry, pt_link(page_pfn(child)));
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

/* The same when missing tables stay missing: nothing is wanted for those. */
static u32
own_existing_needs(struct page *root, uaddr_t va)
{
	struct page *node = root;
	int level;

	for (level = PT_LEVELS - 1; level > 0; level--) {
		u64 word = pt_load(&table_of(node)[pt_index(va, level)]);

		if (pt_is_empty(word))
			return 0;
		node = target(word);
		if (!page_is_sole(node))
			return level;
	}
	return 0;
}

int
tree_own_existing(struct page *root, uaddr_t va, struct tree_gather *g)
{
	struct page *node = root;
	struct tree_spare spare;
	int level, err;

	err = tree_spare_fill(&spare, own_existing_needs(root, va));
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
	set_entry(path->node[0], path->entry[0], word);
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

/*
 * A table that somebody else may come to own meanwhile is not in the way: he
 * would be the only one with a link to it, and we have one.  What others do to
 * it while it is shared takes W as well.  Whoever has W in its translations
 * owns the table: it is this space, which flushes.
 */
static bool
protect_table(struct page *node, u64 start, u64 end)
{
	u64 *entries = table_of(node);
	int level = node->level;
	u64 span = pt_span(level);
	bool any = false;
	u64 at, next;

	if (level == 0 && is_frozen(node))
		return false;
	for (at = start; at < end; at = next) {
		u64 *entry = &entries[pt_index(uaddr(at), level)];
		u64 word = pt_load(entry);

		if (!(node->groups & group_bit(entry))) {
			next = align_down(at, GROUP * span) + GROUP * span;
			continue;
		}
		next = align_down(at, span) + span;
		if (level > 0 && !pt_is_empty(word)) {
			any |= protect_table(target(word), at, MIN(next, end));
		} else if (level == 0 && (word & PTE_W)) {
			pt_write_protect(entry);
			any = true;
		}
	}
	return any;
}

bool
tree_write_protect(struct page *root, uaddr_t start, uaddr_t end)
{
	return protect_table(root, start.val, end.val);
}

/* ---- taking away -------------------------------------------------------- */

static void
zap_table(struct page *node, u64 start, u64 end, struct tree_gather *g)
{
	u64 *entries = table_of(node);
	int level = node->level;
	u64 span = pt_span(level);
	u64 at, next;

	for (at = start; at < end; at = next) {
		u64 *entry = &entries[pt_index(uaddr(at), level)];
		u64 word = pt_load(entry);

		if (!(node->groups & group_bit(entry))) {
			next = align_down(at, GROUP * span) + GROUP * span;
			continue;
		}
		next = MIN(align_down(at, span) + span, end);
		if (pt_is_empty(word))
			continue;
		if (level > 0 && next - at < span) {
			/* What is not owned has no page of the range. */
			if (page_is_sole(target(word)))
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
	u64 word;

	zap_table(root, start.val, end.val, g);
	check(!tree_next_leaf(root, &start, end, &word));
}

/* ---- looking ------------------------------------------------------------ */

static bool
next_leaf(struct page *node, u64 *at, u64 end, u64 *word_out)
{
	u64 *entries = table_of(node);
	int level = node->level;
	u64 span = pt_span(level);

	while (*at < end) {
		u64 *entry = &entries[pt_index(uaddr(*at), level)];
		u64 word = pt_load(entry);
		u64 next = align_down(*at, span) + span;

		if (!(node->groups & group_bit(entry))) {
			*at = align_down(*at, GROUP * span) + GROUP * span;
			continue;
		}
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
