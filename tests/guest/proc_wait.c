/* wait4 and waitid: whom they wait for, what they say, what they refuse. */
#include "tap.h"

#include <sys/resource.h>

static struct gate gate;

static void
until_gate(void)
{
	gate_wait(&gate);
}

static pid_t
exiting(int code)
{
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(code);
	return pid;
}

static void
test_statuses(void)
{
	static const int codes[] = {0, 1, 127, 128, 255};
	static const int signals[] = {1, 9, 15, 31, 34, 64};
	int status;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		is(wait_status(exiting(codes[i])), codes[i] << 8,
		    "exit status %d", codes[i]);
	is(wait_status(exiting(256)), 0, "256 is 0");
	is(wait_status(exiting(-1)), 255 << 8, "-1 is 255");
	for (size_t i = 0; i < sizeof(signals) / sizeof(int); i++) {
		int sig = signals[i];
		pid_t pid = spawn(until_gate);

		must(kill(pid, sig));
		is(waitpid(pid, &status, 0), pid, "a child killed by %d", sig);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == sig,
		    "its status says so");
	}
}

static void
test_whom(void)
{
	pid_t a = exiting(1), b = exiting(2), c;
	int status;

	is(waitpid(b, &status, 0), b, "the second of two");
	is(WEXITSTATUS(status), 2, "with its status");
	is(waitpid(-1, &status, 0), a, "any: the one that is left");
	is(WEXITSTATUS(status), 1, "with its own");
	is_errno(waitpid(a, &status, 0), ECHILD, "no child is reaped twice");
	is_errno(waitpid(-1, &status, 0), ECHILD, "none is left");
	is_errno(waitpid(1, &status, 0), ECHILD, "init is not a child");
	is_errno(waitpid(getpid(), NULL, 0), ECHILD, "nor is one oneself");

	a = exiting(3);
	is(waitpid(0, &status, 0), a, "0: any of one's own group");
	b = must(fork());
	if (b == 0) {
		setpgid(0, 0);
		gate_open(&gate);
		_exit(4);
	}
	gate_wait(&gate);
	is_errno(waitpid(0, &status, 0), ECHILD, "none in one's own group");
	is(waitpid(-b, &status, 0), b, "-N: any of group N");
	is(WEXITSTATUS(status), 4, "with its status");
	is_errno(waitpid(-b, &status, 0), ECHILD, "nobody in that group");

	a = must(fork());
	if (a == 0) {
		c = exiting(0);
		gate_open(&gate);
		wait_status(c);
		_exit(c & 127);
	}
	gate_wait(&gate);
	is(waitpid(-1, &status, 0), a, "a grandchild is not waited for");
}

static void
test_nohang(void)
{
	pid_t pid = spawn(until_gate);
	siginfo_t info;
	int status = 77;

	is(waitpid(pid, &status, WNOHANG), 0, "WNOHANG: it still runs");
	is(status, 77, "and no status is written");
	memset(&info, 1, sizeof(info));
	is(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0, "by waitid too");
	is(info.si_pid, 0, "which gives no process");
	is(info.si_signo, 0, "and no signal");
	gate_open(&gate);
	is(waitpid(pid, &status, 0), pid, "without it, its end is waited for");
	is_errno(waitpid(pid, &status, WNOHANG), ECHILD, "WNOHANG, no child");
}

static void
test_nowait(void)
{
	pid_t pid = exiting(9);
	siginfo_t info = {0};

	for (int i = 0; i < 2; i++) {
		is(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0, "WNOWAIT");
		is(info.si_pid, pid, "says who");
		is(info.si_status, 9, "with what status");
	}
	is(kill(pid, 0), 0, "the zombie is still there");
	is(wait_status(pid), 9 << 8, "and can be reaped");
	is_errno(kill(pid, 0), ESRCH, "now it is gone");
}

static void
test_waitid(void)
{
	pid_t pid = exiting(300);
	siginfo_t info = {0};

	is(waitid(P_PID, pid, &info, WEXITED), 0, "waitid");
	is(info.si_signo, SIGCHLD, "si_signo");
	is(info.si_code, CLD_EXITED, "si_code");
	is(info.si_status, 300 & 255, "si_status: eight bits of it");
	is(info.si_uid, 0, "si_uid");
	is(info.si_errno, 0, "si_errno");

	pid = spawn(until_gate);
	kill(pid, SIGKILL);
	is(waitid(P_ALL, 0, &info, WEXITED), 0, "P_ALL");
	is(info.si_pid, pid, "who");
	is(info.si_code, CLD_KILLED, "killed");
	is(info.si_status, SIGKILL, "by what");

	pid = exiting(0);
	is(waitid(P_PGID, getpgrp(), &info, WEXITED), 0, "P_PGID");
	is(info.si_pid, pid, "who");
	pid = exiting(0);
	is(waitid(P_PGID, 0, &info, WEXITED), 0, "P_PGID 0: one's own group");
	is(info.si_pid, pid, "who");
	pid = exiting(0);
	is(syscall(SYS_waitid, P_PID, pid, NULL, WEXITED, NULL), 0,
	    "nobody need ask who");
	pid = exiting(5);
	is(waitpid(pid, NULL, 0), pid, "nor with what status");
}

static void
test_refusals(void)
{
	siginfo_t info;
	int status;
	pid_t pid;

	is_errno(waitid(P_ALL, 0, &info, 0), EINVAL, "waiting for nothing");
	is_errno(waitid(P_ALL, 0, &info, WNOHANG), EINVAL, "not even then");
	is_errno(waitid(99, 0, &info, WEXITED), EINVAL, "an unknown id type");
	is_errno(waitid(P_PID, 0, &info, WEXITED), EINVAL, "P_PID 0");
	is_errno(waitid(P_PID, -1, &info, WEXITED), EINVAL, "P_PID -1");
	is_errno(waitid(P_PGID, -1, &info, WEXITED), EINVAL, "P_PGID -1");
	is_errno(waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL,
	    "an unknown option");
	is_errno(waitpid(-1, &status, 0x100), EINVAL, "an unknown option");
	is_errno(waitid(P_ALL, 0, &info, WEXITED), ECHILD, "no child");
	is_errno(waitid(P_PID, 1, &info, WEXITED), ECHILD, "init is no child");
	is_errno(waitpid(INT_MIN, &status, 0), ESRCH, "there is no -INT_MIN");
	pid = exiting(0);
	is_errno(syscall(SYS_wait4, pid, 8, 0, NULL), EFAULT,
	    "a status that goes nowhere");
	/* Who has not been told of may be there still. */
	waitpid(pid, NULL, 0);
}

static void
test_clone_children(void)
{
	pid_t pid = syscall(SYS_clone, 0, 0, 0, 0, 0);

	if (pid == 0)
		_exit(6);
	ok(pid > 0, "a child that ends without a signal");
	is_errno(waitpid(pid, NULL, 0), ECHILD, "is not waited for by default");
	is(waitpid(pid, NULL, __WALL), pid, "but with __WALL");
	pid = syscall(SYS_clone, 0, 0, 0, 0, 0);
	if (pid == 0)
		_exit(6);
	is(waitpid(pid, NULL, __WCLONE), pid, "or with __WCLONE");
	pid = exiting(0);
	is_errno(waitpid(pid, NULL, __WCLONE), ECHILD, "which is for no other");
	is(waitpid(pid, NULL, 0), pid, "an ordinary child");
}

static void
test_usage(void)
{
	struct rusage ru;
	pid_t pid = must(fork());

	if (pid == 0) {
		volatile unsigned sum = 0;

		for (unsigned i = 0; i < 2000000; i++)
			sum += i;
		_exit(0);
	}
	memset(&ru, 0xff, sizeof(ru));
	is(wait4(pid, NULL, 0, &ru), pid, "wait4 with usage");
	ok(ru.ru_utime.tv_sec >= 0 && ru.ru_utime.tv_sec < 30 &&
		ru.ru_utime.tv_usec < 1000000,
	    "the child's time is a time");
	is(ru.ru_nsignals, 0, "what nobody counts is 0");
}

/* A parent that ignores SIGCHLD never hears of its children's ends. */
static void
test_ignored(void)
{
	struct sigaction sa = {.sa_handler = SIG_IGN};

	must(sigaction(SIGCHLD, &sa, NULL));
	exiting(1);
	exiting(2);
	is_errno(waitpid(-1, NULL, 0), ECHILD,
	    "SIGCHLD ignored: wait until all are gone, and say ECHILD");
	sa.sa_handler = SIG_DFL;
	sa.sa_flags = SA_NOCLDWAIT;
	must(sigaction(SIGCHLD, &sa, NULL));
	exiting(1);
	is_errno(waitpid(-1, NULL, 0), ECHILD, "so with SA_NOCLDWAIT");
	sa.sa_flags = 0;
	must(sigaction(SIGCHLD, &sa, NULL));
	is(wait_status(exiting(1)), 1 << 8, "and back to normal");
}

TEST(proc_wait)
{
	gate = gate_make();
	test_statuses();
	test_whom();
	test_nohang();
	test_nowait();
	test_waitid();
	test_refusals();
	test_clone_children();
	test_usage();
	test_ignored();
}
