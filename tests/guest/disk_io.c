/*
 * What a process's account says of a disk: /proc/PID/io and getrusage.  Not a
 * test by itself, for it wants a disk: tests/boot/disk-mount.t.
 *
 *	/tests/guest @disk_io DISK TYPE
 */
#include "files.h"

#include <sys/mount.h>
#include <sys/resource.h>

enum {
	PAGES = 32,
	BYTES = PAGES * 4096,
	SLACK =
	    32768, /* what a file system may count beside the file's bytes */
};

struct account {
	long read, written, cancelled;
	struct rusage usage;
};

static struct account
look(void)
{
	char text[512];
	struct account a;
	int fd = must(open("/proc/self/io", O_RDONLY));
	ssize_t n = must(read(fd, text, sizeof(text) - 1));
	char *at;

	close(fd);
	text[n] = '\0';
	at = strstr(text, "read_bytes");
	ensure(at &&
	    sscanf(at,
		"read_bytes: %ld write_bytes: %ld cancelled_write_bytes: %ld",
		&a.read, &a.written, &a.cancelled) == 3);
	must(getrusage(RUSAGE_SELF, &a.usage));
	return a;
}

static bool
is_about(long got, long want)
{
	return got >= want && got <= want + SLACK;
}

static char buf[BYTES];

HELPER(disk_io)
{
	struct account a, b;
	char *map;
	int fd;

	ensure(argc == 4);
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	fd = must(open("/mnt/io", O_CREAT | O_RDWR, 0644));
	a = look();
	is(write(fd, buf, BYTES), BYTES, "a file is written");
	b = look();
	ok(is_about(b.written - a.written, BYTES), "its pages count: %ld",
	    b.written - a.written);
	is(b.cancelled - a.cancelled, 0, "they are to be written");
	ok(is_about(512 * (b.usage.ru_oublock - a.usage.ru_oublock), BYTES),
	    "in getrusage, too");
	must(pwrite(fd, buf, BYTES, 0));
	a = look();
	ok(a.written - b.written <= SLACK, "what is dirty counts once: %ld",
	    a.written - b.written);
	must(ftruncate(fd, 0));
	b = look();
	ok(is_about(b.cancelled - a.cancelled, BYTES),
	    "what is cut off is not written: %ld", b.cancelled - a.cancelled);
	must(pwrite(fd, buf, BYTES, 0));
	must(fsync(fd));
	a = look();
	must(ftruncate(fd, BYTES / 2));
	b = look();
	ok(b.cancelled - a.cancelled <= SLACK / 2, "what was written was: %ld",
	    b.cancelled - a.cancelled);
	map = must(mmap(NULL, BYTES / 2, PROT_WRITE, MAP_SHARED, fd, 0));
	must(fsync(fd));
	a = look();
	map[0] = map[4096] = map[8192] = 1;
	b = look();
	ok(is_about(b.written - a.written, 3 * 4096), "by a mapping, too: %ld",
	    b.written - a.written);
	must(munmap(map, BYTES / 2));
	must(close(fd));
	must(umount("/mnt"));
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	fd = must(open("/mnt/io", O_RDONLY));
	a = look();
	is(read(fd, buf, BYTES), BYTES / 2, "it is read");
	b = look();
	ok(is_about(b.read - a.read, BYTES / 2), "from the disk: %ld",
	    b.read - a.read);
	ok(is_about(512 * (b.usage.ru_inblock - a.usage.ru_inblock), BYTES / 2),
	    "in getrusage, too");
	must(pread(fd, buf, BYTES, 0));
	a = look();
	is(a.read, b.read, "what is in memory is not");
	must(close(fd));
	must(umount("/mnt"));
	return 0;
}
