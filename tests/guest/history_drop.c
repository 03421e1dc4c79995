/*
 * A case from history: a private mapping of a file that may only be read is
 * written by a call, which has a copy made for it; another thread drops the
 * copy just then; and the call goes on to write to the file's own page, or to
 * the page of zeroes.  Here calls write through every way that the kernel has,
 * into pages that may be read only and into pages that may be written, while a
 * thread drops them: neither the file, nor another mapping of it, nor fresh
 * memory may ever change.
 */
#include "mem.h"
#include "thread.h"

#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

enum {
	ROUNDS = 100,
	FILE_BYTE = 'f',
	NR_AREAS = 4,
};

static volatile bool stop;
static char *area[NR_AREAS]; /* file and zeroes, read-only and writable */
static int pipe_fd[2], folder, file, ones;

static void *
drop_always(void *arg)
{
	for (long i = 0; !stop; i++)
		madvise(area[i % NR_AREAS], 2 * PAGE, MADV_DONTNEED);
	return arg;
}

/* ------------------------------------------------ every way to write */

/* Each gives a call's result; `at` has 512 bytes across a border of pages. */

static long
by_read(char *at)
{
	return pread(ones, at, 400, 0);
}

static long
by_readv(char *at)
{
	struct iovec iov[2] = {{at, 100}, {at + 200, 200}};

	return preadv(ones, iov, 2, 0);
}

static long
by_pipe(char *at)
{
	char c[64];
	long n;

	memset(c, 1, sizeof(c));
	if (write(pipe_fd[1], c, sizeof(c)) != sizeof(c))
		return -1;
	n = read(pipe_fd[0], at, sizeof(c));
	/* What it did not take must not stay. */
	for (long left = sizeof(c) - (n < 0 ? 0 : n); left > 0;)
		left -= must(read(pipe_fd[0], c, left));
	return n;
}

static long
by_wait(char *at)
{
	pid_t pid = must(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	long got;

	if (pid == 0)
		_exit(44);
	got = syscall(SYS_wait4, pid, at, 0, at + 8);
	if (got < 0)
		syscall(SYS_wait4, pid, NULL, 0, NULL);
	return got;
}

static long
by_getdents(char *at)
{
	lseek(folder, 0, SEEK_SET);
	return syscall(SYS_getdents64, folder, at, 400);
}

static long
by_futex(char *at)
{
	/* Adds 1 to the second word. */
	return syscall(SYS_futex, at, FUTEX_WAKE_OP, 1, 1, at + 4,
	    FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 77));
}

static long
by_clock(char *at)
{
	return syscall(SYS_clock_gettime, CLOCK_REALTIME, at);
}

static long
by_action(char *at)
{
	return syscall(SYS_rt_sigaction, SIGUSR2, NULL, at, 8);
}

static long
by_mask(char *at)
{
	return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, at, 8);
}

static long
by_stat(char *at)
{
	return syscall(SYS_fstat, file, at);
}

static long
by_random(char *at)
{
	return syscall(SYS_getrandom, at, 200, 0);
}

static long
by_limit(char *at)
{
	return syscall(SYS_getrlimit, RLIMIT_STACK, at);
}

static long
by_pipes(char *at)
{
	int fd[2];
	long err = syscall(SYS_pipe2, at, 0);

	memcpy(fd, at, sizeof(fd));
	/* The numbers may have been dropped with the page. */
	closefrom(ones + 1);
	return err;
}

static long
by_path(char *at)
{
	return syscall(SYS_getcwd, at, 400);
}

static const struct {
	const char *name;
	long (*write)(char *at);
} ways[] = {
    {"pread", by_read},
    {"preadv", by_readv},
    {"read of a pipe", by_pipe},
    {"wait4", by_wait},
    {"getdents64", by_getdents},
    {"futex", by_futex},
    {"clock_gettime", by_clock},
    {"rt_sigaction", by_action},
    {"rt_sigprocmask", by_mask},
    {"fstat", by_stat},
    {"getrandom", by_random},
    {"getrlimit", by_limit},
    {"pipe2", by_pipes},
    {"getcwd", by_path},
};

/* ------------------------------------------------ what must not change */

static bool
holds(const volatile char *p, char c)
{
	for (size_t i = 0; i < 2 * PAGE; i++)
		if (p[i] != c)
			return false;
	return true;
}

static int
file_of(int c)
{
	char bytes[2 * PAGE];
	int fd = must(open(".", O_RDWR | O_TMPFILE, 0600));

	memset(bytes, c, sizeof(bytes));
	must(pwrite(fd, bytes, sizeof(bytes), 0));
	return fd;
}

static char *
private_of(int fd, int prot)
{
	return must(
	    mmap(NULL, 2 * PAGE, prot, fd < 0 ? ANON : MAP_PRIVATE, fd, 0));
}

/* Somebody else looks all the while. */
static void
watch(void)
{
	char *by_map =
	    must(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, file, 0));
	char *zeroes = private_of(-1, PROT_READ);

	for (;;)
		if (!holds(by_map, FILE_BYTE) || !holds(zeroes, 0))
			_exit(1);
}

static void
use(size_t way, int which)
{
	int nr_refused = 0,
	    times = ROUNDS / (ways[way].write == by_wait ? 10 : 1);
	bool read_only = which % 2 == 0;

	for (int i = 0; i < times; i++)
		nr_refused += ways[way].write(area[which] + PAGE - 256) < 0;
	is(nr_refused, read_only ? times : 0, "%s into what %s", ways[way].name,
	    read_only ? "may only be read fails" : "may be written does not");
}

TEST(history_drop)
{
	char *other;
	pid_t watcher;
	pthread_t t;

	file = file_of(FILE_BYTE);
	folder = must(open(".", O_RDONLY | O_DIRECTORY));
	must(pipe(pipe_fd));
	ones = file_of(1);
	area[0] = private_of(file, PROT_READ);
	area[1] = private_of(file, RW);
	area[2] = private_of(-1, PROT_READ);
	area[3] = private_of(-1, RW);
	other = must(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, file, 0));
	watcher = spawn(watch);
	t = thread_start(drop_always, NULL);
	for (size_t way = 0; way < sizeof(ways) / sizeof(*ways); way++)
		for (int which = 0; which < NR_AREAS; which++)
			use(way, which);
	stop = true;
	thread_join(t);
	kill(watcher, SIGKILL);
	is(wait_status(watcher), SIGKILL, "nobody else has seen any of it");
	ok(holds(other, FILE_BYTE), "the file is as it was");
	ok(holds(area[0], FILE_BYTE), "and what may only be read is the file");
	ok(holds(area[2], 0), "or zero");
	ok(holds(private_of(-1, PROT_READ), 0), "fresh memory is zero");
	ok(holds(private_of(-1, RW), 0), "whoever may write it");
}
