/* System calls on open files. */
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/devpts.h"
#include "fs/memfd.h"
#include "fs/pipe.h"
#include "fs/vfs.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/io_count.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* ---- reading and writing ------------------------------------------------ */

s64
sys_read(int n, uaddr_t buf, u64 len)
{
	struct iov_iter it;
	struct fd fd;
	s64 done;
	int err = fd_get(n, &fd);

	if (err < 0)
		return err;
	iov_init_user(&it, buf, len);
	done = file_read(fd.file, &it);
	fd_put(&fd);
	return io_count_read_of(&it, done);
}

s64
sys_write(int n, uaddr_t buf, u64 len)
{
	struct fs_who who = who_current();
	struct iov_iter it;
	struct fd fd;
	s64 done;
	int err = fd_get(n, &fd);

	if (err < 0)
		return err;
	iov_init_user(&it, buf, len);
	done = file_write(&who, fd.file, &it);
	fd_put(&fd);
	return sys_write_done(&it, io_count_write_of(&it, done));
}

s64
sys_pread64(int n, uaddr_t buf, u64 len, s64 pos)
{
	struct iov_iter it;
	struct fd fd;
	s64 done;
	int err;

	if (pos < 0)
		return -EINVAL;
	err = fd_get(n, &fd);
	if (err < 0)
		return err;
	iov_init_user(&it, buf, len);
	done = file_pread(fd.file, &it, pos);
	fd_put(&fd);
	return io_count_read_of(&it, done);
}

s64
sys_pwrite64(int n, uaddr_t buf, u64 len, s64 pos)
{
	struct fs_who who = who_current();
	struct iov_iter it;
	struct fd fd;
	s64 done;
	int err;

	if (pos < 0)
		return -EINVAL;
	err = fd_get(n, &fd);
	if (err < 0)
		return err;
	iov_init_user(&it, buf, len);
	done = file_pwrite(&who, fd.file, &it, pos);
	fd_put(&fd);
	return sys_write_result(io_count_write_of(&it, done));
}

/* What differs between the eight calls that follow. */
struct transfer {
	bool write;
	bool at_pos;
	s64 pos;
};

static s64
transfer_file(struct file *f, struct iov_iter *it, const struct transfer *t)
{
	struct fs_who who = who_current();

	if (!t->write)
		return t->at_pos ? file_pread(f, it, t->pos) : file_read(f, it);
	return sys_write_done(it,
	    t->at_pos ? file_pwrite(&who, f, it, t->pos)
		      : file_write(&who, f, it));
}

static s64
transfer_vector(int n, uaddr_t user, int nr, const struct transfer *t)
{
	struct sys_vector v;
	struct fd fd;
	s64 done;
	int err = fd_get(n, &fd);

	if (err < 0)
		return err;
	done = sys_vector_get(&v, user, nr);
	if (done == 0) {
		done = transfer_file(fd.file, &v.it, t);
		sys_vector_free(&v);
	}
	fd_put(&fd);
	return done;
}

/* Of these even those count that name no file. */
static s64
transfer(int n, uaddr_t user, int nr, const struct transfer *t)
{
	s64 done = transfer_vector(n, user, nr, t);

	return t->write ? io_count_write(done) : io_count_read(done);
}

s64
sys_readv(int n, uaddr_t iov, int nr)
{
	return transfer(n, iov, nr, &(struct transfer){.write = false});
}

s64
sys_writev(int n, uaddr_t iov, int nr)
{
	return transfer(n, iov, nr, &(struct transfer){.write = true});
}

s64
sys_preadv(int n, uaddr_t iov, int nr, s64 pos)
{
	if (pos < 0)
		return -EINVAL;
	return transfer(
	    n, iov, nr, &(struct transfer){.at_pos = true, .pos = pos});
}

s64
sys_pwritev(int n, uaddr_t iov, int nr, s64 pos)
{
	if (pos < 0)
		return -EINVAL;
	return transfer(n, iov, nr,
	    &(struct transfer){.write = true, .at_pos = true, .pos = pos});
}

/* The flags are hints and promises that no file of ours could keep. */
s64
sys_preadv2(int n, uaddr_t iov, int nr, s64 pos, s64 high, u32 flags)
{
	(void)high;
	if (flags != 0)
		return -EOPNOTSUPP;
	return pos == -1 ? sys_readv(n, iov, nr) : sys_preadv(n, iov, nr, pos);
}

s64
sys_pwritev2(int n, uaddr_t iov, int nr, s64 pos, s64 high, u32 flags)
{
	(void)high;
	if (flags != 0)
		return -EOPNOTSUPP;
	return pos == -1 ? sys_writev(n, iov, nr)
			 : sys_pwritev(n, iov, nr, pos);
}

/* ---- copying between files ---------------------------------------------- */

/* A position in user memory, if there is one: read before, written after. */
static int
pos_get(uaddr_t user, u64 *pos)
{
	s64 val;

	if (user.val == 0)
		return 0;
	if (user_read(&val, user, sizeof(val)) < 0)
		return -EFAULT;
	if (val < 0)
		return -EINVAL;
	*pos = val;
	return 0;
}

static s64
pos_put(uaddr_t user, u64 pos, s64 done)
{
	if (user.val != 0 && done >= 0 &&
	    user_write(user, &pos, sizeof(pos)) < 0)
		return -EFAULT;
	return done;
}

static s64
count_both(s64 done)
{
	(void)io_count_read(done);
	return io_count_write(done);
}

s64
sys_sendfile(int out, int in, uaddr_t user, u64 len)
{
	struct fs_who who = who_current();
	struct fd from, to;
	u64 pos = 0;
	s64 done = sys_get_two(in, out, &from, &to);

	if (done < 0)
		return done;
	done = pos_get(user, &pos);
	if (done == 0)
		done = count_both(file_send(&who, from.file,
		    user.val != 0 ? &pos : NULL, to.file, len));
	done = pos_put(user, pos, done);
	fd_put(&to);
	fd_put(&from);
	return sys_write_result(done);
}

s64
sys_copy_file_range(
    int in, uaddr_t in_user, int out, uaddr_t out_user, u64 len, u32 flags)
{
	struct fs_who who = who_current();
	u64 in_pos = 0, out_pos = 0;
	struct fd from, to;
	s64 done;

	if (flags != 0)
		return -EINVAL;
	done = sys_get_two(in, out, &from, &to);
	if (done < 0)
		return done;
	done = pos_get(in_user, &in_pos);
	if (done == 0)
		done = pos_get(out_user, &out_pos);
	if (done == 0)
		done = count_both(file_copy_range(&who, from.file,
		    in_user.val != 0 ? &in_pos : NULL, to.file,
		    out_user.val != 0 ? &out_pos : NULL, len));
	done = pos_put(in_user, in_pos, done);
	done = pos_put(out_user, out_pos, done);
	fd_put(&to);
	fd_put(&from);
	return sys_write_result(done);
}

/* ---- calls that are one function below ---------------------------------- */

#define WITH_FD(n, call)                                                       \
	({                                                                     \
		struct fd fd;                                                  \
		s64 result = fd_get(n, &fd);                                   \
		if (result == 0) {                                             \
			result = (call);                                       \
			fd_put(&fd);                                           \
		}                                                              \
		result;                                                        \
	})

s64
sys_lseek(int n, s64 offset, int whence)
{
	/* Judged before whether the file can seek at all. */
	return WITH_FD(n,
	    whence < 0 || whence > SEEK_MAX
		? -EINVAL
		: file_seek(fd.file, offset, whence));
}

s64
sys_fsync(int n)
{
	return WITH_FD(n, file_sync(fd.file, false));
}

s64
sys_fdatasync(int n)
{
	return WITH_FD(n, file_sync(fd.file, true));
}

s64
sys_sync_file_range(int n, s64 offset, s64 len, u32 flags)
{
	return WITH_FD(n, file_sync_range(fd.file, offset, len, flags));
}

/* A disk that fails is told of by fsync, never here. */
s64
sys_sync(void)
{
	(void)!mount_sync_all();
	return 0;
}

s64
sys_syncfs(int n)
{
	return WITH_FD(n, file_sync_fs(fd.file));
}

s64
sys_ftruncate(int n, s64 size)
{
	struct fs_who who = who_current();

	if (size < 0)
		return -EINVAL;
	return sys_write_result(WITH_FD(n, file_truncate(&who, fd.file, size)));
}

s64
sys_fallocate(int n, u32 mode, s64 pos, s64 len)
{
	struct fs_who who = who_current();

	return sys_write_result(
	    WITH_FD(n, file_allocate(&who, fd.file, mode, pos, len)));
}

static s64
advise(struct file *f, s64 len, int advice)
{
	if (file_is_pipe(f))
		return -ESPIPE;
	return len < 0 || advice < 0 || advice > 5 ? -EINVAL : 0;
}

s64
sys_fadvise64(int n, s64 pos, s64 len, int advice)
{
	(void)pos;
	return WITH_FD(n,
	    (fd.file->access & FILE_PATH_ONLY) ? -EBADF
					       : advise(fd.file, len, advice));
}

s64
sys_fchmod(int n, u32 mode)
{
	struct fs_who who = who_current();

	return WITH_FD(n, file_chmod(&who, fd.file, mode));
}

s64
sys_fchown(int n, u32 uid, u32 gid)
{
	struct fs_who who = who_current();

	return WITH_FD(n, file_chown(&who, fd.file, uid, gid));
}

s64
sys_fchdir(int n)
{
	struct fs_who who = who_current();

	return WITH_FD(n, file_chdir(&who, fd.file));
}

/* ---- descriptors -------------------------------------------------------- */

s64
sys_close(int n)
{
	return fd_close(n);
}

s64
sys_close_range(u32 first, u32 last, u32 flags)
{
	return fd_close_range(first, last, flags);
}

s64
sys_dup(int n)
{
	int out;
	int err = fd_dup(n, &out);

	return err < 0 ? err : out;
}

s64
sys_dup3(int from, int to, u32 flags)
{
	int err;

	if ((flags & ~(u32)O_CLOEXEC) || from == to)
		return -EINVAL;
	err = fd_dup_to(from, to, (flags & O_CLOEXEC) != 0);
	return err < 0 ? err : to;
}

s64
sys_pipe2(uaddr_t user, u32 flags)
{
	bool cloexec = (flags & O_CLOEXEC) != 0;
	struct fs_who who = who_current();
	struct file *ends[2];
	int fds[2];
	int err;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_create(&who, flags & ~(u32)O_CLOEXEC, ends);
	if (err < 0)
		return err;
	err = fd_reserve(cloexec, &fds[0]);
	if (err < 0)
		goto put_ends;
	err = fd_reserve(cloexec, &fds[1]);
	if (err < 0)
		goto unreserve_first;
	err = user_write(user, fds, sizeof(fds));
	if (err < 0)
		goto unreserve_both;
	/* commit */
	fd_install_take(fds[0], ends[0]);
	fd_install_take(fds[1], ends[1]);
	return 0;
unreserve_both:
	fd_unreserve(fds[1]);
unreserve_first:
	fd_unreserve(fds[0]);
put_ends:
	file_put(ends[0]);
	file_put(ends[1]);
	return err;
}

static s64
dup_from(int n, u64 arg, bool cloexec)
{
	/* What is no number is beyond any limit. */
	int min = arg > 0x7fffffff ? 0x7fffffff : (int)arg;
	int out;
	int err = fd_dup_from(n, min, cloexec, &out);

	return err < 0 ? err : out;
}

static s64
get_cloexec(int n)
{
	bool on;
	int err = fd_get_cloexec(n, &on);

	return err < 0 ? err : (on ? FD_CLOEXEC : 0);
}

/* The commands of fcntl that are about the open file. */
static s64
file_fcntl(struct file *f, int cmd, u64 arg)
{
	struct fs_who who = who_current();

	if ((f->access & FILE_PATH_ONLY) && cmd != F_GETFL)
		return -EBADF;
	switch (cmd) {
	case F_GETFL:
		return file_flags(f);
	case F_SETFL:
		return file_set_flags(&who, f, (u32)arg);
	case F_GETPIPE_SZ:
		return pipe_capacity(f);
	case F_SETPIPE_SZ:
		return pipe_set_capacity(&who, f, (u32)arg);
	case F_ADD_SEALS:
		return memfd_add_seals(f, (u32)arg);
	case F_GET_SEALS:
		return memfd_seals(f);
	}
	return -EINVAL;
}

s64
sys_fcntl(int n, int cmd, u64 arg)
{
	switch (cmd) {
	case F_DUPFD:
		return dup_from(n, arg, false);
	case F_DUPFD_CLOEXEC:
		return dup_from(n, arg, true);
	case F_GETFD:
		return get_cloexec(n);
	case F_SETFD:
		return fd_set_cloexec(n, (arg & FD_CLOEXEC) != 0);
	}
	if (sys_lock_is_cmd(cmd))
		return WITH_FD(n, sys_lock_fcntl(n, fd.file, cmd, uaddr(arg)));
	return WITH_FD(n, file_fcntl(fd.file, cmd, arg));
}

static s64
set_nonblock(struct file *f, uaddr_t user)
{
	struct fs_who who = who_current();
	u32 flags = file_flags(f);
	int on;

	if (user_read(&on, user, sizeof(on)) < 0)
		return -EFAULT;
	flags = on ? flags | O_NONBLOCK : flags & ~(u32)O_NONBLOCK;
	return file_set_flags(&who, f, flags);
}

/* The other end of a pseudo-terminal, whatever its name now means. */
static s64
open_peer(struct file *f, u32 flags)
{
	struct file *peer;
	int n;
	int err = fd_reserve((flags & O_CLOEXEC) != 0, &n);

	if (err < 0)
		return err;
	err = devpts_open_peer(f, flags, &peer);
	if (err < 0) {
		fd_unreserve(n);
		return err;
	}
	fd_install_take(n, peer);
	return n;
}

static s64
ioctl_of(int n, struct file *f, u32 cmd, u64 arg)
{
	struct fs_who who = who_current();

	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX:
		return fd_set_cloexec(n, true);
	case FIONCLEX:
		return fd_set_cloexec(n, false);
	case FIONBIO:
		return set_nonblock(f, uaddr(arg));
	case TIOCGPTPEER:
		if (devpts_is_master(f))
			return open_peer(f, (u32)arg);
	}
	return file_ioctl(&who, f, cmd, arg);
}

s64
sys_ioctl(int n, u32 cmd, u64 arg)
{
	return WITH_FD(n, ioctl_of(n, fd.file, cmd, arg));
}
