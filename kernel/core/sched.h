/* Who runs where: what thread.c and the harts' start need of sched.c. */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core/thread.h"

/*
 * Gives up the hart; the state says what comes next for the current thread.
 * Locks: this hart's runq_lock held on entry, released on return.
 */
void sched_switch(void);
/* First thing on a new thread's stack: what the switch to it left to do. */
void sched_finish_switch(void);
/* Locks the run queue of the hart t belongs to, whatever it is. */
struct hart *sched_lock_of(struct thread *t);
/*
 * Puts t, which is runnable, where it will run soon.
 * Locks: sched_lock_of(t) held on entry, released on return.
 */
void sched_place(struct hart *h, struct thread *t);
/* The same of t, which is parked; who parks it has told sched_note_park. */
void sched_wake(struct hart *h, struct thread *t);
/* t parks on h, in the given mode.  Locks: h's runq_lock. */
void sched_note_park(struct hart *h, struct thread *t, u8 mode);
/*
 * t, in h's queue, goes where it may run.
 * Locks: h's runq_lock held on entry, released on return.
 */
void sched_move_away(struct hart *h, struct thread *t);
/* Leaves the boot context for the idle thread of this hart, for good. */
NORETURN void sched_start(void);
/* Boot: h's idle thread on its stack; h may start afterwards. */
void sched_init_hart(struct hart *h, struct thread *idle, void *stack);
/* Interrupt: a hart is asked to look at its queue. */
void sched_ipi(void);

#endif
