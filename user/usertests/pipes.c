/* Pipes: full, empty, closed at either end, shared by many. */
#include "usertests.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_ROOM (64 * 1024) /* what a pipe holds */

static void
nonblocking(int fd)
{
	needs(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
}

/* Every byte arrives, in order, in whatever pieces. */
static void
test_pipe1(void)
{
	const size_t total = 200000;
	static char piece[5003];
	size_t seq = 0, len = 1;
	int fds[2];
	pid_t pid;

	make_pipe(fds);
	pid = start();
	if (pid == 0) {
		close(fds[0]);
		while (seq < total) {
			for (size_t i = 0; i < 1033; i++)
				piece[i] = seq++;
			needs(write(fds[1], piece, 1033) == 1033);
		}
		_exit(0);
	}
	close(fds[1]);
	for (;;) {
		ssize_t n = read(fds[0], piece, len);

		needs(n >= 0);
		if (n == 0)
			break;
		for (ssize_t i = 0; i < n; i++, seq++)
			needs((unsigned char)piece[i] == seq % 256);
		len = len * 2 < sizeof(piece) ? len * 2 : 1;
	}
	needs(seq >= total && seq < total + 1033);
	must_exit(pid, 0);
}

static void
test_pipefull(void)
{
	static char page[PAGE];
	int fds[2];

	make_pipe(fds);
	nonblocking(fds[1]);
	nonblocking(fds[0]);
	for (int round = 0; round < 3; round++) {
		size_t in = 0, out = 0;

		while (write(fds[1], page, PAGE) == (ssize_t)PAGE)
			in += PAGE;
		needs(errno == EAGAIN);
		fails(write(fds[1], page, 1), EAGAIN);
		needs(in == PIPE_ROOM);
		needs(read(fds[0], page, PAGE) == (ssize_t)PAGE);
		needs(write(fds[1], page, PAGE) == (ssize_t)PAGE);
		while (read(fds[0], page, PAGE) == (ssize_t)PAGE)
			out += PAGE;
		needs(errno == EAGAIN && out == PIPE_ROOM);
	}
}

static void
test_pipeempty(void)
{
	char byte;
	int fds[2];

	make_pipe(fds);
	nonblocking(fds[0]);
	fails(read(fds[0], &byte, 1), EAGAIN);
	needs(read(fds[0], &byte, 0) == 0);
	needs(write(fds[1], "x", 1) == 1);
	close(fds[1]);
	needs(read(fds[0], &byte, 1) == 1 && byte == 'x');
	needs(read(fds[0], &byte, 1) == 0);
	needs(read(fds[0], &byte, 1) == 0);
}

static void
test_pipeclosed(void)
{
	int fds[2];
	pid_t pid;

	make_pipe(fds);
	close(fds[0]);
	pid = start();
	if (pid == 0) {
		needs(write(fds[1], "x", 1) != 1);
		_exit(0);
	}
	must_die(pid, SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	fails(write(fds[1], "x", 1), EPIPE);
	fails(write(fds[1], "x", 1), EPIPE);
	fails(read(fds[1], &pid, 1), EBADF);
	close(fds[1]);
	fails(write(fds[1], "x", 1), EBADF);
	make_pipe(fds);
	fails(write(fds[0], "x", 1), EBADF);
	fails(lseek(fds[0], 0, SEEK_SET), ESPIPE);
	fails(pread(fds[0], &pid, 1, 0), ESPIPE);
}

/* Whoever waits at one end is woken when the other goes. */
static void
test_pipewake(void)
{
	static char page[PAGE];
	int fds[2];
	pid_t pid;

	make_pipe(fds);
	pid = start();
	if (pid == 0) {
		close(fds[1]);
		_exit(read(fds[0], page, 1) == 0 ? 3 : 4);
	}
	await_state(pid, 'S');
	close(fds[1]);
	must_exit(pid, 3);
	close(fds[0]);
	make_pipe(fds);
	pid = start();
	if (pid == 0) {
		close(fds[0]);
		while (write(fds[1], page, PAGE) > 0)
			;
		_exit(0);
	}
	close(fds[1]);
	await_state(pid, 'S');
	close(fds[0]);
	must_die(pid, SIGPIPE);
}

/* A write of more than there is room for tells what it got rid of. */
static void
test_pipebig(void)
{
	static char much[3 * PIPE_ROOM];
	int fds[2];
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	make_pipe(fds);
	pid = start();
	if (pid == 0) {
		close(fds[1]);
		needs(read(fds[0], much, 1000) == 1000);
		await_state(getppid(), 'S');
		_exit(0);
	}
	close(fds[0]);
	{
		ssize_t n = write(fds[1], much, sizeof(much));

		needs(n >= PIPE_ROOM && n < (ssize_t)sizeof(much));
	}
	must_exit(pid, 0);
}

/* Short writes of many do not mix. */
static void
test_pipeatomic(void)
{
	enum {
		WRITERS = 4,
		TIMES = 100,
		LEN = 500
	};
	char block[LEN];
	int fds[2], count[WRITERS] = {0};

	make_pipe(fds);
	for (int w = 0; w < WRITERS; w++)
		if (start() == 0) {
			memset(block, 'a' + w, LEN);
			for (int i = 0; i < TIMES; i++)
				needs(write(fds[1], block, LEN) == LEN);
			_exit(0);
		}
	close(fds[1]);
	for (int n = 0; n < WRITERS * TIMES; n++) {
		for (int got = 0; got < LEN;) {
			ssize_t r = read(fds[0], block + got, LEN - got);

			needs(r > 0);
			got += r;
		}
		for (int i = 1; i < LEN; i++)
			needs(block[i] == block[0]);
		count[block[0] - 'a']++;
	}
	needs(read(fds[0], block, 1) == 0);
	for (int w = 0; w < WRITERS; w++)
		needs(count[w] == TIMES);
}

/* Many readers: each byte goes to one of them. */
static void
test_pipereaders(void)
{
	enum {
		READERS = 4,
		BYTES = 4000
	};
	int *sum = shared_area(PAGE), fds[2];
	pid_t pids[READERS];
	static char data[BYTES];

	make_pipe(fds);
	for (int r = 0; r < READERS; r++) {
		pids[r] = start();
		if (pids[r] == 0) {
			char some[7];
			ssize_t n;

			close(fds[1]);
			while ((n = read(fds[0], some, sizeof(some))) > 0)
				__atomic_fetch_add(sum, n, __ATOMIC_RELAXED);
			_exit(0);
		}
	}
	needs(write(fds[1], data, BYTES) == BYTES);
	close(fds[1]);
	for (int r = 0; r < READERS; r++)
		must_exit(pids[r], 0);
	needs(*sum == BYTES);
}

static void
many_pipes(void)
{
	struct rlimit limit = {64, 64};
	int fds[2], n = 0;

	needs(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (pipe(fds) == 0)
		n++;
	needs(errno == EMFILE && n >= 28 && n <= 31);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	needs(pipe(fds) == 0 && fds[0] == 3 && fds[1] == 4);
}

static void
test_pipemany(void)
{
	in_child(many_pipes);
}

static void
test_pipepoll(void)
{
	static char page[PAGE];
	int fds[2];

	make_pipe(fds);
	{
		struct pollfd p[2] = {
		    {fds[0], POLLIN, 0}, {fds[1], POLLOUT, 0}};

		needs(poll(p, 2, 0) == 1 && p[1].revents == POLLOUT);
		needs(write(fds[1], "x", 1) == 1);
		needs(poll(p, 2, 0) == 2 && p[0].revents == POLLIN);
		nonblocking(fds[1]);
		while (write(fds[1], page, PAGE) > 0)
			;
		needs(poll(p, 2, 0) == 1 && p[1].revents == 0);
		close(fds[0]);
		p[0].fd = -1;
		needs(poll(p, 2, 0) == 1 && p[1].revents & POLLERR);
	}
}

static void
test_fifo(void)
{
	char byte;
	int in, out;
	pid_t pid;

	needs(mkfifo("fifo", 0666) == 0);
	fails(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	in = open("fifo", O_RDONLY | O_NONBLOCK);
	needs(in >= 0 && read(in, &byte, 1) == 0);
	out = open("fifo", O_WRONLY);
	needs(out >= 0 && write(out, "f", 1) == 1);
	needs(read(in, &byte, 1) == 1 && byte == 'f');
	close(in);
	close(out);
	pid = start();
	if (pid == 0) {
		out = open("fifo", O_WRONLY);
		_exit(write(out, "g", 1) == 1 ? 0 : 1);
	}
	in = open("fifo", O_RDONLY);
	needs(read(in, &byte, 1) == 1 && byte == 'g');
	needs(read(in, &byte, 1) == 0);
	must_exit(pid, 0);
	needs(unlink("fifo") == 0);
	fails(open("fifo", O_RDONLY), ENOENT);
}

const struct test pipe_tests[] = {
    {"pipe1", test_pipe1, false},
    {"pipefull", test_pipefull, false},
    {"pipeempty", test_pipeempty, false},
    {"pipeclosed", test_pipeclosed, false},
    {"pipewake", test_pipewake, false},
    {"pipebig", test_pipebig, false},
    {"pipeatomic", test_pipeatomic, false},
    {"pipereaders", test_pipereaders, false},
    {"pipemany", test_pipemany, false},
    {"pipepoll", test_pipepoll, false},
    {"fifo", test_fifo, false},
    {NULL, NULL, false},
};
