/*
 * The queue of one thread or process of signals sent and not yet taken.
 */
#ifndef PROC_SIGNAL_QUEUE_H
#define PROC_SIGNAL_QUEUE_H

#include "lib/list.h"
#include "proc/signal_info.h"
#include "proc/signal_set.h"

/*
 * struct sigqueue: a signal is pending if it is in the set.  One without an
 * item was sent when no memory or no quota was left, and tells nothing but its
 * number.
 * Laws   Q1  an item's signal is in the set
 *        Q2  a signal below SIGNAL_RTMIN has one item at most
 * Locks: the lock of the process it belongs to.
 */
struct sigqueue {
	struct sigset set;
	struct list items; /* struct sigitem, in the order of sending */
};

/* How many items a process's queues hold together, and may hold. */
struct sigquota {
	u32 used;
	u64 limit; /* RLIMIT_SIGPENDING */
};

void sigqueue_init(struct sigqueue *q);
/*
 * Adds what info says.  0 also when a standard signal was pending already, and
 * when only its number could be noted.
 * Errors: -EAGAIN no room for a queued signal.
 */
int sigqueue_put(struct sigqueue *q, const struct sig_info *info,
    struct sigquota *quota) MUST_CHECK;
/*
 * Takes the signal that is due first among allowed: faults, then the lowest
 * number, the oldest of that.  Returns the number, 0 if there is none.
 */
int sigqueue_take(struct sigqueue *q, struct sigset allowed,
    struct sig_info *info, struct sigquota *quota);
/* Forgets all signals of a set. */
void sigqueue_discard(
    struct sigqueue *q, struct sigset set, struct sigquota *quota);
/* What the timer of that number has sent, while it is there; else NULL. */
struct sig_info *sigqueue_find_timer(struct sigqueue *q, s32 id);
/* Which of a set is due first; 0 if it is empty. */
int sigqueue_first(struct sigset set);

#endif
