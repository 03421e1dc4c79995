/*
 * Sleeping until a time.  The clocks that only tick (MONOTONIC, BOOTTIME: the
 * machine is never suspended) are one; REALTIME may be set, so who sleeps until
 * a time of day stands in a queue that setting it wakes, and looks again.
 * Clocks that count work are looked at now and then.
 */
#include "proc/sleep.h"

#include "core/clock.h"
#include "core/hart.h"
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/usercopy.h"
#include "proc/cputime.h"
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
later(u64 now, u64 ns)
{
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

/* Errors: -EINTR. */
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
		    later(clock_mono_ns(), deadline_real_ns - now),
		    "nanosleep");
	}
	sleep_unwatch_clock(&w);
	return err == -EINTR ? err : 0;
}

/*
 * Until threads have worked so long.  Nobody tells when that is; but n harts
 * do no more than n seconds' work in a second, so looking again after the nth
 * part of what is left is never too late, and soon quite exact.
 * Errors: -EINTR, -EINVAL.
 */
static int
sleep_until_spent(int clock, u64 target_ns)
{
	u64 spent, pause;
	int err;

	for (;;) {
		err = cputime_clock(clock, &spent);
		if (err != 0 || spent >= target_ns)
			return err;
		pause = MAX((target_ns - spent) / nr_harts, NSEC_PER_MSEC);
		err = thread_park(PARK_INTERRUPTIBLE,
		    later(clock_mono_ns(), pause), "clock_nanosleep");
		if (err == -EINTR)
			return err;
	}
}

/* Clocks that can be slept by, as the ABI numbers them. */
static bool
is_work_clock(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID;
}

/* Errors: -EINTR, -EINVAL. */
static int
sleep_until_on(int clock, u64 target_ns)
{
	if (is_work_clock(clock))
		return sleep_until_spent(clock, target_ns);
	if (clock == CLOCK_REALTIME || clock == CLOCK_TAI)
		return sleep_until_real(target_ns);
	return sleep_until(target_ns);
}

/* Errors: -EINVAL. */
static int
read_clock(int clock, u64 *now)
{
	if (is_work_clock(clock))
		return cputime_clock(clock, now);
	*now = clock_mono_ns();
	return 0;
}

/* Errors: -EFAULT. */
static int
tell_remainder(int clock, u64 target_ns, uaddr_t remain)
{
	struct __kernel_timespec ts;
	u64 now, left;

	if (remain.val == 0)
		return 0;
	if (read_clock(clock, &now) != 0)
		now = target_ns;
	left = target_ns > now ? target_ns - now : 0;
	ts.tv_sec = (s64)(left / NSEC_PER_SEC);
	ts.tv_nsec = (s64)(left % NSEC_PER_SEC);
	return user_write(remain, &ts, sizeof(ts));
}

static s64 sleep_on(int clock, u64 target_ns, uaddr_t remain);

static s64
restart_sleep(struct restart *r)
{
	return sleep_on((int)r->flags, r->deadline_ns, r->addr);
}

/* A sleep for a while, to its end; remain is told how much was left. */
static s64
sleep_on(int clock, u64 target_ns, uaddr_t remain)
{
	int err = sleep_until_on(clock, target_ns);

	if (err != -EINTR)
		return err;
	err = tell_remainder(clock, target_ns, remain);
	if (err != 0)
		return err;
	task_current()->sig.restart = (struct restart){
	    .fn = restart_sleep,
	    .deadline_ns = target_ns,
	    .addr = remain,
	    .flags = (u32)clock,
	};
	return -ERESTART_BLOCK;
}

static s64
sleep_for(int clock, u64 ns, uaddr_t remain)
{
	u64 now;
	int err;

	/* For a while is the same on every clock that ticks evenly. */
	if (!is_work_clock(clock))
		clock = CLOCK_MONOTONIC;
	err = read_clock(clock, &now);
	return err != 0 ? err : sleep_on(clock, later(now, ns), remain);
}

static int
check_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_PROCESS_CPUTIME_ID:
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	}
	/* A thread that sleeps does no work: it would sleep for ever. */
	return clock < 0 && !cputime_is_own_thread(clock) ? 0 : -EINVAL;
}

s64
sleep_clock(int clock, bool absolute, u64 ns, uaddr_t remain)
{
	int err = check_clock(clock);

	if (err != 0)
		return err;
	if (!absolute)
		return sleep_for(clock, ns, remain);
	err = sleep_until_on(clock, ns);
	return err == -EINTR ? -ERESTARTNOHAND : err;
}
