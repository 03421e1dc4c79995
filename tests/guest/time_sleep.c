/* nanosleep and clock_nanosleep: not too short, and what ends them early. */
#include "tap.h"

#include <sys/time.h>
#include <time.h>

#define MS 1000000ll

static long long
now_ns(clockid_t id)
{
	struct timespec ts;

	must(clock_gettime(id, &ts));
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static struct timespec
spec(long long ns)
{
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static void
test_lengths(void)
{
	static const long long lengths[] = {0, 1, 1000, MS, 10 * MS, 35 * MS};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct timespec ts = spec(lengths[i]);
		long long start = now_ns(CLOCK_MONOTONIC);

		is(nanosleep(&ts, NULL), 0, "%lld ns", lengths[i]);
		ok(now_ns(CLOCK_MONOTONIC) - start >= lengths[i],
		    "take that long at least");
	}
}

static void
test_clocks(void)
{
	static const clockid_t ids[] = {
	    CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct timespec ts = spec(10 * MS);
		long long start = now_ns(ids[i]);

		is(clock_nanosleep(ids[i], 0, &ts, NULL), 0, "clock %d",
		    ids[i]);
		ok(now_ns(ids[i]) - start >= 10 * MS, "10 ms at least");
		ts = spec(now_ns(ids[i]) + 10 * MS);
		is(clock_nanosleep(ids[i], TIMER_ABSTIME, &ts, NULL), 0,
		    "until a time");
		ok(now_ns(ids[i]) >= ts.tv_sec * 1000000000ll + ts.tv_nsec,
		    "it has come");
		ts = spec(1);
		is(clock_nanosleep(ids[i], TIMER_ABSTIME, &ts, NULL), 0,
		    "until one that is past: at once");
	}
}

/*
 * Clocks of work done, which stand while one sleeps.  Sleeping by a process's
 * is for the sake of its other threads, and no kernel need offer it.
 */
static void
test_cpu_clock(void)
{
	struct timespec ts = spec(1);
	int err =
	    clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &ts, NULL);

	ok(err == 0 || err == EINVAL || err == EOPNOTSUPP,
	    "until work that is done: at once, or not at all");
	is(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL), EINVAL,
	    "nobody can sleep by one's own work");
}

static volatile int alarms;

static void
on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void
test_interrupted(void)
{
	struct itimerval it = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
	struct timespec ts = spec(3600000 * MS), left = {7, 7};
	long long start, total = 60 * MS;

	signal(SIGALRM, on_alarm);
	must(setitimer(ITIMER_REAL, &it, NULL));
	is_errno(nanosleep(&ts, &left), EINTR, "a signal ends a sleep");
	ok(left.tv_sec < 3600 && left.tv_sec > 3400, "it says what is left");
	is(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &left), EINTR, "here too");
	ok(left.tv_sec < 3600 && left.tv_sec > 3400, "it says what is left");
	left = (struct timespec){7, 7};
	ts = spec(now_ns(CLOCK_MONOTONIC) + 3600000 * MS);
	is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, &left), EINTR,
	    "a sleep until a time");
	is(left.tv_sec, 7, "says nothing: one knows when it ends");
	is_errno(syscall(SYS_nanosleep, &(struct timespec){3600, 0}, NOWHERE),
	    EFAULT, "what is left, to nowhere");
	/* The whole, in as many parts as it takes. */
	start = now_ns(CLOCK_MONOTONIC);
	left = spec(total);
	alarms = 0;
	while (nanosleep(&left, &left) && errno == EINTR)
		;
	ok(now_ns(CLOCK_MONOTONIC) - start >= total,
	    "continued with what is left, it is not too short");
	ok(alarms > 0, "though interrupted");
	must(setitimer(ITIMER_REAL, &off, NULL));
}

/* Many at once, each woken at its own time and in that order. */
static void
test_many(void)
{
	enum {
		N = 12
	};
	long long start = now_ns(CLOCK_MONOTONIC);
	int good = 0, fd[2];
	pid_t pids[N];
	char order[N];

	must(pipe(fd));
	for (int i = 0; i < N; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0) {
			struct timespec ts = spec(start + (N - i) * 20 * MS);

			clock_nanosleep(
			    CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
			(void)!write(fd[1], &(char){i}, 1);
			_exit(0);
		}
	}
	for (int i = 0; i < N; i++) {
		good += wait_status(pids[i]) == 0;
		is(read(fd[0], &order[i], 1), 1, "one has slept");
	}
	is(good, N, "all have");
	ok(now_ns(CLOCK_MONOTONIC) - start >= N * 20 * MS, "long enough");
	close(fd[0]);
	close(fd[1]);
}

static void
test_refusals(void)
{
	static const struct timespec bad[] = {
	    {-1, 0}, {0, -1}, {0, 1000000000}, {1, 1l << 40}};
	struct timespec ts = spec(1);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_errno(
		    nanosleep(&bad[i], NULL), EINVAL, "no such time: %zu", i);
		is(clock_nanosleep(
		       CLOCK_REALTIME, TIMER_ABSTIME, &bad[i], NULL),
		    EINVAL, "nor to sleep until");
	}
	is_errno(syscall(SYS_nanosleep, NOWHERE, NULL), EFAULT, "from nowhere");
	is(clock_nanosleep(99, 0, &ts, NULL), EINVAL, "no such clock");
	is(clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &ts, NULL), EOPNOTSUPP,
	    "a clock that nobody sleeps by");
}

TEST(time_sleep)
{
	test_lengths();
	test_clocks();
	test_cpu_clock();
	test_interrupted();
	test_many();
	test_refusals();
}
