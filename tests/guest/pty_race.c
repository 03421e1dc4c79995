/*
 * Everything that a pair can meet, at once: ends close beside reads, writes,
 * opens, settings, hang-ups and forks.  Nobody may wait for ever, and nothing
 * may be left.
 */
#include "pty.h"

#include <sched.h>
#include <time.h>

#define ROUNDS   12
#define WORKERS  6
#define RACE_OPS 30

static unsigned seed;

static unsigned
draw(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

static void
do_slave(int fd)
{
	struct winsize size = {.ws_row = draw(100)};
	struct termios t;
	char buf[300] = "some output\n";

	switch (draw(9)) {
	case 0:
		(void)!write(fd, buf, draw(sizeof(buf)));
		break;
	case 1:
		(void)!read(fd, buf, draw(sizeof(buf)));
		break;
	case 2:
		if (tcgetattr(fd, &t) == 0) {
			t.c_lflag ^= draw(2) ? ICANON : ECHO;
			t.c_iflag ^= draw(2) ? IXON : PARMRK;
			tcsetattr(fd, draw(3), &t);
		}
		break;
	case 3:
		tcflush(fd, draw(3));
		break;
	case 4:
		ioctl(fd, TIOCSWINSZ, &size);
		break;
	case 5:
		pty_polled(fd);
		break;
	case 6:
		tcflow(fd, draw(2) ? TCOOFF : TCOON);
		break;
	case 7:
		ioctl(fd, TIOCSCTTY, 1);
		break;
	case 8:
		if (draw(4) == 0)
			ioctl(fd, TIOCVHANGUP);
		break;
	}
}

static void
do_master(int fd)
{
	char buf[300] = "typed\n\003\032\023\021\004\177\025\022\026";
	int on = draw(2);

	switch (draw(5)) {
	case 0:
		(void)!write(fd, buf, draw(sizeof(buf)));
		break;
	case 1:
		(void)!read(fd, buf, draw(sizeof(buf)));
		break;
	case 2:
		ioctl(fd, TIOCPKT, &on);
		break;
	case 3:
		pty_polled(fd);
		break;
	case 4:
		tcflush(fd, draw(3));
		break;
	}
}

static void
work(const char *name, int master, unsigned me)
{
	seed = me * 7919 + 17;
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_IGN);
	if (me % 3 == 0)
		setsid();
	if (me % 2)
		close(master);
	for (int i = 0; i < RACE_OPS; i++) {
		int fd =
		    open(name, O_RDWR | O_NONBLOCK | (draw(2) ? O_NOCTTY : 0));

		if (fd < 0)
			continue;
		for (int n = draw(4); n >= 0; n--)
			do_slave(fd);
		if (me % 2 == 0)
			do_master(master);
		if (draw(8) == 0 && fork() == 0)
			_exit(0);
		close(fd);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	_exit(0);
}

static void
race(unsigned round)
{
	char name[32];
	int master = pty_master();

	fcntl(master, F_SETFL, O_NONBLOCK);
	snprintf(name, sizeof(name), "/dev/pts/%d", pty_number(master));
	for (unsigned i = 0; i < WORKERS; i++)
		if (must(fork()) == 0)
			work(name, master, round * WORKERS + i);
	for (unsigned i = 0; i < round % 20; i++)
		do_master(master);
	close(master);
	for (unsigned i = 0; i < WORKERS; i++)
		must(wait(NULL));
}

/* Threads of control that do wait, until the other end goes. */
static void
wait_for_the_end(struct pair p, int kind)
{
	char many[4096] = "";
	ssize_t n;

	signal(SIGHUP, SIG_IGN);
	do {
		switch (kind) {
		case 0:
			n = read(p.slave, many, sizeof(many));
			break;
		case 1:
			n = write(p.slave, many, sizeof(many));
			break;
		default:
			n = !pty_ready(p.slave, POLLHUP, PTY_SOON * 4);
			n = n ? 1 : 0;
		}
	} while (n > 0);
	_exit(0);
}

static void
race_with_waiters(void)
{
	struct pair p = pty_pair();

	pty_raw(p.slave, 1, 0);
	for (int i = 0; i < WORKERS; i++)
		if (must(fork()) == 0) {
			close(p.master);
			wait_for_the_end(p, i % 3);
		}
	(void)!write(p.master, "abc", 3);
	close(p.master);
	for (int i = 0; i < WORKERS; i++)
		is(wait_status(-1), 0, "who waited ended");
	close(p.slave);
}

TEST(pty_race)
{
	int before, after, fd;

	fd = pty_master();
	before = pty_number(fd);
	close(fd);
	for (unsigned i = 0; i < ROUNDS; i++)
		race(i);
	for (unsigned i = 0; i < ROUNDS / 6; i++)
		race_with_waiters();
	fd = pty_master();
	after = pty_number(fd);
	close(fd);
	is(after, before, "every number is free again");
}
