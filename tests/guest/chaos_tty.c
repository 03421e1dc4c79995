/* Deeds with pseudo-terminals and sessions; see chaos.h. */
#include "chaos.h"
#include "pty.h"

static int
noctty(void)
{
	return chaos_draw(2) ? O_NOCTTY : 0;
}

static bool
open_pair(void)
{
	int master = posix_openpt(O_RDWR | chaos_nonblock() | noctty());
	char name[32];
	int number;

	if (master < 0)
		return false;
	unlockpt(master);
	if (ioctl(master, TIOCGPTN, &number) == 0) {
		snprintf(name, sizeof(name), "/dev/pts/%d", number);
		chaos_keep(CHAOS_TTY,
		    open(name, O_RDWR | chaos_nonblock() | noctty()));
	}
	return chaos_keep(CHAOS_TTY, master);
}

static bool
open_slave(void)
{
	char name[32];

	snprintf(name, sizeof(name), "/dev/pts/%u", chaos_draw(8));
	return chaos_keep(
	    CHAOS_TTY, open(name, O_RDWR | chaos_nonblock() | noctty()));
}

static bool
open_peer(void)
{
	return chaos_keep(CHAOS_TTY,
	    ioctl(chaos_fd_of(CHAOS_TTY), TIOCGPTPEER,
		O_RDWR | chaos_nonblock() | noctty()));
}

static bool
lock_pair(void)
{
	int on = chaos_draw(2);

	return ioctl(chaos_fd_of(CHAOS_TTY), TIOCSPTLCK, &on) == 0;
}

static bool
new_session(void)
{
	return setsid() > 0;
}

static bool
take_terminal(void)
{
	return ioctl(chaos_fd_of(CHAOS_TTY), TIOCSCTTY, chaos_draw(2)) == 0;
}

static bool
leave_terminal(void)
{
	return ioctl(chaos_fd_of(CHAOS_TTY), TIOCNOTTY) == 0;
}

static bool
set_foreground(void)
{
	pid_t group = chaos_draw(2) ? getpgrp() : chaos_relative();

	return tcsetpgrp(chaos_fd_of(CHAOS_TTY), group) == 0;
}

static bool
ask_session(void)
{
	int fd = chaos_fd_of(CHAOS_TTY);

	return (tcgetpgrp(fd) > 0) | (tcgetsid(fd) > 0);
}

static bool
set_group(void)
{
	pid_t who = chaos_draw(3) ? 0 : chaos_relative();
	pid_t group = chaos_draw(3) ? 0 : chaos_relative();

	return setpgid(who, group) == 0;
}

/* A session has no other terminal than a pair of the family's. */
static bool
use_dev_tty(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	(void)!write(fd, "hi\n", 3);
	if (chaos_once(3))
		vhangup();
	if (chaos_draw(2))
		return chaos_keep(CHAOS_TTY, fd);
	close(fd);
	return true;
}

static bool
hang_up_slave(void)
{
	return chaos_once(4) && ioctl(chaos_fd_of(CHAOS_TTY), TIOCVHANGUP) == 0;
}

static bool
push_byte(void)
{
	return ioctl(chaos_fd_of(CHAOS_TTY), TIOCSTI,
		   "x\n\003" + chaos_draw(3)) == 0;
}

static bool
set_size(void)
{
	struct winsize size = {
	    .ws_row = chaos_draw(100), .ws_col = chaos_draw(100)};
	int fd = chaos_fd_of(CHAOS_TTY);

	return ioctl(fd, TIOCSWINSZ, &size) == 0 &&
	    ioctl(fd, TIOCGWINSZ, &size) == 0;
}

static bool
set_modes(void)
{
	int fd = chaos_fd_of(CHAOS_TTY);
	struct termios t;

	if (tcgetattr(fd, &t))
		return false;
	t.c_lflag ^= chaos_draw(0x10000);
	t.c_iflag ^= chaos_draw(0x8000);
	t.c_oflag ^= chaos_draw(0x100);
	t.c_cc[VMIN] = chaos_draw(4);
	t.c_cc[VTIME] = chaos_draw(2);
	return tcsetattr(fd, chaos_draw(3), &t) == 0;
}

static bool
stop_flow(void)
{
	int fd = chaos_fd_of(CHAOS_TTY);

	return chaos_draw(2) ? tcflush(fd, chaos_draw(3)) == 0
			     : tcflow(fd, chaos_draw(4)) == 0;
}

static bool
packet_mode(void)
{
	int on = chaos_draw(2);

	return ioctl(chaos_fd_of(CHAOS_TTY), TIOCPKT, &on) == 0;
}

const struct chaos_deed chaos_tty_deeds[] = {
    {"open a pair", open_pair, 4},
    {"open a slave by its number", open_slave, 1},
    {"open a slave by its master", open_peer, 1},
    {"lock a pair", lock_pair, 1},
    {"begin a session", new_session, 2},
    {"take a terminal", take_terminal, 2},
    {"leave a terminal", leave_terminal, 2},
    {"set a foreground group", set_foreground, 2},
    {"ask a terminal's session", ask_session, 1},
    {"set a group", set_group, 2},
    {"use /dev/tty", use_dev_tty, 1},
    {"hang up a slave", hang_up_slave, 1},
    {"push a byte", push_byte, 1},
    {"set a size", set_size, 1},
    {"set modes", set_modes, 2},
    {"stop a flow", stop_flow, 1},
    {"set packet mode", packet_mode, 1},
    {},
};
