/*
 * cowtest: tests of copy-on-write fork that a person can watch.
 *
 * The first three speak and behave as those of the classic teaching exercise
 * do; the rest is ours.  Nothing here knows how calf works inside: but for the
 * last line it is an ordinary program, which Linux passes as well.
 *
 * Each test runs in a process group of its own, so a test that fails or hangs
 * is ended with everything that it started.
 */
#include "cowtest/cowtest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

/* No test takes a tenth of it, where the machine is not an emulated one. */
#define LIMIT_SECONDS 600

/* What a test tells us; it is in memory that all its processes share. */
static struct {
	int failed;
	char note[120];
} * told;

static volatile pid_t group;
static volatile sig_atomic_t hangs;

/* ---- what tests are written with ----------------------------------------- */

void
fail(const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* One line, whoever else fails too. */
	if (!__atomic_exchange_n(&told->failed, 1, __ATOMIC_RELAXED))
		dprintf(1, "failed: %s\n", text);
	kill(0, SIGKILL);
	_exit(1);
}

void
note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(told->note, sizeof(told->note), fmt, ap);
	va_end(ap);
}

size_t
free_bytes(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		fail("sysinfo: %s", strerror(errno));
	return (size_t)info.freeram * info.mem_unit;
}

static void *
map(size_t len, int flags)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap of %zu bytes: %s", len, strerror(errno));
	/* Where there are huge pages, they would hide what is tested. */
	madvise(at, len, MADV_NOHUGEPAGE);
	return at;
}

char *
area(size_t len)
{
	return map(len, MAP_PRIVATE);
}

void *
shared_area(size_t len)
{
	return map(len, MAP_SHARED);
}

void
area_free(void *at, size_t len)
{
	if (munmap(at, len))
		fail("munmap: %s", strerror(errno));
}

pid_t
start(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	return pid;
}

int
status_of(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		fail("wait: %s", strerror(errno));
	return status;
}

void
must_succeed(pid_t child, const char *what)
{
	int status = status_of(child);

	if (WIFSIGNALED(status))
		fail("%s: killed by signal %d", what, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		fail("%s: exit status %d", what, WEXITSTATUS(status));
}

void
gate_init(struct gate *g)
{
	if (pipe(g->fds))
		fail("pipe: %s", strerror(errno));
}

void
gate_wait(struct gate *g)
{
	char byte;

	close(g->fds[1]);
	if (read(g->fds[0], &byte, 1) != 0)
		fail("a gate's pipe had something in it");
	close(g->fds[0]);
}

void
gate_open(struct gate *g)
{
	close(g->fds[0]);
	close(g->fds[1]);
}

/* ---- running them ---------------------------------------------------------
 */

static const struct {
	const char *name;
	void (*run)(void);
	int times;
} tests[] = {
    {"simple", test_simple, 2},
    {"three", test_three, 3},
    {"file", test_file, 1},
    {"text", test_text, 1},
    {"kernel", test_kernel, 1},
    {"orders", test_orders, 1},
    {"idle", test_idle, 1},
    {"threads", test_threads, 1},
    {"memory", test_memory, 1},
    {"addresses", test_addresses, 1},
};

#define NR_TESTS (sizeof(tests) / sizeof(tests[0]))

static void
on_alarm(int sig)
{
	(void)sig;
	hangs = 1;
	kill(-group, SIGKILL);
}

/* ^C and its like are for the test as well. */
static void
on_end(int sig)
{
	kill(-group, SIGKILL);
	signal(sig, SIG_DFL);
	raise(sig);
}

static int
reap(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) != child)
		;
	return status;
}

static bool
run_once(const char *name, void (*run)(void))
{
	pid_t child;
	int status;

	dprintf(1, "%s: ", name);
	memset(told, 0, sizeof(*told));
	hangs = 0;
	child = fork();
	if (child < 0) {
		dprintf(1, "failed: fork: %s\n", strerror(errno));
		return false;
	}
	if (child == 0) {
		setpgid(0, 0);
		run();
		_exit(0);
	}
	setpgid(child, child);
	group = child;
	alarm(LIMIT_SECONDS);
	status = reap(child);
	alarm(0);
	kill(-group, SIGKILL);
	if (status == 0 && !told->failed) {
		dprintf(1, "ok%s%s\n", told->note[0] ? ", " : "", told->note);
		return true;
	}
	if (hangs)
		dprintf(1, "failed: hangs for %d s\n", LIMIT_SECONDS);
	else if (!told->failed && WIFSIGNALED(status))
		dprintf(1, "failed: killed by signal %d\n", WTERMSIG(status));
	else if (!told->failed)
		dprintf(1, "failed: exit status %d\n", WEXITSTATUS(status));
	return false;
}

/* The kernel's own books, which only calf keeps where they can be seen. */
static bool
run_audit(void)
{
	char text[256];
	ssize_t n;
	int fd;

	dprintf(1, "audit: ");
	if (access("/proc/calf", F_OK)) {
		dprintf(1, "left out, only calf promises it\n");
		return true;
	}
	fd = open("/proc/calf/audit", O_RDONLY);
	if (fd < 0 && errno == EACCES) {
		dprintf(1, "left out, it takes root\n");
		return true;
	}
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0) {
		dprintf(1, "failed: %s\n", strerror(errno));
		return false;
	}
	close(fd);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	dprintf(1, "%s%s\n", strcmp(text, "ok") ? "failed: " : "", text);
	return strcmp(text, "ok") == 0;
}

static bool
run_all(void)
{
	for (size_t i = 0; i < NR_TESTS; i++)
		for (int n = 0; n < tests[i].times; n++)
			if (!run_once(tests[i].name, tests[i].run))
				return false;
	return run_audit();
}

/* Those named on the command line, once each; an exit status. */
static int
run_named(char **names)
{
	for (; *names; names++) {
		size_t i = 0;

		while (i < NR_TESTS && strcmp(tests[i].name, *names))
			i++;
		if (i == NR_TESTS) {
			dprintf(2, "cowtest: there is no test '%s'\n", *names);
			return 2;
		}
		if (!run_once(tests[i].name, tests[i].run))
			return 1;
	}
	return 0;
}

/* What --help says; an exit status. */
static int
help(void)
{
	dprintf(1,
	    "usage: cowtest [TEST...]\n\n"
	    "Tests copy-on-write fork: everything, which wants most of "
	    "the free memory and\na minute or so, or the tests named:");
	for (size_t i = 0; i < NR_TESTS; i++)
		dprintf(1, " %s", tests[i].name);
	dprintf(1, "\n");
	return 0;
}

int
main(int argc, char **argv)
{
	static const int ends[] = {SIGHUP, SIGINT, SIGTERM};

	if (argc > 1 && !strcmp(argv[1], "--help"))
		return help();
	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED) {
		dprintf(1, "cowtest: mmap: %s\n", strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		signal(ends[i], on_end);
	signal(SIGALRM, on_alarm);
	if (argc > 1)
		return run_named(argv + 1);
	if (!run_all())
		return 1;
	dprintf(1, "ALL COW TESTS PASSED\n");
	return 0;
}
