#include "fake_recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/spinlock.h"
#include "fs/buf.h"
#include "lib/errno.h"
#include "mm/frame.h"

#define MAX_PENDING 64
#define MAX_EVENTS  60000
#define FS_INCOMPAT 96 /* its features, in bytes */
#define FS_SUPER    1u /* ext3's own superblock */

u8 rec_bytes[REC_BYTES], rec_base[REC_BYTES];
u32 rec_log[REC_LOG];
struct rec_event rec_events[MAX_EVENTS];
u32 rec_nr_events, rec_most_pending;
u64 rec_writes_left = ~0ul, rec_reads_left = ~0ul, rec_nr_requests;

struct blockdev rec_disk = {
    .name = "vda",
    .nr_sectors = REC_BYTES / SECTOR_BYTES,
    .max_segments = BLOCK_SEGMENTS,
    .can_flush = true,
};

/* As mke2fs made it. */
static u8 fresh[REC_BYTES];
static char dir[] = "/tmp/journal_test.XXXXXX";
static bool recording;
static struct block_request *pending[MAX_PENDING];
static u32 nr_pending;

/* ---- what happened ------------------------------------------------------ */

static void
note_event(enum rec_kind kind, u32 block, u32 number, const u8 *data)
{
	struct rec_event *e = &rec_events[rec_nr_events];

	if (!recording)
		return;
	assert_true(rec_nr_events < MAX_EVENTS);
	rec_nr_events++;
	*e = (struct rec_event){.kind = kind, .block = block, .number = number};
	if (data != NULL) {
		e->data = malloc(REC_BLOCK);
		memcpy(e->data, data, REC_BLOCK);
	}
}

static void
forget_events(void)
{
	while (rec_nr_events > 0)
		free(rec_events[--rec_nr_events].data);
}

void
rec_note_told(u32 number)
{
	note_event(REC_TOLD, 0, number, NULL);
}

void
rec_start(void)
{
	memcpy(rec_base, rec_bytes, REC_BYTES);
	forget_events();
	recording = true;
}

void
rec_stop(void)
{
	recording = false;
}

/* ---- requests ----------------------------------------------------------- */

static int
move(struct block_request *r)
{
	u64 at = r->sector << SECTOR_SHIFT;
	u32 i;

	for (i = 0; i < r->nr_segments; i++, at += REC_BLOCK) {
		assert_int_equal(r->segments[i].len_bytes, REC_BLOCK);
		if (at + REC_BLOCK > REC_BYTES)
			return -EIO;
		if (r->op == BLOCK_READ) {
			memcpy(r->segments[i].at, rec_bytes + at, REC_BLOCK);
			continue;
		}
		memcpy(rec_bytes + at, r->segments[i].at, REC_BLOCK);
		note_event(REC_WRITE, at / REC_BLOCK, 0, rec_bytes + at);
	}
	return 0;
}

static bool
count_down(u64 *left)
{
	if (*left == ~0ul)
		return false;
	/* The last one fails, and those behind it work again. */
	return (*left)-- == 0;
}

/* One of those under way is done, whichever. */
static void
complete_one(void)
{
	u32 i = fake_random() % nr_pending;
	struct block_request *r = pending[i];

	pending[i] = pending[--nr_pending];
	r->err = count_down(&rec_writes_left) ? -EIO : move(r);
	r->done(r);
}

void
block_submit(struct blockdev *dev, struct block_request *r)
{
	assert_ptr_equal(dev, &rec_disk);
	assert_int_equal(r->op, BLOCK_WRITE);
	assert_true(r->nr_segments > 0 && r->nr_segments <= BLOCK_SEGMENTS);
	assert_true(nr_pending < MAX_PENDING);
	rec_nr_requests++;
	pending[nr_pending++] = r;
	rec_most_pending = MAX(rec_most_pending, nr_pending);
	if (fake_random() % 8 == 0)
		complete_one();
}

int
block_do(struct blockdev *dev, struct block_request *r)
{
	assert_ptr_equal(dev, &rec_disk);
	assert_int_equal(r->op, BLOCK_READ);
	return count_down(&rec_reads_left) ? -EIO : move(r);
}

int
block_flush(struct blockdev *dev)
{
	assert_ptr_equal(dev, &rec_disk);
	/* Whatever is to be there for good had been waited for. */
	assert_int_equal(nr_pending, 0);
	rec_nr_requests++;
	if (count_down(&rec_writes_left))
		return -EIO;
	note_event(REC_FLUSH, 0, 0, NULL);
	return 0;
}

int
rec_write(u32 block, const u8 *data)
{
	rec_nr_requests++;
	if (count_down(&rec_writes_left))
		return -EIO;
	memcpy(rec_bytes + block * REC_BLOCK, data, REC_BLOCK);
	note_event(REC_WRITE, block, 0, data);
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
	(void)what;
	spin_unlock(l);
	assert_true(nr_pending > 0);
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

/* ---- a cut -------------------------------------------------------------- */

/* Half of the sectors of a write, or all of it, or nothing. */
static void
write_part(const struct rec_event *e)
{
	u32 which = fake_random() % 4, i;

	for (i = 0; i < REC_BLOCK; i += SECTOR_BYTES)
		if (which == 0 || (which == 1 && fake_random() % 2))
			memcpy(rec_bytes + e->block * REC_BLOCK + i,
			    e->data + i, SECTOR_BYTES);
}

void
rec_cut(u32 from, u32 to)
{
	const struct rec_event *e = rec_events;
	u32 i;

	memcpy(rec_bytes, rec_base, REC_BYTES);
	for (i = 0; i < from; i++)
		if (e[i].kind == REC_WRITE)
			memcpy(rec_bytes + e[i].block * REC_BLOCK, e[i].data,
			    REC_BLOCK);
	for (; i < to; i++)
		if (e[i].kind == REC_WRITE)
			write_part(&e[i]);
}

/* ---- e2fsck ------------------------------------------------------------- */

/* Sets or clears ext3's sign that its journal has something. */
static void
set_needs_recovery(u8 *image, bool needs)
{
	u8 *incompat = image + FS_SUPER * REC_BLOCK + FS_INCOMPAT;

	*incompat = needs ? *incompat | 4 : *incompat & ~4;
}

static int
run(const char *what)
{
	char command[512];

	snprintf(command, sizeof(command),
	    "PATH=$PATH:/usr/sbin:/sbin; cd '%s' && %s", dir, what);
	return system(command);
}

static void
put_image(const u8 *image)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/img", dir);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(image, 1, REC_BYTES, f), REC_BYTES);
	fclose(f);
}

static void
get_image(u8 *image)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/img", dir);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(image, 1, REC_BYTES, f), REC_BYTES);
	fclose(f);
}

bool
rec_e2fsck(u8 *image)
{
	int status;

	memcpy(image, rec_bytes, REC_BYTES);
	set_needs_recovery(image, true);
	put_image(image);
	status = run("timeout 10 e2fsck -E journal_only -y img >out 2>&1");
	get_image(image);
	/* 1: it has changed something. */
	return status >> 8 <= 1;
}

s64
rec_first_difference(const u8 *image)
{
	u32 i;

	for (i = 0; i < REC_BLOCKS; i++)
		if (i != FS_SUPER &&
		    memcmp(rec_bytes + i * REC_BLOCK, image + i * REC_BLOCK,
			REC_BLOCK) != 0)
			return i;
	return -1;
}

/* ---- the disk is made --------------------------------------------------- */

/* Block numbers of inode 8, which is the journal. */
static void
find_log(void)
{
	u32 table, i, n = 0, ptr[REC_LOG], two[REC_BLOCK / 4],
		      one[REC_BLOCK / 4];
	const u8 *inode;

	memcpy(&table, fresh + 2 * REC_BLOCK + 8, sizeof(table));
	inode =
	    fresh + table * REC_BLOCK + 7 * *(u16 *)(fresh + REC_BLOCK + 88);
	memcpy(ptr, inode + 40, 15 * sizeof(u32));
	for (i = 0; i < 12; i++)
		rec_log[n++] = ptr[i];
	memcpy(one, fresh + ptr[12] * REC_BLOCK, REC_BLOCK);
	for (i = 0; i < REC_BLOCK / 4; i++)
		rec_log[n++] = one[i];
	memcpy(two, fresh + ptr[13] * REC_BLOCK, REC_BLOCK);
	for (i = 0; n < REC_LOG; i++) {
		if (i % (REC_BLOCK / 4) == 0)
			memcpy(one,
			    fresh + two[i / (REC_BLOCK / 4)] * REC_BLOCK,
			    REC_BLOCK);
		rec_log[n++] = one[i % (REC_BLOCK / 4)];
	}
}

struct journal_super *
rec_super(void)
{
	return (struct journal_super *)(rec_bytes + rec_log[0] * REC_BLOCK);
}

void
rec_fresh(u32 nr_log)
{
	memcpy(rec_bytes, fresh, REC_BYTES);
	rec_super()->nr_blocks = be32_make(nr_log);
	rec_stop();
	forget_events();
	rec_most_pending = 0;
	rec_writes_left = rec_reads_left = ~0ul;
}

int
rec_make(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL ||
	    run("mke2fs -q -F -t ext3 -b 1024 -J size=1 -N 32 img 2560 "
		">out 2>&1") != 0)
		return -1;
	get_image(fresh);
	find_log();
	buf_init();
	return 0;
}

int
rec_remove(void **state)
{
	char command[64];

	(void)state;
	forget_events();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}
