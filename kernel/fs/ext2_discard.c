/*
 * Blocks that are free, told to a disk that offers to forget them: all there
 * are when FITRIM asks, and with the option "discard" what each commit has
 * freed.
 *
 * Only blocks that could be given to a file this moment are forgotten, so none
 * that a crash gives back to its old owner; and nobody gets one meanwhile, for
 * the lock of those who allocate is held until the disk is done.
 */
#include "core/thread.h"
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/errno.h"

/* What a bitmap calls free may be the inodes. */
static int
check_run(struct ext2 *e, u32 group, u32 block, u32 nr)
{
	struct ext2_group *g;
	struct buf *b;
	bool lies;
	int err = ext2_group(e, group, &b, &g);

	if (err < 0)
		return err;
	lies = ext2_has_system_block(e, group, g, block, nr);
	buf_put(b);
	return lies ? ext2_bad(e, "a free block of a run from", block) : 0;
}

static int
discard_run(struct ext2 *e, u32 group, u32 from, u32 nr)
{
	u32 per_block = e->block_bytes / SECTOR_BYTES;
	u32 block = e->first_block + group * e->blocks_per_group + from;
	int err = check_run(e, group, block, nr);

	if (err < 0)
		return err;
	return block_discard(
	    e->dev, (u64)block * per_block, (u64)nr * per_block);
}

/*
 * The next blocks of a group that are least in a row, from *from on and before
 * end: *from is behind them, *nr how many, 0 for none.  One run at a time, so
 * that nobody who wants a block waits for a whole group.
 */
static int
trim_run(struct ext2 *e, u32 group, u32 *from, u32 end, u64 least, u32 *nr)
{
	int err;

	mutex_lock(&e->alloc);
	do {
		err = ext2_next_free(e, group, false, end, from, nr);
		if (err < 0)
			*nr = 0;
		else if (*nr >= least)
			err = discard_run(e, group, *from, *nr);
		*from += *nr;
	} while (err == 0 && *nr > 0 && *nr < least);
	mutex_unlock(&e->alloc);
	return err;
}

static int
trim_group(struct ext2 *e, u32 group, u32 from, u32 end, u64 least, u64 *done)
{
	u32 nr;
	int err;

	do {
		err = trim_run(e, group, &from, end, least, &nr);
		if (err < 0)
			return err;
		*done += nr;
		if (thread_must_end())
			return -ERESTARTSYS;
		thread_preempt_point();
	} while (nr > 0);
	return 0;
}

int
ext2_trim_free(
    struct filesystem *fs, u64 from, u64 len, u64 min_bytes, u64 *done)
{
	struct ext2 *e = ext2_of(fs);
	u64 first = MAX(from / e->block_bytes, (u64)e->first_block), end;
	u64 least = MAX(min_bytes / e->block_bytes, 1ul), nr_done = 0;
	int err = 0;

	if (e->dev->max_discard_sectors == 0)
		return -EOPNOTSUPP;
	if (from / e->block_bytes >= e->nr_blocks || len < e->block_bytes ||
	    least > e->blocks_per_group)
		return -EINVAL;
	end = len / e->block_bytes < e->nr_blocks - from / e->block_bytes
	    ? (from + len) / e->block_bytes
	    : e->nr_blocks;
	while (err == 0 && first < end) {
		u64 at = first - e->first_block;
		u32 group = (u32)(at / e->blocks_per_group);
		u32 bit = (u32)(at % e->blocks_per_group);
		u64 nr = MIN(end - first, (u64)e->blocks_per_group - bit);

		err = trim_group(e, group, bit, bit + (u32)nr, least, &nr_done);
		first += nr;
	}
	*done = nr_done * e->block_bytes;
	return err;
}

/* It saves the disk something and is no more than that: what fails is left. */
void
ext2_discard_freed(struct ext2 *e)
{
	u32 group, from, nr;

	if (!atomic_load(&e->options.discard) ||
	    e->dev->max_discard_sectors == 0)
		return;
	mutex_lock(&e->alloc);
	for (group = 0; group < e->nr_groups && e->nr_freed > 0; group++)
		for (from = 0; e->freed[group]; from += nr)
			if (ext2_next_free(e, group, true, ~0u, &from, &nr) <
				0 ||
			    nr == 0 || discard_run(e, group, from, nr) < 0)
				break;
	mutex_unlock(&e->alloc);
}
