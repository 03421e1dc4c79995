/*
 * With data in the journal: more bytes at once than the journal has room for.
 * Not a test by itself, for it cuts the power off: tests/boot/disk-mount.t,
 * which then looks at the disk.
 *
 *	/tests/guest @disk_log_full DISK TYPE
 */
#include "files.h"

#include <linux/reboot.h>
#include <sys/mman.h>
#include <sys/mount.h>

enum {
	LARGE = 6 << 20,
	SMALL = 100 << 10,
};

static char bytes[LARGE];

static int
make(const char *path, char c, size_t len)
{
	int fd = must(open(path, O_CREAT | O_RDWR, 0644));

	memset(bytes, c, len);
	ensure(write(fd, bytes, len) == (ssize_t)len);
	return fd;
}

/* How many of its bytes are others. */
static size_t
wrong(const char *path, char c, size_t len)
{
	int fd = must(open(path, O_RDONLY));
	size_t n = 0;

	ensure(read(fd, bytes, len) == (ssize_t)len);
	for (size_t i = 0; i < len; i++)
		n += bytes[i] != c;
	close(fd);
	return n;
}

static char *
map(int fd)
{
	char *p = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ensure(p != MAP_FAILED);
	return p;
}

HELPER(disk_log_full)
{
	int large, small;
	char *p;

	ensure(argc == 4);
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, "data=journal"));
	large = make("/mnt/large", 'x', LARGE);
	must(fsync(large));
	p = map(large);
	memset(p, 'a', LARGE);
	is(msync(p, LARGE, MS_SYNC), 0, "msync");
	memset(p, 'b', LARGE);
	small = make("/mnt/small", 's', SMALL);
	is(fsync(small), 0, "fsync of another file");
	memset(p, 'c', LARGE);
	munmap(p, LARGE);
	close(large);
	close(small);
	must(umount("/mnt"));
	must(mount(argv[2], "/mnt", argv[3], 0, "data=journal"));
	is(wrong("/mnt/large", 'c', LARGE), 0, "umount has written all of it");
	is(wrong("/mnt/small", 's', SMALL), 0, "and of the other");
	large = must(open("/mnt/large", O_RDWR));
	p = map(large);
	memset(p, 'd', LARGE);
	make("/mnt/late", 'l', SMALL);
	sync();
	ok(true, "the power goes off");
	fflush(stdout);
	raw(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
	    LINUX_REBOOT_CMD_POWER_OFF, NULL);
	return 1;
}
