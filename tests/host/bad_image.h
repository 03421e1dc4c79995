/*
 * Damaged disks: a few that mke2fs makes, and changes of them that say what
 * they change by its meaning: a field of the superblock, an inode's, a name's.
 * So an input of a fuzzer, or a number to start from, is a disk.
 */
#ifndef HOST_BAD_IMAGE_H
#define HOST_BAD_IMAGE_H

#include "lib/types.h"

#define BAD_IMAGE_MAX     (4u << 20)
#define BAD_IMAGE_BASES   4u
#define BAD_IMAGE_CHANGES 32u /* of one disk, at most */

/* Where: which of those that there are, and the byte in it. */
enum bad_place {
	BAD_SUPER,
	BAD_GROUP,  /* which: the group */
	BAD_INODE,  /* which: of those in use */
	BAD_BLOCK,  /* which: of those in use, above 8 bits its pointer */
	BAD_BITMAP, /* which: the group, odd for inodes */
	BAD_ATTRIBUTES,
	BAD_ANYWHERE,
	NR_BAD_PLACES,
};

/* What is put there. */
enum bad_value {
	BAD_NUMBER,       /* value */
	BAD_BIG_ENDIAN,   /* the same, as the journal has it */
	BAD_SUM,          /* value more, or less, than was there */
	BAD_BIT,          /* another bit, by value */
	BAD_ODD_NUMBER,   /* one that hurts often, by value */
	BAD_BLOCK_NUMBER, /* of a block in use, by value */
	BAD_INODE_NUMBER, /* of an inode in use, by value */
	BAD_COPY,         /* all of the block is another one, by value */
	NR_BAD_VALUES,
};

/* One change, as it lies in an input. */
struct bad_change {
	u8 place; /* enum bad_place */
	u8 how;   /* enum bad_value, and above 4 bits log of the bytes */
	u16 which;
	u16 at;
	u16 unused;
	u32 value;
};

/* Makes the disks that are whole.  0, or -1 when there is no mke2fs. */
int bad_image_make(void);
/* The disk of that number, changed, into out; how many bytes it has. */
u64 bad_image(
    u32 base, const struct bad_change *changes, u32 nr, u8 out[BAD_IMAGE_MAX]);
/* One that is drawn with fake_random, and likely to hurt. */
struct bad_change bad_image_draw(void);

#endif
