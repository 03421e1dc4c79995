/*
 * How a disk of ext2 or ext3 comes to be written to, and how that ends.
 *
 * The log is replayed; then the superblock says that the log may have to be
 * (needs_recovery), on the disk; then changes begin.  It ends the other way
 * round. A remount pauses and resumes what a mount has begun.
 */
#include "core/printk.h"
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/errno.h"
#include "mm/slab.h"

/* Commits that one sync makes, if memory is short. */
#define COMMIT_TRIES 4

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

	ext2_discard_freed(e);
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

u32
ext2_nr_log_blocks(struct ext2 *e)
{
	struct ext2_inode *i;
	u64 nr;

	if (!has_log(e) || e->super.journal_ino != EXT2_JOURNAL_INO ||
	    ext2_inode_read(e, EXT2_JOURNAL_INO, EXT2_AS_LOG, &i) < 0)
		return 0;
	nr = i->regular.inode.size_bytes / e->block_bytes;
	ext2_cache_discard(i);
	return (u32)MIN(nr, (u64)e->nr_blocks);
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

/*
 * With the sums of what the groups have (E2).  The disk's own may be old: Linux
 * does not keep them while it has a disk mounted.
 */
static int
hold_super(struct ext2 *e, const struct ext2_sums *sums)
{
	u64 block = EXT2_SUPER_AT / e->block_bytes;
	int err = buf_get(e->dev, block, e->block_bytes, &e->super_buf);

	if (err < 0) {
		e->super_buf = NULL;
		return err;
	}
	e->disk = (struct ext2_super *)(e->super_buf->data +
	    EXT2_SUPER_AT % e->block_bytes);
	e->disk->nr_free_blocks = sums->blocks;
	e->disk->nr_free_inodes = sums->inodes;
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

/* ---- beginning and ending ------------------------------------------------ */

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

int
ext2_open_disk(struct ext2 *e, bool write)
{
	u32 *log = NULL, nr = 0;
	struct ext2_sums sums;
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
		err = ext2_check_groups(e, &sums);
	if (err == 0)
		err = hold_super(e, &sums);
	if (err == 0 && recovered)
		err = note_recovered(e, state);
	if (err == 0 && write)
		err = begin_writing(e, log, nr);
	if (err == 0 && write)
		e->fs.read_only = false;
	kfree(log);
	return err;
}

void
ext2_pause_writing(struct ext2 *e)
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

void
ext2_end_writing(struct ext2 *e)
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

int
ext2_resume_writing(struct ext2 *e)
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
			ext2_pause_writing(e);
	}
	kfree(log);
	return err;
}

/*
 * What a commit left behind for want of memory, another one may write: pages
 * that the first has written can be had for it now.  And what the log had older
 * bytes of: it is empty then.
 */
int
ext2_commit_all(struct ext2 *e)
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
	return ext2_commit_all(e);
}
