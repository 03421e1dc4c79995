/*
 * The journal over a disk that remembers each write and flush.  A small file
 * system, of blocks that are in use or not, works with it; then the disk is cut
 * off at every flush, with any part of what was written since the last one, and
 * recovered.  What comes back must be one transaction's end, and not an earlier
 * one than the last that was said to be committed.  The same disk, an ext3 that
 * mke2fs made, is given to e2fsck, which must write the same bytes.
 */
/* links: fs/journal_io.c fs/journal_log.c fs/journal_recover.c fs/buf.c */
/* links: lib/xmap.c ../tests/host/fake_kernel.c */
#include "fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/spinlock.h"
#include "dev/block.h"
#include "fs/journal.h"
#include "fs/journal_impl.h"
#include "lib/errno.h"
#include "mm/frame.h"

#define BLOCK      1024u
#define NR_BLOCKS  2560u
#define DISK_BYTES (NR_BLOCKS * BLOCK)
#define NR_LOG     1024u
#define SUPER      1u /* the block of ext3's own superblock */

static u8 good[DISK_BYTES], bytes[DISK_BYTES];
static u32 log_blocks[NR_LOG];
static char dir[] = "/tmp/journal_test.XXXXXX";

/* ---- the disk ----------------------------------------------------------- */

#define MAX_PENDING 64
#define MAX_EVENTS  60000

enum event_kind {
	EVENT_WRITE,
	EVENT_FLUSH,
	EVENT_COMMITTED, /* no event of the disk's: somebody was told so */
};

struct event {
	enum event_kind kind;
	u32 block;  /* of a write */
	u32 number; /* of a transaction */
	u8 *data;   /* of a write */
};

static struct event events[MAX_EVENTS];
static u32 nr_events;
static bool recording;

static struct block_request *pending[MAX_PENDING];
static u32 nr_pending, most_pending;
static u64 writes_left = ~0ul; /* writes and flushes until one fails */
static u64 reads_left = ~0ul;
static u64 nr_requests; /* writes and flushes */

static struct blockdev disk = {
    .name = "vda",
    .nr_sectors = DISK_BYTES / SECTOR_BYTES,
    .max_segments = BLOCK_SEGMENTS,
    .can_flush = true,
};

static void
note_event(enum event_kind kind, u32 block, u32 number, const u8 *data)
{
	struct event *e = &events[nr_events];

	if (!recording)
		return;
	assert_true(nr_events < MAX_EVENTS);
	nr_events++;
	*e = (struct event){.kind = kind, .block = block, .number = number};
	if (data != NULL) {
		e->data = malloc(BLOCK);
		memcpy(e->data, data, BLOCK);
	}
}

static void
forget_events(void)
{
	while (nr_events > 0)
		free(events[--nr_events].data);
}

static int
move(struct block_request *r)
{
	u64 at = r->sector << SECTOR_SHIFT;
	u32 i;

	for (i = 0; i < r->nr_segments; i++, at += BLOCK) {
		assert_int_equal(r->segments[i].len_bytes, BLOCK);
		if (at + BLOCK > DISK_BYTES)
			return -EIO;
		if (r->op == BLOCK_READ) {
			memcpy(r->segments[i].at, bytes + at, BLOCK);
			continue;
		}
		memcpy(bytes + at, r->segments[i].at, BLOCK);
		note_event(EVENT_WRITE, at / BLOCK, 0, bytes + at);
	}
	return 0;
}

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

/* One of those under way is done, whichever. */
static void
complete_one(void)
{
	u32 i = fake_random() % nr_pending;
	struct block_request *r = pending[i];

	pending[i] = pending[--nr_pending];
	r->err = count_down(&writes_left) ? -EIO : move(r);
	r->done(r);
}

void
block_submit(struct blockdev *dev, struct block_request *r)
{
	assert_ptr_equal(dev, &disk);
	assert_int_equal(r->op, BLOCK_WRITE);
	assert_true(r->nr_segments > 0 && r->nr_segments <= BLOCK_SEGMENTS);
	assert_true(nr_pending < MAX_PENDING);
	nr_requests++;
	pending[nr_pending++] = r;
	most_pending = MAX(most_pending, nr_pending);
	if (fake_random() % 8 == 0)
		complete_one();
}

int
block_do(struct blockdev *dev, struct block_request *r)
{
	assert_ptr_equal(dev, &disk);
	assert_int_equal(r->op, BLOCK_READ);
	return count_down(&reads_left) ? -EIO : move(r);
}

int
block_flush(struct blockdev *dev)
{
	assert_ptr_equal(dev, &disk);
	/* Whatever is to be there for good had been waited for. */
	assert_int_equal(nr_pending, 0);
	nr_requests++;
	if (count_down(&writes_left))
		return -EIO;
	note_event(EVENT_FLUSH, 0, 0, NULL);
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

/* ---- a file system ------------------------------------------------------ */

#define FIRST_BLOCK 1200u /* that nothing of ext3 uses */
#define NR_USED     400u
#define MAX_NUMBERS 2000u

/*
 * What a block has: 0 nothing that matters, else what its bytes are made of.
 * The transactions' ends are kept, to be compared with.
 */
struct state {
	u32 version[NR_USED];
};

static struct fs {
	struct journal *j;
	struct state now, *ends[MAX_NUMBERS]; /* by number, less first_number */
	u32 first_number, nr_ends;
	u32 next_version;
	bool data[NR_USED];      /* a file's: not in the journal */
	bool unwritten[NR_USED]; /* the same, and not on the disk yet */
	bool freed[NR_USED];     /* in the running transaction */
	bool data_in_log;
	u32 nr_aborted, nr_committed;
} fs;

/* One in four looks like a block of the log. */
static void
fill(u8 *data, u32 version)
{
	be32 magic = be32_make(JOURNAL_MAGIC);
	u32 i;

	for (i = 0; i < BLOCK; i += sizeof(u32)) {
		u32 word = version * 0x9e3779b9u + i;

		memcpy(data + i, &word, sizeof(word));
	}
	memcpy(data + BLOCK - sizeof(version), &version, sizeof(version));
	if (version % 4 == 0)
		memcpy(data, &magic, sizeof(magic));
	if (version % 8 == 0)
		data[7] = version / 8 % 6; /* and a type */
}

static int
write_in_place(u32 i)
{
	static struct block_request r;
	static u8 data[BLOCK];

	fill(data, fs.now.version[i]);
	r = (struct block_request){.op = BLOCK_WRITE, .nr_segments = 1};
	r.sector = (FIRST_BLOCK + i) * (BLOCK / SECTOR_BYTES);
	r.segments[0] = (struct block_segment){.at = data, .len_bytes = BLOCK};
	nr_requests++;
	return count_down(&writes_left) ? -EIO : move(&r);
}

static int
write_in_log(u32 i)
{
	struct buf *b;
	int err = buf_get_new(&disk, FIRST_BLOCK + i, BLOCK, &b);

	if (err < 0)
		return err;
	fill(b->data, fs.now.version[i]);
	err = journal_write_data(fs.j, b);
	buf_put(b);
	return err;
}

static int
write_all_data(void *arg)
{
	u32 i;
	int err = 0;

	(void)arg;
	for (i = 0; i < NR_USED && err == 0; i++)
		if (fs.unwritten[i])
			err = fs.data_in_log ? write_in_log(i)
					     : write_in_place(i);
	return err;
}

/* The end of a transaction is noted when it is known what is in it. */
static void
note_end(u32 number)
{
	struct state **at = &fs.ends[number - fs.first_number];

	assert_true(number - fs.first_number < MAX_NUMBERS);
	if (*at == NULL)
		*at = malloc(sizeof(**at));
	**at = fs.now;
	fs.nr_ends = number - fs.first_number + 1;
}

static void
committed(void *arg)
{
	(void)arg;
	memset(fs.freed, 0, sizeof(fs.freed));
	memset(fs.unwritten, 0, sizeof(fs.unwritten));
	fs.nr_committed++;
	note_event(EVENT_COMMITTED, 0, journal_running(fs.j) - 1, NULL);
}

static void
aborted(void *arg, int err)
{
	(void)arg;
	assert_true(err < 0);
	fs.nr_aborted++;
}

static const struct journal_ops ops = {
    .write_data = write_all_data,
    .committed = committed,
    .aborted = aborted,
};

static int
open_fs(const u32 *log, u32 nr_log)
{
	struct journal_params p = {
	    .dev = &disk,
	    .block_bytes = BLOCK,
	    .log = log,
	    .nr_log = nr_log,
	    .ops = &ops,
	};
	int err;

	memset(&fs, 0, sizeof(fs));
	fs.next_version = 1;
	err = journal_open(&p, &fs.j);
	if (err < 0)
		return err;
	/* That before the first one is the end of nothing. */
	fs.first_number = journal_running(fs.j) - 1;
	note_end(fs.first_number);
	return 0;
}

static int
close_fs(void)
{
	int err = journal_close(fs.j);
	u32 i;

	for (i = 0; i < MAX_NUMBERS; i++)
		free(fs.ends[i]);
	buf_forget(&disk);
	return err;
}

/* Whatever the block is: one of it. */
static void
change_block(struct handle *h, u32 i)
{
	u32 version = fs.next_version++;
	struct buf *b;
	int err;

	if (fs.freed[i])
		return;
	if (fs.now.version[i] == 0) {
		fs.data[i] = fake_random() % 3 == 0;
	} else if (fs.data[i]) {
		/* It may be written in place only while nobody needs it. */
		if (fs.unwritten[i] || fs.data_in_log)
			fs.now.version[i] = version;
		fs.unwritten[i] |= fs.data_in_log;
		return;
	} else {
		assert_int_equal(buf_get(&disk, FIRST_BLOCK + i, BLOCK, &b), 0);
		journal_change(h, b);
		fs.now.version[i] = version;
		fill(b->data, version);
		buf_put(b);
		return;
	}
	fs.now.version[i] = version;
	if (fs.data[i]) {
		fs.unwritten[i] = true;
		return;
	}
	err = buf_get_new(&disk, FIRST_BLOCK + i, BLOCK, &b);
	assert_int_equal(err, 0);
	assert_int_equal(b->data[BLOCK - 1], 0);
	journal_change(h, b);
	fill(b->data, version);
	buf_put(b);
}

static void
free_block(struct handle *h, u32 i)
{
	if (fs.now.version[i] == 0)
		return;
	if (!fs.data[i] || fs.data_in_log)
		assert_int_equal(journal_revoke(h, FIRST_BLOCK + i), 0);
	fs.now.version[i] = 0;
	fs.unwritten[i] = false;
	fs.freed[i] = true;
}

/* Changes near each other, of up to nr blocks.  Error of journal_begin. */
static int
some_change(u32 nr)
{
	u32 at = fake_random() % NR_USED, i;
	struct handle h;
	int err = journal_begin(fs.j, nr, &h);

	if (err < 0)
		return err;
	if (fake_random() % 8 == 0 && journal_extend(&h, 1))
		nr++;
	for (i = 0; i < nr; i++, at = (at + 1 + fake_random() % 2) % NR_USED)
		if (fake_random() % 4 == 0)
			free_block(&h, at);
		else
			change_block(&h, at);
	if (fs.data_in_log)
		journal_promise_data(&h, h.credits);
	/* What journal_begin of the next one commits ends here. */
	note_end(journal_running(fs.j));
	journal_end(&h);
	return 0;
}

static int
work(u32 nr_transactions, u32 nr_blocks)
{
	u32 i, left;
	int err = 0;

	for (i = 0; i < nr_transactions && err == 0; i++) {
		for (left = fake_random() % 6; left > 0 && err == 0; left--)
			err = some_change(1 + fake_random() % nr_blocks);
		if (err == 0)
			err = journal_commit(fs.j, journal_running(fs.j));
	}
	return err;
}

/* ---- crashes ------------------------------------------------------------ */

static u8 durable[DISK_BYTES], theirs[DISK_BYTES];

static bool
has_state(const u8 *image, const struct state *s)
{
	u8 want[BLOCK];
	u32 i;

	for (i = 0; i < NR_USED; i++) {
		if (s->version[i] == 0)
			continue;
		fill(want, s->version[i]);
		if (memcmp(want, image + (FIRST_BLOCK + i) * BLOCK, BLOCK) != 0)
			return false;
	}
	return true;
}

/* Sets or clears ext3's sign that its journal has something. */
static void
set_needs_recovery(u8 *image, bool needs)
{
	u8 *incompat = image + 1024 + 96;

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
	assert_int_equal(fwrite(image, 1, DISK_BYTES, f), DISK_BYTES);
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
	assert_int_equal(fread(image, 1, DISK_BYTES, f), DISK_BYTES);
	fclose(f);
}

/* What e2fsck makes of an image; its exit status. */
static int
recover_by_e2fsck(u8 *image)
{
	int status;

	set_needs_recovery(image, true);
	put_image(image);
	status = run("timeout 10 e2fsck -E journal_only -y img >out 2>&1");
	get_image(image);
	return status >> 8;
}

/*
 * The first block that differs.  ext3's own superblock does by design: e2fsck
 * clears the sign that there is something, and notes when.
 */
static s64
first_difference(const u8 *a, const u8 *b)
{
	u32 i;

	for (i = 0; i < NR_BLOCKS; i++)
		if (i != SUPER &&
		    memcmp(a + i * BLOCK, b + i * BLOCK, BLOCK) != 0)
			return i;
	return -1;
}

/*
 * An image after a crash, in bytes, recovered: it is the end of transaction
 * last, or of the next one if that has begun to be written.
 */
static void
check_crash(u32 nr_log, u32 last, bool with_e2fsck)
{
	u32 end = last - fs.first_number;
	bool replayed, dirty;
	int err;

	dirty = ((struct journal_super *)(bytes + log_blocks[0] * BLOCK))
		    ->start.raw != 0;
	memcpy(theirs, bytes, DISK_BYTES);
	err = journal_recover(&disk, BLOCK, log_blocks, nr_log, &replayed);
	assert_int_equal(err, 0);
	assert_int_equal(replayed, dirty);
	if (!has_state(bytes, fs.ends[end])) {
		assert_true(end + 1 < fs.nr_ends);
		assert_true(has_state(bytes, fs.ends[end + 1]));
	}
	/* e2fsck passes over a number that it has not seen used. */
	if (!with_e2fsck || !dirty)
		return;
	assert_true(recover_by_e2fsck(theirs) <= 1);
	assert_int_equal(first_difference(bytes, theirs), -1);
}

/* Half of the sectors of a write, or all of it, or nothing. */
static void
write_part(u8 *image, const struct event *e)
{
	u32 which = fake_random() % 4, i;

	for (i = 0; i < BLOCK / SECTOR_BYTES; i++)
		if (which == 0 || (which == 1 && fake_random() % 2))
			memcpy(image + e->block * BLOCK + i * SECTOR_BYTES,
			    e->data + i * SECTOR_BYTES, SECTOR_BYTES);
}

/* Cut off with any part of the writes [from, to) and all before them. */
static void
crash_between(u32 nr_log, u32 from, u32 to, u32 last, bool with_e2fsck)
{
	u32 i;

	memcpy(bytes, durable, DISK_BYTES);
	for (i = from; i < to; i++)
		if (events[i].kind == EVENT_WRITE)
			write_part(bytes, &events[i]);
	check_crash(nr_log, last, with_e2fsck);
}

struct counts {
	u32 crashes, compared;
};

/*
 * Each flush, and tries parts of what is written until the next; every other
 * one of `compare` is given to e2fsck too.
 */
static struct counts
crash_everywhere(u32 nr_log, u32 tries, u32 compare)
{
	u32 last = fs.first_number, from = 0, to, i;
	struct counts n = {0, 0};

	recording = false;
	memcpy(durable, good, DISK_BYTES);
	while (from < nr_events) {
		for (to = from; to < nr_events; to++)
			if (events[to].kind == EVENT_FLUSH)
				break;
		for (i = 0; i < tries; i++) {
			bool with = n.crashes % compare == 0;

			crash_between(nr_log, from, to, last, with);
			n.crashes++;
			n.compared += with;
		}
		for (i = from; i < to; i++)
			if (events[i].kind == EVENT_WRITE)
				memcpy(durable + events[i].block * BLOCK,
				    events[i].data, BLOCK);
		from = to + 1;
		/* Who is told so after this flush knew no earlier. */
		for (i = from; i < nr_events && events[i].kind != EVENT_FLUSH;
		     i++)
			if (events[i].kind == EVENT_COMMITTED)
				last = events[i].number;
		memcpy(bytes, durable, DISK_BYTES);
		check_crash(nr_log, last, false);
		n.crashes++;
	}
	return n;
}

/* The log's length as its superblock says. */
static void
use_log(u32 nr_log)
{
	struct journal_super *sb =
	    (struct journal_super *)(good + log_blocks[0] * BLOCK);

	sb->nr_blocks = be32_make(nr_log);
	memcpy(bytes, good, DISK_BYTES);
	forget_events();
	most_pending = 0;
	writes_left = reads_left = ~0ul;
}

/* ---- tests of what is whole --------------------------------------------- */

static void
crash_test(u32 nr_log, u32 nr_transactions, u32 nr_blocks, bool data_in_log)
{
	struct counts n;
	size_t before = fake_nr_allocated();

	use_log(nr_log);
	recording = true;
	assert_int_equal(open_fs(log_blocks, nr_log), 0);
	fs.data_in_log = data_in_log;
	assert_int_equal(work(nr_transactions, nr_blocks), 0);
	n = crash_everywhere(nr_log, 2, 16);
	assert_true(n.crashes > 100);
	assert_true(n.compared > 5);
	assert_int_equal(fs.nr_aborted, 0);
	assert_int_equal(close_fs(), 0);
	assert_int_equal(fake_nr_allocated(), before);
	print_message("# %u crashes, %u given to e2fsck, %u transactions, at "
		      "most %u requests under way\n",
	    n.crashes, n.compared, fs.nr_committed, most_pending);
}

static void
test_large_log(void **state)
{
	(void)state;
	fake_random_seed(1);
	crash_test(NR_LOG, 40, 60, false);
}

static void
test_small_log(void **state)
{
	(void)state;
	fake_random_seed(2);
	crash_test(61, 60, 14, false);
}

static void
test_data_in_log(void **state)
{
	(void)state;
	fake_random_seed(3);
	crash_test(200, 50, 20, true);
}

/* ---- the disk is made --------------------------------------------------- */

/* Block numbers of inode 8, which is the journal. */
static void
find_log(void)
{
	u32 table, i, n = 0, ptr[NR_LOG], two[BLOCK / 4], one[BLOCK / 4];
	const u8 *inode;

	memcpy(&table, good + 2 * BLOCK + 8, sizeof(table));
	inode = good + table * BLOCK + 7 * *(u16 *)(good + 1024 + 88);
	memcpy(ptr, inode + 40, 15 * sizeof(u32));
	for (i = 0; i < 12; i++)
		log_blocks[n++] = ptr[i];
	memcpy(one, good + ptr[12] * BLOCK, BLOCK);
	for (i = 0; i < BLOCK / 4; i++)
		log_blocks[n++] = one[i];
	memcpy(two, good + ptr[13] * BLOCK, BLOCK);
	for (i = 0; n < NR_LOG; i++) {
		if (i % (BLOCK / 4) == 0)
			memcpy(one, good + two[i / (BLOCK / 4)] * BLOCK, BLOCK);
		log_blocks[n++] = one[i % (BLOCK / 4)];
	}
}

static int
make_disk(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL ||
	    run("mke2fs -q -F -t ext3 -b 1024 -J size=1 -N 32 img 2560 "
		">out 2>&1") != 0)
		return -1;
	get_image(good);
	find_log();
	buf_init();
	return 0;
}

static int
remove_disk(void **state)
{
	char command[64];

	(void)state;
	forget_events();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_large_log),
	    cmocka_unit_test(test_small_log),
	    cmocka_unit_test(test_data_in_log),
	};

	return cmocka_run_group_tests(tests, make_disk, remove_disk);
}
