#include "fake.h"

#include "lib/loadavg.h"

#define ONE (1ul << LOAD_SHIFT)

static const double spans[NR_LOADS] = {60, 300, 900};

/* e to the power of x, for an x from -1 to 0. */
static double
exp_of(double x)
{
	double sum = 1, term = 1;
	int i;

	for (i = 1; i < 20; i++) {
		term = term * x / i;
		sum += term;
	}
	return sum;
}

/* A step up: after each sample as far as the formula says. */
static void
test_follows_the_formula(void **state)
{
	struct load_averages a = {{0}};
	double want[NR_LOADS] = {0};
	int i, step;

	(void)state;
	for (step = 0; step < 1000; step++) {
		u64 sample = step < 400 ? 7 : 2;

		load_averages_add(&a, sample, 1);
		for (i = 0; i < NR_LOADS; i++) {
			double f = exp_of(-LOAD_PERIOD_SECONDS / spans[i]);
			double got = (double)a.of[i] / ONE;

			want[i] = want[i] * f + (double)sample * (1 - f);
			/* The factors have 11 bits, as the averages have. */
			assert_true(got - want[i] < 0.13);
			assert_true(want[i] - got < 0.13);
		}
	}
}

static void
test_arrives(void **state)
{
	struct load_averages a = {{0}};
	int i, step;

	(void)state;
	for (step = 0; step < 20000; step++)
		load_averages_add(&a, 3, 1);
	for (i = 0; i < NR_LOADS; i++)
		assert_int_equal(a.of[i], 3 * ONE);
	for (step = 0; step < 20000; step++)
		load_averages_add(&a, 0, 1);
	for (i = 0; i < NR_LOADS; i++)
		assert_int_equal(a.of[i], 0);
}

/* Known values: one thread from rest, as anybody's uptime shows it. */
static void
test_first_steps(void **state)
{
	struct load_averages a = {{0}};

	(void)state;
	load_averages_add(&a, 1, 1);
	assert_int_equal(a.of[0], 2048 - 1884);
	assert_int_equal(a.of[1], 2048 - 2014);
	assert_int_equal(a.of[2], 2048 - 2037);
	load_averages_add(&a, 0, 1);
	assert_int_equal(a.of[0], 164 * 1884 / 2048);
}

/* Many at once are what they are one by one, but for what is rounded away. */
static void
test_many_at_once(void **state)
{
	u64 n, sample;
	int i, step;

	(void)state;
	for (n = 0; n < 300; n += 7) {
		for (sample = 0; sample < 9; sample += 4) {
			struct load_averages a = {{5 * ONE, 5 * ONE, 5 * ONE}};
			struct load_averages b = a;

			for (step = 0; step < (int)n; step++)
				load_averages_add(&a, sample, 1);
			load_averages_add(&b, sample, n);
			for (i = 0; i < NR_LOADS; i++) {
				s64 off = (s64)(a.of[i] - b.of[i]);

				assert_true(off < (s64)ONE / 6);
				assert_true(-off < (s64)ONE / 6);
			}
		}
	}
}

/* A machine that slept for years, and none of a sample. */
static void
test_extremes(void **state)
{
	struct load_averages a = {{5 * ONE, 5 * ONE, 5 * ONE}};
	int i;

	(void)state;
	load_averages_add(&a, 3, 0);
	for (i = 0; i < NR_LOADS; i++)
		assert_int_equal(a.of[i], 5 * ONE);
	load_averages_add(&a, 1u << 20, ~0ul);
	for (i = 0; i < NR_LOADS; i++)
		assert_int_equal(a.of[i], (1ul << 20) * ONE);
	load_averages_add(&a, 0, ~0ul);
	for (i = 0; i < NR_LOADS; i++)
		assert_int_equal(a.of[i], 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_follows_the_formula),
	    cmocka_unit_test(test_arrives),
	    cmocka_unit_test(test_first_steps),
	    cmocka_unit_test(test_many_at_once),
	    cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests_name("lib/loadavg", tests, NULL, NULL);
}
