/* System calls that move bytes by way of pipes. */
#include "fs/pipe.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* MOVE, NONBLOCK, MORE and GIFT: all but the second are hints. */
#define KNOWN_FLAGS 0xfu

/* Positions are told though nothing was moved: they are as they were. */
static s64
splice(struct file *in, uaddr_t in_user, struct file *out, uaddr_t out_user,
    u64 len, u32 flags)
{
	struct fs_who who = who_current();
	u64 in_pos = 0, out_pos = 0;
	s64 done;

	/* A pipe's position is refused before it is looked at. */
	if ((in_user.val && file_is_pipe(in)) ||
	    (out_user.val && file_is_pipe(out)))
		return -ESPIPE;
	if (in_user.val && user_read(&in_pos, in_user, sizeof(in_pos)) < 0)
		return -EFAULT;
	if (out_user.val && user_read(&out_pos, out_user, sizeof(out_pos)) < 0)
		return -EFAULT;
	done = pipe_splice(&who, in, in_user.val ? &in_pos : NULL, out,
	    out_user.val ? &out_pos : NULL, len, flags);
	if (done < 0)
		return done;
	if (in_user.val && user_write(in_user, &in_pos, sizeof(in_pos)) < 0)
		return -EFAULT;
	if (out_user.val && user_write(out_user, &out_pos, sizeof(out_pos)) < 0)
		return -EFAULT;
	return done;
}

s64
sys_splice(int in, uaddr_t in_pos, int out, uaddr_t out_pos, u64 len, u32 flags)
{
	struct fd from, to;
	s64 done;

	if (len == 0)
		return 0;
	if (flags & ~KNOWN_FLAGS)
		return -EINVAL;
	done = sys_get_two(in, out, &from, &to);
	if (done < 0)
		return done;
	done = splice(from.file, in_pos, to.file, out_pos, len, flags);
	fd_put(&to);
	fd_put(&from);
	return sys_write_result(done);
}

s64
sys_tee(int in, int out, u64 len, u32 flags)
{
	struct fd from, to;
	s64 done;

	if (flags & ~KNOWN_FLAGS)
		return -EINVAL;
	if (len == 0)
		return 0;
	done = sys_get_two(in, out, &from, &to);
	if (done < 0)
		return done;
	done = pipe_tee(from.file, to.file, len, flags);
	fd_put(&to);
	fd_put(&from);
	return sys_write_result(done);
}

s64
sys_vmsplice(int n, uaddr_t iov, u64 nr, u32 flags)
{
	struct fs_who who = who_current();
	struct sys_vector v;
	struct fd fd;
	s64 done;

	if (flags & ~KNOWN_FLAGS)
		return -EINVAL;
	done = fd_get(n, &fd);
	if (done < 0)
		return done;
	done = file_is_pipe(fd.file) ? 0 : -EBADF;
	if (done == 0)
		done = sys_vector_get(
		    &v, iov, nr > INT32_MAX ? INT32_MAX : (int)nr);
	if (done == 0) {
		done = pipe_vmsplice(&who, fd.file, &v.it, flags);
		sys_vector_free(&v);
	}
	fd_put(&fd);
	return sys_write_result(done);
}
