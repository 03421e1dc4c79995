/*
 * More on a disk than memory holds.  Not a test by itself, for it wants a disk
 * to write to: tests/boot/on-disk.t.
 *
 *	/tests/guest @disk_big DISK TYPE MIB
 *
 * A file of that many MiB is written and read back, then a thousand small ones;
 * then one of so many MiB is written through a mapping, and looked at by that
 * and by read(2).
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum {
	PIECE = 64 << 10,
	PAGE = 4096,
	SMALL_FILES = 1000,
};

static unsigned char piece[PIECE];

static void
fill(int number)
{
	for (int i = 0; i < PIECE; i++)
		piece[i] = (unsigned char)(number * 7 + i / 256);
}

static bool
is_filled(int number)
{
	for (int i = 0; i < PIECE; i++)
		if (piece[i] != (unsigned char)(number * 7 + i / 256))
			return false;
	return true;
}

static void
write_big(int pieces)
{
	int fd = must(open("/mnt/big", O_CREAT | O_RDWR | O_TRUNC, 0644));
	int wrong = 0;

	for (int i = 0; i < pieces; i++) {
		fill(i);
		ensure(write(fd, piece, PIECE) == PIECE);
	}
	must(lseek(fd, 0, SEEK_SET));
	for (int i = 0; i < pieces; i++) {
		ensure(read(fd, piece, PIECE) == PIECE);
		wrong += !is_filled(i);
	}
	ensure(wrong == 0);
	must(close(fd));
}

static void
write_small(void)
{
	char name[32];

	for (int i = 0; i < SMALL_FILES; i++) {
		int fd;

		snprintf(name, sizeof(name), "/mnt/small-%d", i);
		fd = must(open(name, O_CREAT | O_WRONLY | O_EXCL, 0644));
		ensure(write(fd, piece, 3000) == 3000);
		must(close(fd));
	}
}

/* As fast as memory takes it: the disk has to keep up, or make us wait. */
static void
write_mapped(int pieces)
{
	int fd = must(open("/mnt/mapped", O_CREAT | O_RDWR | O_TRUNC, 0644));
	size_t len = (size_t)pieces * PIECE;
	int wrong = 0;
	char *p;

	must(ftruncate(fd, (long)len));
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ensure(p != MAP_FAILED);
	for (size_t at = 0; at < len; at += PAGE) {
		memcpy(p + at, &at, sizeof(at));
		p[at + PAGE - 1] = (char)(at / PAGE * 5);
	}
	for (size_t at = 0; at < len; at += PAGE)
		wrong += memcmp(p + at, &at, sizeof(at)) != 0 ||
		    p[at + PAGE - 1] != (char)(at / PAGE * 5);
	for (size_t at = 0; at < len; at += PIECE) {
		ensure(read(fd, piece, PIECE) == PIECE);
		for (size_t in = 0; in < PIECE; in += PAGE) {
			size_t place = at + in;

			wrong += memcmp(piece + in, &place, sizeof(place)) != 0;
		}
	}
	ensure(wrong == 0);
	must(munmap(p, len));
	must(close(fd));
}

HELPER(disk_big)
{
	if (argc != 5)
		return 2;
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	write_big(atoi(argv[4]) * 16);
	must(unlink("/mnt/big"));
	write_small();
	write_mapped(atoi(argv[4]) * 16);
	must(umount("/mnt"));
	return 0;
}
