/*
 * Timers that a process makes by number (timer_create): each sends a signal
 * when it expires, or none.
 */
#ifndef PROC_PTIMER_H
#define PROC_PTIMER_H

#include "lib/errno.h"
#include "lib/list.h"
#include "lib/types.h"

struct proc;
struct sig_info;

/*
 * struct ptimers: embedded as proc->ptimers.  Not inherited by fork, gone with
 * exec.
 * Locks: the process's sig.lock
 */
struct ptimers {
	struct list all; /* struct ptimer */
	u32 nr;
	s32 next_id;
};

struct ptimer_value {
	u64 interval_ns; /* 0: once */
	u64 value_ns;    /* 0: disarmed */
};

/* Whom to tell when it expires. */
struct ptimer_event {
	int signo;      /* 0: nobody */
	s32 tid;        /* a thread of the process; 0: any of them */
	u64 value;      /* what the signal tells */
	bool own_value; /* instead of that its own number */
};

void ptimer_init(struct proc *p);
/* exec, exit: all go.  Locks: none. */
void ptimer_drop_all(struct proc *p);
/*
 * The current process's timers that count CPU time; true if one was due.
 * Locks: its sig.lock.
 */
bool ptimer_charge_locked(struct proc *p);
/*
 * The current thread takes a signal that a timer sent: info tells how often it
 * expired since.  Locks: its process's sig.lock.
 */
void ptimer_taken_locked(struct proc *p, struct sig_info *info);
/* After clock_set_real.  Locks: none. */
void ptimer_clock_was_set(void);

/*
 * Of the current process.  clock: CLOCK_* of the ABI.
 * Errors: -EINVAL no such clock, event or timer; -EOPNOTSUPP a clock that has
 *         no timers; -EAGAIN too many, or no memory.
 */
int ptimer_create(int clock, const struct ptimer_event *e, s32 *id) MUST_CHECK;
int ptimer_set(s32 id, bool absolute, const struct ptimer_value *value,
    struct ptimer_value *old) MUST_CHECK;
int ptimer_get(s32 id, struct ptimer_value *out) MUST_CHECK;
/* How often it expired between the last signal and its being taken. */
int ptimer_overrun(s32 id) MUST_CHECK;
int ptimer_delete(s32 id) MUST_CHECK;

#endif
