/* Files that stand for a process, whatever becomes of its number. */
#ifndef PROC_PIDFD_H
#define PROC_PIDFD_H

#include "lib/errno.h"
#include "lib/types.h"

struct file;
struct proc;

/* p may be one that has not begun yet.  flags: O_NONBLOCK counts.
 * Errors: -ENOMEM. */
int pidfd_create(struct proc *p, u32 flags, struct file **out) MUST_CHECK;
/* Of a process that there is.  Errors: also -EINVAL, -ESRCH. */
int pidfd_open(s32 pid, u32 flags, struct file **out) MUST_CHECK;
/* The process of a file, borrowed from it; NULL: it is no such file. */
struct proc *pidfd_proc(const struct file *f);
/*
 * A file of its process, with a reference.
 * Errors: -ESRCH, -EPERM, -EBADF it has no such descriptor.
 */
int pidfd_getfd(struct proc *p, int n, struct file **out) MUST_CHECK;

#endif
