/* Timers by number: timer_create and its kin. */
#include "files.h"
#include "thread.h"

#include <poll.h>
#include <time.h>

#define MS  1000000L /* nanoseconds */
#define SEC 1000000000L

/* The C library makes threads for some of these. */
static int
create(int clock, struct sigevent *e, int *id)
{
	return raw(timer_create, clock, e, id);
}

static struct timespec
ts(long ns)
{
	return (struct timespec){ns / SEC, ns % SEC};
}

static int
set(int id, int flags, long value_ns, long interval_ns)
{
	struct itimerspec it = {ts(interval_ns), ts(value_ns)};

	return raw(timer_settime, id, flags, &it, NULL);
}

static long
left(int id)
{
	struct itimerspec it;

	must(raw(timer_gettime, id, &it));
	return it.it_value.tv_sec * SEC + it.it_value.tv_nsec;
}

static long
now_ns(int clock)
{
	struct timespec t;

	must(clock_gettime(clock, &t));
	return t.tv_sec * SEC + t.tv_nsec;
}

static void
block(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
}

/* The signal, within some seconds; what it tells. */
static siginfo_t
take(int signo)
{
	struct timespec t = {20, 0};
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	ensure(sigtimedwait(&set, &info, &t) == signo);
	return info;
}

static bool
none(int signo)
{
	struct timespec t = {0, 0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	return sigtimedwait(&set, NULL, &t) == -1 && errno == EAGAIN;
}

static void
once(int clock)
{
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL,
	    .sigev_signo = SIGUSR1,
	    .sigev_value.sival_int = 42};
	long start = now_ns(clock);
	siginfo_t info;
	int id;

	must(create(clock, &e, &id));
	is(left(id), 0, "clock %d: one not set has no time left", clock);
	is(set(id, 0, 20 * MS, 0), 0, "set");
	info = take(SIGUSR1);
	ok(now_ns(clock) - start >= 20 * MS, "it took its time");
	is(info.si_code, SI_TIMER, "the signal says that it is a timer's");
	is(info.si_timerid, id, "which");
	is(info.si_value.sival_int, 42, "and the value");
	is(info.si_overrun, 0, "once");
	is(left(id), 0, "it is disarmed");
	is(raw(timer_getoverrun, id), 0, "no overrun");
	is(set(id, TIMER_ABSTIME, now_ns(clock) + 10 * MS, 0), 0, "at a time");
	take(SIGUSR1);
	is(set(id, TIMER_ABSTIME, 1, 0), 0, "at a time long past");
	take(SIGUSR1);
	is(set(id, 0, 1000 * SEC, 0), 0, "after long");
	ok(left(id) > 900 * SEC && left(id) <= 1000 * SEC, "it tells how long");
	is(set(id, 0, 0, 0), 0, "disarmed");
	is(left(id), 0, "no time is left");
	is(raw(timer_delete, id), 0, "deleted");
	is_errno(raw(timer_delete, id), EINVAL, "once");
	ok(none(SIGUSR1), "no signal is left");
}

TEST(ptimer_once)
{
	block(SIGUSR1);
	once(CLOCK_MONOTONIC);
	once(CLOCK_REALTIME);
	once(CLOCK_BOOTTIME);
}

static volatile sig_atomic_t nr_handled;

static void
handle(int signo)
{
	(void)signo;
	nr_handled++;
}

TEST(ptimer_interval)
{
	struct sigevent e = {
	    .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
	long until;
	siginfo_t info;
	int id;

	block(SIGRTMIN);
	must(create(CLOCK_MONOTONIC, &e, &id));
	is(set(id, 0, MS, MS), 0, "each millisecond");
	until = now_ns(CLOCK_MONOTONIC) + 50 * MS;
	while (now_ns(CLOCK_MONOTONIC) < until)
		;
	info = take(SIGRTMIN);
	ok(info.si_overrun >= 40, "what nobody took is counted: %d",
	    info.si_overrun);
	is(raw(timer_getoverrun, id), info.si_overrun, "and told");
	info = take(SIGRTMIN);
	ok(info.si_overrun < 40000, "it goes on");
	must(set(id, 0, 0, 0));
	while (!none(SIGRTMIN))
		;
	must(raw(timer_delete, id));

	e.sigev_signo = SIGUSR2;
	signal(SIGUSR2, handle);
	must(create(CLOCK_MONOTONIC, &e, &id));
	must(set(id, 0, MS, MS));
	while (nr_handled < 5)
		pause();
	ok(nr_handled >= 5, "a handler is called again and again");
	signal(SIGUSR2, SIG_IGN);
	usleep(5000);
	nr_handled = 0;
	signal(SIGUSR2, handle);
	while (nr_handled < 2)
		pause();
	ok(nr_handled >= 2, "and after it was ignored for a while");
	must(raw(timer_delete, id));
}

TEST(ptimer_none)
{
	struct sigevent e = {.sigev_notify = SIGEV_NONE};
	int id;

	must(create(CLOCK_MONOTONIC, &e, &id));
	must(set(id, 0, MS, 0));
	while (left(id) > 0)
		;
	is(left(id), 0, "it has expired, and nobody was told");
	must(set(id, 0, 10 * MS, 10 * MS));
	usleep(15000);
	ok(left(id) > 0 && left(id) <= 10 * MS, "with an interval it goes on");
	must(raw(timer_delete, id));
	block(SIGALRM);
	must(create(CLOCK_MONOTONIC, NULL, &id));
	must(set(id, 0, MS, 0));
	is(take(SIGALRM).si_value.sival_int, id, "without an event SIGALRM");
}

static void *
waits(void *arg)
{
	siginfo_t info = take(SIGUSR1);

	is(info.si_code, SI_TIMER, "the thread that was named gets it");
	(void)arg;
	return NULL;
}

static int other_tid;
static struct gate told;

static void *
tells_tid(void *arg)
{
	other_tid = raw(gettid);
	gate_open(&told);
	return waits(arg);
}

TEST(ptimer_thread)
{
	struct sigevent e = {
	    .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	pthread_t t;
	int id;

	block(SIGUSR1);
	told = gate_make();
	t = thread_start(tells_tid, NULL);
	gate_wait(&told);
	e._sigev_un._tid = other_tid;
	must(create(CLOCK_MONOTONIC, &e, &id));
	must(set(id, 0, MS, 0));
	thread_join(t);
	ok(none(SIGUSR1), "and nobody else");
	must(set(id, 0, 1, 0));
	usleep(2000);
	ok(none(SIGUSR1), "one that has ended gets nothing");
	e._sigev_un._tid = 1;
	is_errno(create(CLOCK_MONOTONIC, &e, &id), EINVAL, "a stranger's");
	e._sigev_un._tid = -1;
	is_errno(create(CLOCK_MONOTONIC, &e, &id), EINVAL, "nobody's");
}

TEST(ptimer_cpu)
{
	static const int clocks[] = {
	    CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
	struct sigevent e = {
	    .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	long start;
	int i, id;

	signal(SIGUSR2, handle);
	for (i = 0; i < 2; i++) {
		nr_handled = 0;
		start = now_ns(clocks[i]);
		must(create(clocks[i], &e, &id));
		must(set(id, 0, 30 * MS, 0));
		usleep(50000);
		is(nr_handled, 0, "time asleep does not count");
		while (!nr_handled)
			;
		ok(now_ns(clocks[i]) - start >= 30 * MS, "work does");
		must(raw(timer_delete, id));
	}
}

HELPER(ptimer_after_exec)
{
	is_errno(raw(timer_gettime, atoi(argv[2]), &(struct itimerspec){}),
	    EINVAL, "exec ends them");
	return 0;
}

TEST(ptimer_inherit)
{
	char nr[12];
	pid_t pid;
	int id;

	must(create(CLOCK_MONOTONIC, NULL, &id));
	must(set(id, 0, 1000 * SEC, 0));
	pid = must(fork());
	if (pid == 0) {
		is_errno(raw(timer_gettime, id, &(struct itimerspec){}), EINVAL,
		    "a child has none");
		_exit(0);
	}
	wait_status(pid);
	snprintf(nr, sizeof(nr), "%d", id);
	pid = must(fork());
	if (pid == 0) {
		must(create(CLOCK_MONOTONIC, NULL, &id));
		must(set(id, 0, 1000 * SEC, MS));
		execl(tap_self, tap_self, "@ptimer_after_exec", nr, NULL);
		_exit(1);
	}
	is(wait_status(pid), 0, "none goes on after exec");
	ok(left(id) > 900 * SEC, "the parent's goes on");
}

TEST(ptimer_errors)
{
	struct sigevent e = {
	    .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec it = {};
	int id, last = -1;

	is_errno(create(99, NULL, &id), EINVAL, "no such clock");
	is_errno(create(CLOCK_MONOTONIC_RAW, NULL, &id), EOPNOTSUPP,
	    "a clock without timers");
	is_errno(create(CLOCK_MONOTONIC, NOWHERE, &id), EFAULT, "a bad event");
	is_errno(create(CLOCK_MONOTONIC, NULL, NOWHERE), EFAULT, "a bad place");
	e.sigev_signo = 0;
	is_errno(create(CLOCK_MONOTONIC, &e, &id), EINVAL, "signal 0");
	e.sigev_signo = 65;
	is_errno(create(CLOCK_MONOTONIC, &e, &id), EINVAL, "signal 65");
	e.sigev_signo = SIGUSR1;
	e.sigev_notify = 77;
	is_errno(create(CLOCK_MONOTONIC, &e, &id), EINVAL, "no such way");
	must(create(CLOCK_MONOTONIC, NULL, &id));
	is_errno(raw(timer_settime, id, 0, NULL, NULL), EINVAL, "no time");
	is_errno(raw(timer_settime, id, 0, NOWHERE, NULL), EFAULT, "bad time");
	it.it_value.tv_nsec = SEC;
	is_errno(raw(timer_settime, id, 0, &it, NULL), EINVAL, "no valid time");
	it.it_value.tv_nsec = 0;
	it.it_value.tv_sec = -1;
	is_errno(raw(timer_settime, id, 0, &it, NULL), EINVAL, "below zero");
	it.it_value.tv_sec = 5;
	is_errno(raw(timer_settime, 9999, 0, &it, NULL), EINVAL, "no timer");
	is_errno(raw(timer_settime, id, 0, &it, NOWHERE), EFAULT, "no place");
	ok(left(id) > 0, "but it is set");
	is_errno(raw(timer_gettime, id, NOWHERE), EFAULT, "no place");
	is_errno(raw(timer_gettime, -1, &it), EINVAL, "no timer");
	is_errno(raw(timer_getoverrun, 9999), EINVAL, "no timer");
	is_errno(raw(timer_delete, 9999), EINVAL, "no timer");
	while (create(CLOCK_MONOTONIC, NULL, &id) == 0 && id < 200)
		last = id;
	ok(last > 100, "there may be many");
}

static void *
storms(void *arg)
{
	int id, i;

	(void)arg;
	for (i = 0; i < 200; i++) {
		if (create(CLOCK_MONOTONIC, NULL, &id))
			continue;
		set(id, 0, 1, 1000000);
		raw(timer_gettime, id, &(struct itimerspec){});
		raw(timer_delete, id - i % 2);
		raw(timer_getoverrun, id);
		raw(timer_delete, id);
	}
	return NULL;
}

TEST(ptimer_storm)
{
	pthread_t t[4];
	int i;

	signal(SIGALRM, handle);
	for (i = 0; i < 4; i++)
		t[i] = thread_start(storms, NULL);
	for (i = 0; i < 4; i++)
		thread_join(t[i]);
	ok(nr_handled > 0, "%d signals", nr_handled);
	/* They run out on the way out, and would do so before each step of it.
	 */
	if (fork() == 0) {
		sigset_t all;
		int id;

		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		for (i = 0; i < 100; i++)
			if (create(CLOCK_MONOTONIC, NULL, &id) == 0)
				set(id, 0, 1000, 1000);
		_exit(0);
	}
	wait(NULL);
}
