/*
 * Attributes by path: a look-up, and what attr.c does with the inode.
 */
#include <linux/fs.h>

#include "fs/attr.h"
#include "fs/notify.h"
#include "lib/string.h"
#include "mm/slab.h"

/* ---- reading ---------------------------------------------------------- */

void
path_stat(struct path p, struct file_stat *out)
{
	inode_stat(p.dentry->inode, out);
	out->mount_id = p.mount->id;
	out->is_mount_root = p.dentry == p.mount->root;
}

int
namei_stat(const struct fs_who *who, struct fs_name name, u32 flags,
    struct file_stat *out)
{
	struct walk w;
	int err = walk_begin(&w, who, name, flags);

	if (err < 0)
		return err;
	err = walk_all(&w, flags);
	if (err == 0)
		path_stat(w.at, out);
	walk_end(&w);
	return err;
}

/* MS_* and the ST_* that statfs shows: the same bits but for the last ones. */
#define ST_SAME       (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define ST_RDONLY     0x1
#define ST_VALID      0x20
#define ST_NOATIME    0x400
#define ST_NODIRATIME 0x800
#define ST_RELATIME   0x1000

int
mount_statfs(struct mount *m, struct fs_statfs *out)
{
	u32 flags = atomic_load(&m->flags);

	m->fs->ops->statfs(m->fs, out);
	out->flags = ST_VALID | (flags & ST_SAME);
	if (mount_is_read_only(m))
		out->flags |= ST_RDONLY;
	if (flags & MS_NOATIME)
		out->flags |= ST_NOATIME;
	if (flags & MS_NODIRATIME)
		out->flags |= ST_NODIRATIME;
	if (flags & MS_RELATIME)
		out->flags |= ST_RELATIME;
	return 0;
}

int
namei_statfs(
    const struct fs_who *who, struct fs_name name, struct fs_statfs *out)
{
	struct path p;
	int err = namei_lookup(who, name, 0, &p);

	if (err < 0)
		return err;
	err = mount_statfs(p.mount, out);
	path_put(p);
	return err;
}

static int
may_access(const struct fs_who *who, struct path p, u32 want)
{
	struct inode *i = p.dentry->inode;
	u32 type = i->mode & S_IFMT;
	int err;

	if ((want & MAY_EXEC) && S_ISREG(i->mode) &&
	    (p.mount->flags & MS_NOEXEC))
		return -EACCES;
	err = inode_may(i, who->cred, want);
	/* Devices and pipes are written to, not what they are written on. */
	if (err == 0 && (want & MAY_WRITE) &&
	    (type == S_IFREG || type == S_IFDIR || type == S_IFLNK))
		err = mount_may_write(p.mount);
	return err;
}

int
namei_access(const struct fs_who *who, struct fs_name name, u32 flags, u32 want)
{
	struct path p;
	int err = namei_lookup(who, name, flags, &p);

	if (err < 0 || want == 0) {
		if (err == 0)
			path_put(p);
		return err;
	}
	err = may_access(who, p, want);
	path_put(p);
	return err;
}

static int
copy_link_text(struct inode *i, char *buf, size_t cap, size_t *len_out)
{
	size_t room = i->size_bytes ? i->size_bytes + 1 : PATH_MAX_BYTES;
	char *text = kmalloc(room);
	int err;

	if (!text)
		return -ENOMEM;
	err = i->ops->readlink(i, text, room);
	if (err == 0) {
		*len_out = MIN(strlen(text), cap);
		memcpy(buf, text, *len_out);
	}
	kfree(text);
	return err;
}

int
namei_readlink(const struct fs_who *who, struct fs_name name, char *buf,
    size_t cap, size_t *len_out)
{
	struct path p;
	int err = namei_lookup(who, name, NAMEI_NOFOLLOW | NAMEI_EMPTY, &p);

	if (err < 0)
		return err;
	if (inode_is_symlink(p.dentry->inode)) {
		path_accessed(p);
		err = copy_link_text(p.dentry->inode, buf, cap, len_out);
	} else {
		err = *name.path ? -EINVAL : -ENOENT;
	}
	path_put(p);
	return err;
}

/* ---- changing --------------------------------------------------------- */

/* A place that may be written, until put_changed. */
static int
lookup_to_change(
    const struct fs_who *who, struct fs_name name, u32 flags, struct path *p)
{
	int err = namei_lookup(who, name, flags, p);

	if (err < 0)
		return err;
	err = mount_get_write(p->mount);
	if (err < 0)
		path_put(*p);
	return err;
}

static void
put_changed(struct path p)
{
	mount_put_write(p.mount);
	path_put(p);
}

int
namei_chmod(const struct fs_who *who, struct fs_name name, u32 flags, u32 mode)
{
	struct path p;
	int err = lookup_to_change(who, name, flags, &p);

	if (err < 0)
		return err;
	err = inode_chmod(who, p.dentry->inode, mode);
	if (err == 0)
		notify_path(p, IN_ATTRIB);
	put_changed(p);
	return err;
}

int
namei_chown(
    const struct fs_who *who, struct fs_name name, u32 flags, u32 uid, u32 gid)
{
	struct path p;
	int err = lookup_to_change(who, name, flags, &p);

	if (err < 0)
		return err;
	err = inode_chown(who, p.dentry->inode, uid, gid);
	if (err == 0)
		notify_path(p, IN_ATTRIB);
	put_changed(p);
	return err;
}

int
namei_utimens(const struct fs_who *who, struct fs_name name, u32 flags,
    const struct file_times *times)
{
	struct path p;
	int err = lookup_to_change(who, name, flags, &p);

	if (err < 0)
		return err;
	err = inode_utimens(who, p.dentry->inode, times);
	if (err == 0)
		notify_path(p, notify_of_times(times));
	put_changed(p);
	return err;
}

/* With 0, mount_put_write is due. */
static int
begin_truncate(const struct fs_who *who, struct path p)
{
	struct inode *i = p.dentry->inode;
	int err;

	if (inode_is_dir(i))
		return -EISDIR;
	if (!inode_is_regular(i))
		return -EINVAL;
	err = mount_get_write(p.mount);
	if (err < 0)
		return err;
	err = inode_may(i, who->cred, MAY_WRITE);
	if (err < 0)
		mount_put_write(p.mount);
	return err;
}

int
namei_truncate(const struct fs_who *who, struct fs_name name, s64 size)
{
	struct path p;
	int err;

	if (size < 0)
		return -EINVAL;
	err = namei_lookup(who, name, 0, &p);
	if (err < 0)
		return err;
	err = begin_truncate(who, p);
	if (err == 0) {
		err = inode_truncate(who, p.dentry->inode, size);
		if (err == 0)
			notify_path(p, IN_MODIFY);
		mount_put_write(p.mount);
	}
	path_put(p);
	return err;
}
