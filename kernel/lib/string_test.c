#include "fake.h"

#include <stdlib.h>

/* From here on memcpy and its like are the kernel's. */
#include "string_names.h"

#include "lib/errno.h"
#include "lib/string.h"

/* Longer than an unrolled turn, with every remainder. */
#define MAX_LEN 200
#define WORD    8

/*
 * len bytes with nothing usable behind them, starting `offset` bytes after an
 * aligned address: the sanitizer sees each access beyond.  base is to be freed.
 */
struct area {
	u8 *base;
	u8 *start;
};

static struct area
area_make(size_t offset, size_t len)
{
	struct area a = {.base = malloc(offset + len)};
	size_t i;

	a.start = a.base + offset;
	for (i = 0; i < offset + len; i++)
		a.base[i] = fake_random();
	return a;
}

static void
must_equal(const u8 *got, const u8 *want, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		assert_int_equal(got[i], want[i]);
}

/* Calls fn for every length and every two alignments. */
static void
for_each_shape(void (*fn)(size_t dst, size_t src, size_t len))
{
	size_t dst, src, len;

	for (len = 0; len < MAX_LEN; len++)
		for (dst = 0; dst < WORD; dst++)
			for (src = 0; src < WORD; src++)
				fn(dst, src, len);
}

static void
check_memcpy(size_t dst_offset, size_t src_offset, size_t len)
{
	struct area dst = area_make(dst_offset, len + 1);
	struct area src = area_make(src_offset, len);
	u8 before[WORD], behind = dst.start[len];
	size_t i;

	for (i = 0; i < dst_offset; i++)
		before[i] = dst.base[i];
	assert_ptr_equal(memcpy(dst.start, src.start, len), dst.start);
	must_equal(dst.start, src.start, len);
	must_equal(dst.base, before, dst_offset);
	assert_int_equal(dst.start[len], behind);
	free(dst.base);
	free(src.base);
}

static void
test_memcpy(void **state)
{
	(void)state;
	for_each_shape(check_memcpy);
}

/* Both within one area of known content, so they overlap in every way. */
static void
check_memmove(size_t dst, size_t src, size_t len)
{
	size_t shift = fake_random() % 80, size = len + shift + WORD, i;
	struct area a = area_make(0, size), copy = area_make(0, size);

	if (fake_random() % 2)
		dst += shift;
	else
		src += shift;
	for (i = 0; i < size; i++)
		copy.base[i] = a.base[i];
	assert_ptr_equal(
	    memmove(a.base + dst, a.base + src, len), a.base + dst);
	must_equal(a.base + dst, copy.base + src, len);
	must_equal(a.base, copy.base, dst);
	must_equal(a.base + dst + len, copy.base + dst + len, size - dst - len);
	free(a.base);
	free(copy.base);
}

static void
test_memmove(void **state)
{
	(void)state;
	for_each_shape(check_memmove);
}

/* Each distance, for a length that has all parts of the loops in it. */
static void
test_memmove_distances(void **state)
{
	u8 area[3 * MAX_LEN], want[3 * MAX_LEN];
	size_t from, i;

	(void)state;
	for (from = 0; from < 2 * MAX_LEN; from++) {
		for (i = 0; i < sizeof(area); i++)
			area[i] = want[i] = fake_random();
		for (i = 0; i < MAX_LEN; i++)
			want[MAX_LEN + i] = area[from + i];
		memmove(area + MAX_LEN, area + from, MAX_LEN);
		must_equal(area, want, sizeof(area));
	}
}

static void
check_memset(size_t offset, size_t unused, size_t len)
{
	struct area a = area_make(offset, len + 1);
	u8 behind = a.start[len], byte = fake_random();
	size_t i;

	(void)unused;
	assert_ptr_equal(memset(a.start, byte | 0x1200, len), a.start);
	for (i = 0; i < len; i++)
		assert_int_equal(a.start[i], byte);
	assert_int_equal(a.start[len], behind);
	free(a.base);
}

static void
test_memset(void **state)
{
	(void)state;
	for_each_shape(check_memset);
}

static void
check_memcmp(size_t p, size_t q, size_t len)
{
	struct area a = area_make(p, len), b = area_make(q, len);
	size_t i;

	memcpy(b.start, a.start, len);
	assert_int_equal(memcmp(a.start, b.start, len), 0);
	if (len > 0) {
		i = fake_random() % len;
		a.start[i] = 0x7f;
		b.start[i] = 0x80;
		assert_true(memcmp(a.start, b.start, len) < 0);
		assert_true(memcmp(b.start, a.start, len) > 0);
		assert_int_equal(memcmp(a.start, b.start, i), 0);
	}
	free(a.base);
	free(b.base);
}

static void
test_memcmp(void **state)
{
	(void)state;
	for_each_shape(check_memcmp);
}

static void
test_lengths(void **state)
{
	static const char unterminated[3] = {'a', 'b', 'c'};

	(void)state;
	assert_int_equal(strlen(""), 0);
	assert_int_equal(strlen("four"), 4);
	assert_int_equal(strnlen("four", 9), 4);
	assert_int_equal(strnlen("four", 2), 2);
	assert_int_equal(strnlen(unterminated, 3), 3);
	assert_int_equal(strnlen(NULL, 0), 0);
}

static void
test_compare(void **state)
{
	(void)state;
	assert_int_equal(strcmp("", ""), 0);
	assert_int_equal(strcmp("abc", "abc"), 0);
	assert_true(strcmp("abc", "abd") < 0);
	assert_true(strcmp("abc", "ab") > 0);
	assert_true(strcmp("", "a") < 0);
	assert_true(strcmp("\x80", "\x7f") > 0);
	assert_int_equal(strncmp("abc", "abd", 2), 0);
	assert_true(strncmp("abc", "abd", 3) < 0);
	assert_int_equal(strncmp("abc", "xyz", 0), 0);
	assert_int_equal(strncmp("ab", "ab", 99), 0);
}

static void
test_search(void **state)
{
	static const char text[] = "/a/b";

	(void)state;
	assert_ptr_equal(strchr(text, '/'), text);
	assert_ptr_equal(strchr(text, 'b'), text + 3);
	assert_ptr_equal(strchr(text, 0), text + 4);
	assert_null(strchr(text, 'x'));
	assert_ptr_equal(strrchr(text, '/'), text + 2);
	assert_ptr_equal(strrchr(text, 0), text + 4);
	assert_null(strrchr(text, 'x'));
	assert_null(strrchr("", 'x'));
}

static void
test_str_copy(void **state)
{
	char buf[4];

	(void)state;
	assert_true(str_copy(buf, sizeof(buf), "abc"));
	assert_string_equal(buf, "abc");
	assert_false(str_copy(buf, sizeof(buf), "abcd"));
	assert_string_equal(buf, "abc");
	assert_true(str_copy(buf, sizeof(buf), ""));
	assert_string_equal(buf, "");
	assert_false(str_copy(buf, 1, "abc"));
	assert_string_equal(buf, "");
}

static void
test_str_starts(void **state)
{
	(void)state;
	assert_true(str_starts("console=ttyS0", "console="));
	assert_true(str_starts("abc", ""));
	assert_true(str_starts("abc", "abc"));
	assert_false(str_starts("ab", "abc"));
	assert_false(str_starts("", "a"));
}

static const struct {
	const char *text;
	unsigned int base;
	int err;
	u64 val;
	int end; /* how many bytes are the number */
} numbers[] = {
    {"0", 0, 0, 0, 1},
    {"42", 0, 0, 42, 2},
    {"42", 10, 0, 42, 2},
    {"0x2a,", 0, 0, 42, 4},
    {"0X2A", 16, 0, 42, 4},
    {"2a", 16, 0, 42, 2},
    {"052", 0, 0, 42, 3},
    {"052", 10, 0, 52, 3},
    {"0b1", 0, 0, 0, 1},
    {"0x", 0, 0, 0, 1},
    {"0xg", 16, 0, 0, 1},
    {"0x1", 10, 0, 0, 1},
    {"101", 2, 0, 5, 3},
    {"102", 2, 0, 2, 2},
    {"89", 8, -EINVAL, 0, 0},
    {"09", 0, 0, 0, 1},
    {"", 0, -EINVAL, 0, 0},
    {"x", 0, -EINVAL, 0, 0},
    {" 1", 0, -EINVAL, 0, 0},
    {"-1", 0, -EINVAL, 0, 0},
    {"+1", 10, -EINVAL, 0, 0},
    {"128M", 0, 0, 128, 3},
    {"18446744073709551615", 10, 0, ~0ul, 20},
    {"18446744073709551616", 10, -ERANGE, 0, 20},
    {"184467440737095516150", 10, -ERANGE, 0, 21},
    {"0xffffffffffffffff", 0, 0, ~0ul, 18},
    {"0x10000000000000000", 0, -ERANGE, 0, 19},
    {"zz", 36, 0, 35 * 36 + 35, 2},
};

static void
test_str_to_u64(void **state)
{
	const char *end;
	size_t i;
	u64 val;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		val = 77;
		assert_int_equal(
		    str_to_u64(numbers[i].text, numbers[i].base, &end, &val),
		    numbers[i].err);
		assert_int_equal(val, numbers[i].err ? 77 : numbers[i].val);
		assert_int_equal(end - numbers[i].text, numbers[i].end);
	}
	assert_int_equal(str_to_u64("7", 10, NULL, &val), 0);
	assert_int_equal(val, 7);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_memcpy),
	    cmocka_unit_test(test_memmove),
	    cmocka_unit_test(test_memmove_distances),
	    cmocka_unit_test(test_memset),
	    cmocka_unit_test(test_memcmp),
	    cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_compare),
	    cmocka_unit_test(test_search),
	    cmocka_unit_test(test_str_copy),
	    cmocka_unit_test(test_str_starts),
	    cmocka_unit_test(test_str_to_u64),
	};

	return cmocka_run_group_tests_name("lib/string", tests, NULL, NULL);
}
