/*
 * timerfd.  expires_ns is the truth, on one of two clocks: that since boot, or
 * the time of day, which may be set.  The timer of core/ only makes somebody
 * look: one that fires too early, since it was moved or the clock was set back,
 * is armed again.
 *
 * Once a timer with an interval has expired, it is not armed again before
 * somebody asks; then all that it has missed is counted at once, in whole
 * intervals from the first time on, so nothing drifts and nobody's short
 * interval keeps a hart busy.
 */
#include "fs/timerfd.h"

#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "core/clock.h"
#include "core/timer.h"
#include "fs/cred.h"
#include "fs/file.h"
#include "mm/slab.h"

#define NEVER (~0ul)

/*
 * struct timerfd: made and freed with its file.
 * Locks: l lock   d TIMERFD   c fixed   o its own
 */
struct timerfd {
	struct spinlock lock; /* rank EVENT */
	struct timer timer;   /* o */
	bool is_real;         /* c: its clock is the time of day */
	bool is_alarm;        /* c: its clock is one of CLOCK_*_ALARM */
	bool by_day;          /* l: expires_ns is a time of day */
	bool cancel_on_set;   /* l: reading fails once after the clock is set */
	bool cancelled;       /* l: it was */
	bool expired;         /* l: at expires_ns, and not moved on since */
	u64 expires_ns;       /* l: 0: disarmed */
	u64 interval_ns;      /* l */
	u64 nr_expired;       /* l: not read yet */
	struct waitq readable;
	struct list in_days; /* d: while its clock is the time of day */
};

/* Those that the time of day matters to. */
static struct list days = LIST_INIT(days);
static struct mutex days_lock = MUTEX_INIT(days_lock, RANK_TIMERFD);

static const struct file_ops timerfd_file_ops;

static u64
later(u64 a, u64 b)
{
	return a < NEVER - b ? a + b : NEVER;
}

/* ---- expiring --------------------------------------------------------- */

static u64
now_of(const struct timerfd *t) MUST_HOLD(&t->lock)
{
	return t->by_day ? clock_real_ns() : clock_mono_ns();
}

static void
arm_locked(struct timerfd *t) MUST_HOLD(&t->lock)
{
	u64 now = now_of(t);
	u64 left = t->expires_ns > now ? t->expires_ns - now : 0;

	timer_arm(&t->timer, later(clock_mono_ns(), left));
}

/* Notes that its time has come.  Who polls looks, too: interrupts are late. */
static void
expire_locked(struct timerfd *t) MUST_HOLD(&t->lock)
{
	if (t->expires_ns == 0 || t->expired || now_of(t) < t->expires_ns)
		return;
	t->expired = true;
	t->nr_expired++;
	waitq_wake(&t->readable);
}

/* Moves one that has expired on to the next time that is yet to come. */
static void
catch_up_locked(struct timerfd *t) MUST_HOLD(&t->lock)
{
	u64 now = now_of(t);
	u64 nr = 0;

	expire_locked(t);
	if (!t->expired || t->interval_ns == 0)
		return;
	/* A clock that was set back may have it expire once more. */
	if (now >= t->expires_ns)
		nr = (now - t->expires_ns) / t->interval_ns + 1;
	t->expires_ns = later(t->expires_ns, nr * t->interval_ns);
	t->nr_expired += nr > 0 ? nr - 1 : 0;
	t->expired = false;
	arm_locked(t);
}

static void
fired(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);

	spin_lock(&t->lock);
	expire_locked(t);
	if (t->expires_ns != 0 && !t->expired)
		arm_locked(t);
	spin_unlock(&t->lock);
}

/* ---- the clock is set ------------------------------------------------- */

static void
clock_was_set(struct timerfd *t)
{

	spin_lock(&t->lock);
	if (t->cancel_on_set && !t->cancelled) {
		t->cancelled = true;
		waitq_wake(&t->readable);
	}
	if (t->by_day && t->expires_ns != 0 && !t->expired)
		arm_locked(t);
	spin_unlock(&t->lock);
}

void
timerfd_clock_was_set(void)
{
	struct timerfd *t;

	mutex_lock(&days_lock);
	list_for_each (t, &days, in_days)
		clock_was_set(t);
	mutex_unlock(&days_lock);
}

/* ---- setting ---------------------------------------------------------- */

static void
get_locked(struct timerfd *t, struct timerfd_value *out) MUST_HOLD(&t->lock)
{
	u64 now;

	catch_up_locked(t);
	now = now_of(t);
	out->interval_ns = t->interval_ns;
	out->value_ns = 0;
	if (t->expires_ns > now)
		out->value_ns = t->expires_ns - now;
}

/* Errors: -ECANCELED. */
static int
set_locked(struct timerfd *t, u32 flags, const struct timerfd_value *v)
    MUST_HOLD(&t->lock)
{
	bool absolute = (flags & TFD_TIMER_ABSTIME) != 0;

	t->by_day = t->is_real && absolute;
	t->cancel_on_set = t->by_day && (flags & TFD_TIMER_CANCEL_ON_SET);
	t->interval_ns = v->interval_ns;
	t->expires_ns = v->value_ns;
	if (v->value_ns != 0 && !absolute)
		t->expires_ns = later(now_of(t), v->value_ns);
	t->nr_expired = 0;
	t->expired = false;
	if (t->expires_ns != 0)
		arm_locked(t);
	expire_locked(t);
	if (!t->cancel_on_set || !t->cancelled) {
		t->cancelled = t->cancelled && t->cancel_on_set;
		return 0;
	}
	t->cancelled = false;
	return -ECANCELED;
}

static int
of_file(struct file *f, struct timerfd **out)
{
	if (f->ops != &timerfd_file_ops)
		return -EINVAL;
	*out = f->private;
	return 0;
}

/* Such a timer may wake a machine that sleeps. */
static bool
may_wake(void)
{
	const struct cred *c = cred_current();

	return !c || cred_capable(c, CAP_WAKE_ALARM);
}

int
timerfd_set(struct file *f, u32 flags, const struct timerfd_value *value,
    struct timerfd_value *old)
{
	struct timerfd *t;
	int err;

	if (flags & ~(u32)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	err = of_file(f, &t);
	if (err < 0)
		return err;
	if (t->is_alarm && !may_wake())
		return -EPERM;
	spin_lock(&t->lock);
	get_locked(t, old);
	err = set_locked(t, flags, value);
	spin_unlock(&t->lock);
	return err;
}

int
timerfd_get(struct file *f, struct timerfd_value *out)
{
	struct timerfd *t;
	int err = of_file(f, &t);

	if (err < 0)
		return err;
	spin_lock(&t->lock);
	get_locked(t, out);
	spin_unlock(&t->lock);
	return 0;
}

/* ---- the file --------------------------------------------------------- */

/* Errors: -ECANCELED. */
static int
take_locked(struct timerfd *t, u64 *nr) MUST_HOLD(&t->lock)
{
	if (t->cancelled) {
		t->cancelled = false;
		t->nr_expired = 0;
		t->expired = false;
		if (t->expires_ns != 0)
			arm_locked(t);
		return -ECANCELED;
	}
	catch_up_locked(t);
	*nr = t->nr_expired;
	t->nr_expired = 0;
	return 0;
}

static bool
is_ready(struct timerfd *t) MUST_HOLD(&t->lock)
{
	expire_locked(t);
	return t->nr_expired > 0 || t->cancelled;
}

static int
wait_and_take(struct file *f, struct timerfd *t, u64 *nr)
{
	int err = 0;

	spin_lock(&t->lock);
	while (err == 0 && !is_ready(t)) {
		err = -EAGAIN;
		if (!(file_flags(f) & O_NONBLOCK))
			err = waitq_wait_spin(&t->readable, &t->lock,
			    PARK_INTERRUPTIBLE, NO_DEADLINE, "timerfd");
	}
	if (err == 0)
		err = take_locked(t, nr);
	spin_unlock(&t->lock);
	return err == -EINTR ? -ERESTARTSYS : err;
}

static s64
timerfd_read(struct file *f, struct iov_iter *to, u64 *pos)
{
	u64 nr;
	int err;

	(void)pos;
	if (to->left_bytes < sizeof(nr))
		return -EINVAL;
	err = wait_and_take(f, f->private, &nr);
	if (err < 0)
		return err;
	return iov_put(to, &nr, sizeof(nr)) == sizeof(nr) ? (s64)sizeof(nr)
							  : -EFAULT;
}

static u32
timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *t = f->private;
	bool ready;

	poll_wait(pt, &t->readable);
	spin_lock(&t->lock);
	ready = is_ready(t);
	spin_unlock(&t->lock);
	return ready ? POLLIN : 0;
}

static void
timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;

	if (t->is_real) {
		mutex_lock(&days_lock);
		list_remove(&t->in_days);
		mutex_unlock(&days_lock);
	}
	(void)timer_cancel(&t->timer);
	kfree(t);
}

static const struct file_ops timerfd_file_ops = {
    .release = timerfd_release,
    .read = timerfd_read,
    .poll = timerfd_poll,
    .kind = "timerfd",
};

/* The machine never sleeps, so the alarms that would wake it are no others. */
static int
check_clock(int clock, bool *is_real, bool *is_alarm)
{
	*is_real = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
	*is_alarm =
	    clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return *is_alarm && !may_wake() ? -EPERM : 0;
	}
	return -EINVAL;
}

int
timerfd_create(int clock, u32 flags, struct file **out)
{
	struct timerfd *t;
	bool is_real, is_alarm;
	int err = check_clock(clock, &is_real, &is_alarm);

	if (err < 0)
		return err;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->is_real = is_real;
	t->is_alarm = is_alarm;
	spin_init(&t->lock, RANK_EVENT);
	timer_init(&t->timer, fired);
	waitq_init(&t->readable);
	list_init(&t->in_days);
	err = file_create_anon(
	    &timerfd_file_ops, NULL, O_RDWR | (flags & O_NONBLOCK), t, out);
	if (err < 0) {
		kfree(t);
		return err;
	}
	/* Nobody has the file yet: whatever is set, is set later. */
	if (is_real) {
		mutex_lock(&days_lock);
		list_push_back(&days, &t->in_days);
		mutex_unlock(&days_lock);
	}
	return 0;
}
