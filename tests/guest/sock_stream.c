/* Streams: connections from their beginning to their end. */
#include "sock.h"

static int signals;

static void
count(int nr)
{
	(void)nr;
	signals++;
}

static void
test_connect(void)
{
	struct sockaddr_un a;
	socklen_t len = sizeof(a);
	int l = sock_listener(SOCK_STREAM, "one", 5);
	int c = sock_client(SOCK_STREAM, "one"), s;
	char b[8];

	is(sock_option(l, SO_ACCEPTCONN), 1, "it listens");
	is(write(c, "early", 5), 5, "sent before it is accepted");
	is(sock_ready(l), POLLIN, "somebody comes");
	s = must(accept(l, (struct sockaddr *)&a, &len));
	ok(len == 2 && a.sun_family == AF_UNIX, "who has no name");
	is(read(s, b, 8), 5, "and sent something");
	len = sizeof(a);
	must(getsockname(s, (struct sockaddr *)&a, &len));
	ok(len == SUN_AT + 4 && !strcmp(a.sun_path, "one"), "our name");
	len = sizeof(a);
	must(getpeername(c, (struct sockaddr *)&a, &len));
	ok(len == SUN_AT + 4 && !strcmp(a.sun_path, "one"), "is his peer's");
	is_errno(sock_connect(c, "one"), EISCONN, "once is enough");
	is_errno(sock_connect(l, "one"), EINVAL, "a listener connects nowhere");
	is_errno(read(l, b, 1), EINVAL, "nor does it read");
	is_errno(write(l, b, 1), ENOTCONN, "or write");
	is_errno(accept(c, NULL, NULL), EINVAL, "a client accepts nobody");
	is_errno(listen(c, 1), EINVAL, "nor listens");
	is_errno(accept4(l, NULL, NULL, 1), EINVAL, "a flag");
	must(fcntl(l, F_SETFL, O_NONBLOCK));
	is_errno(accept(l, NULL, NULL), EAGAIN, "nobody else comes");
	sock_client(SOCK_STREAM, "one");
	s = must(accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	is(fcntl(s, F_GETFD), FD_CLOEXEC, "SOCK_CLOEXEC");
	ok(fcntl(s, F_GETFL) & O_NONBLOCK, "SOCK_NONBLOCK");
	sock_client(SOCK_STREAM, "one");
	s = must(accept(l, NULL, NULL));
	is(fcntl(s, F_GETFL), O_RDWR, "flags are not inherited");
	must(setsockopt(l, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)));
	sock_client(SOCK_STREAM, "one");
	is(sock_option(must(accept(l, NULL, NULL)), SO_PASSCRED), 1,
	    "but SO_PASSCRED is");
	sock_client(SOCK_STREAM, "one");
	len = 0;
	is_errno(accept(l, NOWHERE, NOWHERE), EFAULT, "told nowhere");
}

static void
test_refused(void)
{
	int s = sock_new(SOCK_STREAM), l = sock_bound(SOCK_STREAM, "deaf");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct sockaddr *at = (struct sockaddr *)&a;

	file_make("file", "");
	is_errno(sock_connect(s, "deaf"), ECONNREFUSED, "it does not listen");
	is_errno(sock_connect(s, "none"), ENOENT, "no such name");
	is_errno(sock_connect(s, "file"), ECONNREFUSED, "a file");
	is_errno(sock_connect(s, "@none"), ECONNREFUSED, "no such name there");
	is_errno(connect(s, at, SUN_AT), EINVAL, "no name");
	is_errno(connect(s, at, sizeof(a) + 1), EINVAL, "a long one");
	is_errno(connect(s, at, -1), EINVAL, "a negative one");
	is_errno(connect(s, NOWHERE, 10), EFAULT, "from nowhere");
	a.sun_family = AF_INET;
	is_errno(connect(s, at, sizeof(a)), EINVAL, "of another family");
	sock_bound(SOCK_DGRAM, "dgram");
	is_errno(sock_connect(s, "dgram"), EPROTOTYPE, "of another type");
	close(l);
	is_errno(sock_connect(s, "deaf"), ECONNREFUSED, "its socket is gone");
	is_errno(write(s, "x", 1), ENOTCONN, "write to nobody");
	is_errno(read(s, &a, 1), EINVAL, "read from nobody");
	is_errno(
	    getpeername(s, at, &(socklen_t){9}), ENOTCONN, "nobody's name");
	is_errno(listen(s, 1), EINVAL, "listen without a name");
	is(sock_ready(s), POLLOUT | POLLHUP, "poll says so");
}

static void
test_backlog(void)
{
	int l = sock_listener(SOCK_STREAM, "small", 1);
	int s, nr = 0;
	pid_t pid;

	for (;;) {
		s = must(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
		if (sock_connect(s, "small") < 0)
			break;
		nr++;
	}
	is(errno, EAGAIN, "full, and no wait");
	is(nr, 2, "one more than the backlog");
	pid = must(fork());
	if (pid == 0) {
		s = sock_new(SOCK_STREAM);
		_exit(sock_connect(s, "small") < 0);
	}
	for (int i = 0; i < 3; i++)
		must(accept(l, NULL, NULL));
	is(wait_status(pid), 0, "who waits gets in");
	must(listen(l, -1));
	for (nr = 0; nr < 100; nr++)
		must(sock_connect(
		    must(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)),
		    "small"));
	ok(true, "a negative backlog is a large one");
	pid = must(fork());
	if (pid == 0) {
		close(l);
		s = sock_client(SOCK_STREAM, "small");
		read(s, &nr, 1);
		_exit(errno != ECONNRESET);
	}
	for (nr = 0; nr < 100; nr++)
		must(accept(l, NULL, NULL));
	while (sock_ready(l) != POLLIN)
		sched_yield();
	close(l);
	is(wait_status(pid), 0, "one that is never accepted is reset");
}

static void
test_end(void)
{
	char b[8];
	int s[2];

	sock_pair(SOCK_STREAM, s);
	is(sock_ready(s[0]), POLLOUT, "a new one can be written to");
	must(write(s[1], "last", 4));
	close(s[1]);
	is(sock_ready(s[0]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP,
	    "hung up, with something to read");
	is(read(s[0], b, 8), 4, "what was sent");
	is(read(s[0], b, 8), 0, "then the end");
	is(read(s[0], b, 8), 0, "and again");
	signals = 0;
	is_errno(write(s[0], b, 1), EPIPE, "nobody reads");
	is(signals, 1, "and a signal");
	is_errno(send(s[0], b, 1, MSG_NOSIGNAL), EPIPE, "send says it too");
	is(signals, 1, "without, if asked");
	is_errno(send(s[0], b, 1, 0), EPIPE, "or");
	is(signals, 2, "with one");
	is(getpeername(s[0], (struct sockaddr *)b, &(socklen_t){8}), 0,
	    "the peer had a name");

	sock_pair(SOCK_STREAM, s);
	must(write(s[0], "unread", 6));
	close(s[1]);
	ok(sock_ready(s[0]) & POLLERR, "closed with something unread");
	is_errno(read(s[0], b, 8), ECONNRESET, "is an error");
	is(read(s[0], b, 8), 0, "once");
	sock_pair(SOCK_STREAM, s);
	must(write(s[0], "unread", 6));
	close(s[1]);
	is(sock_option(s[0], SO_ERROR), ECONNRESET, "SO_ERROR tells it");
	is(sock_option(s[0], SO_ERROR), 0, "once, too");
}

static void
test_shutdown(void)
{
	char b[8];
	int s[2];

	sock_pair(SOCK_STREAM, s);
	is_errno(shutdown(s[0], 3), EINVAL, "how 3");
	is_errno(shutdown(s[0], -1), EINVAL, "how -1");
	must(write(s[0], "abc", 3));
	is(shutdown(s[0], SHUT_WR), 0, "no more is sent");
	is(sock_ready(s[1]), POLLIN | POLLOUT | POLLRDHUP, "the peer sees it");
	is(read(s[1], b, 8), 3, "what was sent is read");
	is(read(s[1], b, 8), 0, "then the end");
	signals = 0;
	is_errno(write(s[0], b, 1), EPIPE, "writing");
	is(signals, 1, "and SIGPIPE");
	is(write(s[1], "back", 4), 4, "the other way is open");
	is(read(s[0], b, 8), 4, "and works");
	must(write(s[1], "more", 4));
	is(shutdown(s[0], SHUT_RD), 0, "no more is received");
	is(read(s[0], b, 8), 4, "but for what is there");
	is(read(s[0], b, 8), 0, "then the end");
	is_errno(write(s[1], b, 1), EPIPE, "the peer cannot send");
	is(sock_ready(s[0]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP,
	    "all over");
	is(shutdown(sock_new(SOCK_STREAM), SHUT_RDWR), 0,
	    "of one without a peer");
	s[0] = sock_listener(SOCK_STREAM, "shut", 1);
	must(shutdown(s[0], SHUT_RD));
	is_errno(accept(s[0], NULL, NULL), EINVAL, "accept after it");
	is_errno(sock_connect(sock_new(SOCK_STREAM), "shut"), ECONNREFUSED,
	    "nor does anybody come");
}

/* As much as fits, then a little, then again. */
static void
test_full(void)
{
	static char big[1 << 20];
	ssize_t n, all = 0, got = 0;
	int s[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
	while ((n = write(s[0], big, 10000)) > 0)
		all += n;
	is(errno, EAGAIN, "full at some time");
	ok(all > 100000 && all < 500000, "after %zd bytes", all);
	ok(!(sock_ready(s[0]) & POLLOUT), "poll knows");
	while ((n = read(s[1], big, sizeof(big))) > 0)
		got += n;
	is(got, all, "all of it arrives");
	is(sock_ready(s[0]), POLLOUT, "room again");
	n = write(s[0], big, sizeof(big));
	ok(n > 100000 && n < (ssize_t)sizeof(big), "a part of much: %zd", n);
}

static void
test_flow(void)
{
	static unsigned char out[1 << 20], in[1 << 20];
	size_t got = 0;
	ssize_t n;
	int s[2];
	pid_t pid;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + i / 999;
	sock_pair(SOCK_STREAM, s);
	pid = must(fork());
	if (pid == 0) {
		n = write(s[0], out, sizeof(out));
		_exit(n != sizeof(out));
	}
	close(s[0]);
	while ((n = read(s[1], in + got, 1 + (got * 13) % 70000)) > 0)
		got += n;
	is(got, sizeof(out), "a mebibyte in one write, read in parts");
	ok(!memcmp(in, out, sizeof(in)), "and no byte is wrong");
	is(wait_status(pid), 0, "the writer wrote it all");
}

static void
test_cred(void)
{
	struct ucred c = {0};
	socklen_t len = sizeof(c);
	int l = sock_listener(SOCK_STREAM, "who", 3), s[2];
	pid_t pid = must(fork());
	char b;

	if (pid == 0) {
		must(setresgid(77, 77, 77));
		must(chmod("who", 0777));
		must(setresuid(USER, USER, USER));
		s[0] = sock_client(SOCK_STREAM, "who");
		must(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &c, &len));
		read(s[0], &b, 1);
		_exit(c.pid != getppid() || c.uid != 0);
	}
	s[0] = must(accept(l, NULL, NULL));
	must(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &c, &len));
	ok(c.pid == pid && c.uid == USER && c.gid == 77, "who came");
	close(s[0]);
	is(wait_status(pid), 0, "and he saw who listened");
	sock_pair(SOCK_STREAM, s);
	must(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &c, &len));
	is(c.pid, getpid(), "a pair is ours");
}

TEST(sock_stream)
{
	signal(SIGPIPE, count);
	must(chmod(".", 0777));
	test_connect();
	test_refused();
	test_backlog();
	test_end();
	test_shutdown();
	test_full();
	test_flow();
	test_cred();
}
