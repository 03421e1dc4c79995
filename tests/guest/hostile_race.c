/*
 * Memory that changes under a call's hands: while some threads make calls with
 * pointers into a few pages, another takes the pages away, forbids them, puts
 * them back, and forks.  A call may succeed or say EFAULT; what it must not do
 * is anything else.
 */
#include "hostile.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#define CALLERS 3
#define ROUNDS  400 /* changes, but no more than there is time for */
#define TIME_S  2
#define AREA    ((char *)0x30000000)
#define PAGES   4
#define LEN     (PAGES * 4096L)

static volatile bool stop;
static int fd_a, fd_b;
static long odd, good, faults;

/* ------------------------------------------------ those who take it away */

static void
map_again(void)
{
	must(mmap(AREA, LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

static void
change(int round)
{
	char *page = AREA + round % PAGES * 4096;

	switch (round % 5) {
	case 0:
		must(munmap(page, 4096));
		break;
	case 1:
		mprotect(page, 4096, PROT_READ);
		break;
	case 2:
		mprotect(page, 4096, PROT_NONE);
		break;
	case 3:
		madvise(page, 4096, MADV_DONTNEED);
		break;
	default:
		map_again();
	}
}

/* ------------------------------------------------ those who use it */

static unsigned long
next(unsigned long *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return *state >> 33;
}

/*
 * What is written to a file ends within the area: Linux 6.12 for riscv tries
 * again for ever when too few bytes can be read before a page that is not
 * there, and those of the area come back.  Tables of buffers, which may hold
 * anything, are only read through.
 */
static long
any_call(unsigned long *state)
{
	char *at = AREA + next(state) % LEN;
	char *word = AREA + (next(state) % LEN & ~7UL);
	size_t len = next(state) % 9000;

	switch (next(state) % 14) {
	case 0:
		return raw(pread64, fd_a, at, len, 0);
	case 1:
		return raw(pwrite64, fd_b, at, len % (AREA + LEN - at), 0);
	case 2:
		return raw(writev, FD_PIPE_W, word, 2);
	case 3:
		return raw(read, FD_ZERO, at, len);
	case 4:
		return raw(newfstatat, AT_FDCWD, "file", word, 0);
	case 5:
		return raw(uname, at);
	case 6:
		return raw(getrandom, at, len % 300, 0);
	case 7:
		return raw(clock_gettime, 1, word);
	case 8:
		return raw(futex, word, 0 /* FUTEX_WAIT */, -7);
	case 9:
		return raw(rt_sigprocmask, SIG_BLOCK, 0, word, 8);
	case 10:
		return raw(newfstatat, AT_FDCWD, at, word, 0);
	case 11:
		return raw(getcwd, at, len);
	case 12:
		return raw(write, FD_PIPE_W, at, len);
	default:
		return raw(read, FD_PIPE_R, at, len);
	}
}

/* Pages may hold anything, and so may the paths and tables in them. */
static bool
is_expected(int err)
{
	return err == EFAULT || err == EAGAIN || err == ENOENT ||
	    err == EINVAL || err == ERANGE || err == ENAMETOOLONG ||
	    err == ENOTDIR;
}

static void *
caller(void *arg)
{
	unsigned long state = (unsigned long)arg;

	while (!stop) {
		errno = 0;
		if (any_call(&state) >= 0)
			__atomic_fetch_add(&good, 1, __ATOMIC_RELAXED);
		else if (is_expected(errno))
			__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
		else if (!__atomic_fetch_add(&odd, 1, __ATOMIC_RELAXED))
			note("an odd answer: %s", strerrorname_np(errno));
	}
	return NULL;
}

/* ------------------------------------------------ together */

static time_t
now_s(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec;
}

static void
run(void (*other)(int), const char *what)
{
	pthread_t threads[CALLERS];
	time_t end = now_s() + TIME_S;

	stop = false;
	good = faults = odd = 0;
	map_again();
	for (long i = 0; i < CALLERS; i++)
		ensure(!pthread_create(
		    &threads[i], NULL, caller, (void *)(i * 77 + 1)));
	for (int i = 0; i < ROUNDS && now_s() < end; i++)
		other(i);
	map_again();
	/* Even one hart must have let them make a few calls. */
	while (__atomic_load_n(&good, __ATOMIC_RELAXED) < 10)
		sched_yield();
	stop = true;
	for (int i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	is(odd, 0, "%s: calls succeed or fail for good reasons", what);
	ok(good > 0, "%s: some succeeded", what);
}

/* A fork shares the pages while calls write to them. */
static void
fork_now(int round)
{
	if (round % 8 == 0) {
		pid_t pid = must(raw(clone, SIGCHLD, 0, 0, 0, 0));

		if (pid == 0)
			raw(exit_group, 0);
		ensure(wait_status(pid) == 0);
	}
	change(round % 2 ? 4 : round);
}

TEST(hostile_race)
{
	hostile_setup();
	fd_a = FD_FILE;
	fd_b = must(open("other", O_CREAT | O_RDWR, 0600));
	must(ftruncate(fd_a, 9000));
	run(change, "pages that come and go");
	run(fork_now, "forks of pages that come and go");
}
