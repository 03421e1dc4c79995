/*
 * How a journal lies on a disk: the format of JBD2 as ext3 has it, with block
 * numbers of 32 bits and no checksums.  All numbers are big-endian.
 *
 *	block 0      the journal's superblock
 *	first ...    transactions, one behind the other, round and round:
 *	             revoke blocks, descriptors with the blocks that they name
 *	             behind them, and a commit block
 */
#ifndef FS_JOURNAL_DISK_H
#define FS_JOURNAL_DISK_H

#include "lib/assert.h"
#include "lib/types.h"

/* Of blocks of the log that are none of the file system's. */
#define JOURNAL_MAGIC 0xc03b3998u

enum journal_block_type {
	JOURNAL_DESCRIPTOR = 1,
	JOURNAL_COMMIT = 2,
	JOURNAL_SUPER_V1 = 3, /* ends before the features */
	JOURNAL_SUPER_V2 = 4,
	JOURNAL_REVOKE = 5,
};

/* The only feature that must be known and is. */
#define JOURNAL_INCOMPAT_REVOKE 1u

typedef struct {
	u16 raw;
} be16;

typedef struct {
	u32 raw;
} be32;

static inline u32
be32_get(be32 v)
{
	return __builtin_bswap32(v.raw);
}

static inline be32
be32_make(u32 v)
{
	return (be32){__builtin_bswap32(v)};
}

static inline u16
be16_get(be16 v)
{
	return __builtin_bswap16(v.raw);
}

static inline be16
be16_make(u16 v)
{
	return (be16){__builtin_bswap16(v)};
}

struct journal_head {
	be32 magic;
	be32 type;
	be32 sequence; /* the transaction's number */
};

struct journal_super {
	struct journal_head head; /* sequence unused */
	be32 block_bytes;
	be32 nr_blocks; /* of the log, this one too */
	be32 first;     /* block of the log that transactions may have */
	be32 sequence;  /* the first transaction that may be in the log */
	be32 start;     /* where it begins; 0: the log is empty */
	be32 error;
	/* From here on only in version 2. */
	be32 compat;
	be32 incompat;
	be32 ro_compat;
	u8 uuid[16];
	be32 nr_users;
	u8 unused[956]; /* 0 with the features that we know */
};

static_assert(sizeof(struct journal_super) == 1024, "as on the disk");

/* One block that lies behind a descriptor. */
struct journal_tag {
	be32 block; /* where it belongs */
	be16 checksum;
	be16 flags;
};

static_assert(sizeof(struct journal_tag) == 8, "as on the disk");

#define JOURNAL_TAG_ESCAPED   1u /* it begins with the magic, which is 0 here */
#define JOURNAL_TAG_SAME_UUID 2u /* else 16 bytes of UUID follow the tag */
#define JOURNAL_TAG_LAST      8u /* of this descriptor */
#define JOURNAL_UUID_BYTES    16u

struct journal_revoke_head {
	struct journal_head head;
	be32 len_bytes; /* of all that is used, this too */
};

#endif
