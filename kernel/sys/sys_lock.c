/* System calls that lock files. */
#include <linux/fcntl.h>

#include "fs/lock.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

static int
flock_type(u32 operation, s16 *out)
{
	switch (operation & ~(u32)LOCK_NB) {
	case LOCK_SH:
		*out = F_RDLCK;
		return 0;
	case LOCK_EX:
		*out = F_WRLCK;
		return 0;
	case LOCK_UN:
		*out = F_UNLCK;
		return 0;
	}
	return -EINVAL;
}

/* LOCK_MAND is an old request that Linux does not heed any more: it succeeds.
 */
s64
sys_flock(int n, u32 operation)
{
	bool wait = (operation & LOCK_NB) == 0;
	struct fd fd;
	s16 type;
	int err;

	if (operation & LOCK_MAND)
		return 0;
	err = flock_type(operation, &type);
	if (err == 0)
		err = fd_get(n, &fd);
	if (err < 0)
		return err;
	err = file_flock(fd.file, proc_current()->nr, type, wait);
	fd_put(&fd);
	return err;
}

bool
sys_lock_is_cmd(int cmd)
{
	return cmd == F_GETLK || cmd == F_SETLK || cmd == F_SETLKW ||
	    cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
}

static s64
get_lock(struct file *f, int cmd, struct flock *arg, uaddr_t user)
{
	int err = file_get_lock(f, &task_current()->files->locks, cmd, arg);

	return err < 0 ? err : user_write(user, arg, sizeof(*arg));
}

/*
 * Another thread may have closed n meanwhile, and dropped the process's locks
 * before there was this one; then it goes as well.  If it is not seen to be
 * closed, who closes it will see the lock.
 */
static s64
set_lock(int n, struct file *f, int cmd, struct flock *arg)
{
	bool of_process = cmd == F_SETLK || cmd == F_SETLKW;
	struct lock_owner *owner = &task_current()->files->locks;
	s32 pid = proc_current()->nr;
	int err = file_set_lock(f, owner, pid, cmd, arg);

	if (err < 0 || !of_process || arg->l_type == F_UNLCK || fd_is(n, f))
		return err;
	arg->l_type = F_UNLCK;
	(void)!file_set_lock(f, owner, pid, F_SETLK, arg);
	return -EBADF;
}

s64
sys_lock_fcntl(int n, struct file *f, int cmd, uaddr_t user)
{
	struct flock arg;

	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	if (user_read(&arg, user, sizeof(arg)) < 0)
		return -EFAULT;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK)
		return get_lock(f, cmd, &arg, user);
	return set_lock(n, f, cmd, &arg);
}
