/* Files that are a number: writing adds to it, reading takes it. */
#ifndef FS_EVENTFD_H
#define FS_EVENTFD_H

#include "lib/errno.h"
#include "lib/types.h"

struct file;

/*
 * semaphore: a read takes 1, not all.  flags: O_NONBLOCK counts.
 * Errors: -ENOMEM.
 */
int eventfd_create(
    u32 count, bool semaphore, u32 flags, struct file **out) MUST_CHECK;

#endif
