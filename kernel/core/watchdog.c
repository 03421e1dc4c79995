#include "core/watchdog.h"

#include "core/clock.h"
#include "core/panic.h"
#include "core/timer.h"

static struct timer timer;
static u64 limit_seconds;

static void
bite(struct timer *t)
{
	(void)t;
	panic("watchdog: the machine still runs after %lu s", limit_seconds);
}

void
watchdog_start(u64 seconds)
{
	limit_seconds = seconds;
	timer_init(&timer, bite);
	timer_arm(&timer, clock_mono_ns() + seconds * NSEC_PER_SEC);
}
