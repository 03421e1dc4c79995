/*
 * Several harts at once, one at a time: at each place where another may come in
 * (sim_point) the one with the highest priority goes on.  Priorities are drawn
 * by lot, and at up to MAX_CHANGES places, drawn too, the running one's falls
 * below all others: whatever goes wrong for want of so few changes at the wrong
 * moment is found with a known likelihood, and always again by its seed.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "lib/types.h"

#define MAX_CHANGES 4

/* Whatever hardware might load now, on some hart, it loads. */
extern void (*schedule_load)(u32 hart);

/*
 * Runs body(0) ... body(n - 1), each on the hart of that number, until all
 * have returned.  places: about how many places there are; the result is how
 * many there were.
 */
u32 schedule_run(u32 n, void (*body)(u32 hart), u64 seed, u32 places);

#endif
