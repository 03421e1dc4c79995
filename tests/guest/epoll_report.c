/* epoll_wait: what is told when, of what is watched in which way. */
#include "epoll.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <time.h>

#define MS 1000000L /* nanoseconds */

static int ep, p[2];

static void
setup(void)
{
	ep = must(epoll_create1(0));
	must(pipe2(p, O_NONBLOCK));
}

static void
teardown(void)
{
	close(ep);
	close(p[0]);
	close(p[1]);
}

static void
put(void)
{
	must(write(p[1], "x", 1));
}

static void
drain(void)
{
	static char buf[65536];

	while (read(p[0], buf, sizeof(buf)) > 0)
		;
}

/* ------------------------------------------------ ways of telling */

static void
level(void)
{
	struct epoll_event ev;

	setup();
	put();
	must(watch(ep, p[0], EPOLLIN));
	is(wait_for(ep, &ev, 1, 0), 1, "ready when it is added");
	is(ev.events, EPOLLIN, "to be read");
	is(ev.data.fd, p[0], "with what was given for it");
	is(events_now(ep), EPOLLIN, "as long as it is");
	drain();
	is(events_now(ep), 0, "and no longer");
	put();
	is(events_now(ep), EPOLLIN, "and again");
	must(rewatch(ep, p[0], EPOLLOUT));
	is(events_now(ep), 0, "not what is not asked for");
	must(rewatch(ep, p[0], EPOLLIN | EPOLLRDNORM));
	is(events_now(ep), EPOLLIN | EPOLLRDNORM, "what is, at once");
	must(watch(ep, p[1], EPOLLOUT));
	is(wait_for(ep, (struct epoll_event[2]){}, 2, 0), 2, "both ends");
	drain();
	is(events_now(ep), EPOLLOUT, "the other one");
	must(unwatch(ep, p[1]));
	is(events_now(ep), 0, "is not watched any more");
	close(p[1]);
	is(events_now(ep), EPOLLHUP, "a hang-up is always told");
	must(rewatch(ep, p[0], 0));
	is(events_now(ep), EPOLLHUP, "whatever is asked for");
	teardown();
	setup();
	must(watch(ep, p[1], 0));
	close(p[0]);
	is(events_now(ep), EPOLLERR, "and so is an error");
	teardown();
}

static void
edge(void)
{
	setup();
	put();
	must(watch(ep, p[0], EPOLLIN | EPOLLET));
	is(events_now(ep), EPOLLIN, "an edge is told");
	is(events_now(ep), 0, "once");
	put();
	is(events_now(ep), EPOLLIN, "more is another edge");
	is(events_now(ep), 0, "once");
	must(rewatch(ep, p[0], EPOLLIN | EPOLLET));
	is(events_now(ep), EPOLLIN, "a change tells again");
	put();
	put();
	is(events_now(ep), EPOLLIN, "two are told as one");
	is(events_now(ep), 0, "once");
	drain();
	is(events_now(ep), 0, "reading is none");
	must(watch(ep, p[1], EPOLLOUT | EPOLLET));
	is(events_now(ep), EPOLLOUT, "room");
	is(events_now(ep), 0, "is an edge, too");
	while (write(p[1], (char[4096]){0}, 4096) > 0)
		;
	is(events_now(ep), EPOLLIN, "full: one edge for the reader");
	drain();
	is(events_now(ep), EPOLLOUT, "drained: one for the writer");
	put();
	is(events_now(ep), EPOLLIN, "one for the reader");
	close(p[1]);
	is(events_now(ep), EPOLLIN | EPOLLHUP, "the hang-up is one");
	is(events_now(ep), 0, "once");
	teardown();
}

/* Of a number, either end is an edge of its own. */
static void
edge_of_both(void)
{
	uint64_t v = 5;
	int e = must(eventfd(0, EFD_NONBLOCK));

	setup();
	must(watch(ep, e, EPOLLIN | EPOLLOUT | EPOLLET));
	is(events_now(ep), EPOLLOUT, "0 can be written");
	must(write(e, &v, 8));
	is(events_now(ep), EPOLLIN | EPOLLOUT, "5 both");
	is(events_now(ep), 0, "once");
	must(rewatch(ep, e, EPOLLIN | EPOLLET));
	is(events_now(ep), EPOLLIN, "changed");
	must(write(e, &v, 8));
	is(events_now(ep), EPOLLIN, "more");
	is(events_now(ep), 0, "once");
	must(read(e, &v, 8));
	is(v, 10, "all");
	is(events_now(ep), 0, "is read");
	close(e);
	teardown();
}

static void
one_shot(void)
{
	setup();
	must(watch(ep, p[0], EPOLLIN | EPOLLONESHOT));
	put();
	is(events_now(ep), EPOLLIN, "one shot");
	is(events_now(ep), 0, "is one");
	put();
	is(events_now(ep), 0, "whatever comes");
	is_errno(watch(ep, p[0], EPOLLIN), EEXIST, "it is still watched");
	must(rewatch(ep, p[0], EPOLLIN | EPOLLONESHOT));
	is(events_now(ep), EPOLLIN, "and can be loaded again");
	close(p[1]);
	is(events_now(ep), 0, "not even a hang-up is told");
	must(rewatch(ep, p[0], EPOLLIN));
	is(events_now(ep), EPOLLIN | EPOLLHUP, "until then");
	teardown();
}

/* ------------------------------------------------ files that go */

static void
closes(void)
{
	int copy;

	setup();
	put();
	must(watch(ep, p[0], EPOLLIN));
	copy = dup(p[0]);
	close(p[0]);
	is(events_now(ep), EPOLLIN, "a copy keeps what is watched");
	is_errno(unwatch(ep, copy), ENOENT, "under the old number");
	is_errno(unwatch(ep, p[0]), EBADF, "which is none");
	must(dup2(copy, p[0]));
	is(unwatch(ep, p[0]), 0, "until it means the same again");
	must(watch(ep, p[0], EPOLLIN));
	close(copy);
	is(events_now(ep), EPOLLIN, "the last one");
	close(p[0]);
	is(events_now(ep), 0, "takes it away");
	must(pipe2(p, O_NONBLOCK));
	put();
	is(events_now(ep), 0, "and the next there is another file");
	is(watch(ep, p[0], EPOLLIN), 0, "that can be watched");
	is(events_now(ep), EPOLLIN, "itself");
	teardown();
}

static struct gate g;

static void
child_waits(void)
{
	struct epoll_event ev;

	is(wait_for(ep, &ev, 1, -1), 1, "a child waits with its parent's");
	is(ev.data.fd, p[0], "for its parent's");
}

static void
child_holds(void)
{
	gate_wait(&g);
}

static void
forks(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	pid_t pid;

	setup();
	must(watch(ep, p[0], EPOLLIN));
	pid = spawn(child_waits);
	put();
	is(wait_status(pid), 0, "and ends");
	g = gate_make();
	pid = spawn(child_holds);
	close(p[0]);
	is(events_now(ep), EPOLLIN, "a child's copy keeps what is watched");
	gate_open(&g);
	wait_status(pid);
	is(events_now(ep), 0, "until the child ends");
	pid = spawn(child_holds);
	is(epoll_ctl(ep, EPOLL_CTL_ADD, g.r, &ev), 0, "added after a fork");
	gate_open(&g);
	wait_status(pid);
	gate_close(&g);
	teardown();
}

static void
child_sleeps(void)
{
	struct epoll_event ev;

	wait_for(ep, &ev, 1, -1);
}

static void
killed(void)
{
	pid_t pid;

	setup();
	must(watch(ep, p[0], EPOLLIN));
	pid = spawn(child_sleeps);
	kill(pid, SIGKILL);
	is(wait_status(pid), SIGKILL, "who waits can be killed");
	put();
	is(events_now(ep), EPOLLIN, "which is no harm to others");
	teardown();
}

/* ------------------------------------------------ an epoll that is watched */

static void
nested(void)
{
	int outer = must(epoll_create1(0));
	struct pollfd pf = {.events = POLLIN | POLLOUT};
	fd_set set;

	setup();
	pf.fd = ep;
	must(watch(ep, p[0], EPOLLIN));
	must(watch(outer, ep, EPOLLIN | EPOLLOUT));
	is(poll(&pf, 1, 0), 0, "not ready");
	is(events_now(outer), 0, "either");
	put();
	is(poll(&pf, 1, 0), 1, "an epoll with something to tell");
	is(pf.revents, POLLIN, "can be read, says poll");
	is(events_now(outer), EPOLLIN, "and another epoll");
	FD_ZERO(&set);
	FD_SET(ep, &set);
	is(select(ep + 1, &set, NULL, NULL, &(struct timeval){0, 0}), 1,
	    "and select");
	is(events_now(ep), EPOLLIN, "it is");
	drain();
	is(poll(&pf, 1, 0), 0, "and then not");
	is(events_now(outer), 0, "for both");
	must(rewatch(outer, ep, EPOLLIN | EPOLLET));
	put();
	is(events_now(outer), EPOLLIN, "an edge inside is one outside");
	is(events_now(outer), 0, "once");
	put();
	is(events_now(outer), EPOLLIN, "each");
	must(unwatch(ep, p[0]));
	is(poll(&pf, 1, 0), 0, "nothing watched, nothing ready");
	must(rewatch(outer, ep, EPOLLIN));
	must(watch(ep, p[0], EPOLLIN));
	is(events_now(outer), EPOLLIN, "what is added ready tells so");
	close(ep);
	is(events_now(outer), 0, "closed, it is gone");
	close(outer);
	teardown();
}

static void *
poll_it(void *fd)
{
	struct pollfd pf = {(int)(long)fd, POLLIN, 0};

	return (void *)(long)poll(&pf, 1, -1);
}

static void *
wait_for_it(void *fd)
{
	struct epoll_event ev;

	return (void *)wait_for((int)(long)fd, &ev, 1, -1);
}

static void
nested_wait(void)
{
	int outer = must(epoll_create1(0));
	pthread_t t[3];

	setup();
	must(watch(ep, p[0], EPOLLIN));
	must(watch(outer, ep, EPOLLIN));
	t[0] = thread_start(poll_it, (void *)(long)ep);
	t[1] = thread_start(wait_for_it, (void *)(long)ep);
	t[2] = thread_start(wait_for_it, (void *)(long)outer);
	usleep(10000);
	put();
	for (int i = 0; i < 3; i++)
		is(thread_join(t[i]), 1, "each that waits is woken: %d", i);
	close(outer);
	teardown();
}

/* ------------------------------------------------ time and signals */

static long
now_ns(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec * 1000 * MS + t.tv_nsec;
}

static void
times(void)
{
	struct timespec t = {0, 20 * MS};
	struct epoll_event ev;
	long start = now_ns();

	setup();
	must(watch(ep, p[0], EPOLLIN));
	is(wait_for(ep, &ev, 1, 20), 0, "nothing for 20 ms");
	ok(now_ns() - start >= 20 * MS, "which took as long");
	start = now_ns();
	is(raw(epoll_pwait2, ep, &ev, 1, &t, NULL, 8), 0, "the same by ns");
	ok(now_ns() - start >= 20 * MS, "which took as long");
	is(t.tv_nsec, 20 * MS, "and left the time as it was");
	t = (struct timespec){0, 0};
	is(raw(epoll_pwait2, ep, &ev, 1, &t, NULL, 8), 0, "no time at all");
	put();
	is(raw(epoll_pwait2, ep, &ev, 1, NULL, NULL, 8), 1, "for ever");
	teardown();
}

static volatile sig_atomic_t heard;

static void
on_signal(int sig __attribute__((unused)))
{
	heard++;
}

static void
signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct epoll_event ev;
	sigset_t none, usr1, now;

	setup();
	must(watch(ep, p[0], EPOLLIN));
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	must(sigaction(SIGUSR1, &sa, NULL));
	must(sigprocmask(SIG_BLOCK, &usr1, NULL));
	raise(SIGUSR1);
	is(wait_for(ep, &ev, 1, 10), 0, "a blocked signal does not disturb");
	is_errno(
	    epoll_pwait(ep, &ev, 1, -1, &none), EINTR, "but with another mask");
	is(heard, 1, "it is handled");
	must(sigprocmask(SIG_BLOCK, NULL, &now));
	ok(sigismember(&now, SIGUSR1), "and is blocked again");
	put();
	raise(SIGUSR1);
	is(epoll_pwait(ep, &ev, 1, -1, &none), 1, "an event comes first");
	teardown();
}

/* ------------------------------------------------ several that wait */

/* Each event wakes one, and it is enough: nobody is forgotten. */
static void *
take_one(void *arg __attribute__((unused)))
{
	struct epoll_event ev;
	char c;

	do
		ensure(wait_for(ep, &ev, 1, -1) == 1);
	while (read(p[0], &c, 1) != 1);
	return NULL;
}

static void
crowd(uint32_t how)
{
	pthread_t t[8];

	setup();
	must(watch(ep, p[0], EPOLLIN | how));
	for (int i = 0; i < 8; i++)
		t[i] = thread_start(take_one, NULL);
	for (int i = 0; i < 8; i++) {
		put();
		if (i % 2)
			usleep(1000);
	}
	for (int i = 0; i < 8; i++)
		thread_join(t[i]);
	ok(true, "eight bytes for eight threads");
	teardown();
}

/* Two epolls on one pipe: the exclusive ones keep nothing from others. */
static void
exclusive(void)
{
	int other = must(epoll_create1(0)), third = must(epoll_create1(0));
	pthread_t t[3];

	setup();
	must(watch(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE));
	must(watch(other, p[0], EPOLLIN | EPOLLEXCLUSIVE));
	must(watch(third, p[0], EPOLLIN));
	t[0] = thread_start(wait_for_it, (void *)(long)third);
	t[1] = thread_start(poll_it, (void *)(long)p[0]);
	usleep(10000);
	put();
	is(thread_join(t[0]), 1, "one that shares is woken");
	is(thread_join(t[1]), 1, "and one that polls");
	ok(events_now(ep) == EPOLLIN || events_now(other) == EPOLLIN,
	    "and one of the exclusive at least");
	close(other);
	close(third);
	teardown();
}

TEST(epoll_report)
{
	level();
	edge();
	edge_of_both();
	one_shot();
	closes();
	forks();
	killed();
	nested();
	nested_wait();
	times();
	signals();
	crowd(0);
	crowd(EPOLLEXCLUSIVE);
	exclusive();
}
