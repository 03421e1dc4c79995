/* dup, dup3 and fcntl's part of the table of descriptors. */
#include "files.h"

static int fd;

static void
dups(void)
{
	int low = must(dup(fd)), copy;

	is(low, fd + 1, "dup takes the lowest free number");
	copy = dup(fd);
	is(copy, fd + 2, "and the next");
	close(low);
	is(dup(copy), low, "again the lowest");
	close(low);
	close(copy);
	is_errno(dup(copy), EBADF, "dup of a closed one");
	is_errno(dup(-1), EBADF, "dup of -1");
	is_errno(dup(INT_MAX), EBADF, "dup of INT_MAX");
}

static void
share(void)
{
	int copy = must(dup(fd));
	char c = 0;

	lseek(fd, 2, SEEK_SET);
	is(read(copy, &c, 1), 1, "a copy reads");
	is(c, '2', "at the common offset");
	must(fcntl(copy, F_SETFL, O_APPEND));
	ok(fcntl(fd, F_GETFL) & O_APPEND, "status flags are common");
	must(fcntl(copy, F_SETFL, 0));
	must(fcntl(copy, F_SETFD, FD_CLOEXEC));
	is(fcntl(fd, F_GETFD), 0, "FD_CLOEXEC is not");
	is(close(fd), 0, "close one");
	is(read(copy, &c, 1), 1, "the other lives");
	is(dup2(copy, fd), fd, "put it back");
	is(fcntl(fd, F_GETFD), 0, "a copy starts without FD_CLOEXEC");
	close(copy);
}

static void
dup_onto(void)
{
	int p[2], to = 50;
	char c;

	is(dup3(fd, to, O_CLOEXEC), to, "dup3 to a number of one's choice");
	is(fcntl(to, F_GETFD), FD_CLOEXEC, "with O_CLOEXEC");
	is(dup3(fd, to, 0), to, "over one that is open");
	is(fcntl(to, F_GETFD), 0, "without");
	is_errno(dup3(fd, fd, 0), EINVAL, "dup3 of one onto itself");
	is(dup2(fd, fd), fd, "which dup2 allows");
	is_errno(dup2(to + 1, to + 1), EBADF, "if it is open");
	is_errno(dup3(fd, to, O_APPEND), EINVAL, "dup3 with another flag");
	is_errno(raw(dup3, fd, to, -1), EINVAL, "with all flags");
	is_errno(dup3(-1, to, 0), EBADF, "dup3 of no descriptor");
	is_errno(dup3(fd, -1, 0), EBADF, "dup3 to -1");
	is_errno(dup3(fd, INT_MAX, 0), EBADF, "dup3 to INT_MAX");
	is_errno(dup3(-1, -1, 0), EINVAL, "dup3 of -1 to -1");
	is(fcntl(to, F_GETFD), 0, "failures close nothing");

	must(pipe(p));
	is(dup2(fd, p[1]), p[1], "dup2 over a pipe's only writer");
	is(read(p[0], &c, 1), 0, "closes it: its reader sees the end");
	close(p[0]);
	close(p[1]);
	close(to);
}

static void
dupfd(void)
{
	is(fcntl(fd, F_DUPFD, 100), 100, "F_DUPFD from 100");
	is(fcntl(fd, F_DUPFD, 100), 101, "finds the next free one");
	is(fcntl(fd, F_DUPFD, 0), fd + 1, "from 0 the lowest");
	is(fcntl(fd, F_DUPFD_CLOEXEC, 100), 102, "F_DUPFD_CLOEXEC");
	is(fcntl(102, F_GETFD), FD_CLOEXEC, "sets FD_CLOEXEC");
	is(fcntl(101, F_GETFD), 0, "F_DUPFD does not");
	is_errno(fcntl(fd, F_DUPFD, -1), EINVAL, "F_DUPFD from -1");
	is_errno(fcntl(fd, F_DUPFD, INT_MAX), EINVAL, "from INT_MAX");
	is_errno(fcntl(-1, F_DUPFD, 0), EBADF, "of no descriptor");
	is_errno(fcntl(-1, F_DUPFD, -1), EBADF, "which is seen first");
	close(fd + 1);
	for (int i = 100; i <= 102; i++)
		is(close(i), 0, "close %d", i);
}

static void
descriptor_flags(void)
{
	is(fcntl(fd, F_SETFD, FD_CLOEXEC), 0, "F_SETFD");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "sets it");
	is(fcntl(fd, F_SETFD, -1), 0, "bits beside it");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "are passed over");
	is(fcntl(fd, F_SETFD, 0), 0, "F_SETFD 0");
	is(fcntl(fd, F_GETFD), 0, "clears it");
	is_errno(fcntl(-1, F_GETFD), EBADF, "F_GETFD of none");
	is_errno(fcntl(-1, F_SETFD, 0), EBADF, "F_SETFD of none");
}

static void
status_flags(void)
{
	int was = fcntl(fd, F_GETFL);

	is(was & O_ACCMODE, O_RDWR, "F_GETFL");
	is(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), 0, "F_SETFL");
	is(fcntl(fd, F_GETFL), was | O_APPEND | O_NONBLOCK, "adds flags");
	is(fcntl(fd, F_SETFL, O_WRONLY | O_CREAT | O_EXCL | O_TRUNC), 0,
	    "what can't be changed");
	is(fcntl(fd, F_GETFL), was, "is passed over; the others are gone");
	is(file_size("file"), 10, "O_TRUNC did nothing");
	is_errno(fcntl(-1, F_GETFL), EBADF, "F_GETFL of none");
	is_errno(fcntl(-1, F_SETFL, 0), EBADF, "F_SETFL of none");
	is_errno(raw(fcntl, fd, 9999, 0), EINVAL, "an unknown command");
	is_errno(raw(fcntl, fd, -1, 0), EINVAL, "command -1");
	is_errno(raw(fcntl, -1, 9999, 0), EBADF, "on no descriptor");
}

static void
closes(void)
{
	int copy = must(dup(fd));

	is(close(copy), 0, "close");
	is_errno(close(copy), EBADF, "close again");
	is_errno(close(-1), EBADF, "close of -1");
	is_errno(close(INT_MIN), EBADF, "close of INT_MIN");
	is_errno(raw(close, 1L << 32 | 9999), EBADF, "of a wide number");
}

/* FD_CLOEXEC at exec: the helper says which descriptors it found. */
HELPER(file_dup_sees)
{
	int mask = 0;

	for (int i = 1; i < argc; i++)
		if (fcntl(60 + i, F_GETFD) == 0)
			mask |= 1 << i;
	return mask;
}

static void
across_exec(void)
{
	must(dup3(fd, 61, O_CLOEXEC));
	must(dup2(fd, 62));
	execl(tap_self, tap_self, "@file_dup_sees", "x", NULL);
}

TEST(file_dup)
{
	file_make("file", "0123456789");
	fd = must(open("file", O_RDWR));
	dups();
	share();
	dup_onto();
	dupfd();
	descriptor_flags();
	status_flags();
	closes();
	exits(4, across_exec, "exec closes what has FD_CLOEXEC, only");
}
