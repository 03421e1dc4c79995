/*
 * rename: the one change that involves two directories.
 *
 * The order in which it locks, so that no circle can close:
 *
 *	Who locks two directories of which neither is the other's parent has the
 *	RENAME mutex.  That holds the tree's shape still as well, so that it can
 *	be told which stands above the other: it comes first, else the address
 *	decides.  Everybody else goes down the tree, from a directory to one in
 *	it, and so never comes to wait for the first of the two while he has
 *	something that leads to the second.
 *	What is no directory comes after all that are, by address.
 *
 * So two directories of one directory that change places, or of which one
 * replaces the other, take RENAME too.  Without it a third who moves something
 * between a directory in the one and the other closes a circle:
 *
 *	P/b <-> P/b'		in b'		from b'/a to b
 *	has b, wants b'		has b', wants a	has a, wants b
 *
 * tests/model/names.pml goes over all orders of these locks.
 */
#include <linux/fs.h>

#include "fs/attr.h"
#include "fs/notify.h"
#include "mm/slab.h"

static struct mutex rename_mutex = MUTEX_INIT(rename_mutex, RANK_RENAME);

/*
 * struct renaming: one rename, from the look-up of both ends on.
 */
struct renaming {
	const struct fs_who *who;
	struct walk from;
	struct walk to;
	struct dentry *source; /* what is renamed */
	struct dentry *target; /* what had the new name, or NULL */
	bool no_replace;
	bool exchange;
	bool has_shape; /* RENAME is held */
};

static struct inode *
from_dir(struct renaming *r)
{
	return r->from.at.dentry->inode;
}

static struct inode *
to_dir(struct renaming *r)
{
	return r->to.at.dentry->inode;
}

/* ---- locks ------------------------------------------------------------ */

static void
lock_two(struct inode *first, struct inode *second) NO_LOCK_CHECK
{
	mutex_lock(&first->lock);
	mutex_lock_second(&second->lock);
}

static void
lock_dirs(struct renaming *r) NO_LOCK_CHECK
{
	struct dentry *a = r->from.at.dentry, *b = r->to.at.dentry;

	if (r->has_shape)
		mutex_lock(&rename_mutex);
	if (a->inode == b->inode)
		mutex_lock(&a->inode->lock);
	else if (dentry_is_above(a, b) ||
	    (!dentry_is_above(b, a) && a->inode < b->inode))
		lock_two(a->inode, b->inode);
	else
		lock_two(b->inode, a->inode);
}

static void
unlock_dirs(struct renaming *r) NO_LOCK_CHECK
{
	mutex_unlock(&to_dir(r)->lock);
	if (from_dir(r) != to_dir(r))
		mutex_unlock(&from_dir(r)->lock);
	if (r->has_shape)
		mutex_unlock(&rename_mutex);
}

static bool
comes_before(const struct inode *a, const struct inode *b)
{
	if (inode_is_dir(a) != inode_is_dir(b))
		return inode_is_dir(a);
	return a < b;
}

/* Source and target are different inodes, or there is no target. */
static void
lock_ends(struct renaming *r) NO_LOCK_CHECK
{
	struct inode *a = r->source->inode;
	struct inode *b = r->target ? r->target->inode : NULL;

	if (b && comes_before(b, a)) {
		mutex_lock_second(&b->lock);
		mutex_lock_second(&a->lock);
	} else {
		mutex_lock_second(&a->lock);
		if (b)
			mutex_lock_second(&b->lock);
	}
}

static void
unlock_ends(struct renaming *r) NO_LOCK_CHECK
{
	mutex_unlock(&r->source->inode->lock);
	if (r->target)
		mutex_unlock(&r->target->inode->lock);
}

/* ---- checks, in the order of their errors ----------------------------- */

static int
check_slashes(const struct renaming *r)
{
	bool source_dir = inode_is_dir(r->source->inode);

	if (r->exchange && r->to.trailing && !inode_is_dir(r->target->inode))
		return -ENOTDIR;
	if (source_dir)
		return 0;
	if (r->from.trailing || (r->to.trailing && !r->exchange))
		return -ENOTDIR;
	return 0;
}

/*
 * Nothing can be moved into itself, nor put in the place of what it is in.
 * Within one directory neither can be tried.
 */
static int
check_loops(struct renaming *r)
{
	if (from_dir(r) == to_dir(r))
		return 0;
	if (dentry_is_above(r->source, r->to.at.dentry))
		return -EINVAL;
	if (r->target && dentry_is_above(r->target, r->from.at.dentry))
		return r->exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int
check_target(struct renaming *r)
{
	bool as_dir;

	if (!r->target)
		return may_create(r->who, to_dir(r));
	as_dir =
	    inode_is_dir(r->exchange ? r->target->inode : r->source->inode);
	return may_delete(r->who, to_dir(r), r->target, as_dir);
}

/* A directory's `..` is in it: to move it means to write it. */
static int
check_dotdot(struct renaming *r)
{
	struct inode *source = r->source->inode;
	int err = 0;

	if (from_dir(r) == to_dir(r))
		return 0;
	if (inode_is_dir(source))
		err = inode_may(source, r->who->cred, MAY_WRITE);
	if (err == 0 && r->exchange && inode_is_dir(r->target->inode))
		err = inode_may(r->target->inode, r->who->cred, MAY_WRITE);
	return err;
}

static int
check_rights(struct renaming *r)
{
	int err = may_delete(
	    r->who, from_dir(r), r->source, inode_is_dir(r->source->inode));

	if (err == 0)
		err = check_target(r);
	if (err == 0)
		err = check_dotdot(r);
	if (err == 0 && !from_dir(r)->ops->rename)
		err = -EPERM;
	return err;
}

/* ---- the change ------------------------------------------------------- */

static int
check_covered(const struct renaming *r)
{
	if (dentry_is_covered(r->source) ||
	    (r->target && dentry_is_covered(r->target)))
		return -EBUSY;
	return 0;
}

/* The file system has done it: the names in use follow. */
static void
update_dentries(struct renaming *r, char *reserved)
{
	if (r->exchange) {
		dentry_exchange(r->source, r->target);
		return;
	}
	if (r->target) {
		r->target->inode->dead = inode_is_dir(r->target->inode);
		dentry_delete(r->target);
	}
	dentry_move_take(r->source, r->to.at.dentry, r->to.last, reserved);
}

static void
tell_moved(struct inode *from, struct name old, struct inode *to,
    struct name new, struct inode *inode)
{
	u32 cookie = notify_new_cookie();

	notify_names(from, IN_MOVED_FROM, old, inode->mode, cookie);
	notify_names(to, IN_MOVED_TO, new, inode->mode, cookie);
}

/* In Linux's order. */
static void
tell_renamed(struct renaming *r)
{
	struct inode *source = r->source->inode;

	if (!notify_any())
		return;
	tell_moved(from_dir(r), r->from.last, to_dir(r), r->to.last, source);
	if (r->target && !r->exchange)
		notify_inode(r->target->inode, IN_ATTRIB);
	notify_inode(source, IN_MOVE_SELF);
	if (!r->exchange)
		return;
	tell_moved(
	    to_dir(r), r->to.last, from_dir(r), r->from.last, r->target->inode);
	notify_inode(r->target->inode, IN_MOVE_SELF);
}

static int
change(struct renaming *r)
{
	char *reserved = NULL;
	int err = 0;

	if (!r->exchange)
		err = dentry_reserve_name(r->to.last, &reserved);
	if (err < 0)
		return err;
	lock_ends(r);
	err = check_covered(r);
	if (err == 0)
		err = from_dir(r)->ops->rename(from_dir(r), r->from.last,
		    r->source->inode, to_dir(r), r->to.last,
		    r->target ? r->target->inode : NULL, r->exchange);
	if (err == 0)
		update_dentries(r, reserved);
	unlock_ends(r);
	if (err < 0)
		kfree(reserved);
	else
		tell_renamed(r);
	return err;
}

static int
find_ends(struct renaming *r)
{
	int err;

	err = dentry_lookup_locked(r->from.at.dentry, r->from.last, &r->source);
	if (err < 0)
		return err;
	err = dentry_lookup_locked(r->to.at.dentry, r->to.last, &r->target);
	if (err == -ENOENT && !r->exchange)
		return 0;
	if (err == 0 && r->no_replace)
		return -EEXIST;
	return err;
}

static void
forget_ends(struct renaming *r)
{
	dentry_put(r->source);
	dentry_put(r->target);
	r->source = r->target = NULL;
}

/* Two directories would be locked without RENAME. */
static bool
lacks_shape(const struct renaming *r)
{
	return !r->has_shape && r->target && inode_is_dir(r->source->inode) &&
	    inode_is_dir(r->target->inode);
}

/* Locks the directories, also where it fails. */
static int
lock_and_find(struct renaming *r) NO_LOCK_CHECK
{
	int err;

	r->has_shape = from_dir(r) != to_dir(r);
	lock_dirs(r);
	err = find_ends(r);
	if (err < 0 || !lacks_shape(r))
		return err;
	unlock_dirs(r);
	/* Others may have made anything of them meanwhile. */
	forget_ends(r);
	r->has_shape = true;
	lock_dirs(r);
	return find_ends(r);
}

static int
rename_locked(struct renaming *r)
{
	int err = check_slashes(r);

	if (err == 0)
		err = check_loops(r);
	if (err < 0)
		return err;
	/* Two names of one file: nothing is to be done, says POSIX. */
	if (r->target && r->source->inode == r->target->inode)
		return 0;
	err = check_rights(r);
	return err < 0 ? err : change(r);
}

/* Both walks have come to the directories. */
static int
rename_between(struct renaming *r)
{
	int err;

	if (r->from.at.mount != r->to.at.mount)
		return -EXDEV;
	if (r->from.last_kind != LAST_NAME)
		return -EBUSY;
	if (r->to.last_kind != LAST_NAME)
		return r->no_replace ? -EEXIST : -EBUSY;
	err = mount_get_write(r->from.at.mount);
	if (err < 0)
		return err;
	err = lock_and_find(r);
	if (err == 0)
		err = rename_locked(r);
	unlock_dirs(r);
	forget_ends(r);
	mount_put_write(r->from.at.mount);
	return err;
}

int
namei_rename(
    const struct fs_who *who, struct fs_name from, struct fs_name to, u32 flags)
{
	struct renaming r = {
	    .who = who,
	    .no_replace = (flags & RENAME_NOREPLACE) != 0,
	    .exchange = (flags & RENAME_EXCHANGE) != 0,
	};
	int err;

	if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    (r.no_replace && r.exchange))
		return -EINVAL;
	err = walk_begin(&r.from, who, from, 0);
	if (err < 0)
		return err;
	err = walk_begin(&r.to, who, to, 0);
	if (err < 0)
		goto end_from;
	err = walk_to_parent(&r.from);
	if (err == 0)
		err = walk_to_parent(&r.to);
	if (err == 0)
		err = rename_between(&r);
	walk_end(&r.to);
end_from:
	walk_end(&r.from);
	return err;
}
