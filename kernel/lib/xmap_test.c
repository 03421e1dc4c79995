#include "fake.h"

#include <string.h>

#include "lib/errno.h"
#include "lib/xmap.h"

static const struct xmap_ops ops = {.alloc = fake_alloc, .free = fake_free};

/* An item for each index, told apart by its address. */
static char items[4096];

static void
check_empty(struct xmap *m)
{
	u64 index;

	assert_int_equal(xmap_count(m), 0);
	assert_null(xmap_next(m, 0, &index));
	assert_null(m->root);
	assert_int_equal(fake_nr_allocated(), 0);
}

static void
must_set(struct xmap *m, u64 index, void *item)
{
	assert_int_equal(xmap_set(m, index, item), 0);
	assert_ptr_equal(xmap_get(m, index), item);
}

static void
test_one_page_needs_no_node(void **state)
{
	struct xmap m;

	(void)state;
	xmap_init(&m, &ops);
	assert_null(xmap_get(&m, 0));
	assert_null(xmap_remove(&m, 0));
	must_set(&m, 0, &items[0]);
	must_set(&m, 0, &items[1]);
	assert_int_equal(xmap_count(&m), 1);
	assert_int_equal(fake_nr_allocated(), 0);
	assert_null(xmap_get(&m, 1));
	assert_null(xmap_get(&m, ~0ul));
	assert_ptr_equal(xmap_remove(&m, 0), &items[1]);
	check_empty(&m);
}

static void
test_null_is_no_item(void **state)
{
	struct xmap m;

	(void)state;
	xmap_init(&m, &ops);
	expect_assert_failure((void)!xmap_set(&m, 0, NULL));
}

/* Each index where the height changes, alone and on top of the others. */
static void
test_edges(void **state)
{
	u64 index, at, edges[24];
	size_t nr = 0, i;
	struct xmap m;
	unsigned int bits;

	(void)state;
	for (bits = 0; bits < 64; bits += 6) {
		edges[nr++] = (1ul << bits) - 1;
		edges[nr++] = 1ul << bits;
	}
	edges[nr++] = ~0ul - 1;
	edges[nr++] = ~0ul;
	xmap_init(&m, &ops);
	for (i = 0; i < nr; i++) {
		index = edges[i];
		must_set(&m, index, &items[i]);
		assert_ptr_equal(xmap_next(&m, 0, &at), &items[i]);
		assert_int_equal(at, index);
		assert_ptr_equal(xmap_next(&m, index, &at), &items[i]);
		if (index != ~0ul)
			assert_null(xmap_next(&m, index + 1, &at));
		assert_ptr_equal(xmap_remove(&m, index), &items[i]);
		check_empty(&m);
	}
	for (i = nr; i-- > 0;)
		must_set(&m, edges[i], &items[i]);
	for (i = 0, index = 0; xmap_next(&m, index, &at); index = at + 1) {
		assert_ptr_equal(xmap_get(&m, at), &items[i]);
		assert_int_equal(at, edges[i]);
		i++;
		if (at == ~0ul)
			break;
	}
	assert_int_equal(i, nr);
	assert_int_equal(xmap_count(&m), nr);
	xmap_clear(&m);
	check_empty(&m);
}

/* The map against an array, for indexes spread over `spread` bits. */
static void
churn(unsigned int spread)
{
	static void *model[512];
	static u64 place[512];
	struct xmap m;
	size_t count = 0, i, round;
	u64 at;

	memset(model, 0, sizeof(model));
	for (i = 0; i < 512; i++)
		place[i] = i << spread;
	xmap_init(&m, &ops);
	for (round = 0; round < 40000; round++) {
		i = fake_random() % 512;
		if (fake_random() % 1000 < (round / 10000 % 2 ? 300 : 700)) {
			count += !model[i];
			model[i] = &items[fake_random() % sizeof(items)];
			must_set(&m, place[i], model[i]);
		} else {
			count -= !!model[i];
			assert_ptr_equal(xmap_remove(&m, place[i]), model[i]);
			model[i] = NULL;
		}
		assert_int_equal(xmap_count(&m), count);
		i = fake_random() % 512;
		assert_ptr_equal(xmap_get(&m, place[i]), model[i]);
		while (i < 512 && !model[i])
			i++;
		if (i == 512)
			continue;
		assert_ptr_equal(
		    xmap_next(&m, i ? place[i - 1] + 1 : 0, &at), model[i]);
		assert_int_equal(at, place[i]);
	}
	for (i = 0; i < 512; i++)
		xmap_remove(&m, place[i]);
	check_empty(&m);
}

static void
test_random(void **state)
{
	(void)state;
	churn(0);
	churn(3);
	churn(6);
	churn(20);
	churn(55);
}

static void
test_walk(void **state)
{
	struct xmap m;
	u64 from = 0, at, i;

	(void)state;
	xmap_init(&m, &ops);
	for (i = 0; i < 1000; i++)
		must_set(&m, i * i * i, &items[i]);
	for (i = 0; xmap_next(&m, from, &at); i++, from = at + 1) {
		assert_int_equal(at, i * i * i);
		assert_ptr_equal(xmap_get(&m, at), &items[i]);
	}
	assert_int_equal(i, 1000);
	xmap_clear(&m);
	check_empty(&m);
}

/* Each allocation fails in turn: nothing changes, nothing is lost. */
static void
set_with_failures(struct xmap *m, u64 index)
{
	size_t n, before = fake_nr_allocated();
	u64 count = xmap_count(m), at;
	void *first = xmap_next(m, 0, &at);
	int err = -ENOMEM;

	for (n = 0; err; n++) {
		fake_fail_after(n);
		err = xmap_set(m, index, &items[7]);
		fake_fail_after(FAKE_NEVER);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(fake_nr_allocated(), before);
		assert_int_equal(xmap_count(m), count);
		assert_ptr_equal(xmap_next(m, 0, &at), first);
		assert_null(xmap_get(m, index));
	}
	assert_ptr_equal(xmap_get(m, index), &items[7]);
}

static void
test_no_memory(void **state)
{
	static const u64 indexes[] = {0, 5, 64, 4095, 4096, 1ul << 40, ~0ul};
	struct xmap m;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(indexes); i++) {
		for (j = 0; j < ARRAY_SIZE(indexes); j++) {
			xmap_init(&m, &ops);
			must_set(&m, indexes[i], &items[1]);
			if (i != j)
				set_with_failures(&m, indexes[j]);
			xmap_clear(&m);
			set_with_failures(&m, indexes[j]);
			xmap_remove(&m, indexes[j]);
			check_empty(&m);
		}
	}
}

static void
test_reserve(void **state)
{
	static const u64 indexes[] = {0, 5, 64, 4095, 4096, 1ul << 40, ~0ul};
	struct xmap m;
	size_t i, nodes;
	u64 at;

	(void)state;
	xmap_init(&m, &ops);
	for (i = 0; i < ARRAY_SIZE(indexes); i++) {
		/* Taken back. */
		nodes = fake_nr_allocated();
		assert_int_equal(xmap_reserve(&m, indexes[i]), 0);
		assert_null(xmap_get(&m, indexes[i]));
		assert_null(xmap_next(&m, indexes[i], &at));
		assert_int_equal(xmap_count(&m), i);
		assert_null(xmap_remove(&m, indexes[i]));
		assert_int_equal(fake_nr_allocated(), nodes);
		/* Used. */
		assert_int_equal(xmap_reserve(&m, indexes[i]), 0);
		fake_fail_after(0);
		must_set(&m, indexes[i], &items[i]);
		fake_fail_after(FAKE_NEVER);
	}
	for (i = 0; i < ARRAY_SIZE(indexes); i++)
		assert_ptr_equal(xmap_remove(&m, indexes[i]), &items[i]);
	check_empty(&m);
	assert_int_equal(xmap_reserve(&m, 1ul << 30), 0);
	xmap_clear(&m);
	check_empty(&m);
}

/* When the last far item goes, the near ones are as few steps away as before.
 */
static void
test_shrinks(void **state)
{
	struct xmap m;

	(void)state;
	xmap_init(&m, &ops);
	must_set(&m, 3, &items[3]);
	must_set(&m, 0, &items[0]);
	must_set(&m, ~0ul, &items[9]);
	assert_int_equal(m.height, 11);
	xmap_remove(&m, ~0ul);
	assert_int_equal(m.height, 1);
	assert_int_equal(fake_nr_allocated(), 1);
	xmap_remove(&m, 3);
	assert_int_equal(m.height, 0);
	assert_ptr_equal(xmap_get(&m, 0), &items[0]);
	xmap_remove(&m, 0);
	check_empty(&m);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_page_needs_no_node),
	    cmocka_unit_test(test_null_is_no_item),
	    cmocka_unit_test(test_edges),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_walk),
	    cmocka_unit_test(test_no_memory),
	    cmocka_unit_test(test_reserve),
	    cmocka_unit_test(test_shrinks),
	};

	return cmocka_run_group_tests_name("lib/xmap", tests, NULL, NULL);
}
