/* The compiler's own functions, each against the slow and plain way. */
#include "fake.h"

int __clzdi2(unsigned long x);
int __ctzdi2(unsigned long x);
int __popcountdi2(unsigned long x);

static int
lowest(uint64_t x)
{
	int n = 0;

	while (!(x >> n & 1))
		n++;
	return n;
}

static int
highest(uint64_t x)
{
	int n = 63;

	while (!(x >> n & 1))
		n--;
	return n;
}

static int
ones(uint64_t x)
{
	int n = 0;

	for (; x != 0; x >>= 1)
		n += x & 1;
	return n;
}

static void
compare(uint64_t x)
{
	assert_int_equal(__ctzdi2(x), lowest(x));
	assert_int_equal(__clzdi2(x), 63 - highest(x));
	assert_int_equal(__popcountdi2(x), ones(x));
}

static void
test_each_bit(void **state)
{
	int n;

	(void)state;
	for (n = 0; n < 64; n++) {
		compare(1ul << n);
		compare(~0ul << n);
		compare(~0ul >> n);
	}
}

static void
test_random(void **state)
{
	int n;

	(void)state;
	for (n = 0; n < 100000; n++)
		compare(fake_random() << n % 64 | 1ul << 63);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_bit),
	    cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
