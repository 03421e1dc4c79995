/* What all inodes have in common. */
#include "core/clock.h"
#include "fs/blockdev.h"
#include "fs/devfs.h"
#include "fs/pipe.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"

#define STAT_BLOCK_BYTES 512 /* the unit of st_blocks, whatever the disk's */

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
	case S_IFBLK:
		return &blockdev_file_ops;
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
	if ((want & MAY_WRITE) && (atomic_load(&i->flags) & INODE_IMMUTABLE))
		return -EPERM;
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
