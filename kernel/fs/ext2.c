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
 *
 * The order of a mount that writes: the log is replayed; then the superblock
 * says that the log may have to be (needs_recovery), on the disk; then changes
 * begin.  It ends the other way round.
 */
#include "fs/ext2.h"

#include <linux/fs.h>
#include <linux/magic.h>

#include "core/printk.h"
#include "core/random.h"
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/slab.h"

/* Commits that one sync makes, if memory is short. */
#define COMMIT_TRIES 4

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

/* ---- the superblock on the disk ----------------------------------------- */

/* While nobody changes it. */
static int
write_super(struct ext2 *e)
{
	struct block_request *r = kzalloc(sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->op = BLOCK_WRITE;
	r->sector = e->super_buf->block * (e->block_bytes >> SECTOR_SHIFT);
	r->nr_segments = 1;
	r->segments[0] = (struct block_segment){
	    .at = e->super_buf->data, .len_bytes = e->block_bytes};
	err = block_do(e->dev, r);
	kfree(r);
	return err < 0 ? err : block_flush(e->dev);
}

static bool
has_log(const struct ext2 *e)
{
	return e->super.revision > 0 && (e->super.compat & EXT2_COMPAT_JOURNAL);
}

/* The marks of a disk that is being written to, or is not any more. */
static int
mark(struct ext2 *e, bool writing)
{
	struct ext2_super *s = e->disk;

	s->written_s = (u32)(inode_now_ns() / 1000000000l);
	if (has_log(e)) {
		s->incompat &= ~EXT2_INCOMPAT_RECOVER;
		if (writing)
			s->incompat |= EXT2_INCOMPAT_RECOVER;
	} else {
		s->state &= ~EXT2_STATE_CLEAN;
		if (!writing && (e->super.state & EXT2_STATE_CLEAN))
			s->state |= EXT2_STATE_CLEAN;
	}
	if (writing) {
		s->mounted_s = s->written_s;
		s->nr_mounts++;
	}
	return write_super(e);
}

/*
 * e2fsck is to look at it.  What memory has of the superblock may not be
 * committed, so the mark goes into what the disk has.
 */
static void
mark_broken(struct ext2 *e)
{
	struct block_request *r = kzalloc(sizeof(*r));
	struct ext2_super *s = kmalloc(BUF_MIN_BYTES);

	if (!r || !s)
		goto out;
	r->op = BLOCK_READ;
	r->sector = EXT2_SUPER_AT >> SECTOR_SHIFT;
	r->nr_segments = 1;
	r->segments[0] =
	    (struct block_segment){.at = s, .len_bytes = BUF_MIN_BYTES};
	if (block_do(e->dev, r) == 0) {
		s->state |= EXT2_STATE_BROKEN;
		r->op = BLOCK_WRITE;
		(void)!block_do(e->dev, r);
		(void)!block_flush(e->dev);
	}
out:
	kfree(s);
	kfree(r);
}

/* ---- the journal -------------------------------------------------------- */

/*
 * Pages that programs may write to at any moment are dirty ones from now on.
 * One after the other does it: who finds nothing to do must be sure that it has
 * been done.
 */
static void
protect_mapped(struct ext2 *e) MUST_HOLD(&e->sync)
{
	struct inode *i;
	u32 nr = 0;

	while ((i = ext2_cache_next_mapped(e, &nr))) {
		object_protect(i->object);
		ext2_cache_unmapped(ext2_inode_of(i));
		inode_put(i);
	}
}

static void
keep_accessed(struct ext2 *e) MUST_HOLD(&e->sync)
{
	struct inode *i;
	u32 nr = 0;

	while ((i = ext2_cache_next_accessed(e, &nr))) {
		/* What fails here ends all writing, or is only a time. */
		(void)!ext2_store_atime(ext2_inode_of(i));
		inode_put(i);
	}
}

/*
 * What the journal's thread does before it commits.  After the unmount it might
 * put the last reference, and with that wait for its own end.
 */
static void
prepare(void *arg)
{
	struct ext2 *e = arg;

	mutex_lock(&e->sync);
	if (!atomic_load(&e->unmounted)) {
		keep_accessed(e);
		protect_mapped(e);
	}
	mutex_unlock(&e->sync);
}

static void
committed(void *arg)
{
	struct ext2 *e = arg;

	ext2_use_freed(e);
	/* What is written to these now makes no change in a handle. */
	if (ext2_cache_has_mapped(e) && !atomic_load(&e->unmounted))
		journal_note(e->journal);
	if (e->is_short)
		journal_note(e->journal);
}

static void
aborted(void *arg, int err)
{
	struct ext2 *e = arg;

	atomic_store(&e->fs.broken, true);
	printk("ext2: %s: nothing is written any more (%s)\n", e->dev->name,
	    errno_name(err));
	mark_broken(e);
}

static const struct journal_ops journal_ops = {
    .write_data = ext2_write_data,
    .committed = committed,
    .prepare = prepare,
    .aborted = aborted,
};

/* Where the log's blocks are; the caller frees *log. */
static int
map_log(struct ext2 *e, u32 **log, u32 *nr)
{
	struct ext2_inode *i;
	u64 blocks, n;
	int err;

	*log = NULL;
	if (e->super.journal_ino != EXT2_JOURNAL_INO) {
		printk("ext2: %s: its journal is elsewhere, which calf does "
		       "not know\n",
		    e->dev->name);
		return -EINVAL;
	}
	err = ext2_inode_read(e, EXT2_JOURNAL_INO, EXT2_AS_LOG, &i);
	if (err < 0)
		return err;
	blocks = i->regular.inode.size_bytes / e->block_bytes;
	err = -EIO;
	if (i->has_object && blocks > 0 && blocks <= e->nr_blocks) {
		*log = kmalloc(blocks * sizeof(u32));
		err = *log ? 0 : -ENOMEM;
	}
	for (n = 0; err == 0 && n < blocks; n++) {
		err = ext2_map(i, n, &(*log)[n]);
		if (err == 0 && (*log)[n] == 0)
			err = ext2_bad(e, "a hole in the journal", n);
	}
	*nr = (u32)blocks;
	ext2_cache_discard(i);
	return err;
}

/*
 * What a crash left; then the superblock as it is after that.  A log can write
 * anything there; but what the log's own place was found by is as it was.
 */
static int
recover(struct ext2 *e, const u32 *log, u32 nr)
{
	u32 block_bytes = e->block_bytes;
	bool replayed;
	int err;

	if (e->dev->read_only) {
		printk("ext2: %s has the feature needs_recovery, and can't be "
		       "written to\n",
		    e->dev->name);
		return -EROFS;
	}
	err = journal_recover(e->dev, e->block_bytes, log, nr, &replayed);
	buf_forget(e->dev);
	if (err == 0)
		err = ext2_read_super(e);
	if (err == 0 && (e->block_bytes != block_bytes || !has_log(e))) {
		printk("ext2: %s: its journal made another disk of it\n",
		    e->dev->name);
		err = -EINVAL;
	}
	if (err == 0)
		printk("ext2: %s: %s\n", e->dev->name,
		    replayed ? "its journal was replayed"
			     : "its journal had nothing to replay");
	return err;
}

static int
hold_super(struct ext2 *e)
{
	u64 block = EXT2_SUPER_AT / e->block_bytes;
	int err = buf_get(e->dev, block, e->block_bytes, &e->super_buf);

	if (err < 0) {
		e->super_buf = NULL;
		return err;
	}
	e->disk = (struct ext2_super *)(e->super_buf->data +
	    EXT2_SUPER_AT % e->block_bytes);
	return 0;
}

/*
 * The recovered log is empty: that is to be on the disk, too.  And what it had
 * of the superblock was older than the mark that something is broken.
 */
static int
note_recovered(struct ext2 *e, u16 state_before)
{
	e->disk->incompat &= ~EXT2_INCOMPAT_RECOVER;
	e->disk->state |= state_before & EXT2_STATE_BROKEN;
	return write_super(e);
}

static int
open_journal(struct ext2 *e, const u32 *log, u32 nr)
{
	struct journal_params p = {
	    .dev = e->dev,
	    .block_bytes = e->block_bytes,
	    .log = log,
	    .nr_log = nr,
	    .ops = &journal_ops,
	    .arg = e,
	    .interval_s = e->options.commit_s,
	};
	struct journal *j;
	int err;

	if (!e->freed)
		e->freed = kzalloc(e->nr_groups * sizeof(*e->freed));
	if (!e->batch)
		e->batch = ext2_batch_create();
	if (!e->freed || !e->batch)
		return -ENOMEM;
	err = journal_open(&p, &j);
	/* Some may read meanwhile; with what it points to, if they see it. */
	if (err == 0)
		atomic_store_release(&e->journal, j);
	return err;
}

/* At mount, or later; then a journal that is there already is paused. */
static int
begin_writing(struct ext2 *e, const u32 *log, u32 nr)
{
	int err = e->journal ? 0 : open_journal(e, log, nr);

	if (err == 0)
		err = mark(e, true);
	if (err < 0)
		return err;
	journal_resume(e->journal);
	return ext2_orphans_clean(e);
}

/*
 * Nobody changes anything, and what could be changed by mappings cannot be from
 * here on, for there is no handle for it.  An error is that the journal is
 * aborted: then it is only read as well.
 */
static void
pause_writing(struct ext2 *e)
{
	int err;

	mutex_lock(&e->sync);
	keep_accessed(e);
	journal_pause(e->journal);
	protect_mapped(e);
	mutex_unlock(&e->sync);
	err = journal_empty(e->journal);
	if (err == 0)
		err = mark(e, false);
	if (err < 0)
		printk("ext2: %s: its end is not on the disk (%s)\n",
		    e->dev->name, errno_name(err));
}

/* Nobody has a file or a page of it. */
static void
end_writing(struct ext2 *e)
{
	bool was_open = e->journal && !journal_is_paused(e->journal);
	int err = 0;

	if (e->journal)
		err = journal_close(e->journal);
	if (was_open && err == 0)
		err = mark(e, false);
	if (err < 0)
		printk("ext2: %s: its end is not on the disk (%s)\n",
		    e->dev->name, errno_name(err));
	if (e->freed)
		ext2_use_freed(e);
	ext2_batch_destroy(e->batch);
	kfree(e->freed);
	buf_put(e->super_buf);
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
	    .nr_blocks = e->nr_blocks,
	    .nr_free = free,
	    .nr_kept = MIN(kept, free),
	    .nr_files = e->nr_inodes,
	    .nr_free_files = s->nr_free_inodes,
	    .name_max = NAME_MAX_BYTES,
	    .dev = fs->dev,
	};
	mutex_unlock(&e->alloc);
}

/*
 * What a commit left behind for want of memory, another one may write: pages
 * that the first has written can be had for it now.
 */
static int
commit_all(struct ext2 *e)
{
	u32 tries, nr_short;
	int err;

	for (tries = 0; tries < COMMIT_TRIES; tries++) {
		/* Before the commit that counts begins. */
		nr_short = atomic_load(&e->nr_short);
		err = journal_commit_data(
		    e->journal, journal_nr_begun(e->journal));
		if (err < 0 || atomic_load(&e->nr_short) == nr_short)
			return err;
	}
	return -EIO;
}

int
ext2_sync(struct filesystem *fs)
{
	struct ext2 *e = ext2_of(fs);

	if (!e->journal || journal_is_paused(e->journal))
		return 0;
	mutex_lock(&e->sync);
	keep_accessed(e);
	protect_mapped(e);
	mutex_unlock(&e->sync);
	return commit_all(e);
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
	end_writing(e);
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
	fmt_snprint(
	    buf, cap, "%s%s", commit, o->data_journal ? ",data=journal" : "");
}

static int
may_stop(struct filesystem *fs)
{
	struct ext2 *e = ext2_of(fs);

	return e->journal && !journal_is_aborted(e->journal)
	    ? ext2_cache_may_stop(e)
	    : 0;
}

static int
resume_writing(struct ext2 *e)
{
	u32 *log = NULL, nr = 0;
	int err = ext2_may_write(e);

	if (err == 0 && e->journal && journal_is_aborted(e->journal))
		err = -EROFS;
	if (err == 0 && !e->journal && has_log(e))
		err = map_log(e, &log, &nr);
	if (err == 0) {
		err = begin_writing(e, log, nr);
		if (err < 0 && e->journal)
			pause_writing(e);
	}
	kfree(log);
	return err;
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
		pause_writing(e);
	return read_only || writes ? 0 : resume_writing(e);
}

static const struct filesystem_ops ops = {
    .statfs = tell_statfs,
    .sync = ext2_sync,
    .may_stop = may_stop,
    .remount = remount,
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

static int
open_log(struct ext2 *e, bool write, u32 **log, u32 *nr)
{
	bool needs = e->super.incompat & EXT2_INCOMPAT_RECOVER;
	int err;

	*log = NULL;
	*nr = 0;
	if (!has_log(e) || (!needs && !write))
		return 0;
	err = map_log(e, log, nr);
	if (err < 0 || !needs)
		return err;
	err = recover(e, *log, *nr);
	/* Features, and where the log is, are now as it says. */
	if (err == 0 && write)
		err = ext2_may_write(e);
	kfree(*log);
	*log = NULL;
	return err < 0 ? err : map_log(e, log, nr);
}

static int
open_disk(struct ext2 *e, bool write)
{
	u32 *log = NULL, nr = 0;
	bool recovered;
	u16 state;
	int err = ext2_read_super(e);

	if (err == 0 && write)
		err = ext2_may_write(e);
	if (err < 0)
		return err;
	recovered = e->super.incompat & EXT2_INCOMPAT_RECOVER;
	state = e->super.state;
	err = open_log(e, write, &log, &nr);
	if (err == 0)
		err = ext2_check_groups(e);
	if (err == 0)
		err = hold_super(e);
	if (err == 0 && recovered)
		err = note_recovered(e, state);
	if (err == 0 && write)
		err = begin_writing(e, log, nr);
	if (err == 0 && write)
		e->fs.read_only = false;
	kfree(log);
	if (err == 0)
		err = open_root(e);
	return err;
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
	err = open_disk(e, !(request->flags & MS_RDONLY));
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
