/*
 * Timers by number.  expires_ns is the truth, on the timer's own clock; the
 * timer of core/ only makes somebody look, and one that fires too early is
 * armed again.  As in itimer.c it is not cancelled with sig.lock held.
 *
 * One signal of a timer is pending at a time.  While it is, the timer is looked
 * at seldom: what it misses is counted, in whole intervals, when the signal is
 * taken.  So nobody's short interval keeps a hart busy.
 */
#include "proc/ptimer.h"

#include <asm/siginfo.h>
#include <linux/time.h>

#include "core/clock.h"
#include "core/timer.h"
#include "lib/assert.h"
#include "mm/slab.h"
#include "proc/cputime.h"
#include "proc/proc.h"
#include "proc/signal_impl.h"

/* Of one process; arbitrary: to look at all of them takes a moment. */
#define MAX_TIMERS 256

/* However short an interval is, the kernel has other things to do as well. */
#define SHORTEST_NS (50 * NSEC_PER_USEC)
/* How often to look while nobody takes the signal. */
#define SELDOM_NS (10 * NSEC_PER_MSEC)

#define NEVER (~0ul)

enum ptimer_clock {
	PTIMER_REAL,
	PTIMER_MONO,
	PTIMER_PROCESS, /* its CPU time */
	PTIMER_THREAD,  /* that of the thread that made it */
};

/*
 * struct ptimer: timer_create to timer_delete, exec or exit.
 * Locks: l the process's sig.lock   c fixed   o its own
 */
struct ptimer {
	struct timer timer;        /* o */
	struct list link;          /* l: in the process's */
	struct proc *proc;         /* c */
	s32 id;                    /* c */
	u8 clock;                  /* c: enum ptimer_clock */
	s32 thread;                /* c: whose CPU time, for PTIMER_THREAD */
	struct ptimer_event event; /* c */
	bool by_day;               /* l: expires_ns is a time of day */
	u64 expires_ns;            /* l: 0: disarmed */
	u64 interval_ns;           /* l */
	u32 overrun;               /* l: of the signal taken last */
};

static u64
later(u64 a, u64 b)
{
	return a < NEVER - b ? a + b : NEVER;
}

static struct task *
find_thread_locked(struct proc *p, s32 tid)
{
	struct task *t;

	list_for_each (t, &p->tasks, link)
		if (t->tid == tid)
			return t;
	return NULL;
}

static bool
counts_cpu(const struct ptimer *t)
{
	return t->clock == PTIMER_PROCESS || t->clock == PTIMER_THREAD;
}

/* A thread that has ended uses no more time. */
static u64
now_locked(struct ptimer *t)
{
	struct cputime spent = {0, 0};
	struct task *task;

	switch (t->clock) {
	case PTIMER_PROCESS:
		cputime_proc_locked(t->proc, &spent);
		break;
	case PTIMER_THREAD:
		task = find_thread_locked(t->proc, t->thread);
		if (task)
			cputime_task(task, &spent);
		break;
	default:
		return t->by_day ? clock_real_ns() : clock_mono_ns();
	}
	return spent.user_ns + spent.system_ns;
}

/* Not before wait_ns from now. */
static void
arm_locked(struct ptimer *t, u64 wait_ns)
{
	u64 now = now_locked(t), left;

	if (t->expires_ns == 0)
		return;
	if (counts_cpu(t)) {
		atomic_store(&t->proc->itimers.cpu_armed, true);
		return;
	}
	left = t->expires_ns > now ? t->expires_ns - now : 0;
	timer_arm(&t->timer, later(clock_mono_ns(), MAX(left, wait_ns)));
}

/* How often it has expired by now, and expires_ns is moved on. */
static u64
advance_locked(struct ptimer *t)
{
	u64 now = now_locked(t), nr = 1;

	if (t->expires_ns == 0 || now < t->expires_ns)
		return 0;
	if (t->interval_ns == 0) {
		t->expires_ns = 0;
		return 1;
	}
	nr += (now - t->expires_ns) / t->interval_ns;
	t->expires_ns = later(t->expires_ns, nr * t->interval_ns);
	return nr;
}

static u32
add_overrun(s32 was, u64 nr)
{
	return (u32)MIN((u64)was + nr, (u64)INT32_MAX);
}

/* Its signal, while nobody has taken it. */
static struct sig_info *
pending_locked(struct ptimer *t)
{
	struct task *task = NULL;
	struct sig_info *info;

	if (t->event.tid != 0)
		task = find_thread_locked(t->proc, t->event.tid);
	info = sigqueue_find_timer(&t->proc->sig.pending, t->id);
	if (!info && task)
		info = sigqueue_find_timer(&task->sig.pending, t->id);
	return info;
}

static void
send_locked(struct ptimer *t, u64 nr)
{
	struct sig_info info = {
	    .signo = t->event.signo,
	    .code = SI_TIMER,
	    .pad = SIG_INFO_OF_TIMER,
	    .timer = {.id = t->id,
		.overrun = (s32)add_overrun(0, nr - 1),
		.value = t->event.value},
	};
	struct task *task = NULL;

	if (t->event.tid != 0) {
		task = find_thread_locked(t->proc, t->event.tid);
		if (!task)
			return;
	}
	/* Without room for it, it is as lost as it is on Linux. */
	(void)signal_send_locked(t->proc, task, &info);
}

/* True if it was due. */
static bool
expire_locked(struct ptimer *t)
{
	struct sig_info *info;
	u64 nr = advance_locked(t);

	if (nr == 0 || t->event.signo == 0)
		return nr > 0;
	info = pending_locked(t);
	if (info)
		info->timer.overrun = (s32)add_overrun(info->timer.overrun, nr);
	else
		send_locked(t, nr);
	return true;
}

/*
 * Seldom when there is nobody to wake up: the signal was there already, or it
 * is ignored.
 */
static void
fired(struct timer *timer)
{
	struct ptimer *t = container_of(timer, struct ptimer, timer);
	struct proc *p = t->proc;
	bool seldom;

	spin_lock(&p->sig.lock);
	seldom = t->event.signo == 0 || pending_locked(t) != NULL;
	(void)expire_locked(t);
	seldom = seldom || pending_locked(t) == NULL;
	arm_locked(t, seldom ? SELDOM_NS : SHORTEST_NS);
	spin_unlock(&p->sig.lock);
}

static struct ptimer *
find_locked(struct proc *p, s32 id)
{
	struct ptimer *t;

	list_for_each (t, &p->ptimers.all, link)
		if (t->id == id)
			return t;
	return NULL;
}

void
ptimer_taken_locked(struct proc *p, struct sig_info *info)
{
	struct ptimer *t = find_locked(p, info->timer.id);

	info->pad = 0;
	if (!t)
		return;
	info->timer.overrun =
	    (s32)add_overrun(info->timer.overrun, advance_locked(t));
	t->overrun = (u32)info->timer.overrun;
	arm_locked(t, SHORTEST_NS);
}

bool
ptimer_charge_locked(struct proc *p)
{
	struct ptimer *t;
	bool any = false;

	list_for_each (t, &p->ptimers.all, link)
		if (counts_cpu(t))
			any |= expire_locked(t);
	return any;
}

static void
clock_was_set(struct proc *p, void *arg)
{
	struct ptimer *t;

	(void)arg;
	spin_lock(&p->sig.lock);
	list_for_each (t, &p->ptimers.all, link)
		if (t->by_day)
			arm_locked(t, 0);
	spin_unlock(&p->sig.lock);
}

void
ptimer_clock_was_set(void)
{
	proc_for_each(clock_was_set, NULL);
}

/* ---- coming and going ------------------------------------------------- */

void
ptimer_init(struct proc *p)
{
	list_init(&p->ptimers.all);
}

static void
unlink_locked(struct ptimer *t)
{
	list_remove(&t->link);
	t->proc->ptimers.nr--;
	t->expires_ns = 0;
}

static void
destroy(struct ptimer *t)
{
	(void)timer_cancel(&t->timer);
	kfree(t);
}

void
ptimer_drop_all(struct proc *p)
{
	struct ptimer *t;

	do {
		spin_lock(&p->sig.lock);
		t = list_first(&p->ptimers.all, struct ptimer, link);
		if (t)
			unlink_locked(t);
		else
			p->ptimers.next_id = 0;
		spin_unlock(&p->sig.lock);
		if (t)
			destroy(t);
	} while (t);
}

static int
clock_of(int clock, u8 *out)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*out = PTIMER_REAL;
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*out = PTIMER_MONO;
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*out = PTIMER_PROCESS;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*out = PTIMER_THREAD;
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_COARSE:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

static s32
next_id_locked(struct proc *p)
{
	s32 id;

	do {
		id = p->ptimers.next_id;
		p->ptimers.next_id = id == INT32_MAX ? 0 : id + 1;
	} while (find_locked(p, id));
	return id;
}

static int
enter_locked(struct proc *p, struct ptimer *t, const struct ptimer_event *e)
{
	if (p->ptimers.nr >= MAX_TIMERS)
		return -EAGAIN;
	if (e->tid != 0 && !find_thread_locked(p, e->tid))
		return -EINVAL;
	t->id = next_id_locked(p);
	if (e->own_value)
		t->event.value = (u32)t->id;
	list_push_back(&p->ptimers.all, &t->link);
	p->ptimers.nr++;
	return 0;
}

int
ptimer_create(int clock, const struct ptimer_event *e, s32 *id)
{
	struct proc *p = proc_current();
	struct ptimer *t;
	u8 kind;
	int err = clock_of(clock, &kind);

	if (err < 0)
		return err;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -EAGAIN;
	timer_init(&t->timer, fired);
	t->proc = p;
	t->clock = kind;
	t->thread = task_current()->tid;
	t->event = *e;
	spin_lock(&p->sig.lock);
	err = enter_locked(p, t, e);
	if (err == 0)
		*id = t->id;
	spin_unlock(&p->sig.lock);
	if (err < 0)
		kfree(t);
	return err;
}

int
ptimer_delete(s32 id)
{
	struct proc *p = proc_current();
	struct ptimer *t;

	spin_lock(&p->sig.lock);
	t = find_locked(p, id);
	if (t)
		unlink_locked(t);
	spin_unlock(&p->sig.lock);
	if (!t)
		return -EINVAL;
	destroy(t);
	return 0;
}

/* ---- setting ---------------------------------------------------------- */

/* What is due but not yet told is not the same as disarmed. */
static void
get_locked(struct ptimer *t, struct ptimer_value *out)
{
	u64 now = now_locked(t), expires = t->expires_ns;

	out->interval_ns = t->interval_ns;
	out->value_ns = 0;
	if (expires == 0)
		return;
	if (expires <= now && t->interval_ns != 0)
		expires +=
		    ((now - expires) / t->interval_ns + 1) * t->interval_ns;
	if (expires > now)
		out->value_ns = expires - now;
	else if (t->event.signo != 0)
		out->value_ns = 1;
}

static void
set_locked(struct ptimer *t, bool absolute, const struct ptimer_value *v)
{
	t->by_day = t->clock == PTIMER_REAL && absolute;
	t->interval_ns = v->interval_ns;
	t->expires_ns = v->value_ns;
	if (v->value_ns != 0 && !absolute)
		t->expires_ns = later(now_locked(t), v->value_ns);
	t->overrun = 0;
	arm_locked(t, 0);
}

int
ptimer_set(s32 id, bool absolute, const struct ptimer_value *value,
    struct ptimer_value *old)
{
	struct proc *p = proc_current();
	struct ptimer *t;

	spin_lock(&p->sig.lock);
	t = find_locked(p, id);
	if (t) {
		get_locked(t, old);
		set_locked(t, absolute, value);
	}
	spin_unlock(&p->sig.lock);
	return t ? 0 : -EINVAL;
}

int
ptimer_get(s32 id, struct ptimer_value *out)
{
	struct proc *p = proc_current();
	struct ptimer *t;

	spin_lock(&p->sig.lock);
	t = find_locked(p, id);
	if (t)
		get_locked(t, out);
	spin_unlock(&p->sig.lock);
	return t ? 0 : -EINVAL;
}

int
ptimer_overrun(s32 id)
{
	struct proc *p = proc_current();
	struct ptimer *t;
	int nr = -EINVAL;

	spin_lock(&p->sig.lock);
	t = find_locked(p, id);
	if (t)
		nr = (int)t->overrun;
	spin_unlock(&p->sig.lock);
	return nr;
}
