/*
 * Recovery of journals that nobody wrote so: damaged anywhere, made to lead in
 * circles, of forms that we don't know; with errors of the disk and without
 * memory.  Whatever e2fsck takes for good must come out as its bytes.
 */
/* links: fs/journal.c fs/journal_io.c fs/journal_log.c fs/buf.c */
/* links: lib/xmap.c ../tests/host/fake_kernel.c */
/* links: ../tests/host/fake_recorder.c */
#include "fake_recorder.h"

#include <string.h>

#include "fs/journal.h"
#include "lib/errno.h"

#define NR_LOG  61u
#define DAMAGED 4000u

static u8 dirty[REC_BYTES];

/* ---- a log with something in it ----------------------------------------- */

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

/* A change of four blocks, one of which may be escaped, and two freed ones. */
static void
change(struct journal *j, u32 at)
{
	be32 magic = be32_make(JOURNAL_MAGIC);
	struct handle h;
	struct buf *b;
	u32 i;

	assert_int_equal(journal_begin(j, 4, &h), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(
		    buf_get(&rec_disk, REC_FREE + at + i, REC_BLOCK, &b), 0);
		journal_change(&h, b);
		memset(b->data, (int)(at + i), REC_BLOCK);
		if (i == 3)
			memcpy(b->data, &magic, sizeof(magic));
		buf_put(b);
	}
	assert_int_equal(journal_revoke(&h, REC_FREE + at), 0);
	assert_int_equal(journal_revoke(&h, REC_FREE + at + 40), 0);
	journal_end(&h);
	assert_int_equal(journal_commit(j, journal_running(j)), 0);
}

static void
make_dirty(void)
{
	struct journal_params p = {
	    .dev = &rec_disk,
	    .block_bytes = REC_BLOCK,
	    .log = rec_log,
	    .nr_log = NR_LOG,
	    .ops = &ops,
	};
	struct journal *j;
	u32 i;

	rec_fresh(NR_LOG);
	assert_int_equal(journal_open(&p, &j), 0);
	/* All but the first are in the log, of which half is less than full. */
	for (i = 0; i < 3; i++)
		change(j, i);
	memcpy(dirty, rec_bytes, REC_BYTES);
	assert_int_equal(journal_close(j), 0);
	buf_forget(&rec_disk);
}

static int
recover(void)
{
	bool replayed;

	return journal_recover(
	    &rec_disk, REC_BLOCK, rec_log, NR_LOG, &replayed);
}

static void
use_dirty(void)
{
	memcpy(rec_bytes, dirty, REC_BYTES);
	assert_true(rec_super()->start.raw != 0);
}

/* ---- damage ------------------------------------------------------------- */

static u8 *
log_block(u32 index)
{
	return rec_bytes + rec_log[index] * REC_BLOCK;
}

static u32
bad_number(void)
{
	switch (fake_random() % 8) {
	case 0:
		return 0;
	case 1:
		return ~0u;
	case 2:
		return fake_random() % 16;
	case 3:
		return fake_random() % (REC_BLOCKS + 4);
	case 4:
		return 1u << fake_random() % 32;
	case 5:
		return JOURNAL_MAGIC;
	case 6:
		return rec_log[fake_random() % NR_LOG];
	default:
		return fake_random();
	}
}

/* A block of the log at another place, as of another transaction. */
static void
copy_block(void)
{
	u32 to = 1 + fake_random() % (NR_LOG - 1);
	struct journal_head *head = (struct journal_head *)log_block(to);

	memcpy(head, log_block(1 + fake_random() % 20), REC_BLOCK);
	if (fake_random() % 2)
		head->sequence = be32_make(1 + fake_random() % 6);
	if (fake_random() % 4 == 0)
		head->type = be32_make(fake_random() % 7);
}

/* The superblock has many ways to be refused at once. */
static u32
block_to_damage(void)
{
	return fake_random() % 16 == 0 ? 0 : 1 + fake_random() % 30;
}

static void
damage(void)
{
	u32 nr = 1 + fake_random() % 6;

	while (nr-- > 0) {
		be32 value = be32_make(bad_number());
		u8 *block = log_block(block_to_damage());
		u32 at = fake_random() % 20 * sizeof(value);

		switch (fake_random() % 4) {
		case 0:
			copy_block();
			break;
		case 1:
			block[fake_random() % 64] ^= 1u << fake_random() % 8;
			break;
		case 2:
			memcpy(block + at, &value, sizeof(value));
			break;
		default:
			memcpy(block + at, (u8 *)&value + 2, 2);
			break;
		}
	}
}

static void
test_damaged(void **state)
{
	static u8 theirs[REC_BYTES];
	u32 i, recovered = 0, compared = 0;
	size_t before = fake_nr_allocated();

	(void)state;
	for (i = 0; i < DAMAGED; i++) {
		bool compare = i % 64 == 0;
		int err;

		fake_random_seed(i);
		use_dirty();
		damage();
		if (compare)
			compare = rec_e2fsck(theirs);
		err = recover();
		assert_true(err == 0 || err == -EIO || err == -EINVAL);
		assert_int_equal(fake_nr_allocated(), before);
		recovered += err == 0;
		if (err < 0 || !compare)
			continue;
		if (rec_super()->start.raw == 0)
			assert_int_equal(rec_first_difference(theirs), -1);
		compared++;
	}
	print_message("# %u damaged, %u recovered, %u compared with e2fsck\n",
	    DAMAGED, recovered, compared);
	assert_true(recovered > DAMAGED / 4 && recovered < DAMAGED);
	assert_true(compared > 10);
}

/* Every block of the log is a descriptor of the same transaction. */
static void
test_circle(void **state)
{
	struct journal_head head = {
	    .magic = be32_make(JOURNAL_MAGIC),
	    .type = be32_make(JOURNAL_DESCRIPTOR),
	};
	u32 i, tags;

	(void)state;
	for (tags = 0; tags < 3; tags++) {
		use_dirty();
		head.sequence = rec_super()->sequence;
		for (i = 1; i < NR_LOG; i++) {
			memset(log_block(i), 0, REC_BLOCK);
			memcpy(log_block(i), &head, sizeof(head));
			log_block(i)[sizeof(head) + 8 * tags + 7] =
			    JOURNAL_TAG_LAST | JOURNAL_TAG_SAME_UUID;
		}
		assert_int_equal(recover(), 0);
		use_dirty();
		/* And of revoke blocks. */
		head.type = be32_make(JOURNAL_REVOKE);
		for (i = 1; i < NR_LOG; i++)
			memcpy(log_block(i), &head, sizeof(head));
		assert_int_equal(recover(), 0);
		head.type = be32_make(JOURNAL_DESCRIPTOR);
	}
}

/* J14: a transaction has a block and revokes it as well. */
static void
test_revoked_by_itself(void **state)
{
	static u8 theirs[REC_BYTES];
	/* The last of three transactions of six blocks. */
	u8 *revoke = log_block(13), *descriptor = log_block(14);

	(void)state;
	use_dirty();
	assert_int_equal(revoke[7], JOURNAL_REVOKE);
	assert_int_equal(descriptor[7], JOURNAL_DESCRIPTOR);
	/* The first tag's block is the first that is revoked. */
	memcpy(revoke + sizeof(struct journal_revoke_head),
	    descriptor + sizeof(struct journal_head), sizeof(be32));
	assert_true(rec_e2fsck(theirs));
	assert_int_equal(recover(), 0);
	assert_int_equal(rec_first_difference(theirs), -1);
}

/* What is committed leads off the disk: nothing at all is written. */
static void
test_beyond(void **state)
{
	static u8 before[REC_BYTES];
	be32 block = be32_make(REC_BLOCKS);
	u32 i;

	(void)state;
	for (i = 1; i < NR_LOG; i++) {
		struct journal_head *head = (struct journal_head *)log_block(i);

		use_dirty();
		if (be32_get(head->magic) != JOURNAL_MAGIC ||
		    be32_get(head->type) != JOURNAL_DESCRIPTOR)
			continue;
		memcpy(head + 1, &block, sizeof(block));
		memcpy(before, rec_bytes, REC_BYTES);
		assert_int_equal(recover(), -EIO);
		assert_int_equal(rec_first_difference(before), -1);
	}
}

/* ---- errors ------------------------------------------------------------- */

/* Each recovery of a log, empty or not, passes over a number. */
static void
check_recovered(const u8 *whole)
{
	be32 number = ((struct journal_super *)(whole + rec_log[0] * REC_BLOCK))
			  ->sequence;

	assert_int_equal(recover(), 0);
	assert_true(be32_get(rec_super()->sequence) - be32_get(number) <= 1);
	rec_super()->sequence = number;
	assert_int_equal(rec_first_difference(whole), -1);
}

/* With each read, write and allocation that fails, and then once more. */
static void
test_errors(void **state)
{
	static u8 whole[REC_BYTES];
	size_t before = fake_nr_allocated();
	u64 n, nr_errors = 0;

	(void)state;
	use_dirty();
	assert_int_equal(recover(), 0);
	memcpy(whole, rec_bytes, REC_BYTES);
	for (n = 0; n < 100; n++) {
		use_dirty();
		rec_reads_left = n;
		nr_errors += recover() == -EIO;
		rec_reads_left = ~0ul;
		check_recovered(whole);
		use_dirty();
		rec_writes_left = n;
		nr_errors += recover() == -EIO;
		rec_writes_left = ~0ul;
		check_recovered(whole);
		use_dirty();
		fake_fail_after(n);
		nr_errors += recover() == -ENOMEM;
		fake_fail_after(FAKE_NEVER);
		check_recovered(whole);
		assert_int_equal(fake_nr_allocated(), before);
	}
	assert_true(nr_errors > 30 && nr_errors < 250);
}

/* ---- forms -------------------------------------------------------------- */

static int
open_log(void)
{
	struct journal_params p = {
	    .dev = &rec_disk,
	    .block_bytes = REC_BLOCK,
	    .log = rec_log,
	    .nr_log = NR_LOG,
	    .ops = &ops,
	};
	struct journal *j;
	int err = journal_open(&p, &j);

	if (err == 0)
		err = journal_close(j);
	return err;
}

static void
check_refused(void)
{
	assert_int_equal(recover(), -EINVAL);
	assert_int_equal(open_log(), -EINVAL);
	use_dirty();
}

static void
test_forms(void **state)
{
	struct journal_super *s = rec_super();
	u32 bit, i;

	(void)state;
	use_dirty();
	/* Not recovered yet. */
	assert_int_equal(open_log(), -EINVAL);
	for (bit = 1; bit < 32; bit++) {
		s->incompat = be32_make(1u << bit);
		check_refused();
	}
	s->compat = be32_make(1);
	check_refused();
	s->ro_compat = be32_make(1);
	check_refused();
	s->head.magic = be32_make(0);
	check_refused();
	s->head.type = be32_make(JOURNAL_COMMIT);
	check_refused();
	s->block_bytes = be32_make(2 * REC_BLOCK);
	check_refused();
	s->nr_blocks = be32_make(NR_LOG + 1);
	check_refused();
	s->nr_blocks = be32_make(JOURNAL_MIN_BLOCKS - 1);
	check_refused();
	s->first = be32_make(0);
	check_refused();
	s->first = be32_make(NR_LOG);
	check_refused();
	s->start = be32_make(NR_LOG);
	check_refused();
	s->first = be32_make(3);
	s->start = be32_make(2);
	check_refused();
	s->nr_users = be32_make(2);
	check_refused();
	for (i = 0; i < 2; i++) {
		u32 was = rec_log[7];

		rec_log[7] = i == 0 ? 0 : REC_BLOCKS;
		check_refused();
		rec_log[7] = was;
	}
	/* The first version has no features, whatever lies there. */
	s->head.type = be32_make(JOURNAL_SUPER_V1);
	s->incompat = be32_make(0xffff);
	assert_int_equal(recover(), 0);
	assert_int_equal(open_log(), 0);
}

static int
make(void **state)
{
	int err = rec_make(state);

	if (err == 0)
		make_dirty();
	return err;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_circle),
	    cmocka_unit_test(test_revoked_by_itself),
	    cmocka_unit_test(test_beyond),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, make, rec_remove);
}
