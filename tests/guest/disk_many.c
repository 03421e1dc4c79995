/*
 * Programs that map one file at once, which is larger than memory.  Not a test
 * by itself, for it wants a disk and little memory: tests/boot/on-disk.t.
 *
 *	/tests/guest @disk_many DISK TYPE MIB NR
 *
 * Each reads and writes all of the file through a mapping of its own, from
 * another place on.  None is killed for want of memory: there is always some
 * that one of them could be made to give.
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	PAGE = 4096,
	PAGES_PER_MIB = (1 << 20) / PAGE,
	ROUNDS = 2,
	WRITE_EACH = 8,
};

static void
use_all(size_t nr_pages, size_t first)
{
	int fd = must(open("/mnt/shared", O_RDWR));
	volatile char *p = mmap(
	    NULL, nr_pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ensure(p != MAP_FAILED);
	for (size_t n = 0; n < ROUNDS * nr_pages; n++) {
		volatile char *at = p + (first + n) % nr_pages * PAGE;

		(void)*at;
		if (n % WRITE_EACH == 0)
			at[1] = 1;
	}
}

/* Their tables are their own: they map after they have been forked. */
static int
run_programs(size_t nr, size_t nr_pages)
{
	int status, failed = 0;

	for (size_t n = 0; n < nr; n++)
		if (must(fork()) == 0) {
			use_all(nr_pages, nr_pages / nr * n);
			_exit(0);
		}
	for (size_t n = 0; n < nr; n++) {
		must(wait(&status));
		failed += status != 0;
	}
	return failed;
}

HELPER(disk_many)
{
	size_t nr_pages;
	int fd;

	if (argc != 6)
		return 2;
	nr_pages = (size_t)atoi(argv[4]) * PAGES_PER_MIB;
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	fd = must(open("/mnt/shared", O_CREAT | O_RDWR | O_TRUNC, 0644));
	must(ftruncate(fd, (long)(nr_pages * PAGE)));
	must(close(fd));
	ensure(run_programs((size_t)atoi(argv[5]), nr_pages) == 0);
	must(umount("/mnt"));
	return 0;
}
