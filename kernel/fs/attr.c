/*
 * Who may change what of a file, and the changes themselves.  All of it works
 * on an inode: how it was found is namei_attr.c's and file.c's affair.
 */
#include "fs/attr.h"

#include <linux/fs.h>

#include "lib/string.h"

int
may_create(const struct fs_who *who, struct inode *dir)
{
	if (dir->dead)
		return -ENOENT;
	return inode_may(dir, who->cred, MAY_WRITE | MAY_EXEC);
}

/* In a sticky directory only the owners of file and directory take it out. */
static bool
is_stuck(const struct cred *cred, const struct inode *dir,
    const struct inode *victim)
{
	return (dir->mode & S_ISVTX) && cred->fsuid != victim->uid &&
	    cred->fsuid != dir->uid && !cred_capable(cred, CAP_FOWNER);
}

int
may_delete(const struct fs_who *who, struct inode *dir, struct dentry *victim,
    bool as_dir)
{
	int err = inode_may(dir, who->cred, MAY_WRITE | MAY_EXEC);

	if (err < 0)
		return err;
	if (inode_is_kept(dir) || inode_is_kept(victim->inode) ||
	    is_stuck(who->cred, dir, victim->inode))
		return -EPERM;
	if (as_dir && !inode_is_dir(victim->inode))
		return -ENOTDIR;
	if (!as_dir && inode_is_dir(victim->inode))
		return -EISDIR;
	return dir->dead ? -ENOENT : 0;
}

void
inode_new_init(struct inode_new *new, const struct fs_who *who,
    const struct inode *dir, u32 mode)
{
	bool runs = (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);

	*new = (struct inode_new){
	    .mode = mode & ~fs_context_umask(who->ctx),
	    .uid = who->cred->fsuid,
	    .gid = who->cred->fsgid,
	};
	if (!(dir->mode & S_ISGID))
		return;
	/* A set-group-id directory hands its group on, and to directories
	 * that habit too; but nobody gets to act for a group he is not in. */
	new->gid = dir->gid;
	if (S_ISDIR(mode))
		new->mode |= S_ISGID;
	else if (runs && !cred_in_group(who->cred, dir->gid) &&
	    !cred_capable(who->cred, CAP_FSETID))
		new->mode &= ~S_ISGID;
}

bool
inode_is_owner(const struct inode *i, const struct cred *cred)
{
	return cred->fsuid == i->uid || cred_capable(cred, CAP_FOWNER);
}

/* As it will be when it comes from the disk again. */
static s64
time_kept(const struct filesystem *fs, s64 ns)
{
	if (fs->newest_ns == 0)
		return ns;
	return MAX(fs->oldest_ns, MIN(ns, fs->newest_ns));
}

static void
set_fields(struct inode *i, const struct inode_attr *attr)
{
	if (attr->valid & ATTR_MODE)
		i->mode = (i->mode & S_IFMT) | (attr->mode & MODE_BITS);
	if (attr->valid & ATTR_UID)
		i->uid = attr->uid;
	if (attr->valid & ATTR_GID)
		i->gid = attr->gid;
	if (attr->valid & ATTR_ATIME)
		i->atime_ns = time_kept(i->fs, attr->atime_ns);
	if (attr->valid & ATTR_MTIME)
		i->mtime_ns = time_kept(i->fs, attr->mtime_ns);
}

/* All but the size, which cannot be had back. */
static struct inode_attr
fields_of(const struct inode *i)
{
	return (struct inode_attr){
	    .valid = ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_ATIME | ATTR_MTIME,
	    .mode = i->mode & MODE_BITS,
	    .uid = i->uid,
	    .gid = i->gid,
	    .atime_ns = i->atime_ns,
	    .mtime_ns = i->mtime_ns,
	};
}

int
inode_set_attr(struct inode *i, const struct inode_attr *attr)
{
	int err = i->ops->setattr ? i->ops->setattr(i, attr) : 0;
	struct inode_attr was = fields_of(i);
	s64 changed_ns = i->ctime_ns;

	if (err < 0)
		return err;
	set_fields(i, attr);
	i->ctime_ns = inode_now_ns();
	if (i->ops->keep)
		err = i->ops->keep(i);
	if (err < 0) {
		set_fields(i, &was);
		i->ctime_ns = changed_ns;
	}
	return err;
}

/*
 * What of suid and sgid goes when a file gets new bytes or a new owner.
 * Without the right to be run by its group, sgid is only a mark (of mandatory
 * locks, once): that goes when it would be a right for who sets it.
 */
static u32
privileges_lost(const struct inode *i, const struct cred *cred)
{
	u32 mode = i->mode;
	u32 lost = mode & S_ISUID;

	if ((mode & S_ISGID) &&
	    ((mode & S_IXGRP) ||
		(!cred_in_group(cred, i->gid) &&
		    !cred_capable(cred, CAP_FSETID))))
		lost |= S_ISGID;
	return inode_is_dir(i) ? 0 : lost;
}

int
inode_drop_privileges(const struct fs_who *who, struct inode *i)
{
	struct inode_attr attr = {.valid = ATTR_MODE};
	u32 lost;

	if (likely(!(i->mode & (S_ISUID | S_ISGID))) ||
	    cred_capable(who->cred, CAP_FSETID))
		return 0;
	lost = privileges_lost(i, who->cred);
	attr.mode = i->mode & ~lost;
	return lost ? inode_set_attr(i, &attr) : 0;
}

int
inode_chmod(const struct fs_who *who, struct inode *i, u32 mode)
{
	struct inode_attr attr = {.valid = ATTR_MODE, .mode = mode};
	int err = -EPERM;

	if (inode_is_symlink(i))
		return -EOPNOTSUPP;
	mutex_lock(&i->lock);
	if (inode_is_owner(i, who->cred) && !inode_is_kept(i)) {
		if (!cred_in_group(who->cred, i->gid) &&
		    !cred_capable(who->cred, CAP_FSETID))
			attr.mode &= ~S_ISGID;
		err = inode_set_attr(i, &attr);
	}
	mutex_unlock(&i->lock);
	return err;
}

/* Some may all; an owner may give the file to a group that he is in. */
static int
may_chown(const struct cred *cred, const struct inode *i,
    const struct inode_attr *attr)
{
	if (cred_capable(cred, CAP_CHOWN))
		return 0;
	if ((attr->valid & ATTR_UID) &&
	    (cred->fsuid != i->uid || attr->uid != i->uid))
		return -EPERM;
	if ((attr->valid & ATTR_GID) &&
	    (cred->fsuid != i->uid ||
		(attr->gid != i->gid && !cred_in_group(cred, attr->gid))))
		return -EPERM;
	return 0;
}

int
inode_chown(const struct fs_who *who, struct inode *i, u32 uid, u32 gid)
{
	struct inode_attr attr = {.uid = uid, .gid = gid};
	u32 lost;
	int err;

	if (uid != ~0u)
		attr.valid |= ATTR_UID;
	if (gid != ~0u)
		attr.valid |= ATTR_GID;
	mutex_lock(&i->lock);
	err = inode_is_kept(i) ? -EPERM : may_chown(who->cred, i, &attr);
	lost = privileges_lost(i, who->cred);
	if (lost) {
		attr.valid |= ATTR_MODE;
		attr.mode = i->mode & ~lost;
	}
	/* Bits that go are a change of the mode, even if nothing else is. */
	if (err == 0 && lost && !inode_is_owner(i, who->cred))
		err = -EPERM;
	if (err == 0)
		err = inode_set_attr(i, &attr);
	mutex_unlock(&i->lock);
	return err;
}

/* Now, for both times, may be set by who may write; values by the owner. */
static int
may_utimens(const struct fs_who *who, struct inode *i, bool touch)
{
	u32 flags = touch ? INODE_IMMUTABLE : INODE_IMMUTABLE | INODE_APPEND;

	if (i->flags & flags)
		return -EPERM;
	if (inode_is_owner(i, who->cred))
		return 0;
	return touch ? inode_may(i, who->cred, MAY_WRITE) : -EPERM;
}

int
inode_utimens(
    const struct fs_who *who, struct inode *i, const struct file_times *times)
{
	bool touch = times->atime_how == FILE_TIME_NOW &&
	    times->mtime_how == FILE_TIME_NOW;
	s64 now = inode_now_ns();
	struct inode_attr attr = {
	    .atime_ns =
		times->atime_how == FILE_TIME_SET ? times->atime_ns : now,
	    .mtime_ns =
		times->mtime_how == FILE_TIME_SET ? times->mtime_ns : now,
	};
	int err;

	if (times->atime_how != FILE_TIME_OMIT)
		attr.valid |= ATTR_ATIME;
	if (times->mtime_how != FILE_TIME_OMIT)
		attr.valid |= ATTR_MTIME;
	if (attr.valid == 0)
		return 0;
	mutex_lock(&i->lock);
	err = may_utimens(who, i, touch);
	if (err == 0)
		err = inode_set_attr(i, &attr);
	mutex_unlock(&i->lock);
	return err;
}

static int
truncate_locked(const struct fs_who *who, struct inode *i, u64 size)
{
	struct inode_attr attr = {
	    .valid = ATTR_SIZE | ATTR_MTIME,
	    .size_bytes = size,
	    .mtime_ns = inode_now_ns(),
	};
	int err;

	if (i->flags & INODE_APPEND)
		return -EPERM;
	if (size > MAX(i->size_bytes, who->fsize_limit))
		return -EFBIG;
	err = inode_drop_privileges(who, i);
	return err < 0 ? err : inode_set_attr(i, &attr);
}

int
inode_truncate(const struct fs_who *who, struct inode *i, s64 size)
{
	int err = inode_get_write(i);

	if (err < 0)
		return err;
	mutex_lock(&i->lock);
	err = truncate_locked(who, i, size);
	mutex_unlock(&i->lock);
	inode_put_write(i);
	return err;
}

/* Once a day is enough for who only wants to know whether it is read. */
#define ATIME_STALE_NS (24 * 3600 * 1000000000l)

/*
 * As relatime has it: reading is worth a note when the last one is older than
 * the last change, or than a day.
 */
static bool
is_stale(const struct inode *i, s64 atime, s64 now)
{
	return atime <= i->mtime_ns || atime <= i->ctime_ns ||
	    now - atime >= ATIME_STALE_NS;
}

void
path_accessed(struct path p)
{
	struct inode *i = p.dentry->inode;
	u32 flags = atomic_load(&p.mount->flags);
	s64 atime = atomic_load(&i->atime_ns), now;

	if ((flags & MS_NOATIME) || mount_is_read_only(p.mount) ||
	    ((flags & MS_NODIRATIME) && inode_is_dir(i)))
		return;
	now = inode_now_ns();
	if ((flags & MS_RELATIME) && !is_stale(i, atime, now)) {
		/* Not for a day: somebody may set the clock. */
		atomic_store(&i->quiet_until,
		    clock_ns_to_ticks(clock_mono_ns() + NSEC_PER_SEC));
		return;
	}
	if (now == atime)
		return;
	atomic_store(&i->atime_ns, now);
	if (i->ops->accessed)
		i->ops->accessed(i);
}

void
file_note_access(struct file *f)
{
	if (!(file_flags(f) & O_NOATIME))
		path_accessed(f->path);
}
