/* What time it is: since boot, and in the world. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include "lib/types.h"

#define NSEC_PER_SEC  1000000000ul
#define NSEC_PER_MSEC 1000000ul
#define NSEC_PER_USEC 1000ul

void clock_init(u64 timebase_hz);
/* Never goes back, the same on all harts. */
u64 clock_mono_ns(void);
/* Since 1970; what the clock device said at boot, plus the time since. */
u64 clock_real_ns(void);
/* What it was at boot, as the clock is set now. */
u64 clock_boot_real_ns(void);
void clock_set_real(u64 real_ns);
/* The hardware's counter: the cheapest way to see that it is early yet. */
u64 clock_ticks(void);
/* How long so many of the hardware counter's ticks are. */
u64 clock_ticks_to_ns(u64 ticks);
/* The step of the hardware's counter. */
u64 clock_step_ns(void);
/* The counter's value at which the clock reads ns, for the timer. */
u64 clock_ns_to_ticks(u64 ns);

#endif
