#include "core/waitq.h"

#include "core/thread.h"
#include "lib/assert.h"

void
waitq_init(struct waitq *q)
{
	spin_init(&q->lock, RANK_WAITQ);
	list_init(&q->waiters);
}

void
waiter_init(struct waiter *w, bool exclusive)
{
	list_init(&w->link);
	w->thread = thread_current();
	w->exclusive = exclusive;
	w->wake = NULL;
}

void
waiter_init_wake(
    struct waiter *w, bool exclusive, bool (*wake)(struct waiter *w))
{
	waiter_init(w, exclusive);
	w->wake = wake;
}

/* Where w belongs: it comes before this link. */
static struct list *
place_of(struct waitq *q, const struct waiter *w)
{
	struct list *at = &q->waiters;

	while (!w->exclusive && at->prev != &q->waiters &&
	    list_entry(at->prev, struct waiter, link)->exclusive)
		at = at->prev;
	return at;
}

void
waitq_add(struct waitq *q, struct waiter *w)
{
	spin_lock(&q->lock);
	assert(list_empty(&w->link));
	list_insert_before(place_of(q, w), &w->link);
	spin_unlock(&q->lock);
	/* Before the look at the condition; pairs with the fence in wake. */
	fence_full();
}

void
waitq_remove(struct waitq *q, struct waiter *w)
{
	spin_lock(&q->lock);
	list_remove(&w->link);
	spin_unlock(&q->lock);
}

static bool
wake_one(struct waiter *w)
{
	if (w->wake != NULL)
		return w->wake(w);
	thread_unpark(w->thread);
	return true;
}

/*
 * Orders the waker's change of the condition before the look at the queue;
 * pairs with the fence in waitq_add, which comes before the waiter's look at
 * the condition.  So either we see the waiter or it sees the change.
 */
static bool
has_waiters(struct waitq *q)
{
	fence_full();
	return !list_empty(&q->waiters);
}

static void
wake_locked(struct waitq *q, bool all) MUST_HOLD(&q->lock)
{
	struct waiter *w;

	list_for_each (w, &q->waiters, link)
		if (wake_one(w) && w->exclusive && !all)
			break;
}

static void
wake(struct waitq *q, bool all)
{
	if (!has_waiters(q))
		return;
	spin_lock(&q->lock);
	wake_locked(q, all);
	spin_unlock(&q->lock);
}

void
waitq_wake(struct waitq *q)
{
	wake(q, false);
}

void
waitq_wake_all(struct waitq *q)
{
	wake(q, true);
}

void
waitq_wake_watchers(struct waitq *q)
{
	if (!has_waiters(q))
		return;
	spin_lock_second(&q->lock);
	wake_locked(q, false);
	spin_unlock(&q->lock);
}

int
waitq_wait_spin(struct waitq *q, struct spinlock *l, enum park_mode mode,
    u64 deadline_ns, const char *what) NO_LOCK_CHECK
{
	struct waiter w;
	int err;

	waiter_init(&w, false);
	waitq_add(q, &w);
	spin_unlock(l);
	err = thread_park(mode, deadline_ns, what);
	spin_lock(l);
	waitq_remove(q, &w);
	return err;
}
