/* timerfd: times, intervals, and the clock that is set. */
#include "files.h"
#include "thread.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>

#define MS 1000000L /* nanoseconds */

static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};

static int t;

static long
now_ns(int clock)
{
	struct timespec ts;

	must(clock_gettime(clock, &ts));
	return ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

static struct timespec
ts(long ns)
{
	return (struct timespec){ns / (1000 * MS), ns % (1000 * MS)};
}

static int
set(int fd, int flags, long value_ns, long interval_ns)
{
	struct itimerspec it = {ts(interval_ns), ts(value_ns)};

	return timerfd_settime(fd, flags, &it, NULL);
}

static uint64_t
take(int fd)
{
	uint64_t nr = 0;

	ensure(read(fd, &nr, sizeof(nr)) == sizeof(nr));
	return nr;
}

static bool
ready(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};

	ensure(poll(&p, 1, 0) >= 0);
	return p.revents == POLLIN;
}

/* ------------------------------------------------ expiring */

static void
once(int clock)
{
	struct itimerspec it;
	uint64_t nr;
	long start;

	t = must(timerfd_create(clock, TFD_NONBLOCK));
	is_errno(
	    read(t, &nr, 8), EAGAIN, "%d: one not set does not expire", clock);
	must(timerfd_gettime(t, &it));
	is(it.it_value.tv_sec + it.it_value.tv_nsec, 0, "and has no time left");
	must(fcntl(t, F_SETFL, 0));
	start = now_ns(CLOCK_MONOTONIC);
	is(set(t, 0, 20 * MS, 0), 0, "after 20 ms");
	is(take(t), 1, "it has expired once");
	ok(now_ns(CLOCK_MONOTONIC) - start >= 20 * MS, "which took as long");
	ok(!ready(t), "and no more");
	is(set(t, TFD_TIMER_ABSTIME, now_ns(clock) + 20 * MS, 0), 0,
	    "at a time");
	is(take(t), 1, "the same");
	is(set(t, TFD_TIMER_ABSTIME, 1, 0), 0, "at a time long past");
	is(take(t), 1, "at once");
	is(set(t, 0, 1000000 * MS, 0), 0, "after long");
	must(timerfd_gettime(t, &it));
	ok(it.it_value.tv_sec >= 900 && it.it_value.tv_sec <= 1000,
	    "tells the time left");
	is(set(t, 0, 0, 5), 0, "0 disarms");
	must(timerfd_gettime(t, &it));
	is(it.it_value.tv_sec, 0, "nothing is left");
	close(t);
}

/* What was missed is counted, from the first time on. */
static void
intervals(int clock)
{
	long start = now_ns(clock), late;
	struct itimerspec it;
	uint64_t nr = 0;

	t = must(timerfd_create(clock, 0));
	is(set(t, TFD_TIMER_ABSTIME, start, 10 * MS), 0, "every 10 ms");
	while (nr < 12)
		nr += take(t);
	late = now_ns(clock) - start;
	ok(late >= (long)(nr - 1) * 10 * MS, "%d: no expiration is early",
	    clock);
	must(timerfd_gettime(t, &it));
	is(it.it_interval.tv_nsec, 10 * MS, "the interval is told");
	ok(it.it_value.tv_sec == 0 && it.it_value.tv_nsec <= 10 * MS,
	    "the next is no farther away");
	usleep(50000);
	nr += take(t);
	late = now_ns(clock) - start;
	ok(late >= (long)(nr - 1) * 10 * MS, "nor are those that were missed");
	is(set(t, TFD_TIMER_ABSTIME, start, 1000000 * MS), 0, "one long past");
	is(take(t), 1, "with a long interval expired once");
	is(set(t, TFD_TIMER_ABSTIME, now_ns(clock) - 1000 * MS, 1), 0,
	    "every nanosecond for a second");
	ok(take(t) >= (uint64_t)(1000 * MS), "are a billion");
	close(t);
}

static void
changes(void)
{
	struct itimerspec it = {ts(7 * MS), ts(3600L * 1000 * MS)}, old;
	struct pollfd p = {.events = POLLIN};

	t = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	p.fd = t;
	must(timerfd_settime(t, 0, &it, NULL));
	it.it_value = ts(0);
	is(timerfd_settime(t, 0, &it, &old), 0, "another time");
	is(old.it_interval.tv_nsec, 7 * MS, "the old one is told: interval");
	ok(old.it_value.tv_sec >= 3500 && old.it_value.tv_sec <= 3600,
	    "and time left");
	must(set(t, TFD_TIMER_ABSTIME, 1, 0));
	is(poll(&p, 1, -1), 1, "one that has expired");
	must(set(t, 0, 3600L * 1000 * MS, 0));
	ok(!ready(t), "is set again, and has not");
	close(t);
}

/* ------------------------------------------------ errors */

static void
errors(void)
{
	struct itimerspec it = {{0, 0}, {1, 0}};
	int p[2];
	uint64_t nr;

	must(pipe(p));
	is_errno(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL, "a flag");
	is_errno(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL,
	    "a clock of work");
	is_errno(timerfd_create(77, 0), EINVAL, "no clock");
	t = must(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	is(fcntl(t, F_GETFD), FD_CLOEXEC, "TFD_CLOEXEC");
	is_errno(timerfd_settime(t, 4, &it, NULL), EINVAL, "a flag for a time");
	is_errno(timerfd_settime(t, 0, NOWHERE, NULL), EFAULT, "no time");
	is_errno(timerfd_settime(t, 0, &it, NOWHERE), EFAULT, "no old time");
	ok(!ready(t), "but it is set");
	is_errno(timerfd_gettime(t, NOWHERE), EFAULT, "nowhere to tell");
	is_errno(timerfd_settime(p[0], 0, &it, NULL), EINVAL, "not a timer");
	is_errno(timerfd_gettime(p[0], &it), EINVAL, "not a timer to ask");
	is_errno(timerfd_settime(-1, 0, &it, NULL), EBADF, "no file");
	is_errno(timerfd_gettime(-1, &it), EBADF, "no file to ask");
	it.it_value.tv_nsec = 1000 * MS;
	is_errno(timerfd_settime(t, 0, &it, NULL), EINVAL, "a whole second");
	it.it_value = (struct timespec){-1, 0};
	is_errno(timerfd_settime(t, 0, &it, NULL), EINVAL, "less than none");
	it = (struct itimerspec){{0, -1}, {1, 0}};
	is_errno(timerfd_settime(t, 0, &it, NULL), EINVAL, "such an interval");
	it = (struct itimerspec){{INT64_MAX, 0}, {INT64_MAX, 0}};
	is(timerfd_settime(t, 0, &it, NULL), 0, "the end of time is a time");
	ok(!ready(t), "that has not come");
	is(timerfd_settime(t, TFD_TIMER_ABSTIME, &it, NULL), 0, "the same at");
	ok(!ready(t), "that time");
	is_errno(read(t, &nr, 7), EINVAL, "a short read");
	is_errno(write(t, &nr, 8), EINVAL, "a write");
	must(set(t, TFD_TIMER_ABSTIME, 1, 0));
	must(fcntl(t, F_SETFL, 0));
	is_errno(read(t, NOWHERE, 8), EFAULT, "a bad pointer");
	close(t);
	close(p[0]);
	close(p[1]);
}

/* ------------------------------------------------ waiting */

static void
child_reads(void)
{
	take(t);
}

static void
waits(void)
{
	struct pollfd p = {.events = POLLIN};
	pid_t pid;

	t = must(timerfd_create(CLOCK_MONOTONIC, 0));
	p.fd = t;
	must(set(t, 0, 20 * MS, 0));
	is(poll(&p, 1, -1), 1, "a poll waits for it");
	is(p.revents, POLLIN, "to be read");
	is(take(t), 1, "once");
	pid = spawn(child_reads);
	kill(pid, SIGKILL);
	is(wait_status(pid), SIGKILL,
	    "who waits for one not set can be killed");
	pid = spawn(child_reads);
	must(set(t, 0, 1, 0));
	is(wait_status(pid), 0, "and is woken when it is set");
	must(set(t, 0, 3600L * 1000 * MS, 0));
	pid = spawn(child_reads);
	must(set(t, 0, 1 * MS, 0));
	is(wait_status(pid), 0, "or set to be earlier");
	must(set(t, 0, 1, 1));
	close(t);
	ok(true, "one that runs is closed");
}

/* ------------------------------------------------ the clock is set */

static void
move_clock(long by_ns)
{
	struct timespec now = ts(now_ns(CLOCK_REALTIME) + by_ns);

	must(clock_settime(CLOCK_REALTIME, &now));
}

static void *
mover(void *by)
{
	move_clock((long)by);
	return NULL;
}

#define HOUR (3600L * 1000 * MS)

static void
clock_set(void)
{
	int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	long in_an_hour = now_ns(CLOCK_REALTIME) + HOUR;
	int plain = must(timerfd_create(CLOCK_REALTIME, 0));
	int after = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int mono = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	pthread_t thread;
	uint64_t nr;

	if (geteuid() != 0) {
		skip("only root sets the clock");
		return;
	}
	t = must(timerfd_create(CLOCK_REALTIME, 0));
	/* Later than the clock will be: else it may expire first. */
	must(set(t, flags, in_an_hour + 9 * HOUR, 0));
	must(set(plain, TFD_TIMER_ABSTIME, in_an_hour, 0));
	must(set(after, 0, HOUR, 0));
	must(set(mono, 0, HOUR, 0));
	thread = thread_start(mover, (void *)(2 * HOUR));
	is_errno(read(t, &nr, 8), ECANCELED, "the clock was set");
	thread_join(thread);
	is(take(plain), 1, "a time of day has come by that");
	ok(!ready(after), "a while has not passed by that");
	ok(!ready(mono), "nor on a clock that ticks");
	move_clock(-2 * HOUR);
	ok(ready(t), "to be cancelled can be polled for");
	is_errno(set(t, flags, in_an_hour, 0), ECANCELED, "and is told");
	ok(!ready(t), "once");
	must(set(plain, TFD_TIMER_ABSTIME, in_an_hour, 0));
	move_clock(HOUR / 2);
	ok(!ready(plain), "half the way");
	move_clock(-HOUR / 2);
	close(t);
	close(plain);
	close(after);
	close(mono);
}

TEST(timerfd_expire)
{
	for (int i = 0; i < 3; i++) {
		once(clocks[i]);
		intervals(clocks[i]);
	}
	changes();
	errors();
	waits();
	clock_set();
}
