/*
 * Open files: opening, closing, and what is the same for every kind.
 */
#include "fs/file.h"

#include <asm/ioctls.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include "fs/attr.h"
#include "fs/devfs.h"
#include "fs/epoll.h"
#include "fs/memfd.h"
#include "fs/notify.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/usercopy.h"

/* Flags that mean something only while the file is being opened. */
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* ---- writers and programs --------------------------------------------------
 */

/*
 * nr_writers counts who has the file open for writing, or, below zero, who
 * wants it to stay as it is.
 */
int
inode_get_write(struct inode *i)
{
	s32 was = atomic_load(&i->nr_writers);

	do {
		if (was < 0)
			return -ETXTBSY;
	} while (!atomic_cas(&i->nr_writers, &was, was + 1));
	return 0;
}

void
inode_put_write(struct inode *i)
{
	s32 left = atomic_sub(&i->nr_writers, 1);

	assert(left >= 0);
}

int
file_deny_write(struct file *f)
{
	s32 was = atomic_load(&f->inode->nr_writers);

	do {
		if (was > 0)
			return -ETXTBSY;
	} while (!atomic_cas(&f->inode->nr_writers, &was, was - 1));
	return 0;
}

void
file_allow_write(struct file *f)
{
	s32 left = atomic_add(&f->inode->nr_writers, 1);

	assert(left <= 0);
}

/* ---- opening and closing ---------------------------------------------------
 */

/* A place in the tree, not a file: nothing can be done with it. */
static const struct file_ops path_only_ops = {};

static u32
access_of(u32 flags)
{
	if (flags & O_PATH)
		return FILE_PATH_ONLY;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return FILE_READ;
	case O_WRONLY:
		return FILE_WRITE;
	case O_RDWR:
		return FILE_READ | FILE_WRITE;
	default: /* ioctl only, an old custom */
		return 0;
	}
}

static u64 nr_files; /* a */

static u64 max_files = FILE_MAX_AT_LEAST; /* a */

u64
file_count(void)
{
	return atomic_load(&nr_files);
}

u64
file_max(void)
{
	return atomic_load(&max_files);
}

void
file_set_max(u64 max)
{
	atomic_store(&max_files, max);
}

/* Who runs the machine is never refused one. */
static bool
are_too_many(void)
{
	const struct cred *cred;

	if (likely(atomic_load(&nr_files) < atomic_load(&max_files)))
		return false;
	cred = cred_current();
	return cred && !cred_capable(cred, CAP_SYS_ADMIN);
}

int
file_alloc(struct file **out)
{
	if (are_too_many())
		return -ENFILE;
	*out = kzalloc(sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(void)atomic_add(&nr_files, 1);
	return 0;
}

void
file_discard(struct file *f)
{
	(void)atomic_sub(&nr_files, 1);
	kfree(f);
}

static void
file_fill(
    struct file *f, struct path path, u32 flags, const struct file_ops *ops)
{
	refcount_init(&f->refs, 1);
	f->access = access_of(flags) | (ops->seekable ? FILE_SEEKABLE : 0);
	f->flags = flags;
	f->ops = ops;
	f->path = path_get(path);
	f->inode = path.dentry->inode;
	mutex_init(&f->pos_lock, RANK_FILE_POS);
	list_init(&f->watches);
}

static bool
counts_as_writer(const struct file *f)
{
	return (f->access & FILE_WRITE) && inode_is_regular(f->inode);
}

static int
get_write(struct file *f)
{
	int err = mount_get_write(f->path.mount);

	if (err < 0)
		return err;
	err = inode_get_write(f->inode);
	if (err < 0)
		mount_put_write(f->path.mount);
	return err;
}

static void
put_write(struct file *f)
{
	inode_put_write(f->inode);
	mount_put_write(f->path.mount);
}

int
file_open_at(struct file *f, struct path path, u32 flags)
{
	struct inode *inode = path.dentry->inode;
	const struct file_ops *ops =
	    (flags & O_PATH) ? &path_only_ops : inode->files;
	int err = 0;

	file_fill(f, path, flags, ops);
	if (counts_as_writer(f))
		err = get_write(f);
	if (err < 0)
		goto put_path;
	if (ops->open)
		err = ops->open(f);
	if (err < 0)
		goto put_write;
	f->flags &= ~OPEN_ONLY;
	notify_file(f, IN_OPEN);
	return 0;

put_write:
	if (counts_as_writer(f))
		put_write(f);
put_path:
	path_put(f->path);
	return err;
}

int
file_create(struct path path, u32 flags, struct file **out)
{
	int err = file_alloc(out);

	if (err < 0)
		return err;
	err = file_open_at(*out, path, flags);
	if (err < 0)
		file_discard(*out);
	return err;
}

int
file_create_anon(const struct file_ops *ops, struct inode *inode, u32 flags,
    void *private, struct file **out)
{
	struct path path;
	int err = 0;

	if (inode)
		inode_get(inode);
	else
		err = inode_create_anon(0600, fs_who_kernel()->cred, &inode);
	if (err < 0)
		return err;
	err = path_create_anon_take(ops->kind, inode, &path);
	if (err < 0) {
		inode_put(inode);
		return err;
	}
	err = file_alloc(out);
	if (err == 0) {
		file_fill(*out, path, flags & ~OPEN_ONLY, ops);
		(*out)->private = private;
	}
	path_put(path);
	return err;
}

void
file_close(struct file *f)
{
	notify_file(
	    f, (f->access & FILE_WRITE) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	lock_drop_any(&f->locks, f->inode);
	if (unlikely(atomic_load(&f->was_watched)))
		epoll_forget_file(f);
	if (f->ops->release)
		f->ops->release(f);
	if (counts_as_writer(f))
		put_write(f);
	path_put(f->path);
}

void
file_put(struct file *f)
{
	if (!f || !refcount_put(&f->refs))
		return;
	file_close(f);
	file_discard(f);
}

/* ---- flags -----------------------------------------------------------------
 */

#define SETTABLE_FLAGS (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | FASYNC)

u32
file_flags(const struct file *f)
{
	return atomic_load(&f->flags);
}

static void
change_flags(struct file *f, u32 mask, u32 flags)
{
	u32 was = atomic_load(&f->flags);

	while (!atomic_cas(&f->flags, &was, (was & ~mask) | (flags & mask)))
		;
}

int
file_set_flags(const struct fs_who *who, struct file *f, u32 flags)
{
	u32 news = flags & ~file_flags(f);

	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	if (((flags ^ file_flags(f)) & O_APPEND) &&
	    (f->inode->flags & INODE_APPEND))
		return -EPERM;
	if ((news & O_NOATIME) && !inode_is_owner(f->inode, who->cred))
		return -EPERM;
	change_flags(f, SETTABLE_FLAGS, flags);
	return 0;
}

/* ---- the rest --------------------------------------------------------------
 */

u32
file_poll(struct file *f, struct poll_table *t)
{
	if (f->access & FILE_PATH_ONLY)
		return POLLNVAL;
	if (!f->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return f->ops->poll(f, t);
}

bool
file_can_poll(const struct file *f)
{
	if (f->ops == &chardev_file_ops)
		return chardev_can_poll(f);
	return f->ops->poll != NULL;
}

static s64
set_nonblock(struct file *f, u64 arg)
{
	u32 on;
	int err = user_load32(uaddr(arg), &on);

	if (err < 0)
		return err;
	change_flags(f, O_NONBLOCK, on ? O_NONBLOCK : 0);
	return 0;
}

static s64
tell_unread(struct file *f, u64 arg)
{
	u64 size = atomic_load(&f->inode->size_bytes);
	u64 pos = atomic_load(&f->pos);
	s32 left = (s32)(size - pos);

	return user_write(uaddr(arg), &left, sizeof(left));
}

static s64
get_inode_flags(struct inode *i, u64 arg)
{
	u32 flags;

	if (!i->ops->get_flags)
		return -ENOTTY;
	mutex_lock(&i->lock);
	flags = i->ops->get_flags(i);
	mutex_unlock(&i->lock);
	return user_write(uaddr(arg), &flags, sizeof(flags));
}

#define KEEPING_FLAGS (FS_IMMUTABLE_FL | FS_APPEND_FL)

static int
change_inode_flags(const struct fs_who *who, struct inode *i, u32 flags)
{
	u32 changed = i->ops->get_flags(i) ^ flags;

	if (!inode_is_owner(i, who->cred) ||
	    ((changed & KEEPING_FLAGS) &&
		!cred_capable(who->cred, CAP_LINUX_IMMUTABLE)))
		return -EPERM;
	return i->ops->set_flags(i, flags);
}

static s64
set_inode_flags(const struct fs_who *who, struct file *f, u64 arg)
{
	struct inode *i = f->inode;
	u32 flags;
	int err;

	if (!i->ops->set_flags)
		return -ENOTTY;
	err = user_load32(uaddr(arg), &flags);
	if (err == 0)
		err = mount_get_write(f->path.mount);
	if (err < 0)
		return err;
	mutex_lock(&i->lock);
	err = change_inode_flags(who, i, flags);
	mutex_unlock(&i->lock);
	mount_put_write(f->path.mount);
	return err;
}

static s64
trim(const struct fs_who *who, struct file *f, u64 arg)
{
	const struct filesystem_ops *ops = f->inode->fs->ops;
	struct fstrim_range range;
	u64 done = 0;
	int err;

	if (!ops->trim)
		return -ENOTTY;
	if (!cred_capable(who->cred, CAP_SYS_ADMIN))
		return -EPERM;
	err = user_read(&range, uaddr(arg), sizeof(range));
	if (err == 0)
		err = mount_get_write(f->path.mount);
	if (err < 0)
		return err;
	err = ops->trim(
	    f->inode->fs, range.start, range.len, range.minlen, &done);
	mount_put_write(f->path.mount);
	if (err < 0)
		return err;
	range.len = done;
	return user_write(uaddr(arg), &range, sizeof(range));
}

s64
file_ioctl(const struct fs_who *who, struct file *f, u32 cmd, u64 arg)
{
	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	if (cmd == FIONBIO)
		return set_nonblock(f, arg);
	if (cmd == FS_IOC_GETFLAGS)
		return get_inode_flags(f->inode, arg);
	if (cmd == FS_IOC_SETFLAGS)
		return set_inode_flags(who, f, arg);
	if (cmd == FITRIM &&
	    (inode_is_regular(f->inode) || inode_is_dir(f->inode)))
		return trim(who, f, arg);
	if (cmd == FIONREAD && inode_is_regular(f->inode))
		return tell_unread(f, arg);
	return f->ops->ioctl ? f->ops->ioctl(who, f, cmd, arg) : -ENOTTY;
}

/*
 * The two names that every directory has come from here, at positions 0 and 1;
 * the file system's own begin at 2.
 */
static bool
emit_dots(struct file *f, struct dir_sink *sink)
{
	static const char *const dots[] = {".", ".."};

	while (f->pos < 2) {
		struct dentry *d = f->path.dentry;
		struct name name = {dots[f->pos], f->pos + 1, 0};
		u64 ino = d->inode->ino;

		if (f->pos == 1) {
			d = dentry_get_parent(d);
			ino = d->inode->ino;
			dentry_put(d);
		}
		if (!sink->emit(sink, name, ino, S_IFDIR >> 12, f->pos + 1))
			return false;
		f->pos++;
	}
	return true;
}

int
file_readdir(struct file *f, struct dir_sink *sink)
{
	struct inode *dir = f->inode;
	int err = 0;

	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	if (!f->ops->readdir)
		return -ENOTDIR;
	mutex_lock(&f->pos_lock);
	mutex_lock(&dir->lock);
	if (dir->dead)
		err = -ENOENT;
	else if (emit_dots(f, sink))
		err = f->ops->readdir(f, sink, &f->pos);
	mutex_unlock(&dir->lock);
	mutex_unlock(&f->pos_lock);
	if (err == 0) {
		notify_file(f, IN_ACCESS);
		file_accessed(f);
	}
	return err;
}

int
file_sync(struct file *f, bool data_only)
{
	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	return f->ops->sync ? f->ops->sync(f, data_only) : -EINVAL;
}

/* More than is asked for: all bytes, and what leads to them. */
int
file_sync_range(struct file *f, s64 offset, s64 len, u32 flags)
{
	u32 known = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
	    SYNC_FILE_RANGE_WAIT_AFTER;
	u32 type = f->inode->mode & S_IFMT;

	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	if ((flags & ~known) || offset < 0 || len < 0 ||
	    len > INT64_MAX - offset)
		return -EINVAL;
	if (type != S_IFREG && type != S_IFBLK && type != S_IFDIR &&
	    type != S_IFLNK)
		return -ESPIPE;
	return flags != 0 && f->ops->sync ? f->ops->sync(f, true) : 0;
}

int
file_sync_fs(struct file *f)
{
	struct filesystem *fs = f->inode->fs;

	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	return fs->ops->sync ? fs->ops->sync(fs) : 0;
}

bool
file_may_run(const struct file *f)
{
	return !(f->path.mount->flags & MS_NOEXEC);
}

int
file_map(struct file *f, bool shared, u32 prot, struct object **out)
{
	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	if (!(f->access & FILE_READ))
		return -EACCES;
	if (shared && (prot & 2) && !(f->access & FILE_WRITE))
		return -EACCES;
	if (shared && (prot & 2) && !memfd_may_map_write(f))
		return -EPERM;
	if ((prot & 4) && !file_may_run(f))
		return -EPERM;
	return f->ops->map ? f->ops->map(f, out) : -ENODEV;
}

void
file_stat(struct file *f, struct file_stat *out)
{
	path_stat(f->path, out);
}

int
file_statfs(struct file *f, struct fs_statfs *out)
{
	return mount_statfs(f->path.mount, out);
}

int
file_text(struct file *f, struct path root, char *buf, size_t cap, char **out)
{
	return path_text(f->path, root, true, buf, cap, out);
}

/* ---- attributes -------------------------------------------------------------
 */

/* Until mount_put_write.  Errors: -EBADF a mere place, -EROFS. */
static int
begin_change(struct file *f)
{
	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	return mount_get_write(f->path.mount);
}

int
file_truncate(const struct fs_who *who, struct file *f, s64 size)
{
	int err;

	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	if (size < 0 || !inode_is_regular(f->inode) ||
	    !(f->access & FILE_WRITE))
		return -EINVAL;
	err = inode_truncate(who, f->inode, size);
	if (err == 0)
		notify_path(f->path, IN_MODIFY);
	return err;
}

int
file_chmod(const struct fs_who *who, struct file *f, u32 mode)
{
	int err = begin_change(f);

	if (err < 0)
		return err;
	err = inode_chmod(who, f->inode, mode);
	if (err == 0)
		notify_path(f->path, IN_ATTRIB);
	mount_put_write(f->path.mount);
	return err;
}

int
file_chown(const struct fs_who *who, struct file *f, u32 uid, u32 gid)
{
	int err = begin_change(f);

	if (err < 0)
		return err;
	err = inode_chown(who, f->inode, uid, gid);
	if (err == 0)
		notify_path(f->path, IN_ATTRIB);
	mount_put_write(f->path.mount);
	return err;
}

int
file_utimens(
    const struct fs_who *who, struct file *f, const struct file_times *times)
{
	int err = begin_change(f);

	if (err < 0)
		return err;
	err = inode_utimens(who, f->inode, times);
	if (err == 0)
		notify_path(f->path, notify_of_times(times));
	mount_put_write(f->path.mount);
	return err;
}
