/* What each signal does by default, and who may say otherwise. */
#include "tap.h"

static int current;

static void
get_signal(void)
{
	raise(current);
	/* A stop or nothing at all: go on. */
}

/* Dies, stops, or takes no notice. */
enum effect {
	DIES,
	STOPS,
	NOTHING
};

static enum effect
default_of(int sig)
{
	switch (sig) {
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
		return NOTHING;
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return STOPS;
	}
	return DIES;
}

static void
check_default(int sig)
{
	int status;
	pid_t pid;

	current = sig;
	pid = spawn(get_signal);
	must(waitpid(pid, &status, WUNTRACED));
	switch (default_of(sig)) {
	case DIES:
		is(status & 0x7f, sig, "signal %d kills", sig);
		return;
	case NOTHING:
		is(status, 0, "signal %d does nothing", sig);
		return;
	case STOPS:
		ok(WIFSTOPPED(status), "signal %d stops", sig);
		is(WSTOPSIG(status), sig, "as its status says");
		kill(pid, SIGCONT);
		is(wait_status(pid), 0, "and it goes on");
	}
}

/* One's own group's leader is elsewhere in the session: it can be stopped. */
static void
test_defaults(void)
{
	must(setpgid(0, 0));
	for (int sig = 1; sig <= 64; sig++)
		if (sig != 32 && sig != 33)
			check_default(sig);
}

static void
test_ignoring(void)
{
	int good = 0, tried = 0;

	for (int sig = 1; sig <= 64; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33)
			continue;
		must(signal(sig, SIG_IGN) == SIG_ERR ? -1 : 0);
		tried++;
		good += raise(sig) == 0;
		signal(sig, SIG_DFL);
	}
	is(good, tried, "every signal that can be ignored, ignored");
}

static volatile sig_atomic_t caught;

static void
on_signal(int sig)
{
	caught = sig;
}

static void
test_catching(void)
{
	int good = 0, tried = 0;

	for (int sig = 1; sig <= 64; sig++) {
		struct sigaction sa = {.sa_handler = on_signal}, old;

		if (sig == SIGKILL || sig == SIGSTOP || sig == 32 || sig == 33)
			continue;
		must(sigaction(sig, &sa, NULL));
		tried++;
		caught = 0;
		raise(sig);
		must(sigaction(sig, NULL, &old));
		good += caught == sig && old.sa_handler == on_signal;
		signal(sig, SIG_DFL);
	}
	is(good, tried, "every signal that can be caught, caught");
}

static void
test_refusals(void)
{
	struct sigaction sa = {.sa_handler = SIG_IGN}, old;
	static const int fixed[] = {SIGKILL, SIGSTOP};

	for (int i = 0; i < 2; i++) {
		is_errno(sigaction(fixed[i], &sa, NULL), EINVAL,
		    "signal %d cannot be ignored", fixed[i]);
		is(sigaction(fixed[i], NULL, &old), 0, "but asked about");
		ok(old.sa_handler == SIG_DFL, "it has its default");
	}
	is_errno(sigaction(0, NULL, &old), EINVAL, "there is no signal 0");
	is_errno(sigaction(65, NULL, &old), EINVAL, "nor 65");
	is_errno(sigaction(-1, NULL, &old), EINVAL, "nor -1");
	is_errno(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL,
	    "sets of signals have eight bytes");
	is_errno(syscall(SYS_rt_sigaction, SIGUSR1, NOWHERE, NULL, 8), EFAULT,
	    "an action from nowhere");
	is_errno(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NOWHERE, 8), EFAULT,
	    "to nowhere");
}

/* Ignoring a signal throws away what is pending of it. */
static void
test_discard(void)
{
	sigset_t set, now;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	sigpending(&now);
	ok(!sigismember(&now, SIGUSR1), "SIG_IGN discards what is pending");
	signal(SIGCHLD, on_signal);
	raise(SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	sigpending(&now);
	ok(!sigismember(&now, SIGCHLD),
	    "as does a default that is to do nothing");
	raise(SIGUSR1);
	sigpending(&now);
	ok(sigismember(&now, SIGUSR1),
	    "blocked, an ignored signal waits: it may be wanted yet");
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
	signal(SIGUSR1, SIG_DFL);
}

/* A fault cannot be blocked or ignored. */
static void
fault_blocked(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*(volatile char *)NOWHERE = 1;
}

static void
fault_ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	*(volatile char *)NOWHERE = 1;
}

static void
fault_blocked_caught(void)
{
	signal(SIGSEGV, on_signal);
	fault_blocked();
}

TEST(signal_action)
{
	pid_t pid = spawn(test_defaults);

	is(wait_status(pid), 0, "a group in which stops are possible");
	test_ignoring();
	test_catching();
	test_refusals();
	test_discard();
	dies(SIGSEGV, fault_blocked, "a fault while SIGSEGV is blocked kills");
	dies(SIGSEGV, fault_ignored, "one while it is ignored too");
	dies(SIGSEGV, fault_blocked_caught, "even if there is a handler");
}
