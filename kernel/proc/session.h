/* Process groups, sessions and their terminal. */
#ifndef PROC_SESSION_H
#define PROC_SESSION_H

#include "lib/errno.h"
#include "proc/proc.h"

/* System calls; pid 0 is the current process. */
int proc_setpgid(s32 pid, s32 pgid) MUST_CHECK;
s64 proc_getpgid(s32 pid) MUST_CHECK;
s64 proc_setsid(void) MUST_CHECK;
s64 proc_getsid(s32 pid) MUST_CHECK;

/* Process 1 begins the first session.  Errors: -ENOMEM. */
int session_first(struct proc *p) MUST_CHECK;
/*
 * p is about to become a zombie: the session that it led loses its terminal,
 * which is hung up if it is of that kind.  Sleeps.
 */
void session_leave(struct proc *p);
/* Boot: tells dev/tty what only proc/ can do. */
void job_init(void);

void pgrp_put(struct pgrp *g);
void session_put(struct session *s);
/* Takes p out of its group; frees the group's number with its last member. */
void pgrp_leave_locked(struct proc *p);
/* p joins the group of its parent.  Locks: PROC_TREE. */
void pgrp_join_locked(struct proc *p, struct pgrp *g);
/*
 * Does nobody in g have a parent in another group of the session (not counting
 * except)?  Locks: PROC_TREE.
 */
bool pgrp_is_orphaned_locked(struct pgrp *g, const struct proc *except);
/* Does g have a stopped member?  Locks: PROC_TREE. */
bool pgrp_has_stopped_locked(struct pgrp *g);

#endif
