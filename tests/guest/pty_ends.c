/*
 * The ends of a pseudo-terminal: what one sees when the other is not there yet,
 * or not any more.
 */
#include "pty.h"

static void
test_locked(void)
{
	int on = 1, off = 0, got = -1;
	int master;

	pty_mount();
	master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	is(ioctl(master, TIOCGPTLCK, &got), 0, "TIOCGPTLCK");
	is(got, 1, "a new one is locked");
	is_errno(pty_slave(master, O_RDWR | O_NOCTTY), EIO,
	    "the slave of a locked one");
	is_errno(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY), EIO,
	    "TIOCGPTPEER of it");
	is(ioctl(master, TIOCSPTLCK, &off), 0, "TIOCSPTLCK");
	close(must(pty_slave(master, O_RDWR | O_NOCTTY)));
	is(ioctl(master, TIOCSPTLCK, &on), 0, "and locked again");
	is_errno(pty_slave(master, O_RDWR | O_NOCTTY), EIO, "it is");
	is_errno(ioctl(master, TIOCSPTLCK, NULL), EFAULT, "no flag");
	close(master);
}

static void
test_before_the_slave(void)
{
	int master = pty_master();
	struct pair p = {.master = master};

	is(pty_polled(master), POLLOUT, "a master nobody is at: to be written");
	must(fcntl(master, F_SETFL, O_NONBLOCK));
	is_errno(read(master, &p, 1), EAGAIN, "nothing to read, yet");
	pty_type(master, "abc\n");
	str_is(pty_text(master, 5), "abc\\015\\012", "but there is echo");
	p.slave = must(pty_slave(master, O_RDWR | O_NOCTTY));
	str_is(pty_text(p.slave, 4), "abc\\012", "and it is read later");
	pty_close(p);
}

static void
test_slave_closes(void)
{
	struct pair p = pty_pair();
	char c;

	must(write(p.slave, "last", 4));
	close(p.slave);
	is(pty_polled(p.master) & ~POLLRDNORM, POLLIN | POLLOUT | POLLHUP,
	    "poll of the master");
	str_is(
	    pty_text(p.master, 10), "last<EIO>", "what was written, then EIO");
	is(pty_polled(p.master), POLLOUT | POLLHUP, "poll behind the end");
	is_errno(read(p.master, &c, 1), EIO, "and again");
	is(write(p.master, "more\n", 5), 5, "the master may write");
	p.slave = must(pty_slave(p.master, O_RDWR | O_NOCTTY));
	is(pty_polled(p.master) & POLLHUP, 0, "the slave is back");
	str_is(pty_text(p.slave, 5), "more\\012", "reads what was typed");
	must(write(p.slave, "x", 1));
	str_is(pty_text(p.master, 7), "more\\015\\012x", "and is seen");
	pty_close(p);
}

static void
test_of_two_the_last(void)
{
	struct pair p = pty_pair();
	int second = must(pty_slave(p.master, O_RDWR | O_NOCTTY));

	close(p.slave);
	is(pty_polled(p.master), POLLOUT, "one of two closes");
	close(second);
	is(pty_polled(p.master), POLLOUT | POLLHUP, "and the other");
	close(p.master);
}

static void
test_master_closes(void)
{
	struct pair p = pty_pair();
	int n = pty_number(p.master);
	struct winsize size;
	char name[32], c;
	struct stat st;

	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	pty_type(p.master, "never read\n");
	is(stat(name, &st), 0, "the slave has a name");
	close(p.master);
	is_errno(stat(name, &st), ENOENT, "which goes with the master");
	is_errno(open(name, O_RDWR | O_NOCTTY), ENOENT, "and is not opened");
	is(read(p.slave, &c, 1), 0, "the slave reads an end");
	is_errno(write(p.slave, "x", 1), EIO, "and can't write");
	is_errno(ioctl(p.slave, TIOCGWINSZ, &size), EIO, "nor ask");
	is_errno(tcsetpgrp(p.slave, getpid()), ENOTTY, "TIOCSPGRP");
	is(pty_polled(p.slave) & (POLLIN | POLLOUT | POLLERR | POLLHUP),
	    POLLIN | POLLOUT | POLLERR | POLLHUP, "poll of it");
	close(p.slave);
}

/* A number is free when neither end is used. */
static void
test_numbers(void)
{
	struct pair p = pty_pair();
	int n = pty_number(p.master), other;

	close(p.master);
	other = pty_master();
	ok(pty_number(other) != n, "the slave keeps its number");
	close(other);
	close(p.slave);
	other = pty_master();
	is(pty_number(other), n, "now it is free");
	close(other);
}

/* A name that somebody still has stands for nothing, not for the next. */
static void
test_old_name(void)
{
	struct pair p = pty_pair();
	int n = pty_number(p.master);
	int place = must(pty_slave(p.master, O_PATH));
	char name[64];

	pty_close(p);
	p = pty_pair();
	is(pty_number(p.master), n, "the same number again");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
	is_errno(
	    open(name, O_RDWR | O_NOCTTY), EIO, "the old one can't be opened");
	pty_type(p.master, "x\n");
	str_is(pty_text(p.slave, 2), "x\\012", "the new one works");
	close(place);
	pty_close(p);
}

/* --- With somebody waiting ------------------------------------------------ */

static struct pair waiting;

static void
read_slave(void)
{
	char c;
	ssize_t n;

	close(waiting.master);
	n = read(waiting.slave, &c, 1);
	ok(n == 0 || (n < 0 && errno == EIO), "a reader of the slave ends");
}

static void
write_slave(void)
{
	char many[4096] = "";
	ssize_t n;

	close(waiting.master);
	do
		n = write(waiting.slave, many, sizeof(many));
	while (n > 0);
	is(errno, EIO, "a writer of the slave ends");
}

static void
read_master(void)
{
	char c;

	close(waiting.slave);
	is_errno(read(waiting.master, &c, 1), EIO, "a reader of the master");
}

static void
poll_slave(void)
{
	close(waiting.master);
	ok(pty_ready(waiting.slave, POLLHUP, PTY_SOON), "a poller hears it");
}

static void
wait_until_it_sleeps(pid_t pid)
{
	char name[64], text[256] = "";

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	for (int i = 0; i < 20000; i++) {
		int fd = open(name, O_RDONLY);
		ssize_t n = read(fd, text, sizeof(text) - 1);

		close(fd);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, ") S "))
			return;
		usleep(1000);
	}
}

static void
with_waiter(void (*fn)(void), bool master)
{
	pid_t pid;

	waiting = pty_pair();
	pid = spawn(fn);
	if (!master) {
		/* Its master is ours alone once it sleeps. */
		wait_until_it_sleeps(pid);
		close(waiting.master);
	} else {
		wait_until_it_sleeps(pid);
		close(waiting.slave);
	}
	is(wait_status(pid), 0, "it ended");
	close(waiting.master);
	close(waiting.slave);
}

/* --- Sessions ------------------------------------------------------------- */

static volatile sig_atomic_t hups;

static void
count_hup(int sig)
{
	hups += sig == SIGHUP;
}

/* The leader hears of the hang-up; then the terminal is nobody's. */
static void
lead(void)
{
	int master = pty_master();
	sigset_t none;
	int slave;

	signal(SIGHUP, count_hup);
	must(setsid());
	slave = must(pty_slave(master, O_RDWR));
	close(must(open("/dev/tty", O_RDWR)));
	close(master);
	sigemptyset(&none);
	while (!hups)
		usleep(1000);
	is(hups, 1, "SIGHUP came, once");
	is_errno(open("/dev/tty", O_RDWR), ENXIO, "no terminal is left");
	close(slave);
}

static void
lead_and_leave(void)
{
	close(waiting.slave);
	must(setsid());
	close(must(pty_slave(waiting.master, O_RDWR)));
	/* Still ours, with nobody at it. */
	close(must(open("/dev/tty", O_RDWR)));
}

/* The leader's end is none of the pair's. */
static void
test_leader_leaves(void)
{
	pid_t id;

	waiting = pty_pair();
	id = spawn(lead_and_leave);
	is(wait_status(id), 0, "the leader is gone");
	must(ioctl(waiting.master, TIOCGPGRP, &id));
	is(id, 0, "nobody is in front");
	is_errno(ioctl(waiting.master, TIOCGSID, &id), ENOTTY, "nor a session");
	pty_type(waiting.master, "x\n");
	str_is(pty_text(waiting.slave, 2), "x\\012", "who is there stays");
	pty_close(waiting);
}

/* A hang-up from outside: those who are there are out, others come in. */
static void
test_hangup(void)
{
	struct termios t;
	char c;

	waiting = pty_pair();
	pty_raw(waiting.slave, 1, 0);
	must(ioctl(waiting.slave, TIOCVHANGUP));
	is(read(waiting.slave, &c, 1), 0, "who has it open is hung up");
	is(pty_polled(waiting.master), POLLOUT, "but counts as there");
	close(waiting.slave);
	is(pty_polled(waiting.master), POLLOUT | POLLHUP, "until it closes");
	waiting.slave = must(pty_slave(waiting.master, O_RDWR | O_NOCTTY));
	must(tcgetattr(waiting.slave, &t));
	ok(t.c_lflag & ICANON, "the settings are the first ones again");
	pty_type(waiting.master, "x\n");
	str_is(pty_text(waiting.slave, 2), "x\\012", "and it works");
	pty_close(waiting);
}

TEST(pty_ends)
{
	test_locked();
	test_before_the_slave();
	test_slave_closes();
	test_of_two_the_last();
	test_master_closes();
	test_numbers();
	test_old_name();
	with_waiter(read_slave, false);
	with_waiter(write_slave, false);
	with_waiter(poll_slave, false);
	with_waiter(read_master, true);
	lives(lead, "a leader whose terminal goes");
	test_leader_leaves();
	test_hangup();
}
