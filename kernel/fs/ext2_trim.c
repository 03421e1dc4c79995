/*
 * Freeing the blocks of a file from its end, in steps: each leaves a shorter
 * file that is whole, so that a crash between two loses nothing but the rest of
 * the work, which the list of orphans remembers.
 */
#include "fs/ext2_impl.h"

#include "dev/block.h"
#include "lib/errno.h"

#define NR_LEVELS (EXT2_NR_POINTERS - EXT2_NR_DIRECT)

/* What one freed block, and the numbers it stood among, may bring in. */
#define ONE_CREDITS (EXT2_ALLOC_CREDITS + NR_LEVELS + 1)

/* Blocks that one handle frees at most: it revokes each, perhaps. */
#define MAX_FREED 8000u

/* One call of ext2_trim. */
struct trim {
	struct ext2_inode *i;
	struct handle *h;
	bool meta; /* the blocks themselves are in the log, not only numbers */
	u32 nr_freed;
	bool more; /* the handle has done enough */
};

static bool
is_spent(struct trim *t)
{
	if (t->h->credits < ONE_CREDITS || t->nr_freed == MAX_FREED)
		t->more = true;
	return t->more;
}

/* The number is zero when the block is free, whatever happens in between. */
static int
free_one(struct trim *t, struct buf *home, u32 *number, bool meta)
{
	struct ext2 *e = ext2_disk_of(t->i);
	u32 sectors = e->block_bytes >> SECTOR_SHIFT;
	int err =
	    ext2_free_block(e, t->h, *number, meta || e->options.data_journal);

	if (err < 0)
		return err;
	if (home != NULL)
		journal_change(t->h, home);
	*number = 0;
	t->nr_freed++;
	t->i->nr_sectors -= MIN(sectors, t->i->nr_sectors);
	return 0;
}

/*
 * What number leads to, through depth blocks of numbers, is freed from its
 * part keep on (in blocks of the file); with all of it the block itself.
 * Recursion goes three deep.
 */
static int
trim_branch(struct trim *t, struct buf *home, u32 *number, u32 depth, u64 keep)
{
	struct ext2 *e = ext2_disk_of(t->i);
	u64 reach = 1ul << (e->pointers_log * (depth - 1));
	u32 *numbers, at;
	struct buf *b;
	int err;

	err = ext2_block(e, *number, &b);
	if (err < 0)
		return err;
	numbers = (u32 *)b->data;
	for (at = 1u << e->pointers_log; err == 0 && at-- > keep / reach;) {
		u64 rest = keep > at * reach ? keep - at * reach : 0;

		if (numbers[at] == 0)
			continue;
		if (is_spent(t))
			break;
		if (depth > 1)
			err = trim_branch(t, b, &numbers[at], depth - 1, rest);
		else
			err = free_one(t, b, &numbers[at], t->meta);
		if (t->more)
			break;
	}
	buf_put(b);
	if (err == 0 && !is_spent(t) && keep == 0)
		err = free_one(t, home, number, true);
	return err;
}

static int
trim_locked(struct trim *t, u64 keep)
{
	struct ext2 *e = ext2_disk_of(t->i);
	u64 starts[NR_LEVELS + 1] = {EXT2_NR_DIRECT};
	u32 level, at;
	int err = 0;

	for (level = 0; level < NR_LEVELS; level++)
		starts[level + 1] =
		    starts[level] + (1ul << (e->pointers_log * (level + 1)));
	for (level = NR_LEVELS; err == 0 && !t->more && level-- > 0;) {
		u32 *number = &t->i->pointers[EXT2_NR_DIRECT + level];
		u64 start = starts[level];

		if (*number != 0 && keep < starts[level + 1])
			err = trim_branch(t, NULL, number, level + 1,
			    keep > start ? keep - start : 0);
	}
	for (at = EXT2_NR_DIRECT; err == 0 && !t->more && at-- > keep;)
		if (t->i->pointers[at] != 0 && !is_spent(t))
			err = free_one(t, NULL, &t->i->pointers[at], t->meta);
	return err;
}

int
ext2_trim(struct ext2_inode *i, struct handle *h, u64 keep, bool *more)
{
	struct trim t = {.i = i, .h = h, .meta = !i->has_object};
	int err;

	mutex_lock(&i->blocks);
	err = trim_locked(&t, keep);
	i->goal = 0;
	mutex_unlock(&i->blocks);
	/* Others have filled the log with theirs: the next handle has room. */
	if (err == -ENOSPC && t.nr_freed > 0) {
		err = 0;
		t.more = true;
	}
	*more = t.more;
	return err;
}
