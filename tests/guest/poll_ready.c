/* ppoll: what each kind of file answers at once. */
#include "files.h"

#include <poll.h>

/* The answer for one descriptor, without waiting. */
static int
ask(int fd, int events)
{
	struct pollfd one = {fd, events, -1};
	int n = poll(&one, 1, 0);

	if (n != !!one.revents)
		return -1;
	return one.revents;
}

static void
pipes(void)
{
	int p[2], all = POLLIN | POLLOUT;

	must(pipe(p));
	is(ask(p[0], all), 0, "an empty pipe");
	is(ask(p[1], all), POLLOUT, "its other end can be written");
	is(ask(p[1], POLLIN), 0, "if asked for");
	must(write(p[1], "x", 1));
	is(ask(p[0], all), POLLIN, "something to read");
	is(ask(p[0], 0), 0, "if asked for");
	close(p[1]);
	is(ask(p[0], all), POLLIN | POLLHUP, "and no writer");
	must(read(p[0], (char[1]){0}, 1));
	is(ask(p[0], all), POLLHUP, "nothing and no writer");
	is(ask(p[0], 0), POLLHUP, "which is said unasked");
	close(p[0]);
	must(pipe(p));
	close(p[0]);
	is(ask(p[1], all), POLLOUT | POLLERR, "no reader");
	is(ask(p[1], 0), POLLERR, "is said unasked");
	close(p[1]);
}

static void
fifos(void)
{
	int r, w;

	must(mkfifo("fifo", 0600));
	r = must(open("fifo", O_RDONLY | O_NONBLOCK));
	is(ask(r, POLLIN), 0, "a FIFO before its first writer");
	w = must(open("fifo", O_WRONLY));
	is(ask(r, POLLIN), 0, "and with one");
	close(w);
	is(ask(r, POLLIN), POLLHUP, "and after the last");
	close(r);
}

static void
always_ready(void)
{
	static const char *const paths[] = {"file", ".", "/dev/null",
	    "/dev/zero", "/dev/full", "/proc/self/status"};
	int all = POLLIN | POLLOUT;

	file_make("file", "");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		int fd = must(open(paths[i], O_RDONLY));

		is(ask(fd, all), all, "%s is always ready", paths[i]);
		is(ask(fd, POLLIN), POLLIN, "%s says what it is asked",
		    paths[i]);
		is(ask(fd, POLLIN | POLLRDNORM), POLLIN | POLLRDNORM,
		    "%s knows the other name", paths[i]);
		close(fd);
	}
}

static void
descriptors(void)
{
	int p[2], closed = 200;
	struct pollfd fds[5];

	must(pipe(p));
	is(ask(closed, POLLIN), POLLNVAL, "a closed descriptor");
	is(ask(closed, 0), POLLNVAL, "is said unasked");
	is(ask(INT_MAX, 0), POLLNVAL, "a huge one");
	is(ask(-1, POLLIN), 0, "-1 is passed over");
	is(ask(INT_MIN, POLLIN), 0, "and all below 0");
	fds[0] = (struct pollfd){p[0], POLLIN, -1};
	fds[1] = (struct pollfd){-7, POLLIN, -1};
	fds[2] = (struct pollfd){p[1], POLLOUT, -1};
	fds[3] = (struct pollfd){closed, POLLIN, -1};
	fds[4] = (struct pollfd){p[1], POLLOUT, -1};
	is(poll(fds, 5, -1), 3, "a table: how many have an answer");
	is(fds[0].revents, 0, "nothing to read");
	is(fds[1].revents, 0, "no descriptor");
	is(fds[2].revents, POLLOUT, "room to write");
	is(fds[3].revents, POLLNVAL, "closed");
	is(fds[4].revents, POLLOUT, "room, asked twice");
	close(p[0]);
	close(p[1]);
}

static void
refuses(void)
{
	struct pollfd one = {0, POLLIN, 0};
	struct timespec bad = {0, 1000000000}, none = {0, 0};
	char *border = page_border();

	is(raw(ppoll, NULL, 0, &none, NULL, 0), 0, "no table");
	is_errno(raw(ppoll, NULL, 1, &none, NULL, 0), EFAULT, "but one entry");
	is_errno(raw(ppoll, 8, 1, &none, NULL, 0), EFAULT, "a bad table");
	memcpy(border - sizeof(one), &one, sizeof(one));
	is(raw(ppoll, border - sizeof(one), 1, &none, NULL, 0), 1,
	    "a table that just fits");
	is_errno(raw(ppoll, border - sizeof(one), 2, &none, NULL, 0), EFAULT,
	    "one that does not");
	is_errno(raw(ppoll, &one, 1UL << 31, &none, NULL, 0), EINVAL,
	    "more entries than descriptors can be");
	is_errno(raw(ppoll, &one, 1, &bad, NULL, 0), EINVAL,
	    "1000000000 nanoseconds");
	bad = (struct timespec){-1, 0};
	is_errno(raw(ppoll, &one, 1, &bad, NULL, 0), EINVAL, "-1 seconds");
	bad = (struct timespec){0, -1};
	is_errno(raw(ppoll, &one, 1, &bad, NULL, 0), EINVAL, "-1 of them");
	is_errno(raw(ppoll, &one, 1, 8, NULL, 0), EFAULT, "a bad time");
	is_errno(raw(ppoll, &one, 1, &none, 8, 8), EFAULT, "a bad mask");
	is_errno(
	    raw(ppoll, &one, 1, &none, &none, 4), EINVAL, "a mask of 4 bytes");
}

static void
many(void)
{
	enum {
		PIPES = 200
	};
	static struct pollfd fds[PIPES];
	static int w[PIPES];
	int wrong = 0;

	for (int i = 0; i < PIPES; i++) {
		int p[2];

		must(pipe(p));
		fds[i] = (struct pollfd){p[0], POLLIN, 0};
		w[i] = p[1];
		if (i % 3 == 0)
			must(write(w[i], "x", 1));
	}
	is(poll(fds, PIPES, 0), (PIPES + 2) / 3, "%d pipes at once", PIPES);
	for (int i = 0; i < PIPES; i++) {
		wrong += fds[i].revents != (i % 3 ? 0 : POLLIN);
		close(fds[i].fd);
		close(w[i]);
	}
	is(wrong, 0, "each with its own answer");
}

TEST(poll_ready)
{
	pipes();
	fifos();
	always_ready();
	descriptors();
	refuses();
	many();
}
