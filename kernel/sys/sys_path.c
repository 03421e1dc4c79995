/* System calls on names. */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>

#include "lib/string.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* NAMEI_* for AT_*; those that a call does not know are -EINVAL. */
static int
at_flags(u32 flags, u32 known, u32 *namei)
{
	if (flags & ~known)
		return -EINVAL;
	*namei = 0;
	if (flags & AT_SYMLINK_NOFOLLOW)
		*namei |= NAMEI_NOFOLLOW;
	if (flags & AT_EMPTY_PATH)
		*namei |= NAMEI_EMPTY;
	return 0;
}

#define WITH_NAME(dirfd, path, call)                                           \
	({                                                                     \
		struct fs_who who = who_current();                             \
		struct sys_name n;                                             \
		s64 result = sys_name_get(&n, dirfd, path);                    \
		if (result == 0) {                                             \
			result = (call);                                       \
			sys_name_put(&n);                                      \
		}                                                              \
		result;                                                        \
	})

/* The number first: no file is made that could not be given one. */
static s64
open_at(const struct fs_who *who, struct fs_name name, u32 flags, u32 mode)
{
	struct file *file;
	int n;
	int err = fd_reserve((flags & O_CLOEXEC) != 0, &n);

	if (err < 0)
		return err;
	err = namei_open(who, name, flags, mode, &file);
	if (err < 0) {
		fd_unreserve(n);
		return err;
	}
	fd_install_take(n, file);
	return n;
}

s64
sys_openat(int dirfd, uaddr_t path, u32 flags, u32 mode)
{
	return WITH_NAME(dirfd, path, open_at(&who, n.name, flags, mode));
}

s64
sys_faccessat(int dirfd, uaddr_t path, u32 want)
{
	return sys_faccessat2(dirfd, path, want, 0);
}

/* The real ids ask, unless AT_EACCESS says otherwise. */
static s64
access_as(int dirfd, uaddr_t path, u32 want, u32 flags, bool effective)
{
	struct cred *real = NULL;
	s64 err;

	if (!effective) {
		err = cred_dup_real(task_current()->cred, &real);
		if (err < 0)
			return err;
	}
	err = WITH_NAME(dirfd, path, ({
		if (real != NULL)
			who.cred = real;
		namei_access(&who, n.name, flags, want);
	}));
	if (real != NULL)
		cred_put(real);
	return err;
}

s64
sys_faccessat2(int dirfd, uaddr_t path, u32 want, u32 flags)
{
	u32 namei;
	int err = at_flags(
	    flags, AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &namei);

	if (err < 0 || (want & ~7u))
		return -EINVAL;
	return access_as(dirfd, path, want, namei, (flags & AT_EACCESS) != 0);
}

static s64
read_link(const struct fs_who *who, struct fs_name name, uaddr_t buf, int cap)
{
	char *text = kmalloc(PATH_MAX_BYTES);
	size_t len;
	s64 err;

	if (text == NULL)
		return -ENOMEM;
	err = namei_readlink(who, name, text, PATH_MAX_BYTES, &len);
	if (err == 0) {
		len = MIN(len, (size_t)cap);
		err = user_write(buf, text, len);
	}
	kfree(text);
	return err < 0 ? err : (s64)len;
}

s64
sys_readlinkat(int dirfd, uaddr_t path, uaddr_t buf, int cap)
{
	if (cap <= 0)
		return -EINVAL;
	return WITH_NAME(dirfd, path, read_link(&who, n.name, buf, cap));
}

s64
sys_unlinkat(int dirfd, uaddr_t path, u32 flags)
{
	if (flags & ~(u32)AT_REMOVEDIR)
		return -EINVAL;
	return WITH_NAME(dirfd, path,
	    flags ? namei_rmdir(&who, n.name) : namei_unlink(&who, n.name));
}

s64
sys_mkdirat(int dirfd, uaddr_t path, u32 mode)
{
	return WITH_NAME(dirfd, path, namei_mkdir(&who, n.name, mode));
}

s64
sys_mknodat(int dirfd, uaddr_t path, u32 mode, u32 rdev)
{
	return WITH_NAME(dirfd, path, namei_mknod(&who, n.name, mode, rdev));
}

s64
sys_symlinkat(uaddr_t target, int dirfd, uaddr_t path)
{
	char *text;
	s64 err = sys_path_get(target, &text);

	if (err < 0)
		return err;
	err = WITH_NAME(dirfd, path, namei_symlink(&who, text, n.name));
	sys_path_free(text);
	return err;
}

s64
sys_linkat(int old_fd, uaddr_t old, int new_fd, uaddr_t new, u32 flags)
{
	/* Here following is the exception. */
	u32 namei = (flags & AT_SYMLINK_FOLLOW) ? 0 : NAMEI_NOFOLLOW;
	struct sys_name from;
	s64 err;

	if (flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		namei |= NAMEI_EMPTY;
	err = sys_name_get(&from, old_fd, old);
	if (err < 0)
		return err;
	err =
	    WITH_NAME(new_fd, new, namei_link(&who, from.name, n.name, namei));
	sys_name_put(&from);
	return err;
}

s64
sys_renameat2(int old_fd, uaddr_t old, int new_fd, uaddr_t new, u32 flags)
{
	struct sys_name from;
	s64 err;

	if (flags & ~(u32)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if ((flags & RENAME_NOREPLACE) && (flags & RENAME_EXCHANGE))
		return -EINVAL;
	err = sys_name_get(&from, old_fd, old);
	if (err < 0)
		return err;
	err = WITH_NAME(
	    new_fd, new, namei_rename(&who, from.name, n.name, flags));
	sys_name_put(&from);
	return err;
}

s64
sys_fchmodat(int dirfd, uaddr_t path, u32 mode)
{
	return WITH_NAME(dirfd, path, namei_chmod(&who, n.name, 0, mode));
}

s64
sys_fchownat(int dirfd, uaddr_t path, u32 uid, u32 gid, u32 flags)
{
	u32 namei;
	int err = at_flags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &namei);

	if (err < 0)
		return err;
	return WITH_NAME(
	    dirfd, path, namei_chown(&who, n.name, namei, uid, gid));
}

/* Of the C library's headers, which the kernel's lack. */
#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

/* One of the two times: a value, UTIME_NOW or UTIME_OMIT. */
static int
time_of(const struct __kernel_timespec *ts, u8 *how, s64 *ns)
{
	*ns = 0;
	*how = FILE_TIME_SET;
	if (ts->tv_nsec == UTIME_NOW)
		*how = FILE_TIME_NOW;
	else if (ts->tv_nsec == UTIME_OMIT)
		*how = FILE_TIME_OMIT;
	else if (ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000)
		return -EINVAL;
	else if (__builtin_mul_overflow(ts->tv_sec, 1000000000l, ns) ||
	    __builtin_add_overflow(*ns, ts->tv_nsec, ns))
		*ns = ts->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return 0;
}

static int
times_get(uaddr_t user, struct file_times *out)
{
	struct __kernel_timespec ts[2];
	int err;

	*out = (struct file_times){
	    .atime_how = FILE_TIME_NOW, .mtime_how = FILE_TIME_NOW};
	if (user.val == 0)
		return 0;
	if (user_read(ts, user, sizeof(ts)) < 0)
		return -EFAULT;
	err = time_of(&ts[0], &out->atime_how, &out->atime_ns);
	if (err == 0)
		err = time_of(&ts[1], &out->mtime_how, &out->mtime_ns);
	return err;
}

s64
sys_utimensat(int dirfd, uaddr_t path, uaddr_t times, u32 flags)
{
	struct fs_who who = who_current();
	struct file_times t;
	struct fd fd;
	u32 namei;
	s64 err = times_get(times, &t);

	if (err < 0)
		return err;
	if (t.atime_how == FILE_TIME_OMIT && t.mtime_how == FILE_TIME_OMIT)
		return 0;
	err = at_flags(flags, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &namei);
	if (err < 0)
		return err;
	if (path.val != 0 || dirfd == AT_FDCWD)
		return WITH_NAME(
		    dirfd, path, namei_utimens(&who, n.name, namei, &t));
	if (flags != 0)
		return -EINVAL;
	err = fd_get(dirfd, &fd);
	if (err == 0) {
		err = file_utimens(&who, fd.file, &t);
		fd_put(&fd);
	}
	return err;
}

s64
sys_truncate(uaddr_t path, s64 size)
{
	if (size < 0)
		return -EINVAL;
	return sys_write_result(
	    WITH_NAME(AT_FDCWD, path, namei_truncate(&who, n.name, size)));
}

s64
sys_getcwd(uaddr_t buf, u64 cap)
{
	char *text = kmalloc(PATH_MAX_BYTES);
	char *path;
	s64 err;
	size_t len = 0;

	if (text == NULL)
		return -ENOMEM;
	err = namei_getcwd(task_current()->fs, text, PATH_MAX_BYTES, &path);
	if (err == 0) {
		len = strlen(path) + 1;
		err = len > cap ? -ERANGE : user_write(buf, path, len);
	}
	kfree(text);
	return err < 0 ? err : (s64)len;
}

s64
sys_chdir(uaddr_t path)
{
	return WITH_NAME(AT_FDCWD, path, namei_chdir(&who, n.name));
}

s64
sys_chroot(uaddr_t path)
{
	return WITH_NAME(AT_FDCWD, path, namei_chroot(&who, n.name));
}

s64
sys_umask(u32 mask)
{
	return fs_context_set_umask(task_current()->fs, mask & 0777);
}

/* A string that may be missing. */
static int
optional_get(uaddr_t user, char **out)
{
	int err;

	*out = NULL;
	if (user.val == 0)
		return 0;
	err = sys_path_get(user, out);
	return err == -ENAMETOOLONG ? -EINVAL : err;
}

s64
sys_mount(uaddr_t source, uaddr_t target, uaddr_t type, u64 flags, uaddr_t data)
{
	char *source_text, *type_text, *data_text;
	s64 err = optional_get(type, &type_text);

	if (err < 0)
		return err;
	err = optional_get(source, &source_text);
	if (err < 0)
		goto free_type;
	err = optional_get(data, &data_text);
	if (err < 0)
		goto free_source;
	err = WITH_NAME(AT_FDCWD, target,
	    namei_mount(
		&who, source_text, n.name, type_text, (u32)flags, data_text));
	sys_path_free(data_text);
free_source:
	sys_path_free(source_text);
free_type:
	sys_path_free(type_text);
	return err;
}

s64
sys_umount2(uaddr_t path, u32 flags)
{
	return WITH_NAME(AT_FDCWD, path, namei_umount(&who, n.name, flags));
}
