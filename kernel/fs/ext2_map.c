/*
 * Where the blocks of a file lie.  An inode has twelve numbers of blocks, and
 * three more of blocks that are nothing but numbers: with one, two and three
 * levels of these below them.  Zero is a hole, of as much as it leads to.
 *
 * A number is stored only when what it leads to is as it should be: who reads a
 * file at the same time holds the same lock, but a commit may come in between
 * two changes of ours.
 */
#include "fs/ext2_impl.h"

#include "dev/block.h"
#include "lib/errno.h"
#include "lib/string.h"

#define NR_LEVELS (EXT2_NR_POINTERS - EXT2_NR_DIRECT)

/* The way from the inode to a block's number. */
struct way {
	u32 slot;          /* of the inode's pointers */
	u32 depth;         /* blocks of numbers below it */
	u32 at[NR_LEVELS]; /* the place in each, from the top */
};

u64
ext2_max_bytes(u32 block_bytes)
{
	u64 per_block = block_bytes / sizeof(u32), reach = 1;
	u64 nr = EXT2_NR_DIRECT;
	u32 level;

	for (level = 0; level < NR_LEVELS; level++) {
		reach *= per_block;
		nr += reach;
	}
	return nr * block_bytes;
}

static int
find_way(const struct ext2 *e, u64 index, struct way *w)
{
	u32 log = e->pointers_log, level = 0, n;

	w->depth = 0;
	if (index < EXT2_NR_DIRECT) {
		w->slot = (u32)index;
		return 0;
	}
	index -= EXT2_NR_DIRECT;
	while (index >> (log * (level + 1)) != 0) {
		index -= 1ul << (log * (level + 1));
		if (++level == NR_LEVELS)
			return -EFBIG;
	}
	w->slot = EXT2_NR_DIRECT + level;
	w->depth = level + 1;
	for (n = 0; n < w->depth; n++)
		w->at[n] = index >> (log * (level - n)) & ((1u << log) - 1);
	return 0;
}

/* How many numbers from the last place of the way on lie in one block. */
static u32
in_a_row(const struct ext2 *e, const struct way *w)
{
	if (w->depth == 0)
		return EXT2_NR_DIRECT - w->slot;
	return (1u << e->pointers_log) - w->at[w->depth - 1];
}

/* ---- looking ------------------------------------------------------------ */

/*
 * The block with the last numbers of the way; *out NULL when they are the
 * inode's own, *hole when there is none.
 */
static int
last_numbers(
    struct ext2_inode *i, const struct way *w, struct buf **out, bool *hole)
{
	struct ext2 *e = ext2_disk_of(i);
	u32 block = i->pointers[w->slot], n;
	struct buf *b;
	int err;

	*out = NULL;
	*hole = false;
	for (n = 0; n < w->depth; n++) {
		*hole = block == 0;
		if (*hole)
			break;
		err = ext2_block(e, block, &b);
		if (err < 0)
			return err;
		block = ((const u32 *)b->data)[w->at[n]];
		if (n == w->depth - 1)
			*out = b;
		else
			buf_put(b);
	}
	return 0;
}

static u32
run_of(const struct ext2 *e, const u32 *numbers, u32 max)
{
	u32 n = 1;

	if (numbers[0] == 0)
		while (n < max && numbers[n] == 0)
			n++;
	else
		while (n < max && numbers[n] == numbers[0] + n &&
		    numbers[n] < e->nr_blocks)
			n++;
	return n;
}

static int
map_run_locked(
    struct ext2_inode *i, const struct way *w, u32 max, u32 *block, u32 *nr)
{
	struct ext2 *e = ext2_disk_of(i);
	const u32 *numbers = &i->pointers[w->slot];
	struct buf *b;
	bool hole;
	int err = last_numbers(i, w, &b, &hole);

	if (err < 0)
		return err;
	max = MIN(max, in_a_row(e, w));
	if (b != NULL)
		numbers = (const u32 *)b->data + w->at[w->depth - 1];
	if (hole) {
		*block = 0;
		*nr = max;
	} else {
		*block = numbers[0];
		*nr = run_of(e, numbers, max);
	}
	buf_put(b);
	if (*block != 0 && !ext2_is_block(e, *block))
		return ext2_bad(e, "the number of a file's block", *block);
	return 0;
}

int
ext2_map_run(struct ext2_inode *i, u64 index, u32 max, u32 *block, u32 *nr)
{
	struct way w;
	int err = find_way(ext2_disk_of(i), index, &w);

	if (err < 0)
		return err;
	mutex_lock(&i->blocks);
	err = map_run_locked(i, &w, max, block, nr);
	mutex_unlock(&i->blocks);
	return err;
}

int
ext2_map(struct ext2_inode *i, u64 index, u32 *block)
{
	u32 nr;

	return ext2_map_run(i, index, 1, block, &nr);
}

/* ---- making ------------------------------------------------------------- */

/* What a new block of the file should lie behind. */
static u32
goal_of(const struct ext2_inode *i)
{
	if (i->goal != 0)
		return i->goal;
	return ext2_group_start(ext2_disk_of(i), ext2_ino(i));
}

static void
count_block(struct ext2_inode *i, u32 block)
{
	i->goal = block + 1;
	i->nr_sectors += ext2_disk_of(i)->block_bytes >> SECTOR_SHIFT;
}

/* Of those promised to the file, if there are any left. */
static int
alloc(struct ext2_inode *i, struct handle *h, bool reserved, u32 *block)
{
	int err;

	reserved = reserved && i->promised > 0;
	err = ext2_alloc_block(ext2_disk_of(i), h, goal_of(i), reserved, block);
	if (err == 0 && reserved)
		i->promised--;
	return err;
}

/* A block of zeroes, in the transaction: numbers that are holes, or names. */
static int
make_zeroes(
    struct ext2_inode *i, struct handle *h, bool reserved, struct buf **out)
{
	struct ext2 *e = ext2_disk_of(i);
	u32 block;
	int err = alloc(i, h, reserved, &block);

	if (err < 0)
		return err;
	err = ext2_new_block(e, block, out);
	if (err < 0) {
		/* It never was in the log; the rest the journal has in memory.
		 */
		(void)!ext2_free_block(e, h, block, false);
		return err;
	}
	journal_change(h, *out);
	count_block(i, block);
	return 0;
}

/*
 * One step down: the block that number leads to, made if there is none.  home
 * is the block that number lies in, NULL for the inode.
 */
static int
step_down(struct ext2_inode *i, struct handle *h, bool reserved,
    struct buf *home, u32 *number, struct buf **out)
{
	int err;

	if (*number != 0)
		return ext2_block(ext2_disk_of(i), *number, out);
	err = make_zeroes(i, h, reserved, out);
	if (err < 0)
		return err;
	if (home != NULL)
		journal_change(h, home);
	*number = (u32)(*out)->block;
	return 0;
}

/* The place of the block's number, in *home if that is not the inode. */
static int
make_way(struct ext2_inode *i, struct handle *h, const struct way *w,
    bool reserved, struct buf **home, u32 **number)
{
	struct buf *b;
	u32 n;
	int err;

	*home = NULL;
	*number = &i->pointers[w->slot];
	for (n = 0; n < w->depth; n++) {
		err = step_down(i, h, reserved, *home, *number, &b);
		buf_put(*home);
		*home = NULL;
		if (err < 0)
			return err;
		*home = b;
		*number = (u32 *)b->data + w->at[n];
	}
	return 0;
}

static int
create_locked(struct ext2_inode *i, struct handle *h, const struct way *w,
    bool reserved, u32 *block, bool *fresh)
{
	struct ext2 *e = ext2_disk_of(i);
	struct buf *home;
	u32 *number;
	int err = make_way(i, h, w, reserved, &home, &number);

	if (err < 0)
		return err;
	*fresh = *number == 0;
	if (!*fresh) {
		*block = *number;
		if (!ext2_is_block(e, *block))
			err = ext2_broken(e, "a file's block", *block);
		goto out;
	}
	err = alloc(i, h, reserved, block);
	if (err < 0)
		goto out;
	if (home != NULL)
		journal_change(h, home);
	*number = *block;
	count_block(i, *block);
out:
	buf_put(home);
	return err;
}

int
ext2_map_create(struct ext2_inode *i, struct handle *h, u64 index,
    bool reserved, u32 *block, bool *fresh)
{
	struct way w;
	int err = find_way(ext2_disk_of(i), index, &w);

	*fresh = false;
	if (err < 0)
		return err;
	mutex_lock(&i->blocks);
	err = create_locked(i, h, &w, reserved, block, fresh);
	mutex_unlock(&i->blocks);
	return err;
}

static int
create_buf_locked(struct ext2_inode *i, struct handle *h, const struct way *w,
    bool *fresh, struct buf **out)
{
	struct buf *home;
	u32 *number;
	int err = make_way(i, h, w, false, &home, &number);

	if (err < 0)
		return err;
	*fresh = *number == 0;
	err = step_down(i, h, false, home, number, out);
	buf_put(home);
	return err;
}

int
ext2_map_create_buf(struct ext2_inode *i, struct handle *h, u64 index,
    bool *fresh, struct buf **out)
{
	struct way w;
	int err = find_way(ext2_disk_of(i), index, &w);

	*fresh = false;
	if (err < 0)
		return err;
	mutex_lock(&i->blocks);
	err = create_buf_locked(i, h, &w, fresh, out);
	mutex_unlock(&i->blocks);
	return err;
}

/* Every indirect block that might be wanted is counted, there or not. */
u32
ext2_blocks_needed(struct ext2_inode *i, u64 index, u32 nr)
{
	u32 per_block = 1u << ext2_disk_of(i)->pointers_log;
	u32 needed = 0, block, run, n;

	for (n = 0; n < nr; n += run)
		if (ext2_map_run(i, index + n, nr - n, &block, &run) < 0)
			return needed + (nr - n) + NR_LEVELS;
		else if (block == 0)
			needed += run;
	return needed == 0 ? 0 : needed + 2 * NR_LEVELS + needed / per_block;
}
