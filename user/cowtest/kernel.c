/*
 * The kernel writes into memory that a parent and its child share: nobody may
 * see what was written for the other.
 */
#include "cowtest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA (4 * PAGE)
#define FILL 0x55

/* Where most is written: across the border of two pages. */
#define ACROSS (2 * PAGE - 8)
#define WORDS  "written by the kernel"

/* ---- ways to make the kernel write ----------------------------------------
 */

static void
by_read(char *at)
{
	char path[] = "/tmp/cowtest.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || unlink(path) ||
	    write(fd, WORDS, sizeof(WORDS)) != sizeof(WORDS))
		fail("a file in /tmp: %s", strerror(errno));
	if (pread(fd, at + ACROSS, sizeof(WORDS), 0) != sizeof(WORDS))
		fail("read: %s", strerror(errno));
	close(fd);
	if (memcmp(at + ACROSS, WORDS, sizeof(WORDS)))
		fail("read brought something else");
}

static void
by_pipe(char *at)
{
	int fds[2];

	if (pipe(fds) || write(fds[1], WORDS, sizeof(WORDS)) != sizeof(WORDS))
		fail("pipe: %s", strerror(errno));
	if (read(fds[0], at + ACROSS, sizeof(WORDS)) != sizeof(WORDS))
		fail("read from a pipe: %s", strerror(errno));
	close(fds[0]);
	close(fds[1]);
	if (memcmp(at + ACROSS, WORDS, sizeof(WORDS)))
		fail("a pipe brought something else");
}

static void
by_wait(char *at)
{
	int *status = (int *)(at + PAGE);
	struct rusage *usage = (struct rusage *)(at + ACROSS);
	pid_t child = start();

	if (child == 0)
		_exit(7);
	if (wait4(child, status, 0, usage) != child)
		fail("wait4: %s", strerror(errno));
	if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 7)
		fail("wait4 gave status %#x", *status);
	if (usage->ru_nswap != 0)
		fail("wait4 did not write all of the usage");
}

/* The second word gets 5 added by the kernel. */
static void
by_futex(char *at)
{
	uint32_t *words = (uint32_t *)(at + PAGE);
	uint32_t was = words[1];

	if (syscall(SYS_futex, &words[0], FUTEX_WAKE_OP, 1, 1, &words[1],
		FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0)) < 0)
		fail("futex: %s", strerror(errno));
	if (words[1] != was + 5)
		fail("futex made %u of %u", words[1], was);
}

static volatile sig_atomic_t handled;

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	handled = 1;
}

/* The frame of a signal, on a stack in the area. */
static void
by_signal(char *at)
{
	stack_t stack = {.ss_sp = at, .ss_size = AREA};
	stack_t none = {.ss_flags = SS_DISABLE};
	struct sigaction action = {
	    .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	size_t i = 0;

	handled = 0;
	if (sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &action, NULL))
		fail("sigaltstack: %s", strerror(errno));
	raise(SIGUSR1);
	if (!handled)
		fail("the signal did not come");
	sigaltstack(&none, NULL);
	while (i < AREA && at[i] == FILL)
		i++;
	if (i == AREA)
		fail("the signal's frame is not where it should be");
}

/* ---- both ways ------------------------------------------------------------
 */

static void
check_untouched(const char *at, const char *who, const char *how)
{
	for (size_t i = 0; i < AREA; i++)
		if (at[i] != FILL)
			fail("%s sees, at byte %zu, what came by %s for the "
			     "other",
			    who, i, how);
}

static void
both_ways(void (*kernel_writes)(char *at), const char *how)
{
	char *at = area(AREA);
	struct gate gate;
	pid_t child;

	memset(at, FILL, AREA);
	child = start();
	if (child == 0) {
		kernel_writes(at);
		_exit(0);
	}
	must_succeed(child, how);
	check_untouched(at, "the parent", how);

	gate_init(&gate);
	child = start();
	if (child == 0) {
		gate_wait(&gate);
		check_untouched(at, "the child", how);
		kernel_writes(at);
		_exit(0);
	}
	kernel_writes(at);
	gate_open(&gate);
	must_succeed(child, how);
	area_free(at, AREA);
}

void
test_kernel(void)
{
	both_ways(by_read, "read");
	both_ways(by_pipe, "pipe");
	both_ways(by_wait, "wait4");
	both_ways(by_futex, "futex");
	both_ways(by_signal, "signal");
	note("read, pipe, wait4, futex, signal frame");
}
