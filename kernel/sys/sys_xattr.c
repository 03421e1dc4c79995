/*
 * Extended attributes.  No file system here has any, and for each file that can
 * be named the answer is what Linux gives of such a one: there are none, and
 * none can be set or asked for.
 */
#include <linux/fcntl.h>

#include "sys/syscalls_gen.h"
#include "sys/util.h"

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
	fd_put(&fd);
	return 0;
}

static s64
refuse(int err)
{
	return err < 0 ? err : -EOPNOTSUPP;
}

s64
sys_setxattr(uaddr_t path, uaddr_t name, uaddr_t val, u64 len, u32 flags)
{
	(void)name, (void)val, (void)len, (void)flags;
	return refuse(check_path(path, 0));
}

s64
sys_lsetxattr(uaddr_t path, uaddr_t name, uaddr_t val, u64 len, u32 flags)
{
	(void)name, (void)val, (void)len, (void)flags;
	return refuse(check_path(path, NAMEI_NOFOLLOW));
}

s64
sys_fsetxattr(int n, uaddr_t name, uaddr_t val, u64 len, u32 flags)
{
	(void)name, (void)val, (void)len, (void)flags;
	return refuse(check_fd(n));
}

s64
sys_getxattr(uaddr_t path, uaddr_t name, uaddr_t val, u64 len)
{
	(void)name, (void)val, (void)len;
	return refuse(check_path(path, 0));
}

s64
sys_lgetxattr(uaddr_t path, uaddr_t name, uaddr_t val, u64 len)
{
	(void)name, (void)val, (void)len;
	return refuse(check_path(path, NAMEI_NOFOLLOW));
}

s64
sys_fgetxattr(int n, uaddr_t name, uaddr_t val, u64 len)
{
	(void)name, (void)val, (void)len;
	return refuse(check_fd(n));
}

s64
sys_removexattr(uaddr_t path, uaddr_t name)
{
	(void)name;
	return refuse(check_path(path, 0));
}

s64
sys_lremovexattr(uaddr_t path, uaddr_t name)
{
	(void)name;
	return refuse(check_path(path, NAMEI_NOFOLLOW));
}

s64
sys_fremovexattr(int n, uaddr_t name)
{
	(void)name;
	return refuse(check_fd(n));
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
