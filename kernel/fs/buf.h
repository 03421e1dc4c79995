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

/*
 * struct buf: one block of one disk.
 * States  empty -> filled   read, under its lock
 *         in use <-> idle   by refs; an idle one may be taken for another block
 * Laws    B1  for a disk and a block there is at most one
 *         B2  refs counts who got it, and 0 means that it is in the list of
 *             those that are idle
 * Locks   b BUF   l lock   c fixed while refs > 0
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
};

/*
 * The block's buffer, filled, with a reference.
 * Locks: takes the buffer's.  Sleeps.  Errors: -ENOMEM, -EIO.
 */
int buf_get(struct blockdev *dev, u64 block, u32 len_bytes,
    struct buf **out) MUST_CHECK;
/* NULL is fine. */
void buf_put(struct buf *b);
/* No file system is on the disk any more: forgets its blocks. */
void buf_forget(struct blockdev *dev);

/* Boot. */
void buf_init(void);

#endif
