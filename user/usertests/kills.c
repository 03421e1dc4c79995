/* Death in every state, signals in the middle of calls. */
#include "usertests.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- killed while ... -----------------------------------------------------
 */

/* A child that does this for ever, and is seen in that state, dies of SIGKILL.
 */
static void
kill_in(void (*work)(void), char state)
{
	for (int i = 0; i < 5; i++) {
		pid_t pid = start();

		if (pid == 0) {
			work();
			_exit(1);
		}
		await_state(pid, state);
		needs(kill(pid, SIGKILL) == 0);
		must_die(pid, SIGKILL);
		fails(kill(pid, 0), ESRCH);
	}
}

static void
run(void)
{
	for (;;)
		asm volatile("");
}

static void
test_killrun(void)
{
	kill_in(run, 'R');
}

static void
call(void)
{
	for (;;)
		getppid();
}

static void
test_killcall(void)
{
	kill_in(call, 'R');
}

static void
doze(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (;;)
		sleep(100);
}

static void
test_killsleep(void)
{
	kill_in(doze, 'S');
}

static void
read_empty(void)
{
	char byte;
	int fds[2];

	make_pipe(fds);
	needs(read(fds[0], &byte, 1) == 1);
}

static void
test_killread(void)
{
	kill_in(read_empty, 'S');
}

static void
write_full(void)
{
	static char page[PAGE];
	int fds[2];

	make_pipe(fds);
	for (;;)
		needs(write(fds[1], page, PAGE) == (ssize_t)PAGE);
}

static void
test_killwrite(void)
{
	kill_in(write_full, 'S');
}

static void
wait_for_child(void)
{
	if (start() == 0)
		for (;;)
			pause();
	wait(NULL);
}

static void
test_killwait(void)
{
	kill_in(wait_for_child, 'S');
}

static void
wait_for_futex(void)
{
	static int word;

	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
}

static void
test_killfutex(void)
{
	kill_in(wait_for_futex, 'S');
}

static void
wait_for_poll(void)
{
	int fds[2];
	struct pollfd p;

	make_pipe(fds);
	p = (struct pollfd){fds[0], POLLIN, 0};
	poll(&p, 1, -1);
}

static void
test_killpoll(void)
{
	kill_in(wait_for_poll, 'S');
}

static void
stop(void)
{
	raise(SIGSTOP);
}

static void
test_killstop(void)
{
	kill_in(stop, 'T');
}

static void
open_fifo(void)
{
	open("fifo", O_RDONLY);
}

static void
test_killopen(void)
{
	needs(mknod("fifo", S_IFIFO | 0666, 0) == 0);
	kill_in(open_fifo, 'S');
}

/* Its parent waits for who has its memory, and can die of it as well. */
static void
test_killvfork(void)
{
	pid_t pid = start();

	if (pid == 0) {
		if (vfork() == 0)
			for (;;)
				pause();
		_exit(0);
	}
	for (int i = 0; i < 20; i++)
		sched_yield();
	needs(kill(pid, SIGKILL) == 0);
	must_die(pid, SIGKILL);
}

/* The dead can be sent anything, and change nothing. */
static void
test_killzombie(void)
{
	pid_t pid = start();

	if (pid == 0)
		_exit(6);
	await_state(pid, 'Z');
	needs(kill(pid, SIGKILL) == 0 && kill(pid, 0) == 0);
	needs(kill(pid, SIGSTOP) == 0);
	must_exit(pid, 6);
	fails(kill(pid, SIGKILL), ESRCH);
}

/* In the midst of fork and exit. */
static void
test_killfork(void)
{
	for (int i = 0; i < 30; i++) {
		pid_t pid = start();

		if (pid == 0)
			for (;;) {
				if (fork() == 0)
					_exit(0);
				waitpid(-1, NULL, WNOHANG);
			}
		for (int n = 0; n < i; n++)
			sched_yield();
		needs(kill(pid, SIGKILL) == 0);
		must_die(pid, SIGKILL);
	}
}

static void
kill_strangers(void)
{
	pid_t parent = getppid();

	drop_rights();
	if (geteuid() == 0)
		_exit(0);
	fails(kill(1, SIGTERM), EPERM);
	fails(kill(1, 0), EPERM);
	needs(getppid() == parent);
}

static void
test_killbad(void)
{
	fails(kill(getpid(), 65), EINVAL);
	fails(kill(getpid(), -1), EINVAL);
	fails(kill(INT32_MAX, SIGTERM), ESRCH);
	fails(kill(-INT32_MAX, SIGTERM), ESRCH);
	fails(kill(INT32_MIN, SIGTERM), ESRCH);
	fails(signal(SIGKILL, SIG_IGN) == SIG_ERR ? -1 : 0, EINVAL);
	fails(signal(SIGSTOP, SIG_DFL) == SIG_ERR ? -1 : 0, EINVAL);
	in_child(kill_strangers);
}

/* A whole group, of which each member does something else. */
static void
test_killgroup(void)
{
	static void (*const works[])(void) = {
	    run, doze, read_empty, write_full, wait_for_futex, stop};
	pid_t pids[NR_OF(works)];

	for (size_t i = 0; i < NR_OF(works); i++) {
		pids[i] = start();
		if (pids[i] == 0) {
			setpgid(0, i == 0 ? 0 : pids[0]);
			works[i]();
			_exit(1);
		}
		setpgid(pids[i], pids[0]);
	}
	needs(getpgid(pids[3]) == pids[0]);
	needs(kill(-pids[0], SIGKILL) == 0);
	for (size_t i = 0; i < NR_OF(works); i++)
		must_die(pids[i], SIGKILL);
	fails(kill(-pids[0], 0), ESRCH);
}

/* ---- signals in the middle ------------------------------------------------
 */

static volatile sig_atomic_t signals;

static void
on_signal(int sig)
{
	(void)sig;
	signals++;
}

/* A child that sends a signal when its parent sleeps, then a byte. */
static pid_t
disturber(int to)
{
	pid_t pid = start();

	if (pid == 0) {
		await_state(getppid(), 'S');
		kill(getppid(), SIGUSR1);
		await_state(getppid(), 'S');
		needs(write(to, "x", 1) == 1);
		_exit(0);
	}
	return pid;
}

static void
handle(int flags)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

	signals = 0;
	needs(sigaction(SIGUSR1, &action, NULL) == 0);
}

static void
test_signalread(void)
{
	char byte;
	int fds[2];
	pid_t pid;

	make_pipe(fds);
	handle(0);
	pid = disturber(fds[1]);
	fails(read(fds[0], &byte, 1), EINTR);
	needs(signals == 1);
	must_exit(pid, 0);
	needs(read(fds[0], &byte, 1) == 1 && byte == 'x');
	handle(SA_RESTART);
	pid = disturber(fds[1]);
	needs(read(fds[0], &byte, 1) == 1 && byte == 'x');
	needs(signals == 1);
	must_exit(pid, 0);
}

static void
test_signalwait(void)
{
	int fds[2], status;
	pid_t sleeper, pid;

	make_pipe(fds);
	sleeper = start();
	if (sleeper == 0) {
		await_pipe(fds);
		_exit(2);
	}
	handle(0);
	pid = disturber(fds[1]);
	fails(waitpid(sleeper, &status, 0), EINTR);
	needs(signals == 1);
	must_exit(sleeper, 2);
	must_exit(pid, 0);
}

/* Many of them, in the middle of whatever. */
static void
test_signalstorm(void)
{
	static char page[PAGE];
	int fds[2], fd = open("file", O_CREAT | O_RDWR, 0666);
	pid_t pid;

	make_pipe(fds);
	handle(SA_RESTART);
	pid = start();
	if (pid == 0)
		for (;;)
			kill(getppid(), SIGUSR1);
	for (int i = 0; i < 100 || signals < 20; i++) {
		needs(pwrite(fd, page, PAGE, 0) == (ssize_t)PAGE);
		needs(pread(fd, page, PAGE, 0) == (ssize_t)PAGE);
		needs(write(fds[1], page, 100) == 100);
		needs(read(fds[0], page, 100) == 100);
	}
	needs(kill(pid, SIGKILL) == 0);
	must_die(pid, SIGKILL);
}

/* What waits for a process does not wait for its child. */
static void
nothing_pends(void)
{
	sigset_t pending;

	needs(sigpending(&pending) == 0 && sigisemptyset(&pending));
}

static void
test_signalmask(void)
{
	sigset_t set, pending;

	handle(0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	needs(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	for (int i = 0; i < 5; i++)
		needs(raise(SIGUSR1) == 0);
	needs(signals == 0);
	needs(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
	in_child(nothing_pends);
	needs(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
	needs(signals == 1);
}

const struct test kill_tests[] = {
    {"killrun", test_killrun, false},
    {"killcall", test_killcall, false},
    {"killsleep", test_killsleep, false},
    {"killread", test_killread, false},
    {"killwrite", test_killwrite, false},
    {"killwait", test_killwait, false},
    {"killfutex", test_killfutex, false},
    {"killpoll", test_killpoll, false},
    {"killstop", test_killstop, false},
    {"killopen", test_killopen, false},
    {"killvfork", test_killvfork, false},
    {"killzombie", test_killzombie, false},
    {"killfork", test_killfork, false},
    {"killbad", test_killbad, false},
    {"killgroup", test_killgroup, false},
    {"signalread", test_signalread, false},
    {"signalwait", test_signalwait, false},
    {"signalstorm", test_signalstorm, false},
    {"signalmask", test_signalmask, false},
    {NULL, NULL, false},
};
