/* What the handlers share: paths, times, masks. */
#ifndef SYS_UTIL_H
#define SYS_UTIL_H

#include <linux/time_types.h>

#include "fs/namei.h"
#include "proc/fdtable.h"
#include "proc/signal.h"
#include "proc/who.h"

/*
 * A user's path, in kernel memory until path_free.
 * Errors: -EFAULT, -ENAMETOOLONG, -ENOMEM.
 */
int sys_path_get(uaddr_t user, char **out) MUST_CHECK;
void sys_path_free(char *path);

/* Paths that need no memory of their own; most are shorter. */
#define SYS_SHORT_PATH 96

/*
 * A path and the directory that it is relative to, held for one call.  base is
 * -AT_FDCWD or a descriptor, which an absolute path leaves unlooked at.
 * Errors: as sys_path_get; -EBADF.
 */
struct sys_name {
	char *path; /* short_path, or memory of its own */
	struct fd fd;
	bool has_fd;
	struct fs_name name;
	char short_path[SYS_SHORT_PATH];
};
int sys_name_get(struct sys_name *n, int dirfd, uaddr_t path) MUST_CHECK;
void sys_name_put(struct sys_name *n);
/* The same for calls where a null path or "" may mean the descriptor. */
int sys_name_get_empty(
    struct sys_name *n, int dirfd, uaddr_t path, bool empty_ok) MUST_CHECK;

/* A list of pieces this short lies on the stack. */
#define SYS_FEW_SEGMENTS 8

/*
 * struct sys_vector: a list of pieces copied in, and the iterator over it.
 */
struct sys_vector {
	struct iov_segment few[SYS_FEW_SEGMENTS];
	struct iov_segment *segments;
	struct iov_iter it;
};
/* Errors: -EINVAL, -EFAULT, -ENOMEM. */
int sys_vector_get(struct sys_vector *v, uaddr_t user, int nr) MUST_CHECK;
void sys_vector_free(struct sys_vector *v);

/*
 * Times.  Errors: -EFAULT; -EINVAL negative, or a billion nanoseconds.
 * A time beyond what fits becomes the greatest there is.
 */
int sys_timespec_get(uaddr_t user, u64 *ns) MUST_CHECK;
int sys_timespec_put(uaddr_t user, u64 ns) MUST_CHECK;
int sys_timeval_get(uaddr_t user, u64 *ns) MUST_CHECK;
struct __kernel_timespec sys_timespec(u64 ns);
struct __kernel_old_timeval sys_timeval(u64 ns);
/* NO_DEADLINE for a null pointer, else now plus the time there. */
int sys_deadline_get(uaddr_t user, u64 *deadline_ns) MUST_CHECK;

/* A mask of signals, whose size must be right; -EINVAL, -EFAULT. */
int sys_sigset_get(uaddr_t user, u64 size, struct sigset *out) MUST_CHECK;

/* fcntl's commands about locks, of descriptor n, which is open on f. */
bool sys_lock_is_cmd(int cmd);
s64 sys_lock_fcntl(int n, struct file *f, int cmd, uaddr_t user);

/* SIGPIPE and SIGXFSZ where a write's result asks for one; gives it back. */
s64 sys_write_result(s64 result);
/* The same for a write of it, which may have lost its reader half way. */
s64 sys_write_done(const struct iov_iter *it, s64 result);

/* The files that bytes go from and to; both are to be put.  Errors: -EBADF. */
int sys_get_two(int in, int out, struct fd *from, struct fd *to) MUST_CHECK;

#endif
