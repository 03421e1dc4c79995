/*
 * ext2 and ext3 on a disk: what a mount makes of it.
 *
 *	| boot | superblock | groups | bitmaps | inodes | blocks ... |
 *	         1 KiB from   one entry for each group of blocks, all
 *	         the start    in one place behind the superblock
 *
 * Whatever the disk says is checked before it is used: a number that leads out
 * of the disk is an error for who asked, and a line in the log; where something
 * was about to be changed by it, the disk is only read from then on.
 */
#include "fs/ext2.h"

#include <linux/fs.h>
#include <linux/magic.h>

#include "core/printk.h"
#include "core/random.h"
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/errno.h"
#include "lib/fmt.h"
#include "mm/slab.h"

int
ext2_bad(const struct ext2 *e, const char *what, u64 number)
{
	printk_limited(
	    "ext2: %s: %s (%lu) makes no sense\n", e->dev->name, what, number);
	return -EIO;
}

int
ext2_broken(struct ext2 *e, const char *what, u64 number)
{
	int err = ext2_bad(e, what, number);

	if (e->journal)
		journal_abort(e->journal, err);
	return err;
}

int
ext2_block(struct ext2 *e, u64 block, struct buf **out)
{
	if (!ext2_is_block(e, block))
		return ext2_bad(e, "the number of a block", block);
	return buf_get(e->dev, block, e->block_bytes, out);
}

int
ext2_new_block(struct ext2 *e, u32 block, struct buf **out)
{
	int err = buf_get_new(e->dev, block, e->block_bytes, out);

	return err == -EIO ? ext2_broken(e, "a free block", block) : err;
}

int
ext2_group(
    struct ext2 *e, u32 group, struct buf **out, struct ext2_group **desc)
{
	u32 per_block = e->block_bytes / sizeof(struct ext2_group);
	int err = ext2_block(e, e->first_block + 1 + group / per_block, out);

	if (err == 0)
		*desc = (struct ext2_group *)(*out)->data + group % per_block;
	return err;
}

/* ---- the file system ---------------------------------------------------- */

static void
tell_statfs(struct filesystem *fs, struct fs_statfs *out)
{
	struct ext2 *e = ext2_of(fs);
	const struct ext2_super *s = e->disk;
	u64 kept = e->super.nr_reserved, free;

	mutex_lock(&e->alloc);
	free = s->nr_free_blocks - MIN(e->nr_reserved, s->nr_free_blocks);
	*out = (struct fs_statfs){
	    .type = EXT2_SUPER_MAGIC,
	    .block_size = e->block_bytes,
	    .nr_blocks = e->nr_blocks - e->nr_overhead,
	    .nr_free = free,
	    .nr_kept = MIN(kept, free),
	    .nr_files = e->nr_inodes,
	    .nr_free_files = s->nr_free_inodes,
	    .name_max = NAME_MAX_BYTES,
	    .dev = fs->dev,
	};
	mutex_unlock(&e->alloc);
}

static void
unmount(struct filesystem *fs)
{
	struct ext2 *e = ext2_of(fs);
	struct inode *root = fs->root;

	(void)!ext2_sync(fs);
	mutex_lock(&e->sync);
	atomic_store(&e->unmounted, true);
	mutex_unlock(&e->sync);
	fs->root = NULL;
	inode_put(root);
	ext2_cache_trim(e, true);
}

static void
destroy(struct ext2 *e)
{
	ext2_end_writing(e);
	buf_forget(e->dev);
	block_release(e->dev);
	kfree(e);
}

/* The last file that somebody had open or mapped is gone as well. */
static void
release(struct filesystem *fs)
{
	destroy(ext2_of(fs));
}

static void
tell_options(struct filesystem *fs, char *buf, size_t cap)
{
	const struct ext2_options *o = &ext2_of(fs)->options;
	char commit[24] = "";

	if (o->commit_s > 0)
		fmt_snprint(commit, sizeof(commit), ",commit=%u", o->commit_s);
	fmt_snprint(buf, cap, "%s%s%s", commit,
	    atomic_load(&o->discard) ? ",discard" : "",
	    o->data_journal ? ",data=journal" : "");
}

static int
may_stop(struct filesystem *fs)
{
	struct ext2 *e = ext2_of(fs);

	return e->journal && !journal_is_aborted(e->journal)
	    ? ext2_cache_may_stop(e)
	    : 0;
}

/* The way in which bytes go to the disk stays: files would be half and half. */
static int
change_options(struct ext2 *e, const char *text)
{
	struct ext2_options new = e->options;
	int err = ext2_parse_options(&new, text);

	if (err < 0)
		return err;
	if (new.data_journal != e->options.data_journal)
		return -EINVAL;
	atomic_store(&e->options.commit_s, new.commit_s);
	atomic_store(&e->options.discard, new.discard);
	if (e->journal)
		journal_set_interval(e->journal, new.commit_s);
	return 0;
}

static int
remount(struct filesystem *fs, bool read_only, const char *options)
{
	struct ext2 *e = ext2_of(fs);
	bool writes = e->journal && !journal_is_paused(e->journal) &&
	    !journal_is_aborted(e->journal);
	int err = change_options(e, options);

	if (err < 0)
		return err;
	if (read_only && writes)
		ext2_pause_writing(e);
	return read_only || writes ? 0 : ext2_resume_writing(e);
}

static const struct filesystem_ops ops = {
    .statfs = tell_statfs,
    .sync = ext2_sync,
    .may_stop = may_stop,
    .remount = remount,
    .trim = ext2_trim_free,
    .options = tell_options,
    .unmount = unmount,
    .release = release,
};

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

static void
init_fields(struct ext2 *e, struct blockdev *dev, const char *type)
{
	refcount_init(&e->fs.refs, 1);
	spin_init(&e->lock, RANK_DISK_FILES);
	mutex_init(&e->alloc, RANK_DISK_ALLOC);
	mutex_init(&e->orphan_lock, RANK_DISK_ORPHANS);
	waitq_init(&e->settled);
	list_init(&e->idle);
	list_init(&e->dirty);
	list_init(&e->mapped);
	mutex_init(&e->sync, RANK_DISK_SYNC);
	list_init(&e->to_write);
	list_init(&e->accessed);
	list_init(&e->orphans);
	e->fs.ops = &ops;
	e->fs.type = type;
	e->fs.keeps_names = true;
	e->next_generation = (u32)random_u64();
	e->fs.dev = dev->dev;
	e->fs.read_only = true;
	e->dev = dev;
}

/* What does not change from here on, and others ask for. */
static void
describe(struct ext2 *e)
{
	u64 own = (u64)ext2_nr_own_blocks(e) + ext2_nr_log_blocks(e);

	e->nr_overhead = (u32)MIN(own, (u64)e->nr_blocks);
	e->fs.oldest_ns = INT32_MIN * 1000000000l;
	e->fs.newest_ns = INT64_MAX;
	if (e->inode_bytes == EXT2_OLD_INODE)
		e->fs.newest_ns = INT32_MAX * 1000000000l;
}

static int
open_ext2(const struct mount_request *request, const char *type,
    struct filesystem **out)
{
	struct ext2_options options = {};
	struct ext2 *e;
	int err = ext2_parse_options(&options, request->data);

	if (err == 0)
		err = block_claim(request->disk);
	if (err < 0)
		return err;
	e = kzalloc(sizeof(*e));
	if (!e) {
		block_release(request->disk);
		return -ENOMEM;
	}
	init_fields(e, request->disk, type);
	e->options = options;
	err = ext2_open_disk(e, !(request->flags & MS_RDONLY));
	if (err == 0)
		err = open_root(e);
	if (err == 0)
		describe(e);
	if (err < 0) {
		e->unmounted = true;
		ext2_cache_trim(e, true);
		destroy(e);
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
