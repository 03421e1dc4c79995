/*
 * More on a disk than memory holds.  Not a test by itself, for it wants a disk
 * to write to: tests/boot/on-disk.t.
 *
 *	/tests/guest @disk_big DISK TYPE MIB
 *
 * A file of that many MiB is written and read back, then a thousand small ones.
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum {
	PIECE = 64 << 10,
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

HELPER(disk_big)
{
	if (argc != 5)
		return 2;
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	write_big(atoi(argv[4]) * 16);
	write_small();
	must(umount("/mnt"));
	return 0;
}
