/*
 * Threads of the kernel's own, which belong to no process: work that goes on
 * beside what programs ask for.
 */
#ifndef MM_KTHREAD_H
#define MM_KTHREAD_H

#include "core/thread.h"

/*
 * struct kthread: made by who wants the work done, and freed by him when it
 * has ended.  entry sees to it that it ends when it is asked to.
 * States  running -> ended   entry is back, and its stack is free
 * Locks   l lock   c fixed
 */
struct kthread {
	struct thread thread;
	struct spinlock lock; /* rank DEVICE */
	struct waitq q;
	bool ended; /* l */
};

/* Runs entry(arg).  Errors: -ENOMEM. */
int kthread_create(const char *name, void (*entry)(void *arg), void *arg,
    struct kthread **out) MUST_CHECK;
/* Waits until entry is back, and frees it.  Sleeps. */
void kthread_join(struct kthread *k);

#endif
