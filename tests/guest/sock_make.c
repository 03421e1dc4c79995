/* Making sockets, what they are as files, and their options. */
#include "sock.h"

#include <sys/sendfile.h>
#include <sys/time.h>

static void
test_arguments(void)
{
	int s[2];

	is_errno(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT, "family -1");
	is_errno(socket(200, SOCK_STREAM, 0), EAFNOSUPPORT, "family 200");
	is_errno(socket(AF_UNIX, 0, 0), ESOCKTNOSUPPORT, "type 0");
	is_errno(socket(AF_UNIX, 12, 0), EINVAL, "type 12");
	is_errno(socket(AF_UNIX, 4, 0), ESOCKTNOSUPPORT, "type 4");
	is_errno(socket(AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL, "a flag");
	is_errno(
	    socket(AF_UNIX, SOCK_STREAM, 2), EPROTONOSUPPORT, "a protocol");
	is_errno(socketpair(AF_UNIX, SOCK_STREAM, 2, s), EPROTONOSUPPORT,
	    "a pair of a protocol");
	is_errno(socketpair(AF_UNIX, SOCK_STREAM, 0, NOWHERE), EFAULT,
	    "a pair to nowhere");
	is(close(must(socket(AF_UNIX, SOCK_STREAM, AF_UNIX))), 0,
	    "its own protocol");
	is(sock_option(must(socket(AF_UNIX, SOCK_RAW, 0)), SO_TYPE), SOCK_DGRAM,
	    "raw is datagrams");
}

static void
test_flags(void)
{
	int s[2];

	must(socketpair(
	    AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s));
	is(fcntl(s[1], F_GETFD), FD_CLOEXEC, "SOCK_CLOEXEC");
	is(fcntl(s[1], F_GETFL), O_RDWR | O_NONBLOCK, "SOCK_NONBLOCK");
	sock_pair(SOCK_STREAM, s);
	is(fcntl(s[0], F_GETFD), 0, "not without");
	is(fcntl(s[0], F_GETFL), O_RDWR, "nor that");
	must(fcntl(s[0], F_SETFL, O_NONBLOCK));
	is_errno(read(s[0], s, 1), EAGAIN, "it can be set");
}

static void
test_file(void)
{
	char name[32], link[64];
	struct stat st;
	ssize_t n;
	int s[2];

	sock_pair(SOCK_STREAM, s);
	must(fstat(s[0], &st));
	is(st.st_mode, S_IFSOCK | 0777, "its mode");
	is(st.st_size, 0, "its size");
	is_errno(lseek(s[0], 0, SEEK_CUR), ESPIPE, "lseek");
	is_errno(pread(s[0], name, 1, 0), ESPIPE, "pread");
	is_errno(ftruncate(s[0], 0), EINVAL, "ftruncate");
	is_errno(
	    mmap(NULL, 4096, PROT_READ, MAP_SHARED, s[0], 0), ENODEV, "mmap");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", s[0]);
	n = readlink(name, link, sizeof(link) - 1);
	link[n < 0 ? 0 : n] = 0;
	ok(!strncmp(link, "socket:[", 8), "%s", link);
	is_errno(open(name, O_RDWR), ENXIO, "open by /proc");
}

static void
test_not_a_socket(void)
{
	char b[8];
	int fd = must(open(".", O_RDONLY));
	int at = must(open(".", O_PATH));
	struct msghdr m = {0};
	socklen_t len = 0;

	is_errno(listen(fd, 1), ENOTSOCK, "listen");
	is_errno(sock_bind(fd, "x"), ENOTSOCK, "bind");
	is_errno(sock_connect(fd, "x"), ENOTSOCK, "connect");
	is_errno(accept(fd, NULL, NULL), ENOTSOCK, "accept");
	is_errno(getsockname(fd, NULL, NULL), ENOTSOCK, "getsockname");
	is_errno(getpeername(fd, NULL, NULL), ENOTSOCK, "getpeername");
	is_errno(send(fd, b, 1, 0), ENOTSOCK, "send");
	is_errno(recv(fd, b, 1, 0), ENOTSOCK, "recv");
	is_errno(sendmsg(fd, &m, 0), ENOTSOCK, "sendmsg");
	is_errno(recvmsg(fd, &m, 0), ENOTSOCK, "recvmsg");
	is_errno(shutdown(fd, 0), ENOTSOCK, "shutdown");
	is_errno(getsockopt(fd, SOL_SOCKET, SO_TYPE, b, &len), ENOTSOCK,
	    "getsockopt");
	is_errno(listen(at, 1), EBADF, "a mere place");
	is_errno(listen(-1, 1), EBADF, "nothing");
}

static void
test_options(void)
{
	struct timeval tv = {1, 500000};
	int s = sock_new(SOCK_SEQPACKET), one = 1;
	socklen_t len = sizeof(tv);
	struct ucred cred = {0};

	is(sock_option(s, SO_TYPE), SOCK_SEQPACKET, "SO_TYPE");
	is(sock_option(s, SO_DOMAIN), AF_UNIX, "SO_DOMAIN");
	is(sock_option(s, SO_PROTOCOL), 0, "SO_PROTOCOL");
	is(sock_option(s, SO_ERROR), 0, "SO_ERROR");
	is(sock_option(s, SO_ACCEPTCONN), 0, "SO_ACCEPTCONN");
	is(sock_option(s, SO_SNDBUF), 212992, "SO_SNDBUF");
	is(sock_option(s, SO_RCVBUF), 212992, "SO_RCVBUF");
	is(sock_option(s, SO_PASSCRED), 0, "SO_PASSCRED");
	must(setsockopt(s, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	must(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	is(sock_option(s, SO_PASSCRED), 1, "SO_PASSCRED is set");
	is(sock_option(s, SO_REUSEADDR), 1, "SO_REUSEADDR is set");
	must(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &one, sizeof(one)));
	is(sock_option(s, SO_SNDBUF), 4608, "the smallest");
	one = 10000;
	must(setsockopt(s, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one)));
	is(sock_option(s, SO_RCVBUF), 20000, "twice what was asked for");
	is(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0,
	    "SO_RCVTIMEO");
	memset(&tv, 0, sizeof(tv));
	must(getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	ok(tv.tv_sec == 1 && tv.tv_usec == 500000, "and it is told");
	tv.tv_usec = 1000000;
	is_errno(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), EDOM,
	    "a million microseconds");
	is_errno(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, 8), EINVAL,
	    "a short one");
	len = sizeof(cred);
	must(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len));
	ok(cred.pid == 0 && cred.uid == ~0u && cred.gid == ~0u,
	    "nobody's SO_PEERCRED");
}

static void
test_option_arguments(void)
{
	int s = sock_new(SOCK_STREAM), val = 77;
	socklen_t len = 2;

	is_errno(setsockopt(s, SOL_SOCKET, 9999, &val, sizeof(val)),
	    ENOPROTOOPT, "no such option");
	is_errno(getsockopt(s, SOL_SOCKET, 9999, &val, &len), ENOPROTOOPT,
	    "nor to get");
	is_errno(setsockopt(s, 6, 1, &val, sizeof(val)), EOPNOTSUPP,
	    "another level");
	is_errno(getsockopt(s, 6, 1, &val, &len), EOPNOTSUPP, "to get");
	is_errno(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &val, 3), EINVAL,
	    "three bytes");
	is_errno(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, NOWHERE, 4), EFAULT,
	    "from nowhere");
	is_errno(getsockopt(s, SOL_SOCKET, SO_TYPE, NOWHERE, &len), EFAULT,
	    "to nowhere");
	is_errno(getsockopt(s, SOL_SOCKET, SO_TYPE, &val, NOWHERE), EFAULT,
	    "a length nowhere");
	len = -1;
	is_errno(getsockopt(s, SOL_SOCKET, SO_TYPE, &val, &len), EINVAL,
	    "a negative length");
	len = 2;
	val = 0;
	must(getsockopt(s, SOL_SOCKET, SO_TYPE, &val, &len));
	ok(len == 2 && val == SOCK_STREAM, "two bytes of it");
}

static void
test_bytes(void)
{
	struct iovec iov[2] = {{"ab", 2}, {"cde", 3}};
	char b[16] = "";
	off_t at = 1;
	int s[2], fd, nr = 0;

	sock_pair(SOCK_STREAM, s);
	is(writev(s[0], iov, 2), 5, "writev");
	must(ioctl(s[1], FIONREAD, &nr));
	is(nr, 5, "FIONREAD");
	must(ioctl(s[0], TIOCOUTQ, &nr));
	ok(nr >= 5, "SIOCOUTQ says %d", nr);
	is_errno(ioctl(s[0], TCGETS, b), ENOTTY, "no terminal");
	iov[0] = (struct iovec){b, 1};
	iov[1] = (struct iovec){b + 1, 9};
	is(readv(s[1], iov, 2), 5, "readv");
	str_is(b, "abcde", "in order");
	is(read(s[1], b, 0), 0, "nothing is read at once");
	is(write(s[1], b, 0), 0, "and nothing written");
	file_make("f", "0123456789");
	fd = must(open("f", O_RDONLY));
	is(sendfile(s[0], fd, &at, 4), 4, "sendfile");
	is(read(s[1], b, 16), 4, "as much arrives");
	ok(!memcmp(b, "1234", 4), "of the file");
	is_errno(write(s[0], NOWHERE, 5), EFAULT, "write from nowhere");
	must(write(s[0], "xyz", 3));
	is_errno(read(s[1], NOWHERE, 3), EFAULT, "read to nowhere");
	is(read(s[1], b, 16), 3, "it is still there");
}

TEST(sock_make)
{
	test_arguments();
	test_flags();
	test_file();
	test_not_a_socket();
	test_options();
	test_option_arguments();
	test_bytes();
}
