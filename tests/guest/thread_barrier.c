/* membarrier: a fence on one side is enough when the other asks for both. */
#include "files.h"
#include "thread.h"

#include <linux/membarrier.h>

static long
barrier(int cmd)
{
	return raw(membarrier, cmd, 0, 0);
}

TEST(membarrier_calls)
{
	int have = must(barrier(MEMBARRIER_CMD_QUERY));

	ok(have & MEMBARRIER_CMD_GLOBAL, "there is the slow one");
	ok(have & MEMBARRIER_CMD_PRIVATE_EXPEDITED, "and the quick one");
	is(barrier(MEMBARRIER_CMD_GLOBAL), 0, "the slow one");
	is_errno(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), EPERM,
	    "the quick one without having said so");
	is(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), 0, "said so");
	is(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), 0, "the quick one");
	is(barrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED), 0, "for all");
	is(barrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED), 0, "of all");
	is_errno(barrier(1 << 30), EINVAL, "no such");
	is_errno(barrier(-1), EINVAL, "no such");
	is_errno(raw(membarrier, 0, 1 << 5, 0), EINVAL, "no such flags");
	if (fork() == 0) {
		is(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), 0,
		    "a child need not say so again");
		_exit(0);
	}
	wait(NULL);
}

/*
 * Two sides, each writes its word and reads the other's: one at least must see
 * the other's write.  One side has no fence of its own.
 */
#define ROUNDS 3000

static volatile int x, y, seen_x, seen_y;
static int turn; /* of both, counted up: whose move it is */

static void
wait_for(int nr)
{
	while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) < nr)
		sched_yield();
}

static void *
quick_side(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		wait_for(3 * i + 1);
		x = 1;
		__asm__ volatile("" ::: "memory");
		seen_y = y;
		__atomic_add_fetch(&turn, 1, __ATOMIC_ACQ_REL);
	}
	return NULL;
}

TEST(membarrier_pairs)
{
	int i, wrong = 0;
	pthread_t t;

	must(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
	t = thread_start(quick_side, NULL);
	for (i = 0; i < ROUNDS; i++) {
		x = y = 0;
		__atomic_add_fetch(&turn, 1, __ATOMIC_ACQ_REL);
		y = 1;
		wrong += barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0;
		seen_x = x;
		wait_for(3 * i + 2);
		wrong += !seen_x && !seen_y;
		__atomic_add_fetch(&turn, 1, __ATOMIC_ACQ_REL);
	}
	thread_join(t);
	is(wrong, 0, "one of them has seen the other");
}
