/*
 * Remounts of a disk, between writable and only read.  Not a test by itself,
 * for it wants a disk: tests/boot/disk-mount.t.
 *
 *	/tests/guest @disk_remount DISK TYPE
 */
#include "files.h"

#include <linux/reboot.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

enum {
	PAGE = 4096,
	SUPER_AT = 1024,
	STATE_AT = 58, /* in the superblock: 1 means clean */
	INCOMPAT_AT = 96,
	NEEDS_RECOVERY = 4,
};

static const char *disk;
static bool journaled;

static int
remount(unsigned long flags)
{
	return mount(NULL, "/mnt", NULL, MS_REMOUNT | flags, NULL);
}

/* What the disk itself says: past all caches. */
static bool
is_clean(void)
{
	static unsigned char block[PAGE] __attribute__((aligned(PAGE)));
	int fd = must(open(disk, O_RDONLY | O_DIRECT));

	ensure(read(fd, block, PAGE) == PAGE);
	close(fd);
	if (journaled)
		return !(block[SUPER_AT + INCOMPAT_AT] & NEEDS_RECOVERY);
	return block[SUPER_AT + STATE_AT] & 1;
}

static bool
may_write(void)
{
	int fd = open("/mnt/probe", O_CREAT | O_WRONLY, 0644);

	if (fd < 0)
		return false;
	close(fd);
	must(unlink("/mnt/probe"));
	return true;
}

static void
there_and_back(void)
{
	struct statvfs s;

	ok(!is_clean(), "a disk that is written to is marked");
	file_make("/mnt/a", "a");
	is(remount(MS_RDONLY), 0, "to read only");
	ok(is_clean(), "it is marked as clean");
	ok(!may_write(), "and not written to");
	is_errno(open("/mnt/a", O_RDWR), EROFS, "open says why");
	is_errno(unlink("/mnt/a"), EROFS, "and unlink");
	is_errno(truncate("/mnt/a", 0), EROFS, "and truncate");
	ok(file_holds("/mnt/a", "a"), "it is read");
	must(statvfs("/mnt", &s));
	ok(s.f_flag & ST_RDONLY, "statvfs knows");
	is(remount(MS_RDONLY), 0, "once more");
	is(remount(0), 0, "and back");
	ok(!is_clean(), "it is marked again");
	ok(may_write(), "and written to");
	file_make("/mnt/b", "b");
	is(remount(0), 0, "once more");
	is(remount(MS_RDONLY), 0, "and read only");
	must(umount("/mnt"));
	must(mount(disk, "/mnt", journaled ? "ext3" : "ext2", MS_RDONLY, NULL));
	ok(is_clean(), "mounted to be read it stays clean");
	ok(file_holds("/mnt/b", "b"), "what was written is there");
	ok(!may_write(), "nothing new is");
	is(remount(0), 0, "from the first mount on");
	ok(!is_clean(), "that marks it");
	ok(may_write(), "writes");
	file_make("/mnt/b", "c");
	is(remount(MS_RDONLY), 0, "and back");
	ok(is_clean(), "clean");
	is(remount(0), 0, "for the rest");
	ok(file_holds("/mnt/b", "c"), "nothing is lost");
}

static void
busy(void)
{
	char *p;
	int fd = must(open("/mnt/a", O_RDWR));

	is_errno(remount(MS_RDONLY), EBUSY, "a file open to write");
	ok(may_write(), "nothing has changed");
	must(close(fd));
	fd = must(open("/mnt/a", O_RDONLY));
	is(remount(MS_RDONLY), 0, "one open to read does not mind");
	ok(is_clean(), "so a disk that is in use can be left clean");
	is(remount(0), 0, "back");
	must(unlink("/mnt/a"));
	is_errno(remount(MS_RDONLY), EBUSY, "one that lost its name does");
	ok(may_write(), "and nothing has changed");
	must(close(fd));
	is(remount(MS_RDONLY), 0, "until it is gone");
	is(remount(0), 0, "back");
	fd = must(open("/mnt/m", O_CREAT | O_RDWR, 0644));
	must(ftruncate(fd, PAGE));
	p = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	must(close(fd));
	is_errno(remount(MS_RDONLY), EBUSY, "a mapping that may write");
	must(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	strcpy(p, "mapped");
	is_errno(remount(MS_RDONLY), EBUSY, "and does");
	must(munmap(p, PAGE));
	is(remount(MS_RDONLY), 0, "not when it is gone");
	fd = must(open("/mnt/m", O_RDONLY));
	p = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	str_is(p, "mapped", "what it wrote is there");
	is(remount(0), 0, "one that can only read does not mind");
	is(remount(MS_RDONLY), 0, "either way");
	is(remount(0), 0, "back");
	must(munmap(p, PAGE));
	must(close(fd));
}

static void
of_one_mount(void)
{
	int fd;

	mkdir("/mnt2", 0755);
	must(mount("/mnt", "/mnt2", NULL, MS_BIND, NULL));
	is(mount(NULL, "/mnt2", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL),
	    0, "one mount of two is read only");
	is_errno(mkdir("/mnt2/x", 0755), EROFS, "nothing is made there");
	ok(may_write(), "but at the other place");
	fd = must(open("/mnt/b", O_RDWR));
	is(mount(NULL, "/mnt2", NULL, MS_REMOUNT | MS_BIND, NULL), 0,
	    "whoever writes at the other");
	is(mkdir("/mnt2/x", 0755), 0, "it may again");
	is_errno(
	    mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL),
	    EBUSY, "but not while somebody writes there");
	must(close(fd));
	is(remount(MS_RDONLY), 0, "the file system");
	is_errno(rmdir("/mnt2/x"), EROFS, "is read only at both places");
	is(remount(0), 0, "and both");
	is(rmdir("/mnt2/x"), 0, "are written to again");
	must(umount("/mnt2"));
}

static void
options(void)
{
	char line[4096] = "";
	int fd;

	is(mount(NULL, "/mnt", NULL, MS_REMOUNT, "commit=7"), 0, "commit=");
	fd = must(open("/proc/mounts", O_RDONLY));
	must(read(fd, line, sizeof(line) - 1));
	close(fd);
	ok(strstr(line, ",commit=7"), "is shown");
	is_errno(mount(NULL, "/mnt", NULL, MS_REMOUNT, "data=journal"), EINVAL,
	    "another way of writing bytes");
	is_errno(
	    mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_RDONLY, "nonsense=1"),
	    EINVAL, "nonsense");
	ok(may_write(), "after which all is as before");
}

HELPER(disk_remount)
{
	ensure(argc == 4);
	disk = argv[2];
	journaled = strcmp(argv[3], "ext3") == 0;
	mkdir("/mnt", 0755);
	must(mount(disk, "/mnt", argv[3], 0, NULL));
	there_and_back();
	busy();
	of_one_mount();
	if (journaled)
		options();
	must(umount("/mnt"));
	ok(is_clean(), "the end");
	return 0;
}

/* Cuts the power off with an open file that has no name, which the disk knows.
 */
HELPER(disk_orphan)
{
	static char piece[64 << 10];
	int fd;

	ensure(argc == 4);
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	fd = must(open("/mnt/orphan", O_CREAT | O_RDWR, 0644));
	for (int i = 0; i < 16; i++)
		must(write(fd, piece, sizeof(piece)));
	must(unlink("/mnt/orphan"));
	sync();
	ok(true, "the power goes off");
	fflush(stdout);
	raw(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
	    LINUX_REBOOT_CMD_POWER_OFF, NULL);
	return 1;
}

/* On an otherwise new disk; Linux frees it when it mounts one to be read. */
HELPER(disk_orphan_freed)
{
	enum {
		RESERVED = 11, /* numbers, the last one's for lost+found */
	};
	struct statvfs s;

	ensure(argc == 4);
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], MS_RDONLY, NULL));
	is(remount(0), 0, "from only read to writable");
	must(statvfs("/mnt", &s));
	is(s.f_ffree, s.f_files - RESERVED, "what had no name is free");
	must(umount("/mnt"));
	return 0;
}

/*
 * A disk that cannot be written to: with WORD "disk" because it is read-only
 * itself, with "feature" because of what is on it.
 *
 *	/tests/guest @disk_locked DISK TYPE WORD
 */
HELPER(disk_locked)
{
	bool locked;

	ensure(argc == 5);
	locked = strcmp(argv[4], "disk") == 0;
	mkdir("/mnt", 0755);
	is(mount(argv[2], "/mnt", argv[3], 0, NULL), -1, "not to write to");
	ok(!locked || errno == EACCES, "EACCES if it is the disk");
	is(mount(argv[2], "/mnt", argv[3], MS_RDONLY, NULL), 0, "but to read");
	is(remount(0), -1, "which cannot be changed");
	ok(locked ? errno == EACCES : errno == EROFS, "EACCES or EROFS");
	ok(file_exists("/mnt/lost+found"), "what is there is seen");
	is_errno(mkdir("/mnt/d", 0755), EROFS, "nothing is made");
	must(umount("/mnt"));
	return 0;
}
