/*
 * Timers: call a function at a time.  Each hart keeps those armed on it in a
 * tree and sets the hardware for the first.  The function runs in the timer
 * interrupt and may take spin locks but not wait.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "lib/rbtree.h"
#include "lib/types.h"

/*
 * IDLE -> ARMED (timer_arm) -> RUNNING (its time came) -> IDLE
 *         ARMED -> IDLE (timer_cancel)
 * The function may arm its own timer again.
 */
struct timer {
	struct rb_node node;         /* lock of its hart's timers */
	u64 deadline_ns;             /* the same */
	void (*fn)(struct timer *t); /* c */
	s32 hart;                    /* a: where it is armed, -1 if idle */
};

void timer_init(struct timer *t, void (*fn)(struct timer *t));
/* Arms t, or moves it to another time; a time that has passed is at once. */
void timer_arm(struct timer *t, u64 deadline_ns);
/*
 * After it, fn neither runs nor will run.  True when it had been armed.
 * Locks: none that fn takes.
 */
bool timer_cancel(struct timer *t);
/* Time left, 0 when not armed. */
u64 timer_left_ns(struct timer *t);

/* Called on each hart by the timer interrupt, and once at its start. */
void timer_interrupt(void);

#endif
