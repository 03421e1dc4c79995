#include "dev/virtio_blk.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#include "core/printk.h"
#include "dev/block.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"

/* Requests that the device has at a time; the rest wait in the driver. */
#define NR_SLOTS 32

/* Of a request that moves anything. */
#define MIN_PARTS 3u

#define WANTED                                                                 \
	(1ul << VIRTIO_BLK_F_SEG_MAX | 1ul << VIRTIO_BLK_F_SIZE_MAX |          \
	    1ul << VIRTIO_BLK_F_RO | 1ul << VIRTIO_BLK_F_FLUSH |               \
	    1ul << VIRTIO_BLK_F_DISCARD)

#define CONFIG(field) offsetof(struct virtio_blk_config, field)

/*
 * struct slot: what the device reads and writes beside the data of a request.
 * All slots lie in one frame, since the device wants them in one piece each.
 */
struct slot {
	struct virtio_blk_outhdr header;
	struct virtio_blk_discard_write_zeroes range; /* of a discard */
	u8 status;
	struct block_request *request;
	struct slot *next; /* among those that are free */
};

static_assert(NR_SLOTS * sizeof(struct slot) <= PAGE_SIZE, "one frame's slots");

/* struct disk.  Locks: v the device's   c fixed */
struct disk {
	struct blockdev dev;
	struct virtio *v;    /* c */
	struct list waiting; /* v: requests the device has no room for */
	struct slot *free;   /* v */
	struct slot *slots;  /* c */
};

static struct disk *
disk_of(struct blockdev *dev)
{
	return container_of(dev, struct disk, dev);
}

/* ---- handing over ------------------------------------------------------- */

static u32
type_of(enum block_op op)
{
	static const u32 types[NR_BLOCK_OPS] = {
	    [BLOCK_READ] = VIRTIO_BLK_T_IN,
	    [BLOCK_WRITE] = VIRTIO_BLK_T_OUT,
	    [BLOCK_FLUSH] = VIRTIO_BLK_T_FLUSH,
	    [BLOCK_DISCARD] = VIRTIO_BLK_T_DISCARD,
	};

	return types[op];
}

static struct virtq_part
part(const void *at, u32 len_bytes, bool device_writes)
{
	return (struct virtq_part){
	    .at = kva_paddr(at),
	    .len_bytes = len_bytes,
	    .device_writes = device_writes,
	};
}

/* The header, what is to be moved, and where the device says how it went. */
static u32
fill_parts(struct slot *s, const struct block_request *r,
    struct virtq_part parts[BLOCK_SEGMENTS + 2])
{
	u32 nr = 0, i;

	s->header = (struct virtio_blk_outhdr){
	    .type = type_of(r->op),
	    .sector = r->op == BLOCK_DISCARD ? 0 : r->sector,
	};
	parts[nr++] = part(&s->header, sizeof(s->header), false);
	if (r->op == BLOCK_DISCARD) {
		s->range = (struct virtio_blk_discard_write_zeroes){
		    .sector = r->sector, .num_sectors = (u32)r->nr_sectors};
		parts[nr++] = part(&s->range, sizeof(s->range), false);
	}
	for (i = 0; i < r->nr_segments; i++) {
		const struct block_segment *g = &r->segments[i];

		parts[nr++] = part(g->at, g->len_bytes, r->op == BLOCK_READ);
	}
	/* One that the device never wrote is no success. */
	s->status = 0xff;
	parts[nr++] = part(&s->status, sizeof(s->status), true);
	return nr;
}

/* Hands one over if there is room. */
static bool
start_request(struct disk *d, struct block_request *r) MUST_HOLD(&d->v->lock)
{
	struct virtq_part parts[BLOCK_SEGMENTS + 2];
	struct slot *s = d->free;
	u32 nr;

	if (s == NULL)
		return false;
	nr = fill_parts(s, r, parts);
	if (!virtq_put(&d->v->queues[0], parts, nr, s))
		return false;
	d->free = s->next;
	s->request = r;
	return true;
}

static void
start_waiting(struct disk *d) MUST_HOLD(&d->v->lock)
{
	struct block_request *r;
	bool any = false;

	while ((r = list_first(&d->waiting, struct block_request, link)) &&
	    start_request(d, r)) {
		list_remove(&r->link);
		any = true;
	}
	if (any)
		virtio_kick(d->v, &d->v->queues[0]);
}

static void
submit(struct blockdev *dev, struct block_request *r)
{
	struct disk *d = disk_of(dev);

	spin_lock(&d->v->lock);
	list_push_back(&d->waiting, &r->link);
	start_waiting(d);
	spin_unlock(&d->v->lock);
}

static const struct blockdev_ops blockdev_ops = {.submit = submit};

/* ---- coming back -------------------------------------------------------- */

static int
error_of(const struct slot *s)
{
	/* The device wrote it; a compiler could think that nobody had. */
	switch (*(const volatile u8 *)&s->status) {
	case VIRTIO_BLK_S_OK:
		return 0;
	case VIRTIO_BLK_S_UNSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/* Whoever asked is told, too; but what failed they cannot say. */
static void
tell_failure(const struct disk *d, const struct block_request *r)
{
	static const char *const names[NR_BLOCK_OPS] = {
	    [BLOCK_READ] = "read",
	    [BLOCK_WRITE] = "write",
	    [BLOCK_FLUSH] = "flush",
	    [BLOCK_DISCARD] = "discard",
	};

	printk_limited("%s: a %s fails, at sector %lu\n", d->dev.name,
	    names[r->op], r->op == BLOCK_FLUSH ? 0 : r->sector);
}

static void
interrupt(struct virtio *v)
{
	struct disk *d = v->driver;
	struct list done = LIST_INIT(done);
	struct block_request *r;
	struct slot *s;
	u32 len_bytes;

	spin_lock(&d->v->lock);
	while ((s = virtq_take(&d->v->queues[0], &len_bytes)) != NULL) {
		s->request->err = error_of(s);
		list_push_back(&done, &s->request->link);
		s->request = NULL;
		s->next = d->free;
		d->free = s;
	}
	start_waiting(d);
	spin_unlock(&d->v->lock);
	while ((r = list_first(&done, struct block_request, link))) {
		list_remove(&r->link);
		if (r->err == -EIO)
			tell_failure(d, r);
		r->done(r);
	}
}

/* ---- starting ----------------------------------------------------------- */

static int
make_slots(struct disk *d)
{
	u32 i;

	d->slots = kzalloc(PAGE_SIZE);
	if (d->slots == NULL)
		return -ENOMEM;
	for (i = 0; i < NR_SLOTS; i++) {
		d->slots[i].next = d->free;
		d->free = &d->slots[i];
	}
	return 0;
}

/* What is handed over must fit into the queue, or it would wait for ever. */
static void
read_config(struct disk *d)
{
	struct virtio *v = d->v;
	u32 most = virtio_queue_size(v, 0) - 2;

	if (virtio_has(v, VIRTIO_BLK_F_SEG_MAX))
		most = MIN(most, virtio_config32(v, CONFIG(seg_max)));
	d->dev.max_segments = MAX(most, 1u);
	d->dev.nr_sectors = virtio_config64(v, CONFIG(capacity));
	d->dev.read_only = virtio_has(v, VIRTIO_BLK_F_RO);
	d->dev.can_flush = virtio_has(v, VIRTIO_BLK_F_FLUSH);
	if (virtio_has(v, VIRTIO_BLK_F_DISCARD))
		d->dev.max_discard_sectors =
		    virtio_config32(v, CONFIG(max_discard_sectors));
	d->dev.ops = &blockdev_ops;
}

static int
start_disk(struct disk *d)
{
	int err = virtio_agree(d->v, WANTED);

	if (err == 0)
		err = make_slots(d);
	if (err < 0)
		return err;
	/* A segment is a part of a page at most; whoever has less is odd. */
	if (virtio_has(d->v, VIRTIO_BLK_F_SIZE_MAX) &&
	    virtio_config32(d->v, CONFIG(size_max)) < PAGE_SIZE)
		return -ENODEV;
	/* Header, a segment, status. */
	if (virtio_queue_size(d->v, 0) < MIN_PARTS)
		return -ENODEV;
	read_config(d);
	return virtio_run(d->v, 1, interrupt);
}

static int
start(struct virtio *v)
{
	struct disk *d = kzalloc(sizeof(*d));
	int err;

	if (d == NULL)
		return -ENOMEM;
	d->v = v;
	list_init(&d->waiting);
	v->driver = d;
	err = start_disk(d);
	if (err < 0) {
		kfree(d->slots);
		kfree(d);
		return err;
	}
	block_register(&d->dev);
	return 0;
}

const struct virtio_driver virtio_blk_driver = {
    .device_id = VIRTIO_ID_BLOCK, .name = "disk", .start = start};
