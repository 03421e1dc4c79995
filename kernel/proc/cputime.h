/* How much time harts have spent on a thread and on a process. */
#ifndef PROC_CPUTIME_H
#define PROC_CPUTIME_H

#include "lib/types.h"

struct proc;
struct task;

struct cputime {
	u64 user_ns;
	u64 system_ns;
};

/* Up to now if t is the current thread, else up to its last trap or switch. */
void cputime_task(struct task *t, struct cputime *out);
/* All threads, those that have ended too.  Locks: p's sig.lock held. */
void cputime_proc_locked(struct proc *p, struct cputime *out);
void cputime_proc(struct proc *p, struct cputime *out);

/*
 * A clock of clock_gettime that counts CPU time: CLOCK_PROCESS_CPUTIME_ID,
 * CLOCK_THREAD_CPUTIME_ID and the negative ids that name a pid or tid.
 * Errors: -EINVAL no such clock, process or thread.
 */
int cputime_clock(int clock, u64 *ns) MUST_CHECK;
/* Is it one of those, and counts the work of the current thread alone? */
bool cputime_is_own_thread(int clock);

#endif
