/*
 * The console as a terminal: its attributes, and reads with nothing to read.
 * Nothing is written to it, for it may carry what tests print; what is put
 * right again is put right even when a check fails.
 */
#include "files.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

/* The kernel's own struct termios, not the C library's. */
struct kernel_termios {
	unsigned int iflag, oflag, cflag, lflag;
	unsigned char line, cc[19];
};

/* Values of asm-generic/termbits.h that <termios.h> gives another shape. */
enum {
	K_ICANON = 2,
	K_ECHO = 8,
	K_VMIN = 6,
	K_VTIME = 5
};

static int fd;

static void
round_trips(void)
{
	static const unsigned long set[] = {TCSETS, TCSETSW, TCSETSF};
	struct kernel_termios was, t, got;

	memset(&was, 0xee, sizeof(was));
	is(ioctl(fd, TCGETS, &was), 0, "TCGETS");
	for (int i = 0; i < 3; i++) {
		t = was;
		t.lflag ^= K_ECHO | K_ICANON;
		t.cc[K_VMIN] = 17 + i;
		is(ioctl(fd, set[i], &t), 0, "TCSETS, form %d", i);
		memset(&got, 0, sizeof(got));
		must(ioctl(fd, TCGETS, &got));
		is(got.lflag, t.lflag, "keeps the local modes");
		is(got.iflag, was.iflag, "the input modes");
		is(got.oflag, was.oflag, "the output modes");
		is(got.cflag, was.cflag, "the control modes");
		is(memcmp(got.cc, t.cc, sizeof(t.cc)), 0, "and characters");
	}
	is(ioctl(fd, TCSETS, &was), 0, "put right again");
	ok(was.cflag & 0x30, "characters have a size");
	is(was.cc[0], 3, "Ctrl-C interrupts");
	is(was.cc[4], 4, "Ctrl-D ends a file");
}

static void
sizes(void)
{
	struct winsize w;

	memset(&w, 0xee, sizeof(w));
	is(ioctl(fd, TIOCGWINSZ, &w), 0, "TIOCGWINSZ");
	ok(w.ws_row < 10000 && w.ws_col < 10000, "is a size");
}

/* Reads in each mode while nobody types. */
static void
quiet_reads(void)
{
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};
	struct kernel_termios was, t;
	char c;
	int n = -1;

	must(ioctl(fd, TCGETS, &was));
	t = was;
	t.lflag &= ~(K_ICANON | K_ECHO);
	t.cc[K_VMIN] = t.cc[K_VTIME] = 0;
	must(ioctl(fd, TCSETSF, &t));
	is(ioctl(fd, FIONREAD, &n), 0, "FIONREAD");
	is(n, 0, "nobody types");
	is(read(fd, &c, 1), 0, "VMIN 0 and VTIME 0: read does not wait");
	t.cc[K_VTIME] = 1;
	must(ioctl(fd, TCSETS, &t));
	is(read(fd, &c, 1), 0, "VTIME 1: it waits for a while");
	/* What earlier tests printed may still be on its way. */
	must(tcdrain(fd));
	is(poll(&p, 1, 0), 1, "poll");
	is(p.revents, POLLOUT, "there is only room to write");
	t.cc[K_VMIN] = 1;
	must(ioctl(fd, TCSETS, &t));
	must(fcntl(fd, F_SETFL, O_NONBLOCK));
	is_errno(read(fd, &c, 1), EAGAIN, "O_NONBLOCK");
	must(ioctl(fd, TCSETS, &was));
	is_errno(read(fd, &c, 1), EAGAIN, "O_NONBLOCK, by lines");
	must(fcntl(fd, F_SETFL, 0));
	is(ioctl(fd, TCFLSH, TCIFLUSH), 0, "what is typed can be dropped");
}

static void
refuses(void)
{
	char c = 0;

	is_errno(raw(ioctl, fd, TCGETS, 8), EFAULT, "TCGETS to a bad place");
	is_errno(raw(ioctl, fd, TCSETS, 8), EFAULT, "TCSETS from one");
	is_errno(raw(ioctl, fd, TIOCGWINSZ, 8), EFAULT, "TIOCGWINSZ to one");
	is_errno(raw(ioctl, fd, 0x12345678, &c), ENOTTY, "an unknown request");
	is_errno(lseek(fd, 0, SEEK_SET), ESPIPE, "a terminal has no offset");
	is_errno(pread(fd, &c, 1, 0), ESPIPE, "for pread either");
	is_errno(fsync(fd), EINVAL, "and no disk");
	is_errno(ftruncate(fd, 0), EINVAL, "and no length");
	is(write(fd, "", 0), 0, "writing nothing is fine");
}

static void
others(void)
{
	int files[4], p[2];
	struct kernel_termios t;
	struct winsize w;

	must(pipe(p));
	files[0] = p[0];
	files[1] = must(open("file", O_CREAT | O_RDWR, 0600));
	files[2] = must(open("/dev/null", O_RDWR));
	files[3] = must(open(".", O_RDONLY));
	for (int i = 0; i < 4; i++) {
		is_errno(ioctl(files[i], TCGETS, &t), ENOTTY,
		    "TCGETS of no terminal, %d", i);
		is_errno(ioctl(files[i], TIOCGWINSZ, &w), ENOTTY,
		    "TIOCGWINSZ, %d", i);
		is_errno(raw(ioctl, files[i], 0x12345678, &t), ENOTTY,
		    "an unknown request, %d", i);
		is_errno(raw(ioctl, files[i], TCGETS, 8), ENOTTY,
		    "which is seen before a bad place, %d", i);
	}
	is_errno(ioctl(-1, TCGETS, &t), EBADF, "no descriptor");
	for (int i = 0; i < 4; i++)
		close(files[i]);
	close(p[1]);
}

static void
names(void)
{
	struct stat st;

	must(fstat(fd, &st));
	is(st.st_mode & S_IFMT, S_IFCHR, "the console is a device");
	is(st.st_rdev, makedev(5, 1), "5:1");
	is(isatty(fd), 1, "and a terminal");
	is_errno(open("/dev/tty", O_RDWR), ENXIO,
	    "/dev/tty is nothing to who has no terminal");
}

TEST(tty_console)
{
	fd = must(open("/dev/console", O_RDWR | O_NOCTTY));
	names();
	round_trips();
	sizes();
	quiet_reads();
	refuses();
	others();
}
