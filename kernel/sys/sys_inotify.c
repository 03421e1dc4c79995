/* System calls of inotify. */
#include <linux/fcntl.h>
#include <linux/inotify.h>

#include "fs/cred.h"
#include "fs/inotify.h"
#include "proc/proc.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

#define KNOWN_BITS                                                             \
	(IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED |             \
	    IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE |    \
	    IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)

s64
sys_inotify_init1(u32 flags)
{
	struct file *file;
	int err, n;

	if (flags & ~(u32)(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	err = inotify_create(task_current()->cred->euid, flags, &file);
	if (err < 0)
		return err;
	err = fd_open_take(file, (flags & IN_CLOEXEC) != 0, &n);
	if (err == 0)
		return n;
	file_put(file);
	return err;
}

/* Both at once say whether there must be a watch, and that there mustn't. */
static bool
is_contrary(u32 mask)
{
	return (mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE);
}

static s64
add(struct file *f, uaddr_t path, u32 mask)
{
	struct fs_who who = who_current();
	struct sys_name n;
	s64 wd = sys_name_get(&n, AT_FDCWD, path);

	if (wd < 0)
		return wd;
	wd = inotify_add(&who, f, n.name, mask);
	sys_name_put(&n);
	return wd;
}

s64
sys_inotify_add_watch(int inotify, uaddr_t path, u32 mask)
{
	struct fd fd;
	s64 wd;

	if (mask == 0 || (mask & ~(u32)KNOWN_BITS))
		return -EINVAL;
	wd = fd_get(inotify, &fd);
	if (wd < 0)
		return wd;
	wd = is_contrary(mask) ? -EINVAL : add(fd.file, path, mask);
	fd_put(&fd);
	return wd;
}

s64
sys_inotify_rm_watch(int inotify, int wd)
{
	struct fd fd;
	int err = fd_get(inotify, &fd);

	if (err < 0)
		return err;
	err = inotify_remove(fd.file, wd);
	fd_put(&fd);
	return err;
}
