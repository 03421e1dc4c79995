/*
 * Sleeping locks, for what may wait for memory, a device or a user page.
 * Never taken while a spin lock is held or in an interrupt.  Who unlocks still
 * has a reference to what the mutex lives in until mutex_unlock returns.
 */
#ifndef CORE_MUTEX_H
#define CORE_MUTEX_H

#include "core/lock_rank.h"
#include "core/waitq.h"

struct thread;

/*
 * owner is the holding thread, with the lowest bit set when somebody may be
 * waiting; 0 when free.
 */
struct CAPABILITY("mutex") mutex {
	u64 owner;            /* a */
	struct waitq waiters; /* its own lock */
	enum lock_rank rank;  /* c */
};

void mutex_init(struct mutex *m, enum lock_rank rank);
#define MUTEX_INIT(name, r)                                                    \
	{                                                                      \
		.waiters = WAITQ_INIT((name).waiters), .rank = (r)             \
	}
void mutex_lock(struct mutex *m) ACQUIRES(m);
void mutex_unlock(struct mutex *m) RELEASES(m);
bool mutex_trylock(struct mutex *m) TRY_ACQUIRES(m);
/* The second lock of one rank; the caller keeps the rank's tie-break rule. */
void mutex_lock_second(struct mutex *m) ACQUIRES(m);
/* -EINTR when a signal came first. */
int mutex_lock_interruptible(struct mutex *m) MUST_CHECK;
/* True when the current thread holds it. */
bool mutex_held(const struct mutex *m);
/* Nobody does: for who looks while all other threads are held still. */
static inline bool
mutex_is_free(const struct mutex *m)
{
	return atomic_load(&m->owner) == 0;
}

#endif
