/*
 * The superblock: whether we know the disk, and what its numbers are.  Each is
 * checked against the others, and the disk, before it is used.
 */
#include "core/printk.h"
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/errno.h"
#include "lib/string.h"

#define MAX_LOG_BLOCK 2 /* 4 KiB, a page */

#define KNOWN_INCOMPAT (EXT2_INCOMPAT_FILETYPE | EXT2_INCOMPAT_RECOVER)
#define KNOWN_RO       (EXT2_RO_SPARSE_SUPER | EXT2_RO_LARGE_FILE)

struct feature {
	u32 bit;
	const char *name;
};

static const struct feature incompat_names[] = {
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
    {0, NULL},
};

static const struct feature ro_names[] = {
    {0x0004, "btree_dir"},
    {0x0008, "huge_file"},
    {0x0010, "uninit_bg"},
    {0x0020, "dir_nlink"},
    {0x0040, "extra_isize"},
    {0x0100, "quota"},
    {0x0200, "bigalloc"},
    {0x0400, "metadata_csum"},
    {0x1000, "read-only"},
    {0x2000, "project"},
    {0x8000, "verity"},
    {0x10000, "orphan_present"},
    {0, NULL},
};

/* The first that we do not know. */
static void
tell_feature(const struct blockdev *dev, const struct feature *names,
    u32 unknown, const char *what)
{
	for (; names->name; names++)
		if (unknown & names->bit) {
			printk("ext2: %s has the feature %s, which calf does "
			       "not know%s\n",
			    dev->name, names->name, what);
			return;
		}
	printk("ext2: %s has features that calf does not know (%#x)%s\n",
	    dev->name, unknown, what);
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
	u32 unknown = s->revision > 0 ? s->incompat & ~KNOWN_INCOMPAT : 0;

	if (s->magic != EXT2_MAGIC)
		return -EINVAL;
	if (s->log_block > MAX_LOG_BLOCK)
		return refuse(dev, "the size of blocks");
	if (unknown != 0) {
		tell_feature(dev, incompat_names, unknown, "");
		return -EINVAL;
	}
	return check_geometry(dev, s);
}

int
ext2_may_write(const struct ext2 *e)
{
	const struct ext2_super *s = &e->super;
	u32 unknown = s->revision > 0 ? s->ro_compat & ~KNOWN_RO : 0;

	if (e->dev->read_only) {
		printk("ext2: %s can only be read\n", e->dev->name);
		return -EACCES;
	}
	if (unknown != 0) {
		tell_feature(
		    e->dev, ro_names, unknown, ": it can only be read");
		return -EROFS;
	}
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
	e->nr_groups =
	    (s->nr_blocks - s->first_block + s->blocks_per_group - 1) /
	    s->blocks_per_group;
	/* A file's sectors are counted in 32 bits, its size before that in 31.
	 */
	e->max_bytes =
	    MIN(ext2_max_bytes(bytes), (u64)UINT32_MAX << SECTOR_SHIFT);
	if (s->revision == 0)
		e->max_bytes = INT32_MAX;
}

/* It lies in the second KiB, whatever the size of blocks is. */
int
ext2_read_super(struct ext2 *e)
{
	struct buf *b;
	int err =
	    buf_get(e->dev, EXT2_SUPER_AT / BUF_MIN_BYTES, BUF_MIN_BYTES, &b);

	if (err < 0)
		return err;
	memcpy(&e->super, b->data, sizeof(e->super));
	buf_put(b);
	/* Where blocks are larger, this is a part of another one. */
	buf_forget(e->dev);
	err = check_super(e->dev, &e->super);
	if (err == 0)
		use_super(e);
	return err;
}

/* ---- options ------------------------------------------------------------ */

static int
parse_option(struct ext2_options *o, const char *text, const char **end)
{
	static const char *const plain[] = {"data=ordered", "data=journal",
	    "errors=remount-ro", "discard", "nodiscard"};
	static const char commit[] = "commit=";
	u64 seconds;
	u32 n;

	if (str_starts(text, commit)) {
		text += sizeof(commit) - 1;
		if (str_to_u64(text, 10, end, &seconds) < 0 || seconds > 900)
			return -EINVAL;
		o->commit_s = (u32)seconds;
		return 0;
	}
	for (n = 0; n < ARRAY_SIZE(plain); n++)
		if (str_starts(text, plain[n])) {
			*end = text + strlen(plain[n]);
			if (n < 2)
				o->data_journal = n == 1;
			else if (n > 2)
				o->discard = n == 3;
			return 0;
		}
	return -EINVAL;
}

int
ext2_parse_options(struct ext2_options *o, const char *text)
{
	int err = 0;

	while (err == 0 && text && *text) {
		err = parse_option(o, text, &text);
		if (err == 0 && *text == ',')
			text++;
		else if (err == 0 && *text)
			err = -EINVAL;
	}
	return err;
}
