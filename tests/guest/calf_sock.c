/*
 * Sockets when there is no memory, and whether all of theirs comes back: each
 * allocation of each call fails in its turn, and storms of sockets in flight
 * leave nothing behind.
 */
#include "fail.h"
#include "sock.h"

/* ------------------------------------------------ what is tried */

static int s[2];

static int
error_of(long ret)
{
	return ret < 0 ? errno : 0;
}

static int
try_socket(void)
{
	return error_of(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
try_pair(void)
{
	int pair[2];

	return error_of(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
}

static int
try_bind(void)
{
	return error_of(sock_bind(s[0], "@x"));
}

static int
try_bind_path(void)
{
	int err = error_of(sock_bind(s[0], "path"));

	unlink("path");
	return err;
}

static int
try_connect(void)
{
	return error_of(sock_connect(s[0], "@listener"));
}

static int
try_accept(void)
{
	return error_of(accept(s[1], NULL, NULL));
}

static int
try_send(void)
{
	static char big[20000];

	return send(s[0], big, sizeof(big), 0) == sizeof(big) ? 0 : errno;
}

static int
try_send_fds(void)
{
	return error_of(sock_send_fds(s[0], "x", s, 2));
}

static int
try_peek_fds(void)
{
	int fds[2], nr;
	char b;

	return error_of(sock_get_fds(s[1], &b, 1, fds, 2, &nr, MSG_PEEK, NULL));
}

/* ------------------------------------------------ what they find */

static void
with_new(void)
{
	s[0] = sock_new(SOCK_STREAM);
	s[1] = sock_listener(SOCK_STREAM, "@listener", 5);
	sock_client(SOCK_STREAM, "@listener");
}

static void
with_pair(void)
{
	sock_pair(SOCK_DGRAM, s);
	must(sock_send_fds(s[0], "x", s, 2));
}

static const struct call {
	const char *name;
	void (*prepare)(void);
	int (*try)(void);
} calls[] = {
    {"socket", with_new, try_socket},
    {"socketpair", with_new, try_pair},
    {"bind", with_new, try_bind},
    {"bind to a path", with_new, try_bind_path},
    {"connect", with_new, try_connect},
    {"accept", with_new, try_accept},
    {"send", with_pair, try_send},
    {"sendmsg of files", with_pair, try_send_fds},
    {"recvmsg of files", with_pair, try_peek_fds},
};

static int
one_try(const void *arg, long n, bool and_after)
{
	const struct call *c = arg;
	pid_t pid = must(fork());

	if (pid == 0) {
		int err;

		c->prepare();
		fail_after(n, and_after);
		err = c->try();
		_exit(fail_verdict(err, n));
	}
	return wait_status(pid);
}

static void
all_calls(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		fail_all_tries(calls[i].name, false, one_try, &calls[i]);
		fail_all_tries(calls[i].name, true, one_try, &calls[i]);
	}
}

/* ------------------------------------------------ what is left */

static void
in_circles(void)
{
	static char big[30000];

	for (int i = 0; i < 300; i++) {
		sock_pair(i % 2 ? SOCK_STREAM : SOCK_DGRAM, s);
		must(sock_send_fds(s[0], "x", s, 2));
		must(sock_send_fds(s[1], "x", s, 2));
		must(write(s[0], big, sizeof(big)));
		must(close(s[0]));
		must(close(s[1]));
	}
	close(sock_new(SOCK_DGRAM));
}

TEST(calf_sock)
{
	long before;

	if (fail_after(0, false) >= 0)
		all_calls();
	in_circles();
	before = fail_frames_used();
	for (int i = 0; i < 5; i++)
		in_circles();
	ok(labs(fail_frames_used() - before) < 8, "nothing is lost: %ld, %ld",
	    before, fail_frames_used());
	fail_audit();
}
