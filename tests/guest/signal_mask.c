/* Blocked and pending signals. */
#include "tap.h"

static volatile int order[16], nr_order;

static void
on_signal(int sig)
{
	if (nr_order < 16)
		order[nr_order++] = sig;
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
is_pending(int sig)
{
	sigset_t set;

	must(sigpending(&set));
	return sigismember(&set, sig);
}

static bool
is_blocked(int sig)
{
	sigset_t set;

	must(sigprocmask(SIG_BLOCK, NULL, &set));
	return sigismember(&set, sig);
}

static void
test_how(void)
{
	sigset_t one = set_of(SIGUSR1, 0), two = set_of(SIGUSR2, 0),
		 none = set_of(0, 0), old;

	is(sigprocmask(SIG_BLOCK, &one, &old), 0, "SIG_BLOCK");
	ok(!sigismember(&old, SIGUSR1), "gives what was before");
	ok(is_blocked(SIGUSR1), "and adds");
	is(sigprocmask(SIG_BLOCK, &two, NULL), 0, "SIG_BLOCK again");
	ok(is_blocked(SIGUSR1) && is_blocked(SIGUSR2), "adds more");
	is(sigprocmask(SIG_UNBLOCK, &one, NULL), 0, "SIG_UNBLOCK");
	ok(!is_blocked(SIGUSR1) && is_blocked(SIGUSR2), "takes away");
	is(sigprocmask(SIG_SETMASK, &one, NULL), 0, "SIG_SETMASK");
	ok(is_blocked(SIGUSR1) && !is_blocked(SIGUSR2), "replaces");
	is(sigprocmask(SIG_SETMASK, &none, NULL), 0, "by none");
	ok(!is_blocked(SIGUSR1), "it is none");
}

static void
test_pending(void)
{
	sigset_t set = set_of(SIGUSR1, SIGUSR2);

	must(sigprocmask(SIG_BLOCK, &set, NULL));
	nr_order = 0;
	raise(SIGUSR1);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	is(nr_order, 0, "blocked signals do nothing");
	ok(is_pending(SIGUSR1) && is_pending(SIGUSR2), "but are pending");
	ok(!is_pending(SIGHUP), "others are not");
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
	ok(nr_order == 3 || nr_order == 2, "once each for thread and process");
	ok(!is_pending(SIGUSR1) && !is_pending(SIGUSR2), "none is pending");
	nr_order = 0;
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
	is(nr_order, 1, "two to a process are one");
}

/* They act before sigprocmask returns, lowest number first. */
static void
test_order(void)
{
	static const int sent[] = {SIGTERM, SIGUSR1, SIGHUP, SIGCHLD};
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < 4; i++)
		signal(sent[i], on_signal);
	must(sigprocmask(SIG_BLOCK, &all, NULL));
	for (size_t i = 0; i < 4; i++)
		raise(sent[i]);
	nr_order = 0;
	must(sigprocmask(SIG_UNBLOCK, &all, NULL));
	is(nr_order, 4, "all four have acted");
	/* Each interrupts the one before, so the last to begin ends first. */
	for (int i = 0; i < 3; i++)
		ok(order[i] > order[i + 1], "the lowest is the first taken");
}

/* SIGKILL and SIGSTOP are not blocked, whatever one asks. */
static void
test_fixed(void)
{
	sigset_t all;

	sigfillset(&all);
	is(sigprocmask(SIG_SETMASK, &all, NULL), 0, "all blocked");
	ok(!is_blocked(SIGKILL) && !is_blocked(SIGSTOP), "but these two");
	sigemptyset(&all);
	must(sigprocmask(SIG_SETMASK, &all, NULL));
}

static void
kill_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	kill(getpid(), SIGKILL);
}

static void
test_refusals(void)
{
	sigset_t set = set_of(0, 0);

	is_errno(sigprocmask(99, &set, NULL), EINVAL, "no such way");
	is(sigprocmask(99, NULL, NULL), 0, "which matters only with a set");
	is_errno(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL,
	    "a set of another size");
	is_errno(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NOWHERE, NULL, 8),
	    EFAULT, "a set from nowhere");
	is_errno(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NOWHERE, 8),
	    EFAULT, "to nowhere");
	is_errno(syscall(SYS_rt_sigpending, NOWHERE, 8), EFAULT,
	    "what is pending, to nowhere");
	is_errno(
	    syscall(SYS_rt_sigpending, &set, 16), EINVAL, "into a larger set");
}

static volatile sig_atomic_t masks;

static void
look_at_mask(int sig)
{
	masks = is_blocked(sig) | is_blocked(SIGHUP) << 1 |
	    is_blocked(SIGUSR2) << 2;
}

/* A handler runs with its own signal and sa_mask blocked besides. */
static void
test_handler(void)
{
	struct sigaction sa = {
	    .sa_handler = look_at_mask, .sa_mask = set_of(SIGHUP, 0)};
	sigset_t set = set_of(SIGUSR2, 0);

	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	is(masks, 7, "the mask, sa_mask and the signal itself are blocked");
	ok(!is_blocked(SIGUSR1) && !is_blocked(SIGHUP) && is_blocked(SIGUSR2),
	    "after it, the mask is what it was");
	sa.sa_flags = SA_NODEFER;
	must(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	is(masks, 6, "with SA_NODEFER, not the signal itself");
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESETHAND;
	must(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	must(sigaction(SIGUSR1, NULL, &sa));
	ok(sa.sa_handler == SIG_DFL, "SA_RESETHAND: it serves once");
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(signal_mask)
{
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	test_how();
	test_pending();
	test_order();
	test_fixed();
	dies(SIGKILL, kill_blocked, "SIGKILL cannot be blocked");
	test_refusals();
	test_handler();
}
