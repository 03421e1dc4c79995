#include "fs/buf.h"

#include "dev/block.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define NR_BUCKETS 1024u

/* What is kept of the idle ones, as a part of all frames. */
#define IDLE_SHARE 64

static struct spinlock lock = SPINLOCK_INIT(RANK_BUF);
static struct buf *buckets[NR_BUCKETS];    /* lock */
static struct list idle = LIST_INIT(idle); /* lock: longest idle first */
static u64 nr_idle;                        /* lock */
static u64 idle_bytes;                     /* lock */

static struct buf **
bucket_of(const struct blockdev *dev, u64 block)
{
	u64 mixed = (block ^ (u64)dev >> 4) * 0x9e3779b97f4a7c15ul;

	return &buckets[mixed >> 54 & (NR_BUCKETS - 1)];
}

/* ---- coming and going --------------------------------------------------- */

static struct buf *
buf_create(struct blockdev *dev, u64 block, u32 len_bytes)
{
	struct buf *b = kzalloc(sizeof(*b));

	if (b == NULL)
		return NULL;
	b->data = kmalloc(len_bytes);
	if (b->data == NULL) {
		kfree(b);
		return NULL;
	}
	b->dev = dev;
	b->block = block;
	b->len_bytes = len_bytes;
	b->refs = 1;
	mutex_init(&b->lock, RANK_BUFFER);
	list_init(&b->idle);
	list_init(&b->in);
	return b;
}

static void
buf_free(struct buf *b)
{
	kfree(b->data);
	kfree(b);
}

/* In use again. */
static void
wake_locked(struct buf *b)
{
	if (b->refs++ > 0)
		return;
	list_remove(&b->idle);
	nr_idle--;
	idle_bytes -= b->len_bytes;
}

static struct buf *
find_locked(const struct blockdev *dev, u64 block)
{
	struct buf *b;

	for (b = *bucket_of(dev, block); b != NULL; b = b->next)
		if (b->dev == dev && b->block == block)
			return b;
	return NULL;
}

/* Takes an idle one out of everything. */
static void
unlink_locked(struct buf *b)
{
	struct buf **at = bucket_of(b->dev, b->block);

	check(b->refs == 0);
	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	list_remove(&b->idle);
	nr_idle--;
	idle_bytes -= b->len_bytes;
}

static u64
most_idle_bytes(void)
{
	return page_count / IDLE_SHARE * PAGE_SIZE;
}

void
buf_hold(struct buf *b)
{
	spin_lock(&lock);
	assert(b->refs > 0);
	b->refs++;
	spin_unlock(&lock);
}

void
buf_put(struct buf *b)
{
	struct buf *gone = NULL;

	if (b == NULL)
		return;
	spin_lock(&lock);
	assert(b->refs > 0);
	if (--b->refs == 0) {
		check(b->journaled == 0);
		list_push_back(&idle, &b->idle);
		nr_idle++;
		idle_bytes += b->len_bytes;
		if (idle_bytes > most_idle_bytes()) {
			gone = list_first(&idle, struct buf, idle);
			unlink_locked(gone);
		}
	}
	spin_unlock(&lock);
	if (gone != NULL)
		buf_free(gone);
}

/* The one there is, or fresh; which of them is left over goes to *spare. */
static struct buf *
enter(struct blockdev *dev, u64 block, struct buf *fresh, struct buf **spare)
{
	struct buf **at = bucket_of(dev, block);
	struct buf *b;

	spin_lock(&lock);
	b = find_locked(dev, block);
	if (b != NULL) {
		wake_locked(b);
		*spare = fresh;
	} else if (fresh != NULL) {
		b = fresh;
		b->next = *at;
		*at = b;
		*spare = NULL;
	}
	spin_unlock(&lock);
	return b;
}

static struct buf *
get_empty(struct blockdev *dev, u64 block, u32 len_bytes)
{
	struct buf *spare = NULL;
	struct buf *b = enter(dev, block, NULL, &spare);

	if (b != NULL)
		return b;
	b = buf_create(dev, block, len_bytes);
	if (b == NULL)
		return NULL;
	b = enter(dev, block, b, &spare);
	if (spare != NULL)
		buf_free(spare);
	return b;
}

/* ---- reading ------------------------------------------------------------ */

static int
fill(struct buf *b)
{
	struct block_request *r = kzalloc(sizeof(*r));
	int err;

	if (r == NULL)
		return -ENOMEM;
	r->op = BLOCK_READ;
	r->sector = b->block * (b->len_bytes >> SECTOR_SHIFT);
	r->nr_segments = 1;
	r->segments[0] = (struct block_segment){
	    .at = b->data,
	    .len_bytes = b->len_bytes,
	};
	err = block_do(b->dev, r);
	kfree(r);
	return err;
}

int
buf_get(struct blockdev *dev, u64 block, u32 len_bytes, struct buf **out)
{
	struct buf *b = get_empty(dev, block, len_bytes);
	int err = 0;

	if (b == NULL)
		return -ENOMEM;
	assert(b->len_bytes == len_bytes);
	/* Acquire: the bytes are there; pairs with the store below. */
	if (!atomic_load_acquire(&b->filled)) {
		mutex_lock(&b->lock);
		if (!b->filled) {
			err = fill(b);
			if (err == 0)
				atomic_store_release(&b->filled, true);
		}
		mutex_unlock(&b->lock);
	}
	if (err < 0)
		buf_put(b);
	else
		*out = b;
	return err;
}

int
buf_get_new(struct blockdev *dev, u64 block, u32 len_bytes, struct buf **out)
{
	struct buf *b = get_empty(dev, block, len_bytes);

	if (b == NULL)
		return -ENOMEM;
	assert(b->len_bytes == len_bytes);
	if (atomic_load(&b->journaled) & BUF_CHANGED) {
		buf_put(b);
		return -EIO;
	}
	mutex_lock(&b->lock);
	memset(b->data, 0, len_bytes);
	atomic_store_release(&b->filled, true);
	mutex_unlock(&b->lock);
	*out = b;
	return 0;
}

struct buf *
buf_find(struct blockdev *dev, u64 block)
{
	struct buf *b;

	spin_lock(&lock);
	b = find_locked(dev, block);
	/* Acquire: as in buf_get. */
	if (b != NULL && atomic_load_acquire(&b->filled))
		wake_locked(b);
	else
		b = NULL;
	spin_unlock(&lock);
	return b;
}

/* ---- letting go of many ------------------------------------------------- */

static struct buf *
take_idle(struct blockdev *dev)
{
	struct buf *b, *found = NULL;

	spin_lock(&lock);
	list_for_each (b, &idle, idle)
		if (b->dev == dev) {
			found = b;
			unlink_locked(b);
			break;
		}
	spin_unlock(&lock);
	return found;
}

void
buf_forget(struct blockdev *dev)
{
	struct buf *b;

	while ((b = take_idle(dev)) != NULL)
		buf_free(b);
}

/*
 * Whoever is short of memory may hold the lock of this file, or that of small
 * objects below it: then others have to help.
 */
static u64
reclaim(u64 nr_frames)
{
	u64 freed = 0;
	struct buf *b;

	while (freed / PAGE_SIZE < nr_frames && spin_trylock(&lock)) {
		b = list_first(&idle, struct buf, idle);
		if (b != NULL)
			unlink_locked(b);
		spin_unlock(&lock);
		if (b == NULL)
			break;
		freed += b->len_bytes;
		buf_free(b);
	}
	return freed / PAGE_SIZE;
}

void
buf_init(void)
{
	static struct frame_reclaimer reclaimer = {.reclaim = reclaim};

	frame_add_reclaimer(&reclaimer);
}
