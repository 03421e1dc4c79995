/* What processes have used: getrusage, times, and the books for wait. */
#ifndef PROC_USAGE_H
#define PROC_USAGE_H

#include "lib/errno.h"
#include "proc/proc.h"

/* RUSAGE_* of the ABI. */
enum usage_whose {
	USAGE_SELF,
	USAGE_CHILDREN,
	USAGE_THREAD,
};

/* Of the current process or thread. */
void usage_get(enum usage_whose whose, struct proc_usage *out);
/* All that p and its reaped children used.  Locks: PROC_TREE. */
void usage_get_both_locked(struct proc *p, struct proc_usage *out);
/* Of p alone, whatever its state.  Locks: none. */
void usage_get_proc(struct proc *p, struct proc_usage *out);

void usage_add(struct proc_usage *to, const struct proc_usage *more);
void usage_add_task(struct proc_usage *to, const struct task *t);
/* All threads of p have left.  Locks: p's sig.lock. */
void usage_note_end_locked(struct proc *p);
/* p has reaped child.  Locks: PROC_TREE. */
void usage_add_child_locked(struct proc *p, struct proc *child);

#endif
