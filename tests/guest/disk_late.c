/*
 * What mappings write gets to the disk without anybody's asking.  Not a test by
 * itself, for it cuts the power off: tests/boot/disk-mount.t, which then looks
 * at the disk.
 *
 *	/tests/guest @disk_late DISK TYPE
 */
#include "files.h"

#include <linux/reboot.h>
#include <sys/mount.h>
#include <time.h>

/* Long enough for what is old after PERIOD_S to be written, on a slow host. */
enum {
	PAGE = 4096,
	PERIOD_S = 5,
	WAIT_S = 3 * PERIOD_S,
};

/* Linux takes its time unless it is told; calf always has this period. */
static void
hurry(const char *path)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		must(write(fd, "100", 3));
		close(fd);
	}
}

static struct timespec
changed(int fd)
{
	struct stat st;

	must(fstat(fd, &st));
	return st.st_mtim;
}

static bool
later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec ||
	    (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

/* Linux takes the time of files from a clock that moves at its ticks. */
static void
let_tick_after(struct timespec then)
{
	struct timespec now;

	do {
		must(clock_gettime(CLOCK_REALTIME_COARSE, &now));
	} while (!later(now, then));
}

HELPER(disk_late)
{
	struct timespec made, first;
	char *p;
	int fd;

	ensure(argc == 4);
	hurry("/proc/sys/vm/dirty_expire_centisecs");
	hurry("/proc/sys/vm/dirty_writeback_centisecs");
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	fd = must(open("/mnt/file", O_CREAT | O_RDWR, 0644));
	must(ftruncate(fd, 4 * PAGE));
	made = changed(fd);
	let_tick_after(made);
	p = must(
	    mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	strcpy(p, "first\n");
	first = changed(fd);
	ok(later(first, made), "a write by a mapping changes the time");
	sleep(WAIT_S);
	strcpy(p + 6, "second\n");
	ok(later(changed(fd), first), "so does one after the first is written");
	strcpy(p + PAGE, "third\n");
	sleep(WAIT_S);
	ok(true, "the power goes off");
	fflush(stdout);
	raw(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
	    LINUX_REBOOT_CMD_POWER_OFF, NULL);
	return 1;
}
