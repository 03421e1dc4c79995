/* System calls of timers by number. */
#include <asm/siginfo.h>
#include <linux/time.h>

#include "fs/cred.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/ptimer.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* Whether to tell a thread is asked apart from how to tell it. */
static int
get_event(uaddr_t user, struct ptimer_event *out)
{
	struct sigevent e;
	int how;

	*out = (struct ptimer_event){.signo = SIGALRM, .own_value = true};
	if (user.val == 0)
		return 0;
	if (user_read(&e, user, sizeof(e)) < 0)
		return -EFAULT;
	how = e.sigev_notify & ~SIGEV_THREAD_ID;
	*out = (struct ptimer_event){
	    .signo = e.sigev_signo, .value = (u64)e.sigev_value.sival_ptr};
	if (e.sigev_notify & SIGEV_THREAD_ID) {
		out->tid = e.sigev_notify_thread_id;
		if (out->tid <= 0 || how != SIGEV_SIGNAL)
			return -EINVAL;
	}
	switch (how) {
	case SIGEV_NONE:
		out->signo = 0;
		return 0;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		return signo_valid(out->signo) ? 0 : -EINVAL;
	}
	return -EINVAL;
}

s64
sys_timer_create(int clock, uaddr_t event, uaddr_t out)
{
	bool alarm =
	    clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
	struct ptimer_event e;
	s32 id;
	int err = get_event(event, &e);

	if (err == 0 && alarm &&
	    !cred_capable(task_current()->cred, CAP_WAKE_ALARM))
		err = -EPERM;
	if (err == 0)
		err = ptimer_create(clock, &e, &id);
	if (err < 0)
		return err;
	if (user_write(out, &id, sizeof(id)) == 0)
		return 0;
	(void)!ptimer_delete(id);
	return -EFAULT;
}

static int
put_value(uaddr_t user, const struct ptimer_value *v)
{
	struct __kernel_itimerspec it = {
	    .it_interval = sys_timespec(v->interval_ns),
	    .it_value = sys_timespec(v->value_ns),
	};

	return user_write(user, &it, sizeof(it));
}

s64
sys_timer_settime(int id, u32 flags, uaddr_t new, uaddr_t old)
{
	struct ptimer_value want, was;
	int err = new.val == 0 ? -EINVAL : 0;

	if (err == 0)
		err = sys_timespec_get(new, &want.interval_ns);
	if (err == 0)
		err = sys_timespec_get(
		    uaddr(new.val + sizeof(struct __kernel_timespec)),
		    &want.value_ns);
	if (err == 0)
		err = ptimer_set(id, (flags & TIMER_ABSTIME) != 0, &want, &was);
	if (err < 0 || old.val == 0)
		return err;
	return put_value(old, &was);
}

s64
sys_timer_gettime(int id, uaddr_t out)
{
	struct ptimer_value v;
	int err = ptimer_get(id, &v);

	return err < 0 ? err : put_value(out, &v);
}

s64
sys_timer_getoverrun(int id)
{
	return ptimer_overrun(id);
}

s64
sys_timer_delete(int id)
{
	return ptimer_delete(id);
}
