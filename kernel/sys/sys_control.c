/*
 * What messages carry beside bytes, as user memory has it: a row of headers,
 * each with a descriptor list or the sender's identity behind it.
 */
#include <linux/resource.h>

#include "lib/string.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "sys/socket_args.h"

/* As Linux: net.core.optmem_max. */
#define MAX_CONTROL_BYTES 131072

#define CMSG_LEN(bytes) (sizeof(struct cmsghdr) + (bytes))
#define CMSG_SPACE(bytes)                                                      \
	(sizeof(struct cmsghdr) + align_up(bytes, sizeof(u64)))

/* ---- sent -----------------------------------------------------------------
 */

static int
add_file(struct socket_files *files, int n)
{
	struct fd fd;
	int err = fd_get(n, &fd);

	if (err < 0)
		return err;
	files->files[files->nr++] = file_get(fd.file);
	fd_put(&fd);
	return 0;
}

static int
get_rights(struct socket_message *m, const int *fds, u64 nr)
{
	int err = 0;
	u64 i;

	if (nr == 0)
		return 0;
	if (nr > SCM_MAX_FD)
		return -EINVAL;
	if (m->files == NULL) {
		m->files = kzalloc(sizeof(*m->files) +
		    SCM_MAX_FD * sizeof(m->files->files[0]));
		if (m->files == NULL)
			return -ENOMEM;
		m->files->uid = task_current()->cred->ruid;
	}
	if (m->files->nr + nr > SCM_MAX_FD)
		return -EINVAL;
	for (i = 0; err == 0 && i < nr; i++)
		err = add_file(m->files, fds[i]);
	return err;
}

static bool
is_one_of(u32 id, u32 r, u32 e, u32 s)
{
	return id == r || id == e || id == s;
}

/* Some may say that somebody else sends, who must be there. */
static int
check_cred(const struct ucred *u)
{
	const struct cred *c = task_current()->cred;
	bool own = u->pid == proc_current()->nr;
	bool there;

	if (!own && !cred_capable(c, CAP_SYS_ADMIN))
		return -EPERM;
	if (!is_one_of(u->uid, c->ruid, c->euid, c->suid) &&
	    !cred_capable(c, CAP_SETUID))
		return -EPERM;
	if (!is_one_of(u->gid, c->rgid, c->egid, c->sgid) &&
	    !cred_capable(c, CAP_SETGID))
		return -EPERM;
	if (!own) {
		spin_lock(&proc_tree_lock);
		there = proc_find_locked(u->pid) != NULL;
		spin_unlock(&proc_tree_lock);
		if (!there)
			return -ESRCH;
	}
	return u->uid == ~0u || u->gid == ~0u ? -EINVAL : 0;
}

static int
get_one(struct socket_message *m, const struct cmsghdr *c)
{
	u64 bytes = c->len - sizeof(*c);
	int err;

	if (c->level != SOL_SOCKET)
		return 0;
	switch (c->type) {
	case SCM_RIGHTS:
		return get_rights(m, (const int *)(c + 1), bytes / sizeof(int));
	case SCM_CREDENTIALS:
		if (bytes != sizeof(struct ucred))
			return -EINVAL;
		err = check_cred((const struct ucred *)(c + 1));
		if (err == 0)
			memcpy(&m->cred, c + 1, sizeof(m->cred));
		return err;
	}
	return -EINVAL;
}

static int
get_all(struct socket_message *m, const char *buf, u64 len)
{
	u64 at = 0;
	int err = 0;

	while (err == 0 && len - at >= sizeof(struct cmsghdr)) {
		const struct cmsghdr *c = (const struct cmsghdr *)(buf + at);

		if (c->len < sizeof(*c) || c->len > len - at)
			return -EINVAL;
		err = get_one(m, c);
		at += MIN(align_up(c->len, sizeof(u64)), len - at);
	}
	return err;
}

int
sys_control_get(uaddr_t user, u64 len, struct socket_message *m)
{
	char *buf;
	int err;

	if (len > MAX_CONTROL_BYTES)
		return -ENOBUFS;
	if (len == 0)
		return 0;
	buf = kmalloc(len);
	if (buf == NULL)
		return -ENOMEM;
	err = user_read(buf, user, len);
	if (err == 0)
		err = get_all(m, buf, len);
	if (err < 0) {
		socket_files_free(m->files);
		m->files = NULL;
	}
	kfree(buf);
	return err;
}

/* ---- received --------------------------------------------------------------
 */

/* Where the next header goes, and how much room is left there. */
struct control {
	uaddr_t at;
	u64 left;
	u32 *flags;
};

static bool
put_header(struct control *c, u64 len, int type)
{
	struct cmsghdr h = {.len = len, .level = SOL_SOCKET, .type = type};

	return user_write(c->at, &h, sizeof(h)) == 0;
}

static void
move_on(struct control *c, u64 bytes)
{
	u64 space = MIN(CMSG_SPACE(bytes), c->left);

	c->at = uaddr(c->at.val + space);
	c->left -= space;
}

static void
put_cred(struct control *c, const struct ucred *cred)
{
	u64 bytes = sizeof(*cred);

	if (c->left < sizeof(struct cmsghdr)) {
		*c->flags |= MSG_CTRUNC;
		return;
	}
	if (c->left < CMSG_LEN(bytes)) {
		*c->flags |= MSG_CTRUNC;
		bytes = c->left - sizeof(struct cmsghdr);
	}
	if (put_header(c, CMSG_LEN(bytes), SCM_CREDENTIALS) &&
	    user_write(
		uaddr(c->at.val + sizeof(struct cmsghdr)), cred, bytes) == 0)
		move_on(c, bytes);
}

/* A descriptor for file, its number at user.  -EMFILE, -EFAULT, ... */
static int
put_file(struct file *file, uaddr_t user, bool cloexec)
{
	int n;
	int err = fd_reserve(cloexec, &n);

	if (err < 0)
		return err;
	err = user_write(user, &n, sizeof(n));
	if (err < 0)
		fd_unreserve(n);
	else
		fd_install_take(n, file_get(file));
	return err;
}

static void
put_files(struct control *c, const struct socket_files *files, bool cloexec)
{
	u64 room = c->left > sizeof(struct cmsghdr)
	    ? (c->left - sizeof(struct cmsghdr)) / sizeof(int)
	    : 0;
	u64 at = c->at.val + sizeof(struct cmsghdr);
	u32 nr = (u32)MIN(room, files->nr), i;

	for (i = 0; i < nr; i++)
		if (put_file(files->files[i], uaddr(at + i * sizeof(int)),
			cloexec) < 0)
			break;
	if (i > 0 && put_header(c, CMSG_LEN(i * sizeof(int)), SCM_RIGHTS))
		move_on(c, i * sizeof(int));
	if (i < files->nr)
		*c->flags |= MSG_CTRUNC;
}

void
sys_control_put(struct socket_message *m, uaddr_t user, u64 *len, u32 *flags)
{
	struct control c = {.at = user, .left = *len, .flags = flags};

	if (user.val == 0) {
		if (m->wants_credentials || m->files != NULL)
			*flags |= MSG_CTRUNC;
		c.left = *len;
	} else {
		if (m->wants_credentials)
			put_cred(&c, &m->cred);
		if (m->files != NULL)
			put_files(
			    &c, m->files, (m->flags & MSG_CMSG_CLOEXEC) != 0);
	}
	socket_files_free(m->files);
	m->files = NULL;
	*len -= c.left;
}
