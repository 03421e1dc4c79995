/*
 * Interval timers of a process (setitimer), and its limit of CPU time.
 */
#ifndef PROC_ITIMER_H
#define PROC_ITIMER_H

#include "core/timer.h"

struct proc;

/* Which timer, as the ABI numbers them. */
enum {
	ITIMER_KIND_REAL,    /* SIGALRM after time that passes */
	ITIMER_KIND_VIRTUAL, /* SIGVTALRM after time in user code */
	ITIMER_KIND_PROF,    /* SIGPROF after time in user code and kernel */
	NR_ITIMER_KINDS,
};

struct itimer_value {
	u64 interval_ns;
	u64 left_ns; /* 0: not armed */
};

struct itimer {
	u64 interval_ns;
	u64 expires_ns; /* on its own clock; 0: not armed */
};

/*
 * struct itimers: embedded as proc->itimers.  Not inherited by fork, kept by
 * exec.
 * Locks: l the process's sig.lock   o its own   c fixed   a atomic
 */
struct itimers {
	struct itimer of[NR_ITIMER_KINDS]; /* l */
	struct timer real;                 /* o */
	struct proc *proc;                 /* c */
	bool cpu_armed;     /* l, a: VIRTUAL or PROF is, or one of ptimers */
	u64 quiet_until_ns; /* l: CPU time before which none of them fires */
	u64 xcpu_again_ns;  /* l: CPU time before which no SIGXCPU is due */
};

void itimer_init(struct proc *p);
/* The last thread exits: no timer of p fires after this.  Locks: none. */
void itimer_exit(struct proc *p);
/* RLIMIT_CPU of p has changed.  Locks: none. */
void itimer_limit_changed(struct proc *p);

/*
 * Looks at the CPU time of the current process, when one of its timers or its
 * limit counts that.  On each return to user code, which the scheduler's tick
 * makes happen often enough while time is being used.
 */
void itimer_charge(void);

/* Of the current process; kind is in range, old may be NULL. */
void itimer_get(u32 kind, struct itimer_value *out);
void itimer_set(
    u32 kind, const struct itimer_value *value, struct itimer_value *old);

#endif
