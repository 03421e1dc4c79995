/*
 * Numbers of threads, processes, groups and sessions: one number space, one
 * table.  A number is in use while any of the four bears it, and a freed one is
 * not given out again before the counter has gone all the way round.
 */
#ifndef PROC_PID_H
#define PROC_PID_H

#include "lib/types.h"

#define PID_INIT          1
#define PID_MAX_DEFAULT   32768   /* as Linux; the first number never given */
#define PID_MAX_LIMIT     4194304 /* and the most it can be set to */
#define PID_RESERVED_LAST 300     /* going round starts after this one */

struct pgrp;
struct proc;
struct session;
struct task;

/*
 * struct pid: one number in use.  Made by pid_alloc, freed by the pid_drop_*
 * that takes its last bearer.
 * Locks: p PROC_TREE   c fixed
 */
struct pid {
	s32 nr;                  /* c */
	struct task *task;       /* p: the thread with this tid */
	struct proc *proc;       /* p: the process with this pid */
	struct pgrp *pgrp;       /* p: the group with this pgid */
	struct session *session; /* p: the session with this sid */
};

void pid_init(void);
/*
 * A fresh number; nobody bears it yet, and nobody finds it.
 * Locks: takes PROC_TREE.  Errors: -EAGAIN all are in use, -ENOMEM.
 */
int pid_alloc(struct pid **out) MUST_CHECK;
/* Gives a number back that nobody bears. Locks: PROC_TREE. */
void pid_free_if_unused_locked(struct pid *pid);

/* NULL when there is no such number.  Locks: PROC_TREE for _locked. */
struct pid *pid_find_locked(s32 nr);
struct task *task_find_locked(s32 tid);
struct proc *proc_find_locked(s32 pid);
struct pgrp *pgrp_find_locked(s32 pgid);
struct session *session_find_locked(s32 sid);

/* With a reference for the caller; NULL when there is none. */
struct proc *proc_get_by_pid(s32 pid) MUST_CHECK;
struct task *task_get_by_tid(s32 tid) MUST_CHECK;

/*
 * The lowest number from nr on that a process has, or 0; for the lists in
 * /proc.  Locks: takes PROC_TREE.
 */
s32 pid_next_proc(s32 nr);

/* How many numbers there are, for /proc/sys/kernel/pid_max. */
s32 pid_max(void);
int pid_set_max(s32 max) MUST_CHECK;
/* The number given out last. */
s32 pid_last(void);

#endif
