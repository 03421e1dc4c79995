/* System calls on sockets, but for messages: those are in sys_message.c. */
#include "fs/file.h"
#include "mm/usercopy.h"
#include "sys/socket_args.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* ---- addresses ------------------------------------------------------------
 */

int
sys_address_get(uaddr_t user, int len, struct socket_address *out)
{
	if (len < 0 || (size_t)len > sizeof(out->storage))
		return -EINVAL;
	out->len = (u32)len;
	return user_read(&out->storage, user, out->len);
}

int
sys_address_put(const struct socket_address *a, uaddr_t user, uaddr_t user_len)
{
	s32 len;

	if (user_load32(user_len, (u32 *)&len) < 0)
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	if (user_write(user, &a->storage, MIN((u32)len, a->len)) < 0)
		return -EFAULT;
	return user_write(user_len, &a->len, sizeof(a->len));
}

int
sys_socket_get(int n, struct fd *fd)
{
	int err = fd_get(n, fd);

	if (err < 0)
		return err;
	if (fd->file->access & FILE_PATH_ONLY)
		err = -EBADF;
	else if (!file_is_socket(fd->file))
		err = -ENOTSOCK;
	if (err < 0)
		fd_put(fd);
	return err;
}

/* ---- making -----------------------------------------------------------------
 */

/* The flags that are given with a type.  Errors: -EINVAL. */
static int
split_type(u32 type, u32 *flags)
{
	*flags = type & ~(u32)SOCK_TYPE_MASK;
	return (*flags & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK)) ? -EINVAL : 0;
}

s64
sys_socket(int family, u32 type, int protocol)
{
	struct file *f;
	u32 flags;
	int n;
	int err = split_type(type, &flags);

	if (err == 0)
		err = socket_create(family, (int)(type & SOCK_TYPE_MASK),
		    protocol, flags & SOCK_NONBLOCK, &f);
	if (err < 0)
		return err;
	err = fd_open_take(f, (flags & SOCK_CLOEXEC) != 0, &n);
	if (err < 0) {
		file_put(f);
		return err;
	}
	return n;
}

s64
sys_socketpair(int family, u32 type, int protocol, uaddr_t user)
{
	struct file *ends[2];
	bool cloexec;
	u32 flags;
	int fds[2];
	int err = split_type(type, &flags);

	if (err < 0)
		return err;
	cloexec = (flags & SOCK_CLOEXEC) != 0;
	err = fd_reserve(cloexec, &fds[0]);
	if (err < 0)
		return err;
	err = fd_reserve(cloexec, &fds[1]);
	if (err < 0)
		goto unreserve_first;
	err = user_write(user, fds, sizeof(fds));
	if (err == 0)
		err = socket_create_pair(family, (int)(type & SOCK_TYPE_MASK),
		    protocol, flags & SOCK_NONBLOCK, ends);
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
	return err;
}

/* ---- names and connections
 * ---------------------------------------------------
 */

static s64
with_address(int n, uaddr_t user, int len,
    int (*fn)(const struct fs_who *who, struct file *f,
	const struct socket_address *a))
{
	struct fs_who who = who_current();
	struct socket_address a;
	struct fd fd;
	int err = sys_socket_get(n, &fd);

	if (err < 0)
		return err;
	err = sys_address_get(user, len, &a);
	if (err == 0)
		err = fn(&who, fd.file, &a);
	fd_put(&fd);
	return err;
}

s64
sys_bind(int n, uaddr_t user, int len)
{
	return with_address(n, user, len, socket_bind);
}

s64
sys_connect(int n, uaddr_t user, int len)
{
	return with_address(n, user, len, socket_connect);
}

s64
sys_listen(int n, int backlog)
{
	struct fd fd;
	int err = sys_socket_get(n, &fd);

	if (err < 0)
		return err;
	err = socket_listen(fd.file, backlog);
	fd_put(&fd);
	return err;
}

static s64
get_name(int n, bool of_peer, uaddr_t user, uaddr_t user_len)
{
	struct socket_address a;
	struct fd fd;
	int err = sys_socket_get(n, &fd);

	if (err < 0)
		return err;
	err = socket_get_name(fd.file, of_peer, &a);
	if (err == 0)
		err = sys_address_put(&a, user, user_len);
	fd_put(&fd);
	return err;
}

s64
sys_getsockname(int n, uaddr_t user, uaddr_t user_len)
{
	return get_name(n, false, user, user_len);
}

s64
sys_getpeername(int n, uaddr_t user, uaddr_t user_len)
{
	return get_name(n, true, user, user_len);
}

/* A connection whose client cannot be told of is closed again. */
static int
accept_told(struct file *f, uaddr_t user, uaddr_t user_len, u32 flags,
    struct file **out)
{
	struct socket_address a;
	int err = socket_accept(f, flags, out);

	if (err < 0 || user.val == 0)
		return err;
	err = socket_get_name(*out, true, &a);
	if (err == 0)
		err = sys_address_put(&a, user, user_len);
	if (err < 0)
		file_put(*out);
	return err;
}

s64
sys_accept4(int n, uaddr_t user, uaddr_t user_len, u32 flags)
{
	struct file *f;
	struct fd fd;
	int new;
	int err;

	if (flags & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	err = sys_socket_get(n, &fd);
	if (err < 0)
		return err;
	err = fd_reserve((flags & SOCK_CLOEXEC) != 0, &new);
	if (err == 0) {
		err = accept_told(
		    fd.file, user, user_len, flags & SOCK_NONBLOCK, &f);
		if (err == 0)
			fd_install_take(new, f);
		else
			fd_unreserve(new);
	}
	fd_put(&fd);
	return err < 0 ? err : new;
}

s64
sys_accept(int n, uaddr_t user, uaddr_t user_len)
{
	return sys_accept4(n, user, user_len, 0);
}

s64
sys_shutdown(int n, int how)
{
	struct fd fd;
	int err = sys_socket_get(n, &fd);

	if (err < 0)
		return err;
	err = socket_shutdown(fd.file, how);
	fd_put(&fd);
	return err;
}

/* ---- options
 * ------------------------------------------------------------------
 */

static int
set_option(struct file *f, int level, int name, uaddr_t user, int len)
{
	union socket_value val = {0};
	int err;

	if (len < 0)
		return -EINVAL;
	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if ((size_t)len < sizeof(val.number))
		return -EINVAL;
	err = user_read(&val, user, MIN((size_t)len, sizeof(val)));
	return err < 0 ? err : socket_set_option(f, name, &val, (u32)len);
}

s64
sys_setsockopt(int n, int level, int name, uaddr_t user, int len)
{
	struct fd fd;
	int err = sys_socket_get(n, &fd);

	if (err < 0)
		return err;
	err = set_option(fd.file, level, name, user, len);
	fd_put(&fd);
	return err;
}

static int
get_option(struct file *f, int level, int name, uaddr_t user, uaddr_t user_len)
{
	union socket_value val = {0};
	u32 len;
	s32 cap;
	int err;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (user_load32(user_len, (u32 *)&cap) < 0)
		return -EFAULT;
	if (cap < 0)
		return -EINVAL;
	err = socket_get_option(f, name, &val, &len);
	if (err < 0)
		return err;
	len = MIN(len, (u32)cap);
	if (user_write(user, &val, len) < 0)
		return -EFAULT;
	return user_write(user_len, &len, sizeof(len));
}

s64
sys_getsockopt(int n, int level, int name, uaddr_t user, uaddr_t user_len)
{
	struct fd fd;
	int err = sys_socket_get(n, &fd);

	if (err < 0)
		return err;
	err = get_option(fd.file, level, name, user, user_len);
	fd_put(&fd);
	return err;
}
