/* Files that signals are read from, by whom they were sent to. */
#ifndef PROC_SIGNALFD_H
#define PROC_SIGNALFD_H

#include "lib/errno.h"
#include "proc/signal_set.h"

struct file;
struct proc;

/* Boot: before the first process. */
void signalfd_init(void);
/* flags: O_NONBLOCK counts.  Errors: -ENOMEM. */
int signalfd_create(
    struct sigset mask, u32 flags, struct file **out) MUST_CHECK;
/* Errors: -EINVAL f is none. */
int signalfd_set_mask(struct file *f, struct sigset mask) MUST_CHECK;

/* p, or one of its threads, has one more signal pending.  Any context. */
void signalfd_notify(struct proc *p);

#endif
