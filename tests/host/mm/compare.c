/*
 * Everything that can be seen from outside against the reference, and the laws
 * of mm/frame.h and mm/tree.h, by a walk that shares no code with the kernel's.
 */
#include <stdio.h>
#include <string.h>

#include "mm/mm_impl.h"
#include "world.h"

static char why[200];

/* ---- regions ------------------------------------------------------------ */

static bool
region_is(const struct region *r, const struct mpage *p, u32 page, u32 pages)
{
	struct object *o =
	    p->object < NR_OBJECTS ? world.objects[p->object] : NULL;

	return r->start == window_va[page] &&
	    r->end == r->start + pages * PAGE_SIZE && r->prot == p->prot &&
	    r->flags == p->flags && r->object == o &&
	    (o == NULL || r->offset == p->index * PAGE_SIZE);
}

bool
world_regions_match(u32 s, const struct model *m)
{
	const struct mspace *ms = &m->spaces[s];
	const struct region_block *b = world.mms[s]->block;
	u32 i = 0, r = 0, pages, total = 0;

	while (i < NR_PAGES) {
		if (!ms->pages[i].mapped) {
			i++;
			continue;
		}
		pages = model_run(ms, i);
		if (r == b->nr ||
		    !region_is(&b->regions[r], &ms->pages[i], i, pages))
			return false;
		r++;
		i += pages;
		total += pages;
	}
	return r == b->nr && world.mms[s]->c.mapped_pages == total;
}

/* ---- bytes -------------------------------------------------------------- */

static struct page *
page_of(u64 word)
{
	return pfn_page(pt_pfn(word));
}

/* The leaf for an address, looking through cold links; 0 for none. */
static u64
leaf_at(const struct page *root, u64 va)
{
	const struct page *node = root;
	int level;

	for (level = PT_LEVELS - 1;; level--) {
		const u64 *table = page_kva(node);
		u64 word = table[va >> (PAGE_SHIFT + 9 * level) & 511];

		if (word == 0 || level == 0)
			return word;
		node = page_of(word);
	}
}

static bool
page_shows(u64 leaf, const u32 *words)
{
	const char *bytes = page_kva(page_of(leaf));
	u32 w;

	for (w = 0; w < NR_WORDS; w++)
		if (memcmp(bytes + word_offset[w], &words[w], 4) != 0)
			return false;
	return true;
}

/* An empty slot shows zeroes, or what the object has. */
static bool
page_matches(const struct model *m, const struct mpage *p, u64 leaf)
{
	const u32 *words = p->mapped ? model_words(m, p) : NULL;

	if (leaf != 0)
		return words != NULL && page_shows(leaf, words);
	return !p->own || (words[0] == 0 && words[1] == 0);
}

static const char *
space_differs(u32 s, const struct model *m)
{
	u32 i;

	if (!world_regions_match(s, m)) {
		snprintf(why, sizeof(why), "space %u has other regions", s);
		return why;
	}
	for (i = 0; i < NR_PAGES; i++) {
		u64 leaf = leaf_at(world.mms[s]->root, window_va[i]);

		if (page_matches(m, &m->spaces[s].pages[i], leaf))
			continue;
		snprintf(why, sizeof(why),
		    "space %u page %u (%#lx) has other bytes, leaf %#lx", s, i,
		    window_va[i], leaf);
		return why;
	}
	return NULL;
}

static bool
has_words(const u32 *words)
{
	u32 w;

	for (w = 0; w < NR_WORDS; w++)
		if (words[w] != 0)
			return true;
	return false;
}

/* Pages that an object has, or should have, and its size. */
static const char *
object_differs(u32 n, const struct model *m)
{
	struct object *o = world.objects[n];
	const struct mobject *mo = &m->objects[n];
	struct page *p;
	u64 i;

	if (o->size_bytes != mo->size_bytes) {
		snprintf(why, sizeof(why), "object %u has %lu bytes, not %lu",
		    n, o->size_bytes, mo->size_bytes);
		return why;
	}
	for (i = 0; n != FILE_OBJECT && i < OBJ_PAGES; i++)
		if (xmap_get(&o->pages, i) == NULL && has_words(mo->words[i])) {
			snprintf(why, sizeof(why),
			    "object %u has lost page %lu", n, i);
			return why;
		}
	for (i = 0; (p = xmap_next(&o->pages, i, &i)) != NULL; i++) {
		if (i << PAGE_SHIFT < o->size_bytes && p->object == o &&
		    p->index == i &&
		    page_shows(pt_link(page_pfn(p)), mo->words[i]))
			continue;
		snprintf(why, sizeof(why), "object %u page %lu", n, i);
		return why;
	}
	return NULL;
}

const char *
world_differs(const struct model *m)
{
	const char *what = NULL;
	u32 i;

	for (i = 0; i < NR_SPACES && what == NULL; i++) {
		if ((world.mms[i] != NULL) != m->spaces[i].alive)
			return "a space that should not be, or is not";
		if (world.mms[i] != NULL)
			what = space_differs(i, m);
	}
	for (i = 0; i < NR_OBJECTS && what == NULL; i++)
		what = object_differs(i, m);
	return what != NULL ? what : world_store_differs(m);
}

void
world_compare(void)
{
	const char *what = world_differs(&world.model);

	if (what != NULL)
		sim_fail("%s", what);
}

/* ---- the laws ----------------------------------------------------------- */

static u32 links[SIM_FRAMES];
static bool look_everywhere;

/*
 * The entries to look at in a table that covers addresses from base: those of
 * the windows, or all.
 */
struct entries {
	u32 nr;
	u32 index[NR_PAGES];
};

static void
entries_of_windows(struct entries *e, u64 base, int level)
{
	u64 span = PAGE_SIZE << (9 * level);
	u32 i;

	e->nr = 0;
	for (i = 0; i < NR_PAGES; i++) {
		u64 in = window_va[i] - base;
		u32 at = in / span;

		if (in / span < PT_ENTRIES &&
		    (e->nr == 0 || e->index[e->nr - 1] != at))
			e->index[e->nr++] = at;
	}
}

/* Windows do not move, so each place's list is made once. */
#define MAX_PLACES 16
static struct place {
	u64 base;
	int level;
	struct entries entries;
} places[MAX_PLACES];
static u32 nr_places;

static const struct entries *
entries_at(u64 base, int level)
{
	u32 i;

	for (i = 0; i < nr_places; i++)
		if (places[i].base == base && places[i].level == level)
			return &places[i].entries;
	if (nr_places == MAX_PLACES)
		sim_fail("table of level %d for %#lx", level, base);
	places[nr_places].base = base;
	places[nr_places].level = level;
	entries_of_windows(&places[nr_places].entries, base, level);
	return &places[nr_places++].entries;
}

static void
broken(const char *law, const struct page *p, u64 word)
{
	sim_fail("%s: frame %#lx (kind %u, level %u, frozen %u, refs %lu), "
		 "entry %#lx",
	    law, page_pfn(p).val, p->kind, p->level, p->frozen,
	    refcount_read(&p->refs), word);
}

static void visit(const struct page *table, u64 base);

static void
visit_link(const struct page *table, u64 base, u64 word)
{
	struct page *child = page_of(word);

	if (!pt_is_link(word) && !pt_is_cold(word))
		broken("a link", table, word);
	if ((word & ~PTE_PFN_MASK) != PTE_V &&
	    (word & ~PTE_PFN_MASK) != PTE_COLD)
		broken("bits of a link", table, word);
	if (child->kind != PAGE_TABLE || child->level + 1 != table->level)
		broken("level", child, word);
	if (pt_is_link(word) && !child->frozen) {
		if (refcount_read(&child->refs) > 1)
			broken("T3", child, word);
		if (table->frozen)
			broken("T4", child, word);
	}
	if (links[child - page_array]++ == 0)
		visit(child, base);
}

static void
visit_leaf(const struct page *table, u64 word)
{
	struct page *p = page_of(word);

	if (!pt_is_leaf(word) && !pt_is_hidden(word))
		broken("a leaf", table, word);
	if (word >> 54 != 0)
		broken("bits of a leaf", table, word);
	if (p != zero_page && p->kind != PAGE_ANON && p->kind != PAGE_CACHE)
		broken("kind", p, word);
	if ((word & PTE_W) && table->frozen)
		broken("T4", table, word);
	if ((word & PTE_W) && p == zero_page)
		broken("W on the zero page", table, word);
	links[p - page_array]++;
}

static void
visit_entry(const struct page *table, u64 base, u32 i)
{
	const u64 *entries = page_kva(table);
	u64 word = entries[i];

	if (word == 0)
		return;
	if (!(table->groups >> i / 8 & 1))
		broken("P2", table, word);
	if (table->level == 0)
		visit_leaf(table, word);
	else
		visit_link(
		    table, base + ((u64)i << (12 + 9 * table->level)), word);
}

static void
visit(const struct page *table, u64 base)
{
	const struct entries *e = entries_at(base, table->level);
	u32 n = table->level == PT_LEVELS - 1 ? PT_USER_ENTRIES : PT_ENTRIES;
	u32 i;

	for (i = 0; look_everywhere && i < n; i++)
		visit_entry(table, base, i);
	for (i = 0; !look_everywhere && i < e->nr; i++)
		visit_entry(table, base, e->index[i]);
}

/* W: what hardware could write through this space's tables at once. */
static void
check_rights(u32 s, u32 page)
{
	const struct mpage *p = &world.model.spaces[s].pages[page];
	const struct page *node = world.mms[s]->root;
	u64 va = window_va[page];
	bool owned = true;
	int level;
	u64 word;

	for (level = PT_LEVELS - 1;; level--) {
		const u64 *table = page_kva(node);

		word = table[va >> (PAGE_SHIFT + 9 * level) & 511];
		if (!(word & PTE_V))
			return;
		if (level == 0)
			break;
		node = page_of(word);
		owned = owned && refcount_read(&node->refs) == 1;
	}
	if ((word & PTE_R) && !(p->prot & 3))
		broken("R that the region lacks", page_of(word), word);
	if ((word & PTE_X) && !(p->prot & MM_EXEC))
		broken("X that the region lacks", page_of(word), word);
	if (!(word & PTE_W))
		return;
	if (!(p->prot & MM_WRITE))
		broken("W that the region lacks", page_of(word), word);
	if (!owned)
		broken("W below a shared table", page_of(word), word);
	if (!(p->flags & MM_SHARED) && refcount_read(&page_of(word)->refs) > 1)
		broken("W on a page that others have", page_of(word), word);
	if ((p->flags & MM_SHARED) && p->object == FILE_OBJECT &&
	    !(page_of(word)->dirty & PAGE_MAPPED_DIRTY))
		broken("O4", page_of(word), word);
}

static void
count_holders(void)
{
	u32 n;
	u64 i;

	links[zero_page - page_array]++;
	links[sim_kernel_root - page_array]++;
	for (n = 0; n < NR_OBJECTS; n++) {
		struct object *o = world.objects[n];
		struct page *p;

		for (i = 0; (p = xmap_next(&o->pages, i, &i)) != NULL; i++)
			links[p - page_array]++;
	}
}

/* Blocks of regions, and the objects that they name. */
static void
check_blocks(void)
{
	u64 named[NR_OBJECTS] = {0};
	u32 s, t, i, n;

	for (s = 0; s < NR_SPACES; s++) {
		u32 users = 0, first = NR_SPACES;
		struct region_block *b;

		if (world.mms[s] == NULL)
			continue;
		b = world.mms[s]->block;
		for (t = NR_SPACES; t-- > 0;)
			if (world.mms[t] != NULL && world.mms[t]->block == b) {
				users++;
				first = t;
			}
		if (refcount_read(&b->refs) != users)
			sim_fail("R1: block of space %u has %lu users, not %u",
			    s, refcount_read(&b->refs), users);
		for (i = 0; s == first && i < b->nr; i++)
			for (n = 0; n < NR_OBJECTS; n++)
				named[n] +=
				    b->regions[i].object == world.objects[n];
	}
	for (n = 0; n < NR_OBJECTS; n++)
		if (world.objects[n]->nr_mapped != named[n] ||
		    refcount_read(&world.objects[n]->refs) != named[n] + 1)
			sim_fail("object %u: %lu mapped, %lu holders, not %lu",
			    n, world.objects[n]->nr_mapped,
			    refcount_read(&world.objects[n]->refs), named[n]);
}

/* O3 of the file. */
static void
check_marks(void)
{
	const struct object *o = world.objects[FILE_OBJECT];
	u64 dirty = 0, mapped = 0, writing = 0, i;
	struct page *p;

	for (i = 0; (p = xmap_next(&o->pages, i, &i)) != NULL; i++) {
		dirty += (p->dirty & (PAGE_DIRTY | PAGE_MAPPED_DIRTY)) != 0;
		mapped += (p->dirty & PAGE_MAPPED_DIRTY) != 0;
		writing += (p->dirty & PAGE_WRITING) != 0;
		if (p->dirty != 0 && (i < o->marked_from || i >= o->marked_to))
			sim_fail("O3: page %lu is marked, none in [%lu, %lu)",
			    i, o->marked_from, o->marked_to);
	}
	if (o->nr_dirty != dirty || o->nr_mapped_dirty != mapped ||
	    o->nr_writing != 0 || writing != 0)
		sim_fail("O3: %lu dirty, %lu mapped, %lu written, not %lu, "
			 "%lu, %lu",
		    o->nr_dirty, o->nr_mapped_dirty, o->nr_writing, dirty,
		    mapped, writing);
}

/* ---- what harts keep ---------------------------------------------------- */

/*
 * A cold link to a table that is frozen may be kept as a valid one: two that
 * freeze the table above it at once may make it cold again behind a third, who
 * has made it valid (T2).  Nothing can be written by it.
 */
static bool
still_leads_down(u64 word)
{
	if (pt_is_cold(word))
		return page_of(word)->frozen != 0;
	return pt_is_link(word);
}

/* What is there now; 0 if a hart could not come to it. */
static u64
entry_now(u32 s, int level, u64 va)
{
	const struct page *node = world.mms[s]->root;
	int l;

	for (l = PT_LEVELS - 1;; l--) {
		const u64 *table = page_kva(node);
		u64 word = table[va >> (PAGE_SHIFT + 9 * l) & 511];

		if (l == 0)
			return word;
		if (!still_leads_down(word))
			return 0;
		if (l == level)
			return word;
		node = page_of(word);
	}
}

/*
 * A valid entry that a hart keeps shows what is there, and gives no right that
 * the tables do not.
 */
static void
check_cached(u32 hart, u64 asid, int level, u64 va, u64 word)
{
	u64 now;
	u32 s;

	if (!(word & PTE_V))
		return;
	for (s = 0; s < NR_SPACES; s++)
		if (world.mms[s] != NULL && world.mms[s]->space.asid == asid)
			break;
	if (s == NR_SPACES)
		sim_fail("hart %u keeps entries of a space that is gone", hart);
	now = entry_now(s, level, va);
	if (pt_pfn(now).val != pt_pfn(word).val || (word & PTE_RWX & ~now))
		sim_fail("hart %u keeps entry %#lx of level %d for %#lx in "
			 "space %u, where %#lx is",
		    hart, word, level, va, s, now);
}

void
world_check(bool whole)
{
	u32 nr = sim_nr_used_ever();
	u32 s, i, stray = 0;

	look_everywhere = whole;
	memset(links, 0, sizeof(links));
	for (s = 0; s < NR_SPACES; s++) {
		if (world.mms[s] == NULL)
			continue;
		links[world.mms[s]->root - page_array]++;
		visit(world.mms[s]->root, 0);
		for (i = 0; i < NR_PAGES; i++)
			check_rights(s, i);
	}
	count_holders();
	/* What was never used has no count, and nothing may lead to it. */
	for (i = 0; i < nr; i++)
		if (links[i] != refcount_read(&page_array[i].refs))
			sim_fail("P1: frame %#lx (kind %u, level %u) has %lu "
				 "references, %u links and holders",
			    page_pfn(&page_array[i]).val, page_array[i].kind,
			    page_array[i].level,
			    refcount_read(&page_array[i].refs), links[i]);
	for (; i < SIM_FRAMES; i++)
		stray |= links[i];
	if (stray != 0)
		sim_fail("something leads to a frame that was never used");
	check_blocks();
	check_marks();
	sim_each_cached(check_cached);
}
