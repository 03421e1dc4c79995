/*
 * Job control on the serial port: who has it, who may use it, and what signals
 * tell.  Each scene is a session of its own.  Nothing is written to the port,
 * for it may carry what tests print.
 */
#include "tap.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#define PORT "/dev/ttyS0"

static int
open_port(void)
{
	return must(open(PORT, O_RDWR | O_NOCTTY));
}

/* Runs a scene as a session leader; what it had ends with it. */
static void
scene(void (*fn)(void))
{
	pid_t pid = must(fork());

	if (pid == 0) {
		must(setsid());
		fn();
		_exit(0);
	}
	is(wait_status(pid), 0, "the scene plays to its end");
}

/* The same with the port as its terminal. */
static int
take_port(void)
{
	int fd = open_port();

	must(ioctl(fd, TIOCSCTTY, 1));
	/* A hang-up at the end must not take what tests print with it. */
	must(tcdrain(fd));
	return fd;
}

static void
set_action(int sig, void (*fn)(int))
{
	struct sigaction act = {.sa_handler = fn};

	must(sigaction(sig, &act, NULL));
}

/* --- Whose it is --------------------------------------------------------- */

static void
without_one(void)
{
	int fd = open_port();
	pid_t id = 0;

	is_errno(open("/dev/tty", O_RDWR), ENXIO, "/dev/tty before");
	is_errno(ioctl(fd, TIOCGPGRP, &id), ENOTTY, "TIOCGPGRP of no terminal");
	is_errno(ioctl(fd, TIOCGSID, &id), ENOTTY, "TIOCGSID of none");
	id = getpid();
	is_errno(ioctl(fd, TIOCSPGRP, &id), ENOTTY, "TIOCSPGRP of none");
}

static void
by_request(void)
{
	int fd = open_port();
	int current;
	pid_t id = 0;

	is(ioctl(fd, TIOCSCTTY, 0), 0, "TIOCSCTTY");
	is(ioctl(fd, TIOCSCTTY, 0), 0, "once more is fine");
	is(ioctl(fd, TIOCGPGRP, &id), 0, "TIOCGPGRP");
	is(id, getpgrp(), "the leader's group is in the foreground");
	is(ioctl(fd, TIOCGSID, &id), 0, "TIOCGSID");
	is(id, getsid(0), "is the session");
	current = must(open("/dev/tty", O_RDWR));
	is(isatty(current), 1, "/dev/tty is a terminal");
	is(ioctl(current, TIOCGPGRP, &id), 0, "and that one");
	tcdrain(fd);
}

static void
by_opening(void)
{
	int fd = must(open(PORT, O_WRONLY));
	pid_t id = 0;

	is_errno(ioctl(fd, TIOCGPGRP, &id), ENOTTY,
	    "opening it to write only gives no terminal");
	fd = must(open(PORT, O_RDWR));
	is(ioctl(fd, TIOCGPGRP, &id), 0, "opening it to read does");
	is(id, getpgrp(), "for the opener's group");
	tcdrain(fd);
}

static void
foreign(void)
{
	int fd = take_port();
	pid_t pid = must(fork());
	pid_t id;

	if (pid == 0) {
		is_errno(
		    ioctl(fd, TIOCSCTTY, 0), EPERM, "TIOCSCTTY is for leaders");
		must(setsid());
		is_errno(ioctl(fd, TIOCSCTTY, 0), EPERM,
		    "and not for another session's terminal");
		is_errno(ioctl(fd, TIOCGPGRP, &id), ENOTTY,
		    "which is not ours to ask about");
		is_errno(open("/dev/tty", O_RDWR), ENXIO, "nor to open");
		is(ioctl(fd, TIOCSCTTY, 1), 0, "root may steal it");
		is(ioctl(fd, TIOCGPGRP, &id), 0, "then it is ours");
		/* So that our end hangs nothing up. */
		set_action(SIGHUP, SIG_IGN);
		must(ioctl(fd, TIOCNOTTY));
		_exit(0);
	}
	is(wait_status(pid), 0, "the thief got away");
	is_errno(ioctl(fd, TIOCGPGRP, &id), ENOTTY, "it is ours no more");
}

/* --- Who is in front ----------------------------------------------------- */

static void
foreground(void)
{
	int fd = take_port();
	struct gate go = gate_make();
	pid_t pid = must(fork());
	pid_t id;

	if (pid == 0) {
		gate_wait(&go);
		_exit(0);
	}
	must(setpgid(pid, pid));
	is(ioctl(fd, TIOCSPGRP, &pid), 0, "TIOCSPGRP");
	is(ioctl(fd, TIOCGPGRP, &id), 0, "TIOCGPGRP");
	is(id, pid, "gives what was set");
	id = -1;
	set_action(SIGTTOU, SIG_IGN);
	is_errno(ioctl(fd, TIOCSPGRP, &id), EINVAL, "a negative group");
	id = 999999;
	is_errno(ioctl(fd, TIOCSPGRP, &id), ESRCH, "one that is not");
	id = getppid();
	is_errno(ioctl(fd, TIOCSPGRP, &id), EPERM, "one of another session");
	is_errno(ioctl(fd, TIOCSPGRP, (void *)8), EFAULT, "a bad pointer");
	is_errno(ioctl(fd, TIOCGPGRP, (void *)8), EFAULT, "to ask with, too");
	id = getpgrp();
	is(ioctl(fd, TIOCSPGRP, &id), 0, "back again");
	gate_open(&go);
	wait_status(pid);
}

static void
back_read(int fd)
{
	char c;

	read(fd, &c, 1);
}

static void
back_set(int fd)
{
	struct termios t;

	tcgetattr(fd, &t);
	tcsetattr(fd, TCSANOW, &t);
}

static void
back_flush(int fd)
{
	tcflush(fd, TCIFLUSH);
}

static void
back_come(int fd)
{
	tcsetpgrp(fd, getpgrp());
}

/* A child in a background group does fn and must be stopped for it. */
static void
stops(int fd, void (*fn)(int fd), int sig, const char *what)
{
	pid_t pid = must(fork());
	int status = 0;

	if (pid == 0) {
		setpgid(0, 0);
		fn(fd);
		_exit(0);
	}
	setpgid(pid, pid);
	must(waitpid(pid, &status, WUNTRACED));
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == sig,
	    "%s in the background stops (status %x)", what, status);
	kill(pid, SIGKILL);
	wait_status(pid);
}

static void
background(void)
{
	int fd = take_port();
	struct termios t;
	pid_t pid;
	char c;

	stops(fd, back_read, SIGTTIN, "reading");
	stops(fd, back_set, SIGTTOU, "changing settings");
	stops(fd, back_flush, SIGTTOU, "flushing");
	stops(fd, back_come, SIGTTOU, "coming to the front");
	pid = must(fork());
	if (pid == 0) {
		must(setpgid(0, 0));
		set_action(SIGTTIN, SIG_IGN);
		is_errno(
		    read(fd, &c, 1), EIO, "who ignores SIGTTIN can't read");
		set_action(SIGTTOU, SIG_IGN);
		must(tcgetattr(fd, &t));
		is(tcsetattr(fd, TCSANOW, &t), 0,
		    "who ignores SIGTTOU may set");
		is(write(fd, &c, 0), 0, "writing is allowed anyway");
		is(tcsetpgrp(fd, getpgrp()), 0, "and may come to the front");
		is(tcgetpgrp(fd), getpgrp(), "which works");
		_exit(0);
	}
	is(wait_status(pid), 0, "that child ends well");
	set_action(SIGTTOU, SIG_IGN);
	must(tcsetpgrp(fd, getpgrp()));
}

/* A group whose members' parents are all in other sessions: nobody could ever
 * continue it. */
static void
orphans(void)
{
	int fd = take_port();
	struct gate gone = gate_make(), done = gate_make();
	pid_t pid = must(fork());

	if (pid == 0) {
		char c;

		setpgid(0, 0);
		if (must(fork()) > 0)
			_exit(0);
		gate_wait(&gone);
		while (getppid() == getpgrp())
			;
		is_errno(read(fd, &c, 1), EIO, "an orphan can't read");
		is_errno(
		    tcsetpgrp(fd, getpgrp()), ENOTTY, "nor come to the front");
		gate_open(&done);
		_exit(0);
	}
	setpgid(pid, pid);
	wait_status(pid);
	gate_open(&gone);
	gate_wait(&done);
}

/* --- Signals ------------------------------------------------------------- */

static volatile sig_atomic_t seen[NSIG];

static void
note_signal(int sig)
{
	seen[sig]++;
}

static void
window(void)
{
	int fd = take_port();
	struct winsize was, w;

	set_action(SIGWINCH, note_signal);
	must(ioctl(fd, TIOCGWINSZ, &was));
	w = was;
	w.ws_row = was.ws_row + 7;
	w.ws_col = 123;
	is(ioctl(fd, TIOCSWINSZ, &w), 0, "TIOCSWINSZ");
	is(seen[SIGWINCH], 1, "the foreground hears of a new size");
	is(ioctl(fd, TIOCSWINSZ, &w), 0, "the same again");
	is(seen[SIGWINCH], 1, "and not of an old one");
	memset(&w, 0, sizeof(w));
	is(ioctl(fd, TIOCGWINSZ, &w), 0, "TIOCGWINSZ");
	is(w.ws_col, 123, "gives what was set");
	must(ioctl(fd, TIOCSWINSZ, &was));
}

static void
giving_up(void)
{
	int fd = take_port();
	pid_t id;

	set_action(SIGHUP, note_signal);
	set_action(SIGCONT, note_signal);
	is(ioctl(fd, TIOCNOTTY), 0, "TIOCNOTTY");
	is(seen[SIGHUP], 1, "the foreground gets SIGHUP");
	is(seen[SIGCONT], 1, "and SIGCONT");
	is_errno(ioctl(fd, TIOCGPGRP, &id), ENOTTY, "it is ours no more");
	is_errno(open("/dev/tty", O_RDWR), ENXIO, "nor is it /dev/tty");
	is_errno(ioctl(fd, TIOCNOTTY), ENOTTY, "once more is an error");
	is(isatty(fd), 1, "what is open stays open");
}

/* --- The end of a session ------------------------------------------------ */

static struct gate ready, released;
static int survivor_fd;

static void
check_hung_up(int fd)
{
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};
	struct termios t;
	char c;

	is(read(fd, &c, 1), 0, "then reading is at the end");
	is_errno(write(fd, "", 1), EIO, "writing fails");
	is_errno(tcgetattr(fd, &t), EIO, "so do requests");
	is(poll(&p, 1, 0), 1, "poll");
	is(p.revents, POLLIN | POLLOUT | POLLHUP | POLLERR, "says so");
	fd = open_port();
	is(isatty(fd), 1, "who opens it anew is not concerned");
	close(fd);
}

/* Is in the foreground when the leader ends. */
static void
survive(void)
{
	sigset_t wait_for, old;

	set_action(SIGHUP, note_signal);
	sigemptyset(&wait_for);
	sigaddset(&wait_for, SIGHUP);
	must(sigprocmask(SIG_BLOCK, &wait_for, &old));
	gate_open(&ready);
	while (!seen[SIGHUP])
		sigsuspend(&old);
	is(seen[SIGHUP], 1, "the foreground gets SIGHUP when the leader ends");
	check_hung_up(survivor_fd);
	gate_open(&released);
}

static void
leader_ends(void)
{
	pid_t pid;

	survivor_fd = take_port();
	pid = must(fork());
	if (pid == 0) {
		must(setpgid(0, 0));
		survive();
		_exit(0);
	}
	gate_wait(&ready);
	set_action(SIGTTOU, SIG_IGN);
	must(tcsetpgrp(survivor_fd, pid));
	must(tcdrain(survivor_fd));
}

static int
read_from(const char *path)
{
	int fd = must(open(path, O_RDWR | O_NOCTTY));
	char c;

	gate_open(&ready);
	return read(fd, &c, 1);
}

static bool
sleeps(pid_t pid)
{
	char path[32], text[256] = "";
	const char *p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = must(open(path, O_RDONLY));
	must(read(fd, text, sizeof(text) - 1));
	close(fd);
	p = strrchr(text, ')');
	return p != NULL && strncmp(p, ") S", 3) == 0;
}

static pid_t
start_reading(const char *path)
{
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(read_from(path));
	gate_wait(&ready);
	while (!sleeps(pid))
		;
	return pid;
}

/* The console is never hung up, but its reader keeps others from reading. */
static void
readers(void)
{
	int fd = open_port();
	pid_t first = start_reading("/dev/console");
	pid_t second = start_reading(PORT);

	must(tcdrain(fd));
	is(ioctl(fd, TIOCVHANGUP), 0, "TIOCVHANGUP");
	is(wait_status(second), 0, "who queues to read is at the end");
	is(wait_status(first), 0, "so is who reads the console, once");
	first = start_reading("/dev/console");
	is(waitpid(first, NULL, WNOHANG), 0, "then that can be read again");
	kill(first, SIGKILL);
	wait_status(first);
}

TEST(tty_job)
{
	ready = gate_make();
	released = gate_make();
	scene(without_one);
	scene(by_request);
	scene(by_opening);
	scene(foreign);
	scene(foreground);
	scene(background);
	scene(orphans);
	scene(window);
	scene(giving_up);
	scene(leader_ends);
	gate_wait(&released);
	scene(readers);
}
