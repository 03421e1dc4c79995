/*
 * wire: a guest program that uses terminals on virtio consoles, for
 * tests/boot/console.t.
 *
 *	wire copy FROM TO BYTES	raw: as many bytes go from one to the other
 *	wire lines DEV		prints each line, in brackets, until end of file
 *	wire interrupt DEV	prints which signal a key sends to who reads
 *	wire names		which there are, and what is no device
 *	wire settings DEV	what a terminal keeps, and until when
 *	wire full DEV		output that is held back fills its room
 *	wire drop DEV		who waits for that room has it when output is
 *				thrown away
 *
 * The last four check; what is wrong is printed, and the status is 1 then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define HVC_MAJOR 229

static int status;

static void
check(bool good, const char *what)
{
	if (good)
		return;
	printf("wire: not so: %s (%s)\n", what, strerror(errno));
	status = 1;
}

static int
open_wire(const char *path, int flags)
{
	int fd = open(path, O_RDWR | flags);

	if (fd < 0) {
		printf("wire: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

static void
set_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		exit(98);
	cfmakeraw(&t);
	if (tcsetattr(fd, TCSANOW, &t))
		exit(97);
}

static int
do_copy(char **argv)
{
	int from = open_wire(argv[0], O_NOCTTY);
	int to = open_wire(argv[1], O_NOCTTY);
	long left = atol(argv[2]);
	char buf[8192];

	set_raw(from);
	set_raw(to);
	printf("wire: ready\n");
	fflush(stdout);
	while (left > 0) {
		ssize_t n = read(from, buf, sizeof(buf));

		if (n <= 0 || write(to, buf, n) != n)
			return 1;
		left -= n;
	}
	return tcdrain(to) ? 1 : 0;
}

static int
do_lines(char **argv)
{
	int fd = open_wire(argv[0], O_NOCTTY);
	char buf[4096];
	ssize_t n;

	printf("wire: ready\n");
	fflush(stdout);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (buf[n - 1] == '\n')
			n--;
		printf("[%.*s]\n", (int)n, buf);
	}
	printf("wire: read gives %zd\n", n);
	return tcdrain(fd) ? 1 : 0;
}

static void
say_signal(int signo)
{
	dprintf(1, "wire: signal %d\n", signo);
	_exit(0);
}

/* The leader of a session gets its terminal by opening it. */
static int
do_interrupt(char **argv)
{
	pid_t pid = fork();
	int wstatus;

	if (pid == 0) {
		char c;
		int fd;

		setsid();
		signal(SIGINT, say_signal);
		fd = open_wire(argv[0], 0);
		dprintf(1, "wire: ready\n");
		_exit(read(fd, &c, 1) == 1 ? 3 : 2);
	}
	waitpid(pid, &wstatus, 0);
	return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 1;
}

static int
do_names(char **argv)
{
	struct stat st;

	(void)argv;
	for (int i = 0; i < 9; i++) {
		char path[16];

		snprintf(path, sizeof(path), "/dev/hvc%d", i);
		if (stat(path, &st))
			continue;
		printf(
		    "%s %u:%u\n", path, major(st.st_rdev), minor(st.st_rdev));
		check(S_ISCHR(st.st_mode), "it is a character device");
	}
	check(mknod("/none", S_IFCHR | 0600, makedev(HVC_MAJOR, 7)) == 0,
	    "mknod");
	check(open("/none", O_RDWR) < 0 && errno == ENXIO,
	    "one that is not there is ENXIO");
	return status;
}

static int
do_settings(char **argv)
{
	struct winsize size = {.ws_row = 25, .ws_col = 81}, got;
	int fd = open_wire(argv[0], O_NOCTTY);
	struct termios t;

	check(isatty(fd), "it is a terminal");
	check(tcgetattr(fd, &t) == 0, "it has settings");
	check(cfgetospeed(&t) == B38400, "the speed is 38400");
	check((t.c_lflag & ICANON) && (t.c_oflag & OPOST), "it is cooked");
	check(ioctl(fd, TIOCSWINSZ, &size) == 0, "TIOCSWINSZ");
	check(ioctl(fd, TIOCGWINSZ, &got) == 0, "TIOCGWINSZ");
	check(memcmp(&size, &got, sizeof(got)) == 0, "the size is kept");
	set_raw(fd);
	close(open_wire(argv[0], O_NOCTTY));
	check(tcgetattr(fd, &t) == 0 && !(t.c_lflag & ICANON),
	    "settings are kept while it is open");
	close(fd);
	fd = open_wire(argv[0], O_NOCTTY);
	check(tcgetattr(fd, &t) == 0 && (t.c_lflag & ICANON), "and no longer");
	return status;
}

/* The letter that /proc has for what a process does. */
static char
state_of(pid_t pid)
{
	char path[32], text[256] = "";
	const char *p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		exit(95);
	close(fd);
	p = strrchr(text, ')');
	return p && p[1] ? p[2] : '?';
}

static void
kill_writer(int fd)
{
	pid_t pid = fork();
	int wstatus;

	if (pid == 0) {
		char buf[1024] = {0};

		fcntl(fd, F_SETFL, 0);
		for (;;)
			if (write(fd, buf, sizeof(buf)) < 0)
				_exit(1);
	}
	while (state_of(pid) != 'S')
		sched_yield();
	kill(pid, SIGKILL);
	check(waitpid(pid, &wstatus, 0) == pid && WIFSIGNALED(wstatus),
	    "who writes and waits can be killed");
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

static int
do_full(char **argv)
{
	int fd = open_wire(argv[0], O_NOCTTY | O_NONBLOCK);
	struct pollfd p = {fd, POLLOUT, 0};
	char buf[1000];
	int pending = -1;
	long done = 0;
	ssize_t n;

	memset(buf, 'x', sizeof(buf));
	set_raw(fd);
	check(poll(&p, 1, 0) == 1 && p.revents == POLLOUT, "there is room");
	check(tcflow(fd, TCOOFF) == 0, "TCOOFF");
	while ((n = write(fd, buf, sizeof(buf))) > 0)
		done += n;
	check(n < 0 && errno == EAGAIN, "held back, it is full at last");
	check(done > 0 && done < 1 << 20, "after a bounded number of bytes");
	check(ioctl(fd, TIOCOUTQ, &pending) == 0 && pending == done,
	    "all of which are on their way");
	check(poll(&p, 1, 0) == 0, "poll says the same");
	kill_writer(fd);
	check(tcflow(fd, TCOON) == 0, "TCOON");
	check(poll(&p, 1, -1) == 1 && p.revents == POLLOUT, "room again");
	check(tcdrain(fd) == 0, "tcdrain");
	check(ioctl(fd, TIOCOUTQ, &pending) == 0 && pending == 0,
	    "and all has left");
	printf("%ld\n", done);
	return status;
}

/* As if somebody typed it. */
static void
type_key(int fd, char key)
{
	check(ioctl(fd, TIOCSTI, &key) == 0, "TIOCSTI");
}

static void
hold_by_key(int fd)
{
	type_key(fd, 'S' & 037);
}

static void
drop_by_key(int fd)
{
	type_key(fd, 'C' & 037);
}

static void
hold_by_call(int fd)
{
	check(tcflow(fd, TCOOFF) == 0, "TCOOFF");
}

static void
drop_by_call(int fd)
{
	check(tcflush(fd, TCOFLUSH) == 0, "TCOFLUSH");
	check(tcflow(fd, TCOON) == 0, "TCOON");
}

static pid_t
start_waiting(int fd, bool (*wait)(int fd))
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(wait(fd) ? 0 : 1);
	while (state_of(pid) != 'S')
		sched_yield();
	return pid;
}

static bool
wait_by_write(int fd)
{
	return write(fd, "\n", 1) == 1;
}

static bool
wait_by_poll(int fd)
{
	struct pollfd p = {fd, POLLOUT, 0};

	return poll(&p, 1, -1) == 1 && p.revents == POLLOUT;
}

static void
drop(int fd, void (*hold)(int fd), void (*throw)(int fd))
{
	char buf[1000] = {0};
	pid_t pids[2];
	int wstatus;

	check(tcdrain(fd) == 0, "tcdrain");
	hold(fd);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, buf, sizeof(buf)) > 0)
		;
	fcntl(fd, F_SETFL, 0);
	pids[0] = start_waiting(fd, wait_by_write);
	pids[1] = start_waiting(fd, wait_by_poll);
	throw(fd);
	for (int i = 0; i < 2; i++)
		check(waitpid(pids[i], &wstatus, 0) == pids[i] && wstatus == 0,
		    "who waited goes on");
}

/* Without echo, so that nothing but what is thrown away makes room. */
static int
do_drop(char **argv)
{
	int fd = open_wire(argv[0], O_NOCTTY);
	struct termios was, t;

	if (tcgetattr(fd, &was))
		exit(98);
	t = was;
	t.c_lflag = ISIG;
	t.c_iflag = IXON;
	t.c_cc[VINTR] = 'C' & 037;
	t.c_cc[VSTOP] = 'S' & 037;
	if (tcsetattr(fd, TCSANOW, &t))
		exit(97);
	drop(fd, hold_by_key, drop_by_key);
	drop(fd, hold_by_call, drop_by_call);
	check(tcsetattr(fd, TCSADRAIN, &was) == 0, "settings are put back");
	return status;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int nr_args;
		int (*fn)(char **argv);
	} commands[] = {
	    {"copy", 3, do_copy},
	    {"lines", 1, do_lines},
	    {"interrupt", 1, do_interrupt},
	    {"names", 0, do_names},
	    {"settings", 1, do_settings},
	    {"full", 1, do_full},
	    {"drop", 1, do_drop},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc >= 2 && !strcmp(argv[1], commands[i].name) &&
		    argc == 2 + commands[i].nr_args)
			return commands[i].fn(argv + 2);
	fprintf(stderr, "usage: see the head of tests/boot/wire.c\n");
	return 96;
}
