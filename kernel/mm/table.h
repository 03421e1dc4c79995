/*
 * One table of a tree: which of its entries there are, whether it is frozen,
 * and what is done to it as a whole.  For mm/tree.c alone, whose laws these
 * are.
 */
#ifndef MM_TABLE_H
#define MM_TABLE_H

#include "lib/assert.h"
#include "mm/tree.h"

static inline u64 *
table_of(const struct page *node)
{
	return page_kva(node);
}

static inline struct page *
target(u64 word)
{
	return pfn_page(pt_pfn(word));
}

static inline bool
is_frozen(const struct page *table)
{
	/* Acquire: its leaves lost W before; pairs with set_frozen. */
	return __atomic_load_n(&table->frozen, __ATOMIC_ACQUIRE) != 0;
}

static inline void
set_frozen(struct page *table)
{
	/* Release: the bits are cleared before anybody sees it frozen. */
	__atomic_store_n(&table->frozen, 1, __ATOMIC_RELEASE);
}

static inline void
clear_frozen(struct page *table)
{
	__atomic_store_n(&table->frozen, 0, __ATOMIC_RELAXED);
}

/* ---- where the entries are (P2) ----------------------------------------- */

/*
 * Most tables are nearly empty, so who goes over a whole table goes from one
 * group of entries to the next that may hold any.
 */
#define GROUP      TREE_GROUP
#define ALL_GROUPS (~0ul)

static_assert(PT_ENTRIES / GROUP == 64, "groups are the bits of one word");

struct groups {
	u64 left; /* bits of the groups to come */
	u64 at;   /* index of the first entry of the next group */
};

static inline struct groups
groups_of(const struct page *table)
{
	return (struct groups){.left = table->groups};
}

/* Those that are empty; some is not. */
static inline void
skip_groups(struct groups *g)
{
	/* Eight at once first: a stack's tables have only their last. */
	while (!(g->left & 0xff)) {
		g->left >>= 8;
		g->at += 8 * GROUP;
	}
	while (!(g->left & 1)) {
		g->left >>= 1;
		g->at += GROUP;
	}
}

/* The index of the next group's first entry to *i; false when none is left. */
static inline bool
next_group(struct groups *g, u64 *i)
{
	if (g->left == 0)
		return false;
	if (!(g->left & 1))
		skip_groups(g);
	*i = g->at;
	g->left >>= 1;
	g->at += GROUP;
	return true;
}

/* Which of its table's groups an entry is in: a group is 64 bytes. */
static inline u64
group_bit(const u64 *entry)
{
	return 1ul << ((u64)entry % PAGE_SIZE / (GROUP * sizeof(u64)));
}

static inline void
set_entry(struct page *table, u64 *entry, u64 word)
{
	table->groups |= group_bit(entry);
	/* Release, in pt_store: what it leads to is filled. */
	pt_store(entry, word);
}

/* ---- whole tables ------------------------------------------------------- */

/* Takes the right to write from all below (T4); T2 says when. */
void table_freeze(struct page *table);

/* A frozen one of a spare frame; without entries, or the caller fills it. */
struct page *table_make(struct tree_spare *spare, int level, bool filled);

/*
 * The same with all entries that old has, which is frozen then, if it was not;
 * every child has one more link.
 */
struct page *table_copy(struct page *old, struct tree_spare *spare);

#endif
