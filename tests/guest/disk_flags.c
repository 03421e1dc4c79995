/*
 * Files that root cannot change: the flags of chattr.  Not a test by itself,
 * for it wants a disk: tests/boot/disk-mount.t.
 *
 *	/tests/guest @disk_flags DISK TYPE
 *
 * On the disk: still, which is immutable, and log, which can only be added to,
 * made by others; both are left so.
 */
#include "caps.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <time.h>

static int
get_flags(const char *path)
{
	int fd = must(open(path, O_RDONLY)), flags = 0;

	must(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	close(fd);
	return flags;
}

static int
set_flags(const char *path, int flags)
{
	int fd = must(open(path, O_RDONLY));
	int result = ioctl(fd, FS_IOC_SETFLAGS, &flags), error = errno;

	close(fd);
	errno = error;
	return result;
}

static void
immutable(void)
{
	struct timespec old[2] = {{1, 0}, {1, 0}};
	struct stat st;

	ok(get_flags("still") & FS_IMMUTABLE_FL, "the disk's flag is shown");
	is_errno(open("still", O_WRONLY), EPERM, "open to write");
	is_errno(open("still", O_WRONLY | O_APPEND), EPERM, "or to add");
	is_errno(access("still", W_OK), EPERM, "access knows");
	is_errno(unlink("still"), EPERM, "unlink");
	is_errno(rename("still", "x"), EPERM, "rename");
	is_errno(rename("free", "still"), EPERM, "over it");
	is_errno(link("still", "x"), EPERM, "link");
	is_errno(chmod("still", 0600), EPERM, "chmod");
	is_errno(chown("still", 1, 1), EPERM, "chown");
	is_errno(truncate("still", 0), EPERM, "truncate");
	is_errno(utimensat(AT_FDCWD, "still", NULL, 0), EPERM, "times, now");
	is_errno(utimensat(AT_FDCWD, "still", old, 0), EPERM, "or others");
	ok(file_holds("still", "still\n"), "it can be read");
	must(stat("still", &st));
	is(st.st_nlink, 1, "and is what it was");
}

static void
append_only(void)
{
	struct timespec old[2] = {{1, 0}, {1, 0}};
	int fd;

	ok(get_flags("log") & FS_APPEND_FL, "the disk's flag is shown");
	is_errno(open("log", O_WRONLY), EPERM, "open to write");
	is_errno(open("log", O_RDWR), EPERM, "both ways");
	is_errno(open("log", O_WRONLY | O_APPEND | O_TRUNC), EPERM, "to cut");
	is_errno(truncate("log", 0), EPERM, "truncate");
	is_errno(unlink("log"), EPERM, "unlink");
	is_errno(rename("log", "x"), EPERM, "rename");
	is_errno(link("log", "x"), EPERM, "link");
	is_errno(chmod("log", 0600), EPERM, "chmod");
	is_errno(utimensat(AT_FDCWD, "log", old, 0), EPERM, "other times");
	is(utimensat(AT_FDCWD, "log", NULL, 0), 0, "but now may be set");
	fd = must(open("log", O_WRONLY | O_APPEND));
	is(write(fd, "more\n", 5), 5, "it can be added to");
	is_errno(ftruncate(fd, 0), EPERM, "and not cut off by that");
	is_errno(fcntl(fd, F_SETFL, 0), EPERM, "nor written elsewhere");
	close(fd);
	ok(file_holds("log", "log\nmore\n"), "all is there");
}

static void
of_folders(void)
{
	must(mkdir("d", 0755));
	file_make("d/a", "");
	is(set_flags("d", FS_APPEND_FL), 0, "a folder to be added to");
	file_make("d/b", "");
	ok(file_exists("d/b"), "names can be made");
	is_errno(unlink("d/a"), EPERM, "not taken away");
	is_errno(rename("d/a", "d/c"), EPERM, "or changed");
	is(set_flags("d", FS_IMMUTABLE_FL), 0, "one that stays");
	is_errno(open("d/c", O_CREAT | O_WRONLY, 0644), EPERM, "no new name");
	is_errno(unlink("d/a"), EPERM, "all the old ones");
	file_make("d/a", "text");
	ok(file_holds("d/a", "text"), "but files there can be changed");
	is(set_flags("d", 0), 0, "and back");
	is(unlink("d/a"), 0, "then they go");
}

/* What is made in a folder begins with the folder's, as far as it may. */
static void
handed_down(void)
{
	int all = FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL | FS_DIRSYNC_FL;

	must(mkdir("from", 0755));
	is(set_flags("from", all | FS_TOPDIR_FL), 0, "a folder's flags");
	must(mkdir("from/d", 0755));
	file_make("from/f", "");
	is(get_flags("from/d"), all, "go to a folder in it");
	is(get_flags("from/f"), all & ~FS_DIRSYNC_FL, "and to a file");
	must(unlink("from/f"));
	must(rmdir("from/d"));
	must(rmdir("from"));
}

static void
by_somebody(void)
{
	is_errno(set_flags("free", FS_NODUMP_FL), EPERM, "another's file");
	is(set_flags("mine", FS_NODUMP_FL), 0, "his own");
	is(get_flags("mine"), FS_NODUMP_FL, "is flagged");
	is_errno(set_flags("mine", FS_IMMUTABLE_FL), EPERM, "not with root's");
}

static void
of_files(void)
{
	int fd;

	file_make("free", "");
	file_make("mine", "");
	must(chown("mine", USER, USER));
	fd = must(open("free", O_RDWR));
	is(set_flags("free", FS_IMMUTABLE_FL | FS_NODUMP_FL), 0, "set");
	is_errno(write(fd, "x", 1), EPERM, "an open file does not help");
	must(close(fd));
	is(set_flags("free", FS_NODUMP_FL), 0, "taken away");
	is(get_flags("free"), FS_NODUMP_FL, "one is left, which forbids none");
	file_make("free", "x");
	is_errno(set_flags("free", 1 << 30), EOPNOTSUPP, "an unknown one");
	fd = must(open("free", O_RDONLY));
	is_errno(ioctl(fd, FS_IOC_SETFLAGS, NOWHERE), EFAULT, "from nowhere");
	is_errno(ioctl(fd, FS_IOC_GETFLAGS, NOWHERE), EFAULT, "to nowhere");
	must(close(fd));
}

static void
make_users(void)
{
	if (file_exists("users"))
		must(set_flags("users", 0));
	file_make("users", "");
	must(chown("users", USER, USER));
}

static int
let_append(void)
{
	return set_flags("users", FS_APPEND_FL);
}

static const struct deed with_flag = {
    "a flag of root's", CAP_LINUX_IMMUTABLE, 0, EPERM, make_users, let_append};

HELPER(disk_flags)
{
	ensure(argc == 4);
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	must(chdir("/mnt"));
	of_files();
	immutable();
	append_only();
	of_folders();
	handed_down();
	as_user(by_somebody);
	caps_try(&with_flag);
	must(chdir("/"));
	must(mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	is_errno(set_flags("/mnt/free", 0), EROFS, "on what is only read");
	must(umount("/mnt"));
	must(mount(argv[2], "/mnt", argv[3], MS_RDONLY, NULL));
	ok(get_flags("/mnt/still") & FS_IMMUTABLE_FL, "the disk keeps one");
	is(get_flags("/mnt/free"), FS_NODUMP_FL, "and the other");
	must(umount("/mnt"));
	return 0;
}
