/*
 * Others read a hart's times while it changes them; each is one word.  That of
 * a hart which sleeps grows by itself, so the word holds instead what to take
 * from the clock:
 *
 *	awake    the time
 *	asleep   ASLEEP | (when it would have begun, had it never ended)
 */
#include "core/times.h"

#include "arch/riscv/arch.h"
#include "core/clock.h"
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/atomic.h"

#define ASLEEP (1ul << 63)

void
times_start(struct hart *h)
{
	h->seen_user_ticks = h->current->user_ticks;
	h->seen_system_ticks = h->current->system_ticks;
}

static void
add(struct hart *h, enum hart_time what, u64 ticks)
{
	atomic_store(&h->times[what], h->times[what] + ticks);
}

void
times_settle(struct hart *h)
{
	const struct thread *t = h->current;
	bool nice = t->nice != NULL && atomic_load(t->nice) > 0;

	add(h, nice ? TIME_NICE : TIME_USER,
	    t->user_ticks - h->seen_user_ticks);
	add(h, t->is_idle ? TIME_IDLE : TIME_SYSTEM,
	    t->system_ticks - h->seen_system_ticks);
	times_start(h);
}

void
times_sleep_begin(struct hart *h, enum hart_time what, u64 now_ticks)
{
	u64 time = h->times[what];

	assert(time <= now_ticks);
	atomic_store(&h->times[what], ASLEEP | (now_ticks - time));
}

void
times_sleep_end(struct hart *h, enum hart_time what, u64 now_ticks)
{
	u64 word = h->times[what];

	assert(word & ASLEEP);
	atomic_store(&h->times[what], now_ticks - (word & ~ASLEEP));
}

u64
times_read_ns(const struct hart *h, enum hart_time what)
{
	u64 word, now;

	/* It must have slept at the moment that is taken for now. */
	do {
		word = atomic_load(&h->times[what]);
		fence_full();
		now = arch_ticks();
		fence_full();
	} while ((word & ASLEEP) && atomic_load(&h->times[what]) != word);
	if (word & ASLEEP)
		word = now - (word & ~ASLEEP);
	return clock_ticks_to_ns(word);
}
