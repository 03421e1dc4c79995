/* Handlers within handlers, jumps out of them, and what they change. */
#include "tap.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

static volatile int depth, deepest;
static sigjmp_buf back;

static bool
is_blocked(int sig)
{
	sigset_t set;

	must(sigprocmask(SIG_BLOCK, NULL, &set));
	return sigismember(&set, sig);
}

static void
descend(int sig)
{
	volatile long canary = 0x1234567 + sig;

	if (++depth > deepest)
		deepest = depth;
	if (sig < SIGRTMIN + 20)
		raise(sig + 1);
	if (canary != 0x1234567 + sig)
		deepest = -1;
	depth--;
}

static void
test_deep(void)
{
	for (int sig = SIGRTMIN; sig <= SIGRTMIN + 20; sig++)
		signal(sig, descend);
	raise(SIGRTMIN);
	is(deepest, 21, "21 handlers, one in the other");
	is(depth, 0, "and all return");
}

static void
jump(int sig)
{
	siglongjmp(back, sig);
}

static void
test_jumps(void)
{
	static int i, jumps, sig;

	signal(SIGUSR1, jump);
	signal(SIGSEGV, jump);
	for (i = 0; i < 100; i++) {
		sig = sigsetjmp(back, 1);
		if (sig == 0) {
			raise(SIGUSR1);
			continue;
		}
		jumps += sig == SIGUSR1;
	}
	is(jumps, 100, "siglongjmp out of a handler, 100 times");
	ok(!is_blocked(SIGUSR1), "restores the mask");
	for (i = 0; i < 100; i++) {
		sig = sigsetjmp(back, 1);
		if (sig == 0)
			*(volatile int *)NOWHERE = 1;
		jumps += sig == SIGSEGV;
	}
	is(jumps, 200, "out of the handler of a fault, 100 times");
	if (sigsetjmp(back, 0) == 0)
		raise(SIGUSR1);
	ok(is_blocked(SIGUSR1), "without the mask, the signal stays blocked");
	must(sigprocmask(SIG_SETMASK, &(sigset_t){{0}}, NULL));
}

/* A handler that repairs what went wrong, and lets it be tried again. */
static char *page;
static volatile int repairs;

static void
repair(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	repairs++;
	if ((char *)info->si_addr < page ||
	    (char *)info->si_addr >= page + 4096)
		_exit(66);
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void
test_repair(void)
{
	struct sigaction sa = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};

	page = must(
	    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(sigaction(SIGSEGV, &sa, NULL));
	for (int i = 0; i < 10; i++) {
		must(mprotect(page, 4096, i % 2 ? PROT_READ : PROT_NONE));
		page[i] = i;
	}
	is(repairs, 10, "a fault repaired by its handler, ten times");
	is(page[9], 9, "the instruction was run again");
	signal(SIGSEGV, SIG_DFL);
}

static void
fault_in_handler(int sig)
{
	(void)sig;
	*(volatile int *)NOWHERE = 1;
}

static void
double_fault(void)
{
	signal(SIGSEGV, fault_in_handler);
	*(volatile int *)NOWHERE = 1;
}

/* The frame's mask is what counts after the handler. */
static void
change_mask(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGHUP);
}

static void
test_mask(void)
{
	struct sigaction sa = {
	    .sa_sigaction = change_mask, .sa_flags = SA_SIGINFO};

	must(sigaction(SIGUSR2, &sa, NULL));
	raise(SIGUSR2);
	ok(is_blocked(SIGHUP), "the mask that a handler leaves in its frame");
	must(sigprocmask(SIG_SETMASK, &(sigset_t){{0}}, NULL));
}

/* Signals that come at any point of a computation do not disturb it. */
static volatile int ticks;

static void
on_tick(int sig)
{
	volatile double x = 1;

	(void)sig;
	for (int i = 0; i < 50; i++)
		x = x * 1.5 + i;
	ticks++;
}

static unsigned long
compute(void)
{
	unsigned long a = 1, b = 1, sum = 0;
	double f = 1;

	for (int i = 0; i < 300000; i++) {
		a = a * 6364136223846793005ul + 1442695040888963407ul;
		b ^= b << 13;
		b ^= b >> 7;
		b ^= b << 17;
		f = f * 1.0000001 + 0.5;
		sum += (a >> 33) ^ b;
	}
	return sum + (unsigned long)f;
}

static void
test_interruptions(void)
{
	struct itimerval it = {{0, 1000}, {0, 1000}};
	unsigned long want = compute();
	int good = 0, rounds = 0;

	signal(SIGALRM, on_tick);
	must(setitimer(ITIMER_REAL, &it, NULL));
	while (ticks < 20) {
		good += compute() == want;
		rounds++;
	}
	is(good, rounds, "a computation interrupted all the time is right");
	it = (struct itimerval){{0, 0}, {0, 0}};
	must(setitimer(ITIMER_REAL, &it, NULL));
}

/* A handler that leaves for good is fine, from wherever it was. */
static void
exit_inside(int sig)
{
	(void)sig;
	_exit(12);
}

static void
exit_in_handler(void)
{
	signal(SIGUSR1, exit_inside);
	raise(SIGUSR1);
}

static void
fork_inside(int sig)
{
	(void)sig;
	depth = fork();
}

static void
test_fork(void)
{
	depth = -1;
	signal(SIGUSR1, fork_inside);
	raise(SIGUSR1);
	if (depth == 0)
		_exit(is_blocked(SIGUSR1) ? 1 : 34);
	is(wait_status(depth), 34 << 8,
	    "a child made in a handler returns too");
	ok(!is_blocked(SIGUSR1), "as does its parent");
	depth = 0;
}

TEST(signal_nest)
{
	test_deep();
	test_jumps();
	test_repair();
	dies(SIGSEGV, double_fault, "a fault in SIGSEGV's own handler kills");
	test_mask();
	test_interruptions();
	exits(12, exit_in_handler, "a handler may end the process");
	test_fork();
}
