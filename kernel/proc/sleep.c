/*
 * Sleeping until a time.  The clocks that only tick (MONOTONIC, BOOTTIME: the
 * machine is never suspended) are one; REALTIME may be set, so who sleeps until
 * a time of day stands in a queue that setting it wakes, and looks again.
 */
#include "proc/sleep.h"

#include "core/clock.h"
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#include <linux/time.h>
#include <linux/time_types.h>

static struct waitq clock_set = WAITQ_INIT(clock_set);

void
sleep_clock_was_set(void)
{
	waitq_wake_all(&clock_set);
}

void
sleep_watch_clock(struct waiter *w)
{
	waiter_init(w, false);
	waitq_add(&clock_set, w);
}

void
sleep_unwatch_clock(struct waiter *w)
{
	waitq_remove(&clock_set, w);
}

/* A time so far away that adding to it would wrap is no deadline at all. */
static u64
deadline_after(u64 ns)
{
	u64 now = clock_mono_ns();

	return ns < NO_DEADLINE - now ? now + ns : NO_DEADLINE;
}

/* Errors: -EINTR. */
static int
sleep_until(u64 deadline_ns)
{
	while (clock_mono_ns() < deadline_ns) {
		int err =
		    thread_park(PARK_INTERRUPTIBLE, deadline_ns, "nanosleep");

		if (err == -EINTR)
			return err;
	}
	return 0;
}

static int
sleep_until_real(u64 deadline_real_ns)
{
	struct waiter w;
	int err = 0;

	sleep_watch_clock(&w);
	while (err != -EINTR) {
		u64 now = clock_real_ns();

		if (now >= deadline_real_ns)
			break;
		err = thread_park(PARK_INTERRUPTIBLE,
		    deadline_after(deadline_real_ns - now), "nanosleep");
	}
	sleep_unwatch_clock(&w);
	return err == -EINTR ? err : 0;
}

/* Errors: -EFAULT. */
static int
tell_remainder(u64 deadline_ns, uaddr_t remain)
{
	u64 now = clock_mono_ns();
	u64 left = deadline_ns > now ? deadline_ns - now : 0;
	struct __kernel_timespec ts = {
	    .tv_sec = (s64)(left / NSEC_PER_SEC),
	    .tv_nsec = (s64)(left % NSEC_PER_SEC),
	};

	return remain.val == 0 ? 0 : user_write(remain, &ts, sizeof(ts));
}

/* A sleep for a while; remain is told how much was left. */
static s64 sleep_relative(u64 deadline_ns, uaddr_t remain);

static s64
restart_sleep(struct restart *r)
{
	return sleep_relative(r->deadline_ns, r->addr);
}

static s64
sleep_relative(u64 deadline_ns, uaddr_t remain)
{
	int err = sleep_until(deadline_ns);

	if (err == 0)
		return 0;
	err = tell_remainder(deadline_ns, remain);
	if (err != 0)
		return err;
	task_current()->sig.restart = (struct restart){
	    .fn = restart_sleep,
	    .deadline_ns = deadline_ns,
	    .addr = remain,
	};
	return -ERESTART_BLOCK;
}

s64
sleep_clock(int clock, bool absolute, u64 ns, uaddr_t remain)
{
	int err;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		if (absolute) {
			err = sleep_until_real(ns);
			return err != 0 ? -ERESTARTNOHAND : 0;
		}
		/* For a while is the same on every clock that ticks evenly. */
		return sleep_relative(deadline_after(ns), remain);
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		if (absolute) {
			err = sleep_until(ns);
			return err != 0 ? -ERESTARTNOHAND : 0;
		}
		return sleep_relative(deadline_after(ns), remain);
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}
