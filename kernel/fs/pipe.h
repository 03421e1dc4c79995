/*
 * Pipes, with a name (FIFOs) or without.
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/file.h"

#define PIPE_DEFAULT_BYTES (16 * PAGE_SIZE)
#define PIPE_MAX_BYTES     (1ul << 20) /* for who is not root */

/*
 * Both ends: ends[0] to read, ends[1] to write, a reference each.
 * flags: O_NONBLOCK; O_CLOEXEC is the caller's affair.
 * Errors: -EINVAL another flag (packets are not offered), -ENOMEM.
 */
int pipe_create(
    const struct fs_who *who, u32 flags, struct file *ends[2]) MUST_CHECK;
bool file_is_pipe(const struct file *f);
/* F_GETPIPE_SZ and F_SETPIPE_SZ: bytes.  Errors: -EBADF it is no pipe,
 * -EBUSY more than that is in it, -EPERM, -EINVAL, -ENOMEM. */
s64 pipe_capacity(struct file *f);
s64 pipe_set_capacity(const struct fs_who *who, struct file *f, u64 bytes);

/*
 * splice, tee and vmsplice (pipe_splice.c), by copying; flags: SPLICE_F_*.
 * How many bytes were moved.
 * Errors: -EINVAL none is a pipe, or both are the same; -ESPIPE a position of a
 *         pipe's; -EBADF, -EAGAIN, -EPIPE, -ERESTARTSYS.
 */
s64 pipe_splice(const struct fs_who *who, struct file *in, u64 *in_pos,
    struct file *out, u64 *out_pos, u64 len, u32 flags);
s64 pipe_tee(struct file *in, struct file *out, u64 len, u32 flags);
/* Not a pipe: -EBADF. */
s64 pipe_vmsplice(
    const struct fs_who *who, struct file *f, struct iov_iter *it, u32 flags);

/* What an inode that is a FIFO opens as. */
extern const struct file_ops fifo_file_ops;

#endif
