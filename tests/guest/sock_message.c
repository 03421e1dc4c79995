/* sendmsg, recvmsg and their kin, and the flags of all calls. */
#include "sock.h"

#include <sys/time.h>
#include <time.h>

static void
test_peek(void)
{
	char b[16];
	int s[2];

	sock_pair(SOCK_STREAM, s);
	must(write(s[0], "abc", 3));
	must(write(s[0], "def", 3));
	is(recv(s[1], b, 16, MSG_PEEK), 6, "a look at both");
	is(recv(s[1], b, 2, MSG_PEEK), 2, "at a part");
	is(recv(s[1], b, 4, 0), 4, "read over the border");
	ok(!memcmp(b, "abcd", 4), "in order");
	is(recv(s[1], b, 16, MSG_PEEK), 2, "the rest");
	is(recv(s[1], b, 16, MSG_TRUNC), 2, "MSG_TRUNC means nothing here");
	is_errno(recv(s[1], b, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN, "no more");
	is_errno(recv(s[1], b, 1, MSG_OOB), EINVAL, "nothing urgent");
}

static void
test_wait_all(void)
{
	char b[8] = "";
	int s[2];
	pid_t pid;

	sock_pair(SOCK_STREAM, s);
	must(write(s[0], "ab", 2));
	pid = must(fork());
	if (pid == 0) {
		close(s[1]);
		for (int i = 0; i < 4; i++)
			must(write(s[0], "cdef" + i, 1));
		_exit(0);
	}
	is(recv(s[1], b, 6, MSG_WAITALL), 6, "all of six");
	str_is(b, "abcdef", "in order");
	is(wait_status(pid), 0, "the writer is done");
	must(write(s[0], "gh", 2));
	close(s[0]);
	is(recv(s[1], b, 6, MSG_WAITALL), 2, "or up to the end");
	is(recv(s[1], b, 6, MSG_WAITALL), 0, "and then nothing");
}

static void
test_headers(void)
{
	struct iovec iov[2] = {{"abc", 3}, {"de", 2}};
	char b[8], small[4];
	struct sockaddr_un a;
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
	int s = sock_bound(SOCK_DGRAM, "to"),
	    c = sock_bound(SOCK_DGRAM, "from");

	m.msg_name = &a;
	m.msg_namelen = sock_address(&a, "to");
	is(sendmsg(c, &m, 0), 5, "sendmsg to a name");
	memset(&a, 0, sizeof(a));
	m.msg_namelen = sizeof(a);
	iov[0] = (struct iovec){small, 4};
	m.msg_iovlen = 1;
	m.msg_flags = 0x7777;
	is(recvmsg(s, &m, MSG_CMSG_CLOEXEC), 4, "recvmsg of a part");
	is(m.msg_flags, MSG_TRUNC | MSG_CMSG_CLOEXEC, "says it is one");
	ok(m.msg_namelen == SUN_AT + 5 && !strcmp(a.sun_path, "from"),
	    "and whose");
	is(m.msg_controllen, 0, "nothing beside it");
	is_errno(sendmsg(c, NOWHERE, 0), EFAULT, "a header nowhere");
	is_errno(recvmsg(c, NOWHERE, 0), EFAULT, "to receive");
	m.msg_iovlen = 1025;
	is_errno(sendmsg(c, &m, 0), EMSGSIZE, "1025 pieces");
	m.msg_iovlen = 1;
	m.msg_iov = NOWHERE;
	is_errno(sendmsg(c, &m, 0), EFAULT, "pieces nowhere");
	m.msg_iov = iov;
	m.msg_namelen = -1;
	is_errno(sendmsg(c, &m, 0), EINVAL, "a negative name");
	m.msg_name = NULL;
	m.msg_namelen = 5;
	is_errno(sendmsg(c, &m, 0), ENOTCONN, "no name has no length");
	m.msg_control = b;
	m.msg_controllen = (size_t)1 << 32;
	is_errno(sendmsg(c, &m, 0), ENOBUFS, "too much beside it");
	is_errno(sendto(c, b, 1, 0, NOWHERE, 10), EFAULT, "a name nowhere");
	is_errno(sendto(c, b, 1, 0, (void *)&a, 129), EINVAL, "a long name");
}

static void
test_stream_names(void)
{
	int l = sock_listener(SOCK_STREAM, "l", 1), c, s;
	struct sockaddr_un a;
	socklen_t len = sock_address(&a, "l");
	char b[4];

	is_errno(sendto(sock_new(SOCK_STREAM), b, 1, 0, (void *)&a, len),
	    EOPNOTSUPP, "a stream is sent to its peer");
	c = sock_bound(SOCK_STREAM, "c");
	must(sock_connect(c, "l"));
	is_errno(sendto(c, b, 1, 0, (void *)&a, len), EISCONN, "who is known");
	s = must(accept(l, NULL, NULL));
	must(write(c, "x", 1));
	len = sizeof(a);
	is(recvfrom(s, b, 4, 0, (void *)&a, &len), 1, "recvfrom of a stream");
	ok(len == SUN_AT + 2 && !strcmp(a.sun_path, "c"), "tells the peer");
}

static void
test_many(void)
{
	struct iovec iov[3] = {{"a", 1}, {"bc", 2}, {"def", 3}};
	struct mmsghdr m[4];
	struct timespec ts = {10, 0};
	char b[4][8];
	int s[2];

	sock_pair(SOCK_DGRAM, s);
	memset(m, 0, sizeof(m));
	for (int i = 0; i < 3; i++) {
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	is(sendmmsg(s[0], m, 3, 0), 3, "sendmmsg");
	ok(m[0].msg_len == 1 && m[1].msg_len == 2 && m[2].msg_len == 3,
	    "each with its length");
	for (int i = 0; i < 3; i++)
		iov[i] = (struct iovec){b[i], 8};
	is(recvmmsg(s[1], m, 2, 0, &ts), 2, "recvmmsg of two");
	ok(ts.tv_sec == 9, "there is time left");
	ok(m[0].msg_len == 1 && m[1].msg_len == 2, "their lengths");
	is(recvmmsg(s[1], m, 3, MSG_WAITFORONE, NULL), 1, "one, not waiting");
	is_errno(recvmmsg(s[1], m, 3, MSG_DONTWAIT, NULL), EAGAIN, "none");
	is(recvmmsg(s[1], m, 0, 0, NULL), 0, "no room for any");
	is_errno(recvmmsg(s[1], NOWHERE, 1, 0, NULL), EFAULT, "nowhere");
	ts.tv_nsec = 1000000000;
	is_errno(recvmmsg(s[1], m, 1, 0, &ts), EINVAL, "no such time");
	m[1].msg_hdr.msg_iovlen = 1025;
	is(sendmmsg(s[0], m, 3, 0), 1, "up to the first that fails");
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void
test_times(void)
{
	struct timeval tv = {0, 50000};
	static char big[100000];
	/* Linux counts these in ticks, the first of which has begun already. */
	double tick = access("/proc/calf", F_OK) == 0 ? 0 : 0.004;
	double begin = now();
	char b[4];
	int s[2], l;

	sock_pair(SOCK_STREAM, s);
	must(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	must(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	is_errno(read(s[0], b, 4), EAGAIN, "read for 50 ms");
	ok(now() - begin >= 0.05 - tick, "and no less");
	while (write(s[0], big, sizeof(big)) > 0)
		;
	is(errno, EAGAIN, "write as well");
	ok(now() - begin >= 0.1 - 2 * tick, "after its time");
	l = sock_listener(SOCK_SEQPACKET, "slow", 0);
	must(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	is_errno(accept(l, NULL, NULL), EAGAIN, "accept");
	sock_client(SOCK_SEQPACKET, "slow");
	s[0] = sock_new(SOCK_SEQPACKET);
	must(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	is_errno(sock_connect(s[0], "slow"), EAGAIN, "connect");
	sock_pair(SOCK_DGRAM, s);
	must(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	is_errno(recv(s[0], b, 4, 0), EAGAIN, "recv of datagrams");
	ok(now() - begin < 20, "in reasonable time");
}

TEST(sock_message)
{
	test_peek();
	test_wait_all();
	test_headers();
	test_stream_names();
	test_many();
	test_times();
}
