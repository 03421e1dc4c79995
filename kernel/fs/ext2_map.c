/*
 * Where the blocks of a file lie.  An inode has twelve numbers of blocks, and
 * three more of blocks that are nothing but numbers: with one, two and three
 * levels of these below them.  Zero is a hole, of as much as it leads to.
 */
#include "fs/ext2_impl.h"

#include "lib/errno.h"

#define NR_LEVELS (EXT2_NR_POINTERS - EXT2_NR_DIRECT)

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

/* The number at that place of a block of numbers. */
static int
read_pointer(struct ext2 *e, u32 block, u64 at, u32 *out)
{
	struct buf *b;
	int err = ext2_block(e, block, &b);

	if (err < 0)
		return err;
	*out = ((const u32 *)b->data)[at];
	buf_put(b);
	return 0;
}

int
ext2_map(
    struct ext2 *e, const u32 pointers[EXT2_NR_POINTERS], u64 index, u32 *block)
{
	u32 log = e->pointers_log, level = 0;
	int err = 0;

	if (index < EXT2_NR_DIRECT) {
		*block = pointers[index];
		return 0;
	}
	index -= EXT2_NR_DIRECT;
	while (index >> (log * (level + 1)) != 0) {
		index -= 1ul << (log * (level + 1));
		if (++level == NR_LEVELS)
			return -EFBIG;
	}
	*block = pointers[EXT2_NR_DIRECT + level];
	/* From the top: what is left of the number, level by level. */
	for (; err == 0 && *block != 0; level--) {
		u64 at = index >> (log * level) & ((1u << log) - 1);

		err = read_pointer(e, *block, at, block);
		if (level == 0)
			break;
	}
	return err;
}
