/*
 * Job control, windows, packets and the other requests, on a pseudo-terminal.
 */
#include "pty.h"

static volatile sig_atomic_t seen[65];

static void
note_signal(int sig)
{
	seen[sig]++;
}

static void
hear(int sig)
{
	struct sigaction act = {.sa_handler = note_signal};

	must(sigaction(sig, &act, NULL));
}

static bool
heard(int sig)
{
	for (int i = 0; i < 20000 && !seen[sig]; i++)
		usleep(1000);
	return seen[sig] > 0;
}

/* The caller's own session, with a terminal. */
static struct pair
take_terminal(void)
{
	struct pair p = {.master = pty_master()};
	pid_t id = -1;

	must(setsid());
	p.slave = must(pty_slave(p.master, O_RDWR | O_NOCTTY));
	is(ioctl(p.master, TIOCGPGRP, &id), 0, "the master may ask");
	is(id, 0, "nobody is in front");
	is_errno(ioctl(p.master, TIOCGSID, &id), ENOTTY, "nor is a session");
	is_errno(ioctl(p.slave, TIOCGPGRP, &id), ENOTTY, "the slave may not");
	is(ioctl(p.slave, TIOCSCTTY, 0), 0, "TIOCSCTTY");
	is(ioctl(p.master, TIOCGPGRP, &id), 0, "now");
	is(id, getpgrp(), "we are in front");
	is(ioctl(p.master, TIOCGSID, &id), 0, "and the session");
	is(id, getsid(0), "is ours");
	is(tcgetpgrp(p.slave), getpgrp(), "the slave says so, too");
	return p;
}

/*
 * Each key is seen before the next: a signal's key throws away what the master
 * has not taken, and so how the one before was shown.
 */
static void
keys(void)
{
	struct pair p = take_terminal();

	hear(SIGINT);
	hear(SIGQUIT);
	hear(SIGTSTP);
	pty_type(p.master, "ab");
	str_is(pty_text(p.master, 2), "ab", "typed");
	pty_type(p.master, "\003");
	ok(heard(SIGINT), "^C");
	str_is(pty_text(p.master, 2), "^C", "is shown");
	pty_type(p.master, "\034");
	ok(heard(SIGQUIT), "^\\");
	str_is(pty_text(p.master, 2), "^\\134", "is shown");
	pty_type(p.master, "\032");
	ok(heard(SIGTSTP), "^Z");
	str_is(pty_text(p.master, 2), "^Z", "is shown");
	seen[SIGINT] = 0;
	is(ioctl(p.master, TIOCSIG, SIGINT), 0, "TIOCSIG");
	ok(heard(SIGINT), "is the same");
	is_errno(ioctl(p.master, TIOCSIG, SIGKILL), EINVAL, "but for few");
	is_errno(ioctl(p.slave, TIOCSIG, SIGINT), ENOTTY, "and the master");
}

static void
window(void)
{
	struct pair p = take_terminal();
	struct winsize size = {.ws_row = 25, .ws_col = 80}, got;

	hear(SIGWINCH);
	must(ioctl(p.slave, TIOCGWINSZ, &got));
	is(got.ws_row | got.ws_col, 0, "no size at first");
	is(ioctl(p.master, TIOCSWINSZ, &size), 0, "the master sets one");
	ok(heard(SIGWINCH), "SIGWINCH");
	must(ioctl(p.slave, TIOCGWINSZ, &got));
	is(memcmp(&got, &size, sizeof(got)), 0, "the slave has it");
	seen[SIGWINCH] = 0;
	must(ioctl(p.master, TIOCSWINSZ, &size));
	usleep(20000);
	is(seen[SIGWINCH], 0, "the same again is nothing");
	size.ws_col = 132;
	is(ioctl(p.slave, TIOCSWINSZ, &size), 0, "the slave sets one");
	ok(heard(SIGWINCH), "SIGWINCH again");
	must(ioctl(p.master, TIOCGWINSZ, &got));
	is(got.ws_col, 132, "the master has it");
	is_errno(ioctl(p.master, TIOCSWINSZ, NULL), EFAULT, "no size");
}

static struct pair shared;

static void
read_in_background(void)
{
	char c;

	must(setpgid(0, 0));
	must(read(shared.slave, &c, 1));
	is(c, 'x', "reads in the end");
}

static void
write_in_background(void)
{
	struct termios t;

	must(setpgid(0, 0));
	is(write(shared.slave, "b", 1), 1, "a write");
	must(tcgetattr(shared.slave, &t));
	is(tcsetattr(shared.slave, TCSANOW, &t), 0, "then settings");
}

static void
background(void)
{
	struct termios stop = {.c_lflag = TOSTOP};
	int status;
	pid_t pid;

	shared = take_terminal();
	signal(SIGTTOU, SIG_IGN);
	pid = must(fork());
	if (pid == 0) {
		signal(SIGTTOU, SIG_DFL);
		read_in_background();
		_exit(0);
	}
	must(waitpid(pid, &status, WUNTRACED));
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN,
	    "who reads in the background is stopped");
	must(tcsetpgrp(shared.slave, pid));
	must(kill(-pid, SIGCONT));
	pty_type(shared.master, "x\n");
	is(wait_status(pid), 0, "in front it reads");
	must(tcsetpgrp(shared.slave, getpgrp()));

	pid = must(fork());
	if (pid == 0) {
		signal(SIGTTOU, SIG_DFL);
		write_in_background();
		_exit(0);
	}
	must(waitpid(pid, &status, WUNTRACED));
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU,
	    "who changes settings in the background is stopped");
	must(tcsetpgrp(shared.slave, pid));
	must(kill(-pid, SIGCONT));
	is(wait_status(pid), 0, "in front it may");
	must(tcsetpgrp(shared.slave, getpgrp()));

	pty_set(shared.slave, &stop, NULL);
	pid = must(fork());
	if (pid == 0) {
		signal(SIGTTOU, SIG_DFL);
		must(setpgid(0, 0));
		must(write(shared.slave, "c", 1));
		_exit(0);
	}
	must(waitpid(pid, &status, WUNTRACED));
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU,
	    "with TOSTOP, a writer is, too");
	must(kill(-pid, SIGKILL));
	must(waitpid(pid, &status, 0));
}

/* --- Packets -------------------------------------------------------------- */

static void
next_packet(struct pair p, const char *want, const char *what)
{
	char buf[64];
	char text[200], *to = text;
	ssize_t n;

	ok(pty_ready(p.master, POLLIN, PTY_SOON), "%s: there is a packet",
	    what);
	n = must(read(p.master, buf, sizeof(buf)));
	to += sprintf(to, "%02x", (unsigned char)buf[0]);
	for (ssize_t i = 1; i < n; i++)
		to += sprintf(to, "%c", buf[i]);
	str_is(text, want, "%s", what);
}

static void
test_packets(void)
{
	struct pair p = pty_pair();
	struct termios drop = {.c_lflag = ECHO};
	struct termios ixon = {.c_iflag = IXON};
	int on = 1, off = 0, got = -1;

	pty_set(p.slave, NULL, &drop);
	is(ioctl(p.master, TIOCPKT, &on), 0, "TIOCPKT");
	is(ioctl(p.master, TIOCGPKT, &got), 0, "TIOCGPKT");
	is(got, 1, "says so");
	is_errno(ioctl(p.slave, TIOCPKT, &on), ENOTTY, "not of the slave");
	must(write(p.slave, "abc", 3));
	next_packet(p, "00abc", "data");
	is(pty_polled(p.master) & (POLLIN | POLLPRI), 0, "no more");
	must(tcflush(p.slave, TCIFLUSH));
	is(pty_polled(p.master) & (POLLIN | POLLPRI), POLLIN | POLLPRI,
	    "poll of news");
	next_packet(p, "01", "TIOCPKT_FLUSHREAD");
	must(tcflush(p.slave, TCOFLUSH));
	next_packet(p, "02", "TIOCPKT_FLUSHWRITE");
	pty_type(p.master, "\003");
	next_packet(p, "03", "a signal's key: both");
	must(tcflow(p.slave, TCOOFF));
	next_packet(p, "04", "TIOCPKT_STOP");
	must(tcflow(p.slave, TCOON));
	next_packet(p, "08", "TIOCPKT_START");
	pty_set(p.slave, NULL, &ixon);
	next_packet(p, "10", "TIOCPKT_NOSTOP");
	pty_set(p.slave, &ixon, NULL);
	next_packet(p, "20", "TIOCPKT_DOSTOP");
	must(write(p.slave, "x", 1));
	must(tcflush(p.slave, TCIFLUSH));
	next_packet(p, "01", "news first");
	next_packet(p, "00x", "then data");
	is(ioctl(p.master, TIOCPKT, &off), 0, "no more packets");
	must(write(p.slave, "y", 1));
	str_is(pty_text(p.master, 1), "y", "plain again");
	pty_close(p);
}

/* --- Flow ----------------------------------------------------------------- */

static void
test_flow(void)
{
	struct pair p = pty_pair();

	must(fcntl(p.slave, F_SETFL, O_NONBLOCK));
	must(tcflow(p.slave, TCOOFF));
	is_errno(write(p.slave, "x", 1), EAGAIN, "TCOOFF holds writers");
	pty_type(p.master, "\021");
	usleep(20000);
	is_errno(write(p.slave, "x", 1), EAGAIN, "^Q is not for that");
	must(tcflow(p.slave, TCOON));
	is(write(p.slave, "x", 1), 1, "TCOON lets them go on");
	pty_type(p.master, "\023");
	for (int i = 0; i < 5000 && write(p.slave, "", 0) == 0 &&
	     (pty_polled(p.slave) & POLLOUT);
	     i++)
		usleep(1000);
	is_errno(write(p.slave, "y", 1), EAGAIN, "^S holds them");
	must(tcflow(p.slave, TCOON));
	is_errno(write(p.slave, "y", 1), EAGAIN, "TCOON is not for that");
	pty_type(p.master, "\021");
	ok(pty_ready(p.slave, POLLOUT, PTY_SOON), "^Q is");
	is(write(p.slave, "y", 1), 1, "they go on");
	must(tcflow(p.slave, TCIOFF));
	must(tcflow(p.slave, TCION));
	str_is(pty_text(p.master, 4), "xy\\023\\021",
	    "TCIOFF and TCION are seen by the master");
	is_errno(ioctl(p.slave, TCXONC, 7), EINVAL, "another");
	pty_close(p);
}

/* --- Who may -------------------------------------------------------------- */

static void
as_nobody(void)
{
	int fd;

	must(setgid(1234));
	must(setuid(1234));
	is_errno(pty_slave(shared.master, O_RDWR | O_NOCTTY), EACCES,
	    "the mode is heeded");
	is_errno(ioctl(shared.slave, TIOCSTI, "x"), EIO, "TIOCSTI");
	is_errno(ioctl(shared.slave, TIOCVHANGUP, 0), EPERM, "TIOCVHANGUP");
	fd = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	must(unlockpt(fd));
	close(must(pty_slave(fd, O_RDWR | O_NOCTTY)));
	shared.slave = must(pty_slave(fd, O_RDWR | O_NOCTTY));
	is(ioctl(shared.slave, TIOCEXCL), 0, "TIOCEXCL");
	is_errno(pty_slave(fd, O_RDWR | O_NOCTTY), EBUSY, "then it is ours");
	is(ioctl(shared.slave, TIOCNXCL), 0, "TIOCNXCL");
	close(must(pty_slave(fd, O_RDWR | O_NOCTTY)));
}

static void
test_rights(void)
{
	int on = -1;

	shared = pty_pair();
	lives(as_nobody, "somebody else");
	is(ioctl(shared.slave, TIOCEXCL), 0, "TIOCEXCL of root");
	is(ioctl(shared.slave, TIOCGEXCL, &on), 0, "TIOCGEXCL");
	is(on, 1, "says so");
	close(must(pty_slave(shared.master, O_RDWR | O_NOCTTY)));
	must(ioctl(shared.slave, TIOCNXCL));
	is(ioctl(shared.slave, TIOCSTI, "z"), 0, "root may type for others");
	is(ioctl(shared.slave, TIOCSTI, "\n"), 0, "a line");
	str_is(pty_text(shared.slave, 2), "z\\012", "is read");
	is_errno(ioctl(shared.slave, TIOCSTI, NULL), EFAULT, "no character");
	is(ioctl(shared.slave, TIOCVHANGUP, 0), 0, "root may hang up");
	is_errno(write(shared.slave, "x", 1), EIO, "so it is");
	pty_close(shared);
}

TEST(pty_job)
{
	lives(keys, "the keys of a terminal");
	lives(window, "its window");
	lives(background, "the background");
	test_packets();
	test_flow();
	test_rights();
}
