/*
 * Block devices: disks, as numbered sectors of 512 bytes.  Drivers register
 * them; file systems and device nodes hand them requests, as many at a time as
 * they like, which may end in any order.
 *
 * What a request wrote is on the disk for good only after a flush that began
 * when it had ended.
 */
#ifndef DEV_BLOCK_H
#define DEV_BLOCK_H

#include "lib/errno.h"
#include "lib/list.h"
#include "lib/types.h"

#define SECTOR_BYTES 512
#define SECTOR_SHIFT 9

/* Pieces of memory that one request can have: 128 KiB in whole pages. */
#define BLOCK_SEGMENTS 32u

#define BLOCK_NAME_BYTES 8

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH,
	BLOCK_DISCARD, /* of sectors whose bytes nobody wants any more */
	NR_BLOCK_OPS,
};

/*
 * Memory of the kernel's, from the view that it has of all of it, within one
 * page.  It stays where it is until the request is done.
 */
struct block_segment {
	void *at;
	u32 len_bytes; /* a multiple of SECTOR_BYTES */
};

/*
 * struct block_request: made by who wants something, and his again after done
 * was called.  Between the two it is the device's.
 * States  filled -> submitted -> done, which may be before block_submit is back
 */
struct block_request {
	enum block_op op;
	u64 sector;
	u64 nr_sectors; /* of a discard; else the segments say */
	u32 nr_segments;
	struct block_segment segments[BLOCK_SEGMENTS];
	/* In an interrupt or not, with no lock held but perhaps the caller's.
	 */
	void (*done)(struct block_request *r);
	void *arg;        /* of who submits, for done */
	int err;          /* set before done */
	struct list link; /* the device's while it has it */
};

struct blockdev;

struct blockdev_ops {
	/* Checked requests only.  Locks: takes the driver's. */
	void (*submit)(struct blockdev *dev, struct block_request *r);
};

/*
 * struct blockdev: one disk, for ever.  The driver fills it.
 * Locks: c fixed   a atomic
 */
struct blockdev {
	char name[BLOCK_NAME_BYTES];    /* c: as below /dev */
	u32 dev;                        /* c: its number, see dev/chardev.h */
	u64 nr_sectors;                 /* c */
	u32 max_segments;               /* c: of one request, from 1 up */
	bool read_only;                 /* c */
	bool can_flush;                 /* c: else each write stays at once */
	u32 max_discard_sectors;        /* c: of one request; 0: none at all */
	const struct blockdev_ops *ops; /* c */
	u32 claimed;                    /* a: a file system is on it */
	u64 nr_requests[NR_BLOCK_OPS];  /* a */
	u64 nr_bytes[NR_BLOCK_OPS];     /* a */
	struct list link;               /* the registry's, at boot */
};

/* Boot, by drivers: gives it name and number. */
void block_register(struct blockdev *dev);
/* NULL when there is none of that number. */
struct blockdev *block_find(u32 dev);
struct blockdev *block_find_name(const char *name);
void block_for_each(void (*fn)(struct blockdev *dev, void *arg), void *arg);

/* For a file system that is to have it alone.  Errors: -EBUSY. */
int block_claim(struct blockdev *dev) MUST_CHECK;
void block_release(struct blockdev *dev);

/*
 * What cannot be done ends at once: r->err is -EIO beyond the end, -EROFS,
 * -EOPNOTSUPP.  A flush of a device that needs none is done at once as well.
 */
void block_submit(struct blockdev *dev, struct block_request *r);

/* The same, and waits until it is done.  Sleeps.  Errors: r->err. */
int block_do(struct blockdev *dev, struct block_request *r) MUST_CHECK;
/* Sleeps.  Errors: -EIO. */
int block_flush(struct blockdev *dev) MUST_CHECK;
/*
 * Nobody wants the bytes of these sectors any more; what they are afterwards is
 * the device's affair.  Sleeps.  Errors: -EOPNOTSUPP, as block_do.
 */
int block_discard(struct blockdev *dev, u64 sector, u64 nr_sectors) MUST_CHECK;

#endif
