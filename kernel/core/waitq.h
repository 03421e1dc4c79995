/*
 * Waiting.  A thread that waits puts a waiter on one or more queues, checks
 * its condition, and parks; who changes the condition wakes the queue.
 *
 *	waiter                          waker
 *	waitq_add(q, w)   (1)           change the condition   (3)
 *	check condition   (2)           waitq_wake(q)          (4)
 *	thread_park()
 *
 * Each thread has one wake permit: unparking sets it, parking uses it up or
 * waits for it.  If (2) came before (3), the waiter was on the queue at (4),
 * so the permit is set and the park returns at once: a wake-up can come too
 * often, never too seldom.  Hence every wait is a loop around its condition.
 */
#ifndef CORE_WAITQ_H
#define CORE_WAITQ_H

#include "core/spinlock.h"
#include "lib/list.h"

struct thread;

struct waitq {
	struct spinlock lock; /* rank WAITQ */
	struct list waiters;  /* lock: struct waiter */
};

/*
 * struct waiter: one place in one queue; lives on the stack of the thread that
 * waits (or in its poll table, or an epoll's item) and is off the queue before
 * that goes away.
 * Laws: those that share stand before the exclusive ones, each kind in the
 *       order in which they came
 */
struct waiter {
	struct list link;      /* queue's lock */
	struct thread *thread; /* c: to unpark, where there is no wake */
	bool exclusive;        /* c: waitq_wake stops after one of these */
	/*
	 * What a wake-up does instead, if not NULL; true when it has woken
	 * somebody, which counts for the exclusive ones.
	 * Locks: the queue's is held; it takes and removes nothing there.
	 */
	bool (*wake)(struct waiter *w); /* c */
};

#define WAITQ_INIT(name)                                                       \
	{                                                                      \
		.lock = SPINLOCK_INIT(RANK_WAITQ),                             \
		.waiters = LIST_INIT((name).waiters)                           \
	}

/* How a park may end early, beside the wake-up. */
enum park_mode {
	PARK_UNINTERRUPTIBLE, /* by nothing */
	PARK_DISK,            /* by nothing: a disk will answer */
	PARK_KILLABLE,        /* by a signal that ends the process */
	PARK_STOPPED,         /* by the same: there is nothing to be done */
	PARK_INTERRUPTIBLE,   /* by any signal to be handled */
};

#define NO_DEADLINE (~0ul) /* in nanoseconds of clock_mono_ns */

void waitq_init(struct waitq *q);
void waiter_init(struct waiter *w, bool exclusive);
/* One whose wake-ups call wake. */
void waiter_init_wake(
    struct waiter *w, bool exclusive, bool (*wake)(struct waiter *w));
void waitq_add(struct waitq *q, struct waiter *w);
void waitq_remove(struct waitq *q, struct waiter *w);
/* Wakes all that share and the first that is exclusive. */
void waitq_wake(struct waitq *q);
void waitq_wake_all(struct waitq *q);
/*
 * waitq_wake for a waiter's wake function.
 * Locks: that of the queue that woke it is held; by WAITQ's tie-break q is the
 *        queue of something that watches what that queue belongs to.
 */
void waitq_wake_watchers(struct waitq *q);

/*
 * One turn of the loop for a condition that a lock guards: puts the thread on
 * the queue, releases the lock, parks, takes the lock again.  0 for a wake-up
 * (check again), -EINTR, -ETIMEDOUT.  what names the wait for the watchdog.
 */
int waitq_wait_spin(struct waitq *q, struct spinlock *l, enum park_mode mode,
    u64 deadline_ns, const char *what) MUST_CHECK MUST_HOLD(l);

#endif
