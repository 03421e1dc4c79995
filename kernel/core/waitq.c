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
}

void
waitq_add(struct waitq *q, struct waiter *w)
{
	spin_lock(&q->lock);
	assert(list_empty(&w->link));
	list_push_back(&q->waiters, &w->link);
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

static void
wake(struct waitq *q, bool all)
{
	struct waiter *w;

	/*
	 * Orders the waker's change of the condition before the look at the
	 * queue; pairs with the fence in waitq_add, which comes before the
	 * waiter's look at the condition.  So either we see the waiter or it
	 * sees the change.
	 */
	fence_full();
	if (list_empty(&q->waiters))
		return;
	spin_lock(&q->lock);
	list_for_each (w, &q->waiters, link) {
		thread_unpark(w->thread);
		if (w->exclusive && !all)
			break;
	}
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
