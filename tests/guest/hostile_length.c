/* Lengths and counts that wrap, are huge, or are not what a structure has. */
#include "hostile.h"

#include <linux/sched.h>
#include <sys/mount.h>

static const unsigned long huge[] = {
    SIZE_MAX, SIZE_MAX - 4095, 1UL << 63, LONG_MAX};

#define HUGE_COUNT (sizeof(huge) / sizeof(*huge))

static char *border; /* 64 good bytes end here */

/*
 * A range that wraps, or ends beyond what is the user's, is bad as a whole;
 * one within it is good as far as it goes.
 */
static void
transfers(void)
{
	char *at = border - 64;

	for (size_t i = 0; i < HUGE_COUNT; i++) {
		unsigned long len = huge[i];

		is_errno(
		    raw(read, FD_FILE, at, len), EFAULT, "read of %#lx", len);
		is_errno(
		    raw(write, FD_FILE, at, len), EFAULT, "write of %#lx", len);
		is_errno(raw(pread64, FD_FILE, at, len, 0), EFAULT,
		    "pread of %#lx", len);
		is_errno(raw(pwrite64, FD_FILE, at, len, 0), EFAULT,
		    "pwrite of %#lx", len);
		is_errno(raw(read, FD_PIPE_R, at, len), EFAULT,
		    "read of %#lx from a pipe", len);
		is_errno(raw(write, FD_PIPE_W, at, len), EFAULT,
		    "write of %#lx to a pipe", len);
	}
	must(ftruncate(FD_FILE, 0));
	is(raw(pwrite64, FD_FILE, at, 1 << 20, 0), 64,
	    "1 MiB of which 64 bytes are there");
	is(file_size("file"), 64, "is 64 bytes written");
	must(ftruncate(FD_FILE, 1 << 20));
	is(raw(pread64, FD_FILE, at, 1 << 20, 0), 64, "and 64 bytes read");
}

/* Sizes of structures are part of a call's form. */
static void
structures(void)
{
	static const size_t wrong[] = {0, 4, 7, 9, 16, 128, SIZE_MAX};
	char set[128] = "";

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		size_t len = wrong[i];

		is_errno(raw(rt_sigaction, SIGUSR1, 0, 0, len), EINVAL,
		    "rt_sigaction, %zd bytes", len);
		is_errno(raw(rt_sigprocmask, SIG_BLOCK, set, 0, len), EINVAL,
		    "rt_sigprocmask, %zd bytes", len);
		is_errno(raw(rt_sigsuspend, set, len), EINVAL,
		    "rt_sigsuspend, %zd bytes", len);
		is_errno(raw(rt_sigtimedwait, set, 0, 0, len), EINVAL,
		    "rt_sigtimedwait, %zd bytes", len);
		is_errno(raw(ppoll, 0, 0, 0, set, len), EINVAL,
		    "ppoll, %zd bytes", len);
		is_errno(raw(set_robust_list, set, len), EINVAL,
		    "set_robust_list, %zd bytes", len);
	}
	is_errno(raw(rt_sigpending, set, 9), EINVAL, "rt_sigpending, 9 bytes");
	is_errno(raw(rt_sigpending, set, SIZE_MAX), EINVAL,
	    "rt_sigpending, -1 bytes");
}

/* clone3's structure may grow, with zeros. */
static void
growing(void)
{
	static char room[8192];
	struct clone_args *args = (struct clone_args *)room;

	args->exit_signal = SIGCHLD;
	is_errno(raw(clone3, room, 0), EINVAL, "clone3 with 0 bytes");
	is_errno(raw(clone3, room, 63), EINVAL, "with 63");
	is_errno(raw(clone3, room, 4097), E2BIG, "with 4097");
	is_errno(raw(clone3, room, SIZE_MAX), E2BIG, "with -1");
	room[200] = 1;
	is_errno(raw(clone3, room, 256), E2BIG,
	    "with something where it knows nothing");
	args->flags = 1UL << 63;
	is_errno(raw(clone3, room, 88), EINVAL, "with an unknown flag");
	args->flags = SIGCHLD;
	is_errno(raw(clone3, room, 88), EINVAL, "with a signal in flags");
	args->flags = 0;
	args->exit_signal = 65;
	is_errno(raw(clone3, room, 88), EINVAL, "with signal 65");
	args->exit_signal = SIGCHLD;
	args->stack = 4096;
	is_errno(raw(clone3, room, 88), EINVAL, "with a stack without size");
	args->stack = 0;
	args->stack_size = 4096;
	is_errno(raw(clone3, room, 88), EINVAL, "with a size without stack");
}

static void
counts(void)
{
	char *at = border - 64, long_type[5000];

	is_errno(raw(getgroups, -1, at), EINVAL, "-1 groups");
	is_errno(raw(getgroups, 1, at), EINVAL, "fewer groups than there are");
	is(raw(getgroups, 0, 8), 3, "0 asks for the count");
	is(raw(getgroups, INT_MAX, border - 12), 3,
	    "room for more groups than there are");
	is_errno(raw(setgroups, -1, at), EINVAL, "-1 groups to set");
	is_errno(raw(setgroups, 65537, at), EINVAL, "65537");
	is_errno(raw(setgroups, 65536, at), EFAULT, "65536, not all there");
	is_errno(raw(sched_getaffinity, 0, 0, at), EINVAL, "no harts");
	is_errno(raw(sched_getaffinity, 0, 7, at), EINVAL, "7 bytes of harts");
	is_errno(raw(ppoll, at, -1, 0, 0, 0), EINVAL, "-1 descriptors to poll");
	is_errno(raw(ppoll, at, 1 << 20, 0, 0, 0), EINVAL, "too many");
	is_errno(raw(readlinkat, AT_FDCWD, "link", at, INT_MIN), EINVAL,
	    "a link into INT_MIN bytes");
	is(raw(readlinkat, AT_FDCWD, "link", border - 4, INT_MAX), 4,
	    "into more than there are");
	ok(raw(getcwd, at, SIZE_MAX) > 0, "a path into -1 bytes");
	is(raw(getrandom, at, SIZE_MAX, 0), 64, "random bytes: what fits");
	is_errno(raw(mincore, at - 4032, LONG_MAX, at), ENOMEM,
	    "mincore of all there is");
	is_errno(syscall(258, border - 16, SIZE_MAX, 0, 0, 0), EFAULT,
	    "riscv_hwprobe of -1 pairs");
	memset(long_type, 't', sizeof(long_type));
	is_errno(mount("none", "dir", long_type, 0, 0), EINVAL,
	    "a file system's name of 5000 bytes");
}

TEST(hostile_length)
{
	hostile_setup();
	border = page_border();
	transfers();
	structures();
	growing();
	counts();
}
