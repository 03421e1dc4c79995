/* linkat, symlinkat and readlinkat. */
#include "files.h"

static nlink_t
links(const char *path)
{
	struct stat st;

	must(lstat(path, &st));
	return st.st_nlink;
}

/* A file without a name gets one, and none again when that is gone. */
static void
first_link(void)
{
	int fd = must(open(".", O_TMPFILE | O_RDWR, 0600));
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	is(linkat(AT_FDCWD, path, AT_FDCWD, "first", AT_SYMLINK_FOLLOW), 0,
	    "a file that had no name");
	is(unlink("first"), 0, "loses it");
	is_errno(linkat(AT_FDCWD, path, AT_FDCWD, "second", AT_SYMLINK_FOLLOW),
	    ENOENT, "and gets no other");
	close(fd);
}

static void
hard_links(void)
{
	is(links("file"), 1, "a file has one name");
	is(link("file", "two"), 0, "link");
	is(links("file"), 2, "gives it another");
	is(file_ino("two"), file_ino("file"), "for the same file");
	file_make("two", "new");
	ok(file_holds("file", "new"), "written by one, read by the other");
	must(unlink("file"));
	is(links("two"), 1, "one name gone");
	ok(file_holds("two", "new"), "the file lives under the other");
	must(link("two", "file"));
	must(unlink("two"));
}

static void
refuses(void)
{
	is_errno(link("none", "x"), ENOENT, "link of nothing");
	is_errno(link("", "x"), ENOENT, "of no name");
	is_errno(link("file", ""), ENOENT, "to no name");
	is_errno(link("file", "none/x"), ENOENT, "into no folder");
	is_errno(link("file", "file"), EEXIST, "to itself");
	is_errno(link("file", "dir"), EEXIST, "over a folder");
	is_errno(link("file", "sym"), EEXIST, "over a link");
	is_errno(link("file", "dangling"), EEXIST, "over one to nowhere");
	is_errno(link("dir", "x"), EPERM, "of a folder");
	is_errno(link("dir", "file"), EEXIST, "of a folder over a file");
	is_errno(link("file/x", "x"), ENOTDIR, "from below a file");
	is_errno(link("file", "file/x"), ENOTDIR, "to below a file");
	is_errno(link("file/", "x"), ENOTDIR, "of a file with a slash");
	is_errno(link("file", "x/"), ENOENT, "to a name with a slash");
	is_errno(link("file", "."), EEXIST, "to .");
	is_errno(link("file", "/"), EEXIST, "to /");
	is_errno(
	    link("/proc/self/status", "x"), EXDEV, "from another file system");
	is(links("file"), 1, "failures make no links");
}

static void
link_flags(void)
{
	struct stat st;
	int fd = must(open("file", O_RDONLY)), dir;

	is(linkat(AT_FDCWD, "sym", AT_FDCWD, "sym2", 0), 0,
	    "linkat does not follow links");
	must(lstat("sym2", &st));
	ok(S_ISLNK(st.st_mode), "a name of a link is a link");
	is(linkat(AT_FDCWD, "sym", AT_FDCWD, "f2", AT_SYMLINK_FOLLOW), 0,
	    "AT_SYMLINK_FOLLOW does");
	is(file_ino("f2"), file_ino("file"), "and names the file");
	is(linkat(fd, "", AT_FDCWD, "f3", AT_EMPTY_PATH), 0,
	    "AT_EMPTY_PATH names a descriptor's file");
	is(file_ino("f3"), file_ino("file"), "that one");
	is_errno(linkat(fd, "", AT_FDCWD, "f4", 0), ENOENT, "only with it");
	is_errno(linkat(AT_FDCWD, "file", AT_FDCWD, "f4", 1), EINVAL,
	    "an unknown flag");
	is_errno(
	    linkat(-1, "file", AT_FDCWD, "f4", 0), EBADF, "from no descriptor");
	is_errno(linkat(AT_FDCWD, "file", -1, "f4", 0), EBADF, "to none");
	dir = must(open("dir", O_RDONLY));
	is(linkat(AT_FDCWD, "file", dir, "f4", 0), 0, "to a folder's");
	is(file_ino("dir/f4"), file_ino("file"), "works");
	must(unlink("f2"));
	must(unlink("f3"));
	must(unlink("dir/f4"));
	close(fd);
	close(dir);
	fd = must(open("brief", O_CREAT | O_RDWR, 0600));
	must(unlink("brief"));
	is_errno(linkat(fd, "", AT_FDCWD, "back", AT_EMPTY_PATH), ENOENT,
	    "a file without any name gets none again");
	close(fd);
}

static void
symbolic_links(void)
{
	char target[PATH_MAX + 1], buf[16];
	struct stat st;

	memset(target, 'a', sizeof(target));
	is(symlink("anything // goes\n", "odd"), 0, "symlink to any words");
	must(lstat("odd", &st));
	is(st.st_size, 17, "its size is their length");
	is(st.st_mode, S_IFLNK | 0777, "its mode is 0777");
	is_errno(symlink("", "x"), ENOENT, "to no words");
	is_errno(symlink("x", ""), ENOENT, "under no name");
	is_errno(symlink("x", "file"), EEXIST, "over a file");
	is_errno(symlink("x", "dangling"), EEXIST, "over a link");
	is_errno(symlink("x", "none/x"), ENOENT, "in no folder");
	is_errno(symlink("x", "file/x"), ENOTDIR, "below a file");
	is_errno(symlink("x", "y/"), ENOENT, "under a name with a slash");
	is_errno(symlinkat("x", -1, "y"), EBADF, "from no descriptor");
	target[PATH_MAX] = '\0';
	is_errno(symlink(target, "x"), ENAMETOOLONG, "to 4096 bytes");
	target[PATH_MAX - 1] = '\0';
	is(symlink(target, "long"), 0, "to 4095 bytes");
	is(readlink("long", target, sizeof(target)), PATH_MAX - 1,
	    "which readlink gives back");
	is(readlink("odd", buf, 4), 4, "readlink into a small buffer");
	is(memcmp(buf, "anyt", 4), 0, "cuts");
}

static void
reads_links(void)
{
	char buf[16] = "~~~~~~~~~";
	int fd = must(open("file", O_RDONLY));

	is(readlink("sym", buf, sizeof(buf)), 4, "readlink");
	is(memcmp(buf, "file~", 5), 0, "adds no zero byte");
	is_errno(readlink("sym", buf, 0), EINVAL, "into no room");
	is_errno(raw(readlinkat, AT_FDCWD, "sym", buf, -1), EINVAL,
	    "into room below zero");
	is_errno(readlink("file", buf, 4), EINVAL, "of a file");
	is_errno(readlink("dir", buf, 4), EINVAL, "of a folder");
	is_errno(readlink("none", buf, 4), ENOENT, "of nothing");
	is_errno(readlink("", buf, 4), ENOENT, "of no name");
	is_errno(readlink("file/x", buf, 4), ENOTDIR, "below a file");
	is_errno(readlink("sym/", buf, 4), ENOTDIR,
	    "a slash follows the link to a file");
	is_errno(readlink("dirsym/", buf, 4), EINVAL,
	    "or to a folder, which is no link");
	is_errno(readlink("loop/x", buf, 4), ELOOP, "through a loop");
	is(readlink("loop", buf, sizeof(buf)), 4, "of the loop itself");
	is_errno(readlinkat(-1, "sym", buf, 4), EBADF, "from no descriptor");
	is_errno(readlinkat(fd, "sym", buf, 4), ENOTDIR, "from a file");
	close(fd);
}

TEST(fs_link)
{
	file_make("file", "text");
	must(mkdir("dir", 0755));
	must(symlink("file", "sym"));
	must(symlink("dir", "dirsym"));
	must(symlink("nowhere", "dangling"));
	must(symlink("loop", "loop"));
	hard_links();
	first_link();
	refuses();
	link_flags();
	symbolic_links();
	reads_links();
}
