/*
 * The word is the owner's address, with WAITERS set when somebody may sleep.
 * A sleeper sets the bit while it is on the queue and before it looks at the
 * word again; an unlocker that finds the bit set wakes one.  The woken thread
 * competes like any other (so a running thread may pass it), and leaves the
 * bit set when it gets the lock, since others may still sleep.
 */
#include "core/mutex.h"

#include "core/panic.h"
#include "core/thread.h"

#define WAITERS 1ul

void
mutex_init(struct mutex *m, enum lock_rank rank)
{
	m->owner = 0;
	waitq_init(&m->waiters);
	m->rank = rank;
}

static void
check_order(const struct mutex *m, bool second)
{
	struct thread *t = thread_current();
	u32 last;

	if (panic_in_progress())
		return;
	if (hart_this()->nr_spins != 0 || !arch_irqs_on())
		panic("mutex %s taken where nothing may sleep",
		    lock_rank_name(m->rank));
	if (mutex_held(m))
		panic("mutex %s taken twice", lock_rank_name(m->rank));
	if (t->held_mutexes == 0)
		return;
	last = t->held_ranks[t->held_mutexes - 1];
	if (m->rank < last || (m->rank == last && !second))
		panic("mutex %s taken while %s is held",
		    lock_rank_name(m->rank), lock_rank_name(last));
}

static void
note_taken(const struct mutex *m)
{
	struct thread *t = thread_current();

	assert(t->held_mutexes < ARRAY_SIZE(t->held_ranks));
	t->held_ranks[t->held_mutexes++] = m->rank;
}

static void
note_released(const struct mutex *m)
{
	struct thread *t = thread_current();
	u32 i;

	for (i = t->held_mutexes; i > 0 && t->held_ranks[i - 1] != m->rank; i--)
		;
	assert(i > 0);
	for (; i < t->held_mutexes; i++)
		t->held_ranks[i - 1] = t->held_ranks[i];
	t->held_mutexes--;
}

static bool
try_word(struct mutex *m)
{
	u64 free = 0;

	return atomic_cas(&m->owner, &free, (u64)thread_current());
}

/* Takes a free word and keeps or sets WAITERS; says whether it got it. */
static bool
try_or_mark(struct mutex *m)
{
	u64 was = atomic_load(&m->owner);

	for (;;) {
		u64 want = (was & ~WAITERS) ? was | WAITERS
					    : (u64)thread_current() | WAITERS;

		if (atomic_cas(&m->owner, &was, want))
			return !(was & ~WAITERS);
	}
}

static int
lock_slow(struct mutex *m, enum park_mode mode)
{
	struct waiter w;
	int err = 0;

	waiter_init(&w, true);
	waitq_add(&m->waiters, &w);
	while (!try_or_mark(m)) {
		err = thread_park(mode, NO_DEADLINE, lock_rank_name(m->rank));
		if (err < 0)
			break;
	}
	waitq_remove(&m->waiters, &w);
	/*
	 * One who gives up may have been the one an unlocker woke: pass the
	 * wake-up on, or the next sleeper would never hear of it.
	 */
	if (err < 0)
		waitq_wake(&m->waiters);
	return err;
}

static int
lock(struct mutex *m, enum park_mode mode, bool second)
{
	int err = 0;

	if (CONFIG_DEBUG)
		check_order(m, second);
	if (!try_word(m))
		err = lock_slow(m, mode);
	if (CONFIG_DEBUG && err == 0)
		note_taken(m);
	return err;
}

void
mutex_lock(struct mutex *m) NO_LOCK_CHECK
{
	int err = lock(m, PARK_UNINTERRUPTIBLE, false);

	assert(err == 0);
}

void
mutex_lock_second(struct mutex *m) NO_LOCK_CHECK
{
	int err = lock(m, PARK_UNINTERRUPTIBLE, true);

	assert(err == 0);
}

int
mutex_lock_interruptible(struct mutex *m) NO_LOCK_CHECK
{
	return lock(m, PARK_INTERRUPTIBLE, false);
}

bool
mutex_trylock(struct mutex *m) NO_LOCK_CHECK
{
	if (!try_word(m))
		return false;
	if (CONFIG_DEBUG)
		note_taken(m);
	return true;
}

void
mutex_unlock(struct mutex *m) NO_LOCK_CHECK
{
	u64 was;

	assert(mutex_held(m));
	if (CONFIG_DEBUG)
		note_released(m);
	was = __atomic_exchange_n(&m->owner, 0, __ATOMIC_RELEASE);
	if (was & WAITERS)
		waitq_wake(&m->waiters);
}

bool
mutex_held(const struct mutex *m)
{
	return (atomic_load(&m->owner) & ~WAITERS) == (u64)thread_current();
}
