#include "fake.h"

#include <stdlib.h>

#include "lib/rbtree.h"

#define NR_ITEMS 200

struct item {
	struct rb_node node;
	int key;
	unsigned int stamp; /* in which order equal ones came */
	bool in;
};

static const struct item *
item_of(const struct rb_node *node)
{
	return rb_entry(node, struct item, node);
}

static int
order_items(const struct rb_node *a, const struct rb_node *b)
{
	return item_of(a)->key - item_of(b)->key;
}

static int
order_key(const void *key, const struct rb_node *node)
{
	return *(const int *)key - item_of(node)->key;
}

/* Checks the laws below node; returns how many black nodes a way down meets. */
static int
check_below(const struct rb_node *node, int *count)
{
	int left, right, side;

	if (!node)
		return 1;
	(*count)++;
	for (side = RB_LEFT; side <= RB_RIGHT; side++) {
		const struct rb_node *child = node->child[side];

		if (!child)
			continue;
		assert_ptr_equal(child->parent, node);
		assert_false(node->red && child->red);
	}
	left = check_below(node->child[RB_LEFT], count);
	right = check_below(node->child[RB_RIGHT], count);
	assert_int_equal(left, right);
	return left + !node->red;
}

static void
check_order(const struct rb_tree *t, int count)
{
	const struct rb_node *node = rb_first(t), *next;
	int seen = 0;

	assert_true(!node || !rb_prev(node));
	for (; node; node = next, seen++) {
		next = rb_next(node);
		if (!next) {
			assert_ptr_equal(node, rb_last(t));
			continue;
		}
		assert_ptr_equal(rb_prev(next), node);
		assert_true(order_items(node, next) <= 0);
		if (order_items(node, next) == 0)
			assert_true(
			    item_of(node)->stamp < item_of(next)->stamp);
	}
	assert_int_equal(seen, count);
}

static void
check_tree(const struct rb_tree *t, int count)
{
	int seen = 0;

	assert_true(!t->root || (!t->root->red && !t->root->parent));
	check_below(t->root, &seen);
	assert_int_equal(seen, count);
	check_order(t, count);
	assert_int_equal(rb_empty(t), count == 0);
}

static void
toggle(struct rb_tree *t, struct item *item, int *count)
{
	static unsigned int stamp;

	if (item->in) {
		rb_erase(t, &item->node);
		--*count;
	} else {
		item->stamp = stamp++;
		rb_insert(t, &item->node, order_items);
		++*count;
	}
	item->in = !item->in;
	check_tree(t, *count);
}

/* Keys from a range of nr_keys, so that few make many equal ones. */
static void
churn(int nr_keys)
{
	static struct item items[NR_ITEMS];
	struct rb_tree t = RB_INIT;
	int i, count = 0;

	for (i = 0; i < NR_ITEMS; i++)
		items[i] = (struct item){.key = fake_random() % nr_keys};
	for (i = 0; i < 5000; i++)
		toggle(&t, &items[fake_random() % NR_ITEMS], &count);
	for (i = 0; i < NR_ITEMS; i++)
		if (items[i].in)
			toggle(&t, &items[i], &count);
	assert_true(rb_empty(&t));
}

static void
test_random(void **state)
{
	(void)state;
	churn(1000000);
	churn(20);
	churn(1);
}

/* Every order of putting in and of taking out, for small trees. */
static void
permute(int *order, int n, int k, void (*fn)(const int *order, int n))
{
	int i, tmp;

	if (k == n) {
		fn(order, n);
		return;
	}
	for (i = k; i < n; i++) {
		tmp = order[k], order[k] = order[i], order[i] = tmp;
		permute(order, n, k + 1, fn);
		tmp = order[k], order[k] = order[i], order[i] = tmp;
	}
}

static void
insert_in_order(const int *order, int n)
{
	struct item items[8] = {0};
	struct rb_tree t = RB_INIT;
	int i, count = 0;

	for (i = 0; i < n; i++)
		items[i].key = i;
	for (i = 0; i < n; i++)
		toggle(&t, &items[order[i]], &count);
	for (i = 0; i < n; i++)
		toggle(&t, &items[i], &count);
}

static void
erase_in_order(const int *order, int n)
{
	struct item items[8] = {0};
	struct rb_tree t = RB_INIT;
	int i, count = 0;

	for (i = 0; i < n; i++) {
		items[i].key = i;
		toggle(&t, &items[i], &count);
	}
	for (i = 0; i < n; i++)
		toggle(&t, &items[order[i]], &count);
}

static void
test_every_order(void **state)
{
	int order[7] = {0, 1, 2, 3, 4, 5, 6};

	(void)state;
	permute(order, 7, 0, insert_in_order);
	permute(order, 7, 0, erase_in_order);
}

static void
test_find(void **state)
{
	struct item items[100] = {0};
	struct rb_tree t;
	int i, key, count = 0;

	(void)state;
	rb_init(&t);
	key = 0;
	assert_null(rb_find(&t, &key, order_key));
	assert_null(rb_find_from(&t, &key, order_key));
	for (i = 0; i < 100; i++) {
		items[i].key = 10 * ((i * 37) % 100);
		toggle(&t, &items[i], &count);
	}
	for (key = -5; key < 1000; key++) {
		const struct rb_node *found = rb_find(&t, &key, order_key);
		const struct rb_node *from = rb_find_from(&t, &key, order_key);

		assert_true(!found == (key < 0 || key % 10 != 0));
		if (key <= 990)
			assert_int_equal(item_of(from)->key,
			    key < 0 ? 0 : (key + 9) / 10 * 10);
		else
			assert_null(from);
	}
}

/* Of equal ones, rb_find_from gives the first that came. */
static void
test_equal_keys(void **state)
{
	struct item items[20] = {0};
	struct rb_tree t = RB_INIT;
	int i, key = 5, count = 0;

	(void)state;
	for (i = 0; i < 20; i++) {
		items[i].key = i % 2 ? 5 : 6;
		toggle(&t, &items[i], &count);
	}
	assert_ptr_equal(rb_find_from(&t, &key, order_key), &items[1].node);
	assert_ptr_equal(rb_first(&t), &items[1].node);
	assert_ptr_equal(rb_last(&t), &items[18].node);
}

static void
test_link_must_be_free(void **state)
{
	struct item items[2] = {0};
	struct rb_tree t = RB_INIT;

	(void)state;
	rb_insert_at(&t, &items[0].node, NULL, &t.root);
	expect_assert_failure(rb_insert_at(&t, &items[1].node, NULL, &t.root));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_every_order),
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_equal_keys),
	    cmocka_unit_test(test_link_must_be_free),
	};

	return cmocka_run_group_tests_name("lib/rbtree", tests, NULL, NULL);
}
