/* mount and umount2, with tmpfs: what they cover and what they refuse. */
#include "files.h"

#include <sys/mount.h>
#include <sys/vfs.h>

#define TMPFS_MAGIC_NUMBER 0x01021994

static int
mount_tmpfs(const char *at, unsigned long flags, const char *options)
{
	return mount("none", at, "tmpfs", flags, options);
}

static void
covers(void)
{
	struct stat below, on;
	struct statfs sf;

	file_make("m/under", "under");
	must(stat("m", &below));
	is(mount_tmpfs("m", 0, NULL), 0, "mount");
	must(stat("m", &on));
	ok(below.st_dev != on.st_dev, "is another device");
	is(on.st_mode, S_IFDIR | 01777, "its root is everyone's");
	is(file_ino("m/.."), file_ino("."), ".. leads out of it");
	ok(!file_exists("m/under"), "it covers what was there");
	file_make("m/over", "over");
	must(statfs("m", &sf));
	is(sf.f_type, TMPFS_MAGIC_NUMBER, "statfs says what it is");
	is_errno(rmdir("m"), EBUSY, "its place can't be removed");
	is_errno(rename("m", "n"), EBUSY, "or renamed");
	is_errno(rename("m/over", "out"), EXDEV, "nothing can be moved out");
	is_errno(link("m/over", "out"), EXDEV, "or linked from outside");
	is(umount("m"), 0, "umount");
	ok(file_holds("m/under", "under"), "what was covered is back");
	ok(!file_exists("m/over"), "and what covered it gone");
}

static void
stacks(void)
{
	must(mount_tmpfs("m", 0, NULL));
	file_make("m/one", "");
	is(mount_tmpfs("m", 0, NULL), 0, "mount over a mount");
	ok(!file_exists("m/one"), "covers it");
	must(mkdir("m/d", 0755));
	is(mount_tmpfs("m/d", 0, NULL), 0, "mount within one");
	is_errno(umount("m"), EBUSY, "holds the outer one");
	is(umount("m/d"), 0, "until it goes");
	is(umount("m"), 0, "then the upper goes");
	ok(file_exists("m/one"), "and shows the lower");
	must(umount("m"));
}

static void
busy(void)
{
	int fd;

	must(mount_tmpfs("m", 0, NULL));
	fd = must(open("m/f", O_CREAT | O_RDWR, 0600));
	is_errno(umount("m"), EBUSY, "an open file holds it");
	is_errno(umount2("m", MNT_FORCE), EBUSY, "against force, too");
	close(fd);
	must(chdir("m"));
	is_errno(umount("../m"), EBUSY, "a working directory as well");
	must(chdir(".."));
	fd = must(open("m/f", O_RDWR));
	must(write(fd, "x", 1));
	is(umount2("m", MNT_DETACH), 0, "MNT_DETACH does not mind");
	ok(!file_exists("m/f"), "its place is free at once");
	is(pwrite(fd, "y", 1, 1), 1, "and an open file lives on");
	close(fd);
}

static void
read_only(void)
{
	struct stat st;

	must(mount_tmpfs("m", 0, NULL));
	file_make("m/f", "f");
	is(mount_tmpfs("m", MS_REMOUNT | MS_RDONLY, NULL), 0,
	    "remount to read only");
	is_errno(open("m/f", O_WRONLY), EROFS, "open to write");
	is_errno(open("m/g", O_CREAT | O_RDWR, 0600), EROFS, "to make");
	is_errno(mkdir("m/d", 0700), EROFS, "mkdir");
	is_errno(mkdir("m/f", 0700), EEXIST, "but what is there is seen first");
	is_errno(unlink("m/f"), EROFS, "unlink");
	is_errno(unlink("m/g"), EROFS, "even of nothing");
	is_errno(rename("m/f", "m/g"), EROFS, "rename");
	is_errno(link("m/f", "m/g"), EROFS, "link");
	is_errno(symlink("x", "m/g"), EROFS, "symlink");
	is_errno(chmod("m/f", 0600), EROFS, "chmod");
	is_errno(chown("m/f", 0, 0), EROFS, "chown");
	is_errno(truncate("m/f", 0), EROFS, "truncate");
	is_errno(utimensat(AT_FDCWD, "m/f", NULL, 0), EROFS, "utimensat");
	is_errno(access("m/f", W_OK), EROFS, "access knows");
	ok(file_holds("m/f", "f"), "reading goes on");
	is(stat("m/f", &st), 0, "stat too");
	is(mount_tmpfs("m", MS_REMOUNT, NULL), 0, "remount to write");
	is(chmod("m/f", 0600), 0, "all is as before");
	must(umount("m"));
	is(mount_tmpfs("m", MS_RDONLY, NULL), 0, "read only from the start");
	is_errno(mkdir("m/d", 0700), EROFS, "stays empty");
	must(mount("m", "m", NULL, MS_BIND, NULL));
	must(mount(NULL, "m", NULL, MS_BIND | MS_REMOUNT, NULL));
	is_errno(mkdir("m/d", 0700), EROFS,
	    "also through a mount that could be written to");
	must(umount("m"));
	must(umount("m"));
}

/* What statfs has of its size in KiB, with these options. */
static long
kib_with(const char *options)
{
	struct statfs sf;

	if (mount_tmpfs("m", MS_REMOUNT, options) < 0)
		return -errno;
	must(statfs("m", &sf));
	return sf.f_blocks * (sf.f_bsize / 1024);
}

static void
resized(void)
{
	static char some[64 << 10];
	long half, ten;
	int fd;

	must(mount_tmpfs("m", 0, "size=50%"));
	half = kib_with(NULL);
	ok(half > 0, "a size in parts of memory");
	must(umount("m"));
	must(mount_tmpfs("m", 0, "size=64k,nr_inodes=3"));
	fd = must(open("m/f", O_CREAT | O_RDWR, 0600));
	is(write(fd, some, sizeof(some)), sizeof(some), "all of its size");
	is_errno(write(fd, some, 1), ENOSPC, "and no more");
	is(kib_with("size=128k"), 128, "it is remounted larger");
	is(write(fd, some, sizeof(some)), sizeof(some), "and has room");
	is(kib_with("nr_inodes=2"), 128, "what is not said stays");
	is_errno(mkdir("m/d", 0700), ENOSPC, "fewer inodes");
	is(kib_with("nr_inodes=1"), -EINVAL, "but not fewer than there are");
	is(kib_with("size=64k"), -EINVAL, "nor pages");
	is(kib_with("size=1m,nonsense=1"), -EINVAL, "an unknown option");
	is(kib_with(NULL), 128, "and nothing has changed");
	ten = kib_with("size=10%");
	ok(ten >= half / 5 - 4 && ten <= half / 5 + 4, "parts of memory");
	is(kib_with("size=0"), 0, "no limit any more");
	is(kib_with("size=1g"), -EINVAL, "and none later");
	close(fd);
	must(umount("m"));
}

static void
refuses(void)
{
	is_errno(mount("none", "m", "nofs", 0, NULL), ENODEV,
	    "an unknown file system");
	is_errno(mount("none", "m", "", 0, NULL), ENODEV, "one without a name");
	is_errno(mount("none", "m", NULL, 0, NULL), EINVAL, "none at all");
	is_errno(mount_tmpfs("none", 0, NULL), ENOENT, "on nothing");
	is_errno(mount_tmpfs("", 0, NULL), ENOENT, "on no name");
	is_errno(mount_tmpfs("f", 0, NULL), ENOTDIR, "on a file");
	is_errno(mount_tmpfs("f/x", 0, NULL), ENOTDIR, "below a file");
	is_errno(
	    mount_tmpfs("m", 0, "nonsense=1"), EINVAL, "an unknown option");
	is_errno(
	    mount_tmpfs("m", MS_REMOUNT, NULL), EINVAL, "remount of no mount");
	is_errno(raw(mount, "none", 8, "tmpfs", 0, NULL), EFAULT, "a bad path");
	is_errno(raw(mount, "none", "m", 8, 0, NULL), EFAULT, "a bad type");
	is_errno(umount("m"), EINVAL, "umount of no mount");
	is_errno(umount("none"), ENOENT, "of nothing");
	is_errno(umount(""), ENOENT, "of no name");
	is_errno(umount("f/x"), ENOTDIR, "below a file");
	is_errno(umount2("m", 16), EINVAL, "unknown flags");
	is_errno(umount2("none", -1), EINVAL, "which are judged first");
	is_errno(raw(umount2, 8, 0), EFAULT, "a bad path");
}

static void
links(void)
{
	must(symlink("m", "link"));
	is(mount_tmpfs("link", 0, NULL), 0, "mount through a link");
	is_errno(umount2("link", UMOUNT_NOFOLLOW), EINVAL,
	    "UMOUNT_NOFOLLOW does not go through it");
	is(umount2("link", 0), 0, "without, it does");
	ok(file_exists("m/under"), "and it was m");
}

static void
other_systems(void)
{
	is(mount("proc", "m", "proc", 0, NULL), 0, "proc, a second time");
	ok(file_exists("m/self/status"), "is proc");
	is(umount("m"), 0, "and goes");
}

static void
by_somebody(void)
{
	is_errno(mount_tmpfs("m", 0, NULL), EPERM, "mount is for root");
	is_errno(umount("m"), EPERM, "umount too");
	is_errno(umount("/proc"), EPERM, "of anything");
}

TEST(fs_mount)
{
	must(chmod(".", 0755));
	must(mkdir("m", 0755));
	file_make("f", "");
	covers();
	stacks();
	busy();
	read_only();
	resized();
	refuses();
	links();
	other_systems();
	as_user(by_somebody);
}
