/*
 * The file system of pseudo-terminals, and the C library on top of it.
 */
#include "pty.h"

#include <dirent.h>
#include <pty.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <utmp.h>

#define DEVPTS_MAGIC 0x1cd1

static void
test_nodes(void)
{
	int master = pty_master();
	struct statfs fs;
	struct stat st, own;
	char name[64];

	is(statfs("/dev/pts", &fs), 0, "statfs");
	is(fs.f_type, DEVPTS_MAGIC, "a devpts");
	is(stat("/dev/pts", &st), 0, "its root");
	is(st.st_mode, S_IFDIR | 0755, "is a directory");
	is(st.st_ino, 1, "number 1");
	is(stat("/dev/ptmx", &st), 0, "the device");
	is(st.st_mode & ~07777, S_IFCHR, "is one");
	is(st.st_rdev, makedev(5, 2), "of this number");
	snprintf(name, sizeof(name), "/dev/pts/%d", pty_number(master));
	str_is(ptsname(master), name, "ptsname");
	is(stat(name, &st), 0, "a slave");
	is(st.st_mode, S_IFCHR | 0620, "as the mount says");
	is(st.st_gid, 5, "of that group");
	is(st.st_uid, 0, "of who opened the master");
	is(st.st_rdev, makedev(136, pty_number(master)), "and its number");
	is(chmod(name, 0600), 0, "chmod");
	is(chown(name, 7, 8), 0, "chown");
	is(stat(name, &st), 0, "are kept");
	is(st.st_mode, S_IFCHR | 0600, "the mode");
	is(st.st_uid * 10 + st.st_gid, 78, "the owner");
	is(fstat(master, &own), 0, "fstat of the master");
	is(own.st_rdev, makedev(5, 2), "is the device's");
	is_errno(open("/dev/pts/x", O_CREAT | O_RDWR, 0600), EACCES,
	    "nothing is made there");
	is_errno(mkdir("/dev/pts/d", 0700), EPERM, "no directory");
	is_errno(unlink(name), EPERM, "nor taken away");
	is_errno(rename(name, "/dev/pts/9999"), EPERM, "nor renamed");
	close(master);
}

static bool
is_listed(const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while ((e = readdir(d)))
		found |= strcmp(e->d_name, name) == 0;
	closedir(d);
	return found;
}

static void
test_listing(void)
{
	int master = pty_master();
	char name[16];

	snprintf(name, sizeof(name), "%d", pty_number(master));
	ok(is_listed("/dev/pts", name), "a slave is listed");
	ok(is_listed("/dev/pts", "ptmx"), "ptmx is");
	close(master);
	ok(!is_listed("/dev/pts", name), "not when its master is closed");
}

static void
test_library(void)
{
	struct winsize size = {.ws_row = 10, .ws_col = 20}, got;
	int master, slave, status;
	char name[64];
	pid_t pid;

	is(openpty(&master, &slave, name, NULL, &size), 0, "openpty");
	is(isatty(master), 1, "the master is a terminal");
	is(isatty(slave), 1, "the slave is");
	str_is(ttyname(slave), name, "ttyname");
	must(ioctl(slave, TIOCGWINSZ, &got));
	is(got.ws_col, 20, "of that size");
	close(master);
	close(slave);

	pid = forkpty(&master, name, NULL, NULL);
	if (pid == 0) {
		char line[32];
		int fd = open("/dev/tty", O_RDWR);
		ssize_t n = read(0, line, sizeof(line));

		if (fd < 0 || n <= 0 || getsid(0) != getpid() ||
		    tcgetpgrp(0) != getpid())
			_exit(1);
		if (write(fd, line, n) != n)
			_exit(2);
		_exit(7);
	}
	ok(pid > 0, "forkpty");
	pty_type(master, "hello\n");
	status = wait_status(pid);
	is(status, 7 << 8, "its child has a terminal of its own");
	str_is(pty_text(master, 100), "hello\\015\\012hello\\015\\012<EIO>",
	    "and what it wrote is seen");
	close(master);
}

static void
test_peer(void)
{
	int master = pty_master();
	int n = pty_number(master);
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64], want[64];
	int status;

	ok(slave >= 0, "TIOCGPTPEER");
	is(fcntl(slave, F_GETFD), FD_CLOEXEC, "close on exec");
	is(fcntl(slave, F_GETFL) & O_ACCMODE, O_RDWR, "to read and write");
	snprintf(want, sizeof(want), "/dev/pts/%d", n);
	is(ttyname_r(slave, name, sizeof(name)), 0, "has a name");
	str_is(name, want, "the slave's");
	pty_type(master, "x\n");
	str_is(pty_text(slave, 2), "x\\012", "and is it");
	is_errno(ioctl(slave, TIOCGPTPEER, O_RDWR), EIO, "of a slave");
	is_errno(ioctl(slave, TIOCGPTN, &status), ENOTTY, "TIOCGPTN of one");
	is_errno(ioctl(slave, TIOCSPTLCK, &status), ENOTTY, "TIOCSPTLCK");
	is_errno(ioctl(0, TIOCGPTPEER, O_RDWR), ENOTTY, "of no terminal");
	is_errno(ioctl(master, TIOCGPTN, NULL), EFAULT, "no number");
	close(slave);
	close(master);
}

/* Each mount is a world of its own. */
static void
test_instances(void)
{
	struct stat st;
	int fd[3], n;

	must(mkdir("m", 0755));
	must(mkdir("m/pts", 0755));
	must(mknod("m/ptmx", S_IFCHR | 0666, makedev(5, 2)));
	is_errno(open("m/ptmx", O_RDWR | O_NOCTTY), ENODEV, "no devpts beside");
	is(mount("x", "m/pts", "devpts", 0,
	       "newinstance,max=2,mode=640,gid=9,ptmxmode=600"),
	    0, "mount");
	is(stat("m/pts/ptmx", &st), 0, "a ptmx inside");
	is(st.st_mode, S_IFCHR | 0600, "of the mode that was asked for");
	fd[0] = must(open("m/ptmx", O_RDWR | O_NOCTTY));
	must(ioctl(fd[0], TIOCGPTN, &n));
	is(n, 0, "numbers begin at 0");
	is(stat("m/pts/0", &st), 0, "a slave");
	is(st.st_mode, S_IFCHR | 0640, "of that mode");
	is(st.st_gid, 9, "of that group");
	fd[1] = must(open("m/pts/ptmx", O_RDWR | O_NOCTTY));
	is_errno(open("m/ptmx", O_RDWR | O_NOCTTY), ENOSPC, "two, no more");
	must(unlockpt(fd[1]));
	fd[2] = must(open("m/pts/1", O_RDWR | O_NOCTTY));
	is_errno(umount("m/pts"), EBUSY, "an open slave keeps it mounted");
	close(fd[2]);
	close(fd[1]);
	fd[1] = open("m/ptmx", O_RDWR | O_NOCTTY);
	ok(fd[1] >= 0, "there is room again");
	is(mount("x", "m/pts", "devpts", MS_REMOUNT, "mode=600,ptmxmode=644"),
	    0, "remount");
	must(stat("m/pts/ptmx", &st));
	is(st.st_mode, S_IFCHR | 0644, "changes ptmx");
	is_errno(mount("x", "m/pts", "devpts", MS_REMOUNT, "what=7"), EINVAL,
	    "what nobody knows");
	is(umount("m/pts"), 0, "umount, with masters open");
	is_errno(ioctl(fd[0], TIOCGPTN, NULL), EFAULT, "which live on");
	close(fd[0]);
	close(fd[1]);
	unlink("m/ptmx");
	rmdir("m/pts");
	rmdir("m");
}

/* There is an end, and it is no harm. */
static void
test_many(void)
{
	static int fd[1000];
	int n = 0, err;

	while (n < 1000) {
		fd[n] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
		if (fd[n] < 0)
			break;
		n++;
	}
	err = errno;
	ok(n >= 100, "many pairs");
	ok(n == 1000 || err == ENOSPC || err == EMFILE, "and then an error");
	while (n > 0)
		close(fd[--n]);
	close(must(open("/dev/ptmx", O_RDWR | O_NOCTTY)));
}

TEST(pty_fs)
{
	test_nodes();
	test_listing();
	test_library();
	test_peer();
	test_instances();
	test_many();
}
