/*
 * Threads and processes that wait at sockets: what wakes them, signals, and
 * being killed.
 */
#include "sock.h"
#include "thread.h"

#include <sys/time.h>

static int caught;

static void catch (int nr)
{
	(void)nr;
	caught++;
}

/* ------------------------------------------------ what they wait for */

static int s[2], l;

static void
fill(int fd)
{
	static char some[4000];

	while (send(fd, some, sizeof(some), MSG_DONTWAIT) > 0)
		;
}

static int
wait_to_read(void)
{
	char b;

	return read(s[0], &b, 1);
}

static int
wait_to_write(void)
{
	fill(s[0]);
	return write(s[0], "x", 1);
}

static int
wait_to_accept(void)
{
	return accept(l, NULL, NULL);
}

static int
wait_to_connect(void)
{
	int c = sock_new(SOCK_STREAM);

	return sock_connect(c, "full");
}

static int
wait_for_dgram(void)
{
	char b;

	return recv(s[0], &b, 1, 0);
}

static int
wait_for_room(void)
{
	int c = sock_client(SOCK_DGRAM, "dgram");

	while (send(c, "x", 1, MSG_DONTWAIT) > 0)
		;
	return send(c, "x", 1, 0);
}

static int
wait_by_poll(void)
{
	struct pollfd p = {.fd = s[0], .events = POLLIN};

	return poll(&p, 1, -1);
}

static const struct wait {
	const char *name;
	int (*fn)(void);
	int type;
	bool restarts; /* after a handler with SA_RESTART */
} waits[] = {
    {"read", wait_to_read, SOCK_STREAM, true},
    {"write", wait_to_write, SOCK_STREAM, true},
    {"accept", wait_to_accept, SOCK_STREAM, true},
    {"connect", wait_to_connect, SOCK_STREAM, true},
    {"recv of datagrams", wait_for_dgram, SOCK_DGRAM, true},
    {"send of datagrams", wait_for_room, SOCK_DGRAM, true},
    {"write of packets", wait_to_write, SOCK_SEQPACKET, true},
    {"poll", wait_by_poll, SOCK_STREAM, false},
};

#define NR_WAITS (int)(sizeof(waits) / sizeof(*waits))

static pid_t
start(const struct wait *w, int flags)
{
	struct sigaction sa = {.sa_handler = catch, .sa_flags = flags};
	pid_t pid = must(fork());

	if (pid == 0) {
		must(sigaction(SIGUSR1, &sa, NULL));
		_exit(w->fn() < 0 ? errno : 0);
	}
	sock_until_asleep(pid);
	return pid;
}

static void
test_signals(const struct wait *w)
{
	pid_t pid;

	sock_pair(w->type, s);
	pid = start(w, 0);
	must(kill(pid, SIGUSR1));
	is(wait_status(pid), EINTR << 8, "%s: a signal ends it", w->name);
	pid = start(w, SA_RESTART);
	must(kill(pid, SIGUSR1));
	if (w->restarts) {
		sock_until_asleep(pid);
		must(kill(pid, SIGKILL));
		is(wait_status(pid), SIGKILL,
		    "%s: or it goes on, and is killed", w->name);
	} else {
		is(wait_status(pid), EINTR << 8, "%s: always", w->name);
	}
	close(s[0]);
	close(s[1]);
}

static void
test_timed(void)
{
	struct timeval tv = {100, 0};
	static const struct wait w = {"", wait_to_read, SOCK_STREAM, false};
	pid_t pid;

	sock_pair(SOCK_STREAM, s);
	must(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	pid = start(&w, SA_RESTART);
	must(kill(pid, SIGUSR1));
	is(wait_status(pid), EINTR << 8, "with a time it does not go on");
}

/* ------------------------------------------------ threads */

static void *
thread_reads(void *arg)
{
	char b;

	return (void *)(long)read(*(int *)arg, &b, 1);
}

static void *
thread_accepts(void *arg)
{
	long n = accept(*(int *)arg, NULL, NULL);

	return (void *)(n < 0 ? -(long)errno : n);
}

static void
test_threads(void)
{
	pthread_t t[4];
	char b[8];
	int nr = 0;

	sock_pair(SOCK_STREAM, s);
	for (int i = 0; i < 4; i++)
		t[i] = thread_start(thread_reads, &s[0]);
	for (int i = 0; i < 3; i++)
		must(write(s[1], "x", 1));
	must(shutdown(s[1], SHUT_WR));
	for (int i = 0; i < 4; i++)
		nr += thread_join(t[i]);
	is(nr, 3, "three of four readers get a byte, one the end");
	sock_pair(SOCK_DGRAM, s);
	for (int i = 0; i < 4; i++)
		t[i] = thread_start(thread_reads, &s[0]);
	for (nr = 0; nr < 4; nr++)
		must(write(s[1], "x", 1));
	for (int i = 0; i < 4; i++)
		thread_join(t[i]);
	is(recv(s[0], b, 8, MSG_DONTWAIT), -1, "four of four a datagram");
	l = sock_listener(SOCK_STREAM, "threads", 9);
	for (int i = 0; i < 4; i++)
		t[i] = thread_start(thread_accepts, &l);
	for (int i = 0; i < 3; i++)
		sock_client(SOCK_STREAM, "threads");
	for (nr = 0; nr < 1000; nr++)
		sched_yield();
	must(shutdown(l, SHUT_RDWR));
	for (nr = 0, b[0] = 0; nr < 4; nr++) {
		long n = thread_join(t[nr]);

		b[0] += n == -EINVAL;
		ok(n >= 0 || n == -EINVAL, "accept says %ld", n);
	}
	ok(b[0] >= 1, "shutdown ends who waits");
}

TEST(sock_wait)
{
	int full;

	l = sock_listener(SOCK_STREAM, "lonely", 1);
	full = sock_listener(SOCK_STREAM, "full", 0);
	must(sock_connect(sock_new(SOCK_STREAM), "full"));
	sock_bound(SOCK_DGRAM, "dgram");
	for (int i = 0; i < NR_WAITS; i++)
		test_signals(&waits[i]);
	close(full);
	test_timed();
	test_threads();
}
