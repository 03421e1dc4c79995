/*
 * Nothing that a program has changed stays out of the disk for long: a thread
 * for each journal commits what is older than the interval.
 *
 *	sleeps until something is changed -> until it is old -> commits
 */
#include "core/clock.h"
#include "fs/journal_impl.h"
#include "mm/kthread.h"

/*
 * Waits until the running transaction is old.  False: the thread is to end.
 * The waits may be ended by signals, which no kernel thread gets: what may last
 * for ever is not to be reported for it.
 */
static bool
wait_for_age(struct journal *j)
{
	u64 until;
	bool stop;

	spin_lock(&j->lock);
	while (!j->stop) {
		/* Of one that is aborted nothing is committed any more. */
		until = j->since_ns == 0 || journal_is_aborted(j) ||
			journal_is_paused(j)
		    ? NO_DEADLINE
		    : j->since_ns + j->interval_ns;
		if (clock_mono_ns() >= until)
			break;
		(void)!waitq_wait_spin(&j->news, &j->lock, PARK_INTERRUPTIBLE,
		    until, "changes to commit");
	}
	stop = j->stop;
	spin_unlock(&j->lock);
	return !stop;
}

static void
run(void *arg)
{
	struct journal *j = arg;

	while (wait_for_age(j)) {
		if (j->ops->prepare != NULL)
			j->ops->prepare(j->arg);
		/* Who gets the error of an aborted one has been told. */
		(void)!journal_commit(j, journal_running(j));
	}
}

int
journal_thread_start(struct journal *j)
{
	return kthread_create("journal", run, j, &j->thread);
}

void
journal_thread_stop(struct journal *j)
{
	if (j->thread == NULL)
		return;
	spin_lock(&j->lock);
	j->stop = true;
	waitq_wake_all(&j->news);
	spin_unlock(&j->lock);
	kthread_join(j->thread);
	j->thread = NULL;
}
