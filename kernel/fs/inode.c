/*
 * What all inodes have in common, and files that are in no directory.
 */
#include "core/clock.h"
#include "core/panic.h"
#include "fs/devfs.h"
#include "fs/pipe.h"
#include "fs/vfs_impl.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/slab.h"

#define STAT_BLOCK_BYTES 512 /* the unit of st_blocks, whatever the disk's */

s64
inode_now_ns(void)
{
	return (s64)clock_real_ns();
}

void
inode_touch(struct inode *i)
{
	i->mtime_ns = i->ctime_ns = inode_now_ns();
}

/* What can be stat'ed but not opened: sockets, block devices. */
static int
refuse_open(struct file *f)
{
	(void)f;
	return -ENXIO;
}

const struct file_ops unopenable_file_ops = {.open = refuse_open};

static const struct file_ops *
special_files(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFCHR:
		return &chardev_file_ops;
	case S_IFIFO:
		return &fifo_file_ops;
	default:
		return &unopenable_file_ops;
	}
}

void
inode_init(struct inode *i, struct filesystem *fs, u64 ino,
    const struct inode_new *new)
{
	s64 now = inode_now_ns();

	memset(i, 0, sizeof(*i));
	refcount_init(&i->refs, 1);
	mutex_init(&i->lock, RANK_INODE);
	i->files = special_files(new->mode);
	i->fs = fs;
	i->ino = ino;
	i->mode = new->mode;
	i->uid = new->uid;
	i->gid = new->gid;
	i->rdev = new->rdev;
	i->nlink = 1;
	i->atime_ns = i->mtime_ns = i->ctime_ns = i->btime_ns = now;
}

void
inode_put(struct inode *i)
{
	if (refcount_put(&i->refs))
		i->ops->release(i);
}

int
inode_may(struct inode *i, const struct cred *cred, u32 want)
{
	if (i->ops->permission)
		return i->ops->permission(i, cred, want);
	return cred_may(cred, i->mode, i->uid, i->gid, want);
}

static u64
blocks_of(const struct inode *i)
{
	if (!inode_is_regular(i) || !i->object)
		return 0;
	return i->object->nr_pages * (PAGE_SIZE / STAT_BLOCK_BYTES);
}

void
inode_stat(struct inode *i, struct file_stat *out)
{
	mutex_lock(&i->lock);
	*out = (struct file_stat){
	    .dev = i->fs->dev,
	    .rdev = i->rdev,
	    .ino = i->ino,
	    .mode = i->mode,
	    .nlink = i->nlink,
	    .uid = i->uid,
	    .gid = i->gid,
	    .size_bytes = i->size_bytes,
	    .blocks = blocks_of(i),
	    .block_size = PAGE_SIZE,
	    .atime_ns = i->atime_ns,
	    .mtime_ns = i->mtime_ns,
	    .ctime_ns = i->ctime_ns,
	    .btime_ns = i->btime_ns,
	};
	if (i->ops->stat)
		i->ops->stat(i, out);
	mutex_unlock(&i->lock);
}

/* ---- files in no directory -------------------------------------------------
 */

/*
 * They live in a file system of their own, mounted nowhere, so that every open
 * file has a path and can be opened again through /proc/PID/fd.
 */
static struct filesystem anon_fs;
static struct mount *anon_mount;
static u64 last_ino; /* atomic */

static void
anon_statfs(struct filesystem *fs, struct fs_statfs *out)
{
	*out = (struct fs_statfs){
	    .type = 0x09041934, /* ANON_INODE_FS_MAGIC */
	    .block_size = PAGE_SIZE,
	    .name_max = NAME_MAX_BYTES,
	    .dev = fs->dev,
	};
}

static const struct filesystem_ops anon_fs_ops = {.statfs = anon_statfs};

static void
anon_release(struct inode *i)
{
	kfree(i);
}

static const struct inode_ops anon_inode_ops = {.release = anon_release};

int
inode_create_anon(u32 mode, const struct cred *cred, struct inode **out)
{
	struct inode_new new = {
	    .mode = mode, .uid = cred->fsuid, .gid = cred->fsgid};
	struct inode *i = kmalloc(sizeof(*i));

	if (!i)
		return -ENOMEM;
	inode_init(i, &anon_fs, atomic_add(&last_ino, 1), &new);
	i->ops = &anon_inode_ops;
	*out = i;
	return 0;
}

int
path_create_anon_take(const char *kind, struct inode *inode, struct path *out)
{
	char name[DENTRY_INLINE_NAME];
	int err;

	fmt_snprint(name, sizeof(name), "%s:[%lu]", kind, inode->ino);
	err = dentry_create_root_take(name, inode, &out->dentry);
	if (err == 0)
		out->mount = mount_get(anon_mount);
	return err;
}

void
anon_init(void)
{
	const struct fs_who *kernel = fs_who_kernel();
	int err;

	refcount_init(&anon_fs.refs, 1);
	anon_fs.ops = &anon_fs_ops;
	anon_fs.type = "anon";
	anon_fs.dev = filesystem_new_dev();
	err = inode_create_anon(S_IFDIR | 0500, kernel->cred, &anon_fs.root);
	if (err == 0)
		err = mount_create(&anon_fs, NULL, "anon", 0, &anon_mount);
	if (err < 0)
		panic("no memory for the first files");
}
