/* The classic system calls, each by Linux's.  Any failure is -1. */
#include "layer.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/time.h>
#include <linux/wait.h>

#define TICK_NS 100000000l

/* calf's: si_status has the whole of exit's argument. */
#define WHOLE_VALUE 0x00100000

/* The console's number there. */
#define CONSOLE_MAJOR 1
/* Others have no device behind them: opening one fails, as there. */
#define NO_DEVICE(major, minor) MKDEV(300 + ((major)&0xff), (minor)&0xff)

#define ALL_MAY 0777

static struct statx about; /* large */

/* ---- processes ------------------------------------------------------------
 */

CALL int
fork(void)
{
	return answer(LINUX5(__NR_clone, SIGCHLD, 0, 0, 0, 0));
}

CALL int
exit(int status)
{
	for (;;)
		LINUX1(__NR_exit_group, status);
}

CALL int
wait(int *status)
{
	static siginfo_t info;

	if (status && LINUX3(__NR_getcpu, status, 0, 0) < 0)
		return -1;
	if (LINUX5(__NR_waitid, P_ALL, 0, &info, WEXITED | WHOLE_VALUE, 0) < 0)
		return -1;
	if (status)
		*status = info.si_code == CLD_EXITED ? info.si_status : -1;
	return info.si_pid;
}

CALL int
kill(int pid)
{
	return pid > 0 ? answer(LINUX2(__NR_kill, pid, SIGKILL)) : -1;
}

CALL int
getpid(void)
{
	return answer(LINUX1(__NR_getpid, 0));
}

/* args: what the program's array has, which can be read; how many, or -1. */
static int
get_arguments(const char **argv, const char **args)
{
	uint64 at = (uint64)argv, sp = USERSTACK * PAGE;
	long len;
	int nr;

	for (nr = 0; nr < MAXARG; nr++, at += sizeof(char *)) {
		if (!xv6_can_read(at & ~7ul) || !xv6_can_read((at + 7) & ~7ul))
			return -1;
		args[nr] = *(const char *const *)at;
		if (!args[nr])
			break;
		len = xv6_string_length(args[nr], sp);
		if (len < 0)
			return -1;
		sp = xv6_push(sp, len + 1);
	}
	return nr < MAXARG && sp >= (nr + 1) * sizeof(char *) ? nr : -1;
}

CALL int
exec(const char *path, const char **argv)
{
	static const char *args[MAXARG + 1];
	static const char *environment[] = {"XV6=1", 0};
	const char *name = xv6_name(path, 0);

	if (!name || get_arguments(argv, args) < 0)
		return -1;
	return answer(LINUX3(__NR_execve, name, args, environment));
}

/* ---- time -----------------------------------------------------------------
 */

static int
rest(int ticks)
{
	struct __kernel_timespec t;
	long ns = ticks * TICK_NS;

	if (ticks <= 0)
		return 0;
	t.tv_sec = ns / 1000000000;
	t.tv_nsec = ns % 1000000000;
	return answer(LINUX2(__NR_nanosleep, &t, 0));
}

/* Its name until 2025, and since. */
CALL int
sleep(int ticks)
{
	return rest(ticks);
}

CALL int
pause(int ticks)
{
	return rest(ticks);
}

CALL int
uptime(void)
{
	struct __kernel_timespec t;

	LINUX2(__NR_clock_gettime, CLOCK_MONOTONIC, &t);
	return (int)(t.tv_sec * 10 + t.tv_nsec / TICK_NS);
}

/* ---- open files -----------------------------------------------------------
 */

CALL int
pipe(int *fd)
{
	return answer(LINUX2(__NR_pipe2, fd, 0));
}

CALL int
dup(int fd)
{
	return answer(LINUX1(__NR_dup, fd));
}

CALL int
close(int fd)
{
	return answer(LINUX1(__NR_close, fd));
}

CALL int
read(int fd, void *to, int n)
{
	long r = n < 0 ? -EINVAL : LINUX3(__NR_read, fd, to, n);

	return r == -EISDIR ? xv6_read_dir(fd, (uint64)to, n) : answer(r);
}

static int
look_at(int fd)
{
	return answer(LINUX5(
	    __NR_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &about));
}

/*
 * Behind the end of a file there may be no hole.  The position first: others
 * who have the file open as we do may move both on.
 */
static int
is_past_end(int fd)
{
	long position = LINUX3(__NR_lseek, fd, 0, SEEK_CUR);

	return look_at(fd) == 0 && (about.stx_mode & S_IFMT) == S_IFREG &&
	    position > (long)about.stx_size;
}

CALL int
write(int fd, const void *from, int n)
{
	long r;

	if (n < 0 || is_past_end(fd))
		return -1;
	r = LINUX3(__NR_write, fd, from, n);
	/* Of a file it is all or an error. */
	if (r != n && (about.stx_mode & S_IFMT) == S_IFREG)
		return -1;
	return answer(r);
}

static short
type_of_mode(int mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return T_DIR;
	case S_IFREG:
		return T_FILE;
	case S_IFLNK:
		return T_SYMLINK;
	}
	return T_DEVICE;
}

CALL int
fstat(int fd, struct stat *st)
{
	/* A pipe has nothing to tell. */
	if (look_at(fd) < 0 || (about.stx_mode & S_IFMT) == S_IFIFO ||
	    !xv6_can_write((uint64)st, sizeof(*st)))
		return -1;
	st->dev = ROOTDEV;
	st->ino = xv6_short_ino(about.stx_ino);
	st->type = type_of_mode(about.stx_mode);
	/* A directory's "." is not counted there. */
	st->nlink = about.stx_nlink - (st->type == T_DIR);
	st->size = about.stx_size;
	return 0;
}

/* ---- names ----------------------------------------------------------------
 */

static long
linux_flags(int mode)
{
	long flags = LINUX_RDONLY;

	if (mode & O_RDWR)
		flags = LINUX_RDWR;
	if (mode & O_WRONLY)
		flags = LINUX_WRONLY;
	if (mode & O_CREATE)
		flags |= LINUX_CREAT;
	if (mode & O_TRUNC)
		flags |= LINUX_TRUNC;
	if (mode & O_NOFOLLOW)
		flags = LINUX_PATH | LINUX_NOFOLLOW;
	return flags;
}

CALL int
open(const char *path, int mode)
{
	const char *name = xv6_name(path, 0);

	return !name ? -1
		     : answer(LINUX4(__NR_openat, AT_FDCWD, name,
			   linux_flags(mode), ALL_MAY));
}

CALL int
mknod(const char *path, short major, short minor)
{
	const char *name = xv6_name(path, 0);
	long dev = major == CONSOLE_MAJOR ? CONSOLE : NO_DEVICE(major, minor);

	return !name ? -1
		     : answer(LINUX4(__NR_mknodat, AT_FDCWD, name,
			   S_IFCHR | ALL_MAY, dev));
}

CALL int
mkdir(const char *path)
{
	const char *name = xv6_name(path, 0);

	return !name ? -1
		     : answer(LINUX3(__NR_mkdirat, AT_FDCWD, name, ALL_MAY));
}

CALL int
chdir(const char *path)
{
	const char *name = xv6_name(path, 0);

	return !name ? -1 : answer(LINUX1(__NR_chdir, name));
}

CALL int
link(const char *old, const char *new)
{
	const char *from = xv6_name(old, 0), *to = xv6_name(new, 1);

	return !from || !to
	    ? -1
	    : answer(LINUX5(__NR_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

/* A directory that is empty goes by the same call. */
CALL int
unlink(const char *path)
{
	const char *name = xv6_name(path, 0);
	long r;

	if (!name)
		return -1;
	r = LINUX3(__NR_unlinkat, AT_FDCWD, name, 0);
	if (r == -EISDIR)
		r = LINUX3(__NR_unlinkat, AT_FDCWD, name, AT_REMOVEDIR);
	return answer(r);
}

/* Of an exercise. */
CALL int
symlink(const char *target, const char *path)
{
	const char *to = xv6_name(target, 0), *name = xv6_name(path, 1);

	return !to || !name
	    ? -1
	    : answer(LINUX3(__NR_symlinkat, to, AT_FDCWD, name));
}
