/* Datagrams, and packets that come in order. */
#include "sock.h"

static int signals;

static void
count(int nr)
{
	(void)nr;
	signals++;
}

static ssize_t
send_to(int s, const char *path, const char *text)
{
	struct sockaddr_un a;
	socklen_t len = sock_address(&a, path);

	return sendto(s, text, strlen(text), 0, (struct sockaddr *)&a, len);
}

static void
test_names(void)
{
	int s = sock_bound(SOCK_DGRAM, "server"), c = sock_new(SOCK_DGRAM);
	struct sockaddr_un a;
	socklen_t len = sizeof(a);
	char b[16];

	is(send_to(c, "server", "hello"), 5, "sent to a name");
	is(recvfrom(s, b, 16, 0, (struct sockaddr *)&a, &len), 5, "received");
	is(len, 0, "from nobody");
	must(sock_bind(c, "client"));
	must(send_to(c, "server", "again"));
	len = sizeof(a);
	is(recvfrom(s, b, 16, 0, (struct sockaddr *)&a, &len), 5, "again");
	ok(len == SUN_AT + 7 && !strcmp(a.sun_path, "client"), "from a name");
	is(sendto(s, "answer", 6, 0, (struct sockaddr *)&a, len), 6,
	    "answered");
	is(read(c, b, 16), 6, "and read");
	is_errno(send(c, "x", 1, 0), ENOTCONN, "to nobody in particular");
	is_errno(send_to(c, "nobody", "x"), ENOENT, "to nobody at all");
	is_errno(send_to(c, "@nobody", "x"), ECONNREFUSED, "of such a name");
	sock_bound(SOCK_STREAM, "stream");
	is_errno(send_to(c, "stream", "x"), EPROTOTYPE, "to a stream");
	is_errno(listen(c, 1), EOPNOTSUPP, "listen");
	is_errno(accept(c, NULL, NULL), EOPNOTSUPP, "accept");
}

static void
test_bounds(void)
{
	static char big[300000];
	char b[8];
	int s[2];

	sock_pair(SOCK_DGRAM, s);
	is(send(s[0], "", 0, 0), 0, "an empty one");
	is(send(s[0], "abcdef", 6, 0), 6, "and six bytes");
	is(recv(s[1], b, 8, 0), 0, "the empty one arrives");
	is(recv(s[1], b, 4, MSG_PEEK), 4, "a look at the other");
	is(recv(s[1], b, 4, MSG_PEEK | MSG_TRUNC), 6, "at its length");
	is(recv(s[1], b, 4, 0), 4, "the rest is dropped");
	is_errno(recv(s[1], b, 4, MSG_DONTWAIT), EAGAIN, "nothing is left");
	is_errno(send(s[0], big, sizeof(big), 0), EMSGSIZE, "too long a one");
	is(send(s[0], big, 150000, 0), 150000, "a long one");
	is(recv(s[1], big, sizeof(big), 0), 150000, "arrives");
	must(send(s[0], "1", 1, 0));
	is_errno(recv(s[1], NOWHERE, 1, 0), EFAULT, "to nowhere");
	is_errno(recv(s[1], b, 1, MSG_DONTWAIT), EAGAIN, "and it is lost");
	is_errno(send(s[0], b, 1, MSG_OOB), EOPNOTSUPP, "nothing urgent");
}

static void
test_full(void)
{
	int s = sock_bound(SOCK_DGRAM, "full"),
	    c = sock_client(SOCK_DGRAM, "full");
	int other = sock_new(SOCK_DGRAM), nr = 0;
	char b[8];
	pid_t pid;

	while (send(c, "x", 1, MSG_DONTWAIT) == 1)
		nr++;
	is(errno, EAGAIN, "full");
	is(nr, 11, "of eleven");
	must(fcntl(other, F_SETFL, O_NONBLOCK));
	is_errno(send_to(other, "full", "y"), EAGAIN, "for others too");
	is(sock_ready(c), 0, "poll says so");
	pid = must(fork());
	if (pid == 0) {
		struct pollfd p = {.fd = c, .events = POLLOUT};

		_exit(poll(&p, 1, -1) != 1 || send(c, "z", 1, 0) != 1);
	}
	must(recv(s, b, 1, 0));
	is(wait_status(pid), 0, "who polls is woken");
	pid = must(fork());
	if (pid == 0)
		_exit(send(c, "z", 1, 0) != 1);
	must(recv(s, b, 1, 0));
	is(wait_status(pid), 0, "and who sends");
	while (nr-- > 0)
		must(recv(s, b, 1, 0));
	is_errno(recv(s, b, 1, MSG_DONTWAIT), EAGAIN, "all has come");
}

static void
test_peers(void)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int a = sock_bound(SOCK_DGRAM, "a"), b = sock_bound(SOCK_DGRAM, "b");
	int c = sock_bound(SOCK_DGRAM, "c");
	char buf[8];

	must(sock_connect(a, "b"));
	is(write(a, "1", 1), 1, "to the peer");
	is(send_to(a, "c", "2"), 1, "and to another");
	is(read(b, buf, 8), 1, "b has one");
	is(read(c, buf, 8), 1, "and so has c");
	must(sock_connect(b, "a"));
	is_errno(send_to(c, "a", "3"), EPERM, "who has a peer hears no other");
	is_errno(sock_connect(c, "a"), EPERM, "nor is connected to");
	must(write(b, "lost", 4));
	must(sock_connect(a, "c"));
	is(sock_option(b, SO_ERROR), ECONNRESET, "left by its peer");
	is(connect(a, &none, sizeof(none)), 0, "AF_UNSPEC lets go");
	is_errno(write(a, "4", 1), ENOTCONN, "of the peer");
	must(sock_connect(a, "a"));
	is(write(a, "5", 1), 1, "to itself");
	is(read(a, buf, 8), 1, "from itself");
	must(sock_connect(a, "c"));
	close(c);
	is_errno(write(a, "6", 1), ECONNREFUSED, "the peer is closed");
	is_errno(write(a, "7", 1), ENOTCONN, "and it is no peer any more");
}

static void
test_end(void)
{
	char b[8];
	int s[2];

	signals = 0;
	sock_pair(SOCK_DGRAM, s);
	must(shutdown(s[0], SHUT_RDWR));
	is_errno(write(s[0], "x", 1), EPIPE, "it sends no more");
	is_errno(write(s[1], "x", 1), EPIPE, "nor is it sent to");
	is(signals, 0, "without a signal");
	is(read(s[0], b, 1), 0, "reading finds an end");
	is_errno(recv(s[0], b, 1, MSG_DONTWAIT), EAGAIN, "if it waits");
	sock_pair(SOCK_DGRAM, s);
	must(write(s[1], "x", 1));
	close(s[1]);
	is(sock_ready(s[0]), POLLIN | POLLOUT, "no end of datagrams");
	is(read(s[0], b, 8), 1, "what was sent comes");
}

static void
test_packets(void)
{
	int l = sock_listener(SOCK_SEQPACKET, "packets", 5);
	int c = sock_new(SOCK_SEQPACKET), s;
	char b[8];

	is_errno(write(c, "x", 1), ENOTCONN, "no peer yet");
	is_errno(read(c, b, 1), ENOTCONN, "nor to read");
	must(sock_connect(c, "packets"));
	s = must(accept(l, NULL, NULL));
	is(write(c, "abc", 3), 3, "one");
	is(write(c, "defgh", 5), 5, "two");
	is(read(s, b, 8), 3, "come one");
	is(read(s, b, 2), 2, "by one, and are cut");
	must(write(c, "x", 1));
	must(shutdown(c, SHUT_WR));
	is(read(s, b, 8), 1, "the last one");
	is(read(s, b, 8), 0, "then the end");
	is(recv(s, b, 8, MSG_DONTWAIT), 0, "also without waiting");
	signals = 0;
	is_errno(write(c, "y", 1), EPIPE, "no more is sent");
	is(signals, 0, "and no signal");
	must(write(s, "unread", 6));
	close(c);
	is_errno(write(s, "z", 1), ECONNRESET, "to one that is closed");
	is_errno(write(s, "z", 1), EPIPE, "and again");
	is(read(s, b, 8), 0, "whose end it is");
	is_errno(sock_connect(sock_new(SOCK_STREAM), "packets"), EPROTOTYPE,
	    "no stream");
}

TEST(sock_dgram)
{
	signal(SIGPIPE, count);
	test_names();
	test_bounds();
	test_full();
	test_peers();
	test_end();
	test_packets();
}
