/*
 * Where a hart's time goes: each moment since its start is in one of its
 * times, up to the last tick or switch, and of one that sleeps up to now.
 */
#ifndef CORE_TIMES_H
#define CORE_TIMES_H

#include "core/hart.h"

/*
 * The time of h's current thread, which is up to date, is h's: before another
 * becomes that, and when times_start made it so.  Locks: interrupts are off.
 */
void times_settle(struct hart *h);
void times_start(struct hart *h);

/* h sleeps from now_ticks on.  Locks: its interrupts are off, to the end. */
void times_sleep_begin(struct hart *h, enum hart_time what, u64 now_ticks);
void times_sleep_end(struct hart *h, enum hart_time what, u64 now_ticks);

/* Never less than the last time that somebody asked. */
u64 times_read_ns(const struct hart *h, enum hart_time what);

#endif
