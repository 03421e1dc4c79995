/*
 * Reading a terminal: the four cases of VMIN and VTIME, changes of mode, long
 * lines, much at once, counts.
 */
#include "pty.h"

#include <time.h>

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
type_after(struct pair p, int ms, const char *text)
{
	if (must(fork()) == 0) {
		usleep(ms * 1000);
		pty_type(p.master, text);
		_exit(0);
	}
}

static void
test_min_and_time(void)
{
	struct pair p = pty_pair();
	char buf[16];
	long t;

	pty_raw(p.slave, 0, 0);
	is(read(p.slave, buf, 9), 0, "0 and 0: nothing");
	pty_type(p.master, "abc");
	ok(pty_ready(p.slave, POLLIN, PTY_SOON), "typed");
	is(read(p.slave, buf, 2), 2, "what there is");
	is(read(p.slave, buf, 9), 1, "and the rest");

	pty_raw(p.slave, 3, 0);
	pty_type(p.master, "ab");
	ok(!pty_ready(p.slave, POLLIN, 50), "poll wants VMIN bytes");
	type_after(p, 50, "cd");
	is(read(p.slave, buf, 9), 4, "VMIN alone: at least that many");
	pty_type(p.master, "efg");
	is(read(p.slave, buf, 2), 2, "unless fewer are asked for");
	is(read(p.slave, buf, 1), 1, "one");
	must(fcntl(p.slave, F_SETFL, O_NONBLOCK));
	is_errno(read(p.slave, buf, 9), EAGAIN, "O_NONBLOCK");
	pty_type(p.master, "h");
	for (int i = 0; i < 1000 && read(p.slave, buf, 9) != 1; i++)
		usleep(1000);
	is(buf[0], 'h', "which does not wait for VMIN");
	must(fcntl(p.slave, F_SETFL, 0));

	pty_raw(p.slave, 0, 2);
	t = now_ms();
	is(read(p.slave, buf, 9), 0, "VTIME alone: in vain");
	ok(now_ms() - t >= 190, "after that time");
	type_after(p, 50, "ij");
	is(read(p.slave, buf, 9), 2, "or the first bytes");

	pty_raw(p.slave, 9, 1);
	type_after(p, 250, "kl");
	t = now_ms();
	is(read(p.slave, buf, 9), 2, "both: the time counts between bytes");
	ok(now_ms() - t >= 340, "from the first on");
	ok(!pty_ready(p.slave, POLLIN, 20), "nothing left");
	pty_type(p.master, "m");
	ok(pty_ready(p.slave, POLLIN, PTY_SOON), "poll wants one byte then");
	pty_close(p);
	while (wait(NULL) > 0)
		;
}

static void
test_modes(void)
{
	struct pair p = pty_pair();
	struct termios t, cooked;
	int n = -1;

	pty_type(p.master, "half");
	(void)pty_text(p.master, 4);
	is(ioctl(p.slave, FIONREAD, &n), 0, "FIONREAD");
	is(n, 0, "half a line is not to be read");
	must(tcgetattr(p.slave, &cooked));
	t = cooked;
	t.c_lflag &= ~ICANON;
	must(tcsetattr(p.slave, TCSANOW, &t));
	must(ioctl(p.slave, FIONREAD, &n));
	is(n, 4, "but as bytes");
	must(tcsetattr(p.slave, TCSANOW, &cooked));
	str_is(pty_text(p.slave, 4), "half", "and then, once more, as a line");

	pty_type(p.master, "gone");
	(void)pty_text(p.master, 4);
	must(tcsetattr(p.slave, TCSAFLUSH, &cooked));
	pty_type(p.master, "x\n");
	str_is(pty_text(p.slave, 2), "x\\012", "TCSETSF forgets");
	(void)pty_text(p.master, 1);
	pty_type(p.master, "gone");
	(void)pty_text(p.master, 4);
	is(tcflush(p.slave, TCIFLUSH), 0, "TCIFLUSH");
	pty_type(p.master, "y\n");
	str_is(pty_text(p.slave, 2), "y\\012", "forgets, too");
	(void)pty_text(p.master, 1);
	must(write(p.slave, "seen", 4));
	is(tcdrain(p.slave), 0, "tcdrain does not wait");
	is(ioctl(p.slave, TIOCOUTQ, &n), 0, "TIOCOUTQ");
	is(n, 0, "nothing waits");
	ok(pty_ready(p.master, POLLIN, PTY_SOON), "it has arrived");
	is(tcflush(p.slave, TCOFLUSH), 0, "TCOFLUSH");
	is_errno(ioctl(p.slave, TCFLSH, 3), EINVAL, "of a third kind");
	str_is(pty_text(p.master, 4), "seen", "does not reach that");
	pty_close(p);
}

/* One who changes the mode for each key, as less does. */
static void
test_mode_for_each(void)
{
	struct pair p = pty_pair();
	struct termios cooked, raw;
	char c[8];
	int n = -1;

	pty_raw(p.slave, 1, 0);
	must(tcgetattr(p.slave, &raw));
	cooked = raw;
	cooked.c_lflag |= ICANON;
	must(fcntl(p.slave, F_SETFL, O_NONBLOCK));
	must(write(p.master, "few\0", 4));
	ok(pty_ready(p.slave, POLLIN, PTY_SOON), "four keys came");
	for (int i = 0; i < 3; i++) {
		must(tcsetattr(p.slave, TCSANOW, &cooked));
		must(tcsetattr(p.slave, TCSANOW, &raw));
	}
	must(ioctl(p.slave, FIONREAD, &n));
	is(n, 4, "and are four in any mode");
	for (int i = 0; i < 4; i++) {
		is(read(p.slave, c, 1), 1, "one is read");
		is(c[0], "few"[i], "the right one");
		must(tcsetattr(p.slave, TCSANOW, &cooked));
		must(tcsetattr(p.slave, TCSANOW, &raw));
	}
	is_errno(read(p.slave, c, 1), EAGAIN, "there is no other");
	is(pty_polled(p.slave) & POLLIN, 0, "which poll knows");
	must(write(p.master, "end\0", 4));
	ok(pty_ready(p.slave, POLLIN, PTY_SOON), "four more");
	must(tcsetattr(p.slave, TCSANOW, &cooked));
	is(read(p.slave, c, sizeof(c)), 3, "a line has no zero at its end");
	is_errno(read(p.slave, c, 1), EAGAIN, "and that was all");
	pty_close(p);
}

static void
test_end_of_file(void)
{
	struct pair p = pty_pair();
	char buf[16];

	pty_type(p.master, "\004");
	ok(pty_ready(p.slave, POLLIN, PTY_SOON),
	    "an end of file is to be read");
	is(read(p.slave, buf, 9), 0, "as 0 bytes");
	pty_type(p.master, "ab\004\004cd\n");
	ok(pty_ready(p.slave, POLLIN, PTY_SOON), "typed");
	is(read(p.slave, buf, 2), 2, "a line up to an end of file");
	is(read(p.slave, buf, 9), 0, "and one that has no more");
	is(read(p.slave, buf, 9), 3, "and what follows");
	must(fcntl(p.slave, F_SETFL, O_NONBLOCK));
	is_errno(read(p.slave, buf, 9), EAGAIN, "and nothing");
	pty_close(p);
}

/* A line keeps 4095 bytes and its end. */
static void
test_long_line(void)
{
	struct pair p = pty_pair();
	struct termios drop = {.c_lflag = ECHO};
	char many[5000], got[8192];
	ssize_t n;

	pty_set(p.slave, NULL, &drop);
	memset(many, 'x', sizeof(many));
	must(write(p.master, many, sizeof(many)));
	pty_type(p.master, "\177\177y\n");
	ok(pty_ready(p.slave, POLLIN, PTY_SOON), "typed");
	n = must(read(p.slave, got, sizeof(got)));
	is(n, 4095 - 2 + 2, "a line that is too long");
	is(got[n - 2], 'y', "can still be edited");
	pty_type(p.master, "next\n");
	str_is(pty_text(p.slave, 5), "next\\012", "and the next one is whole");
	pty_close(p);
}

/* --- Much at once -----------------------------------------------------------
 */

#define PASTE 115200

static void
paste(int master, const char *all)
{
	size_t n = 0;

	while (n < PASTE)
		n += must(write(master, all + n, PASTE - n));
}

static void
test_paste(const char *what, bool raw, bool echo)
{
	static char all[PASTE], got[PASTE];
	struct termios drop = {.c_lflag = ECHO};
	struct pair p = pty_pair();
	size_t n = 0;
	pid_t pid;

	for (int i = 0; i < PASTE; i++)
		all[i] = i % 72 == 71 ? '\n' : 'a' + i / 72 % 26;
	if (raw)
		pty_raw(p.slave, 1, 0);
	else if (!echo)
		pty_set(p.slave, NULL, &drop);
	pid = must(fork());
	if (pid == 0) {
		paste(p.master, all);
		_exit(0);
	}
	while (n < PASTE)
		n += must(read(p.slave, got + n, PASTE - n));
	is(wait_status(pid), 0, "%s: pasted", what);
	is(memcmp(all, got, PASTE), 0, "%s: arrived whole", what);
	pty_close(p);
}

/* The other way: nothing is lost, however slow the master reads. */
static void
test_flood(void)
{
	static char all[PASTE], got[PASTE];
	struct pair p = pty_pair();
	size_t n = 0;
	pid_t pid;

	pty_raw(p.slave, 1, 0);
	for (int i = 0; i < PASTE; i++)
		all[i] = i * 7 + i / 256;
	pid = must(fork());
	if (pid == 0) {
		paste(p.slave, all);
		_exit(0);
	}
	while (n < PASTE)
		n += must(read(
		    p.master, got + n, PASTE - n < 1000 ? PASTE - n : 1000));
	is(wait_status(pid), 0, "a flood is written");
	is(memcmp(all, got, PASTE), 0, "and read whole");
	pty_close(p);
}

static void
test_full(void)
{
	struct pair p = pty_pair();
	char many[1024] = "";
	long n = 0, m;

	pty_raw(p.slave, 1, 0);
	must(fcntl(p.master, F_SETFL, O_NONBLOCK));
	must(fcntl(p.slave, F_SETFL, O_NONBLOCK));
	while ((m = write(p.master, many, sizeof(many))) > 0)
		n += m;
	is(errno, EAGAIN, "a terminal that nobody reads is full");
	ok(n >= 4095, "after a while");
	is(pty_polled(p.master) & POLLOUT, 0, "which poll knows");
	for (long left = n; left > 0; left -= m) {
		m = read(p.slave, many, sizeof(many));
		if (m <= 0)
			break;
	}
	ok(pty_ready(p.master, POLLOUT, PTY_SOON), "and when it is over");
	for (n = 0; (m = write(p.slave, many, sizeof(many))) > 0;)
		n += m;
	is(errno, EAGAIN, "the same of its output");
	ok(n >= 4095, "after a while");
	is(pty_polled(p.slave) & POLLOUT, 0, "which poll knows");
	while (n > 0 && (m = read(p.master, many, sizeof(many))) > 0)
		n -= m;
	is(n, 0, "all of it arrived");
	ok(pty_ready(p.slave, POLLOUT, PTY_SOON), "and it can go on");
	pty_close(p);
}

TEST(pty_read)
{
	test_min_and_time();
	test_modes();
	test_mode_for_each();
	test_end_of_file();
	test_long_line();
	test_paste("raw", true, false);
	test_paste("by lines", false, false);
	test_paste("by lines, with echo that nobody reads", false, true);
	test_flood();
	test_full();
}
