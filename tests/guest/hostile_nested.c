/*
 * Pointers behind pointers: tables of buffers, of strings, masks inside
 * structures.  Each is as foreign as the first.
 */
#include "hostile.h"

#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/uio.h>

#define ARGUMENT_LIMIT (32 * 4096L) /* bytes of one string, with its zero */

static const unsigned long bad[] = {8, 0x8000000000000000, 0xffffffc000000000,
    0xffffffff80000000, 0xfffffffffffff000, ULONG_MAX};

#define BAD_COUNT (sizeof(bad) / sizeof(*bad))

/* ------------------------------------------------ buffers */

static void
buffers(unsigned long at)
{
	char good[8];
	struct iovec first[2] = {{(void *)at, 8}, {good, 8}};
	struct iovec empty[2] = {{(void *)8, 0}, {good, 8}};

	lseek(FD_FILE, 0, SEEK_SET);
	is_errno(raw(readv, FD_FILE, first, 2), EFAULT, "readv to %#lx", at);
	is_errno(
	    raw(writev, FD_FILE, first, 2), EFAULT, "writev from %#lx", at);
	is_errno(
	    raw(preadv, FD_FILE, first, 2, 0, 0), EFAULT, "preadv to %#lx", at);
	is_errno(raw(pwritev, FD_FILE, first, 2, 0, 0), EFAULT,
	    "pwritev from %#lx", at);
	is_errno(raw(writev, FD_PIPE_W, first, 2), EFAULT,
	    "writev to a pipe from %#lx", at);
	is_errno(raw(readv, FD_PIPE_R, first, 2), EFAULT,
	    "readv from a pipe to %#lx", at);
	is_errno(raw(readv, FD_ZERO, first, 2), EFAULT,
	    "readv from /dev/zero to %#lx", at);
	is(raw(readv, FD_FILE, empty, 2), 8, "an empty buffer is never bad");
}

/* ------------------------------------------------ masks */

static void
masks(unsigned long at)
{
	struct {
		unsigned long mask;
		size_t len;
	} arg = {at, 8};
	struct timespec none = {0, 0};

	is_errno(raw(pselect6, 0, 0, 0, 0, &none, &arg), EFAULT,
	    "pselect6 with a mask at %#lx", at);
}

static void
clone_structure(unsigned long at)
{
	struct clone_args args = {
	    .exit_signal = SIGCHLD, .set_tid = at, .set_tid_size = 1};
	long ret;

	is_errno(raw(clone3, &args, sizeof(args)), EFAULT,
	    "clone3 with numbers at %#lx", at);
	args = (struct clone_args){.exit_signal = SIGCHLD,
	    .flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
	    .parent_tid = at,
	    .child_tid = at};
	ret = raw(clone3, &args, sizeof(args));
	if (ret == 0)
		raw(exit_group, 0);
	ok(ret > 0, "clone3 with words at %#lx", at);
	is(wait_status(ret), 0, "and its child ends well");
}

/* ------------------------------------------------ strings for exec */

static void
strings(unsigned long at)
{
	char *good[] = {"x", NULL}, *poor[] = {"x", (char *)at, NULL};

	is_errno(raw(execve, tap_self, poor, good), EFAULT,
	    "execve with an argument at %#lx", at);
	is_errno(raw(execve, tap_self, good, poor), EFAULT,
	    "with an environment at %#lx", at);
}

static void
tables_at_the_border(void)
{
	char **border = (char **)page_border();
	char *good[] = {"x", NULL};

	border[-1] = "x";
	is_errno(raw(execve, tap_self, border - 1, good), EFAULT,
	    "a table of arguments without an end");
	is_errno(raw(execve, tap_self, good, border - 1), EFAULT,
	    "an environment without one");
	memset((char *)border - 4, 'y', 4);
	good[0] = (char *)border - 4;
	is_errno(raw(execve, tap_self, good, good), EFAULT,
	    "an argument without one");
}

HELPER(hostile_nested_counts)
{
	return argc == 3 && strlen(argv[2]) == ARGUMENT_LIMIT - 1 ? 7 : 1;
}

static char *big;

static void
largest_argument(void)
{
	char *argv[] = {"x", "@hostile_nested_counts", big, NULL};

	execv(tap_self, argv);
}

static void
sizes(void)
{
	enum {
		MANY = 40000 /* their pointers fill more than a quarter */
	};
	struct rlimit small = {1 << 20, RLIM_INFINITY};
	char **argv = pages(sizeof(*argv) * (MANY + 1), PROT_READ | PROT_WRITE);

	big = pages(ARGUMENT_LIMIT + 4096, PROT_READ | PROT_WRITE);
	memset(big, 'b', ARGUMENT_LIMIT);
	argv[0] = big;
	is_errno(raw(execve, tap_self, argv, NULL), E2BIG,
	    "an argument of 128 KiB and its end");
	big[ARGUMENT_LIMIT - 1] = '\0';
	exits(7, largest_argument, "one byte less is handed on");
	must(setrlimit(RLIMIT_STACK, &small));
	for (int i = 0; i < 4; i++)
		argv[i] = big;
	is_errno(raw(execve, tap_self, argv, NULL), E2BIG,
	    "arguments that take more than a quarter of the stack");
	for (int i = 0; i < MANY; i++)
		argv[i] = "";
	is_errno(
	    raw(execve, tap_self, argv, NULL), E2BIG, "as many empty ones");
}

TEST(hostile_nested)
{
	hostile_setup();
	for (size_t i = 0; i < BAD_COUNT; i++) {
		buffers(bad[i]);
		masks(bad[i]);
		clone_structure(bad[i]);
		strings(bad[i]);
	}
	tables_at_the_border();
	sizes();
}
