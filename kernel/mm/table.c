#include "mm/table.h"

#include "mm/stat.h"

/* ---- freezing (T2, T4) -------------------------------------------------- */

/*
 * Two spaces may do this to one table at once.  The one that is done first may
 * have frozen a child by then and made its link valid again (T2), and the other
 * makes it cold once more: that costs a fault and nothing else.
 */
static inline void
freeze_links(u64 *entries)
{
	u32 i;

	UNROLL(8)
	for (i = 0; i < GROUP; i++) {
		u64 word = pt_load(&entries[i]);

		if (pt_is_link(word) && !is_frozen(target(word)))
			pt_store(&entries[i], pt_cold(pt_pfn(word)));
	}
}

static inline void
freeze_leaves(u64 *entries)
{
	u64 words[GROUP], any = 0;
	u32 i;

	UNROLL(8)
	for (i = 0; i < GROUP; i++) {
		words[i] = atomic_load(&entries[i]);
		any |= words[i];
	}
	/* Text, say, has none: to see that for all at once is cheaper. */
	if (!(any & PTE_W))
		return;
	UNROLL(8)
	for (i = 0; i < GROUP; i++)
		if (words[i] & PTE_W)
			pt_write_protect(&entries[i]);
}

/*
 * No hart holds a translation through this table that could write: it is
 * shared and was not frozen, so (T3) every link to it is cold, and each space
 * was flushed when its link became cold.
 */
void
table_freeze(struct page *table)
{
	u64 *entries = table_of(table);
	struct groups g = groups_of(table);
	u64 i;

	if (is_frozen(table))
		return;
	if (table->level == 0)
		while (next_group(&g, &i))
			freeze_leaves(entries + i);
	else
		while (next_group(&g, &i))
			freeze_links(entries + i);
	set_frozen(table);
	mm_count(MM_STAT_FREEZES);
}

/* ---- roots -------------------------------------------------------------- */

static struct groups
kernel_groups(const struct page *kernel_root)
{
	return (struct groups){
	    .left = kernel_root->groups >> (PT_USER_ENTRIES / GROUP),
	    .at = PT_USER_ENTRIES,
	};
}

/* A function of its own, so that each address is a sum of two numbers. */
static NOINLINE void
copy_words(u64 *to, const u64 *from)
{
	u32 i;

	UNROLL(8)
	for (i = 0; i < GROUP; i++)
		to[i] = from[i];
}

static inline void
clear_words(u64 *words)
{
	u32 i;

	UNROLL(8)
	for (i = 0; i < GROUP; i++)
		words[i] = 0;
}

void
tree_add_kernel_half(struct page *root, const struct page *kernel_root)
{
	const u64 *from = table_of(kernel_root);
	u64 *to = table_of(root);
	struct groups g = kernel_groups(kernel_root);
	u64 i;

	while (next_group(&g, &i))
		copy_words(to + i, from + i);
}

void
tree_remove_kernel_half(struct page *root, const struct page *kernel_root)
{
	u64 *entries = table_of(root);
	struct groups g = kernel_groups(kernel_root);
	u64 i;

	while (next_group(&g, &i))
		clear_words(entries + i);
}

/* ---- copying ------------------------------------------------------------ */

struct page *
table_make(struct tree_spare *spare, int level, bool filled)
{
	struct page *table = tree_spare_take(spare);

	if (filled)
		table->zeroed = 0;
	else
		frame_make_zero(table);
	table->level = level;
	/* So far nothing in it can be written. */
	table->frozen = 1;
	return table;
}

/*
 * The struct page of what a word leads to, for loops over whole tables.  The
 * bits below the frame's number are low, and the word is shifted just as far as
 * makes of the number an offset in the array: what low adds to that is taken
 * off here, once.  Bits 0 to 4 are shifted out, and 54 to 63 are always zero.
 */
#define OFFSET_SHIFT (PTE_PFN_SHIFT - 5)

static_assert(sizeof(struct page) == 1 << (PTE_PFN_SHIFT - OFFSET_SHIFT),
    "a frame's number is shifted to its offset in the array");

static u64
page_origin(u64 low)
{
	return (u64)page_array - page_first * sizeof(struct page) -
	    (low >> OFFSET_SHIFT);
}

/* One link more to what is linked already, so the count is not 0 (P1). */
static inline void
count_up(u64 origin, u64 word)
{
	struct page *p = (struct page *)(origin + (word >> OFFSET_SHIFT));

	check(p == target(word) && refcount_read(&p->refs) != 0);
	atomic_count(&p->refs.count);
}

/* The same for a group of words of which nothing is known. */
static inline void
count_up_group(const u64 *words)
{
	u64 origin = page_origin(0);
	u32 i;

	UNROLL(8)
	for (i = 0; i < GROUP; i++)
		if (!pt_is_empty(words[i]))
			count_up(origin, words[i] & PTE_PFN_MASK);
}

/*
 * Copies a group of entries and counts what they lead to.  The first of these
 * also takes the right to write from both copies of a leaf, the second makes
 * both copies of a link cold: freezing and copying in one pass.  (A link that
 * leads to a frozen table need not be cold, and the price of finding that out
 * for each is more than that of the few faults.)
 *
 * No entry is loaded with acquire or stored with release: each word stored here
 * depends on the one loaded, and so comes after what that one came after.
 */
static inline void
copy_leaves(u64 *from, u64 *to, u64 origin)
{
	u64 words[GROUP], all = ~0ul;
	u32 i;

	UNROLL(8)
	for (i = 0; i < GROUP; i++) {
		words[i] = pt_write_protect(&from[i]);
		all &= words[i];
		to[i] = words[i];
	}
	if (unlikely(!(all & PTE_A))) {
		count_up_group(to);
		return;
	}
	/* A valid leaf alone has A, and above U nothing else but D, with W. */
	UNROLL(8)
	for (i = 0; i < GROUP; i++)
		count_up(origin, words[i]);
}

static inline void
copy_links(u64 *from, u64 *to, u64 origin)
{
	u32 i;

	UNROLL(8)
	for (i = 0; i < GROUP; i++) {
		u64 word = atomic_load(&from[i]);

		if (likely(!pt_is_empty(word))) {
			word = pt_chill(word);
			atomic_store(&from[i], word);
			count_up(origin, word);
		}
		to[i] = word;
	}
}

static inline void
copy_frozen(const u64 *from, u64 *to)
{
	u32 i;

	UNROLL(8)
	for (i = 0; i < GROUP; i++)
		to[i] = atomic_load(&from[i]);
	count_up_group(to);
}

static void
copy_entries(struct page *old, struct page *table)
{
	u64 *from = table_of(old);
	u64 *to = table_of(table);
	struct groups g = groups_of(old);
	u64 origin, i;

	if (is_frozen(old)) {
		while (next_group(&g, &i))
			copy_frozen(from + i, to + i);
		return;
	}
	origin = page_origin(old->level == 0 ? PTE_A : PTE_COLD);
	if (old->level == 0)
		while (next_group(&g, &i))
			copy_leaves(from + i, to + i, origin);
	else
		while (next_group(&g, &i))
			copy_links(from + i, to + i, origin);
	set_frozen(old);
	mm_count(MM_STAT_FREEZES);
}

/*
 * The counts of the children rise before the old table's may fall, so that no
 * child is ever taken for anybody's alone.  Both tables are frozen then.
 */
struct page *
table_copy(struct page *old, struct tree_spare *spare)
{
	struct page *table =
	    table_make(spare, old->level, old->groups == ALL_GROUPS);

	table->groups = old->groups;
	copy_entries(old, table);
	mm_count(MM_STAT_TABLES_COPIED);
	return table;
}
