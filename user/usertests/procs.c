/* fork, exit, wait, orphans, and processors that are shared. */
#include "usertests.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void
test_exitwait(void)
{
	for (int i = 0; i < 100; i++) {
		pid_t pid = start();

		if (pid == 0)
			_exit(i);
		must_exit(pid, i);
	}
	fails(waitpid(-1, NULL, 0), ECHILD);
	fails(waitpid(getpid(), NULL, 0), ECHILD);
	fails(waitpid(1, NULL, 0), ECHILD);
}

static void
test_exitstatus(void)
{
	static const int given[] = {0, 1, 255, 256, 257, 747, -1};

	for (size_t i = 0; i < NR_OF(given); i++) {
		pid_t pid = start();

		if (pid == 0)
			_exit(given[i]);
		must_exit(pid, given[i] & 0xff);
	}
}

/* Many at once, reaped in whatever order, each once. */
static void
test_manychildren(void)
{
	enum {
		MANY = 60
	};
	pid_t pids[MANY];
	int seen[MANY] = {0};

	for (int i = 0; i < MANY; i++) {
		pids[i] = start();
		if (pids[i] == 0)
			_exit(i);
	}
	for (int n = 0; n < MANY; n++) {
		int status;
		pid_t pid = wait(&status);

		needs(pid > 0 && WIFEXITED(status));
		needs(pids[WEXITSTATUS(status)] == pid);
		needs(seen[WEXITSTATUS(status)]++ == 0);
	}
	fails(wait(NULL), ECHILD);
}

/* A tree of processes, each of which waits for its own. */
static int
grow(int depth)
{
	int sum = 1;
	pid_t pids[2];

	if (depth == 0)
		return sum;
	for (int i = 0; i < 2; i++) {
		pids[i] = start();
		if (pids[i] == 0)
			_exit(grow(depth - 1));
	}
	for (int i = 0; i < 2; i++)
		sum += WEXITSTATUS(status_of(pids[i]));
	return sum;
}

static void
test_forkfork(void)
{
	needs(grow(5) == 63);
}

/* Several processes fork and wait at once, at speed. */
static void
test_twochildren(void)
{
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = start();
		if (pids[i] == 0) {
			for (int n = 0; n < 50; n++) {
				pid_t pid = start();

				if (pid == 0)
					_exit(7);
				must_exit(pid, 7);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		must_exit(pids[i], 0);
}

/* ---- too many -------------------------------------------------------------
 */

static void
fork_until_failure(void)
{
	struct rlimit limit = {20, 20};
	int n = 0, status, fds[2];
	pid_t pid;

	drop_rights();
	needs(setrlimit(RLIMIT_NPROC, &limit) == 0);
	for (int round = 0; round < 2; round++) {
		make_pipe(fds);
		for (n = 0; n < 30; n++) {
			pid = fork();
			if (pid == 0) {
				await_pipe(fds);
				_exit(0);
			}
			if (pid < 0)
				break;
		}
		needs(pid < 0 && errno == EAGAIN);
		needs(geteuid() != 0 && n <= 19);
		close(fds[0]);
		close(fds[1]);
		while (n-- > 0)
			needs(wait(&status) > 0 && status == 0);
		fails(wait(NULL), ECHILD);
	}
}

static void
test_forktest(void)
{
	in_child(fork_until_failure);
}

/* As many as there may be in a while: all are there, all can be ended. */
static void
test_forkmany(void)
{
	enum {
		MANY = 800
	};
	static pid_t pids[MANY];
	int n = 0;

	while (n < MANY && (pids[n] = fork()) >= 0) {
		if (pids[n] == 0)
			for (;;)
				pause();
		n++;
	}
	needs(n > 100);
	for (int i = 0; i < n; i++)
		needs(kill(pids[i], SIGKILL) == 0);
	for (int i = 0; i < n; i++)
		must_die(pids[i], SIGKILL);
	needs(grow(1) == 3);
}

static void
fork_often(int times)
{
	for (int i = 0; i < times; i++) {
		char *at = area(8 * PAGE);
		pid_t pid;

		at[0] = 1;
		pid = start();
		if (pid == 0) {
			memset(at, 2, 8 * PAGE);
			_exit(0);
		}
		must_exit(pid, 0);
		needs(munmap(at, 8 * PAGE) == 0);
	}
}

/* What programs may take: a frame that is kept for small objects is not lost.
 */
static long
frames_left(void)
{
	const char *file = "/proc/calf/frames";

	return proc_number(file, "free ") + proc_number(file, "small_objects ");
}

static long
object_bytes(void)
{
	return proc_number("/proc/calf/stat", "small_object_bytes ");
}

/*
 * Forks take no frame and no object for ever.  What is freed may take a moment
 * to be free, so a few tries are given; but each of them would lose some
 * itself.
 */
static void
test_forkframes(void)
{
	long frames, bytes, more_frames = 0, more_bytes = 0;

	if (access("/proc/calf/frames", F_OK))
		leave_out("only calf tells its free frames");
	fork_often(100);
	/* To look takes pages of this process's own, the first time. */
	(void)frames_left();
	(void)object_bytes();
	frames = frames_left();
	bytes = object_bytes();
	needs(frames > 0 && bytes > 0);
	fork_often(400);
	for (int i = 0; i < 20; i++) {
		fork_often(20);
		more_frames = frames - frames_left();
		more_bytes = object_bytes() - bytes;
		if (more_frames <= 0 && more_bytes <= 0)
			return;
	}
	fail("forks took %ld frames and %ld bytes", more_frames, more_bytes);
}

/* ---- parents that go ------------------------------------------------------
 */

/* Who loses its parent gets the one that runs the tests. */
static void
test_reparent(void)
{
	pid_t *orphan = shared_area(PAGE), keeper = getppid();
	int fds[2];
	pid_t pid;

	make_pipe(fds);
	pid = start();
	if (pid == 0) {
		pid_t parent = getpid();

		if (start() == 0) {
			await_pipe(fds);
			while (getppid() == parent)
				sched_yield();
			*orphan = getppid();
			_exit(0);
		}
		_exit(0);
	}
	must_exit(pid, 0);
	close(fds[0]);
	close(fds[1]);
	while (__atomic_load_n(orphan, __ATOMIC_RELAXED) == 0)
		sched_yield();
	needs(*orphan == keeper);
	fails(wait(NULL), ECHILD);
}

static void
test_orphans(void)
{
	int *ended = shared_area(PAGE);

	for (int i = 0; i < 60; i++) {
		pid_t pid = start();

		if (pid == 0) {
			for (int n = 0; n < 2; n++)
				if (start() == 0) {
					__atomic_fetch_add(
					    ended, 1, __ATOMIC_RELAXED);
					_exit(0);
				}
			_exit(0);
		}
		must_exit(pid, 0);
	}
	while (__atomic_load_n(ended, __ATOMIC_RELAXED) < 120)
		sched_yield();
	fails(wait(NULL), ECHILD);
}

/* Parent and child end in the same moment; so does who waits. */
static void
test_exitrace(void)
{
	for (int i = 0; i < 100; i++) {
		pid_t pid = start();

		if (pid == 0) {
			pid = start();
			if (pid != 0 && i % 2)
				waitpid(pid, NULL, WNOHANG);
			_exit(0);
		}
		must_exit(pid, 0);
	}
}

static int *reaped;

static void *
reap_one(void *pid)
{
	if (waitpid(*(pid_t *)pid, NULL, 0) == *(pid_t *)pid)
		__atomic_fetch_add(reaped, 1, __ATOMIC_SEQ_CST);
	else
		needs(errno == ECHILD);
	return NULL;
}

/* Two threads wait for one child: one of them gets it. */
static void
test_waitrace(void)
{
	reaped = shared_area(PAGE);
	for (int i = 0; i < 50; i++) {
		pid_t pid = start();
		pthread_t other;

		if (pid == 0)
			_exit(0);
		*reaped = 0;
		needs(pthread_create(&other, NULL, reap_one, &pid) == 0);
		reap_one(&pid);
		pthread_join(other, NULL);
		needs(*reaped == 1);
	}
}

static void
test_waitoptions(void)
{
	siginfo_t info;
	int status;
	pid_t pid = start();

	if (pid == 0)
		for (;;)
			pause();
	needs(waitpid(pid, &status, WNOHANG) == 0);
	needs(kill(pid, SIGSTOP) == 0);
	needs(waitpid(pid, &status, WUNTRACED) == pid);
	needs(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	needs(kill(pid, SIGCONT) == 0);
	needs(waitpid(pid, &status, WCONTINUED) == pid);
	needs(WIFCONTINUED(status));
	needs(kill(pid, SIGTERM) == 0);
	needs(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
	needs(info.si_code == CLD_KILLED && info.si_status == SIGTERM);
	must_die(pid, SIGTERM);
	fails(waitpid(pid, NULL, 0), ECHILD);
	fails(waitpid(pid, NULL, 0x10000), EINVAL);
	signal(SIGCHLD, SIG_IGN);
	if (start() == 0)
		_exit(0);
	fails(wait(NULL), ECHILD);
}

static void
test_vfork(void)
{
	volatile int shared = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		shared = 1;
		_exit(9);
	}
	needs(pid > 0 && shared == 1);
	must_exit(pid, 9);
}

/* ---- processors -----------------------------------------------------------
 */

/* Who never gives up a processor is taken off it. */
static void
test_preempt(void)
{
	long nr = sysconf(_SC_NPROCESSORS_ONLN) + 1;
	pid_t pids[9];
	int fds[2];

	needs(nr <= (long)NR_OF(pids));
	for (long i = 0; i < nr; i++) {
		pids[i] = start();
		if (pids[i] == 0)
			for (;;)
				asm volatile("");
	}
	make_pipe(fds);
	if (start() == 0) {
		needs(write(fds[1], "x", 1) == 1);
		_exit(0);
	}
	await_pipe(fds);
	for (long i = 0; i < nr; i++) {
		kill(pids[i], SIGKILL);
		must_die(pids[i], SIGKILL);
	}
}

static double
series(double seed, bool yield)
{
	double a = seed, b = 1, c = 0.5, d = 0;

	for (int i = 1; i < 3000; i++) {
		a = a * 0.999 + b / i;
		b = b * 0.75 + c;
		c = c + a / 1024 - d;
		d = d * 0.5 + c / 4096;
		if (yield && i % 16 == 0)
			sched_yield();
	}
	return a + b + c + d;
}

static unsigned long
rounding(void)
{
	unsigned long mode;

	asm volatile("frrm %0" : "=r"(mode));
	return mode;
}

/* Each process has its own float registers, and its way of rounding. */
static void
test_float(void)
{
	pid_t pids[4];

	for (unsigned long i = 0; i < NR_OF(pids); i++) {
		pids[i] = start();
		if (pids[i] == 0) {
			double want;

			asm volatile("fsrm %0" : : "r"(i));
			want = series(i + 1, false);
			for (int n = 0; n < 4; n++)
				needs(series(i + 1, true) == want);
			needs(rounding() == i);
			_exit(0);
		}
	}
	for (unsigned long i = 0; i < NR_OF(pids); i++)
		must_exit(pids[i], 0);
	needs(rounding() == 0);
}

static void *
count(void *at)
{
	for (int i = 0; i < 2000; i++)
		__atomic_fetch_add((int *)at, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void *
sleep_on(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* Threads share all, and all end with their process. */
static void
test_threads(void)
{
	static int sum;
	pthread_t t[4];
	pid_t pid;

	for (size_t i = 0; i < NR_OF(t); i++)
		needs(pthread_create(&t[i], NULL, count, &sum) == 0);
	for (size_t i = 0; i < NR_OF(t); i++)
		needs(pthread_join(t[i], NULL) == 0);
	needs(sum == 8000);
	pid = start();
	if (pid == 0) {
		for (size_t i = 0; i < NR_OF(t); i++)
			needs(pthread_create(&t[i], NULL, sleep_on, NULL) == 0);
		_exit(4);
	}
	must_exit(pid, 4);
}

static void
test_clock(void)
{
	struct timespec from, to, past = {0};
	const struct timespec nap = {0, 20000000}, bad = {0, 1000000000};

	needs(clock_gettime(CLOCK_MONOTONIC, &from) == 0);
	needs(nanosleep(&nap, NULL) == 0);
	needs(clock_gettime(CLOCK_MONOTONIC, &to) == 0);
	needs((to.tv_sec - from.tv_sec) * 1000000000l + to.tv_nsec -
		from.tv_nsec >=
	    nap.tv_nsec);
	fails(nanosleep(&bad, NULL), EINVAL);
	fails(clock_gettime(99, &to), EINVAL);
	for (int i = 0; i < 1000; i++) {
		needs(clock_gettime(CLOCK_MONOTONIC, &to) == 0);
		needs(to.tv_sec > past.tv_sec ||
		    (to.tv_sec == past.tv_sec && to.tv_nsec >= past.tv_nsec));
		past = to;
	}
}

const struct test proc_tests[] = {
    {"exitwait", test_exitwait, false},
    {"exitstatus", test_exitstatus, false},
    {"manychildren", test_manychildren, false},
    {"forkfork", test_forkfork, false},
    {"twochildren", test_twochildren, false},
    {"forktest", test_forktest, false},
    {"forkmany", test_forkmany, true},
    {"forkframes", test_forkframes, true},
    {"reparent", test_reparent, false},
    {"orphans", test_orphans, false},
    {"exitrace", test_exitrace, false},
    {"waitrace", test_waitrace, false},
    {"waitoptions", test_waitoptions, false},
    {"vfork", test_vfork, false},
    {"preempt", test_preempt, false},
    {"float", test_float, false},
    {"threads", test_threads, false},
    {"clock", test_clock, false},
    {NULL, NULL, false},
};
