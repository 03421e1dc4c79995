#include "fake.h"

#include <string.h>

#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/signal_queue.h"

/* The ABI's numbers; <signal.h> of the host would fight with ours. */
#include <asm/siginfo.h>
#include <asm/signal.h>

#define EVERY ((struct sigset){~0ul})

void *
kmalloc(size_t len_bytes)
{
	return fake_alloc(len_bytes);
}

/* Only queue items are allocated here. */
void
kfree(void *p)
{
	fake_free(p, sizeof(struct list) + sizeof(struct sig_info));
}

struct fixture {
	struct sigqueue q;
	struct sigquota quota;
};

static struct fixture
fixture(u64 limit)
{
	struct fixture f = {.quota.limit = limit};

	return f;
}

static int
put(struct fixture *f, int signo, int code, u64 value)
{
	struct sig_info info = {
	    .signo = signo, .code = code, .from.value = value};

	return sigqueue_put(&f->q, &info, &f->quota);
}

static void
expect(struct fixture *f, int signo, int code, u64 value)
{
	struct sig_info info;

	assert_int_equal(sigqueue_take(&f->q, EVERY, &info, &f->quota), signo);
	assert_int_equal(info.signo, signo);
	assert_int_equal(info.code, code);
	assert_int_equal(info.from.value, value);
}

static void
expect_empty(struct fixture *f)
{
	struct sig_info info;

	assert_int_equal(sigqueue_take(&f->q, EVERY, &info, &f->quota), 0);
	assert_true(sigset_empty(f->q.set));
	assert_true(list_empty(&f->q.items));
	assert_int_equal(f->quota.used, 0);
	assert_int_equal(fake_nr_allocated(), 0);
}

static void
test_standard_coalesce(void **state)
{
	struct fixture f = fixture(10);

	(void)state;
	sigqueue_init(&f.q);
	assert_int_equal(put(&f, SIGUSR1, SI_USER, 1), 0);
	assert_int_equal(put(&f, SIGUSR1, SI_USER, 2), 0);
	assert_int_equal(f.quota.used, 1);
	expect(&f, SIGUSR1, SI_USER, 1);
	expect_empty(&f);
}

static void
test_real_time_queue_in_order(void **state)
{
	struct fixture f = fixture(10);
	u64 i;

	(void)state;
	sigqueue_init(&f.q);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(put(&f, 40, SI_QUEUE, i), 0);
		assert_int_equal(put(&f, 35, SI_QUEUE, i * 10), 0);
	}
	for (i = 1; i <= 3; i++)
		expect(&f, 35, SI_QUEUE, i * 10);
	for (i = 1; i <= 3; i++)
		expect(&f, 40, SI_QUEUE, i);
	expect_empty(&f);
}

static void
test_faults_first(void **state)
{
	struct fixture f = fixture(10);

	(void)state;
	sigqueue_init(&f.q);
	assert_int_equal(put(&f, SIGHUP, SI_USER, 1), 0);
	assert_int_equal(put(&f, SIGSEGV, 1, 2), 0);
	assert_int_equal(put(&f, 64, SI_QUEUE, 3), 0);
	expect(&f, SIGSEGV, 1, 2);
	expect(&f, SIGHUP, SI_USER, 1);
	expect(&f, 64, SI_QUEUE, 3);
	expect_empty(&f);
}

static void
test_mask(void **state)
{
	struct fixture f = fixture(10);
	struct sig_info info;

	(void)state;
	sigqueue_init(&f.q);
	assert_int_equal(put(&f, SIGUSR1, SI_USER, 1), 0);
	assert_int_equal(
	    sigqueue_take(&f.q, sigset_of(SIGUSR2), &info, &f.quota), 0);
	assert_int_equal(
	    sigqueue_take(&f.q, sigset_of(SIGUSR1), &info, &f.quota), SIGUSR1);
	expect_empty(&f);
}

/* kill falls back to the number alone, sigqueue fails. */
static void
test_quota(void **state)
{
	struct fixture f = fixture(2);

	(void)state;
	sigqueue_init(&f.q);
	assert_int_equal(put(&f, 40, SI_QUEUE, 1), 0);
	assert_int_equal(put(&f, 40, SI_QUEUE, 2), 0);
	assert_int_equal(put(&f, 40, SI_QUEUE, 3), -EAGAIN);
	assert_int_equal(put(&f, 41, SI_QUEUE, 3), -EAGAIN);
	assert_int_equal(put(&f, 42, SI_USER, 4), 0);
	assert_int_equal(put(&f, SIGUSR1, SI_QUEUE, 5), 0);
	assert_int_equal(put(&f, SIGUSR2, SI_USER, 6), 0);
	assert_int_equal(f.quota.used, 3);
	expect(&f, SIGUSR1, SI_USER, 0);
	expect(&f, SIGUSR2, SI_USER, 6);
	expect(&f, 40, SI_QUEUE, 1);
	expect(&f, 40, SI_QUEUE, 2);
	expect(&f, 42, SI_USER, 0);
	expect_empty(&f);
}

static void
test_no_memory(void **state)
{
	struct fixture f = fixture(10);

	(void)state;
	sigqueue_init(&f.q);
	fake_fail_after(0);
	assert_int_equal(put(&f, SIGTERM, SI_USER, 1), 0);
	assert_int_equal(put(&f, 40, SI_QUEUE, 2), -EAGAIN);
	fake_fail_after(FAKE_NEVER);
	expect(&f, SIGTERM, SI_USER, 0);
	expect_empty(&f);
}

static void
test_kill_has_no_item(void **state)
{
	struct fixture f = fixture(10);

	(void)state;
	sigqueue_init(&f.q);
	assert_int_equal(put(&f, SIGKILL, SI_USER, 7), 0);
	assert_int_equal(f.quota.used, 0);
	expect(&f, SIGKILL, SI_USER, 0);
	expect_empty(&f);
}

static void
test_discard(void **state)
{
	struct fixture f = fixture(10);
	struct sigset some = sigset_or(sigset_of(40), sigset_of(SIGTSTP));

	(void)state;
	sigqueue_init(&f.q);
	assert_int_equal(put(&f, 40, SI_QUEUE, 1), 0);
	assert_int_equal(put(&f, SIGTSTP, SI_USER, 2), 0);
	assert_int_equal(put(&f, 40, SI_QUEUE, 3), 0);
	assert_int_equal(put(&f, 41, SI_QUEUE, 4), 0);
	sigqueue_discard(&f.q, some, &f.quota);
	expect(&f, 41, SI_QUEUE, 4);
	expect_empty(&f);
	sigqueue_discard(&f.q, EVERY, &f.quota);
	expect_empty(&f);
}

static void
test_sets(void **state)
{
	struct sigset s = {0};

	(void)state;
	assert_false(signo_valid(0));
	assert_true(signo_valid(1));
	assert_true(signo_valid(64));
	assert_false(signo_valid(65));
	assert_false(signo_valid(-1));
	sigset_add(&s, 64);
	assert_int_equal(s.bits, 1ul << 63);
	assert_true(sigset_has(s, 64));
	sigset_add(&s, 1);
	assert_int_equal(sigset_first(s), 1);
	sigset_del(&s, 1);
	assert_int_equal(sigset_first(s), 64);
	assert_int_equal(sigqueue_first((struct sigset){0}), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sets),
	    cmocka_unit_test(test_standard_coalesce),
	    cmocka_unit_test(test_real_time_queue_in_order),
	    cmocka_unit_test(test_faults_first),
	    cmocka_unit_test(test_mask),
	    cmocka_unit_test(test_quota),
	    cmocka_unit_test(test_no_memory),
	    cmocka_unit_test(test_kill_has_no_item),
	    cmocka_unit_test(test_discard),
	};

	return cmocka_run_group_tests_name("signal_queue", tests, NULL, NULL);
}
