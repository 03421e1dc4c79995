/*
 * An error that waits at a socket, and readers that wait there: who takes the
 * error leaves the message that he was woken for to another.
 */
#include "sock.h"

static int s[2];

static pid_t
start_reader(void)
{
	pid_t pid = must(fork());
	char b;

	if (pid == 0)
		_exit(recv(s[0], &b, 1, 0) < 0 ? errno : 0);
	sock_until_asleep(pid);
	return pid;
}

/* One message received, and an error left; or not, if somebody was faster. */
static bool
leave_error(void)
{
	char b;
	struct iovec good = {&b, 1}, bad = {NOWHERE, 1};
	struct mmsghdr m[2] = {
	    {.msg_hdr = {.msg_iov = &good, .msg_iovlen = 1}},
	    {.msg_hdr = {.msg_iov = &bad, .msg_iovlen = 1}},
	};

	must(send(s[1], "1", 1, 0));
	must(send(s[1], "2", 1, 0));
	return recvmmsg(s[0], m, 2, MSG_DONTWAIT, NULL) == 1 &&
	    (sock_ready(s[0]) & POLLERR);
}

/* False if the readers were faster, and it is to be done again. */
static bool
test_readers(int type)
{
	pid_t a, b;
	int ends;
	bool left;

	sock_pair(type, s);
	a = start_reader();
	b = start_reader();
	left = leave_error();
	if (left) {
		must(send(s[1], "3", 1, 0));
	} else {
		kill(a, SIGKILL);
		kill(b, SIGKILL);
	}
	ends = wait_status(a) + wait_status(b);
	if (left)
		is(ends, EFAULT << 8, "one has the error, one the message");
	close(s[0]);
	close(s[1]);
	return left;
}

TEST(sock_error)
{
	sock_stay_on_one();
	while (!test_readers(SOCK_DGRAM))
		;
	while (!test_readers(SOCK_SEQPACKET))
		;
}
