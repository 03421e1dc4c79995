/*
 * How often the disk is written to and flushed: by many small changes that
 * nobody asks to be safe, and by writes to a file that is opened so that each
 * is.  Not a test by itself, for it wants a disk: tests/boot/disk-mount.t.
 *
 *	/tests/guest @disk_count DISK TYPE
 */
#include "files.h"

#include <sys/mount.h>
#include <sys/uio.h>
#include <time.h>

enum {
	OPS = 10000,
	FLUSHES = 15, /* in /proc/diskstats, behind the disk's name */
	WRITES = 4,
	SECTORS_WRITTEN = 6,
};

static long
diskstat(const char *disk, int which)
{
	char line[512], name[32], *at, *end;
	FILE *f = fopen("/proc/diskstats", "r");
	long value = -1;
	int used;

	ensure(f);
	while (value < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*d %*d %31s%n", name, &used) != 1 ||
		    strcmp(name, disk + strlen("/dev/")) != 0)
			continue;
		at = line + used;
		for (int i = 0; i <= which; i++, at = end) {
			value = strtol(at, &end, 10);
			ensure(end > at);
		}
	}
	fclose(f);
	ensure(value >= 0);
	return value;
}

static double
now(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void
each_is_kept(const char *disk, const char *path, int flag, const char *what)
{
	int fd = must(open(path, O_CREAT | O_RDWR | flag, 0644));
	struct iovec v = {"new", 3};
	long writes, flushes;

	must(pwrite(fd, "abc", 3, 0));
	must(fsync(fd));
	writes = diskstat(disk, WRITES);
	flushes = diskstat(disk, FLUSHES);
	is(write(fd, "new", 3), 3, "%s: write", what);
	is(pwrite(fd, "new", 3, 0), 3, "%s: pwrite", what);
	is(pwritev(fd, &v, 1, 0), 3, "%s: pwritev", what);
	is(lseek(fd, 0, SEEK_CUR), 3, "%s: the position", what);
	ok(diskstat(disk, WRITES) >= writes + 3, "%s: each is written", what);
	ok(getenv("THROUGH") || diskstat(disk, FLUSHES) >= flushes + 3,
	    "%s: and flushed", what);
	close(fd);
}

HELPER(disk_count)
{
	char name[64];
	long flushes, writes, sectors;
	double seconds;
	int fd;

	ensure(argc == 4);
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	flushes = diskstat(argv[2], FLUSHES);
	writes = diskstat(argv[2], WRITES);
	sectors = diskstat(argv[2], SECTORS_WRITTEN);
	fd = must(open("/mnt/file", O_CREAT | O_WRONLY, 0644));
	must(write(fd, name, sizeof(name)));
	must(fsync(fd));
	must(close(fd));
	if (getenv("THROUGH"))
		is(diskstat(argv[2], FLUSHES), 0, "there is nothing to flush");
	else
		ok(diskstat(argv[2], FLUSHES) >= flushes + 2,
		    "fsync flushes twice");
	ok(diskstat(argv[2], WRITES) > writes, "and writes");
	ok(diskstat(argv[2], SECTORS_WRITTEN) >= sectors + 16, "some sectors");
	flushes = diskstat(argv[2], FLUSHES);
	seconds = now();
	for (int i = 0; i < OPS; i++) {
		snprintf(name, sizeof(name), "/mnt/f%d", i % 100);
		if (i / 100 % 2 == 0)
			must(close(must(open(name, O_CREAT | O_EXCL, 0644))));
		else
			must(unlink(name));
	}
	/* What went before may be due at once. */
	seconds = now() - seconds + 1;
	flushes = diskstat(argv[2], FLUSHES) - flushes;
	tap_note(
	    "%d operations in %.1f s: %ld flushes", OPS, seconds - 1, flushes);
	ok(flushes <= 2 * seconds, "at most one pair of flushes a second");
	each_is_kept(argv[2], "/mnt/each", O_SYNC, "O_SYNC");
	each_is_kept(argv[2], "/mnt/each", O_DSYNC, "O_DSYNC");
	must(umount("/mnt"));
	return 0;
}
