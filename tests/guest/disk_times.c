/*
 * Times of access on a disk: what moves them, what the mounts' flags say, and
 * that they get to the disk.  Not a test by itself, for it wants a disk:
 * tests/boot/disk-mount.t.
 *
 *	/tests/guest @disk_times DISK TYPE
 */
#include "files.h"

#include <sys/mount.h>
#include <sys/statvfs.h>
#include <time.h>

#define DAY_S (24 * 3600)

static const char *disk, *type;

static void
mount_with(unsigned long flags)
{
	must(mount(disk, "/mnt", type, flags, NULL));
}

/* The options of what is mounted at a place, as /proc/mounts has them. */
static const char *
options_of(const char *place)
{
	static char line[4096], at[256], options[256];
	FILE *f = fopen("/proc/mounts", "r");

	ensure(f);
	options[0] = '\0';
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %255s %*s %255s", at, options) == 2 &&
		    strcmp(at, place) == 0)
			break;
	fclose(f);
	return options;
}

static bool
has_option(const char *place, const char *word)
{
	char all[300], wanted[64];

	snprintf(all, sizeof(all), ",%s,", options_of(place));
	snprintf(wanted, sizeof(wanted), ",%s,", word);
	return strstr(all, wanted) != NULL;
}

static unsigned long
statvfs_flags(void)
{
	struct statvfs s;

	must(statvfs("/mnt", &s));
	return s.f_flag;
}

static time_t
atime(const char *path)
{
	struct stat st;

	must(lstat(path, &st));
	return st.st_atim.tv_sec;
}

/* Times of access and of change, in seconds before now. */
static void
age(const char *path, long access_s, long change_s)
{
	time_t now = time(NULL);
	struct timespec t[2] = {{now - access_s, 0}, {now - change_s, 0}};

	must(utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW));
}

static void
read_file(const char *path)
{
	char c;
	int fd = must(open(path, O_RDONLY));

	must(read(fd, &c, 1));
	close(fd);
}

static void
list(const char *path)
{
	char buf[1024];
	int fd = must(open(path, O_RDONLY | O_DIRECTORY));

	must(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
	close(fd);
}

/* Whether reading it (a folder, a file) moves its time of access. */
static bool
moves(const char *path, void (*fn)(const char *), long access_s)
{
	time_t was;

	age(path, access_s, 2 * DAY_S);
	was = atime(path);
	fn(path);
	return atime(path) != was;
}

/* The time of change is now, whoever sets the others: so is what is older. */
static void
as_always(void)
{
	mount_with(0);
	ok(has_option("/mnt", "relatime"), "relatime is what one gets");
	ok(!has_option("/mnt", "noatime"), "and not noatime");
	is(statvfs_flags() & (ST_NOATIME | ST_NODIRATIME | ST_RELATIME),
	    ST_RELATIME, "statvfs says so");
	file_make("/mnt/f", "text");
	must(mkdir("/mnt/d", 0755));
	ok(moves("/mnt/f", read_file, 3 * DAY_S), "before the last change");
	ok(moves("/mnt/d", list, 3 * DAY_S), "a folder's, too");
	ok(moves("/mnt/f", read_file, -DAY_S) == false, "not if it is young");
	must(umount("/mnt"));
}

/* Young for this test: in the future, so no time of change is later. */
static void
by_flags(void)
{
	mount_with(MS_STRICTATIME);
	ok(!has_option("/mnt", "relatime"), "strictatime: no relatime");
	is(statvfs_flags() & (ST_NOATIME | ST_RELATIME), 0, "nor by statvfs");
	ok(moves("/mnt/f", read_file, -DAY_S), "each access is noted");
	must(umount("/mnt"));
	mount_with(MS_NOATIME);
	ok(has_option("/mnt", "noatime"), "noatime is shown");
	is(statvfs_flags() & (ST_NOATIME | ST_RELATIME), ST_NOATIME,
	    "by statvfs, too");
	ok(!moves("/mnt/f", read_file, 3 * DAY_S), "and nothing is noted");
	ok(!moves("/mnt/d", list, 3 * DAY_S), "of folders neither");
	must(umount("/mnt"));
	mount_with(MS_NODIRATIME);
	ok(has_option("/mnt", "nodiratime"), "nodiratime is shown");
	ok(has_option("/mnt", "relatime"), "with relatime");
	is(statvfs_flags() & (ST_NODIRATIME | ST_RELATIME),
	    ST_NODIRATIME | ST_RELATIME, "by statvfs, too");
	ok(moves("/mnt/f", read_file, 3 * DAY_S), "files are noted");
	ok(!moves("/mnt/d", list, 3 * DAY_S), "folders are not");
	must(mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_NOSUID, NULL));
	ok(has_option("/mnt", "nodiratime"), "a remount leaves them alone");
	ok(has_option("/mnt", "nosuid"), "and changes the others");
	must(mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_STRICTATIME, NULL));
	ok(!has_option("/mnt", "nodiratime") && !has_option("/mnt", "relatime"),
	    "unless it is told of them");
	must(umount("/mnt"));
	mount_with(MS_NOATIME | MS_STRICTATIME);
	ok(!has_option("/mnt", "noatime"), "strictatime is stronger");
	must(umount("/mnt"));
}

static void
on_disk(void)
{
	time_t was;
	int fd;

	mount_with(0);
	must(symlink("f", "/mnt/link"));
	age("/mnt/f", 3 * DAY_S, 3 * DAY_S);
	age("/mnt/link", 3 * DAY_S, 3 * DAY_S);
	must(umount("/mnt"));
	mount_with(0);
	read_file("/mnt/f");
	must(readlink("/mnt/link", (char[8]){}, 8));
	ok(atime("/mnt/link") > time(NULL) - DAY_S, "reading a link counts");
	was = atime("/mnt/f");
	ok(was > time(NULL) - DAY_S, "read now");
	must(umount("/mnt"));
	mount_with(MS_RDONLY);
	is(atime("/mnt/f"), was, "and the disk knows");
	read_file("/mnt/f");
	is(atime("/mnt/f"), was, "on one that is only read nothing moves");
	must(umount("/mnt"));
	/* Read by a descriptor that is open when the file is not used else. */
	mount_with(MS_STRICTATIME);
	age("/mnt/f", 3 * DAY_S, 3 * DAY_S);
	fd = must(open("/mnt/f", O_RDONLY));
	must(read(fd, (char[8]){}, 8));
	sync();
	was = atime("/mnt/f");
	ok(was > time(NULL) - DAY_S, "read and synced");
	close(fd);
	must(umount("/mnt"));
	mount_with(MS_RDONLY);
	is(atime("/mnt/f"), was, "is on the disk");
	must(umount("/mnt"));
}

/* What the disk can't keep is not shown before either. */
static void
in_range(void)
{
	static const struct timespec far[2] = {{-(1l << 33), 5}, {1l << 33, 7}};
	struct stat st;

	mount_with(0);
	must(utimensat(AT_FDCWD, "/mnt/f", far, 0));
	must(stat("/mnt/f", &st));
	is(st.st_atime, INT32_MIN, "a time before 1901 is the first there is");
	is(st.st_mtime, 1l << 33, "one of 2242 is itself");
	is(st.st_mtim.tv_nsec, 7, "with its nanoseconds");
	must(umount("/mnt"));
	mount_with(MS_RDONLY);
	must(stat("/mnt/f", &st));
	is(st.st_atime, INT32_MIN, "the first one is on the disk");
	is(st.st_mtime, 1l << 33, "the other one, too");
	must(umount("/mnt"));
}

HELPER(disk_times)
{
	ensure(argc == 4);
	disk = argv[2];
	type = argv[3];
	mkdir("/mnt", 0755);
	as_always();
	by_flags();
	on_disk();
	in_range();
	ok(has_option("/proc", "relatime"), "/proc has an option as well");
	return 0;
}
