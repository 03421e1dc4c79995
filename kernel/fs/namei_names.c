/*
 * Names that come and go: mkdir, mknod, symlink, link, unlink, rmdir.
 *
 * Each finds the directory, locks it, and only then looks at the last name, so
 * that what it sees there stays as it is.
 */
#include <linux/fs.h>

#include "dev/chardev.h"
#include "fs/attr.h"
#include "fs/notify.h"
#include "lib/string.h"

/* ---- making ----------------------------------------------------------- */

/*
 * A new name in a locked directory: prepare_new begins it, finish_new ends it.
 */
struct new_name {
	struct walk walk;
	struct dentry *dentry; /* not published yet */
	struct inode *dir;
};

/* Errors: -EEXIST, -ENOENT (a slash behind what is no directory), -EROFS. */
static int
find_free_name(struct new_name *n, bool is_dir) NO_LOCK_CHECK
{
	struct walk *w = &n->walk;
	struct dentry *there;
	int err;

	if (w->last_kind != LAST_NAME)
		return -EEXIST;
	n->dir = w->at.dentry->inode;
	/* /proc finds no new name, so none is new there. */
	if (!n->dir->ops->create)
		return -ENOENT;
	mutex_lock(&n->dir->lock);
	err = dentry_lookup_locked(w->at.dentry, w->last, &there);
	if (err == 0) {
		dentry_put(there);
		err = -EEXIST;
	} else if (err == -ENOENT) {
		err = w->trailing && !is_dir ? -ENOENT
					     : mount_get_write(w->at.mount);
	}
	if (err < 0)
		mutex_unlock(&n->dir->lock);
	return err;
}

static int
prepare_new(struct new_name *n, const struct fs_who *who, struct fs_name name,
    bool is_dir) NO_LOCK_CHECK
{
	int err = walk_begin(&n->walk, who, name, 0);

	if (err < 0)
		return err;
	err = walk_to_parent(&n->walk);
	if (err == 0)
		err = find_free_name(n, is_dir);
	if (err < 0) {
		walk_end(&n->walk);
		return err;
	}
	err = dentry_create(n->walk.at.dentry, n->walk.last, &n->dentry);
	if (err < 0) {
		mutex_unlock(&n->dir->lock);
		mount_put_write(n->walk.at.mount);
		walk_end(&n->walk);
	}
	return err;
}

static void
finish_new(struct new_name *n) NO_LOCK_CHECK
{
	mutex_unlock(&n->dir->lock);
	mount_put_write(n->walk.at.mount);
	dentry_put(n->dentry);
	walk_end(&n->walk);
}

/* Device 0:0 is none: it may mark a name as gone, which anybody may do. */
static bool
may_make(const struct fs_who *who, const struct inode_new *want)
{
	if (S_ISCHR(want->mode) && want->rdev == 0)
		return true;
	return !(S_ISCHR(want->mode) || S_ISBLK(want->mode)) ||
	    cred_capable(who->cred, CAP_MKNOD);
}

/* Everything but link comes down to this.  out may be NULL. */
static int
make(const struct fs_who *who, struct fs_name name,
    const struct inode_new *want, struct path *out)
{
	struct inode_new new;
	struct inode *inode;
	struct new_name n;
	int err = prepare_new(&n, who, name, S_ISDIR(want->mode));

	if (err < 0)
		return err;
	err = may_create(who, n.dir);
	if (err == 0 && (!n.dir->ops->create || !may_make(who, want)))
		err = -EPERM;
	if (err == 0) {
		inode_new_init(&new, who, n.dir, want->mode);
		new.rdev = want->rdev;
		new.target = want->target;
		/* A link's own mode means nothing and is always the same. */
		if (S_ISLNK(want->mode))
			new.mode = want->mode;
		err = n.dir->ops->create(n.dir, n.walk.last, &new, &inode);
	}
	if (err == 0) {
		dentry_publish_take(n.dentry, inode);
		notify_name(n.dir, IN_CREATE, n.walk.last, new.mode);
	}
	if (err == 0 && out != NULL)
		*out = path_get((struct path){n.walk.at.mount, n.dentry});
	finish_new(&n);
	return err;
}

int
namei_mkdir(const struct fs_who *who, struct fs_name name, u32 mode)
{
	struct inode_new new = {.mode = S_IFDIR | (mode & (0777 | S_ISVTX))};

	return make(who, name, &new, NULL);
}

int
namei_mknod(const struct fs_who *who, struct fs_name name, u32 mode, u32 rdev)
{
	struct inode_new new = {.mode = mode & (S_IFMT | MODE_BITS)};

	switch (mode & S_IFMT) {
	case 0:
		new.mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		new.rdev = rdev;
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	return make(who, name, &new, NULL);
}

int
namei_make_socket(
    const struct fs_who *who, struct fs_name name, u32 mode, struct path *out)
{
	struct inode_new new = {.mode = S_IFSOCK | (mode & MODE_BITS)};

	return make(who, name, &new, out);
}

int
namei_symlink(const struct fs_who *who, const char *target, struct fs_name name)
{
	struct inode_new new = {.mode = S_IFLNK | 0777, .target = target};

	if (*target == '\0')
		return -ENOENT;
	return make(who, name, &new, NULL);
}

/* ---- another name for the same ---------------------------------------- */

static int
link_locked(const struct fs_who *who, struct new_name *n, struct inode *inode)
{
	int err = may_create(who, n->dir);

	if (err < 0)
		return err;
	if (n->dir->fs != inode->fs)
		return -EXDEV;
	if (!n->dir->ops->link || inode_is_dir(inode) || inode_is_kept(inode))
		return -EPERM;
	if (inode->nlink == 0 && !inode->linkable)
		return -ENOENT;
	err = n->dir->ops->link(n->dir, n->walk.last, inode);
	/* One that had no name has had one now, and gets none back. */
	if (err == 0)
		inode->linkable = false;
	return err;
}

static int
link_to(const struct fs_who *who, struct path old, struct fs_name name)
{
	struct inode *inode = old.dentry->inode;
	struct new_name n;
	int err = prepare_new(&n, who, name, false);

	if (err < 0)
		return err;
	if (old.mount != n.walk.at.mount) {
		err = -EXDEV;
	} else if (inode_is_dir(inode)) {
		/* Not locked: it may stand above the directory that is. */
		err = may_create(who, n.dir);
		err = err < 0 ? err : -EPERM;
	} else {
		mutex_lock_second(&inode->lock);
		err = link_locked(who, &n, inode);
		mutex_unlock(&inode->lock);
	}
	if (err == 0) {
		dentry_publish_take(n.dentry, inode_get(inode));
		notify_inode(inode, IN_ATTRIB);
		notify_name(n.dir, IN_CREATE, n.walk.last, inode->mode);
	}
	finish_new(&n);
	return err;
}

int
namei_link(
    const struct fs_who *who, struct fs_name old, struct fs_name new, u32 flags)
{
	struct path p;
	int err;

	/* To name what is open is for few: its path may be closed to others. */
	if ((flags & NAMEI_EMPTY) && *old.path == '\0' &&
	    !cred_capable(who->cred, CAP_DAC_READ_SEARCH))
		return -ENOENT;
	err = namei_lookup(who, old, flags, &p);
	if (err < 0)
		return err;
	err = link_to(who, p, new);
	path_put(p);
	return err;
}

/* ---- taking away ------------------------------------------------------ */

/*
 * If nobody else has the dentry, it goes with the caller: its end is told of
 * before that of its name, as Linux has it.
 */
static void
tell_removed(struct inode *dir, struct name name, struct dentry *victim)
{
	struct inode *inode = victim->inode;

	if (!inode_is_dir(inode))
		notify_inode(inode, IN_ATTRIB);
	if (refcount_read(&victim->refs) == 1)
		notify_put(inode);
	notify_name(dir, IN_DELETE, name, inode->mode);
}

static int
remove_locked(const struct fs_who *who, struct walk *w, struct dentry *victim,
    bool as_dir)
{
	struct inode *dir = w->at.dentry->inode, *inode = victim->inode;
	int err = may_delete(who, dir, victim, as_dir);

	if (err < 0)
		return err;
	if (!dir->ops->unlink)
		return -EPERM;
	mutex_lock_second(&inode->lock);
	/* Under its lock: mount looks at the same things there. */
	if (dentry_is_covered(victim))
		err = -EBUSY;
	else
		err = dir->ops->unlink(dir, w->last, inode);
	if (err == 0) {
		inode->dead = as_dir;
		dentry_delete(victim);
	}
	mutex_unlock(&inode->lock);
	if (err == 0)
		tell_removed(dir, w->last, victim);
	return err;
}

/* A slash behind a name says: a directory.  unlink takes none. */
static int
check_slash(const struct walk *w, const struct dentry *victim, bool as_dir)
{
	if (as_dir || !w->trailing)
		return 0;
	return inode_is_dir(victim->inode) ? -EISDIR : -ENOTDIR;
}

static int
remove_last(const struct fs_who *who, struct walk *w, bool as_dir)
{
	struct dentry *victim = NULL;
	struct mutex *lock = &w->at.dentry->inode->lock;
	int err = mount_get_write(w->at.mount);

	if (err < 0)
		return err;
	mutex_lock(lock);
	err = dentry_lookup_locked(w->at.dentry, w->last, &victim);
	if (err == 0) {
		err = check_slash(w, victim, as_dir);
		if (err == 0)
			err = remove_locked(who, w, victim, as_dir);
	}
	mutex_unlock(lock);
	/* Only now: the last user of a file frees it, which takes a while. */
	dentry_put(victim);
	mount_put_write(w->at.mount);
	return err;
}

/* What to say of a last name that is none, by its kind. */
static const s16 unlink_errors[] = {
    [LAST_NONE] = -EISDIR, [LAST_DOT] = -EISDIR, [LAST_DOTDOT] = -EISDIR};
static const s16 rmdir_errors[] = {
    [LAST_NONE] = -EBUSY, [LAST_DOT] = -EINVAL, [LAST_DOTDOT] = -ENOTEMPTY};

static int
remove(const struct fs_who *who, struct fs_name name, bool as_dir)
{
	struct walk w;
	int err = walk_begin(&w, who, name, 0);

	if (err < 0)
		return err;
	err = walk_to_parent(&w);
	if (err == 0 && w.last_kind != LAST_NAME)
		err = (as_dir ? rmdir_errors : unlink_errors)[w.last_kind];
	if (err == 0)
		err = remove_last(who, &w, as_dir);
	walk_end(&w);
	return err;
}

int
namei_unlink(const struct fs_who *who, struct fs_name name)
{
	return remove(who, name, false);
}

int
namei_rmdir(const struct fs_who *who, struct fs_name name)
{
	return remove(who, name, true);
}
