/* Resource limits of a process, as RLIMIT_* of the ABI numbers them. */
#ifndef PROC_LIMITS_H
#define PROC_LIMITS_H

#include "lib/types.h"

#define NR_LIMITS      16
#define LIMIT_INFINITY (~0ul)

struct proc;

struct rlimit_value {
	u64 soft;
	u64 hard;
};

/* No table of descriptors grows beyond this, whatever one asks. */
#define LIMITS_MAX_FILES (1u << 20)

/* Boot: how many files there may be in this much memory. */
void limits_init(void);
/* What process 1 begins with. */
void limits_default(struct rlimit_value *limits);
/* The soft limit of the current process: a whole word, read without a lock. */
u64 limit_current(u32 which);
/*
 * prlimit: p NULL is the current process; new and old may be NULL.
 * Errors: -EINVAL, -EPERM.
 */
int limits_change(struct proc *p, u32 which, const struct rlimit_value *new,
    struct rlimit_value *old) MUST_CHECK;
/* The same for a pid (0: the current), with the rights that needs; -ESRCH. */
int limits_prlimit(s32 pid, u32 which, const struct rlimit_value *new,
    struct rlimit_value *old) MUST_CHECK;

#endif
