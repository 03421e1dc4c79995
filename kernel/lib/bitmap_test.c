#include "fake.h"

#include <string.h>

#include "lib/bitmap.h"

/* Not a multiple of the word, and the rest of the last word is set. */
#define NR_BITS 150

static void
test_single_bits(void **state)
{
	u64 words[BITMAP_WORDS(NR_BITS)] = {0};
	size_t bit;

	(void)state;
	assert_int_equal(ARRAY_SIZE(words), 3);
	for (bit = 0; bit < NR_BITS; bit++) {
		assert_false(bitmap_test(words, bit));
		bitmap_set(words, bit);
		assert_true(bitmap_test(words, bit));
		assert_int_equal(bitmap_count(words, NR_BITS), 1);
		assert_int_equal(bitmap_find_set(words, NR_BITS, 0), bit);
		bitmap_clear(words, bit);
		assert_false(bitmap_test(words, bit));
	}
}

static void
test_none_found(void **state)
{
	u64 words[BITMAP_WORDS(NR_BITS)] = {0, 0, ~0ul << (NR_BITS % 64)};

	(void)state;
	assert_int_equal(bitmap_find_set(words, NR_BITS, 0), NR_BITS);
	assert_int_equal(bitmap_find_set(words, NR_BITS, NR_BITS), NR_BITS);
	assert_int_equal(bitmap_find_zero(words, NR_BITS, NR_BITS), NR_BITS);
	assert_int_equal(bitmap_find_set(words, 0, 0), 0);
	memset(words, 0xff, sizeof(words));
	assert_int_equal(bitmap_find_zero(words, NR_BITS, 0), NR_BITS);
	assert_int_equal(bitmap_find_zero(words, 64, 0), 64);
	words[2] = ~0ul >> (64 - NR_BITS % 64);
	assert_int_equal(bitmap_find_zero(words, NR_BITS, 0), NR_BITS);
}

static size_t
find_slowly(const u64 *words, size_t from, bool set)
{
	while (from < NR_BITS && bitmap_test(words, from) != set)
		from++;
	return from;
}

static void
test_against_slow_search(void **state)
{
	u64 words[BITMAP_WORDS(NR_BITS)];
	size_t round, i, from;

	(void)state;
	for (round = 0; round < 300; round++) {
		for (i = 0; i < ARRAY_SIZE(words); i++)
			words[i] = round % 2 ? fake_random()
					     : fake_random() & fake_random() &
				fake_random() & fake_random() & fake_random();
		for (from = 0; from <= NR_BITS; from++) {
			assert_int_equal(bitmap_find_set(words, NR_BITS, from),
			    find_slowly(words, from, true));
			assert_int_equal(bitmap_find_zero(words, NR_BITS, from),
			    find_slowly(words, from, false));
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_single_bits),
	    cmocka_unit_test(test_none_found),
	    cmocka_unit_test(test_against_slow_search),
	};

	return cmocka_run_group_tests_name("lib/bitmap", tests, NULL, NULL);
}
