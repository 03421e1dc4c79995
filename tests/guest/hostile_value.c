/*
 * Numbers that name nothing: descriptors, processes, signals, clocks, kinds,
 * and flags nobody has given a meaning.  One table; each call's other
 * arguments are good, so that only the bad one can be what it complains of.
 */
#include "hostile.h"

#include <sched.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#define NOBODY 4194305 /* above the largest number of a process */

/* Room for whatever a call wants to read or write. */
static char room[4096] __attribute__((aligned(4096)));

#define R   ((long)room)
#define F   ((long)"file")
#define CWD ((long)AT_FDCWD)

struct row {
	int want;
	long nr;
	const char *what;
	long a[6];
};

#define ROW(e, n, ...)                                                         \
	{                                                                      \
		e, SYS_##n, #n "(" #__VA_ARGS__ ")",                           \
		{                                                              \
			__VA_ARGS__                                            \
		}                                                              \
	}

static const struct row pids[] = {
    ROW(ESRCH, kill, NOBODY, 0),
    ROW(ESRCH, kill, INT_MIN, 0),
    ROW(ESRCH, kill, -NOBODY, 0),
    ROW(EINVAL, kill, 0, -1),
    ROW(EINVAL, kill, 0, 65),
    ROW(EINVAL, kill, 0, INT_MAX),
    ROW(EINVAL, tkill, 0, 0),
    ROW(EINVAL, tkill, -1, 0),
    ROW(ESRCH, tkill, NOBODY, 0),
    ROW(EINVAL, tgkill, 0, 1, 0),
    ROW(EINVAL, tgkill, 1, 0, 0),
    ROW(EINVAL, tgkill, -1, -1, 0),
    ROW(ESRCH, tgkill, 1, NOBODY, 0),
    ROW(ESRCH, getpgid, NOBODY),
    ROW(ESRCH, getpgid, -1),
    ROW(ESRCH, getsid, NOBODY),
    ROW(ESRCH, getsid, -1),
    ROW(EINVAL, setpgid, 0, -1),
    ROW(ESRCH, setpgid, NOBODY, 0),
    ROW(EPERM, setpgid, 0, 0), /* of a session's leader */
    ROW(ESRCH, wait4, INT_MIN, 0, 0, 0),
    ROW(ECHILD, wait4, NOBODY, 0, 0, 0),
    ROW(ECHILD, wait4, -1, 0, 0, 0),
    ROW(EINVAL, wait4, -1, 0, 0x10, 0),
    ROW(EINVAL, wait4, -1, 0, -1, 0),
    ROW(EINVAL, waitid, 99, 0, R, WEXITED, 0),
    ROW(EINVAL, waitid, P_PID, 0, R, WEXITED, 0),
    ROW(EINVAL, waitid, P_PID, -1, R, WEXITED, 0),
    ROW(EINVAL, waitid, P_ALL, 0, R, 0, 0),
    ROW(EINVAL, waitid, P_ALL, 0, R, WNOHANG, 0),
    ROW(EINVAL, waitid, P_ALL, 0, R, -1, 0),
    ROW(ECHILD, waitid, P_ALL, 0, R, WEXITED, 0),
    ROW(ESRCH, sched_getaffinity, NOBODY, 8, R),
    ROW(ESRCH, sched_setaffinity, NOBODY, 8, R),
    ROW(ESRCH, prlimit64, NOBODY, RLIMIT_CORE, 0, 0),
    ROW(ESRCH, get_robust_list, NOBODY, R, R),
};

static const struct row kinds[] = {
    ROW(EINVAL, prlimit64, 0, 16, 0, R),
    ROW(EINVAL, prlimit64, 0, -1, 0, R),
    ROW(EINVAL, getrusage, 5, R),
    ROW(EINVAL, getrusage, INT_MIN, R),
    ROW(EINVAL, clock_gettime, 99, R),
    ROW(EINVAL, clock_gettime, INT_MAX, R),
    ROW(EINVAL, clock_getres, 99, R),
    ROW(EINVAL, clock_nanosleep, 99, 0, R, 0),
    ROW(EINVAL, setitimer, 3, R, 0),
    ROW(EINVAL, setitimer, -1, R, 0),
    ROW(EINVAL, getitimer, 3, R),
    ROW(EINVAL, prctl, 9999, 0),
    ROW(EINVAL, prctl, -1, 0),
    ROW(EINVAL, prctl, 1, 65), /* PR_SET_PDEATHSIG */
    ROW(EINVAL, prctl, 1, -1),
    ROW(EINVAL, rt_sigaction, 0, 0, 0, 8),
    ROW(EINVAL, rt_sigaction, 65, 0, 0, 8),
    ROW(EINVAL, rt_sigaction, -1, 0, 0, 8),
    ROW(EINVAL, rt_sigaction, SIGKILL, R, 0, 8),
    ROW(EINVAL, rt_sigaction, SIGSTOP, R, 0, 8),
    ROW(EINVAL, rt_sigprocmask, 99, R, 0, 8),
    ROW(EINVAL, rt_sigprocmask, -1, R, 0, 8),
    ROW(ENOSYS, futex, R, 99, 0, 0),
    ROW(ENOSYS, futex, R, 127, 0, 0),
    ROW(EINVAL, reboot, 0, 0, 0, 0),
    ROW(EINVAL, reboot, 0xfee1dead, 0, RB_POWER_OFF, 0),
    ROW(EINVAL, reboot, 0xfee1dead, 672274793, 12345, 0),
    ROW(EINVAL, riscv_flush_icache, 0, 0, 2),
    ROW(EINVAL, riscv_flush_icache, 0, 0, -1),
};

static const struct row flags[] = {
    ROW(EINVAL, clone, CLONE_THREAD),
    ROW(EINVAL, clone, CLONE_SIGHAND),
    ROW(EINVAL, clone, CLONE_SIGHAND | CLONE_THREAD),
    ROW(EINVAL, clone, CLONE_FS | CLONE_NEWNS | SIGCHLD),
    ROW(EINVAL, sched_setaffinity, 0, 0, R),
    ROW(EINVAL, getrandom, R, 1, 0x80000000),
    ROW(EINVAL, pipe2, R, 1),
    ROW(EINVAL, dup3, FD_FILE, 90, 1),
    ROW(EINVAL, close_range, 90, 95, 0x80000000),
    ROW(EINVAL, faccessat, CWD, F, 8),
    ROW(EINVAL, faccessat2, CWD, F, 0, 0x40000000),
    ROW(EINVAL, newfstatat, CWD, F, R, 0x40000000),
    ROW(EINVAL, statx, CWD, F, 0x40000000, 0, R),
    ROW(EINVAL, fchownat, CWD, F, 0, 0, 0x40000000),
    ROW(EINVAL, utimensat, CWD, F, 0, 0x40000000),
    ROW(EINVAL, linkat, CWD, F, CWD, F, 0x40000000),
    ROW(EINVAL, unlinkat, CWD, F, 0x40000000),
    ROW(EINVAL, renameat2, CWD, F, CWD, F, 0x40000000),
    ROW(EINVAL, umount2, F, 0x40000000),
    ROW(EINVAL, mknodat, CWD, F, 0xffff, 0),
    ROW(EINVAL, madvise, R, 4096, 9999),
    ROW(EINVAL, madvise, R, 4096, -1),
    ROW(EINVAL, msync, R, 4096, 8),
    ROW(EINVAL, msync, R, 4096, MS_SYNC | MS_ASYNC),
    ROW(EINVAL, mprotect, R, 4096, 0x80),
    ROW(EINVAL, mremap, R, 4096, 4096, 0x40, 0),
    ROW(EINVAL, mremap, R, 4096, 4096, MREMAP_FIXED, 0),
    ROW(EINVAL, mmap, 0, 4096, 3, MAP_ANONYMOUS, -1, 0),
    ROW(EINVAL, mmap, 0, 0, 3, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0),
    ROW(EBADF, mmap, 0, 4096, 1, MAP_PRIVATE, -1, 0),
    ROW(EINVAL, mmap, 0, 4096, 1, MAP_PRIVATE, FD_FILE, 1),
    ROW(EINVAL, fcntl, FD_FILE, 9999, 0),
    ROW(EINVAL, lseek, FD_FILE, 0, 9999),
};

static void
check(const char *what, const struct row *rows, size_t count)
{
	for (const struct row *r = rows; r < rows + count; r++) {
		memset(room, 0, sizeof(room));
		is_errno(syscall(r->nr, r->a[0], r->a[1], r->a[2], r->a[3],
			     r->a[4], r->a[5]),
		    r->want, "%s: %s", what, r->what);
	}
}

#define CHECK(rows) check(#rows, rows, sizeof(rows) / sizeof(*rows))

/* ------------------------------------------------ descriptors */

/* Calls of a descriptor; the rest of their arguments are good. */
static const struct row by_fd[] = {
    ROW(EBADF, close),
    ROW(EBADF, read, 0, R, 1),
    ROW(EBADF, write, 0, R, 1),
    ROW(EBADF, readv, 0, R, 0),
    ROW(EBADF, writev, 0, R, 0),
    ROW(EBADF, pread64, 0, R, 1, 0),
    ROW(EBADF, pwrite64, 0, R, 1, 0),
    ROW(EBADF, preadv, 0, R, 0, 0),
    ROW(EBADF, pwritev, 0, R, 0, 0),
    ROW(EBADF, lseek),
    ROW(EBADF, dup),
    ROW(EBADF, dup3, 0, 90),
    ROW(EBADF, fcntl, 0, F_GETFD),
    ROW(EBADF, ioctl, 0, 0x5401, R),
    ROW(EBADF, getdents64, 0, R, 512),
    ROW(EBADF, fstat, 0, R),
    ROW(EBADF, fstatfs, 0, R),
    ROW(EBADF, fchmod),
    ROW(EBADF, fchown),
    ROW(EBADF, ftruncate),
    ROW(EBADF, fchdir),
    ROW(EBADF, fsync),
    ROW(EBADF, fdatasync),
    ROW(EBADF, openat, 0, F, 0),
    ROW(EBADF, newfstatat, 0, F, R),
    ROW(EBADF, statx, 0, F, 0, 0, R),
    ROW(EBADF, faccessat, 0, F),
    ROW(EBADF, faccessat2, 0, F),
    ROW(EBADF, readlinkat, 0, F, R, 1),
    ROW(EBADF, linkat, 0, F, CWD, F),
    ROW(EBADF, unlinkat, 0, F),
    ROW(EBADF, renameat2, 0, F, CWD, F),
    ROW(EBADF, mkdirat, 0, F),
    ROW(EBADF, mknodat, 0, F),
    ROW(EBADF, fchmodat, 0, F),
    ROW(EBADF, fchownat, 0, F),
    ROW(EBADF, utimensat, 0, F),
};

static void
descriptors(void)
{
	static const long bad[] = {
	    -1, INT_MIN, INT_MAX, 1 << 20, 200, 0xffffffff};

	for (size_t i = 0; i < sizeof(by_fd) / sizeof(*by_fd); i++) {
		const struct row *r = &by_fd[i];
		int wrong = 0;

		for (size_t j = 0; j < sizeof(bad) / sizeof(*bad); j++) {
			errno = 0;
			wrong += syscall(r->nr, bad[j], r->a[1], r->a[2],
				     r->a[3], r->a[4], r->a[5]) != -1 ||
			    errno != EBADF;
		}
		is(wrong, 0, "bad descriptors: %s", r->what);
	}
}

TEST(hostile_value)
{
	hostile_setup();
	CHECK(pids);
	CHECK(kinds);
	CHECK(flags);
	descriptors();
}
