#include "fake.h"

#include <string.h>

#include "lib/ring.h"

#define SIZE 16

static void
test_single_bytes(void **state)
{
	u8 buf[SIZE];
	struct ring r;
	u8 byte;
	int i;

	(void)state;
	ring_init(&r, buf, SIZE);
	assert_false(ring_get(&r, &byte));
	for (i = 0; i < SIZE; i++)
		assert_true(ring_put(&r, i));
	assert_int_equal(ring_space(&r), 0);
	assert_false(ring_put(&r, 99));
	for (i = 0; i < SIZE; i++) {
		assert_true(ring_get(&r, &byte));
		assert_int_equal(byte, i);
	}
	assert_int_equal(ring_used(&r), 0);
}

static void
test_size_must_be_power_of_two(void **state)
{
	u8 buf[SIZE];
	struct ring r;

	(void)state;
	expect_assert_failure(ring_init(&r, buf, 0));
	expect_assert_failure(ring_init(&r, buf, 12));
	ring_init(&r, buf, 1);
	assert_true(ring_put(&r, 7));
	assert_false(ring_put(&r, 8));
}

static void
test_peek_and_clear(void **state)
{
	u8 buf[SIZE], out[SIZE];
	struct ring r;

	(void)state;
	ring_init(&r, buf, SIZE);
	assert_int_equal(ring_write(&r, "hello", 5), 5);
	assert_int_equal(ring_peek(&r, out, sizeof(out)), 5);
	assert_memory_equal(out, "hello", 5);
	assert_int_equal(ring_used(&r), 5);
	ring_clear(&r);
	assert_int_equal(ring_used(&r), 0);
	assert_int_equal(ring_peek(&r, out, sizeof(out)), 0);
}

/* Bytes are numbered as they go in; they must come out in that order. */
static void
test_random_traffic(void **state)
{
	u8 buf[SIZE], block[2 * SIZE];
	u32 put = 0, got = 0, len, i;
	struct ring r;
	int round;

	(void)state;
	ring_init(&r, buf, SIZE);
	/* Close below 2^32, so that both counters wrap on the way. */
	r.head = r.tail = UINT32_MAX - 100;
	for (round = 0; round < 20000; round++) {
		len = fake_random() % sizeof(block);
		for (i = 0; i < len; i++)
			block[i] = put + i;
		len = ring_write(&r, block, len);
		put += len;
		assert_int_equal(ring_used(&r), put - got);
		len = ring_read(&r, block, fake_random() % sizeof(block));
		for (i = 0; i < len; i++)
			assert_int_equal(block[i], (u8)(got + i));
		got += len;
		assert_int_equal(
		    ring_used(&r) + ring_space(&r), (u32)sizeof(buf));
	}
}

/* All bytes of the ring, in the pieces that it shows. */
static u32
gather(const struct ring *r, u8 *out)
{
	u32 done = 0, len;
	u8 *at;

	while ((len = ring_span(r, done, &at)) > 0) {
		memcpy(out + done, at, len);
		done += len;
	}
	return done;
}

/* At every place of the ring, with every number of bytes in it. */
static void
test_spans(void **state)
{
	u8 buf[SIZE], out[SIZE], *at;
	struct ring r;
	u32 start, used;

	(void)state;
	for (start = 0; start < SIZE; start++)
		for (used = 0; used <= SIZE; used++) {
			ring_init(&r, buf, SIZE);
			r.head = r.tail = UINT32_MAX - SIZE / 2 + start;
			ring_write(&r, "0123456789abcdef", used);
			assert_int_equal(gather(&r, out), used);
			assert_memory_equal(out, "0123456789abcdef", used);
			assert_int_equal(ring_used(&r), used);
		}
	expect_assert_failure(ring_span(&r, SIZE + 1, &at));
}

static void
test_skip_and_cut(void **state)
{
	u8 buf[SIZE], out[SIZE];
	struct ring r;

	(void)state;
	ring_init(&r, buf, SIZE);
	r.head = r.tail = UINT32_MAX - 3;
	ring_write(&r, "0123456789", 10);
	ring_skip(&r, 2);
	ring_cut(&r, 5);
	assert_int_equal(ring_write(&r, "xy", 2), 2);
	assert_int_equal(gather(&r, out), 7);
	assert_memory_equal(out, "23456xy", 7);
	expect_assert_failure(ring_skip(&r, 8));
	expect_assert_failure(ring_cut(&r, 8));
	ring_cut(&r, 7);
	ring_skip(&r, 7);
	assert_int_equal(ring_used(&r), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_single_bytes),
	    cmocka_unit_test(test_size_must_be_power_of_two),
	    cmocka_unit_test(test_peek_and_clear),
	    cmocka_unit_test(test_random_traffic),
	    cmocka_unit_test(test_spans),
	    cmocka_unit_test(test_skip_and_cut),
	};

	return cmocka_run_group_tests_name("lib/ring", tests, NULL, NULL);
}
