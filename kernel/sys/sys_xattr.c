/*
 * Extended attributes.  No file system here has any, and for each file that can
 * be named the answer is what Linux gives of such a one: there are none, and
 * none can be set or asked for.
 */
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "mm/usercopy.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

#define VALUE_CHUNK 256 /* bytes read at a time; arbitrary */

/* 0 if there is such a file. */
static int
check_path(uaddr_t path, u32 namei)
{
	struct fs_who who = who_current();
	struct file_stat st;
	struct sys_name n;
	int err = sys_name_get(&n, AT_FDCWD, path);

	if (err < 0)
		return err;
	err = namei_stat(&who, n.name, namei, &st);
	sys_name_put(&n);
	return err;
}

static int
check_fd(int n)
{
	struct fd fd;
	int err = fd_get(n, &fd);

	if (err < 0)
		return err;
	err = fd.file->access & FILE_PATH_ONLY ? -EBADF : 0;
	fd_put(&fd);
	return err;
}

/* Errors: -ERANGE no name could be so short or long. */
static int
check_name(uaddr_t user)
{
	char name[XATTR_NAME_MAX + 1];
	size_t len = 0;
	int err = user_read_string(name, sizeof(name), user, &len);

	if (err == -ENAMETOOLONG || (err == 0 && len == 0))
		return -ERANGE;
	return err;
}

/* It must be there to be read. */
static int
check_value(uaddr_t user, u64 len)
{
	u8 chunk[VALUE_CHUNK];
	u64 done = 0;

	if (len > XATTR_SIZE_MAX)
		return -E2BIG;
	while (done < len) {
		size_t n = MIN(len - done, sizeof(chunk));

		if (user_read(chunk, uaddr(user.val + done), n) < 0)
			return -EFAULT;
		done += n;
	}
	return 0;
}

static int
check_setting(uaddr_t name, uaddr_t val, u64 len, u32 flags)
{
	int err;

	if (flags & ~(u32)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	err = check_name(name);
	return err < 0 ? err : check_value(val, len);
}

/* There is such a file: has it that attribute?  No. */
static s64
refuse(int err, uaddr_t name)
{
	if (err == 0)
		err = check_name(name);
	return err < 0 ? err : -EOPNOTSUPP;
}

s64
sys_setxattr(uaddr_t path, uaddr_t name, uaddr_t val, u64 len, u32 flags)
{
	int err = check_setting(name, val, len, flags);

	return err < 0 ? err : refuse(check_path(path, 0), name);
}

s64
sys_lsetxattr(uaddr_t path, uaddr_t name, uaddr_t val, u64 len, u32 flags)
{
	int err = check_setting(name, val, len, flags);

	return err < 0 ? err : refuse(check_path(path, NAMEI_NOFOLLOW), name);
}

s64
sys_fsetxattr(int n, uaddr_t name, uaddr_t val, u64 len, u32 flags)
{
	int err = check_fd(n);

	if (err == 0)
		err = check_setting(name, val, len, flags);
	return err < 0 ? err : -EOPNOTSUPP;
}

s64
sys_getxattr(uaddr_t path, uaddr_t name, uaddr_t val, u64 len)
{
	(void)val, (void)len;
	return refuse(check_path(path, 0), name);
}

s64
sys_lgetxattr(uaddr_t path, uaddr_t name, uaddr_t val, u64 len)
{
	(void)val, (void)len;
	return refuse(check_path(path, NAMEI_NOFOLLOW), name);
}

s64
sys_fgetxattr(int n, uaddr_t name, uaddr_t val, u64 len)
{
	(void)val, (void)len;
	return refuse(check_fd(n), name);
}

s64
sys_removexattr(uaddr_t path, uaddr_t name)
{
	return refuse(check_path(path, 0), name);
}

s64
sys_lremovexattr(uaddr_t path, uaddr_t name)
{
	return refuse(check_path(path, NAMEI_NOFOLLOW), name);
}

s64
sys_fremovexattr(int n, uaddr_t name)
{
	return refuse(check_fd(n), name);
}

/* An empty list. */
s64
sys_listxattr(uaddr_t path, uaddr_t list, u64 len)
{
	(void)list, (void)len;
	return check_path(path, 0);
}

s64
sys_llistxattr(uaddr_t path, uaddr_t list, u64 len)
{
	(void)list, (void)len;
	return check_path(path, NAMEI_NOFOLLOW);
}

s64
sys_flistxattr(int n, uaddr_t list, u64 len)
{
	(void)list, (void)len;
	return check_fd(n);
}
