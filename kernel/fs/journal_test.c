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
/* links: ../tests/host/fake_recorder.c */
#include "fake_recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/journal.h"
#include "lib/errno.h"
#include "mm/frame.h"

/* ---- a file system ------------------------------------------------------ */

#define NR_USED     400u
#define MAX_NUMBERS 2000u
#define COMPARED    64u /* one of so many crashes is, with e2fsck */

/*
 * What a block has: 0 nothing that matters, else what its bytes are made of.
 * The transactions' ends are kept, to be compared with.
 */
struct state {
	u32 version[NR_USED];
	bool data[NR_USED]; /* a file's: not in the journal */
};

static struct fs {
	struct journal *j;
	struct state now, *ends[MAX_NUMBERS]; /* by number, less first_number */
	u32 first_number, nr_ends;
	u32 next_version;
	bool unwritten[NR_USED]; /* the same, and not on the disk yet */
	bool freed[NR_USED];     /* in the running transaction */
	bool data_in_log;
	u32 nr_aborted, nr_committed;
	u64 requests_at_abort;
} fs;

/* One in four looks like a block of the log. */
static void
fill(u8 *data, u32 version)
{
	be32 magic = be32_make(JOURNAL_MAGIC);
	u32 i;

	for (i = 0; i < REC_BLOCK; i += sizeof(u32)) {
		u32 word = version * 0x9e3779b9u + i;

		memcpy(data + i, &word, sizeof(word));
	}
	memcpy(data + REC_BLOCK - sizeof(version), &version, sizeof(version));
	if (version % 4 == 0)
		memcpy(data, &magic, sizeof(magic));
	if (version % 8 == 0)
		data[7] = version / 8 % 6; /* and a type */
}

static int
write_in_place(u32 i)
{
	u8 data[REC_BLOCK];

	fill(data, fs.now.version[i]);
	return rec_write(REC_FREE + i, data);
}

static int
write_in_log(u32 i)
{
	struct buf *b;
	int err = buf_get_new(&rec_disk, REC_FREE + i, REC_BLOCK, &b);

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
	/* J5 */
	if (rec_nr_events > 0)
		assert_int_equal(rec_events[rec_nr_events - 1].kind, REC_FLUSH);
	rec_note_told(journal_running(fs.j) - 1);
}

static void
aborted(void *arg, int err)
{
	(void)arg;
	assert_true(err < 0);
	fs.nr_aborted++;
	fs.requests_at_abort = rec_nr_requests;
}

static const struct journal_ops ops = {
    .write_data = write_all_data,
    .committed = committed,
    .aborted = aborted,
};

/* nr_log 0: without a log.  from: what is on the disk. */
static int
open_fs(u32 nr_log, const struct state *from)
{
	struct journal_params p = {
	    .dev = &rec_disk,
	    .block_bytes = REC_BLOCK,
	    .log = nr_log > 0 ? rec_log : NULL,
	    .nr_log = nr_log,
	    .ops = &ops,
	};
	static u32 next_version = 1;
	int err;

	next_version = MAX(next_version, fs.next_version);
	memset(&fs, 0, sizeof(fs));
	fs.next_version = next_version;
	if (from != NULL)
		fs.now = *from;
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

	buf_forget(&rec_disk);
	return err;
}

static void
forget_ends(void)
{
	u32 i;

	for (i = 0; i < MAX_NUMBERS; i++) {
		free(fs.ends[i]);
		fs.ends[i] = NULL;
	}
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
		fs.now.data[i] = fake_random() % 3 == 0;
	} else if (fs.now.data[i]) {
		/* It may be written in place only while nobody needs it. */
		if (fs.unwritten[i] || fs.data_in_log)
			fs.now.version[i] = version;
		fs.unwritten[i] |= fs.data_in_log;
		return;
	} else {
		assert_int_equal(
		    buf_get(&rec_disk, REC_FREE + i, REC_BLOCK, &b), 0);
		journal_change(h, b);
		fs.now.version[i] = version;
		fill(b->data, version);
		buf_put(b);
		return;
	}
	fs.now.version[i] = version;
	if (fs.now.data[i]) {
		fs.unwritten[i] = true;
		return;
	}
	err = buf_get_new(&rec_disk, REC_FREE + i, REC_BLOCK, &b);
	assert_int_equal(err, 0);
	assert_int_equal(b->data[REC_BLOCK - 1], 0);
	journal_change(h, b);
	fill(b->data, version);
	buf_put(b);
}

static void
free_block(struct handle *h, u32 i)
{
	if (fs.now.version[i] == 0)
		return;
	if (!fs.now.data[i] || fs.data_in_log)
		assert_int_equal(journal_revoke(h, REC_FREE + i), 0);
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

static bool
is_state(const struct state *s)
{
	u8 want[REC_BLOCK];
	u32 i;

	for (i = 0; i < NR_USED; i++) {
		if (s->version[i] == 0)
			continue;
		fill(want, s->version[i]);
		if (memcmp(want, rec_bytes + (REC_FREE + i) * REC_BLOCK,
			REC_BLOCK) != 0)
			return false;
	}
	return true;
}

/*
 * The disk is recovered: it is the end of transaction last, or of the next one
 * if that has begun to be written.  Which.
 */
static const struct state *
which_end(u32 last)
{
	u32 end = last - fs.first_number;

	if (is_state(fs.ends[end]))
		return fs.ends[end];
	assert_true(end + 1 < fs.nr_ends);
	assert_true(is_state(fs.ends[end + 1]));
	return fs.ends[end + 1];
}

/* The last one that somebody was told of before an event. */
static u32
last_told(u32 event)
{
	u32 last = fs.first_number, i;

	for (i = 0; i < event; i++)
		if (rec_events[i].kind == REC_TOLD)
			last = rec_events[i].number;
	return last;
}

static void
recover(u32 nr_log)
{
	bool dirty = rec_super()->start.raw != 0, replayed;

	assert_int_equal(
	    journal_recover(&rec_disk, REC_BLOCK, rec_log, nr_log, &replayed),
	    0);
	assert_int_equal(replayed, dirty);
}

struct counts {
	u32 crashes, compared;
};

/* Recovers, and compares with e2fsck. */
static void
check_crash(u32 nr_log, u32 last, struct counts *n)
{
	static u8 theirs[REC_BYTES];
	bool compare = n->crashes++ % COMPARED == 0;

	if (compare)
		assert_true(rec_e2fsck(theirs));
	recover(nr_log);
	(void)which_end(last);
	if (!compare)
		return;
	assert_int_equal(rec_first_difference(theirs), -1);
	n->compared++;
}

static u32
next_flush(u32 from)
{
	while (from < rec_nr_events && rec_events[from].kind != REC_FLUSH)
		from++;
	return from;
}

/* At each flush, and `tries` times in the writes before it. */
static struct counts
crash_everywhere(u32 nr_log, u32 tries)
{
	struct counts n = {0, 0};
	u32 from = 0, to, i;

	rec_stop();
	while (from < rec_nr_events) {
		to = next_flush(from);
		for (i = 0; i < tries; i++) {
			rec_cut(from, to);
			check_crash(nr_log, last_told(from), &n);
		}
		rec_cut(to, to);
		check_crash(nr_log, last_told(to), &n);
		from = to + 1;
	}
	return n;
}

/* ---- tests of what is whole --------------------------------------------- */

static void
crash_test(u32 nr_log, u32 nr_transactions, u32 nr_blocks, bool data_in_log)
{
	struct counts n;
	size_t before = fake_nr_allocated();

	rec_start();
	assert_int_equal(open_fs(nr_log, NULL), 0);
	fs.data_in_log = data_in_log;
	assert_int_equal(work(nr_transactions, nr_blocks), 0);
	assert_int_equal(close_fs(), 0);
	assert_int_equal(fake_nr_allocated(), before);
	assert_int_equal(fs.nr_aborted, 0);
	assert_true(is_state(&fs.now));
	assert_int_equal(rec_super()->start.raw, 0);
	n = crash_everywhere(nr_log, 3);
	assert_true(n.crashes > 200);
	assert_true(n.compared > 1);
	assert_true(rec_most_pending > 1);
	print_message("# %u crashes, %u given to e2fsck, %u transactions, at "
		      "most %u requests under way\n",
	    n.crashes, n.compared, fs.nr_committed, rec_most_pending);
	forget_ends();
}

/* Transactions with several descriptors. */
static void
test_large_log(void **state)
{
	(void)state;
	fake_random_seed(1);
	rec_fresh(REC_LOG);
	crash_test(REC_LOG, 30, 100, false);
}

/* One that goes round many times. */
static void
test_small_log(void **state)
{
	(void)state;
	fake_random_seed(2);
	rec_fresh(61);
	/* Its transactions' numbers go round too. */
	rec_super()->sequence = be32_make(-20u);
	crash_test(61, 60, 14, false);
}

static void
test_data_in_log(void **state)
{
	(void)state;
	fake_random_seed(3);
	rec_fresh(200);
	crash_test(200, 50, 20, true);
}

/*
 * Transactions as large as they may be, so that each goes where the log was in
 * use before the last checkpoint.
 */
static void
test_full_log(void **state)
{
	struct counts n;
	u32 i;

	(void)state;
	fake_random_seed(11);
	rec_fresh(61);
	rec_start();
	assert_int_equal(open_fs(61, NULL), 0);
	for (i = 0; i < 60; i++)
		assert_int_equal(some_change(14), 0);
	assert_int_equal(close_fs(), 0);
	n = crash_everywhere(61, 20);
	assert_true(n.crashes > 1000);
	forget_ends();
}

/*
 * Crash after crash, each time recovered by us or by e2fsck and used again, or
 * no crash: the log is full of what was committed in an earlier life, or not.
 */
static void
test_many_lives(void **state)
{
	static u8 theirs[REC_BYTES];
	struct state now = {.version = {0}};
	u32 life, from, to;

	(void)state;
	fake_random_seed(4);
	rec_fresh(61);
	for (life = 0; life < 300; life++) {
		rec_start();
		assert_int_equal(open_fs(61, &now), 0);
		assert_int_equal(work(1 + fake_random() % 5, 14), 0);
		if (fake_random() % 4 == 0)
			assert_int_equal(some_change(10), 0);
		assert_int_equal(close_fs(), 0);
		rec_stop();
		if (fake_random() % 2) {
			now = fs.now;
			forget_ends();
			continue;
		}
		from = fake_random() % rec_nr_events;
		while (from > 0 && rec_events[from - 1].kind != REC_FLUSH)
			from--;
		to = next_flush(from);
		rec_cut(from, to);
		if (life % 8 == 0) {
			assert_true(rec_e2fsck(theirs));
			memcpy(rec_bytes, theirs, REC_BYTES);
		} else {
			recover(61);
		}
		now = *which_end(last_told(from));
		forget_ends();
	}
}

/* Recovery is cut off itself, and done again. */
static void
test_recovery_cut(void **state)
{
	u32 from = 0, to, last, i;

	(void)state;
	fake_random_seed(5);
	rec_fresh(61);
	rec_start();
	assert_int_equal(open_fs(61, NULL), 0);
	while (fs.j->log.used < 20)
		assert_int_equal(work(1, 14), 0);
	/* As it is after the last commit, not as close leaves it. */
	i = rec_nr_events;
	last = last_told(i);
	assert_int_equal(close_fs(), 0);
	rec_cut(i, i);
	assert_true(rec_super()->start.raw != 0);
	rec_start();
	recover(61);
	rec_stop();
	assert_true(rec_nr_events > 10);
	while (from < rec_nr_events) {
		to = next_flush(from);
		for (i = 0; i < 20; i++) {
			rec_cut(from, to);
			recover(61);
			assert_true(is_state(fs.ends[last - fs.first_number]));
		}
		from = to + 1;
	}
	forget_ends();
}

static void
test_no_log(void **state)
{
	size_t before = fake_nr_allocated();
	u32 i;

	(void)state;
	fake_random_seed(6);
	rec_fresh(REC_LOG);
	assert_int_equal(open_fs(0, NULL), 0);
	for (i = 0; i < 30; i++) {
		assert_int_equal(work(1, 30), 0);
		assert_true(is_state(&fs.now));
	}
	assert_int_equal(close_fs(), 0);
	assert_int_equal(fs.nr_aborted, 0);
	assert_int_equal(fake_nr_allocated(), before);
	forget_ends();
}

/* ---- errors ------------------------------------------------------------- */

/* The n-th write or flush fails.  False when there are fewer. */
static bool
fail_at(u64 n, u32 nr_log)
{
	struct handle h;
	int err;

	rec_fresh(nr_log > 0 ? nr_log : REC_LOG);
	rec_start();
	assert_int_equal(open_fs(nr_log, NULL), 0);
	rec_writes_left = n;
	err = work(6, 14);
	if (err < 0) {
		assert_int_equal(fs.nr_aborted, 1);
		assert_true(journal_is_aborted(fs.j));
		assert_int_equal(journal_begin(fs.j, 1, &h), -EROFS);
		assert_int_equal(
		    journal_commit(fs.j, journal_running(fs.j)), -EIO);
	}
	err = close_fs();
	rec_stop();
	assert_int_equal(err, fs.nr_aborted > 0 ? -EIO : 0);
	if (fs.nr_aborted > 0)
		/* J12 */
		assert_int_equal(rec_nr_requests, fs.requests_at_abort);
	rec_writes_left = ~0ul;
	return err < 0;
}

static void
test_write_errors(void **state)
{
	size_t before = fake_nr_allocated();
	u64 n;

	(void)state;
	for (n = 0;; n++) {
		fake_random_seed(7);
		if (!fail_at(n, 61))
			break;
		assert_int_equal(fake_nr_allocated(), before);
		recover(61);
		(void)which_end(last_told(rec_nr_events));
		forget_ends();
	}
	forget_ends();
	assert_true(n > 60);
	for (n = 0;; n++) {
		fake_random_seed(8);
		if (!fail_at(n, 0))
			break;
		assert_int_equal(fake_nr_allocated(), before);
		forget_ends();
	}
	forget_ends();
	assert_true(n > 20);
}

/* By the file system, in the middle of a change. */
static void
test_abort(void **state)
{
	struct handle h, second;
	u64 requests;
	struct buf *b;

	(void)state;
	fake_random_seed(9);
	rec_fresh(61);
	assert_int_equal(open_fs(61, NULL), 0);
	assert_int_equal(work(2, 14), 0);
	requests = rec_nr_requests;
	assert_int_equal(journal_begin(fs.j, 2, &h), 0);
	assert_int_equal(buf_get(&rec_disk, REC_FREE, REC_BLOCK, &b), 0);
	journal_change(&h, b);
	journal_abort(fs.j, -EIO);
	journal_abort(fs.j, -EIO);
	assert_int_equal(journal_begin(fs.j, 1, &second), -EROFS);
	journal_change(&h, b);
	buf_put(b);
	journal_end(&h);
	assert_int_equal(journal_commit(fs.j, journal_running(fs.j)), -EIO);
	assert_int_equal(journal_commit(fs.j, journal_running(fs.j) - 1), -EIO);
	assert_int_equal(close_fs(), -EIO);
	assert_int_equal(fs.nr_aborted, 1);
	assert_int_equal(rec_nr_requests, requests);
	forget_ends();
}

/* Whatever is missing: nothing has changed, and a commit needs nothing. */
static void
test_no_memory(void **state)
{
	size_t before = fake_nr_allocated(), n;
	struct handle h;
	int err;

	(void)state;
	fake_random_seed(10);
	rec_fresh(61);
	for (n = 0;; n++) {
		fake_fail_after(n);
		err = open_fs(61, NULL);
		fake_fail_after(FAKE_NEVER);
		if (err == 0)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(fake_nr_allocated(), before);
	}
	assert_true(n > 10);
	for (n = 0; n < 30; n++) {
		assert_int_equal(some_change(10), 0);
		fake_fail_after(0);
		assert_int_equal(
		    journal_commit(fs.j, journal_running(fs.j)), 0);
		fake_fail_after(FAKE_NEVER);
	}
	assert_int_equal(journal_begin(fs.j, 1, &h), 0);
	for (n = 0; n < 2; n++) {
		fake_fail_after(n);
		assert_int_equal(journal_revoke(&h, REC_FREE), -ENOMEM);
	}
	fake_fail_after(n);
	assert_int_equal(journal_revoke(&h, REC_FREE), 0);
	fake_fail_after(FAKE_NEVER);
	journal_end(&h);
	assert_int_equal(close_fs(), 0);
	assert_int_equal(fake_nr_allocated(), before);
	forget_ends();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_large_log),
	    cmocka_unit_test(test_small_log),
	    cmocka_unit_test(test_data_in_log),
	    cmocka_unit_test(test_full_log),
	    cmocka_unit_test(test_many_lives),
	    cmocka_unit_test(test_recovery_cut),
	    cmocka_unit_test(test_no_log),
	    cmocka_unit_test(test_write_errors),
	    cmocka_unit_test(test_abort),
	    cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, rec_make, rec_remove);
}
