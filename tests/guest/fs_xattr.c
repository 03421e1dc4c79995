/*
 * Extended attributes: what is refused, in the order in which it is judged.
 * Where there are none, in /proc, every file system says the same.
 */
#include "files.h"

#include <sys/xattr.h>

#define NONE "/proc/version"

/* One byte more than a name may have. */
static char long_name[257];

static char value[65537];

static void
paths(void)
{
	is_errno(setxattr("gone", "user.a", "v", 1, 0), ENOENT, "setxattr");
	is_errno(lsetxattr("gone", "user.a", "v", 1, 0), ENOENT, "lsetxattr");
	is_errno(getxattr("gone", "user.a", value, 9), ENOENT, "getxattr");
	is_errno(lgetxattr("gone", "user.a", value, 9), ENOENT, "lgetxattr");
	is_errno(listxattr("gone", value, 9), ENOENT, "listxattr");
	is_errno(llistxattr("gone", value, 9), ENOENT, "llistxattr");
	is_errno(removexattr("gone", "user.a"), ENOENT, "removexattr");
	is_errno(lremovexattr("gone", "user.a"), ENOENT, "lremovexattr");
	is_errno(raw(getxattr, NOWHERE, "user.a", value, 9), EFAULT,
	    "a path from nowhere");
	is_errno(getxattr("", "user.a", value, 9), ENOENT, "an empty path");
	is_errno(getxattr("file/x", "user.a", value, 9), ENOTDIR,
	    "a path through a file");
	must(symlink("gone", "link"));
	is_errno(getxattr("link", "user.a", value, 9), ENOENT,
	    "a link that leads nowhere is followed");
	is(listxattr("file", value, 9), 0, "a file without any");
	is(llistxattr("link", value, 9), 0, "nor has the link any");
}

static void
descriptors(void)
{
	int place = must(open("file", O_PATH));

	is_errno(fsetxattr(-1, "user.a", "v", 1, 0), EBADF, "fsetxattr");
	is_errno(fgetxattr(-1, "user.a", value, 9), EBADF, "fgetxattr");
	is_errno(flistxattr(-1, value, 9), EBADF, "flistxattr");
	is_errno(fremovexattr(-1, "user.a"), EBADF, "fremovexattr");
	is_errno(fgetxattr(place, "user.a", value, 9), EBADF,
	    "a place is no open file");
	is_errno(flistxattr(place, value, 9), EBADF, "for a list either");
	close(place);
}

/* Flags, name, size, value; kernels differ in where the path is looked at. */
static void
arguments(void)
{
	memset(long_name, 'a', sizeof(long_name) - 1);
	memcpy(long_name, "user.", 5);
	is_errno(setxattr(NONE, "", "v", 1, 77), EINVAL, "first the flags");
	is_errno(setxattr(NONE, "", NOWHERE, 65537, 0), ERANGE,
	    "then the name: an empty one");
	is_errno(setxattr(NONE, long_name, NOWHERE, 65537, 0), ERANGE,
	    "one that is too long");
	is_errno(setxattr(NONE, NOWHERE, value, 65537, 0), EFAULT,
	    "one from nowhere");
	is_errno(setxattr(NONE, "user.a", NOWHERE, 65537, 0), E2BIG,
	    "then the size");
	is_errno(
	    setxattr(NONE, "user.a", NOWHERE, 5, 0), EFAULT, "then the value");
	is_errno(setxattr(NONE, "user.a", "v", 1, 0), EOPNOTSUPP,
	    "then whether there are any");
	is_errno(setxattr(NONE, "user.a", NOWHERE, 0, XATTR_CREATE), EOPNOTSUPP,
	    "of no bytes nothing is read");
	is_errno(getxattr(NONE, "", value, 9), ERANGE, "getxattr: no name");
	is_errno(getxattr(NONE, long_name, value, 9), ERANGE, "too long");
	is_errno(getxattr(NONE, NOWHERE, value, 9), EFAULT, "from nowhere");
	is_errno(
	    getxattr(NONE, "user.a", value, 9), EOPNOTSUPP, "there are none");
	is_errno(
	    getxattr(NONE, "user.a", NULL, 0), EOPNOTSUPP, "nor has it a size");
	is_errno(removexattr(NONE, ""), ERANGE, "removexattr: no name");
	is_errno(removexattr(NONE, long_name), ERANGE, "too long");
	is_errno(removexattr(NONE, "user.a"), EOPNOTSUPP, "there are none");
	is(listxattr(NONE, value, 9), 0, "the list is empty");
}

/* The same by descriptors: these come first. */
static void
arguments_fd(void)
{
	int fd = must(open(NONE, O_RDONLY));

	is_errno(fsetxattr(-1, "", "v", 1, 77), EBADF, "first the descriptor");
	is_errno(fsetxattr(fd, "", "v", 1, 77), EINVAL, "then the flags");
	is_errno(fsetxattr(fd, "", "v", 1, 0), ERANGE, "then the name");
	is_errno(fsetxattr(fd, "user.a", NOWHERE, 1, 0), EFAULT, "the value");
	is_errno(fgetxattr(fd, "", value, 9), ERANGE, "fgetxattr");
	is_errno(fgetxattr(fd, "user.a", value, 9), EOPNOTSUPP, "none");
	is_errno(fremovexattr(fd, ""), ERANGE, "fremovexattr");
	is_errno(fremovexattr(fd, "user.a"), EOPNOTSUPP, "none");
	is(flistxattr(fd, value, 9), 0, "an empty list");
	close(fd);
}

TEST(fs_xattr)
{
	file_make("file", "text");
	paths();
	descriptors();
	arguments();
	arguments_fd();
}
