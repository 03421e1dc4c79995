/*
 * The channel: a terminal that is the command's alone, apart from the console.
 *
 * What the command writes goes there as it is.  Its input comes from there, but
 * a raw terminal has no way to say that it is over, so the host (tools/demux.c)
 * sends it in pieces, each after its length as four bytes, the lowest first;
 * a length of 0 is the end.  The command gets it by a pipe.  Before all that
 * the host sends one byte, when it is ready for output: it says whether there
 * will be any input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"

#define DEV          "/dev/"
#define HAS_INPUT    'i'
#define LENGTH_BYTES 4
#define PIECE_BYTES  65536 /* at most; demux.c has the same */

/*
 * Ours, apart from the command's: what it does to the flags of its own does not
 * concern us.
 */
static int terminal = -1;

static bool
set_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return false;
	cfmakeraw(&t);
	return tcsetattr(fd, TCSANOW, &t) == 0;
}

int
channel_open(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), DEV "%s", name);
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	terminal = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && terminal >= 0 && set_raw(fd))
		return fd;
	close(fd);
	close(terminal);
	terminal = -1;
	return -1;
}

void
channel_drain(void)
{
	if (terminal >= 0)
		tcdrain(terminal);
}

/* All of them, or false. */
static bool
read_all(int fd, void *buf, size_t len)
{
	char *to = buf;

	while (len > 0) {
		ssize_t n = read(fd, to, len);

		if (n <= 0)
			return false;
		to += n;
		len -= n;
	}
	return true;
}

static bool
write_all(int fd, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, buf, len);

		if (n <= 0)
			return false;
		buf += n;
		len -= n;
	}
	return true;
}

/* 0: there is no more. */
static size_t
read_length(void)
{
	unsigned char bytes[LENGTH_BYTES];
	uint32_t len = 0;

	if (!read_all(terminal, bytes, sizeof(bytes)))
		return 0;
	for (int i = LENGTH_BYTES - 1; i >= 0; i--)
		len = len << 8 | bytes[i];
	return len <= PIECE_BYTES ? len : 0;
}

/* Until the input ends, or nobody is left who could read it. */
static void
feed(int to)
{
	static char piece[PIECE_BYTES];
	size_t len;

	setsid();
	forget_signals();
	signal(SIGPIPE, SIG_IGN);
	while ((len = read_length()) > 0)
		if (!read_all(terminal, piece, len) ||
		    !write_all(to, piece, len))
			break;
	_exit(0);
}

static int
no_input(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
channel_input(void)
{
	int ends[2];
	pid_t pid;
	char c;

	if (terminal < 0 || !read_all(terminal, &c, 1) || c != HAS_INPUT)
		return no_input();
	if (pipe2(ends, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(ends[0]);
		feed(ends[1]);
	}
	close(ends[1]);
	return ends[0];
}
