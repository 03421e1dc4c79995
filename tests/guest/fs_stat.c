/* fstat and newfstatat: what they say of each kind of file. */
#include "files.h"

#include <sys/sysmacros.h>

static void
of_files(void)
{
	struct stat a, b;

	file_make("file", "0123456789");
	memset(&a, 0xff, sizeof(a));
	is(stat("file", &a), 0, "stat of a file");
	is(a.st_mode, S_IFREG | 0644, "mode");
	is(a.st_nlink, 1, "links");
	is(a.st_uid, 0, "owner");
	is(a.st_gid, 0, "group");
	is(a.st_size, 10, "size");
	is(a.st_rdev, 0, "no device");
	is(a.st_blocks, 8, "blocks of 512 bytes, a page's worth");
	is(a.st_blksize, 4096, "the best size to read by");
	ok(a.st_ino != 0, "a number");
	must(stat(".", &b));
	is(a.st_dev, b.st_dev, "its folder's device");
	ok(a.st_ino != b.st_ino, "but not its number");
	is(b.st_mode & S_IFMT, S_IFDIR, "a folder is a folder");
	file_make("other", "");
	must(stat("other", &b));
	ok(a.st_ino != b.st_ino, "nor another file's");
	is(b.st_blocks, 0, "an empty file has no blocks");
}

static void
of_others(void)
{
	struct stat st;
	int p[2];

	must(stat("/dev/null", &st));
	is(st.st_mode, S_IFCHR | 0666, "/dev/null");
	is(st.st_rdev, makedev(1, 3), "its number");
	must(pipe(p));
	for (int i = 0; i < 2; i++) {
		must(fstat(p[i], &st));
		is(st.st_mode, S_IFIFO | 0600, "a pipe, end %d", i);
		is(st.st_size, 0, "has no size");
		is(st.st_nlink, 1, "one link");
		close(p[i]);
	}
	must(stat("/proc/self/status", &st));
	is(st.st_mode, S_IFREG | 0444, "a file of /proc");
	must(stat("/proc", &st));
	is(st.st_mode & S_IFMT, S_IFDIR, "/proc");
}

static void
of_links(void)
{
	struct stat st;

	must(symlink("file", "link"));
	must(symlink("nowhere", "dangling"));
	must(stat("link", &st));
	is(st.st_mode & S_IFMT, S_IFREG, "stat follows links");
	must(lstat("link", &st));
	is(st.st_mode, S_IFLNK | 0777, "AT_SYMLINK_NOFOLLOW does not");
	is(st.st_size, 4, "a link is as long as its words");
	is_errno(stat("dangling", &st), ENOENT, "a link to nowhere");
	is(lstat("dangling", &st), 0, "is there");
}

static void
by_descriptor(void)
{
	int fd = must(open("file", O_RDONLY)), dir = must(open(".", O_RDONLY));
	struct stat st, other;

	is(raw(fstat, fd, &st), 0, "fstat");
	is(st.st_ino, file_ino("file"), "of the descriptor's file");
	must(unlink("file"));
	is(raw(fstat, fd, &st), 0, "fstat of a file without a name");
	is(st.st_nlink, 0, "no links");
	is(st.st_size, 10, "but all the rest");
	is(raw(newfstatat, fd, "", &other, AT_EMPTY_PATH), 0, "AT_EMPTY_PATH");
	is(memcmp(&st, &other, sizeof(st)), 0, "says the same");
	is(raw(newfstatat, dir, "other", &st, 0), 0, "from a folder");
	is(st.st_ino, file_ino("other"), "to a name in it");
	is(raw(newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH), 0,
	    "AT_EMPTY_PATH of the working directory");
	is(st.st_ino, file_ino("."), "is that");
	is(raw(newfstatat, fd, "/dev", &st, 0), 0,
	    "an absolute path needs no folder");
	is(raw(newfstatat, -1, "/dev", &st, 0), 0, "nor a descriptor");
	is_errno(raw(newfstatat, fd, "x", &st, 0), ENOTDIR, "from a file");
	is_errno(raw(newfstatat, -1, "x", &st, 0), EBADF, "from none");
	is_errno(raw(newfstatat, -1, "", &st, AT_EMPTY_PATH), EBADF,
	    "AT_EMPTY_PATH of none");
	is_errno(raw(fstat, -1, &st), EBADF, "fstat of none");
	close(fd);
	close(dir);
}

static void
refuses(void)
{
	struct stat st;
	char *border = page_border();

	is_errno(stat("none", &st), ENOENT, "nothing");
	is_errno(stat("", &st), ENOENT, "no name");
	is_errno(stat("other/x", &st), ENOTDIR, "below a file");
	is_errno(stat("other/", &st), ENOTDIR, "a file with a slash");
	is_errno(raw(newfstatat, AT_FDCWD, "other", &st, 1), EINVAL, "flag 1");
	is_errno(
	    raw(newfstatat, AT_FDCWD, "other", &st, -1), EINVAL, "all flags");
	is_errno(raw(newfstatat, AT_FDCWD, 8, &st, 0), EFAULT, "a bad path");
	is_errno(
	    raw(newfstatat, AT_FDCWD, "other", 8, 0), EFAULT, "a bad buffer");
	is(raw(newfstatat, AT_FDCWD, "other", border - sizeof(st), 0), 0,
	    "a buffer that just fits");
	is_errno(raw(newfstatat, AT_FDCWD, "other", border - sizeof(st) + 8, 0),
	    EFAULT, "one that does not");
}

static void
by_somebody(void)
{
	struct stat st;

	is(stat("secret", &st), 0, "stat needs no right to the file");
	is_errno(stat("shut/in", &st), EACCES, "but the way there");
	is_errno(stat("shut/none", &st), EACCES, "even if it is not there");
	is_errno(stat("shut/in/x", &st), EACCES, "and below it");
}

TEST(fs_stat)
{
	must(chmod(".", 0755));
	of_files();
	of_others();
	of_links();
	by_descriptor();
	refuses();
	must(close(must(open("secret", O_CREAT | O_WRONLY, 0))));
	must(mkdir("shut", 0700));
	file_make("shut/in", "");
	as_user(by_somebody);
}
