/*
 * Sockets in flight that keep each other open: whatever the shape, when the
 * last descriptor is gone they close, and so does what they carry.
 */
#include "sock.h"

#include <sys/resource.h>

static int dead[2]; /* a pipe: its writing end is what is carried */

static void
carry(int s)
{
	must(sock_send_fds(s, "p", &dead[1], 1));
}

/* The pipe ends when what carried it has closed; other closes may be due. */
static void
is_collected(const char *what)
{
	struct pollfd p = {.fd = dead[0], .events = POLLIN};
	char b;

	close(dead[1]);
	for (int i = 0; i < 1000 && poll(&p, 1, 10) == 0; i++)
		close(sock_new(SOCK_DGRAM));
	is(read(dead[0], &b, 1), 0, "%s", what);
	close(dead[0]);
	must(pipe2(dead, O_NONBLOCK));
}

static void
test_shapes(void)
{
	int a[2], b[2], l;

	sock_pair(SOCK_STREAM, a);
	carry(a[0]);
	close(a[0]);
	close(a[1]);
	is_collected("an unread message");

	sock_pair(SOCK_DGRAM, a);
	carry(a[0]);
	must(sock_send_fds(a[0], "x", &a[1], 1));
	close(a[0]);
	close(a[1]);
	is_collected("one in its own queue");

	sock_pair(SOCK_STREAM, a);
	carry(a[0]);
	carry(a[1]);
	must(sock_send_fds(a[0], "x", a, 2));
	must(sock_send_fds(a[1], "x", a, 2));
	close(a[0]);
	close(a[1]);
	is_collected("a pair in both queues");

	sock_pair(SOCK_STREAM, a);
	sock_pair(SOCK_SEQPACKET, b);
	carry(a[0]);
	must(sock_send_fds(a[0], "x", &b[1], 1));
	must(sock_send_fds(b[0], "x", &a[1], 1));
	close(a[0]);
	close(b[0]);
	close(a[1]);
	close(b[1]);
	is_collected("two in each other's");

	l = sock_listener(SOCK_STREAM, "@l", 9);
	a[0] = sock_client(SOCK_STREAM, "@l");
	carry(a[0]);
	must(sock_send_fds(a[0], "x", (int[]){l, a[0]}, 2));
	close(a[0]);
	close(l);
	is_collected("a listener in a connection that waits there");
}

static void
test_alive(void)
{
	int a[2], b[2], fds[4], nr;
	char c[4];

	sock_pair(SOCK_STREAM, a);
	sock_pair(SOCK_STREAM, b);
	must(sock_send_fds(a[0], "x", b, 2));
	must(sock_send_fds(b[0], "y", a, 2));
	close(a[0]);
	close(b[0]);
	close(b[1]);
	for (int i = 0; i < 50; i++)
		close(sock_new(SOCK_DGRAM));
	is(sock_get_fds(a[1], c, 4, fds, 2, &nr, 0, NULL), 1,
	    "what can be reached is there");
	is(nr, 2, "both ends of a pair");
	is(sock_get_fds(fds[1], c, 4, fds + 2, 2, &nr, 0, NULL), 1,
	    "and what lies in there");
	is(nr, 2, "as well");
	is(write(fds[2], "z", 1), 1, "it works");
	is(read(a[1], c, 4), 1, "as before");
	closefrom(a[1]);
	must(pipe2(dead, O_NONBLOCK));
}

/* Each in the queue of the next: the end of the last ends all. */
static void
test_chain(void)
{
	int before = -1, s[2];

	for (int i = 0; i < 3000; i++) {
		sock_pair(SOCK_DGRAM, s);
		if (before < 0)
			carry(s[0]);
		else
			must(sock_send_fds(s[0], "x", &before, 1));
		close(before);
		close(s[0]);
		before = s[1];
	}
	close(before);
	is_collected("a chain of 3000");
}

/* Several collectors at once must not take the same messages. */
static void
make_circles(void)
{
	int a[2];

	for (int i = 0; i < 300; i++) {
		sock_pair(i % 2 ? SOCK_STREAM : SOCK_DGRAM, a);
		for (int j = 0; j < 4; j++)
			must(sock_send_fds(a[j % 2], "x", a, 2));
		close(a[0]);
		close(a[1]);
	}
}

static void
test_crowd(void)
{
	pid_t pids[6];
	int bad = 0;

	for (int i = 0; i < 6; i++)
		pids[i] = spawn(make_circles);
	for (int i = 0; i < 6; i++)
		bad += wait_status(pids[i]) != 0;
	is(bad, 0, "six make circles at once");
}

TEST(sock_cycle)
{
	must(pipe2(dead, O_NONBLOCK));
	test_shapes();
	test_alive();
	test_chain();
	test_crowd();
}
