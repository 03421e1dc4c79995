/* System calls on time. */
#include <linux/time.h>

#include "core/clock.h"
#include "fs/timerfd.h"
#include "mm/usercopy.h"
#include "proc/cputime.h"
#include "proc/itimer.h"
#include "proc/proc.h"
#include "proc/ptimer.h"
#include "proc/sleep.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

static int
clock_read(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:
		*ns = clock_real_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = clock_mono_ns();
		return 0;
	}
	return cputime_clock(clock, ns);
}

s64
sys_clock_gettime(int clock, uaddr_t out)
{
	u64 ns;
	int err = clock_read(clock, &ns);

	return err < 0 ? err : sys_timespec_put(out, ns);
}

s64
sys_clock_getres(int clock, uaddr_t out)
{
	u64 ns;
	int err = clock_read(clock, &ns);

	if (err < 0 || out.val == 0)
		return err;
	return sys_timespec_put(out, 1);
}

/* The clock has 30 years from here before what it says is too late for us. */
#define MAX_REAL_SECONDS ((u64)INT64_MAX / NSEC_PER_SEC - 30ul * 365 * 86400)

static s64
set_clock(u64 ns)
{
	if (ns / NSEC_PER_SEC >= MAX_REAL_SECONDS)
		return -EINVAL;
	if (!cred_capable(task_current()->cred, CAP_SYS_TIME))
		return -EPERM;
	/* The machine was not started before 1970. */
	if (ns < clock_mono_ns())
		return -EINVAL;
	clock_set_real(ns);
	sleep_clock_was_set();
	timerfd_clock_was_set();
	ptimer_clock_was_set();
	return 0;
}

s64
sys_clock_settime(int clock, uaddr_t in)
{
	u64 ns;
	int err;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	err = sys_timespec_get(in, &ns);
	return err < 0 ? err : set_clock(ns);
}

s64
sys_nanosleep(uaddr_t in, uaddr_t remain)
{
	u64 ns;
	int err = sys_timespec_get(in, &ns);

	if (err < 0)
		return err;
	return sleep_clock(CLOCK_MONOTONIC, false, ns, remain);
}

s64
sys_clock_nanosleep(int clock, u32 flags, uaddr_t in, uaddr_t remain)
{
	u64 ns;
	int err = sys_timespec_get(in, &ns);

	if (err < 0)
		return err;
	return sleep_clock(clock, (flags & TIMER_ABSTIME) != 0, ns, remain);
}

s64
sys_gettimeofday(uaddr_t tv_out, uaddr_t tz_out)
{
	struct __kernel_old_timeval tv = sys_timeval(clock_real_ns());
	struct timezone tz = {0};

	if (tv_out.val != 0 && user_write(tv_out, &tv, sizeof(tv)) < 0)
		return -EFAULT;
	if (tz_out.val != 0 && user_write(tz_out, &tz, sizeof(tz)) < 0)
		return -EFAULT;
	return 0;
}

s64
sys_settimeofday(uaddr_t in, uaddr_t tz)
{
	struct timezone zone;
	u64 ns = 0;
	int err = 0;

	if (in.val != 0)
		err = sys_timeval_get(in, &ns);
	if (err < 0)
		return err;
	/* There is no zone to set, but not everybody may. */
	if (tz.val != 0 && user_read(&zone, tz, sizeof(zone)) < 0)
		return -EFAULT;
	if (in.val != 0)
		return set_clock(ns);
	return cred_capable(task_current()->cred, CAP_SYS_TIME) ? 0 : -EPERM;
}

/* ---- interval timers ---------------------------------------------------- */

static int
put_itimer(uaddr_t user, const struct itimer_value *v)
{
	struct __kernel_old_itimerval it = {
	    .it_interval = sys_timeval(v->interval_ns),
	    /* Less than a microsecond left is not the same as not armed. */
	    .it_value = sys_timeval(v->left_ns + NSEC_PER_USEC - 1),
	};

	if (v->left_ns == 0)
		it.it_value = sys_timeval(0);
	return user_write(user, &it, sizeof(it));
}

static int
get_itimer(uaddr_t user, struct itimer_value *v)
{
	int err;

	*v = (struct itimer_value){0};
	if (user.val == 0)
		return 0;
	err = sys_timeval_get(user, &v->interval_ns);
	if (err == 0)
		err = sys_timeval_get(
		    uaddr(user.val + sizeof(struct __kernel_old_timeval)),
		    &v->left_ns);
	return err;
}

s64
sys_setitimer(int kind, uaddr_t new, uaddr_t old)
{
	struct itimer_value want, was;
	int err = get_itimer(new, &want);

	if (err < 0)
		return err;
	if (kind < 0 || kind >= NR_ITIMER_KINDS)
		return -EINVAL;
	itimer_set((u32)kind, &want, &was);
	return old.val != 0 ? put_itimer(old, &was) : 0;
}

s64
sys_getitimer(int kind, uaddr_t out)
{
	struct itimer_value was;

	if (kind < 0 || kind >= NR_ITIMER_KINDS)
		return -EINVAL;
	itimer_get((u32)kind, &was);
	return put_itimer(out, &was);
}
