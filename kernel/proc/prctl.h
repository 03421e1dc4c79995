/* prctl and personality. */
#ifndef PROC_PRCTL_H
#define PROC_PRCTL_H

#include "lib/errno.h"
#include "lib/types.h"

/* Errors: -EINVAL what there is not, -EFAULT, -EPERM. */
s64 proc_prctl(int option, u64 a2, u64 a3, u64 a4, u64 a5) MUST_CHECK;
/* ~0u only asks; the old one. */
u32 proc_personality(u32 persona);
/* The name that ps shows, cut to COMM_SIZE. */
struct task;
void task_set_comm(struct task *t, const char *name);

#endif
