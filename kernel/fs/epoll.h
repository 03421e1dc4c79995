/*
 * epoll: a set of files that are watched for as long as they are open.
 */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

#include <linux/eventpoll.h>

#include "lib/errno.h"
#include "lib/types.h"

struct file;

/*
 * uid is charged for what it will watch.  flags: O_NONBLOCK counts for nothing.
 * Errors: -ENOMEM.
 */
int epoll_create(u32 uid, struct file **out) MUST_CHECK;

/*
 * EPOLL_CTL_* op on what epoll watches.  A watch is known by the file and the
 * descriptor that it was added by; event is not used by EPOLL_CTL_DEL.
 * Errors: -EINVAL epoll is none, or watches itself, op, or EPOLLEXCLUSIVE with
 *         what it does not go with; -EPERM the file is always ready;
 *         -EEXIST; -ENOENT; -ELOOP epolls would watch each other in a circle,
 *         or more than five be in a row; -ENOSPC the user has too many;
 * -ENOMEM.
 */
int epoll_ctl(struct file *epoll, int op, struct file *file, int fd,
    const struct epoll_event *event) MUST_CHECK;

/*
 * Up to max of the watched that are ready, as struct epoll_event at out; waits
 * for the first until deadline_ns.  How many, 0 at the deadline.
 * Errors: -EINVAL epoll is none, -EINTR, -EFAULT.
 */
s64 epoll_wait(
    struct file *epoll, uaddr_t out, u32 max, u64 deadline_ns) MUST_CHECK;

/*
 * f has no reference left: what watches it is forgotten.  Only for a file that
 * was_watched.  Locks: takes EPOLL_GRAPH.
 */
void epoll_forget_file(struct file *f);

/* How many watches one user may have in all his epolls. */
u64 epoll_max_watches(void);
void epoll_set_max_watches(u64 nr);

#endif
