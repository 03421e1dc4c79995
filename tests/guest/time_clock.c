/* Clocks: which there are, that they move, and never back. */
#include "tap.h"

#include <sys/time.h>
#include <time.h>

static const struct {
	clockid_t id;
	const char *name;
} clocks[] = {
    {CLOCK_REALTIME, "CLOCK_REALTIME"},
    {CLOCK_MONOTONIC, "CLOCK_MONOTONIC"},
    {CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID"},
    {CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID"},
    {CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW"},
    {CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE"},
    {CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE"},
    {CLOCK_BOOTTIME, "CLOCK_BOOTTIME"},
};

#define NR_CLOCKS (sizeof(clocks) / sizeof(clocks[0]))

/* The call itself, not what the C library does in user code. */
static long
gettime(clockid_t id, void *ts)
{
	return syscall(SYS_clock_gettime, id, ts);
}

static long long
now_ns(clockid_t id)
{
	struct timespec ts = {0, 0};

	must(gettime(id, &ts));
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void
test_each(void)
{
	for (size_t i = 0; i < NR_CLOCKS; i++) {
		struct timespec ts = {-1, -1};
		long long before, later;
		int backward = 0;

		is(gettime(clocks[i].id, &ts), 0, "%s", clocks[i].name);
		ok(ts.tv_sec >= 0 && ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000,
		    "gives a time");
		before = now_ns(clocks[i].id);
		for (int n = 0; n < 1000; n++) {
			later = now_ns(clocks[i].id);
			backward += later < before;
			before = later;
		}
		is(backward, 0, "which never goes back");
		ts = (struct timespec){-1, -1};
		is(clock_getres(clocks[i].id, &ts), 0, "has a resolution");
		ok(ts.tv_sec == 0 && ts.tv_nsec > 0 && ts.tv_nsec <= 10000000,
		    "of a hundredth of a second at most");
	}
}

static void
test_moving(void)
{
	long long real = now_ns(CLOCK_REALTIME);
	long long boot = now_ns(CLOCK_BOOTTIME);
	/* Last: whatever comes between only makes the others' spans longer. */
	long long start = now_ns(CLOCK_MONOTONIC);

	while (now_ns(CLOCK_MONOTONIC) < start + 20000000)
		;
	ok(now_ns(CLOCK_REALTIME) - real >= 19000000,
	    "CLOCK_REALTIME moves as CLOCK_MONOTONIC does");
	ok(now_ns(CLOCK_BOOTTIME) - boot >= 19000000, "and CLOCK_BOOTTIME");
	start = now_ns(CLOCK_MONOTONIC);
	ok(now_ns(CLOCK_BOOTTIME) >= start, "which counts no less");
	ok(now_ns(CLOCK_REALTIME) > 1500000000000000000ll,
	    "it is later than 2017");
}

/* The library's clock, which may read it in user code, is the kernel's. */
static void
test_library(void)
{
	struct timespec a, b, c;

	for (int i = 0; i < 20; i++) {
		must(clock_gettime(CLOCK_MONOTONIC, &a));
		must(gettime(CLOCK_MONOTONIC, &b));
		must(clock_gettime(CLOCK_MONOTONIC, &c));
		if (a.tv_sec > b.tv_sec || b.tv_sec > c.tv_sec ||
		    (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec) ||
		    (b.tv_sec == c.tv_sec && b.tv_nsec > c.tv_nsec))
			break;
		if (i == 19)
			ok(true, "the library and the kernel agree");
	}
}

static void
test_gettimeofday(void)
{
	struct timeval tv = {-1, -1};
	long long real;

	is(gettimeofday(&tv, NULL), 0, "gettimeofday");
	real = now_ns(CLOCK_REALTIME);
	ok(real - (tv.tv_sec * 1000000000ll + tv.tv_usec * 1000ll) < 5000000000,
	    "is CLOCK_REALTIME");
	ok(tv.tv_usec >= 0 && tv.tv_usec < 1000000, "in microseconds");
	is(syscall(SYS_gettimeofday, NULL, NULL), 0, "nobody need ask");
	is_errno(syscall(SYS_gettimeofday, NOWHERE, NULL), EFAULT, "nowhere");
	ok(time(NULL) >= tv.tv_sec, "time");
}

static void
test_cpu(void)
{
	struct timespec ts = {0, 30000000};
	long long process = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	long long thread = now_ns(CLOCK_THREAD_CPUTIME_ID);
	clockid_t other;

	nanosleep(&ts, NULL);
	ok(now_ns(CLOCK_PROCESS_CPUTIME_ID) - process < 25000000,
	    "a process's clock stands while it sleeps");
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < process + 20000000)
		;
	ok(now_ns(CLOCK_THREAD_CPUTIME_ID) - thread >= 10000000,
	    "and moves as it works, as does its thread's");
	if (clock_getcpuclockid(getppid(), &other) == 0)
		ok(now_ns(other) >= 0, "another process's clock");
	if (must(fork()) == 0) {
		ok(now_ns(CLOCK_PROCESS_CPUTIME_ID) < 20000000,
		    "a child begins with none of it");
		_exit(0);
	}
	wait(NULL);
}

static void
test_refusals(void)
{
	struct timespec ts;

	is_errno(gettime(99, &ts), EINVAL, "no such clock");
	is_errno(syscall(SYS_clock_getres, 99, &ts), EINVAL, "nor here");
	is_errno(gettime(CLOCK_MONOTONIC, NOWHERE), EFAULT, "to nowhere");
	is_errno(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NOWHERE), EFAULT,
	    "a resolution to nowhere");
	is(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL), 0,
	    "nobody need ask for it");
}

/* Times that would not fit when they have moved on, or when compared. */
static void
test_setting(void)
{
	struct timespec before_boot = {0, 0}, last = {LONG_MAX, 0};
	struct timeval last_tv = {LONG_MAX, 0};

	is_errno(clock_settime(CLOCK_REALTIME, &last), EINVAL,
	    "the clock cannot be set to the end of time");
	is_errno(clock_settime(CLOCK_REALTIME, &before_boot), EINVAL,
	    "nor to before the machine was started");
	is_errno(settimeofday(&last_tv, NULL), EINVAL, "by neither call");
}

TEST(time_clock)
{
	test_each();
	test_moving();
	test_library();
	test_gettimeofday();
	test_cpu();
	test_refusals();
	test_setting();
}
