#include "lib/loadavg.h"

#define ONE  (1ul << LOAD_SHIFT)
#define HALF (ONE / 2)

/* exp(-5 s / span), spans of 60, 300 and 900 seconds. */
static const u64 factors[NR_LOADS] = {1884, 2014, 2037};

/* x to the power of n, by squaring: each round has a bit of n. */
static u64
power(u64 x, u64 n)
{
	u64 result = ONE;

	for (; n > 0; n >>= 1) {
		if (n & 1)
			result = (result * x + HALF) >> LOAD_SHIFT;
		x = (x * x + HALF) >> LOAD_SHIFT;
	}
	return result;
}

/*
 * Rounded towards the sample: an average that was always rounded down would
 * never come to it.
 */
static u64
approach(u64 average, u64 sample, u64 factor)
{
	u64 sum = average * factor + sample * (ONE - factor);

	if (sample >= average)
		sum += ONE - 1;
	return sum >> LOAD_SHIFT;
}

void
load_averages_add(struct load_averages *a, u64 sample, u64 nr_samples)
{
	u32 i;

	if (nr_samples == 0)
		return;
	for (i = 0; i < NR_LOADS; i++)
		a->of[i] = approach(a->of[i], sample << LOAD_SHIFT,
		    power(factors[i], nr_samples));
}
