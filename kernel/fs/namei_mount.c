/*
 * mount and umount2, which take CAP_SYS_ADMIN.
 */
#include <linux/fs.h>

#include "dev/block.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"

/* Bits of umount2 that the UAPI headers lack. */
#define MNT_FORCE       1u
#define MNT_DETACH      2u
#define MNT_EXPIRE      4u
#define UMOUNT_NOFOLLOW 8u

/* Programs from old times set this in the upper half. */
#define OLD_MAGIC      0xc0ed0000u
#define OLD_MAGIC_MASK 0xffff0000u

#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* Access times are noted now and then, unless something else is asked for. */
static u32
kept_flags(u32 flags)
{
	u32 kept = flags & (MOUNT_FLAGS & ~(u32)MS_RELATIME);

	if (flags & MS_STRICTATIME)
		return kept & ~(u32)MS_NOATIME;
	return (flags & MS_NOATIME) ? kept : kept | MS_RELATIME;
}

/* Those of a mount that has some already, which stay if nothing is said. */
static u32
changed_flags(u32 was, u32 flags)
{
	u32 kept = kept_flags(flags);

	if (flags & (MOUNT_ATIME_FLAGS | MS_STRICTATIME))
		return kept;
	return (kept & ~(u32)MOUNT_ATIME_FLAGS) | (was & MOUNT_ATIME_FLAGS);
}

/*
 * Directories over directories, anything else over anything else; and over
 * what is on top at that place, if something was mounted meanwhile.
 * Locks: the place's, so that it is not removed at the same time.
 */
static int
attach(struct mount *m, struct path at)
{
	struct inode *place = at.dentry->inode;
	int err;

	if (inode_is_dir(place) != inode_is_dir(m->root->inode))
		return -ENOTDIR;
	mutex_lock(&place->lock);
	err = place->dead ? -ENOENT : mount_attach(m, at);
	mutex_unlock(&place->lock);
	return err;
}

/* The disk whose node source is.  Errors: -ENOTBLK, -ENXIO, of the path. */
static int
find_disk(const struct fs_who *who, const char *source, struct blockdev **out)
{
	struct path at;
	int err;

	if (!source)
		return -EINVAL;
	err = namei_lookup(who, fs_name(NULL, source), 0, &at);
	if (err < 0)
		return err;
	err = -ENOTBLK;
	if (S_ISBLK(at.dentry->inode->mode)) {
		*out = block_find(at.dentry->inode->rdev);
		err = *out ? 0 : -ENXIO;
	}
	path_put(at);
	return err;
}

static int
mount_new_fs(const struct fs_who *who, struct path at, const char *source,
    const char *type, u32 flags, const char *data)
{
	struct mount_request request = {
	    .source = source, .data = data, .flags = flags};
	struct filesystem_type *t;
	struct filesystem *fs;
	struct mount *m;
	int err = 0;

	if (!type)
		return -EINVAL;
	t = filesystem_find(type);
	if (!t)
		return -ENODEV;
	if (t->on_disk)
		err = find_disk(who, source, &request.disk);
	if (err == 0)
		err = t->open(&request, &fs);
	if (err < 0)
		return err;
	/* The same file system twice in one place is a mistake. */
	if (at.dentry == at.mount->root && at.mount->fs == fs)
		err = -EBUSY;
	if (err == 0)
		err = mount_create(fs, NULL, source, kept_flags(flags), &m);
	filesystem_put_opened(fs);
	if (err < 0)
		return err;
	err = attach(m, at);
	mount_put(m);
	return err;
}

static int
mount_bind(const struct fs_who *who, struct path at, const char *source)
{
	struct path from;
	struct mount *m;
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = namei_lookup(who, fs_name(NULL, source), 0, &from);
	if (err < 0)
		return err;
	err = mount_create(from.mount->fs, from.dentry, from.mount->source,
	    atomic_load(&from.mount->flags), &m);
	path_put(from);
	if (err < 0)
		return err;
	err = attach(m, at);
	mount_put(m);
	return err;
}

/* With MS_BIND only this mount changes, else its file system as well. */
static int
remount(struct path at, u32 flags, const char *data)
{
	u32 new = changed_flags(atomic_load(&at.mount->flags), flags);
	int err;

	if (at.dentry != at.mount->root)
		return -EINVAL;
	if (flags & MS_BIND)
		return mount_set_flags(at.mount, new);
	err = filesystem_remount(at.mount->fs, (flags & MS_RDONLY) != 0, data);
	return err < 0 ? err : mount_set_flags(at.mount, new);
}

static int
mount_at(const struct fs_who *who, struct path at, const char *source,
    const char *type, u32 flags, const char *data)
{
	if (flags & MS_REMOUNT)
		return remount(at, flags, data);
	if (flags & MS_BIND)
		return mount_bind(who, at, source);
	if (flags & PROPAGATION)
		return 0;
	if (flags & MS_MOVE)
		return -EINVAL;
	return mount_new_fs(who, at, source, type, flags, data);
}

int
namei_mount(const struct fs_who *who, const char *source, struct fs_name target,
    const char *type, u32 flags, const char *data)
{
	struct path at;
	int err;

	if ((flags & OLD_MAGIC_MASK) == OLD_MAGIC)
		flags &= ~OLD_MAGIC_MASK;
	err = namei_lookup(who, target, 0, &at);
	if (err < 0)
		return err;
	err = -EPERM;
	if (cred_capable(who->cred, CAP_SYS_ADMIN))
		err = mount_at(who, at, source, type, flags, data);
	path_put(at);
	return err;
}

/*
 * at is borrowed from who looked it up; its references would make the mount
 * look busy, so all but the one to the mount are gone here.
 */
static int
umount(struct mount *m, u32 flags)
{
	if (flags & MNT_EXPIRE)
		return -EINVAL;
	/* Whose root is everybody's can't go. */
	if (m == vfs_root().mount)
		return (flags & MNT_DETACH) ? -EINVAL : -EBUSY;
	return mount_detach(m, (flags & MNT_DETACH) != 0);
}

int
namei_umount(const struct fs_who *who, struct fs_name target, u32 flags)
{
	struct path at;
	bool is_root;
	int err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	err = namei_lookup(
	    who, target, (flags & UMOUNT_NOFOLLOW) ? NAMEI_NOFOLLOW : 0, &at);
	if (err < 0)
		return err;
	if (!cred_capable(who->cred, CAP_SYS_ADMIN)) {
		path_put(at);
		return -EPERM;
	}
	is_root = at.dentry == at.mount->root;
	dentry_put(at.dentry);
	err = is_root ? umount(at.mount, flags) : -EINVAL;
	mount_put(at.mount);
	return err;
}
