/* alarm, setitimer and getitimer: three clocks that send signals. */
#include "tap.h"

#include <sys/time.h>
#include <time.h>

static volatile int count;
static volatile int last;

static void
on_signal(int sig)
{
	last = sig;
	count++;
}

static const struct {
	int which, sig;
	const char *name;
} timers[] = {
    {ITIMER_REAL, SIGALRM, "ITIMER_REAL"},
    {ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL"},
    {ITIMER_PROF, SIGPROF, "ITIMER_PROF"},
};

static void
set(int which, long value_us, long interval_us)
{
	struct itimerval it = {{interval_us / 1000000, interval_us % 1000000},
	    {value_us / 1000000, value_us % 1000000}};

	must(setitimer(which, &it, NULL));
}

static long long
now_us(clockid_t id)
{
	struct timespec ts;

	must(clock_gettime(id, &ts));
	return ts.tv_sec * 1000000ll + ts.tv_nsec / 1000;
}

/* Works, which all three clocks count, until n signals have come. */
static void
work_until(int n)
{
	while (count < n)
		for (volatile int i = 0; i < 1000; i++)
			;
}

static void
test_each(int which, int sig, const char *name)
{
	struct itimerval it;
	long long start = now_us(CLOCK_MONOTONIC);

	signal(sig, on_signal);
	count = 0;
	is(getitimer(which, &it), 0, "%s", name);
	ok(!it.it_value.tv_sec && !it.it_value.tv_usec, "is not set");
	set(which, 20000, 0);
	work_until(1);
	is(last, sig, "its signal");
	ok(now_us(CLOCK_MONOTONIC) - start >= 19000, "not too early");
	must(getitimer(which, &it));
	ok(!it.it_value.tv_sec && !it.it_value.tv_usec, "it comes once");
	set(which, 5000, 5000);
	work_until(6);
	ok(now_us(CLOCK_MONOTONIC) - start >= 24000, "with an interval, on");
	must(getitimer(which, &it));
	is(it.it_interval.tv_usec, 5000, "the interval can be asked for");
	ok(it.it_value.tv_sec == 0 && it.it_value.tv_usec <= 20000,
	    "and the time that is left");
	set(which, 0, 0);
	must(getitimer(which, &it));
	ok(!it.it_value.tv_usec && !it.it_interval.tv_usec, "switched off");
}

static void
test_old(void)
{
	struct itimerval it = {{0, 0}, {1000, 0}}, old;

	must(setitimer(ITIMER_REAL, &it, NULL));
	it.it_value.tv_sec = 2000;
	is(setitimer(ITIMER_REAL, &it, &old), 0, "setting it again");
	ok(old.it_value.tv_sec >= 900 && old.it_value.tv_sec <= 1000,
	    "gives what was left");
	is(alarm(3000), 2000, "alarm sets the same timer, and says so");
	ok(alarm(0) > 2900, "in whole seconds");
	is(alarm(0), 0, "it is off");
	set(ITIMER_REAL, 300000, 0);
	is(alarm(0), 1, "less than a second is one");
}

/* The clock of work done in user code stands while one sleeps. */
static void
test_asleep(void)
{
	struct timespec ts = {0, 50000000};

	signal(SIGVTALRM, on_signal);
	signal(SIGPROF, on_signal);
	count = 0;
	set(ITIMER_VIRTUAL, 45000, 0);
	set(ITIMER_PROF, 45000, 0);
	is(nanosleep(&ts, NULL), 0, "a sleep of 50 ms");
	is(count, 0, "counts for neither clock of work");
	set(ITIMER_VIRTUAL, 0, 0);
	set(ITIMER_PROF, 0, 0);
}

static void
test_children(void)
{
	struct itimerval it;

	set(ITIMER_REAL, 900000000, 0);
	set(ITIMER_PROF, 900000000, 0);
	if (must(fork()) == 0) {
		must(getitimer(ITIMER_REAL, &it));
		is(it.it_value.tv_sec, 0, "a child has no timer");
		must(getitimer(ITIMER_PROF, &it));
		is(it.it_value.tv_sec, 0, "of any kind");
		_exit(0);
	}
	wait(NULL);
	must(getitimer(ITIMER_REAL, &it));
	ok(it.it_value.tv_sec > 800, "its parent has");
	set(ITIMER_REAL, 0, 0);
	set(ITIMER_PROF, 0, 0);
}

static void
set_again(int sig)
{
	on_signal(sig);
	set(ITIMER_PROF, 1, 0);
}

/*
 * However short the interval is, the work goes on: signals of CPU time come at
 * a tick, of which no kernel has more than one each millisecond.
 */
static void
work_beside(void (*handler)(int), long interval_us, const char *what)
{
	long long start = now_us(CLOCK_PROCESS_CPUTIME_ID), spent;

	signal(SIGPROF, handler);
	count = 0;
	set(ITIMER_PROF, 1, interval_us);
	while (now_us(CLOCK_PROCESS_CPUTIME_ID) - start < 200000)
		getppid();
	set(ITIMER_PROF, 0, 0);
	spent = now_us(CLOCK_PROCESS_CPUTIME_ID) - start;
	ok(count > 0, "%s of a microsecond sends signals", what);
	ok(count <= spent / 1000 + 1, "but leaves time for work");
	note("%d in %lld us", count, spent);
}

static void
alarm_and_sleep(void)
{
	signal(SIGALRM, SIG_DFL);
	set(ITIMER_REAL, 1000, 0);
	for (;;)
		pause();
}

static void
alarm_and_spin(void)
{
	signal(SIGPROF, SIG_DFL);
	set(ITIMER_PROF, 1000, 0);
	for (;;)
		;
}

static void
spin_virtually(void)
{
	signal(SIGVTALRM, SIG_DFL);
	set(ITIMER_VIRTUAL, 1000, 0);
	for (;;)
		;
}

static void
test_refusals(void)
{
	struct itimerval it = {{0, 0}, {0, 1000000}}, neg = {{0, 0}, {-1, 0}};

	is_errno(syscall(SYS_setitimer, 3, &it, NULL), EINVAL, "no such timer");
	is_errno(syscall(SYS_getitimer, 3, &it), EINVAL, "nor here");
	it = (struct itimerval){{0, 0}, {0, 1000000}};
	is_errno(setitimer(ITIMER_REAL, &it, NULL), EINVAL,
	    "a million microseconds");
	is_errno(setitimer(ITIMER_REAL, &neg, NULL), EINVAL, "before now");
	is_errno(syscall(SYS_setitimer, ITIMER_REAL, NOWHERE, NULL), EFAULT,
	    "from nowhere");
	is_errno(
	    syscall(SYS_getitimer, ITIMER_REAL, NOWHERE), EFAULT, "to nowhere");
	is(syscall(SYS_setitimer, ITIMER_REAL, NULL, &it), 0,
	    "nothing to set switches off");
}

/* Longer than any clock counts: it is as good as never, and no wrap. */
static void
test_never(void)
{
	struct itimerval it = {{LONG_MAX, 0}, {LONG_MAX, 0}};

	must(setitimer(ITIMER_REAL, &it, NULL));
	must(getitimer(ITIMER_REAL, &it));
	is(it.it_interval.tv_sec, LLONG_MAX / 1000000000,
	    "the longest interval in seconds");
	ok(it.it_value.tv_sec > LLONG_MAX / 1000000000 - 1000000,
	    "and the longest wait");
	set(ITIMER_REAL, 0, 0);
}

/* Blocked, it waits; however many come meanwhile, they are one. */
static void
test_blocked(void)
{
	struct timespec ts = {0, 30000000};
	sigset_t mask;

	signal(SIGALRM, on_signal);
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	must(sigprocmask(SIG_BLOCK, &mask, NULL));
	count = 0;
	set(ITIMER_REAL, 2000, 2000);
	is(nanosleep(&ts, NULL), 0, "a blocked signal interrupts no sleep");
	is(count, 0, "and does not act");
	set(ITIMER_REAL, 0, 0);
	must(sigprocmask(SIG_UNBLOCK, &mask, NULL));
	is(count, 1, "unblocked, it acts once");
}

TEST(time_timer)
{
	for (int i = 0; i < 3; i++)
		test_each(timers[i].which, timers[i].sig, timers[i].name);
	test_old();
	test_asleep();
	test_children();
	work_beside(on_signal, 1, "an interval");
	work_beside(set_again, 0, "a timer that is set again");
	dies(SIGALRM, alarm_and_sleep, "SIGALRM kills a sleeper");
	dies(SIGPROF, alarm_and_spin, "SIGPROF kills one who works");
	dies(SIGVTALRM, spin_virtually, "as does SIGVTALRM");
	test_refusals();
	test_never();
	test_blocked();
}
