/* System calls of files that stand for processes. */
#include <linux/fcntl.h>
#include <linux/pidfd.h>

#include "fs/file.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "proc/pidfd.h"
#include "proc/proc.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

static s64
open_take(struct file *file)
{
	int n, err = fd_open_take(file, true, &n);

	if (err == 0)
		return n;
	file_put(file);
	return err;
}

s64
sys_pidfd_open(int pid, u32 flags)
{
	struct file *file;
	int err;

	if (flags & ~(u32)PIDFD_NONBLOCK)
		return -EINVAL;
	err = pidfd_open(pid, flags, &file);
	return err < 0 ? err : open_take(file);
}

static int
get_info(uaddr_t user, int sig, struct sig_info *info)
{
	if (user_read(info, user, sizeof(*info)) < 0)
		return -EFAULT;
	info->pad = 0;
	return info->signo == sig ? 0 : -EINVAL;
}

static int
send(struct proc *p, int sig, uaddr_t user)
{
	struct sig_info info;
	int err;

	if (!p)
		return -EBADF;
	if (user.val == 0)
		return signal_kill_proc(p, sig);
	err = get_info(user, sig, &info);
	return err < 0 ? err : signal_queue_proc(p, &info);
}

s64
sys_pidfd_send_signal(int n, int sig, uaddr_t info, u32 flags)
{
	struct fd fd;
	int err;

	if (flags != 0)
		return -EINVAL;
	err = fd_get(n, &fd);
	if (err < 0)
		return err;
	err = send(pidfd_proc(fd.file), sig, info);
	fd_put(&fd);
	return err;
}

s64
sys_pidfd_getfd(int n, int target, u32 flags)
{
	struct file *file;
	struct proc *p;
	struct fd fd;
	int err;

	if (flags != 0)
		return -EINVAL;
	err = fd_get(n, &fd);
	if (err < 0)
		return err;
	p = pidfd_proc(fd.file);
	err = p ? pidfd_getfd(p, target, &file) : -EBADF;
	fd_put(&fd);
	return err < 0 ? err : open_take(file);
}
