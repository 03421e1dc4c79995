/*
 * What a journal writes into its log, and how much fits.
 */
/* links: fs/journal.c fs/journal_io.c fs/buf.c lib/xmap.c */
/* links: ../tests/host/fake_kernel.c ../tests/host/fake_recorder.c */
#include "fake_recorder.h"

#include <string.h>

#include "fs/journal.h"
#include "lib/errno.h"

static struct journal *journal;

static int
nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void
told(void *arg)
{
	(void)arg;
}

static void
aborted(void *arg, int err)
{
	(void)arg;
	(void)err;
}

static const struct journal_ops ops = {
    .write_data = nothing, .committed = told, .aborted = aborted};

static int
open_journal(u32 nr_log)
{
	struct journal_params p = {
	    .dev = &rec_disk,
	    .block_bytes = REC_BLOCK,
	    .log = nr_log > 0 ? rec_log : NULL,
	    .nr_log = nr_log,
	    .ops = &ops,
	};

	return journal_open(&p, &journal);
}

static int
close_journal(void)
{
	int err = journal_close(journal);

	buf_forget(&rec_disk);
	return err;
}

/* J7: a block that looks like a commit is none when it lies in the log. */
static void
test_escaped(void **state)
{
	struct journal_head head = {
	    .magic = be32_make(JOURNAL_MAGIC),
	    .type = be32_make(JOURNAL_COMMIT),
	};
	u32 i, found = 0, tag = REC_FREE;
	struct handle h;
	struct buf *b;

	(void)state;
	rec_fresh(61);
	rec_start();
	assert_int_equal(open_journal(61), 0);
	assert_int_equal(journal_begin(journal, 1, &h), 0);
	assert_int_equal(buf_get_new(&rec_disk, tag, REC_BLOCK, &b), 0);
	journal_change(&h, b);
	head.sequence = be32_make(journal_running(journal));
	memcpy(b->data, &head, sizeof(head));
	memcpy(b->data + sizeof(head), &tag, sizeof(tag));
	journal_end(&h);
	assert_int_equal(journal_commit(journal, journal_running(journal)), 0);
	rec_stop();
	for (i = 0; i < rec_nr_events; i++) {
		const struct rec_event *e = &rec_events[i];

		if (e->kind != REC_WRITE ||
		    memcmp(e->data + 4, b->data + 4, sizeof(head)) != 0)
			continue;
		assert_true(e->block < REC_FREE);
		assert_int_equal(*(u32 *)e->data, 0);
		found++;
	}
	assert_int_equal(found, 1);
	assert_memory_equal(b->data, &head, sizeof(head));
	buf_put(b);
	assert_int_equal(close_journal(), 0);
	assert_memory_equal(rec_bytes + tag * REC_BLOCK, &head, sizeof(head));
}

/* ---- room --------------------------------------------------------------- */

static void
change_one(struct handle *h, u32 i)
{
	struct buf *b;

	assert_int_equal(buf_get(&rec_disk, REC_FREE + i, REC_BLOCK, &b), 0);
	journal_change(h, b);
	buf_put(b);
}

static void
test_room(void **state)
{
	u32 most, first, i;
	struct handle h, second;

	(void)state;
	rec_fresh(REC_LOG);
	assert_int_equal(open_journal(REC_LOG), 0);
	most = journal_max_credits(journal);
	assert_int_equal(most, (REC_LOG - 1) / 4);
	first = journal_running(journal);
	assert_int_equal(journal_begin(journal, most + 1, &h), -ENOSPC);
	assert_int_equal(journal_begin(journal, most - 10, &h), 0);
	assert_true(journal_extend(&h, 3));
	assert_false(journal_extend(&h, 8));
	assert_int_equal(journal_begin(journal, 7, &second), 0);
	journal_end(&second);
	for (i = 0; i < most - 7; i++)
		change_one(&h, i);
	/* It is in already, and costs nothing. */
	change_one(&h, 0);
	assert_int_equal(h.credits, 0);
	journal_end(&h);
	assert_int_equal(journal_running(journal), first);
	/* There is room for 7 more, and then for a commit first. */
	assert_int_equal(journal_begin(journal, 7, &h), 0);
	journal_end(&h);
	assert_int_equal(journal_running(journal), first);
	assert_int_equal(journal_begin(journal, 8, &h), 0);
	assert_int_equal(journal_running(journal), first + 1);
	journal_end(&h);
	assert_int_equal(close_journal(), 0);
}

/* What is promised is as good as there, after its handle has ended too. */
static void
test_room_for_data(void **state)
{
	struct handle h;
	u32 most, first;

	(void)state;
	rec_fresh(REC_LOG);
	assert_int_equal(open_journal(REC_LOG), 0);
	most = journal_max_credits(journal);
	first = journal_running(journal);
	assert_int_equal(journal_begin(journal, most, &h), 0);
	journal_promise_data(&h, most - 5);
	change_one(&h, 0);
	journal_end(&h);
	assert_int_equal(journal_begin(journal, 4, &h), 0);
	journal_end(&h);
	assert_int_equal(journal_running(journal), first);
	assert_int_equal(journal_begin(journal, 5, &h), 0);
	journal_end(&h);
	assert_int_equal(journal_running(journal), first + 1);
	assert_int_equal(journal_begin(journal, most, &h), 0);
	journal_end(&h);
	assert_int_equal(journal_running(journal), first + 1);
	assert_int_equal(close_journal(), 0);
}

/* A transaction of which nothing is left is no reason for another commit. */
static void
test_nothing_left(void **state)
{
	u32 nr_log;

	(void)state;
	for (nr_log = 0; nr_log <= REC_LOG; nr_log += REC_LOG) {
		struct handle h;

		rec_fresh(REC_LOG);
		assert_int_equal(open_journal(nr_log), 0);
		assert_int_equal(journal_begin(journal, 2, &h), 0);
		change_one(&h, 0);
		journal_promise_data(&h, 1);
		assert_int_equal(journal_revoke(&h, REC_FREE), 0);
		journal_end(&h);
		assert_int_equal(journal->nr_changed, 0);
		assert_true(journal->since_ns != 0);
		assert_int_equal(
		    journal_commit(journal, journal_running(journal)), 0);
		assert_true(journal->since_ns == 0);
		assert_int_equal(journal->promised, 0);
		assert_int_equal(close_journal(), 0);
	}
}

static void
test_room_for_revokes(void **state)
{
	u32 most = (REC_LOG - 1) / 8 * 252, first, i;
	struct handle h;

	(void)state;
	rec_fresh(REC_LOG);
	assert_int_equal(open_journal(REC_LOG), 0);
	first = journal_running(journal);
	assert_int_equal(journal_begin(journal, 1, &h), 0);
	for (i = 0; i < most; i++)
		assert_int_equal(journal_revoke(&h, i), 0);
	assert_int_equal(journal_revoke(&h, i), -ENOSPC);
	change_one(&h, 0);
	journal_end(&h);
	/* The next one has the room that it may count on. */
	assert_int_equal(journal_begin(journal, 1, &h), 0);
	assert_int_equal(journal_running(journal), first + 1);
	for (i = 0; i < most / 2; i++)
		assert_int_equal(journal_revoke(&h, i), 0);
	journal_end(&h);
	assert_int_equal(close_journal(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_escaped),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_room_for_data),
	    cmocka_unit_test(test_room_for_revokes),
	    cmocka_unit_test(test_nothing_left),
	};

	return cmocka_run_group_tests(tests, rec_make, rec_remove);
}
