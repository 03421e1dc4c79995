/* Floating-point state: each process's own, across switches and handlers. */
#include "tap.h"

#include <fenv.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>

#define NR 12

/* Keeps many values in float registers while others run. */
static bool
hold_values(double seed)
{
	double v[NR];

	for (int i = 0; i < NR; i++)
		v[i] = seed + i * 0.25;
	for (int round = 0; round < 300; round++) {
		double a = v[0], b = v[1], c = v[2], d = v[3], e = v[4],
		       f = v[5], g = v[6], h = v[7];

		if (round % 16 == 0)
			sched_yield();
		__asm__ volatile("" ::: "memory");
		v[0] = b - 0.25;
		v[1] = a + 0.25;
		v[2] = d - 0.25;
		v[3] = c + 0.25;
		v[4] = f - 0.25;
		v[5] = e + 0.25;
		v[6] = h - 0.25;
		v[7] = g + 0.25;
	}
	for (int i = 0; i < NR; i++)
		if (v[i] != seed + i * 0.25)
			return false;
	return true;
}

static void
test_processes(void)
{
	enum {
		N = 6
	};
	pid_t pids[N];
	int good = 0;

	for (int i = 0; i < N; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0)
			_exit(!hold_values(1000 * i + 1));
	}
	for (int i = 0; i < N; i++)
		good += wait_status(pids[i]) == 0;
	is(good, N, "%d processes' values do not mix", N);
}

/* Rounding modes and exception flags belong to a process as well. */
static void
test_modes(void)
{
	pid_t pid;

	fesetround(FE_UPWARD);
	feclearexcept(FE_ALL_EXCEPT);
	feraiseexcept(FE_DIVBYZERO);
	pid = must(fork());
	if (pid == 0) {
		is(fegetround(), FE_UPWARD,
		    "a child has its parent's rounding");
		ok(fetestexcept(FE_DIVBYZERO), "and its exception flags");
		fesetround(FE_TOWARDZERO);
		feclearexcept(FE_ALL_EXCEPT);
		for (int i = 0; i < 20; i++)
			sched_yield();
		is(fegetround(), FE_TOWARDZERO, "then its own");
		_exit(0);
	}
	for (int i = 0; i < 20; i++)
		sched_yield();
	is(wait_status(pid), 0, "the child ends");
	is(fegetround(), FE_UPWARD, "the parent's are not touched");
	ok(fetestexcept(FE_DIVBYZERO), "none of them");
	fesetround(FE_TONEAREST);
	feclearexcept(FE_ALL_EXCEPT);
}

static volatile double sink;
static volatile int ticks;

static void
clobber(int sig)
{
	double x[32];

	(void)sig;
	for (int i = 0; i < 32; i++)
		x[i] = -i * 3.5;
	for (int i = 0; i < 31; i++)
		x[i + 1] += x[i] * 0.5;
	sink = x[31];
	fesetround(FE_DOWNWARD);
	feraiseexcept(FE_INVALID);
	ticks++;
}

static void
test_handlers(void)
{
	struct itimerval it = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
	int good = 0, rounds = 0;

	feclearexcept(FE_ALL_EXCEPT);
	signal(SIGUSR1, clobber);
	raise(SIGUSR1);
	is(fegetround(), FE_TONEAREST, "what a handler does to the rounding");
	ok(!fetestexcept(FE_INVALID), "and the flags is undone");
	signal(SIGALRM, clobber);
	must(setitimer(ITIMER_REAL, &it, NULL));
	while (ticks < 20) {
		good += hold_values(rounds);
		rounds++;
	}
	must(setitimer(ITIMER_REAL, &off, NULL));
	is(good, rounds, "values held while handlers clobber all registers");
}

/* A fresh program starts with a clean state. */
HELPER(float_fresh)
{
	is(fegetround(), FE_TONEAREST, "a new program rounds to nearest");
	is(fetestexcept(FE_ALL_EXCEPT), 0, "with no exception flag");
	return 0;
}

static void
test_exec(void)
{
	char *argv[] = {"x", "@float_fresh", NULL};

	if (must(fork()) == 0) {
		fesetround(FE_UPWARD);
		feraiseexcept(FE_ALL_EXCEPT);
		execve(tap_self, argv, environ);
		_exit(126);
	}
	wait(NULL);
}

/* One that never used floats before may begin to at any time. */
static void
test_late(void)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		volatile double x = 2;

		_exit(x * 21 == 42 ? 0 : 1);
	}
	is(wait_status(pid), 0, "floats in a child");
}

TEST(signal_float)
{
	test_processes();
	test_modes();
	test_handlers();
	test_exec();
	test_late();
}
