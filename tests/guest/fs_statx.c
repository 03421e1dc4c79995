/* statx: as stat, in a larger dress. */
#include "files.h"

#include <sys/sysmacros.h>

static int
sx(int dir, const char *path, int flags, unsigned int mask, struct statx *x)
{
	memset(x, 0xee, sizeof(*x));
	return raw(statx, dir, path, flags, mask, x);
}

static void
agrees_with_stat(const char *path)
{
	struct statx x;
	struct stat st;

	must(lstat(path, &st));
	is(sx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &x), 0,
	    "statx of %s", path);
	is(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS, "has it all");
	is(x.stx_mode, st.st_mode, "mode");
	is(x.stx_nlink, st.st_nlink, "links");
	is(x.stx_uid, st.st_uid, "owner");
	is(x.stx_gid, st.st_gid, "group");
	ok(x.stx_ino == st.st_ino, "number");
	ok(x.stx_size == (uint64_t)st.st_size, "size");
	ok(x.stx_blocks == (uint64_t)st.st_blocks, "blocks");
	is(x.stx_blksize, st.st_blksize, "block size");
	is(x.stx_mtime.tv_sec, st.st_mtim.tv_sec, "time of change");
	is(x.stx_mtime.tv_nsec, st.st_mtim.tv_nsec, "to the nanosecond");
	is(x.stx_ctime.tv_sec, st.st_ctim.tv_sec, "and of the mode's change");
	is(x.stx_atime.tv_nsec, st.st_atim.tv_nsec, "and of access");
	is(makedev(x.stx_dev_major, x.stx_dev_minor), st.st_dev, "device");
	is(makedev(x.stx_rdev_major, x.stx_rdev_minor), st.st_rdev,
	    "device it stands for");
}

static void
paths(void)
{
	struct statx x;
	int fd = must(open("file", O_RDONLY)), dir = must(open(".", O_RDONLY));

	is(sx(fd, "", AT_EMPTY_PATH, STATX_ALL, &x), 0, "AT_EMPTY_PATH");
	ok(x.stx_ino == file_ino("file"), "of a descriptor's file");
	is(sx(dir, "file", 0, STATX_ALL, &x), 0, "from a folder");
	is(sx(AT_FDCWD, "link", 0, STATX_ALL, &x), 0, "through a link");
	is(x.stx_mode & S_IFMT, S_IFREG, "follows it");
	is(sx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_ALL, &x), 0,
	    "AT_SYMLINK_NOFOLLOW");
	is(x.stx_mode & S_IFMT, S_IFLNK, "does not");
	is(sx(AT_FDCWD, "file", AT_NO_AUTOMOUNT, 0, &x), 0,
	    "AT_NO_AUTOMOUNT and no mask");
	is(sx(AT_FDCWD, "file", AT_STATX_FORCE_SYNC, STATX_ALL, &x), 0,
	    "AT_STATX_FORCE_SYNC");
	is(sx(AT_FDCWD, "file", AT_STATX_DONT_SYNC, 0x40000000, &x), 0,
	    "an unknown mask bit is let pass");
	close(fd);
	close(dir);
}

static void
refuses(void)
{
	struct statx x;
	int both = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
	char *border = page_border(), *fits = border - sizeof(x);

	is_errno(sx(AT_FDCWD, "none", 0, STATX_ALL, &x), ENOENT, "nothing");
	is_errno(sx(AT_FDCWD, "", 0, STATX_ALL, &x), ENOENT, "no name");
	is_errno(
	    sx(AT_FDCWD, "file/x", 0, STATX_ALL, &x), ENOTDIR, "below a file");
	is_errno(sx(-1, "file", 0, STATX_ALL, &x), EBADF, "from nowhere");
	is_errno(sx(-1, "", AT_EMPTY_PATH, STATX_ALL, &x), EBADF, "of nothing");
	is_errno(sx(AT_FDCWD, "file", 1, STATX_ALL, &x), EINVAL, "flag 1");
	is_errno(sx(AT_FDCWD, "file", -1, STATX_ALL, &x), EINVAL, "all flags");
	is_errno(sx(AT_FDCWD, "file", both, STATX_ALL, &x), EINVAL,
	    "both ways to be in step");
	is_errno(sx(AT_FDCWD, "file", 0, 0x80000000, &x), EINVAL,
	    "the mask's reserved bit");
	is_errno(
	    raw(statx, AT_FDCWD, 8, 0, STATX_ALL, &x), EFAULT, "a bad path");
	is_errno(raw(statx, AT_FDCWD, "file", 0, STATX_ALL, 8), EFAULT,
	    "a bad buffer");
	is(raw(statx, AT_FDCWD, "file", 0, STATX_ALL, fits), 0,
	    "a buffer that just fits");
	is_errno(raw(statx, AT_FDCWD, "file", 0, STATX_ALL, fits + 8), EFAULT,
	    "one that does not");
}

TEST(fs_statx)
{
	file_make("file", "0123456789");
	must(symlink("file", "link"));
	must(mkdir("dir", 0755));
	agrees_with_stat("file");
	agrees_with_stat("link");
	agrees_with_stat("dir");
	agrees_with_stat("/dev/null");
	paths();
	refuses();
}
