/*
 * open, with all its flags.
 */
#include <linux/fs.h>

#include "fs/attr.h"
#include "fs/notify.h"
#include "lib/fmt.h"

/* O_TMPFILE of the ABI is this bit and O_DIRECTORY. */
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

#define KNOWN_FLAGS                                                            \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |        \
	    O_NONBLOCK | O_SYNC | O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE |  \
	    O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH |        \
	    O_TMPFILE)
#define PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)

/* What open's flags come down to. */
struct open_args {
	u32 flags;
	u32 mode; /* type and permissions of what may be created */
	u32 want; /* MAY_* */
	bool follow;
};

static int
parse_flags(u32 flags, u32 mode, struct open_args *out)
{
	static const u8 wants[] = {
	    MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE};

	flags &= KNOWN_FLAGS;
	if (flags & O_PATH)
		flags &= PATH_FLAGS;
	else
		flags |= O_LARGEFILE; /* as F_GETFL shows it on 64 bits */
	out->flags = flags;
	out->mode = S_IFREG | (mode & MODE_BITS);
	out->want = (flags & O_PATH) ? 0 : wants[flags & O_ACCMODE];
	if (flags & O_TRUNC)
		out->want |= MAY_WRITE;
	out->follow = !(flags & O_NOFOLLOW) &&
	    (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	if ((flags & TMPFILE_BIT) &&
	    (!(flags & O_DIRECTORY) || !(out->want & MAY_WRITE)))
		return -EINVAL;
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	return 0;
}

/* ---- what is there already -------------------------------------------- */

/* Some things are not opened in this way, whoever asks. */
static int
check_type(const struct path *p, const struct open_args *a)
{
	u32 mount_flags = p->mount->flags;

	switch (p->dentry->inode->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		return (a->want & MAY_WRITE) ? -EISDIR : 0;
	case S_IFCHR:
	case S_IFBLK:
		return (mount_flags & MS_NODEV) ? -EACCES : 0;
	default:
		return 0;
	}
}

/* To what may only be appended to. */
static bool
adds_only(const struct open_args *a)
{
	if (a->flags & O_TRUNC)
		return false;
	return (a->flags & O_ACCMODE) == O_RDONLY || (a->flags & O_APPEND);
}

static int
check_existing(
    const struct fs_who *who, const struct path *p, const struct open_args *a)
{
	struct inode *i = p->dentry->inode;
	int err;

	if ((a->flags & O_DIRECTORY) && !inode_is_dir(i))
		return -ENOTDIR;
	if (a->flags & O_PATH)
		return 0;
	err = check_type(p, a);
	if (err < 0)
		return err;
	err = inode_may(i, who->cred, a->want);
	if (err < 0)
		return err;
	if ((i->flags & INODE_APPEND) && !adds_only(a))
		return -EPERM;
	if ((a->flags & O_NOATIME) && !inode_is_owner(i, who->cred))
		return -EPERM;
	if ((a->want & MAY_WRITE) && (inode_is_regular(i) || inode_is_dir(i)))
		return mount_may_write(p->mount);
	return 0;
}

static int
open_existing(const struct fs_who *who, struct path p,
    const struct open_args *a, struct file *f)
{
	int err = check_existing(who, &p, a);

	if (err == 0)
		err = file_open_at(f, p, a->flags);
	if (err < 0 || !(a->flags & O_TRUNC) ||
	    !inode_is_regular(p.dentry->inode))
		return err;
	/* Also with O_RDONLY, which does not count the file as a writer. */
	err = mount_get_write(p.mount);
	if (err == 0) {
		err = inode_truncate(who, p.dentry->inode, 0);
		if (err == 0)
			notify_path(p, IN_MODIFY);
		mount_put_write(p.mount);
	}
	if (err < 0)
		file_close(f);
	return err;
}

/* ---- what is to be made ----------------------------------------------- */

static int
create_locked(const struct fs_who *who, struct walk *w,
    const struct open_args *a, struct dentry *d)
{
	struct inode *dir = w->at.dentry->inode, *inode;
	struct inode_new new;
	int err = mount_get_write(w->at.mount);

	if (err < 0)
		return err;
	err = may_create(who, dir);
	if (err == 0 && !dir->ops->create)
		err = -ENOENT;
	if (err == 0) {
		inode_new_init(&new, who, dir, a->mode);
		err = dir->ops->create(dir, w->last, &new, &inode);
	}
	if (err == 0) {
		dentry_publish_take(d, inode);
		notify_name(dir, IN_CREATE, w->last, inode->mode);
	}
	mount_put_write(w->at.mount);
	return err;
}

/* The last name's dentry; *created says whether there was none. */
static int
find_or_create(const struct fs_who *who, struct walk *w,
    const struct open_args *a, struct dentry **out, bool *created)
{
	struct dentry *dir = w->at.dentry;
	int err;

	*created = false;
	mutex_lock(&dir->inode->lock);
	err = dentry_lookup_locked(dir, w->last, out);
	if (err == -ENOENT) {
		err = dentry_create(dir, w->last, out);
		if (err == 0) {
			err = create_locked(who, w, a, *out);
			*created = err == 0;
		}
		if (err < 0)
			dentry_put(*out);
	}
	mutex_unlock(&dir->inode->lock);
	return err;
}

/*
 * The last step of an open that may create: like walk_last, but when a file was
 * made, it is open.
 */
static int
last_or_create(struct walk *w, const struct open_args *a, struct file *f,
    bool *done, bool *created)
{
	struct dentry *child;
	int err;

	*created = false;
	if (w->last_kind != LAST_NAME)
		return walk_last(w, true, done);
	if (w->trailing)
		return -EISDIR;
	err = find_or_create(w->who, w, a, &child, created);
	if (err < 0)
		return err;
	if (*created) {
		struct path p = {w->at.mount, child};

		/* Whatever its mode: who makes a file may use it. */
		*done = true;
		err = file_open_at(f, p, a->flags);
	} else if (a->flags & O_EXCL) {
		err = -EEXIST;
	} else {
		return walk_enter_take(w, child, a->follow, done);
	}
	dentry_put(child);
	return err;
}

static int
open_or_create(struct walk *w, const struct open_args *a, struct file *f)
{
	bool done = true, created = false;
	int err;

	do {
		err = walk_to_parent(w);
		if (err == 0)
			err = last_or_create(w, a, f, &done, &created);
	} while (err == 0 && !done);
	if (err < 0 || created)
		return err;
	if (a->flags & O_EXCL)
		return -EEXIST;
	if (inode_is_dir(w->at.dentry->inode))
		return -EISDIR;
	return open_existing(w->who, w->at, a, f);
}

/* ---- without a name --------------------------------------------------- */

/* Takes over inode, whatever comes of it. */
static int
open_unnamed_take(struct walk *w, struct inode *inode,
    const struct open_args *a, struct file *f)
{
	struct path p = {w->at.mount, NULL};
	char name[DENTRY_INLINE_NAME];
	size_t len = fmt_snprint(name, sizeof(name), "#%lu", inode->ino);
	int err = dentry_create(w->at.dentry, name_make(name, len), &p.dentry);

	if (err < 0) {
		inode_put(inode);
		return err;
	}
	inode->linkable = !(a->flags & O_EXCL);
	p.dentry->inode = inode;
	p.dentry->deleted = true;
	err = file_open_at(f, p, a->flags);
	dentry_put(p.dentry);
	return err;
}

static int
open_tmpfile(struct walk *w, const struct open_args *a, struct file *f)
{
	struct inode *dir, *inode;
	struct inode_new new;
	int err = walk_all(w, NAMEI_DIRECTORY);

	if (err < 0)
		return err;
	dir = w->at.dentry->inode;
	err = mount_get_write(w->at.mount);
	if (err < 0)
		return err;
	err = inode_may(dir, w->who->cred, MAY_WRITE | MAY_EXEC);
	if (err == 0 && !dir->ops->tmpfile)
		err = -EOPNOTSUPP;
	if (err == 0) {
		inode_new_init(&new, w->who, dir, a->mode);
		err = dir->ops->tmpfile(dir, &new, &inode);
	}
	if (err == 0)
		err = open_unnamed_take(w, inode, a, f);
	mount_put_write(w->at.mount);
	return err;
}

/* ---- all together ----------------------------------------------------- */

static int
open_plain(struct walk *w, const struct open_args *a, struct file *f)
{
	u32 flags = (a->follow ? 0 : NAMEI_NOFOLLOW) |
	    ((a->flags & O_DIRECTORY) ? NAMEI_DIRECTORY : 0);
	int err = walk_all(w, flags);

	return err < 0 ? err : open_existing(w->who, w->at, a, f);
}

static int
open_by(struct walk *w, const struct open_args *a, struct file *f)
{
	if (a->flags & TMPFILE_BIT)
		return open_tmpfile(w, a, f);
	if (a->flags & O_CREAT)
		return open_or_create(w, a, f);
	return open_plain(w, a, f);
}

int
namei_open(const struct fs_who *who, struct fs_name name, u32 flags, u32 mode,
    struct file **out)
{
	struct open_args args;
	struct walk w;
	int err = parse_flags(flags, mode, &args);

	if (err == 0)
		err = file_alloc(out);
	if (err < 0)
		return err;
	err = walk_begin(&w, who, name, 0);
	if (err == 0) {
		err = open_by(&w, &args, *out);
		walk_end(&w);
	}
	if (err < 0)
		file_discard(*out);
	return err;
}

static int
check_exec(const struct fs_who *who, const struct path *p)
{
	struct inode *i = p->dentry->inode;

	if (inode_is_symlink(i))
		return -ELOOP;
	if (!inode_is_regular(i) || (p->mount->flags & MS_NOEXEC))
		return -EACCES;
	return inode_may(i, who->cred, MAY_EXEC);
}

int
namei_open_exec(
    const struct fs_who *who, struct fs_name name, u32 flags, struct file **out)
{
	struct path p;
	int err = namei_lookup(who, name, flags, &p);

	if (err < 0)
		return err;
	err = check_exec(who, &p);
	if (err == 0 && atomic_load(&p.dentry->inode->nr_writers) > 0)
		err = -ETXTBSY;
	if (err == 0)
		err = file_create(p, O_RDONLY | O_LARGEFILE, out);
	path_put(p);
	return err;
}
