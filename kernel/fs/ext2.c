/*
 * ext2 on a disk: the superblock, and what a mount makes of it.
 *
 *	| boot | superblock | groups | bitmaps | inodes | blocks ... |
 *	         1 KiB from   one entry for each group of blocks, all
 *	         the start    in one place behind the superblock
 *
 * For reading only.  Whatever the disk says is checked before it is used: a
 * number that leads out of the disk is an error for who asked, and a line in
 * the log.
 */
#include "fs/ext2.h"

#include <linux/fs.h>
#include <linux/magic.h>

#include "core/printk.h"
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/slab.h"

#define MAX_LOG_BLOCK 2 /* 4 KiB, a page */

#define KNOWN_INCOMPAT EXT2_INCOMPAT_FILETYPE

int
ext2_bad(const struct ext2 *e, const char *what, u64 number)
{
	printk_limited(
	    "ext2: %s: %s (%lu) makes no sense\n", e->dev->name, what, number);
	return -EIO;
}

int
ext2_block(struct ext2 *e, u64 block, struct buf **out)
{
	if (block < e->first_block || block >= e->nr_blocks)
		return ext2_bad(e, "the number of a block", block);
	return buf_get(e->dev, block, e->block_bytes, out);
}

/* ---- the superblock ----------------------------------------------------- */

static const struct {
	u32 bit;
	const char *name;
} incompat_names[] = {
    {0x0001, "compression"},
    {EXT2_INCOMPAT_RECOVER, "needs_recovery"},
    {0x0008, "journal_dev"},
    {0x0010, "meta_bg"},
    {0x0040, "extents"},
    {0x0080, "64bit"},
    {0x0100, "mmp"},
    {0x0200, "flex_bg"},
    {0x0400, "ea_inode"},
    {0x2000, "metadata_csum_seed"},
    {0x4000, "large_dir"},
    {0x8000, "inline_data"},
    {0x10000, "encrypt"},
    {0x20000, "casefold"},
};

/* Names the first that we do not know. */
static int
refuse_features(const struct blockdev *dev, u32 unknown)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(incompat_names); i++)
		if (unknown & incompat_names[i].bit) {
			printk("ext2: %s has the feature %s, which calf does "
			       "not know\n",
			    dev->name, incompat_names[i].name);
			return -EINVAL;
		}
	printk("ext2: %s has features that calf does not know (%#x)\n",
	    dev->name, unknown);
	return -EINVAL;
}

static int
refuse(const struct blockdev *dev, const char *what)
{
	printk("ext2: %s: %s makes no sense\n", dev->name, what);
	return -EINVAL;
}

static bool
is_power_of_two(u64 n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* Each number against the others, and the disk. */
static int
check_geometry(const struct blockdev *dev, const struct ext2_super *s)
{
	u32 bytes = BUF_MIN_BYTES << s->log_block;
	u64 nr_groups,
	    inode_bytes = s->revision == 0 ? EXT2_OLD_INODE : s->inode_bytes;

	if (s->first_block != (s->log_block == 0 ? 1 : 0))
		return refuse(dev, "the first block");
	if (s->nr_blocks <= s->first_block + 1 ||
	    (u64)s->nr_blocks * (bytes >> SECTOR_SHIFT) > dev->nr_sectors)
		return refuse(dev, "the number of blocks");
	if (inode_bytes < EXT2_OLD_INODE || inode_bytes > bytes ||
	    !is_power_of_two(inode_bytes))
		return refuse(dev, "the size of inodes");
	if (s->blocks_per_group == 0 || s->blocks_per_group > bytes * 8)
		return refuse(dev, "the blocks of a group");
	if (s->inodes_per_group == 0 || s->inodes_per_group > bytes * 8)
		return refuse(dev, "the inodes of a group");
	nr_groups =
	    ((u64)s->nr_blocks - s->first_block + s->blocks_per_group - 1) /
	    s->blocks_per_group;
	if (s->nr_inodes != nr_groups * s->inodes_per_group)
		return refuse(dev, "the number of inodes");
	if (s->revision > 0 && s->first_ino <= EXT2_ROOT_INO)
		return refuse(dev, "the first inode");
	return 0;
}

static int
check_super(const struct blockdev *dev, const struct ext2_super *s)
{
	if (s->magic != EXT2_MAGIC)
		return -EINVAL;
	if (s->log_block > MAX_LOG_BLOCK)
		return refuse(dev, "the size of blocks");
	if (s->revision > 0 && (s->incompat & ~KNOWN_INCOMPAT))
		return refuse_features(dev, s->incompat & ~KNOWN_INCOMPAT);
	return check_geometry(dev, s);
}

/* It lies in the second KiB, whatever the size of blocks is. */
static int
read_super(struct blockdev *dev, struct ext2_super *out)
{
	struct buf *b;
	int err =
	    buf_get(dev, EXT2_SUPER_AT / BUF_MIN_BYTES, BUF_MIN_BYTES, &b);

	if (err < 0)
		return err;
	memcpy(out, b->data, sizeof(*out));
	buf_put(b);
	/* Where blocks are larger, this is a part of another one. */
	buf_forget(dev);
	return 0;
}

static void
use_super(struct ext2 *e)
{
	const struct ext2_super *s = &e->super;
	u32 bytes = BUF_MIN_BYTES << s->log_block;

	e->block_bytes = bytes;
	for (e->pointers_log = 0; 4u << e->pointers_log < bytes;)
		e->pointers_log++;
	e->nr_blocks = s->nr_blocks;
	e->nr_inodes = s->nr_inodes;
	e->first_block = s->first_block;
	e->blocks_per_group = s->blocks_per_group;
	e->inodes_per_group = s->inodes_per_group;
	e->inode_bytes = s->revision == 0 ? EXT2_OLD_INODE : s->inode_bytes;
	e->first_ino = s->revision == 0 ? EXT2_OLD_FIRST : s->first_ino;
	e->has_types =
	    s->revision > 0 && (s->incompat & EXT2_INCOMPAT_FILETYPE);
	e->max_bytes = ext2_max_bytes(bytes);
}

/* ---- the file system ---------------------------------------------------- */

static void
tell_statfs(struct filesystem *fs, struct fs_statfs *out)
{
	struct ext2 *e = ext2_of(fs);

	*out = (struct fs_statfs){
	    .type = EXT2_SUPER_MAGIC,
	    .block_size = e->block_bytes,
	    .nr_blocks = e->nr_blocks,
	    .nr_free = e->super.nr_free_blocks,
	    .nr_files = e->nr_inodes,
	    .nr_free_files = e->super.nr_free_inodes,
	    .name_max = NAME_MAX_BYTES,
	    .dev = fs->dev,
	};
}

static void
unmount(struct filesystem *fs)
{
	struct inode *root = fs->root;

	fs->root = NULL;
	inode_put(root);
}

/* The last file that somebody had open or mapped is gone as well. */
static void
release(struct filesystem *fs)
{
	struct ext2 *e = ext2_of(fs);

	buf_forget(e->dev);
	block_release(e->dev);
	kfree(e);
}

static const struct filesystem_ops ops = {
    .statfs = tell_statfs, .unmount = unmount, .release = release};

static int
open_root(struct ext2 *e)
{
	int err = ext2_inode_get(e, EXT2_ROOT_INO, &e->fs.root);

	if (err < 0)
		return err;
	if (inode_is_dir(e->fs.root))
		return 0;
	inode_put(e->fs.root);
	e->fs.root = NULL;
	return ext2_bad(e, "the root", EXT2_ROOT_INO);
}

static int
open_disk(struct ext2 *e, struct blockdev *dev)
{
	int err;

	refcount_init(&e->fs.refs, 1);
	spin_init(&e->lock, RANK_DISK_FILES);
	e->fs.ops = &ops;
	e->fs.dev = dev->dev;
	e->fs.read_only = true;
	e->dev = dev;
	err = read_super(dev, &e->super);
	if (err == 0)
		err = check_super(dev, &e->super);
	if (err < 0)
		return err;
	use_super(e);
	return open_root(e);
}

static int
open_ext2(const struct mount_request *request, const char *type,
    struct filesystem **out)
{
	struct ext2 *e;
	int err;

	/* As a disk that cannot be written to: mount(8) tries again, so. */
	if (!(request->flags & MS_RDONLY))
		return -EROFS;
	err = block_claim(request->disk);
	if (err < 0)
		return err;
	e = kzalloc(sizeof(*e));
	err = -ENOMEM;
	if (e) {
		e->fs.type = type;
		err = open_disk(e, request->disk);
	}
	if (err < 0) {
		buf_forget(request->disk);
		block_release(request->disk);
		kfree(e);
		return err;
	}
	*out = &e->fs;
	return 0;
}

static int
open_as_ext2(const struct mount_request *request, struct filesystem **out)
{
	return open_ext2(request, "ext2", out);
}

static int
open_as_ext3(const struct mount_request *request, struct filesystem **out)
{
	return open_ext2(request, "ext3", out);
}

static struct filesystem_type ext2_type = {
    .name = "ext2", .open = open_as_ext2, .on_disk = true};
static struct filesystem_type ext3_type = {
    .name = "ext3", .open = open_as_ext3, .on_disk = true};

void
ext2_init(void)
{
	filesystem_register(&ext3_type);
	filesystem_register(&ext2_type);
}
