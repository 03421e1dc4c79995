/* links: lib/page.c mm/table.c */
/*
 * The tree against a plain copy: four address spaces over a few pages in two
 * gigabytes, random histories, and after each step every byte and every law.
 * The hardware here is a walk that believes what it reads, entry by entry.
 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "mm/stat.h"
#include "mm/tree.h"

#define NR_FRAMES 4096
#define NR_SPACES 4
#define NR_PLACES 24
#define NR_STEPS  200000
#define NOTHING   (-1)

/* ---- physical memory ---------------------------------------------------- */

static char *arena;
static u64 nr_free;
u64 mm_stats[NR_MM_STATS];
struct page *page_array;
u64 page_first = 0x80000;
u64 page_count = NR_FRAMES;
struct page *zero_page;
u64 direct_base;
static struct page *free_list;

struct page *
frame_alloc(enum page_kind kind)
{
	struct page *p = free_list;

	if (p == NULL)
		return NULL;
	free_list = p->next_free;
	nr_free--;
	*p = (struct page){.kind = kind, .refs = {1}, .zeroed = p->zeroed};
	if (kind != PAGE_TABLE)
		p->zeroed = 0;
	if (!p->zeroed)
		memset(page_kva(p), 0xa5, PAGE_SIZE);
	return p;
}

void
frame_free(struct page *p)
{
	const u64 *words = page_kva(p);
	u32 i;

	assert_int_equal(refcount_read(&p->refs), 0);
	for (i = 0; p->zeroed && i < PT_ENTRIES; i++)
		assert_int_equal(words[i], 0);
	p->kind = PAGE_FREE;
	p->next_free = free_list;
	free_list = p;
	nr_free++;
}

/* ---- spaces and what they should hold ----------------------------------- */

static struct page *roots[NR_SPACES];
static s64 model[NR_SPACES][NR_PLACES];
static u64 writes;

/* Three pages in each of four tables in each of two gigabytes. */
static uaddr_t
place(u32 i)
{
	return uaddr((u64)(i / 12) * pt_span(2) +
	    (u64)(i / 3 % 4) * pt_span(1) + (u64)(i % 3) * PAGE_SIZE);
}

/* What hardware finds: NULL for a fault. */
static u64 *
hardware(struct page *root, uaddr_t va, bool write)
{
	struct page *node = root;
	int level;
	u64 word;

	for (level = PT_LEVELS - 1;; level--) {
		word = ((u64 *)page_kva(node))[pt_index(va, level)];
		if (!(word & PTE_V))
			return NULL;
		if (word & PTE_RWX)
			break;
		node = pfn_page(pt_pfn(word));
	}
	assert_int_equal(level, 0);
	if (write && !(word & PTE_W))
		return NULL;
	return page_kva(pfn_page(pt_pfn(word)));
}

static void
no_flush(void *space)
{
	(void)space;
}

/* The write fault, as mm/fault.c has it, without regions. */
static void
write_fault(struct page *root, uaddr_t va)
{
	struct tree_spare spare;
	struct tree_gather g;
	struct tree_path path;
	struct page *old, *fresh;
	u64 word;

	gather_init(&g, no_flush, NULL);
	assert_int_equal(tree_spare_fill(&spare, tree_own_needs(root, va)), 0);
	tree_own(root, va, &spare, &g, &path);
	tree_spare_drop(&spare);
	if (path.node[0]->frozen) {
		tree_thawed(&path);
		tree_thaw(&path, 0, PT_ENTRIES, false);
	}
	word = pt_load(path.entry[0]);
	if (word & PTE_W)
		goto out;
	old = pt_is_empty(word) ? NULL : pfn_page(pt_pfn(word));
	if (old != NULL && page_is_sole(old)) {
		tree_set_leaf(&path, word | PTE_W | PTE_D);
		goto out;
	}
	fresh = frame_alloc(PAGE_ANON);
	assert_non_null(fresh);
	if (old != NULL)
		memcpy(page_kva(fresh), page_kva(old), PAGE_SIZE);
	tree_set_leaf(&path, pt_leaf(page_pfn(fresh), PTE_R | PTE_W));
	if (old != NULL)
		gather_add(&g, old);
out:
	gather_finish(&g);
}

static void
do_write(u32 s, u32 i)
{
	u64 *bytes = hardware(roots[s], place(i), true);

	if (bytes == NULL) {
		write_fault(roots[s], place(i));
		bytes = hardware(roots[s], place(i), true);
	}
	assert_non_null(bytes);
	if (model[s][i] != NOTHING)
		assert_int_equal(*bytes, model[s][i]);
	*bytes = ++writes;
	model[s][i] = (s64)writes;
}

static void
do_read(u32 s, u32 i)
{
	struct tree_path path;
	u64 *bytes = hardware(roots[s], place(i), false);

	if (bytes == NULL) {
		tree_walk(roots[s], place(i), &path);
		bytes = hardware(roots[s], place(i), false);
	}
	if (model[s][i] == NOTHING)
		assert_null(bytes);
	else
		assert_int_equal(*bytes, model[s][i]);
}

static struct page *
make_root(void)
{
	struct page *root = frame_alloc(PAGE_TABLE);

	root->level = PT_LEVELS - 1;
	frame_make_zero(root);
	return root;
}

static void
do_fork(u32 from, u32 to)
{
	if (roots[to] != NULL)
		tree_put(roots[to]);
	roots[to] = make_root();
	(void)tree_share(roots[from], roots[to]);
	memcpy(model[to], model[from], sizeof(model[to]));
}

static void
do_zap(u32 s, u32 a, u32 b)
{
	uaddr_t start = place(MIN(a, b));
	uaddr_t end = uaddr(place(MAX(a, b)).val + PAGE_SIZE);
	struct tree_gather g;
	u32 i;

	gather_init(&g, no_flush, NULL);
	assert_int_equal(tree_own_existing(roots[s], start, &g), 0);
	assert_int_equal(
	    tree_own_existing(roots[s], uaddr(end.val - 1), &g), 0);
	tree_zap(roots[s], start, end, &g);
	gather_finish(&g);
	for (i = 0; i < NR_PLACES; i++)
		if (place(i).val >= start.val && place(i).val < end.val)
			model[s][i] = NOTHING;
}

/* ---- the laws ----------------------------------------------------------- */

static u32 links[NR_FRAMES];

static void
count_links(struct page *table)
{
	u64 *entries = page_kva(table);
	u32 i;

	for (i = 0; i < PT_ENTRIES; i++) {
		struct page *p;

		if (entries[i] == 0)
			continue;
		p = pfn_page(pt_pfn(entries[i]));
		if (table->level == 0) {
			assert_true(pt_is_leaf(entries[i]));
			if (table->frozen) /* T4 */
				assert_false(entries[i] & PTE_W);
			if (entries[i] & PTE_W)
				assert_int_equal(refcount_read(&p->refs), 1);
		} else if (pt_is_link(entries[i])) {
			if (refcount_read(&p->refs) > 1) /* T3 */
				assert_true(p->frozen);
			if (table->frozen) /* T4 */
				assert_true(p->frozen);
		} else {
			assert_true(pt_is_cold(entries[i]));
		}
		if (links[p - page_array]++ == 0 && p->kind == PAGE_TABLE)
			count_links(p);
	}
}

static void
check_laws(void)
{
	u32 s, i;

	memset(links, 0, sizeof(links));
	for (s = 0; s < NR_SPACES; s++) {
		if (roots[s] == NULL)
			continue;
		links[roots[s] - page_array]++;
		count_links(roots[s]);
	}
	for (i = 0; i < NR_FRAMES; i++) /* P1 */
		assert_int_equal(links[i], refcount_read(&page_array[i].refs));
}

/* ---- histories ---------------------------------------------------------- */

static void
step(void)
{
	u32 s = fake_random() % NR_SPACES;
	u32 i = fake_random() % NR_PLACES;
	u32 what = fake_random() % 100;

	if (what < 45)
		do_write(s, i);
	else if (what < 80)
		do_read(s, i);
	else if (what < 92)
		do_fork(
		    s, (s + 1 + fake_random() % (NR_SPACES - 1)) % NR_SPACES);
	else
		do_zap(s, i, fake_random() % NR_PLACES);
}

static int
set_up(void **state)
{
	u32 s, i;

	(void)state;
	arena = aligned_alloc(PAGE_SIZE, NR_FRAMES * PAGE_SIZE);
	direct_base = (u64)arena - (page_first << PAGE_SHIFT);
	page_array = calloc(NR_FRAMES, sizeof(*page_array));
	free_list = NULL;
	nr_free = 0;
	for (i = 0; i < NR_FRAMES; i++)
		frame_free(&page_array[i]);
	for (s = 0; s < NR_SPACES; s++) {
		roots[s] = make_root();
		for (i = 0; i < NR_PLACES; i++)
			model[s][i] = NOTHING;
	}
	return 0;
}

static int
tear_down(void **state)
{
	u32 s;

	(void)state;
	for (s = 0; s < NR_SPACES; s++) {
		tree_put(roots[s]);
		roots[s] = NULL;
	}
	assert_int_equal(nr_free, NR_FRAMES);
	free(arena);
	free(page_array);
	return 0;
}

static void
test_random_histories(void **state)
{
	u32 n;

	(void)state;
	fake_random_seed(1);
	for (n = 0; n < NR_STEPS; n++) {
		step();
		if (n % 8 == 0)
			check_laws();
	}
	check_laws();
}

static void
test_untouched_link_comes_back_writable(void **state)
{
	(void)state;
	do_write(0, 0);
	do_fork(0, 1);
	assert_null(hardware(roots[0], place(0), true));
	tree_put(roots[1]);
	roots[1] = make_root();
	memset(model[1], 0xff, sizeof(model[1]));
	mm_stats[MM_STAT_FREEZES] = 0;
	do_read(0, 0);
	assert_non_null(hardware(roots[0], place(0), true));
	assert_int_equal(mm_stats[MM_STAT_FREEZES], 0);
	check_laws();
}

static void
test_fork_of_a_frozen_tree_needs_no_flush(void **state)
{
	(void)state;
	do_write(0, 0);
	do_fork(0, 1);
	do_read(0, 0);
	do_read(1, 0);
	tree_put(roots[2]);
	roots[2] = make_root();
	assert_false(tree_share(roots[0], roots[2]));
	memcpy(model[2], model[0], sizeof(model[2]));
	assert_non_null(hardware(roots[0], place(0), false));
	check_laws();
}

static void
test_fork_warms_one_way_for_both(void **state)
{
	(void)state;
	do_write(0, 0);
	do_write(0, NR_PLACES - 1);
	do_fork(0, 1);
	assert_null(hardware(roots[0], place(0), false));
	tree_warm_both(roots[0], roots[1], place(0));
	assert_non_null(hardware(roots[0], place(0), false));
	assert_non_null(hardware(roots[1], place(0), false));
	assert_null(hardware(roots[0], place(0), true));
	assert_null(hardware(roots[1], place(0), true));
	assert_null(hardware(roots[1], place(NR_PLACES - 1), false));
	check_laws();
	/* Where nothing is nothing comes to be. */
	do_zap(1, 0, 0);
	do_fork(1, 2);
	tree_warm_both(roots[1], roots[2], place(0));
	assert_null(hardware(roots[2], place(0), false));
	check_laws();
}

static void
test_write_below_shared_tables_copies_three_nodes(void **state)
{
	u64 before;

	(void)state;
	do_write(0, 0);
	do_fork(0, 1);
	before = nr_free;
	do_write(0, 0);
	assert_int_equal(before - nr_free, 3);
	do_read(1, 0);
	check_laws();
}

/* What entry i of a table has, if groups are of one kind, and then mixed. */
static u64
leaf_bits(u32 i)
{
	static const u64 kinds[] = {PTE_R | PTE_W, PTE_R, PTE_R | PTE_X, 0};
	u32 group = i / TREE_GROUP;

	if (group < ARRAY_SIZE(kinds))
		return kinds[group];
	return kinds[(i + group) % ARRAY_SIZE(kinds)];
}

static bool
leaf_is_there(u32 i)
{
	/* Some groups are full and some are not. */
	return i / TREE_GROUP % 3 != 2 || i % 5 != 0;
}

/*
 * A table is copied, thawed or frozen before: both copies have the same leaves,
 * none with W, and each page has one link more.
 */
static void
copy_of_all_kinds(bool frozen_before)
{
	struct tree_path a, b;
	u32 i;

	for (i = 0; i < PT_ENTRIES; i++)
		write_fault(roots[0], uaddr(i * PAGE_SIZE));
	tree_walk(roots[0], uaddr(0), &a);
	for (i = 0; i < PT_ENTRIES; i++) {
		pfn_t page = pt_pfn(pt_load(&a.entry[0][i]));

		pt_store(&a.entry[0][i],
		    leaf_is_there(i) ? pt_leaf(page, leaf_bits(i)) : 0);
		if (!leaf_is_there(i))
			tree_put(pfn_page(page));
	}
	do_fork(0, 1);
	if (frozen_before)
		tree_walk(roots[0], uaddr(0), &a);
	write_fault(roots[1], uaddr(511 * PAGE_SIZE));
	tree_walk(roots[0], uaddr(0), &a);
	tree_walk(roots[1], uaddr(0), &b);
	assert_ptr_not_equal(a.entry[0], b.entry[0]);
	for (i = 0; i < PT_ENTRIES - 1; i++) {
		u64 word = pt_load(&a.entry[0][i]);
		u64 bits = leaf_is_there(i) ? leaf_bits(i) & ~PTE_W : 0;

		assert_int_equal(word, pt_load(&b.entry[0][i]));
		if (!leaf_is_there(i)) {
			assert_int_equal(word, 0);
			continue;
		}
		assert_int_equal(word, pt_leaf(pt_pfn(word), bits));
		assert_int_equal(
		    refcount_read(&pfn_page(pt_pfn(word))->refs), 2);
	}
}

static void
test_copies_of_tables_with_leaves_of_all_kinds(void **state)
{
	(void)state;
	copy_of_all_kinds(false);
}

static void
test_copies_of_frozen_tables_with_leaves_of_all_kinds(void **state)
{
	(void)state;
	copy_of_all_kinds(true);
}

/* More leaves than a gather holds, apart and with empty groups between. */
static void
test_many_leaves_are_found_and_go(void **state)
{
	enum {
		LEAVES = 2 * GATHER_MAX + 1,
		APART = 10
	};
	uaddr_t at = uaddr(0), end = uaddr(LEAVES * APART * PAGE_SIZE);
	struct tree_gather g;
	u64 before, word;
	u32 i;

	(void)state;
	for (i = 0; i < LEAVES; i++)
		write_fault(roots[0], uaddr(i * APART * PAGE_SIZE));
	for (i = 0; i < LEAVES; i++) {
		assert_true(tree_next_leaf(roots[0], &at, end, &word));
		assert_int_equal(at.val, i * APART * PAGE_SIZE);
		at.val += PAGE_SIZE;
	}
	assert_false(tree_next_leaf(roots[0], &at, end, &word));
	before = nr_free;
	gather_init(&g, no_flush, NULL);
	tree_zap(roots[0], uaddr(0), end, &g);
	gather_finish(&g);
	assert_int_equal(nr_free - before, LEAVES);
	check_laws();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_random_histories, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_untouched_link_comes_back_writable, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_fork_of_a_frozen_tree_needs_no_flush, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_fork_warms_one_way_for_both, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_write_below_shared_tables_copies_three_nodes, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		test_copies_of_tables_with_leaves_of_all_kinds, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		test_copies_of_frozen_tables_with_leaves_of_all_kinds, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		test_many_leaves_are_found_and_go, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
