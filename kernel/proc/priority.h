/* Which harts a thread may run on, and how it stands among others. */
#ifndef PROC_PRIORITY_H
#define PROC_PRIORITY_H

#include "lib/errno.h"
#include "lib/types.h"

/*
 * A bit for each hart; pid 0 is the current thread.
 * Errors: -ESRCH, -EPERM, -EINVAL (no hart that there is).
 */
int priority_set_affinity(s32 tid, u64 harts) MUST_CHECK;
int priority_get_affinity(s32 tid, u64 *harts) MUST_CHECK;

/*
 * getpriority and setpriority; which is PRIO_PROCESS, PRIO_PGRP or PRIO_USER.
 * The nicest of them wins: get gives 20 - nice, as the system call does.
 * Errors: -ESRCH, -EINVAL, -EACCES, -EPERM.
 */
s64 priority_get(int which, s32 who) MUST_CHECK;
int priority_set(int which, s32 who, int nice) MUST_CHECK;

/*
 * The scheduling policy.  All threads are SCHED_OTHER; BATCH and IDLE are
 * accepted and mean the same.
 */
int priority_set_policy(s32 tid, int policy, int rt_priority) MUST_CHECK;
s64 priority_get_policy(s32 tid) MUST_CHECK;

#endif
