/*
 * Averages of how many threads there was work for, in which a sample counts
 * the less the older it is.
 *
 * With a sample every LOAD_PERIOD_SECONDS,
 *
 *	average = average * f + sample * (1 - f),  f = exp(-period / span)
 *
 * for a span of one, five and fifteen minutes.  All are fixed point numbers.
 */
#ifndef LIB_LOADAVG_H
#define LIB_LOADAVG_H

#include "lib/types.h"

#define LOAD_PERIOD_SECONDS 5
#define LOAD_SHIFT          11 /* bits behind the point */
#define NR_LOADS            3

struct load_averages {
	u64 of[NR_LOADS]; /* << LOAD_SHIFT */
};

/* nr_samples that were all the same, in a time that does not grow with them. */
void load_averages_add(struct load_averages *a, u64 sample, u64 nr_samples);

#endif
