/*
 * A small disk whose log is the input, 64 bytes for the beginning of each of
 * its blocks: superblock, heads, tags and numbers of revoked blocks lie there.
 */
/* links: fs/journal_io.c fs/journal_log.c lib/xmap.c */
#include <stdlib.h>
#include <string.h>

#include "core/printk.h"
#include "dev/block.h"
#include "fs/journal.h"
#include "fs/journal_impl.h"
#include "lib/assert.h"
#include "mm/slab.h"
#include "replay.h"

#define BLOCK      1024u
#define NR_BLOCKS  64u
#define NR_LOG     24u
#define FIRST_LOG  8u
#define HEAD_BYTES 64u
/* Three passes over the log, each block read and written, and the ends. */
#define MAX_REQUESTS (8 * NR_LOG)

static u8 bytes[NR_BLOCKS * BLOCK];
static u32 nr_allocated, nr_requests;
static struct blockdev disk = {
    .name = "vda",
    .nr_sectors = NR_BLOCKS * BLOCK / SECTOR_BYTES,
    .max_segments = 4,
    .can_flush = true,
};

/* ---- the disk ----------------------------------------------------------- */

static int
move(struct block_request *r)
{
	u64 at = r->sector << SECTOR_SHIFT;
	u32 i;

	assert(++nr_requests < MAX_REQUESTS);
	assert(r->nr_segments <= disk.max_segments);
	for (i = 0; i < r->nr_segments; i++, at += BLOCK) {
		assert(r->segments[i].len_bytes == BLOCK);
		assert(at + BLOCK <= sizeof(bytes));
		if (r->op == BLOCK_READ)
			memcpy(r->segments[i].at, bytes + at, BLOCK);
		else
			memcpy(bytes + at, r->segments[i].at, BLOCK);
	}
	return 0;
}

void
block_submit(struct blockdev *dev, struct block_request *r)
{
	(void)dev;
	r->err = move(r);
	r->done(r);
}

int
block_do(struct blockdev *dev, struct block_request *r)
{
	(void)dev;
	return move(r);
}

int
block_flush(struct blockdev *dev)
{
	(void)dev;
	return 0;
}

/* ---- the kernel --------------------------------------------------------- */

void *
kmalloc(size_t len_bytes)
{
	nr_allocated++;
	return malloc(len_bytes);
}

void *
kzalloc(size_t len_bytes)
{
	nr_allocated++;
	return calloc(1, len_bytes);
}

void *
kmemdup(const void *src, size_t len_bytes)
{
	return memcpy(kmalloc(len_bytes), src, len_bytes);
}

void
kfree(void *p)
{
	nr_allocated -= p != NULL;
	free(p);
}

void
printk(const char *fmt, ...)
{
	(void)fmt;
}

void
spin_init(struct spinlock *l, enum lock_rank rank)
{
	(void)l;
	(void)rank;
}

void
spin_lock(struct spinlock *l) NO_LOCK_CHECK
{
	(void)l;
}

void
spin_unlock(struct spinlock *l) NO_LOCK_CHECK
{
	(void)l;
}

void
waitq_init(struct waitq *q)
{
	(void)q;
}

void
waitq_wake_all(struct waitq *q)
{
	(void)q;
}

/* All is done at once. */
int
waitq_wait_spin(struct waitq *q, struct spinlock *l, enum park_mode mode,
    u64 deadline_ns, const char *what)
{
	(void)q;
	(void)l;
	(void)mode;
	(void)deadline_ns;
	(void)what;
	assert(!"nothing is under way");
	return 0;
}

/* ---- the law ------------------------------------------------------------ */

static int
recover(const u32 *log, bool *replayed)
{
	int err;

	nr_requests = 0;
	err = journal_recover(&disk, BLOCK, log, NR_LOG, replayed);
	assert(err == 0 || err == -EIO || err == -EINVAL);
	assert(nr_allocated == 0);
	return err;
}

/* It ends, forgets nothing, and once done there is nothing left to do. */
int
LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u32 log[NR_LOG], i;
	bool replayed;

	memset(bytes, 0, sizeof(bytes));
	for (i = 0; i < NR_LOG; i++) {
		size_t at = (size_t)i * HEAD_BYTES;
		size_t n = at < len ? MIN(len - at, (size_t)HEAD_BYTES) : 0;

		/* Two that lie apart, so that windows end. */
		log[i] = FIRST_LOG + i + (i > NR_LOG / 2);
		memcpy(bytes + log[i] * BLOCK, data + at, n);
	}
	if (recover(log, &replayed) < 0 || !replayed)
		return 0;
	if (recover(log, &replayed) == 0)
		assert(!replayed);
	return 0;
}
