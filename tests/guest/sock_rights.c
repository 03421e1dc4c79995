/* What messages carry: descriptors, and who sent them. */
#include "sock.h"

#include <sys/resource.h>

static int
nr_open(void)
{
	int nr = 0;

	for (int i = 0; i < 1024; i++)
		nr += fcntl(i, F_GETFD) >= 0;
	return nr;
}

static void
test_pass(int type)
{
	int s[2], p[2], fds[4], nr, flags;
	char b[8];

	sock_pair(type, s);
	must(pipe(p));
	is(sock_send_fds(s[0], "two", p, 2), 3, "two descriptors");
	close(p[0]);
	close(p[1]);
	is(sock_get_fds(s[1], b, 8, fds, 4, &nr, 0, &flags), 3, "arrive");
	is(nr, 2, "both");
	is(flags, 0, "with nothing lost");
	is(write(fds[1], "through", 7), 7, "they are open");
	is(read(fds[0], b, 8), 7, "and the same pipe");
	is(fcntl(fds[0], F_GETFD), 0, "not closed by exec");
	must(sock_send_fds(s[0], "x", fds, 1));
	must(sock_get_fds(
	    s[1], b, 8, fds + 2, 2, &nr, MSG_CMSG_CLOEXEC, &flags));
	is(fcntl(fds[2], F_GETFD), FD_CLOEXEC, "MSG_CMSG_CLOEXEC");
	must(sock_send_fds(s[0], "y", fds, 1));
	is(sock_get_fds(s[1], b, 8, fds + 2, 1, &nr, MSG_PEEK, NULL), 1,
	    "a look");
	is(nr, 1, "opens one");
	is(sock_get_fds(s[1], b, 8, fds + 2, 1, &nr, 0, NULL), 1, "reading");
	is(nr, 1, "another");
	must(sock_send_fds(s[0], "z", fds, 2));
	nr = nr_open();
	is(read(s[1], b, 8), 1, "who just reads");
	is(nr_open(), nr, "gets none");
	must(sock_send_fds(s[0], "cut", fds, 2));
	is(sock_get_fds(s[1], b, 8, fds + 2, 1, &nr, 0, &flags), 3, "for one");
	ok(nr == 1 && flags == MSG_CTRUNC, "one is lost, and it is said");
	must(sock_send_fds(s[0], "none", fds, 2));
	is(sock_get_fds(s[1], b, 8, NULL, 0, &nr, 0, &flags), 4,
	    "without room");
	is(flags, MSG_CTRUNC, "both are");
	closefrom(s[0] < s[1] ? s[0] : s[1]);
}

static void
test_stream_parts(void)
{
	int s[2], fds[2], nr;
	char b[16];

	sock_pair(SOCK_STREAM, s);
	must(write(s[0], "ab", 2));
	must(sock_send_fds(s[0], "cde", &s[0], 1));
	must(write(s[0], "fg", 2));
	is(sock_get_fds(s[1], b, 16, fds, 2, &nr, 0, NULL), 5,
	    "bytes before go with it, those after do not");
	is(nr, 1, "the descriptor is there");
	is(read(s[1], b, 16), 2, "the rest");
	must(sock_send_fds(s[0], "cde", &s[0], 1));
	is(sock_get_fds(s[1], b, 1, fds, 2, &nr, 0, NULL), 1, "the first byte");
	is(nr, 1, "has the descriptor");
	is(sock_get_fds(s[1], b, 16, fds, 2, &nr, 0, NULL), 2, "the others");
	is(nr, 0, "have not");
	is(sock_send_fds(s[0], "", &s[0], 1), 0, "with no byte");
	is_errno(sock_get_fds(s[1], b, 1, fds, 2, &nr, MSG_DONTWAIT, NULL),
	    EAGAIN, "nothing is sent");
	closefrom(s[0]);
}

static void
test_bad(void)
{
	char space[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = space,
	    .msg_controllen = sizeof(space)};
	struct cmsghdr *c = (struct cmsghdr *)space;
	int many[254] = {0}, s[2], bad = 999, dir, nr;
	char b[4];

	sock_pair(SOCK_DGRAM, s);
	is_errno(sock_send_fds(s[0], "x", &bad, 1), EBADF, "a bad one");
	is_errno(sock_send_fds(s[0], "x", &(int){-1}, 1), EBADF, "a negative");
	is(sock_send_fds(s[0], "x", many, 253), 1, "253");
	is_errno(sock_send_fds(s[0], "x", many, 254), EINVAL, "are the most");
	must(read(s[1], b, 1));
	memset(space, 0, sizeof(space));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = 8;
	is_errno(sendmsg(s[0], &m, 0), EINVAL, "shorter than a header");
	c->cmsg_len = sizeof(space) + 1;
	is_errno(sendmsg(s[0], &m, 0), EINVAL, "longer than there is");
	c->cmsg_len = CMSG_LEN(sizeof(int));
	c->cmsg_type = 77;
	is_errno(sendmsg(s[0], &m, 0), EINVAL, "of no known type");
	c->cmsg_level = 77;
	is(sendmsg(s[0], &m, 0), 1, "of another level it is not ours");
	m.msg_control = NOWHERE;
	is_errno(sendmsg(s[0], &m, 0), EFAULT, "nowhere");
	must(read(s[1], b, 1));
	dir = must(open(".", O_PATH));
	must(sock_send_fds(s[0], "p", &dir, 1));
	must(sock_get_fds(s[1], b, 4, many, 1, &nr, 0, NULL));
	is(nr, 1, "a mere place goes, too");
	m.msg_control = NOWHERE;
	m.msg_controllen = 100;
	iov.iov_base = b;
	must(sock_send_fds(s[0], "q", &dir, 1));
	nr = nr_open();
	recvmsg(s[1], &m, 0);
	is(nr_open(), nr, "received nowhere it is closed");
	closefrom(s[0]);
}

static void
test_limit(void)
{
	struct rlimit r = {40, 40};
	int s[2], fds[8], nr, flags, zero[8] = {0};
	char b[4];

	sock_pair(SOCK_STREAM, s);
	while (dup(0) < 36)
		;
	must(setrlimit(RLIMIT_NOFILE, &r));
	must(sock_send_fds(s[0], "x", zero, 8));
	is(sock_get_fds(s[1], b, 4, fds, 8, &nr, 0, &flags), 1, "received");
	ok(nr == 3 && flags == MSG_CTRUNC, "as far as RLIMIT_NOFILE lets");
	closefrom(s[0]);
	must(setresuid(USER, USER, USER));
	sock_pair(SOCK_STREAM, s);
	for (nr = 0; nr < 100; nr++)
		if (sock_send_fds(s[0], "x", zero, 8) < 0)
			break;
	is(errno, ETOOMANYREFS, "too many on their way");
	ok(nr >= 5 && nr <= 8, "after %d times eight", nr);
}

static ssize_t
send_cred(int s, const char *text, const struct ucred *u)
{
	char space[CMSG_SPACE(sizeof(*u))] __attribute__((aligned(8))) = {0};
	struct iovec iov = {(char *)text, strlen(text)};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = space,
	    .msg_controllen = sizeof(space)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(*u));
	memcpy(CMSG_DATA(c), u, sizeof(*u));
	return sendmsg(s, &m, 0);
}

static ssize_t
get_cred(int s, struct ucred *u)
{
	char space[CMSG_SPACE(sizeof(*u))] __attribute__((aligned(8))), b[16];
	struct iovec iov = {b, sizeof(b)};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = space,
	    .msg_controllen = sizeof(space)};
	ssize_t n = recvmsg(s, &m, 0);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	memset(u, 0xff, sizeof(*u));
	if (n >= 0 && c && c->cmsg_type == SCM_CREDENTIALS)
		memcpy(u, CMSG_DATA(c), sizeof(*u));
	return n;
}

static void
test_cred_of_user(void)
{
	struct ucred u = {getpid(), USER, USER};
	int s[2], one = 1;

	sock_pair(SOCK_DGRAM, s);
	must(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	must(setresgid(USER, USER, USER));
	must(setresuid(USER, USER, USER));
	is(send_cred(s[0], "x", &u), 1, "who one is");
	u.uid = 0;
	is_errno(send_cred(s[0], "x", &u), EPERM, "not root");
	u.uid = USER;
	u.pid = 1;
	is_errno(send_cred(s[0], "x", &u), EPERM, "nor process 1");
	is(get_cred(s[1], &u), 1, "received");
	ok(u.pid == getpid() && u.uid == USER && u.gid == USER, "it is said");
}

static void
test_cred(void)
{
	struct ucred u = {1, 77, 88};
	int s[2], one = 1, nr, flags;
	char b[16];
	pid_t pid;

	sock_pair(SOCK_STREAM, s);
	must(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	must(write(s[0], "ab", 2));
	is(send_cred(s[0], "cd", &u), 2, "root is anybody");
	u.pid = 32000;
	is_errno(send_cred(s[0], "ef", &u), ESRCH, "who there is");
	pid = must(fork());
	if (pid == 0) {
		must(write(s[0], "gh", 2));
		_exit(0);
	}
	is(wait_status(pid), 0, "a child writes, too");
	is(get_cred(s[1], &u), 2, "what one wrote is not glued");
	ok(u.pid == getpid() && u.uid == 0 && u.gid == 0, "to another's");
	is(get_cred(s[1], &u), 2, "the second");
	ok(u.pid == 1 && u.uid == 77 && u.gid == 88, "as it said");
	is(get_cred(s[1], &u), 2, "the child's");
	is(u.pid, pid, "though it is no more");
	must(write(s[0], "ij", 2));
	is(sock_get_fds(s[1], b, 16, NULL, 0, &nr, 0, &flags), 2, "no room");
	is(flags, MSG_CTRUNC, "is said");
	lives(test_cred_of_user, "somebody else");
}

TEST(sock_rights)
{
	test_pass(SOCK_STREAM);
	test_pass(SOCK_DGRAM);
	test_pass(SOCK_SEQPACKET);
	test_stream_parts();
	test_bad();
	test_cred();
	lives(test_limit, "limits");
}
