/* execveat: programs by descriptor, and relative to folders. */
#include "tap.h"

#include <sys/stat.h>

static char *argv[] = {"x", "@execat_tell", NULL};

HELPER(execat_tell)
{
	return 61;
}

static long
execat(int fd, const char *path, int flags)
{
	return syscall(SYS_execveat, fd, path, argv, environ, flags);
}

static int fd, flags;
static const char *path;

static void
exec_it(void)
{
	execat(fd, path, flags);
	_exit(126);
}

static void
works(int from, const char *which, int how, const char *what)
{
	fd = from;
	path = which;
	flags = how;
	exits(61, exec_it, "%s", what);
}

TEST(proc_execat)
{
	int here = must(open(".", O_RDONLY | O_DIRECTORY));
	int file = must(open(tap_self, O_PATH)), plain;

	must(symlink(tap_self, "link"));
	works(AT_FDCWD, "link", 0, "relative to where we are");
	works(here, "link", 0, "relative to a folder");
	works(77, tap_self, 0, "absolute: the descriptor does not matter");
	works(file, "", AT_EMPTY_PATH, "the descriptor itself");
	works(must(open(tap_self, O_RDONLY)), "", AT_EMPTY_PATH,
	    "one that was opened to be read");

	is_errno(execat(here, "link", AT_SYMLINK_NOFOLLOW), ELOOP,
	    "a link that is not to be followed");
	is_errno(execat(here, "none", 0), ENOENT, "no such file");
	is_errno(execat(77, "link", 0), EBADF, "no such descriptor");
	is_errno(execat(77, "", AT_EMPTY_PATH), EBADF, "nor here");
	is_errno(execat(file, "x", 0), ENOTDIR, "a file is no folder");
	is_errno(execat(file, "", 0), ENOENT, "empty without the flag");
	is_errno(execat(here, "", AT_EMPTY_PATH), EACCES, "a folder");
	is_errno(execat(here, "link", 0x8000), EINVAL, "no such flag");
	is_errno(execat(here, NOWHERE, 0), EFAULT, "a path nowhere");
	plain = must(open("plain", O_RDWR | O_CREAT, 0644));
	is_errno(execat(plain, "", AT_EMPTY_PATH), EACCES, "no x bit");
}
