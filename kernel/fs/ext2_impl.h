/* The inside of ext2: what its files have in common. */
#ifndef FS_EXT2_IMPL_H
#define FS_EXT2_IMPL_H

#include "core/spinlock.h"
#include "fs/buf.h"
#include "fs/ext2_disk.h"
#include "fs/regular.h"

struct blockdev;

#define EXT2_NR_BUCKETS 64u

struct ext2_inode;

/*
 * struct ext2: one mounted disk.
 * Laws   E1  for each number there is at most one inode that is in use
 * Locks  e lock   c fixed
 */
struct ext2 {
	struct filesystem fs;
	struct blockdev *dev; /* c */
	u32 block_bytes;      /* c */
	u32 pointers_log;     /* c: block numbers in a block, as a power of 2 */
	u32 nr_blocks;        /* c */
	u32 nr_inodes;        /* c */
	u32 first_block;      /* c */
	u32 first_ino;        /* c */
	u32 blocks_per_group; /* c */
	u32 inodes_per_group; /* c */
	u32 inode_bytes;      /* c */
	u64 max_bytes;        /* c: of a file */
	bool has_types;       /* c: names say what they lead to */
	struct ext2_super super;                    /* c: as it was mounted */
	struct spinlock lock;                       /* rank DISK_FILES */
	struct ext2_inode *inodes[EXT2_NR_BUCKETS]; /* e */
};

/* struct ext2_inode: a file of a disk in memory.  Locks: i the inode's. */
struct ext2_inode {
	struct regular regular;  /* its inode is everybody's, see inode_of */
	struct ext2_inode *next; /* the disk's lock: in its bucket */
	u32 pointers[EXT2_NR_POINTERS]; /* c */
	u64 nr_sectors;                 /* c: what it takes on the disk */
	bool has_object;                /* c: a regular file */
	bool is_short_link;             /* c: the name lies in pointers */
};

static inline struct ext2 *
ext2_of(struct filesystem *fs)
{
	return container_of(fs, struct ext2, fs);
}

static inline struct ext2_inode *
ext2_inode_of(struct inode *i)
{
	return container_of(i, struct ext2_inode, regular.inode);
}

/* Something on the disk makes no sense: says so, and is -EIO. */
int ext2_bad(const struct ext2 *e, const char *what, u64 number);

/* A block of the disk by its number.  Errors: -EIO, -ENOMEM. */
int ext2_block(struct ext2 *e, u64 block, struct buf **out) MUST_CHECK;

/*
 * Where block number index of a file lies; 0 for a hole.
 * Errors: -EIO, -ENOMEM, -EFBIG no file is that long.
 */
int ext2_map(struct ext2 *e, const u32 pointers[EXT2_NR_POINTERS], u64 index,
    u32 *block) MUST_CHECK;
/* The bytes of the longest file that the pointers can reach. */
u64 ext2_max_bytes(u32 block_bytes);

/* The file of that number, with a reference.  Errors: -EIO, -ENOMEM. */
int ext2_inode_get(struct ext2 *e, u32 ino, struct inode **out) MUST_CHECK;

/* For inode_ops of all kinds. */
void ext2_inode_release(struct inode *i);
void ext2_inode_stat(struct inode *i, struct file_stat *out);

extern const struct inode_ops ext2_dir_ops;
extern const struct file_ops ext2_dir_file_ops;

#endif
