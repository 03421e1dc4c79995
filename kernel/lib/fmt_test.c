/* links: lib/string.c */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "lib/fmt.h"

/* Formats that the compiler would rightly reject come in by a variable. */
static void
must_print(const char *want, const char *fmt, ...)
{
	char buf[256];
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = fmt_vsnprint(buf, sizeof(buf), fmt, args);
	va_end(args);
	assert_string_equal(buf, want);
	assert_int_equal(len, strlen(want));
}

static void
test_plain(void **state)
{
	(void)state;
	must_print("", "");
	must_print("text", "text");
	must_print("100%", "100%%");
	must_print("%a", "%%%c", 'a');
	must_print("a=1 b=two c=3", "a=%d b=%s %c=%u", 1, "two", 'c', 3u);
}

static void
test_strings(void **state)
{
	static const char unterminated[3] = {'a', 'b', 'c'};

	(void)state;
	must_print("(null)", "%s", NULL);
	must_print("[  ab]", "[%4s]", "ab");
	must_print("[ab  ]", "[%-4s]", "ab");
	must_print("[a]", "[%.1s]", "ab");
	must_print("[abc]", "[%.3s]", unterminated);
	must_print("[ab ]", "[%*.*s]", -3, 2, "abc");
	must_print("[abc]", "[%.*s]", -1, "abc");
	must_print("[]", "[%.s]", "abc");
	must_print("[  x]", "[%3c]", 'x');
}

static void
test_pointers(void **state)
{
	(void)state;
	must_print("0x0", "%p", NULL);
	must_print("0xffffffc080200000", "%p", (void *)0xffffffc080200000);
	must_print("[      0x10]", "[%10p]", (void *)0x10);
	must_print("[0x00000010]", "[%010p]", (void *)0x10);
}

static void
test_extremes(void **state)
{
	(void)state;
	must_print("-2147483648", "%d", INT32_MIN);
	must_print("-9223372036854775808", "%ld", INT64_MIN);
	must_print("18446744073709551615", "%lu", UINT64_MAX);
	must_print("1777777777777777777777", "%lo", UINT64_MAX);
	must_print("-128 255", "%hhd %hhu", 128, 255);
	must_print("-1", "%hd", 65535);
}

/* What is not known is copied, and no argument after it is looked at. */
static void
test_unknown(void **state)
{
	static const char *const formats[] = {"%", "%y", "%f", "%n", "%-", "%5",
	    "%.", "%l", "%ll", "%hhh", "%Lf", "%td", "%$", "%1$d", "%\xff",
	    "%#-0 +5.7q", "% d%"};
	size_t i;

	(void)state;
	for (i = 0; i + 1 < sizeof(formats) / sizeof(formats[0]); i++)
		must_print(formats[i], formats[i], 1);
	must_print(" 1%", formats[i], 1);
	must_print("7 %y %s", "%d %y %s", 7);
}

static void
must_count(size_t want, const char *fmt, ...)
{
	char buf[8];
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = fmt_vsnprint(buf, sizeof(buf), fmt, args);
	va_end(args);
	assert_int_equal(len, want);
	assert_int_equal(strlen(buf), sizeof(buf) - 1);
}

static void
test_huge_padding(void **state)
{
	(void)state;
	must_count(4096, "%99999999999d", 1);
	must_count(4096, "%*d", INT32_MIN, 1);
	must_count(4096, "%.*d", INT32_MAX, 1);
	must_count(4096, "%0*d", INT32_MAX, 1);
	must_count(4096, "%.99999999999x", 1);
}

/* A long string is no padding. */
static void
test_long_string(void **state)
{
	static char text[10001];
	char buf[8];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(fmt_snprint(buf, sizeof(buf), "%.9999s", text), 9999);
	assert_string_equal(buf, "xxxxxxx");
}

static void
test_truncation(void **state)
{
	char buf[8];
	size_t cap;

	(void)state;
	for (cap = 1; cap <= sizeof(buf); cap++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(
		    fmt_snprint(buf, cap, "%s%d", "abc", 1234567), 10);
		assert_int_equal(strlen(buf), cap - 1);
		assert_memory_equal(buf, "abc12345", cap - 1);
		if (cap < sizeof(buf))
			assert_int_equal(buf[cap], '#');
	}
	assert_int_equal(fmt_snprint(NULL, 0, "%d", 1234), 4);
}

static size_t
random_text(char *at, const char *from, size_t max)
{
	size_t len = fake_random() % (max + 1), i;

	for (i = 0; i < len; i++)
		at[i] = from[fake_random() % strlen(from)];
	return len;
}

/* Writes a random conversion of an integer and returns whether it is wide. */
static bool
random_format(char *fmt)
{
	static const char *const sizes[] = {"", "h", "hh", "l", "ll", "z", "j"};
	size_t size = fake_random() % 7;
	char conv = "diuxXo"[fake_random() % 6];
	const char *flags = strchr("di", conv) ? "-+ 0"
	    : conv == 'u'                      ? "-0"
					       : "-0#";

	*fmt++ = '%';
	fmt += random_text(fmt, flags, 4);
	fmt += random_text(fmt, "123", 2);
	if (fake_random() % 2) {
		*fmt++ = '.';
		fmt += random_text(fmt, "0123", 2);
	}
	fmt += sprintf(fmt, "%s", sizes[size]);
	*fmt++ = conv;
	*fmt = 0;
	return size >= 3;
}

/* Integers, which have the most rules: each random format as libc prints it. */
static void
test_against_libc(void **state)
{
	char fmt[32], got[128], want[128];
	size_t got_len;
	int i, want_len;
	u64 val;

	(void)state;
	for (i = 0; i < 200000; i++) {
		val = fake_random() >> fake_random() % 64;
		if (fake_random() % 8 == 0)
			val = fake_random() % 2 ? 0 : -val;
		if (random_format(fmt)) {
			want_len = snprintf(want, sizeof(want), fmt, val);
			got_len = fmt_snprint(got, sizeof(got), fmt, val);
		} else {
			want_len = snprintf(want, sizeof(want), fmt, (int)val);
			got_len = fmt_snprint(got, sizeof(got), fmt, (int)val);
		}
		assert_string_equal(got, want);
		assert_int_equal(got_len, want_len);
	}
}

static void
count_pieces(void *ctx, const char *text, size_t len)
{
	assert_true(len > 0);
	assert_non_null(text);
	*(size_t *)ctx += len;
}

static void
test_sink(void **state)
{
	size_t total = 0;
	struct fmt_sink sink = {.put = count_pieces, .ctx = &total};

	(void)state;
	assert_int_equal(fmt_print(&sink, "%s%5d%c", "", 3, 0), 6);
	assert_int_equal(total, 6);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_strings),
	    cmocka_unit_test(test_pointers),
	    cmocka_unit_test(test_extremes),
	    cmocka_unit_test(test_unknown),
	    cmocka_unit_test(test_huge_padding),
	    cmocka_unit_test(test_long_string),
	    cmocka_unit_test(test_truncation),
	    cmocka_unit_test(test_against_libc),
	    cmocka_unit_test(test_sink),
	};

	return cmocka_run_group_tests_name("lib/fmt", tests, NULL, NULL);
}
