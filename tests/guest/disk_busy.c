/*
 * Programs that read a file larger than memory, and others that take fresh
 * memory meanwhile.  Not a test by itself, for it wants a disk and little
 * memory: tests/boot/on-disk.t.
 *
 *	/tests/guest @disk_busy DISK TYPE MIB NR
 *
 * Nobody is killed: what the file's pages hold can be had, though its readers
 * keep it busy all the time.
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	PAGE = 4096,
	PIECE = 64 << 10,
	FRESH = 2 << 20,
	TIMES_READ = 6,
	TIMES_FRESH = 150,
};

static char piece[PIECE];

static void
make_file(size_t mib)
{
	int fd = must(open("/mnt/file", O_CREAT | O_WRONLY, 0644));

	for (size_t n = 0; n < (mib << 20) / PIECE; n++)
		ensure(must(write(fd, piece, PIECE)) == PIECE);
	must(close(fd));
}

static void
read_file(void)
{
	int fd = must(open("/mnt/file", O_RDONLY));

	for (int n = 0; n < TIMES_READ; n++) {
		must(lseek(fd, 0, SEEK_SET));
		while (must(read(fd, piece, PIECE)) > 0)
			;
	}
}

static void
take_memory(void)
{
	for (int n = 0; n < TIMES_FRESH; n++) {
		volatile char *p = mmap(NULL, FRESH, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		ensure(p != MAP_FAILED);
		for (size_t at = 0; at < FRESH; at += PAGE)
			p[at] = 1;
		must(munmap((void *)p, FRESH));
	}
}

/* What is on the disk makes way also for who asks for much at once. */
static void
take_at_once(void)
{
	char *p = mmap(NULL, 2 * FRESH, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ensure(p != MAP_FAILED);
	must(madvise(p, 2 * FRESH, MADV_POPULATE_WRITE));
	must(munmap(p, 2 * FRESH));
}

HELPER(disk_busy)
{
	int status, failed = 0, nr;

	ensure(argc == 6);
	nr = atoi(argv[5]);
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	make_file((size_t)atoi(argv[4]));
	sync();
	take_at_once();
	for (int n = 0; n < nr; n++)
		if (must(fork()) == 0) {
			if (n % 2 == 0)
				read_file();
			else
				take_memory();
			_exit(0);
		}
	for (int n = 0; n < nr; n++) {
		must(wait(&status));
		failed += status != 0;
	}
	ensure(failed == 0);
	must(umount("/mnt"));
	return 0;
}
