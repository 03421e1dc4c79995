/* read, write, pread64, pwrite64: what they move, and where they stop. */
#include "files.h"

/* Linux moves at most this many bytes in one call. */
#define MAX_RW_BYTES 0x7ffff000L

static int fd;

static void
plain(void)
{
	char buf[16] = "";

	is(write(fd, "hello", 5), 5, "write says how much");
	is(lseek(fd, 0, SEEK_CUR), 5, "and moves the offset");
	is(read(fd, buf, sizeof(buf)), 0, "read at the end gives 0");
	is(lseek(fd, 1, SEEK_SET), 1, "back to 1");
	is(read(fd, buf, sizeof(buf)), 4, "a short read before the end");
	str_is(buf, "ello", "of the right bytes");
	is(read(fd, buf, sizeof(buf)), 0, "then the end");
	is(lseek(fd, 100, SEEK_SET), 100, "beyond the end");
	is(read(fd, buf, sizeof(buf)), 0, "there is nothing to read");
	is(lseek(fd, 0, SEEK_CUR), 100, "and the offset stays");
}

static void
positioned(void)
{
	char buf[16] = "";

	lseek(fd, 2, SEEK_SET);
	is(pwrite(fd, "XY", 2, 1), 2, "pwrite");
	is(pread(fd, buf, 5, 0), 5, "pread");
	str_is(buf, "hXYlo", "sees what pwrite wrote");
	is(lseek(fd, 0, SEEK_CUR), 2, "neither moves the offset");
	is(pread(fd, buf, 5, 5), 0, "pread at the end");
	is(pread(fd, buf, 5, LONG_MAX - 5), 0, "pread far beyond it");
	is_errno(pread(fd, buf, 1, -1), EINVAL, "pread before the start");
	is_errno(pwrite(fd, buf, 1, -1), EINVAL, "pwrite before the start");
	is_errno(pread(fd, buf, 1, LONG_MIN), EINVAL, "pread long before it");
	is_errno(pwrite(fd, "x", 1, LONG_MAX), EINVAL,
	    "pwrite that would end beyond the largest offset");
}

static void
nothing(void)
{
	struct stat before, after;
	char *nowhere = (char *)16;

	must(fstat(fd, &before));
	is(read(fd, nowhere, 0), 0, "reading nothing looks at no buffer");
	is(write(fd, nowhere, 0), 0, "nor does writing nothing");
	is(pwrite(fd, nowhere, 0, 1 << 20), 0, "pwrite of nothing, far out");
	must(fstat(fd, &after));
	is(after.st_size, before.st_size, "makes the file no longer");
	is_errno(pwrite(fd, NOWHERE, 1, 1 << 20), EFAULT,
	    "pwrite of what is not there, far out");
	must(fstat(fd, &after));
	is(after.st_size, before.st_size, "does not either");
}

static void
bad_descriptors(void)
{
	char c;
	int closed = dup(fd), dir = must(open(".", O_RDONLY));

	close(closed);
	is_errno(read(closed, &c, 1), EBADF, "read of a closed descriptor");
	is_errno(write(closed, &c, 1), EBADF, "write to a closed descriptor");
	is_errno(pread(-1, &c, 1, 0), EBADF, "pread of descriptor -1");
	is_errno(pwrite(INT_MAX, &c, 1, 0), EBADF, "pwrite to a huge one");
	is_errno(read(closed, &c, 0), EBADF, "even of nothing");
	is_errno(pread(-1, &c, 1, -1), EINVAL, "the offset is judged first");
	is_errno(read(dir, &c, 1), EISDIR, "a folder can't be read");
	is_errno(pread(dir, &c, 1, 0), EISDIR, "nor by pread");
	is_errno(write(dir, &c, 1), EBADF, "nor is it open for writing");
	close(dir);
}

static void
huge_counts(void)
{
	char *border = page_border();

	must(ftruncate(fd, 10));
	lseek(fd, 0, SEEK_SET);
	is_errno(raw(read, fd, border - 10, SIZE_MAX), EFAULT,
	    "a count below zero wraps round the buffer");
	is_errno(
	    raw(write, fd, border - 10, SIZE_MAX), EFAULT, "for write too");
	is_errno(raw(pread64, fd, border - 10, 1UL << 63, 0), EFAULT,
	    "a count of 1 << 63");
	is(read(fd, border - 10, MAX_RW_BYTES + 1), 10,
	    "a count beyond the limit reads what there is");
	is(lseek(fd, 0, SEEK_CUR), 10, "and moves by that");
}

static void
partial_faults(void)
{
	char *border = page_border(), buf[32];

	must(ftruncate(fd, 0));
	memset(border - 16, 'a', 16);
	is(pwrite(fd, border - 16, 16, 0), 16, "a buffer that just fits");
	is_errno(pwrite(fd, border, 1, 0), EFAULT, "one byte beyond it");
	is(pread(fd, border - 16, 16, 0), 16, "read into one that just fits");
	memset(buf, 0, sizeof(buf));
	is_errno(pread(fd, border, 1, 0), EFAULT, "and one byte beyond");
	is(pread(fd, buf, sizeof(buf), 0), 16, "the file is whole");
	is(memcmp(buf, border - 16, 16), 0, "and says what was written");
	is_errno(raw(pread64, fd, 8, 8, 0), EFAULT, "page 0");
	is_errno(raw(pwrite64, fd, 8, 8, 0), EFAULT, "from page 0");
	is(pread(fd, border, 16, 16), 0, "at the end no buffer is needed");
}

/* Two descriptors of one open file share its offset; two opens do not. */
static void
offsets(void)
{
	int other = must(open("file", O_RDWR)), copy = must(dup(fd));
	char c = 0;

	must(pwrite(fd, "0123456789", 10, 0));
	lseek(fd, 3, SEEK_SET);
	is(read(copy, &c, 1), 1, "read by a duplicate");
	is(c, '3', "starts where the original was");
	is(lseek(fd, 0, SEEK_CUR), 4, "and moves it");
	is(read(other, &c, 1), 1, "read by another open file");
	is(c, '0', "starts at its own offset");
	close(other);
	close(copy);
	if (fork() == 0) {
		lseek(fd, 7, SEEK_SET);
		_exit(0);
	}
	wait(NULL);
	is(lseek(fd, 0, SEEK_CUR), 7, "a child shares the offset");
}

TEST(file_rw)
{
	fd = must(open("file", O_CREAT | O_RDWR, 0600));
	plain();
	positioned();
	nothing();
	bad_descriptors();
	huge_counts();
	partial_faults();
	offsets();
}
