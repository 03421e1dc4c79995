/*
 * Buffers: blocks of a disk that hold a file system's own structures, kept in
 * memory.  The bytes of files are in objects and not here.
 */
#ifndef FS_BUF_H
#define FS_BUF_H

#include "core/mutex.h"
#include "lib/list.h"
#include "lib/types.h"

struct blockdev;

/* A block is a power of two of this size at least, and a page at most. */
#define BUF_MIN_BYTES 1024u

/* What a journal has of a buffer. */
enum buf_journaled {
	BUF_CHANGED = 1u << 0,
	BUF_COMMITTED = 1u << 1,
};

/*
 * struct buf: one block of one disk.
 * States  empty -> filled   read, under its lock
 *         in use <-> idle   by refs; an idle one may be taken for another block
 *         CHANGED           in a journal's running transaction
 *         COMMITTED         in its log, and not yet at its own block; a journal
 *                           may have changed one of these again
 * Laws    B1  for a disk and a block there is at most one
 *         B2  refs counts who got it, and 0 means that it is in the list of
 *             those that are idle
 *         B3  while a journal has it in a transaction, the journal has a
 *             reference: only memory has its bytes
 * Locks   b BUF   l lock   c fixed while refs > 0   t the journal's TRANSACTION
 */
struct buf {
	struct blockdev *dev; /* c */
	u64 block;            /* c: in blocks of its own size */
	u32 len_bytes;        /* c */
	u32 refs;             /* b */
	struct mutex lock;    /* rank BUFFER: its reading */
	bool filled;          /* l, read without it once set */
	u8 *data;             /* c */
	struct buf *next;     /* b: in its bucket */
	struct list idle;     /* b */
	u32 journaled;        /* t: enum buf_journaled, bits */
	struct list in;       /* t: the journal's list for these bits */
};

/*
 * The block's buffer, filled, with a reference.
 * Locks: takes the buffer's.  Sleeps.  Errors: -ENOMEM, -EIO.
 */
int buf_get(struct blockdev *dev, u64 block, u32 len_bytes,
    struct buf **out) MUST_CHECK;
/*
 * The same for a block that was free: not read but zeroed, even if it was in
 * memory.  Within journal_ops.write_data it may be committed.
 * Errors: -ENOMEM; -EIO a transaction has it, so it was not free, whatever the
 *         disk says.
 */
int buf_get_new(struct blockdev *dev, u64 block, u32 len_bytes,
    struct buf **out) MUST_CHECK;
/* The same if it is in memory and filled, else NULL.  Locks: spin locks only.
 */
struct buf *buf_find(struct blockdev *dev, u64 block);
/* One more reference to a buffer of which the caller has one. */
void buf_hold(struct buf *b);
/* NULL is fine. */
void buf_put(struct buf *b);
/* No file system is on the disk any more: forgets its blocks. */
void buf_forget(struct blockdev *dev);

/* Boot. */
void buf_init(void);

#endif
