/*
 * A disk as a file.  Nothing is kept in memory: a read asks the disk, and a
 * write is back when the disk has it.  (What is mounted has caches of its own,
 * which know nothing of what is written past them, as anywhere.)
 *
 *	pos                                 a read or write of any bytes
 *	 |<----------- chunk ------------->|
 *	[  sector  ][  sector  ] ... [  sector  ]   goes by whole sectors,
 *	[       page        ][      page      ]     through pages of its own
 */
#include "fs/blockdev.h"

#include <linux/fs.h>

#include "core/thread.h"
#include "dev/block.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "mm/usercopy.h"

/* Sectors written in part are read before: one such write at a time. */
static struct mutex write_lock = MUTEX_INIT(write_lock, RANK_INODE);

/* A request, and pages for as much as it may move. */
struct chunk {
	struct block_request r;
	struct page *pages[BLOCK_SEGMENTS];
	u32 nr_pages;
};

static struct blockdev *
disk_of(const struct file *f)
{
	return f->private;
}

u64
blockdev_size(const struct file *f)
{
	return disk_of(f)->nr_sectors << SECTOR_SHIFT;
}

static int
blockdev_open(struct file *f)
{
	f->private = block_find(f->inode->rdev);
	if (!f->private)
		return -ENXIO;
	if ((f->access & FILE_WRITE) && disk_of(f)->read_only)
		return -EROFS;
	return 0;
}

/* ---- chunks ----------------------------------------------------------- */

static void
chunk_free(struct chunk *c)
{
	while (c->nr_pages > 0)
		page_put(c->pages[--c->nr_pages]);
	kfree(c);
}

/* For len_bytes at most; memory decides how many of them. */
static struct chunk *
chunk_create(const struct blockdev *dev, u64 len_bytes)
{
	struct chunk *c = kzalloc(sizeof(*c));
	u64 want = len_bytes / PAGE_SIZE + 2;

	if (!c)
		return NULL;
	while (c->nr_pages < MIN(want, (u64)dev->max_segments)) {
		struct page *p = frame_alloc_zero(PAGE_KERNEL);

		if (!p)
			break;
		c->pages[c->nr_pages++] = p;
	}
	if (c->nr_pages > 0)
		return c;
	chunk_free(c);
	return NULL;
}

/* Bytes from pos on that one turn can move. */
static u64
chunk_room(const struct chunk *c, u64 pos, u64 len)
{
	return MIN(len, c->nr_pages * PAGE_SIZE - pos % SECTOR_BYTES);
}

/* The sectors of [pos, pos + len), with the first at the first page's start. */
static int
chunk_move(
    struct blockdev *dev, struct chunk *c, enum block_op op, u64 pos, u64 len)
{
	u64 left = align_up(pos % SECTOR_BYTES + len, SECTOR_BYTES);
	struct block_request *r = &c->r;

	r->op = op;
	r->sector = pos >> SECTOR_SHIFT;
	for (r->nr_segments = 0; left > 0; r->nr_segments++) {
		struct block_segment *s = &r->segments[r->nr_segments];

		s->at = page_kva(c->pages[r->nr_segments]);
		s->len_bytes = MIN(left, (u64)PAGE_SIZE);
		left -= s->len_bytes;
	}
	return block_do(dev, r);
}

/* Part of the page that a byte of the chunk lies in. */
static u8 *
chunk_at(struct chunk *c, u64 at, u64 len, u64 *room)
{
	*room = MIN(len, PAGE_SIZE - at % PAGE_SIZE);
	return (u8 *)page_kva(c->pages[at / PAGE_SIZE]) + at % PAGE_SIZE;
}

/* ---- reading ---------------------------------------------------------- */

/* The bytes given away. */
static u64
give(struct chunk *c, struct iov_iter *to, u64 at, u64 len)
{
	u64 done = 0, room, n;

	while (done < len) {
		u8 *from = chunk_at(c, at + done, len - done, &room);

		n = iov_put(to, from, room);
		done += n;
		if (n < room)
			break;
	}
	return done;
}

static s64
read_chunks(struct blockdev *dev, struct chunk *c, struct iov_iter *to, u64 pos,
    u64 len)
{
	u64 done = 0, n, given;
	int err = 0;

	while (done < len && err == 0) {
		n = chunk_room(c, pos + done, len - done);
		err = chunk_move(dev, c, BLOCK_READ, pos + done, n);
		if (err < 0)
			break;
		given = give(c, to, (pos + done) % SECTOR_BYTES, n);
		done += given;
		if (given < n)
			err = -EFAULT;
		else if (thread_must_end())
			err = -EINTR;
	}
	return done > 0 ? (s64)done : err;
}

static s64
blockdev_read(struct file *f, struct iov_iter *to, u64 *pos)
{
	u64 size = blockdev_size(f);
	struct chunk *c;
	s64 n;

	if (*pos >= size || to->left_bytes == 0)
		return 0;
	c = chunk_create(disk_of(f), to->left_bytes);
	if (!c)
		return -ENOMEM;
	n = read_chunks(
	    disk_of(f), c, to, *pos, MIN(to->left_bytes, size - *pos));
	chunk_free(c);
	if (n > 0)
		*pos += n;
	return n;
}

/* ---- writing ---------------------------------------------------------- */

/*
 * What a sector holds beside the bytes [from, to) of it that are new: read, and
 * put around them.
 */
static int
fill_sector(struct blockdev *dev, struct chunk *c, struct page *spare,
    u64 sector, u64 at, u64 from, u64 to)
{
	struct block_request *r = &c->r;
	u8 *new, *old = page_kva(spare);
	u64 room;
	int err;

	r->op = BLOCK_READ;
	r->sector = sector;
	r->nr_segments = 1;
	r->segments[0] =
	    (struct block_segment){.at = old, .len_bytes = SECTOR_BYTES};
	err = block_do(dev, r);
	if (err < 0)
		return err;
	new = chunk_at(c, at, SECTOR_BYTES, &room);
	memcpy(new, old, from);
	memcpy(new + to, old + to, SECTOR_BYTES - to);
	return 0;
}

/* The chunk has the bytes of [pos, pos + len) and lacks those around them. */
static int
fill_ends(struct blockdev *dev, struct chunk *c, u64 pos, u64 len)
{
	u64 head = pos % SECTOR_BYTES, end = pos + len;
	u64 first = pos >> SECTOR_SHIFT, last = (end - 1) >> SECTOR_SHIFT;
	u64 tail = (end - 1) % SECTOR_BYTES + 1;
	struct page *spare;
	int err = 0;

	if (head == 0 && tail == SECTOR_BYTES)
		return 0;
	spare = frame_alloc(PAGE_KERNEL);
	if (!spare)
		return -ENOMEM;
	if (first == last) {
		err = fill_sector(dev, c, spare, first, 0, head, tail);
	} else {
		if (head > 0)
			err = fill_sector(
			    dev, c, spare, first, 0, head, SECTOR_BYTES);
		if (err == 0 && tail < SECTOR_BYTES)
			err = fill_sector(dev, c, spare, last,
			    (last - first) << SECTOR_SHIFT, 0, tail);
	}
	page_put(spare);
	return err;
}

/* The bytes taken. */
static u64
take(struct chunk *c, struct iov_iter *from, u64 at, u64 len)
{
	u64 done = 0, room, n;

	while (done < len) {
		u8 *to = chunk_at(c, at + done, len - done, &room);

		n = iov_get(from, to, room);
		done += n;
		if (n < room)
			break;
	}
	return done;
}

static s64
write_chunks(struct blockdev *dev, struct chunk *c, struct iov_iter *from,
    u64 pos, u64 len)
{
	u64 done = 0, n, taken;
	int err = 0;

	while (done < len && err == 0) {
		n = chunk_room(c, pos + done, len - done);
		taken = take(c, from, (pos + done) % SECTOR_BYTES, n);
		if (taken == 0) {
			err = -EFAULT;
			break;
		}
		err = fill_ends(dev, c, pos + done, taken);
		if (err == 0)
			err =
			    chunk_move(dev, c, BLOCK_WRITE, pos + done, taken);
		if (err < 0)
			break;
		done += taken;
		thread_current()->io.written_bytes += taken;
		if (taken < n)
			err = -EFAULT;
		else if (thread_must_end())
			err = -EINTR;
	}
	return done > 0 ? (s64)done : err;
}

static s64
blockdev_write(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	u64 size = blockdev_size(f);
	u64 at = (file_flags(f) & O_APPEND) ? size : *pos;
	struct chunk *c;
	s64 n;

	(void)who;
	if (from->left_bytes == 0)
		return 0;
	if (at >= size)
		return -ENOSPC;
	c = chunk_create(disk_of(f), from->left_bytes);
	if (!c)
		return -ENOMEM;
	mutex_lock(&write_lock);
	n = write_chunks(
	    disk_of(f), c, from, at, MIN(from->left_bytes, size - at));
	mutex_unlock(&write_lock);
	chunk_free(c);
	if (n > 0)
		*pos = at + n;
	return n;
}

/* ---- the rest --------------------------------------------------------- */

static int
blockdev_sync(struct file *f, bool data_only)
{
	(void)data_only;
	return block_flush(disk_of(f));
}

static s64
tell(u64 to, const void *value, size_t len)
{
	return user_write(uaddr(to), value, len);
}

/* As Linux judges it, in this order. */
static s64
discard(struct file *f, u64 arg)
{
	struct blockdev *dev = disk_of(f);
	u64 range[2], end; /* in bytes: from, how many */
	int err;

	if (!(f->access & FILE_WRITE))
		return -EBADF;
	if (dev->max_discard_sectors == 0)
		return -EOPNOTSUPP;
	err = user_read(range, uaddr(arg), sizeof(range));
	if (err < 0)
		return err;
	if ((range[0] | range[1]) % SECTOR_BYTES ||
	    __builtin_add_overflow(range[0], range[1], &end) ||
	    end > blockdev_size(f))
		return -EINVAL;
	return block_discard(
	    dev, range[0] >> SECTOR_SHIFT, range[1] >> SECTOR_SHIFT);
}

static s64
blockdev_ioctl(const struct fs_who *who, struct file *f, u32 cmd, u64 arg)
{
	struct blockdev *dev = disk_of(f);
	u64 bytes = blockdev_size(f), sectors = dev->nr_sectors;
	int sector = SECTOR_BYTES, page = PAGE_SIZE, ro = dev->read_only;

	switch (cmd) {
	case BLKGETSIZE64:
		return tell(arg, &bytes, sizeof(bytes));
	case BLKGETSIZE:
		return tell(arg, &sectors, sizeof(sectors));
	case BLKSSZGET:
	case BLKPBSZGET:
		return tell(arg, &sector, sizeof(sector));
	case BLKBSZGET:
		return tell(arg, &page, sizeof(page));
	case BLKROGET:
		return tell(arg, &ro, sizeof(ro));
	case BLKFLSBUF:
		return cred_capable(who->cred, CAP_SYS_ADMIN) ? block_flush(dev)
							      : -EACCES;
	case BLKDISCARD:
		return discard(f, arg);
	default:
		return -ENOTTY;
	}
}

const struct file_ops blockdev_file_ops = {
    .open = blockdev_open,
    .read = blockdev_read,
    .write = blockdev_write,
    .ioctl = blockdev_ioctl,
    .sync = blockdev_sync,
    .seekable = true,
};
