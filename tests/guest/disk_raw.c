/*
 * A disk as a file, byte for byte.  Not a test by itself, for it wants a disk
 * with a known pattern: tests/boot/disk.t.
 *
 *	/tests/guest @disk_read DISK        what the host wrote is read
 *	/tests/guest @disk_write DISK SEED  four processes write at random
 *	/tests/guest @disk_verify DISK SEED what they wrote is there
 *
 * The pattern: each word of four bytes says which one it is.
 */
#include "tap.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

enum {
	WRITERS = 4,
	WRITES = 300,
	MOST = 20000, /* bytes of one write: several pages */
};

static uint64_t state;

static uint64_t
next_random(void)
{
	state = state * 6364136223846793005ul + 1442695040888963407ul;
	return state >> 33;
}

static void
fill_pattern(unsigned char *p, size_t from, size_t len)
{
	for (size_t i = from; i < from + len; i++)
		p[i] = (i / 4) >> (i % 4 * 8);
}

static size_t
size_of(int fd)
{
	uint64_t bytes = 0, sectors = 0;
	off_t end = lseek(fd, 0, SEEK_END);

	ensure(ioctl(fd, BLKGETSIZE64, &bytes) == 0);
	ensure(ioctl(fd, BLKGETSIZE, &sectors) == 0);
	is(end, bytes, "lseek finds the end where ioctl says it is");
	is(sectors * 512, bytes, "and so many sectors");
	return bytes;
}

HELPER(disk_read)
{
	int fd = open(argv[2], O_RDONLY);
	unsigned char *want, *got;
	size_t size, wrong = 0;
	int one = 0;

	ensure(fd >= 0);
	size = size_of(fd);
	want = malloc(size);
	got = malloc(size + 8192);
	ensure(want && got);
	fill_pattern(want, 0, size);
	is(pread(fd, got, size + 8192, 0), size, "a read ends with the disk");
	ok(!memcmp(got, want, size), "every byte is what the host wrote");
	for (int i = 0; i < 400; i++) {
		size_t at = next_random() % size;
		size_t len = next_random() % MOST;
		ssize_t n = pread(fd, got, len, at);

		if (n != (ssize_t)(len < size - at ? len : size - at) ||
		    memcmp(got, want + at, n))
			wrong++;
	}
	is(wrong, 0, "and from anywhere, any number of them");
	is(pread(fd, got, 1, size), 0, "at the end there is nothing");
	is(pread(fd, got, 1, size + (1l << 40)), 0, "nor far beyond");
	ensure(ioctl(fd, BLKSSZGET, &one) == 0);
	is(one, 512, "sectors have 512 bytes");
	is(pread(fd, NOWHERE, 512, 0), -1, "a bad address");
	is(errno, EFAULT, "gives EFAULT");
	is(write(fd, got, 1), -1, "what is open for reading");
	is(errno, EBADF, "is not written to");
	return 0;
}

/* Each has a part of the disk, which begins in the middle of a sector. */
static void
part_of(size_t size, int writer, size_t *from, size_t *len)
{
	size_t each = size / WRITERS;

	*from = writer * each + (writer > 0 ? 100 : 0);
	*len = (writer + 1) * each + (writer < WRITERS - 1 ? 100 : 0) - *from;
}

/* All writes of one, into fd if that is not -1, and into memory. */
static int
write_part(int fd, unsigned char *disk, size_t size, int writer, long seed)
{
	unsigned char *buf = malloc(MOST);
	size_t from, len;

	part_of(size, writer, &from, &len);
	state = seed * WRITERS + writer;
	for (int i = 0; i < WRITES; i++) {
		size_t n = 1 + next_random() % MOST;
		size_t at = from + next_random() % len;

		if (n > from + len - at)
			n = from + len - at;
		for (size_t k = 0; k < n; k++)
			buf[k] = next_random();
		memcpy(disk + at, buf, n);
		if (fd >= 0 && pwrite(fd, buf, n, at) != (ssize_t)n)
			return 1;
	}
	free(buf);
	return fd >= 0 && fsync(fd) < 0;
}

HELPER(disk_write)
{
	int fd = open(argv[2], O_RDWR), status;
	size_t size;
	unsigned char *disk;

	ensure(fd >= 0);
	size = size_of(fd);
	disk = calloc(1, size);
	ensure(disk != NULL);
	for (int i = 0; i < WRITERS; i++)
		if (must(fork()) == 0)
			_exit(write_part(fd, disk, size, i, atol(argv[3])));
	for (int i = 0; i < WRITERS; i++) {
		ensure(wait(&status) > 0);
		is(status, 0, "one has written and synced");
	}
	is(pwrite(fd, disk, 4096, size), -1, "beyond the end");
	is(errno, ENOSPC, "there is no space");
	is(pwrite(fd, disk + size - 512, 512, size - 512), 512,
	    "up to the end there is");
	ensure(pwrite(fd, disk, 0, 0) == 0);
	return 0;
}

HELPER(disk_verify)
{
	int fd = open(argv[2], O_RDONLY);
	unsigned char *want, *got;
	size_t size;

	ensure(fd >= 0);
	size = size_of(fd);
	want = malloc(size);
	got = malloc(size);
	ensure(want && got);
	fill_pattern(want, 0, size);
	for (int i = 0; i < WRITERS; i++)
		ensure(write_part(-1, want, size, i, atol(argv[3])) == 0);
	/* The last write of disk_write. */
	memset(want + size - 512, 0, 512);
	ensure(pread(fd, got, size, 0) == (ssize_t)size);
	for (size_t i = 0; i < size; i++)
		if (got[i] != want[i]) {
			ok(false, "byte %zu is %d and not %d", i, got[i],
			    want[i]);
			return 1;
		}
	ok(true, "every byte is what was written last");
	return 0;
}
