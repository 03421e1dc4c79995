/*
 * The moment at which the books can be looked at: all harts stand still, and no
 * thread is within the brackets of mm/audit.h.  Threads that change memory all
 * the time might never leave such a moment.  So who waits for it tells all
 * threads, and each of them, with its call or fault done and nothing held,
 * stands aside before user mode until nobody waits any more: then those that
 * are within have nobody who follows them.
 *
 * Laws: S1  nr_waiting counts a thread from before it tells others until it has
 *           looked or given up; the last one to leave wakes all
 *       S2  a thread forgets NOTIFY_SETTLE before it looks at nr_waiting, so
 *           that one who begins to wait after that look tells it anew
 *       S3  who waits is not yet before user mode, and waits for nobody who
 *           is: nobody within brackets does
 */
#include "core/clock.h"
#include "core/pause.h"
#include "core/waitq.h"
#include "lib/errno.h"
#include "mm/audit.h"

/* Waiting for threads to settle: a wait for a device is the longest. */
#define SETTLE_NS (10 * NSEC_PER_SEC)

static struct waitq aside = WAITQ_INIT(aside); /* who stands aside */
static u32 nr_waiting;                         /* a */

static void
count_unsettled(struct thread *t, void *arg)
{
	u32 *n = arg;

	if (t != thread_current() && t->unsettled != 0)
		(*n)++;
}

/* They are held, and look at it before they go on in user mode. */
static void
tell(struct thread *t, void *arg)
{
	(void)arg;
	if (t != thread_current() && t->space != NULL)
		atomic_or(&t->notify, NOTIFY_SETTLE);
}

/*
 * Other harts are held still within: true when no thread is in the middle of
 * something.  The list's lock is free, or its holder would be held with it:
 * then it is tried again.
 */
static bool
settled(void)
{
	u32 n = 0;

	if (!thread_try_for_each(count_unsettled, &n))
		return false;
	if (n > 0)
		(void)thread_try_for_each(tell, NULL);
	return n == 0;
}

static void
stop_waiting(void)
{
	if (atomic_sub(&nr_waiting, 1) == 0)
		waitq_wake_all(&aside);
}

static int
hold_still(bool whatever_comes)
{
	u64 give_up = clock_mono_ns() + SETTLE_NS;

	for (;;) {
		if (!whatever_comes && thread_must_end())
			return -EINTR;
		pause_begin();
		if (settled())
			return 0;
		pause_end();
		if (clock_mono_ns() > give_up)
			return -EBUSY;
		thread_yield();
	}
}

int
audit_hold_still(bool whatever_comes)
{
	int err;

	atomic_add(&nr_waiting, 1);
	err = hold_still(whatever_comes);
	if (err < 0)
		stop_waiting();
	return err;
}

void
audit_let_go(void)
{
	pause_end();
	stop_waiting();
}

void
audit_stand_aside(struct thread *self)
{
	struct waiter w;

	thread_notify_clear(self, NOTIFY_SETTLE);
	waiter_init(&w, false);
	waitq_add(&aside, &w);
	while (atomic_load(&nr_waiting) != 0 && !thread_must_end())
		(void)thread_park(PARK_KILLABLE, NO_DEADLINE,
		    "who looks at what all processes have");
	waitq_remove(&aside, &w);
}
