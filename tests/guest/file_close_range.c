/* close_range: many descriptors in one call. */
#include "files.h"

#include <linux/close_range.h>
#include <sched.h>

#define FIRST 10
#define LAST  19

static void
open_all(void)
{
	for (int i = FIRST; i <= LAST; i++)
		must(dup2(0, i));
}

/* The open ones among FIRST…LAST, as bits. */
static unsigned int
open_bits(void)
{
	unsigned int bits = 0;

	for (int i = FIRST; i <= LAST; i++)
		if (fcntl(i, F_GETFD) >= 0)
			bits |= 1U << (i - FIRST);
	return bits;
}

static void
closes(void)
{
	open_all();
	is(raw(close_range, 12, 14, 0), 0, "12 to 14");
	is(open_bits(), 0x3e3, "are closed, the ends included");
	is(raw(close_range, 12, 16, 0), 0, "a range with closed ones in it");
	is(open_bits(), 0x383, "is closed");
	is(raw(close_range, 17, 17, 0), 0, "a single one");
	is(open_bits(), 0x303, "is closed");
	is(raw(close_range, 18, ~0U, 0), 0, "all from 18 on");
	is(open_bits(), 3, "are closed");
	is(raw(close_range, 5000, ~0U, 0), 0, "a range without any");
	is(raw(close_range, ~0U, ~0U, 0), 0, "the very last number");
}

static void
marks(void)
{
	open_all();
	is(raw(close_range, 12, ~0U, CLOSE_RANGE_CLOEXEC), 0,
	    "CLOSE_RANGE_CLOEXEC");
	is(open_bits(), 0x3ff, "closes nothing");
	is(fcntl(11, F_GETFD), 0, "leaves what is outside");
	is(fcntl(12, F_GETFD), FD_CLOEXEC, "marks the first");
	is(fcntl(LAST, F_GETFD), FD_CLOEXEC, "and the last");
}

static void
refuses(void)
{
	open_all();
	is_errno(raw(close_range, 14, 12, 0), EINVAL, "a range upside down");
	is_errno(raw(close_range, 12, 14, 1), EINVAL, "flag 1");
	is_errno(raw(close_range, 12, 14, -1), EINVAL, "all flags");
	is(open_bits(), 0x3ff, "and nothing was closed");
}

static int
close_unshared(void *arg __attribute__((unused)))
{
	return raw(close_range, FIRST, ~0U, CLOSE_RANGE_UNSHARE) ||
	    open_bits() != 0;
}

/* CLOSE_RANGE_UNSHARE gives the caller a table of its own first. */
static void
unshares(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid;

	open_all();
	pid = must(clone(close_unshared, stack + sizeof(stack),
	    CLONE_FILES | SIGCHLD, NULL));
	is(wait_status(pid), 0, "a task that shares our table closed all");
	is(open_bits(), 0x3ff, "in a table of its own");
}

TEST(file_close_range)
{
	closes();
	marks();
	refuses();
	unshares();
}
