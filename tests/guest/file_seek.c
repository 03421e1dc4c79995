/* lseek: the arithmetic, the holes, and the files that have no offset. */
#include "files.h"

#define PAGE  4096L
#define FAR   (16 * PAGE)
#define TAIL  4
#define LIMIT (FAR + TAIL) /* the sparse file's size */

static int fd;

static void
arithmetic(void)
{
	is(lseek(fd, 0, SEEK_END), 10, "the end");
	is(lseek(fd, -3, SEEK_CUR), 7, "back from there");
	is(lseek(fd, 5, SEEK_END), 15, "beyond the end");
	is(file_size("file"), 10, "makes the file no longer");
	is(lseek(fd, LONG_MAX, SEEK_SET), LONG_MAX, "the largest offset");
	is_errno(lseek(fd, 1, SEEK_CUR), EINVAL, "and one more");
	is(lseek(fd, 0, SEEK_CUR), LONG_MAX, "leaves the offset");
	is(lseek(fd, 4, SEEK_SET), 4, "4");
	is_errno(lseek(fd, -1, SEEK_SET), EINVAL, "before the start");
	is_errno(lseek(fd, -5, SEEK_CUR), EINVAL, "by SEEK_CUR");
	is_errno(lseek(fd, -11, SEEK_END), EINVAL, "by SEEK_END");
	is_errno(lseek(fd, LONG_MIN, SEEK_SET), EINVAL, "far before it");
	is_errno(lseek(fd, LONG_MIN, SEEK_CUR), EINVAL, "by SEEK_CUR");
	is_errno(lseek(fd, LONG_MAX, SEEK_END), EINVAL, "beyond all");
	is(lseek(fd, 0, SEEK_CUR), 4, "failures leave the offset");
	is(lseek(fd, -4, SEEK_CUR), 0, "back to 0 exactly");
}

static void
whence(void)
{
	is_errno(raw(lseek, fd, 0, 5), EINVAL, "whence 5");
	is_errno(raw(lseek, fd, 0, -1), EINVAL, "whence -1");
	is_errno(raw(lseek, fd, 0, INT_MAX), EINVAL, "whence INT_MAX");
	is_errno(lseek(-1, 0, SEEK_SET), EBADF, "no descriptor");
	is_errno(raw(lseek, -1, 0, 99), EBADF, "is seen before whence");
}

static void
without_offset(void)
{
	int p[2], null = must(open("/dev/null", O_RDWR));

	must(pipe(p));
	for (int i = 0; i < 2; i++) {
		is_errno(lseek(p[i], 0, SEEK_SET), ESPIPE, "a pipe, end %d", i);
		is_errno(lseek(p[i], 0, SEEK_CUR), ESPIPE, "by SEEK_CUR");
		is_errno(
		    raw(lseek, p[i], 0, 99), EINVAL, "whence is judged first");
		close(p[i]);
	}
	must(mkfifo("fifo", 0600));
	p[0] = must(open("fifo", O_RDWR));
	is_errno(lseek(p[0], 0, SEEK_SET), ESPIPE, "a FIFO");
	close(p[0]);
	is(lseek(null, 100, SEEK_SET), 0, "/dev/null stays at 0");
	close(null);
}

/* Data in page 0, a hole, and TAIL bytes at FAR. */
static void
holes(void)
{
	int s = must(open("sparse", O_CREAT | O_RDWR, 0600));

	must(pwrite(s, "data", 4, 0));
	must(pwrite(s, "tail", TAIL, FAR));
	is(lseek(s, 0, SEEK_DATA), 0, "data at 0");
	is(lseek(s, 10, SEEK_DATA), 10, "data within a page");
	is(lseek(s, 0, SEEK_HOLE), PAGE, "the first hole");
	is(lseek(s, PAGE + 5, SEEK_HOLE), PAGE + 5, "a hole within a hole");
	is(lseek(s, PAGE, SEEK_DATA), FAR, "data behind the hole");
	is(lseek(s, 0, SEEK_CUR), FAR, "and that moves the offset");
	is(lseek(s, FAR, SEEK_HOLE), LIMIT, "the end counts as a hole");
	is_errno(lseek(s, LIMIT, SEEK_DATA), ENXIO, "no data at the end");
	is_errno(lseek(s, LIMIT, SEEK_HOLE), ENXIO, "nor a hole");
	is_errno(lseek(s, -1, SEEK_DATA), ENXIO, "nor before the start");
	is_errno(lseek(s, -1, SEEK_HOLE), ENXIO, "nor a hole there");
	must(ftruncate(s, FAR));
	is_errno(lseek(s, PAGE, SEEK_DATA), ENXIO, "a hole up to the end");
	is(lseek(s, PAGE, SEEK_HOLE), PAGE, "is a hole");
	must(ftruncate(s, 0));
	is_errno(lseek(s, 0, SEEK_DATA), ENXIO, "an empty file has no data");
	is_errno(lseek(s, 0, SEEK_HOLE), ENXIO, "nor a hole");
	close(s);
}

static void
of_folders(void)
{
	int dir = must(open(".", O_RDONLY));

	is(lseek(dir, 0, SEEK_CUR), 0, "a folder starts at 0");
	is(lseek(dir, 0, SEEK_SET), 0, "and can go back there");
	is_errno(lseek(dir, -1, SEEK_SET), EINVAL, "not before it");
	close(dir);
}

TEST(file_seek)
{
	fd = must(open("file", O_CREAT | O_RDWR, 0600));
	must(write(fd, "0123456789", 10));
	arithmetic();
	whence();
	without_offset();
	holes();
	of_folders();
}
