/* ppoll and pselect6 that wait: for others, for time, for signals. */
#include "files.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

#define MS 1000000L /* nanoseconds */

static int p[2];
static struct gate g;

static long
now_ms(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec * 1000 + t.tv_nsec / MS;
}

/* ------------------------------------------------ others */

static void
writer(void)
{
	gate_wait(&g);
	must(write(p[1], "x", 1));
}

static void
closer(void)
{
	gate_wait(&g);
}

static void
drainer(void)
{
	static char buf[65536];

	gate_wait(&g);
	must(read(p[0], buf, sizeof(buf)));
}

static void
for_others(void)
{
	static char buf[4096];
	struct pollfd r = {.events = POLLIN}, w = {.events = POLLOUT};
	pid_t pid;

	must(pipe2(p, O_NONBLOCK));
	g = gate_make();
	r.fd = p[0];
	w.fd = p[1];
	pid = spawn(writer);
	gate_open(&g);
	is(poll(&r, 1, -1), 1, "a poll waits until somebody writes");
	is(r.revents, POLLIN, "and says so");
	wait_status(pid);
	while (write(p[1], buf, sizeof(buf)) > 0)
		;
	pid = spawn(drainer);
	gate_open(&g);
	is(poll(&w, 1, -1), 1, "or until somebody reads");
	is(w.revents, POLLOUT, "and says so");
	wait_status(pid);
	while (read(p[0], buf, sizeof(buf)) > 0)
		;
	pid = spawn(closer);
	close(p[1]);
	gate_open(&g);
	is(poll(&r, 1, -1), 1, "or until the last writer has gone");
	is(r.revents, POLLHUP, "and says so");
	wait_status(pid);
	close(p[0]);
	gate_close(&g);
}

/* Several wait for one event: all are told. */
static void
wait_in_child(void)
{
	struct pollfd r = {p[0], POLLIN, 0};

	is(poll(&r, 1, -1), 1, "one of several that wait is told");
}

static void
for_all(void)
{
	pid_t pids[4];

	must(pipe(p));
	for (int i = 0; i < 4; i++)
		pids[i] = spawn(wait_in_child);
	must(write(p[1], "x", 1));
	for (int i = 0; i < 4; i++)
		is(wait_status(pids[i]), 0, "and ends");
	close(p[0]);
	close(p[1]);
}

/* ------------------------------------------------ time */

static void
for_time(void)
{
	struct pollfd r = {.events = POLLIN};
	struct timespec t = {0, 20 * MS};
	long start = now_ms();
	fd_set set;

	must(pipe(p));
	r.fd = p[0];
	is(poll(&r, 1, 20), 0, "nothing for 20 ms");
	ok(now_ms() - start >= 20, "which took as long");
	start = now_ms();
	is(raw(ppoll, NULL, 0, &t, NULL, 0), 0, "no table for 20 ms");
	ok(now_ms() - start >= 20, "took as long");
	ok(t.tv_sec == 0 && t.tv_nsec == 0, "and left none of its time");
	start = now_ms();
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	t.tv_nsec = 20 * MS;
	is(raw(pselect6, p[0] + 1, &set, NULL, NULL, &t, NULL), 0,
	    "pselect6 for 20 ms");
	ok(now_ms() - start >= 20, "took as long");
	ok(!FD_ISSET(p[0], &set), "and cleared its set");
	must(write(p[1], "x", 1));
	t = (struct timespec){1000, 0};
	is(raw(ppoll, &r, 1, &t, NULL, 0), 1, "a ready one takes no time");
	ok(t.tv_sec >= 900 && t.tv_sec <= 1000, "what is left is told");
	close(p[0]);
	close(p[1]);
}

/* ------------------------------------------------ signals */

static volatile sig_atomic_t heard;

static void
on_signal(int sig __attribute__((unused)))
{
	heard++;
}

static void
block(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	must(sigprocmask(how, &set, NULL));
}

static bool
blocked(int sig)
{
	sigset_t set;

	must(sigprocmask(SIG_BLOCK, NULL, &set));
	return sigismember(&set, sig);
}

/* Both calls put a mask in place of ours while they wait, and only then. */
static void
for_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct timespec soon = {0, 10 * MS};
	sigset_t none, all;
	struct pollfd r = {.events = POLLIN};

	must(pipe(p));
	r.fd = p[0];
	sigemptyset(&none);
	sigfillset(&all);
	must(sigaction(SIGUSR1, &sa, NULL));
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	is(heard, 0, "a blocked signal waits");
	is_errno(ppoll(&r, 1, NULL, &none), EINTR, "ppoll lets it in");
	is(heard, 1, "its handler has run");
	ok(blocked(SIGUSR1), "and it is blocked again");
	raise(SIGUSR1);
	is_errno(
	    pselect(0, NULL, NULL, NULL, NULL, &none), EINTR, "pselect6 too");
	is(heard, 2, "its handler has run");
	ok(blocked(SIGUSR1), "and it is blocked again");
	block(SIG_UNBLOCK, SIGUSR1);
	must(sigprocmask(SIG_SETMASK, &none, NULL));
	is(ppoll(&r, 1, &soon, &all), 0, "a mask may also keep signals out");
	ok(!blocked(SIGUSR1), "for as long");
	close(p[0]);
	close(p[1]);
}

static void
interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct itimerval every = {{0, 5000}, {0, 5000}}, off = {0};

	must(sigaction(SIGALRM, &sa, NULL));
	must(setitimer(ITIMER_REAL, &every, NULL));
	is_errno(poll(NULL, 0, -1), EINTR, "a poll is never gone on with");
	is_errno(select(0, NULL, NULL, NULL, NULL), EINTR,
	    "nor a select, whatever SA_RESTART says");
	must(setitimer(ITIMER_REAL, &off, NULL));
}

TEST(poll_wait)
{
	for_others();
	for_all();
	for_time();
	for_signals();
	interrupted();
}
