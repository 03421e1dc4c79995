/* nanosleep and clock_nanosleep. */
#ifndef PROC_SLEEP_H
#define PROC_SLEEP_H

#include "lib/types.h"

struct waiter;

/*
 * Sleeps for ns, or (absolute) until ns on the clock, an id of the ABI's.  A
 * signal ends it: then remain (user memory, may be 0), a struct timespec, gets
 * what was left of a relative sleep.
 * Errors: -EINVAL or -EOPNOTSUPP for other clocks, -EFAULT,
 *         -ERESTART_BLOCK and -ERESTARTNOHAND.
 */
s64 sleep_clock(int clock, bool absolute, u64 ns, uaddr_t remain) MUST_CHECK;

/* After clock_set_real: whoever sleeps until a time of day looks again. */
void sleep_clock_was_set(void);
/* The current thread is woken by that, too, until it stops watching. */
void sleep_watch_clock(struct waiter *w);
void sleep_unwatch_clock(struct waiter *w);

#endif
