#include "fake_disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/spinlock.h"
#include "core/waitq.h"
#include "fake_kernel.h"
#include "fs/blockdev.h"
#include "fs/journal_impl.h"
#include "lib/errno.h"
#include "mm/frame.h"

#define MAX_PENDING 256

u8 fake_disk_bytes[FAKE_DISK_MAX];
static u8 bases[2][FAKE_DISK_MAX];
static u8 *base = bases[0], *spare_base = bases[1];
struct fake_event *fake_events;
u32 fake_nr_events;
u64 fake_reads_left = ~0ul, fake_writes_left = ~0ul;

struct blockdev fake_disk = {
    .name = "vda",
    .max_segments = BLOCK_SEGMENTS,
    .can_flush = true,
    .max_discard_sectors = 500,
};

static bool recording;
static u32 room;
/* What fake_disk_swap brings back. */
static struct fake_event *spare_events;
static u32 spare_nr, spare_room;
static struct block_request *pending[MAX_PENDING];
static u32 nr_pending;

/* ---- what happened ------------------------------------------------------ */

static void
note(struct fake_event e, const u8 *data)
{
	if (!recording)
		return;
	if (fake_nr_events == room) {
		room = room * 2 + 64;
		fake_events = realloc(fake_events, room * sizeof(e));
	}
	if (data != NULL) {
		e.data = malloc(e.len_bytes);
		memcpy(e.data, data, e.len_bytes);
	}
	fake_events[fake_nr_events++] = e;
}

static void
forget(void)
{
	while (fake_nr_events > 0)
		free(fake_events[--fake_nr_events].data);
}

void
fake_disk_set(const u8 *bytes, u64 len_bytes)
{
	assert_true(len_bytes <= FAKE_DISK_MAX);
	memcpy(fake_disk_bytes, bytes, len_bytes);
	fake_disk.nr_sectors = len_bytes / SECTOR_BYTES;
	recording = false;
}

void
fake_disk_record(void)
{
	forget();
	memcpy(base, fake_disk_bytes, fake_disk.nr_sectors * SECTOR_BYTES);
	recording = true;
}

void
fake_disk_record_end(void)
{
	recording = false;
}

#define SWAP(a, b)                                                             \
	do {                                                                   \
		__typeof__(a) swapped = (a);                                   \
		(a) = (b);                                                     \
		(b) = swapped;                                                 \
	} while (0)

void
fake_disk_swap(void)
{
	recording = false;
	SWAP(base, spare_base);
	SWAP(fake_events, spare_events);
	SWAP(fake_nr_events, spare_nr);
	SWAP(room, spare_room);
}

void
fake_disk_again(void)
{
	fake_disk_swap();
	fake_disk_record();
}

void
fake_disk_mark(u32 mark)
{
	note((struct fake_event){.kind = FAKE_MARK, .mark = mark}, NULL);
}

/* Of four writes one is not there, and one or, torn, each is in sectors. */
void
fake_disk_cut(u8 *image, u32 from, u32 to)
{
	bool torn = fake_random() % 2 == 0;
	u64 lot;
	u32 i, at;

	memcpy(image, base, fake_disk.nr_sectors * SECTOR_BYTES);
	for (i = 0; i < to; i++) {
		const struct fake_event *e = &fake_events[i];

		if (e->kind != FAKE_WRITE)
			continue;
		lot = i < from ? 3 : torn ? 1 : fake_random() % 4;
		for (at = 0; lot > 0 && at < e->len_bytes; at += SECTOR_BYTES)
			if (lot > 1 || fake_random() % 2 == 0)
				memcpy(image + e->sector * SECTOR_BYTES + at,
				    e->data + at, SECTOR_BYTES);
	}
}

/* ---- requests ----------------------------------------------------------- */

static bool
count_down(u64 *left)
{
	if (*left == ~0ul)
		return false;
	if (*left == 0)
		return true;
	--*left;
	return false;
}

static int
move(struct block_request *r)
{
	u64 sector = r->sector;
	u32 i;

	for (i = 0; i < r->nr_segments; i++) {
		u32 len = r->segments[i].len_bytes;
		u8 *at = fake_disk_bytes + sector * SECTOR_BYTES;

		if (sector + len / SECTOR_BYTES > fake_disk.nr_sectors)
			return -EIO;
		if (r->op == BLOCK_READ) {
			memcpy(r->segments[i].at, at, len);
		} else {
			memcpy(at, r->segments[i].at, len);
			note((struct fake_event){.kind = FAKE_WRITE,
				 .sector = sector,
				 .len_bytes = len},
			    at);
		}
		sector += len / SECTOR_BYTES;
	}
	return 0;
}

/* What is in sectors that were discarded nobody knows: some byte, over all. */
static int
discard(const struct block_request *r)
{
	u8 *at = fake_disk_bytes + r->sector * SECTOR_BYTES;
	u32 len = (u32)r->nr_sectors * SECTOR_BYTES;

	assert_true(r->nr_sectors > 0 &&
	    r->nr_sectors <= fake_disk.max_discard_sectors);
	assert_true(r->sector + r->nr_sectors <= fake_disk.nr_sectors);
	memset(at, (int)(fake_random() % 256), len);
	note(
	    (struct fake_event){
		.kind = FAKE_WRITE, .sector = r->sector, .len_bytes = len},
	    at);
	return 0;
}

static int
do_request(struct block_request *r)
{
	if (count_down(
		r->op == BLOCK_READ ? &fake_reads_left : &fake_writes_left))
		return -EIO;
	if (r->op == BLOCK_DISCARD)
		return discard(r);
	if (r->op != BLOCK_FLUSH)
		return move(r);
	note((struct fake_event){.kind = FAKE_FLUSH}, NULL);
	return 0;
}

/* One of those under way is done, whichever. */
static void
complete_one(void)
{
	u32 i = fake_random() % nr_pending;
	struct block_request *r = pending[i];

	pending[i] = pending[--nr_pending];
	r->err = do_request(r);
	r->done(r);
}

void
block_submit(struct blockdev *dev, struct block_request *r)
{
	assert_ptr_equal(dev, &fake_disk);
	assert_true(r->nr_segments <= BLOCK_SEGMENTS);
	assert_true(nr_pending < MAX_PENDING);
	pending[nr_pending++] = r;
	if (fake_random() % 8 == 0)
		complete_one();
}

int
block_do(struct blockdev *dev, struct block_request *r)
{
	assert_ptr_equal(dev, &fake_disk);
	return do_request(r);
}

int
block_flush(struct blockdev *dev)
{
	struct block_request r = {.op = BLOCK_FLUSH};

	/* What is to be there for good had been waited for. */
	assert_int_equal(nr_pending, 0);
	return block_do(dev, &r);
}

int
block_discard(struct blockdev *dev, u64 sector, u64 nr_sectors)
{
	int err = 0;

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

struct blockdev *
block_find(u32 dev)
{
	return dev == fake_disk.dev ? &fake_disk : NULL;
}

void
block_for_each(void (*fn)(struct blockdev *dev, void *arg), void *arg)
{
	(void)fn;
	(void)arg;
}

int
block_claim(struct blockdev *dev)
{
	if (dev->claimed)
		return -EBUSY;
	dev->claimed = 1;
	return 0;
}

void
block_release(struct blockdev *dev)
{
	dev->claimed = 0;
}

const struct file_ops blockdev_file_ops;

u64
blockdev_size(const struct file *f)
{
	(void)f;
	return 0;
}

/* ---- what fake_kernel.c lacks ------------------------------------------- */

bool
spin_trylock(struct spinlock *l) NO_LOCK_CHECK
{
	spin_lock(l);
	return true;
}

void
frame_add_reclaimer(struct frame_reclaimer *r)
{
	(void)r;
}

bool
frame_keep_some(void)
{
	return true;
}

/* The disk goes on while the only thread waits; nothing else could. */
int
waitq_wait_spin(struct waitq *q, struct spinlock *l, enum park_mode mode,
    u64 deadline_ns, const char *what) NO_LOCK_CHECK
{
	(void)q;
	(void)mode;
	(void)deadline_ns;
	spin_unlock(l);
	if (nr_pending == 0)
		fail_msg("waits for ever for %s", what);
	complete_one();
	spin_lock(l);
	return 0;
}

/* Without threads: the test commits when it likes. */
int
journal_thread_start(struct journal *j)
{
	(void)j;
	return 0;
}

void
journal_thread_stop(struct journal *j)
{
	(void)j;
}

/* ---- the host's files --------------------------------------------------- */

int
fake_shell(const char *format, ...)
{
	char command[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	return system(command);
}

void
fake_file_write(const char *path, const u8 *bytes, u64 len_bytes)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len_bytes, f), len_bytes);
	assert_int_equal(fclose(f), 0);
}

u64
fake_file_read(const char *path, u8 *bytes, u64 max)
{
	FILE *f = fopen(path, "rb");
	u64 n;

	assert_non_null(f);
	n = fread(bytes, 1, max, f);
	fclose(f);
	return n;
}
