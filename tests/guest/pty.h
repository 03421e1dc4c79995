/*
 * Pseudo-terminals in tests: pairs, what a master types and sees, settings.
 */
#ifndef GUEST_PTY_H
#define GUEST_PTY_H

#include "tap.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>

struct pair {
	int master;
	int slave;
};

/* What init does, for a Linux whose init is another. */
static inline void
pty_mount(void)
{
	mkdir("/dev/pts", 0755);
	if (access("/dev/pts/ptmx", F_OK))
		must(mount("devpts", "/dev/pts", "devpts", 0,
		    "gid=5,mode=620,ptmxmode=666"));
}

static inline int
pty_master(void)
{
	int fd;

	pty_mount();
	fd = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	must(unlockpt(fd));
	return fd;
}

static inline int
pty_number(int master)
{
	int n;

	must(ioctl(master, TIOCGPTN, &n));
	return n;
}

static inline int
pty_slave(int master, int flags)
{
	char name[32];

	snprintf(name, sizeof(name), "/dev/pts/%d", pty_number(master));
	return open(name, flags);
}

static inline struct pair
pty_pair(void)
{
	struct pair p = {.master = pty_master()};

	p.slave = must(pty_slave(p.master, O_RDWR | O_NOCTTY));
	return p;
}

static inline void
pty_close(struct pair p)
{
	close(p.master);
	close(p.slave);
}

/* Flags to take away and to add; of VMIN and VTIME, -1 leaves them. */
static inline void
pty_set(int fd, const struct termios *add, const struct termios *drop)
{
	struct termios t;

	must(tcgetattr(fd, &t));
	if (drop) {
		t.c_iflag &= ~drop->c_iflag;
		t.c_oflag &= ~drop->c_oflag;
		t.c_lflag &= ~drop->c_lflag;
	}
	if (add) {
		t.c_iflag |= add->c_iflag;
		t.c_oflag |= add->c_oflag;
		t.c_lflag |= add->c_lflag;
	}
	must(tcsetattr(fd, TCSANOW, &t));
}

static inline void
pty_key(int fd, int key, int c)
{
	struct termios t;

	must(tcgetattr(fd, &t));
	t.c_cc[key] = c;
	must(tcsetattr(fd, TCSANOW, &t));
}

static inline void
pty_raw(int fd, int min, int time)
{
	struct termios t;

	must(tcgetattr(fd, &t));
	cfmakeraw(&t);
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	must(tcsetattr(fd, TCSANOW, &t));
}

static inline bool
pty_ready(int fd, int events, int ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, ms) == 1 && (p.revents & events);
}

/* Now, with nobody waiting: all that poll says. */
static inline int
pty_polled(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};

	must(poll(&p, 1, 0));
	return p.revents;
}

/* How long a terminal may take to hand over what was typed, in ms. */
#define PTY_SOON 20000
/*
 * How long it is asked once more whether it has nothing.  Poll sees to it that
 * what was typed has arrived, but for a moment on Linux.
 */
#define PTY_NEVER 20

/* All that fd has, as C would write it; waits for `least` bytes. */
static inline const char *
pty_text(int fd, size_t least)
{
	static char out[4][4096];
	static int which;
	char *text = out[which++ % 4], *to = text;
	size_t n = 0;

	while (n < 500) {
		char buf[256];
		int ms = n < least ? PTY_SOON : PTY_NEVER;
		ssize_t got;

		if (!pty_ready(fd, POLLIN | POLLHUP, ms))
			break;
		got = read(fd, buf, sizeof(buf));
		if (got <= 0) {
			to += sprintf(
			    to, got ? "<%s>" : "<end>", strerrorname_np(errno));
			break;
		}
		n += got;
		for (ssize_t i = 0; i < got; i++) {
			unsigned char c = buf[i];

			if (c < ' ' || c >= 127 || c == '\\')
				to += sprintf(to, "\\%03o", c);
			else
				*to++ = c;
		}
	}
	*to = '\0';
	return text;
}

static inline void
pty_type(int master, const char *text)
{
	must(write(master, text, strlen(text)));
}

#endif
