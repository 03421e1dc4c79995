/* How much a pipe holds: its size, F_SETPIPE_SZ, and the last bytes of room. */
#include "files.h"

#include <poll.h>
#include <sys/ioctl.h>

#define PAGE          4096
#define DEFAULT_BYTES 65536

static int p[2];

static void
make_pipe(void)
{
	must(pipe2(p, O_NONBLOCK));
}

static void
close_pipe(void)
{
	close(p[0]);
	close(p[1]);
}

static int
waiting(void)
{
	int n = -1;

	must(ioctl(p[0], FIONREAD, &n));
	return n;
}

/* Writes `step` bytes at a time until there is no more room; how many. */
static long
fill(size_t step)
{
	char *buf = pages(step, PROT_READ | PROT_WRITE);
	long total = 0;
	ssize_t n;

	while ((n = write(p[1], buf, step)) > 0)
		total += n;
	ensure(errno == EAGAIN);
	munmap(buf, step);
	return total;
}

static long
drain(void)
{
	char buf[PAGE];
	long total = 0;
	ssize_t n;

	while ((n = read(p[0], buf, sizeof(buf))) > 0)
		total += n;
	return total;
}

static void
sizes(void)
{
	make_pipe();
	is(fcntl(p[0], F_GETPIPE_SZ), DEFAULT_BYTES, "a pipe holds 64 KiB");
	is(fill(PAGE), DEFAULT_BYTES, "as much as can be written");
	is(waiting(), DEFAULT_BYTES, "and waits");
	is_errno(write(p[1], "x", 1), EAGAIN, "not a byte more");
	is(drain(), DEFAULT_BYTES, "all of it can be read");
	ok(fill(1000) > DEFAULT_BYTES * 3 / 4,
	    "most of it, in pieces that don't fill pages");
	drain();
	is(fill(DEFAULT_BYTES + 5), DEFAULT_BYTES,
	    "a write larger than a pipe");
	drain();
	close_pipe();
}

/* Up to PIPE_BUF bytes are written whole or not at all. */
static void
all_or_nothing(void)
{
	char buf[PAGE + 1] = "";

	make_pipe();
	must(fill(PAGE));
	is(read(p[0], buf, 100), 100, "100 bytes read from a full pipe");
	is_errno(write(p[1], buf, PIPE_BUF), EAGAIN,
	    "leave no room for PIPE_BUF bytes");
	is(waiting(), DEFAULT_BYTES - 100, "which were not begun");
	is(read(p[0], buf, PAGE - 100), PAGE - 100, "the rest of that page");
	is(write(p[1], buf, PIPE_BUF), PIPE_BUF, "does");
	is(read(p[0], buf, PAGE), PAGE, "another page");
	is(write(p[1], buf, PAGE + 1), PAGE, "a larger write may be split");
	close_pipe();
}

static void
changes(void)
{
	make_pipe();
	is(fcntl(p[1], F_SETPIPE_SZ, 3 * PAGE + 1), 4 * PAGE,
	    "F_SETPIPE_SZ rounds up to a power of two pages");
	is(fcntl(p[0], F_GETPIPE_SZ), 4 * PAGE, "F_GETPIPE_SZ agrees");
	is(fill(PAGE), 4 * PAGE, "that is what fits now");
	is_errno(fcntl(p[0], F_SETPIPE_SZ, 2 * PAGE), EBUSY,
	    "less than what waits is refused");
	is(fcntl(p[0], F_SETPIPE_SZ, 8 * PAGE), 8 * PAGE, "more is not");
	is(waiting(), 4 * PAGE, "and keeps what waits");
	is(fill(PAGE), 4 * PAGE, "and makes room");
	is(drain(), 8 * PAGE, "all can be read");
	is(fcntl(p[0], F_SETPIPE_SZ, 1), PAGE, "one byte is a page");
	is(fill(PAGE), PAGE, "which fits");
	drain();
	is(fcntl(p[0], F_SETPIPE_SZ, 1 << 20), 1 << 20, "1 MiB");
	is(fill(1 << 16), 1 << 20, "fits as well");
	close_pipe();
}

static void
user_changes(void)
{
	make_pipe();
	is(fcntl(p[0], F_SETPIPE_SZ, 1 << 20), 1 << 20,
	    "a user may have 1 MiB");
	is_errno(fcntl(p[0], F_SETPIPE_SZ, 1 << 21), EPERM, "not more");
	close_pipe();
}

static void
user_shrinks(void)
{
	is(fcntl(p[0], F_SETPIPE_SZ, 1 << 22), 1 << 22, "the same may be said");
	is(fcntl(p[0], F_SETPIPE_SZ, 1 << 21), 1 << 21, "less may be had");
	is_errno(
	    fcntl(p[0], F_SETPIPE_SZ, 1 << 22), EPERM, "not so much again");
	is(fcntl(p[0], F_GETPIPE_SZ), 1 << 21, "it is as before");
}

static void
refuses(void)
{
	int fd = must(open("f", O_CREAT | O_RDWR, 0600));

	make_pipe();
	is(raw(fcntl, p[0], F_SETPIPE_SZ, 0), PAGE, "no room is a page");
	is_errno(raw(fcntl, p[0], F_SETPIPE_SZ, 1U << 31 | 1), EINVAL,
	    "more than 2 GiB");
	is_errno(fcntl(fd, F_GETPIPE_SZ), EBADF, "a file's size of pipe");
	is_errno(fcntl(fd, F_SETPIPE_SZ, PAGE), EBADF, "to set either");
	is_errno(fcntl(-1, F_GETPIPE_SZ), EBADF, "no descriptor");
	close_pipe();
	close(fd);
}

/* Room for readers and writers as poll sees it. */
static void
polled(void)
{
	struct pollfd r, w;
	char buf[PAGE];

	make_pipe();
	r = (struct pollfd){p[0], POLLIN, 0};
	w = (struct pollfd){p[1], POLLOUT, 0};
	is(poll(&r, 1, 0), 0, "an empty pipe can't be read");
	is(poll(&w, 1, 0), 1, "but written");
	must(fill(PAGE));
	is(poll(&w, 1, 0), 0, "a full one not");
	is(poll(&r, 1, 0), 1, "but read");
	must(read(p[0], buf, PAGE));
	is(poll(&w, 1, 0), 1, "a page read makes room to write");
	close_pipe();
}

TEST(pipe_room)
{
	sizes();
	all_or_nothing();
	changes();
	as_user(user_changes);
	make_pipe();
	is(fcntl(p[0], F_SETPIPE_SZ, 1 << 22), 1 << 22, "root may have 4 MiB");
	as_user(user_shrinks);
	close_pipe();
	refuses();
	polled();
}
