#include "dev/block.h"

#include "core/printk.h"
#include "core/spinlock.h"
#include "core/thread.h"
#include "core/waitq.h"
#include "dev/chardev.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/fmt.h"
#include "lib/string.h"

/* Linux's number for disks of this kind, so that names and numbers agree. */
#define MAJOR_VIRTIO 254
/* Minor numbers a disk: room for partitions, which calf does not have. */
#define MINORS    16
#define MAX_DISKS 26 /* one letter */

static struct list disks = LIST_INIT(disks); /* boot only */
static u32 nr_disks;                         /* boot only */

void
block_register(struct blockdev *dev)
{
	assert(dev->max_segments > 0 && nr_disks < MAX_DISKS);
	dev->max_segments = MIN(dev->max_segments, BLOCK_SEGMENTS);
	dev->dev = dev_make(MAJOR_VIRTIO, nr_disks * MINORS);
	fmt_snprint(dev->name, sizeof(dev->name), "vd%c", 'a' + nr_disks);
	nr_disks++;
	list_push_back(&disks, &dev->link);
	printk("%s: a disk of %lu MiB%s%s\n", dev->name,
	    dev->nr_sectors >> (20 - SECTOR_SHIFT),
	    dev->read_only ? ", read-only" : "",
	    dev->can_flush ? "" : ", which writes through");
}

struct blockdev *
block_find(u32 dev)
{
	struct blockdev *b;

	list_for_each (b, &disks, link)
		if (b->dev == dev)
			return b;
	return NULL;
}

struct blockdev *
block_find_name(const char *name)
{
	struct blockdev *b;

	list_for_each (b, &disks, link)
		if (strcmp(b->name, name) == 0)
			return b;
	return NULL;
}

void
block_for_each(void (*fn)(struct blockdev *dev, void *arg), void *arg)
{
	struct blockdev *b;

	list_for_each (b, &disks, link)
		fn(b, arg);
}

int
block_claim(struct blockdev *dev)
{
	u32 free = 0;

	/* Acquire and release: who had it before has let go of all it had. */
	return atomic_cas(&dev->claimed, &free, 1) ? 0 : -EBUSY;
}

void
block_release(struct blockdev *dev)
{
	atomic_store_release(&dev->claimed, 0);
}

/* ---- requests ----------------------------------------------------------- */

static u64
sectors_of(const struct block_request *r)
{
	u64 bytes = 0;
	u32 i;

	if (r->op == BLOCK_DISCARD)
		return r->nr_sectors;
	for (i = 0; i < r->nr_segments; i++) {
		const struct block_segment *s = &r->segments[i];

		check(s->len_bytes > 0 && s->len_bytes % SECTOR_BYTES == 0 &&
		    (u64)s->at % PAGE_SIZE + s->len_bytes <= PAGE_SIZE);
		bytes += s->len_bytes;
	}
	return bytes >> SECTOR_SHIFT;
}

/* 0: to be handed on; 1: there is nothing to do. */
static int
examine(const struct blockdev *dev, const struct block_request *r, u64 sectors)
{
	if (r->op == BLOCK_FLUSH)
		return dev->can_flush ? 0 : 1;
	if (r->op == BLOCK_DISCARD && sectors > dev->max_discard_sectors)
		return -EOPNOTSUPP;
	if (r->op != BLOCK_READ && dev->read_only)
		return -EROFS;
	if (r->sector > dev->nr_sectors ||
	    sectors > dev->nr_sectors - r->sector)
		return -EIO;
	return sectors > 0 ? 0 : 1;
}

void
block_submit(struct blockdev *dev, struct block_request *r)
{
	u64 sectors = sectors_of(r);
	int err = examine(dev, r, sectors);

	assert(r->nr_segments <= dev->max_segments);
	if (err != 0) {
		r->err = MIN(err, 0);
		r->done(r);
		return;
	}
	atomic_count(&dev->nr_requests[r->op]);
	atomic_add(&dev->nr_bytes[r->op], sectors << SECTOR_SHIFT);
	/* Nothing is read in an interrupt. */
	if (r->op == BLOCK_READ)
		thread_current()->io.read_bytes += sectors << SECTOR_SHIFT;
	dev->ops->submit(dev, r);
}

/* ---- waiting for one ---------------------------------------------------- */

/*
 * On the stack of who waits: who sees done holds the lock, and so nobody else
 * uses it any more.
 */
struct wait {
	struct spinlock lock; /* rank DEVICE */
	struct waitq q;
	bool done; /* lock */
};

static void
note_done(struct block_request *r)
{
	struct wait *w = r->arg;

	spin_lock(&w->lock);
	w->done = true;
	waitq_wake_all(&w->q);
	spin_unlock(&w->lock);
}

int
block_do(struct blockdev *dev, struct block_request *r)
{
	struct wait w = {.done = false};

	spin_init(&w.lock, RANK_DEVICE);
	waitq_init(&w.q);
	r->done = note_done;
	r->arg = &w;
	block_submit(dev, r);
	spin_lock(&w.lock);
	while (!w.done)
		(void)!waitq_wait_spin(
		    &w.q, &w.lock, PARK_DISK, NO_DEADLINE, "a disk");
	spin_unlock(&w.lock);
	return r->err;
}

int
block_flush(struct blockdev *dev)
{
	struct block_request r = {.op = BLOCK_FLUSH};

	return block_do(dev, &r);
}

int
block_discard(struct blockdev *dev, u64 sector, u64 nr_sectors)
{
	int err = dev->max_discard_sectors > 0 ? 0 : -EOPNOTSUPP;

	while (err == 0 && nr_sectors > 0) {
		u64 nr = MIN(nr_sectors, (u64)dev->max_discard_sectors);
		struct block_request r = {
		    .op = BLOCK_DISCARD, .sector = sector, .nr_sectors = nr};

		err = block_do(dev, &r);
		sector += nr;
		nr_sectors -= nr;
	}
	return err;
}
