/* Waiting for signals: sigsuspend, sigtimedwait, pause. */
#include "tap.h"

#include <time.h>

static volatile int count;

static void
on_signal(int sig)
{
	(void)sig;
	count++;
}

static sigset_t
set_of(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	if (a)
		sigaddset(&set, a);
	if (b)
		sigaddset(&set, b);
	return set;
}

static bool
is_blocked(int sig)
{
	sigset_t set;

	must(sigprocmask(SIG_BLOCK, NULL, &set));
	return sigismember(&set, sig);
}

static int sig_to_send;

static void
send_to_parent(void)
{
	must(kill(getppid(), sig_to_send));
}

static void
test_suspend(void)
{
	sigset_t set = set_of(SIGUSR1, 0), none = set_of(0, 0),
		 hup = set_of(SIGHUP, 0);

	signal(SIGUSR1, on_signal);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	is(count, 0, "SIGUSR1 is pending");
	is_errno(sigsuspend(&none), EINTR, "sigsuspend ends at once");
	is(count, 1, "when its handler has run");
	ok(is_blocked(SIGUSR1), "the mask is as before");
	sig_to_send = SIGUSR1;
	spawn(send_to_parent);
	is_errno(sigsuspend(&hup), EINTR, "it waits until one comes");
	is(count, 2, "which is handled");
	ok(is_blocked(SIGUSR1) && !is_blocked(SIGHUP), "and restores the mask");
	wait(NULL);
	is_errno(syscall(SYS_rt_sigsuspend, NOWHERE, 8), EFAULT, "no mask");
	is_errno(syscall(SYS_rt_sigsuspend, &none, 4), EINVAL, "half a mask");
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

static struct gate ready;

static void
suspend_for_ever(void)
{
	sigset_t none = set_of(0, 0), usr = set_of(SIGUSR2, 0);

	sigprocmask(SIG_BLOCK, &usr, NULL);
	signal(SIGUSR2, on_signal);
	gate_open(&ready);
	sigsuspend(&none);
	_exit(count == 1 && is_blocked(SIGUSR2) ? 30 : 31);
}

static void
test_suspend_child(void)
{
	pid_t pid;

	count = 0;
	pid = spawn(suspend_for_ever);
	gate_wait(&ready);
	must(kill(pid, SIGCHLD));
	must(kill(pid, SIGWINCH));
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, NULL, WUNTRACED));
	must(kill(pid, SIGCONT));
	must(kill(pid, SIGUSR2));
	is(wait_status(pid), 30 << 8,
	    "what is ignored, or stops, does not end sigsuspend");
	pid = spawn(suspend_for_ever);
	gate_wait(&ready);
	must(kill(pid, SIGTERM));
	is(wait_status(pid), SIGTERM, "what kills does");
}

static void
test_timedwait(void)
{
	sigset_t set = set_of(SIGUSR1, SIGUSR2);
	struct timespec none = {0, 0}, little = {0, 20000000}, hour = {3600, 0};
	struct timespec a, b;
	siginfo_t info;

	must(sigprocmask(SIG_BLOCK, &set, NULL));
	count = 0;
	is_errno(sigtimedwait(&set, &info, &none), EAGAIN, "nothing pending");
	must(clock_gettime(CLOCK_MONOTONIC, &a));
	is_errno(sigtimedwait(&set, &info, &little), EAGAIN, "for 20 ms");
	must(clock_gettime(CLOCK_MONOTONIC, &b));
	ok((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec >=
		20000000,
	    "it takes that long");
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGUSR1);
	is(sigtimedwait(&set, &info, &none), SIGUSR1, "the lowest is first");
	is(info.si_signo, SIGUSR1, "si_signo");
	is(info.si_code, SI_USER, "si_code");
	is(info.si_pid, getpid(), "si_pid");
	is(sigwaitinfo(&set, NULL), SIGUSR2, "then the other");
	is_errno(sigtimedwait(&set, &info, &none), EAGAIN, "no more");
	is(count, 0, "no handler has run");
	sig_to_send = SIGUSR1;
	spawn(send_to_parent);
	is(sigtimedwait(&set, &info, &hour), SIGUSR1, "it waits for one");
	ok(info.si_pid > 1 && info.si_pid != getpid(), "from somebody else");
	wait(NULL);
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

/* However late the parent begins to wait, one more will come. */
static void
keep_sending(void)
{
	struct timespec ts = {0, 1000000};

	for (;;) {
		kill(getppid(), SIGUSR2);
		nanosleep(&ts, NULL);
	}
}

static void
test_timedwait_other(void)
{
	sigset_t set = set_of(SIGUSR1, 0);
	struct timespec hour = {3600, 0}, bad = {0, 1000000000}, neg = {-1, 0};
	siginfo_t info;
	pid_t pid;

	must(sigprocmask(SIG_BLOCK, &set, NULL));
	signal(SIGUSR2, on_signal);
	count = 0;
	pid = spawn(keep_sending);
	is_errno(sigtimedwait(&set, &info, &hour), EINTR,
	    "a signal that is not waited for interrupts");
	kill(pid, SIGKILL);
	wait_status(pid);
	ok(count > 0, "and is handled");
	is_errno(sigtimedwait(&set, &info, &bad), EINVAL, "no such time");
	is_errno(sigtimedwait(&set, &info, &neg), EINVAL, "nor this");
	is_errno(syscall(SYS_rt_sigtimedwait, NOWHERE, 0, 0, 8), EFAULT,
	    "a set from nowhere");
	is_errno(syscall(SYS_rt_sigtimedwait, &set, 0, NOWHERE, 8), EFAULT,
	    "a time from nowhere");
	is_errno(syscall(SYS_rt_sigtimedwait, &set, 0, &hour, 4), EINVAL,
	    "half a set");
	raise(SIGUSR1);
	is_errno(syscall(SYS_rt_sigtimedwait, &set, NOWHERE, &hour, 8), EFAULT,
	    "information to nowhere");
	signal(SIGUSR1, SIG_IGN);
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

/* The signal of a child's end can be waited for like any other. */
static void
test_child(void)
{
	sigset_t set = set_of(SIGCHLD, 0);
	siginfo_t info;
	pid_t pid;

	must(sigprocmask(SIG_BLOCK, &set, NULL));
	sig_to_send = 0;
	pid = spawn(send_to_parent);
	is(sigwaitinfo(&set, &info), SIGCHLD, "SIGCHLD, though not handled");
	is(info.si_pid, pid, "of the child");
	is(info.si_code, CLD_EXITED, "that ended");
	is(wait_status(pid), 0, "and can be reaped");
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(signal_wait)
{
	struct timespec ts = {0, 1};

	ready = gate_make();
	test_suspend();
	test_suspend_child();
	test_timedwait();
	test_timedwait_other();
	while (sigtimedwait(&(sigset_t){{-1ul}}, NULL, &ts) > 0)
		;
	test_child();
}
