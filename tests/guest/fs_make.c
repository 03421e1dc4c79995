/* mkdirat and mknodat: what new names are like, and which can't be had. */
#include "files.h"

#include <sys/sysmacros.h>

static void
folders(void)
{
	struct stat st;

	umask(027);
	is(mkdir("d", 0777), 0, "mkdir");
	must(stat("d", &st));
	is(st.st_mode, S_IFDIR | 0750, "its mode lacks what umask has");
	is(st.st_nlink, 2, "it has two links");
	umask(0);
	is(mkdir("t", 01777), 0, "mkdir of a sticky folder");
	is(file_mode("t"), 01777, "is sticky");
	is(mkdir("s", 07777), 0, "mkdir with every bit");
	is(file_mode("s"), 01777, "drops setuid and setgid");
	umask(022);
	is(mkdir("slash///", 0755), 0, "slashes behind the name are fine");
	is(file_ino("d/."), file_ino("d"), ". is there");
	is(file_ino("d/.."), file_ino("."), ".. too");
}

static void
refuses_folders(void)
{
	int fd = must(open("file", O_RDONLY));

	is_errno(mkdir("d", 0755), EEXIST, "mkdir over a folder");
	is_errno(mkdir("file", 0755), EEXIST, "over a file");
	is_errno(mkdir("dangling", 0755), EEXIST, "over a link to nowhere");
	is_errno(mkdir("dangling/", 0755), EEXIST, "with a slash too");
	is_errno(mkdir(".", 0755), EEXIST, "of .");
	is_errno(mkdir("..", 0755), EEXIST, "of ..");
	is_errno(mkdir("/", 0755), EEXIST, "of /");
	is_errno(mkdir("d/.", 0755), EEXIST, "of d/.");
	is_errno(mkdir("none/.", 0755), ENOENT, "of . in no folder");
	is_errno(mkdir("none/d", 0755), ENOENT, "in no folder");
	is_errno(mkdir("", 0755), ENOENT, "of no name");
	is_errno(mkdir("file/d", 0755), ENOTDIR, "below a file");
	is_errno(mkdirat(-1, "x", 0755), EBADF, "from no descriptor");
	is_errno(mkdirat(fd, "x", 0755), ENOTDIR, "from a file");
	ok(!file_exists("nowhere"), "nothing was made behind the link");
	close(fd);
}

static void
nodes(void)
{
	struct stat st;

	umask(027);
	is(mknod("f1", 0666, 0), 0, "mknod with no kind");
	must(stat("f1", &st));
	is(st.st_mode, S_IFREG | 0640, "makes a file");
	is(mknod("f2", S_IFREG | 04755, 0), 0, "mknod of a file");
	is(file_mode("f2"), 04750, "keeps setuid");
	is(mknod("p", S_IFIFO | 0666, 0), 0, "of a FIFO");
	must(stat("p", &st));
	is(st.st_mode, S_IFIFO | 0640, "is one");
	is(mknod("c", S_IFCHR | 0600, makedev(1, 3)), 0, "of a device");
	must(stat("c", &st));
	is(st.st_mode, S_IFCHR | 0600, "is a device");
	is(st.st_rdev, makedev(1, 3), "with the number it was given");
	is(mknod("b", S_IFBLK | 0600, makedev(259, 70000)), 0,
	    "of a block device");
	must(stat("b", &st));
	is(st.st_mode, S_IFBLK | 0600, "is one");
	is(st.st_rdev, makedev(259, 70000), "with a large number");
	is(mknod("sock", S_IFSOCK | 0600, 0), 0, "of a socket");
	umask(022);
}

static void
opens_nodes(void)
{
	char c;
	int fd = open("c", O_RDWR);

	ok(fd >= 0, "a node of device 1:3 can be opened");
	is(write(fd, "x", 1), 1, "and written as /dev/null");
	is(read(fd, &c, 1), 0, "and read");
	close(fd);
	must(mknod("nodev", S_IFCHR | 0600, makedev(4000, 77)));
	is_errno(open("nodev", O_RDONLY), ENXIO, "a number without a driver");
	is_errno(open("b", O_RDONLY), ENXIO, "a block device without one");
	is_errno(open("sock", O_RDWR), ENXIO, "a socket can't be opened");
}

static void
refuses_nodes(void)
{
	is_errno(mknod("f1", S_IFREG | 0600, 0), EEXIST, "over a file");
	is_errno(mknod("dangling", S_IFREG | 0600, 0), EEXIST, "over a link");
	is_errno(mknod("x", S_IFDIR | 0700, 0), EPERM, "of a folder");
	is_errno(mknod("x", S_IFLNK | 0700, 0), EINVAL, "of a link");
	is_errno(mknod("x", S_IFMT | 0700, 0), EINVAL, "of no known kind");
	is_errno(mknod("x/", S_IFREG | 0600, 0), ENOENT, "with a slash");
	is_errno(mknod("none/x", S_IFREG | 0600, 0), ENOENT, "in no folder");
	is_errno(mknod("file/x", S_IFREG | 0600, 0), ENOTDIR, "below a file");
	is_errno(mknod("", S_IFREG | 0600, 0), ENOENT, "of no name");
	is_errno(mknod(".", S_IFREG | 0600, 0), EEXIST, "of .");
	is_errno(
	    mknodat(-1, "x", S_IFREG | 0600, 0), EBADF, "from no descriptor");
	ok(!file_exists("x"), "nothing was made");
}

static void
by_somebody(void)
{
	is(mknod("u/file", S_IFREG | 0600, 0), 0, "anybody makes files");
	is(mknod("u/fifo", S_IFIFO | 0600, 0), 0, "and FIFOs");
	is_errno(mknod("u/dev", S_IFCHR | 0600, makedev(1, 3)), EPERM,
	    "but not devices");
	is_errno(mknod("u/blk", S_IFBLK | 0600, makedev(1, 3)), EPERM,
	    "of neither kind");
}

TEST(fs_make)
{
	must(chmod(".", 0755));
	must(mkdir("u", 0777));
	must(chmod("u", 0777));
	file_make("file", "");
	must(symlink("nowhere", "dangling"));
	folders();
	refuses_folders();
	nodes();
	opens_nodes();
	refuses_nodes();
	as_user(by_somebody);
}
