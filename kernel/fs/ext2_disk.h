/*
 * How ext2 and ext3 lie on a disk: what is written here is what mke2fs writes.
 * All numbers are little-endian, as the machine's own.
 */
#ifndef FS_EXT2_DISK_H
#define FS_EXT2_DISK_H

#include "lib/assert.h"
#include "lib/types.h"

#define EXT2_MAGIC       0xef53
#define EXT2_SUPER_AT    1024 /* bytes from the disk's beginning */
#define EXT2_ROOT_INO    2
#define EXT2_OLD_FIRST   11  /* first inode for files, before it was a field */
#define EXT2_OLD_INODE   128 /* bytes of an inode, the same */
#define EXT2_NR_DIRECT   12
#define EXT2_NR_POINTERS 15 /* direct ones, and those to 1, 2, 3 levels */

#define EXT2_JOURNAL_INO 8

/* What an inode's extra bytes are, in those that we make. */
#define EXT2_EXTRA_BYTES 32

/* state: unmounted as it should be; has errors. */
#define EXT2_STATE_CLEAN  1u
#define EXT2_STATE_BROKEN 2u

/* Flags of inodes, with the values of FS_*_FL. */
#define EXT2_FLAG_IMMUTABLE 0x00000010u
#define EXT2_FLAG_APPEND    0x00000020u
#define EXT2_FLAG_INDEX     0x00001000u /* a directory with a tree of hashes */

/* Those that programs see, and of these the ones that they may change. */
#define EXT2_FLAGS_SEEN    0x0003dfffu
#define EXT2_FLAGS_CHANGED 0x000380ffu
/* Those that a directory hands down to what is made in it. */
#define EXT2_FLAGS_INHERITED 0x0001c4cfu
/* Only directories have these; and these are all that links and nodes have. */
#define EXT2_FLAGS_DIRECTORY 0x00030000u
#define EXT2_FLAGS_OTHER     0x000000c0u

/* Most names of one inode. */
#define EXT2_MAX_LINKS 32000u

/* Features: who does not know one of these may do it all the same, */
#define EXT2_COMPAT_JOURNAL 0x0004u
#define EXT2_COMPAT_RESIZE  0x0010u
/* must not mount, */
#define EXT2_INCOMPAT_FILETYPE 0x0002u
#define EXT2_INCOMPAT_RECOVER  0x0004u
/* must not write. */
#define EXT2_RO_SPARSE_SUPER 0x0001u
#define EXT2_RO_LARGE_FILE   0x0002u

struct ext2_super {
	u32 nr_inodes;
	u32 nr_blocks;
	u32 nr_reserved;
	u32 nr_free_blocks;
	u32 nr_free_inodes;
	u32 first_block; /* 1 where blocks have 1 KiB, else 0 */
	u32 log_block;   /* block size: 1024 << log_block */
	u32 log_fragment;
	u32 blocks_per_group;
	u32 fragments_per_group;
	u32 inodes_per_group;
	u32 mounted_s;
	u32 written_s;
	u16 nr_mounts;
	u16 max_mounts;
	u16 magic;
	u16 state; /* 1: unmounted as it should be; 2: has errors */
	u16 on_errors;
	u16 minor;
	u32 checked_s;
	u32 check_interval_s;
	u32 creator;
	u32 revision; /* 0: the fields from first_ino on are not there */
	u16 reserved_uid;
	u16 reserved_gid;
	u32 first_ino;
	u16 inode_bytes;
	u16 block_group;
	u32 compat;
	u32 incompat;
	u32 ro_compat;
	u8 uuid[16];
	char label[16];
	char last_mounted[64];
	u32 compression;
	u8 preallocate;
	u8 preallocate_dir;
	u16 nr_reserved_groups; /* blocks behind the groups, for more of them */
	u8 journal_uuid[16];
	u32 journal_ino;
	u32 journal_dev;
	u32 last_orphan; /* the list goes on in deleted_s */
	u32 hash_seed[4];
	u8 hash_version;
	u8 journal_backup;
	u16 group_bytes;
	u32 default_options;
	u32 first_meta_group;
	u32 made_s;
	u32 journal_blocks[17];
};

static_assert(sizeof(struct ext2_super) == 336, "as on the disk");

struct ext2_group {
	u32 block_bitmap;
	u32 inode_bitmap;
	u32 inode_table;
	u16 nr_free_blocks;
	u16 nr_free_inodes;
	u16 nr_dirs;
	u16 flags;
	u32 unused[3];
};

static_assert(sizeof(struct ext2_group) == 32, "as on the disk");

struct ext2_raw_inode {
	u16 mode;
	u16 uid_low;
	u32 size_low;
	u32 atime_s;
	u32 ctime_s;
	u32 mtime_s;
	u32 deleted_s;
	u16 gid_low;
	u16 nr_links;
	u32 nr_sectors; /* of 512 bytes: what it takes on the disk */
	u32 flags;
	u32 version;
	u32 pointers[EXT2_NR_POINTERS];
	u32 generation;
	u32 attributes; /* block of extended attributes */
	u32 size_high;
	u32 fragment;
	u16 sectors_high;
	u16 attributes_high;
	u16 uid_high;
	u16 gid_high;
	u32 unused;
	/* From here on only where inodes are larger than 128 bytes. */
	u16 extra_bytes; /* how much of what follows is there */
	u16 checksum_high;
	u32 ctime_extra; /* 30 bits of nanoseconds above 2 of seconds */
	u32 mtime_extra;
	u32 atime_extra;
	u32 btime_s;
	u32 btime_extra;
};

static_assert(sizeof(struct ext2_raw_inode) == 152, "as on the disk");

/* A name in a directory; the name follows.  ino 0: nothing is here. */
struct ext2_raw_name {
	u32 ino;
	u16 len_bytes; /* of all, to the next one */
	u8 name_bytes;
	u8 type; /* with FILETYPE; else the upper half of the name's length */
};

#define EXT2_NAME_HEAD       8u
#define EXT2_NAME_BYTES(len) (EXT2_NAME_HEAD + (((len) + 3u) & ~3u))

/* A block of extended attributes: its inodes are counted in it. */
struct ext2_attributes {
	u32 magic;
	u32 refs;
	u32 nr_blocks;
	u32 hash;
};

#define EXT2_ATTRIBUTES_MAGIC 0xea020000u

#endif
