/* truncate and ftruncate. */
#include "files.h"

static int fd;

static void
sizes(void)
{
	is(truncate("file", 4), 0, "truncate to less");
	ok(file_holds("file", "0123"), "cuts");
	is(truncate("file", 6), 0, "to more");
	is(file_size("file"), 6, "makes it longer");
	is(ftruncate(fd, 2), 0, "ftruncate to less");
	ok(file_holds("file", "01"), "cuts");
	is(ftruncate(fd, 2), 0, "to the same");
	is(lseek(fd, 0, SEEK_CUR), 10, "and does not move the offset");
	is(write(fd, "x", 1), 1, "a write there");
	is(file_size("file"), 11, "makes a hole before it");
	is(ftruncate(fd, 0), 0, "to nothing");
	is(file_size("file"), 0, "leaves nothing");
}

static void
refuses(void)
{
	int r = must(open("file", O_RDONLY)), p[2];
	int dir = must(open("dir", O_RDONLY));

	is_errno(truncate("file", -1), EINVAL, "truncate to -1");
	is_errno(ftruncate(fd, -1), EINVAL, "ftruncate to -1");
	is_errno(ftruncate(fd, LONG_MIN), EINVAL, "to LONG_MIN");
	is_errno(truncate("none", -1), EINVAL, "the length is judged first");
	is_errno(ftruncate(r, 0), EINVAL, "ftruncate of O_RDONLY");
	is_errno(ftruncate(-1, 0), EBADF, "of no descriptor");
	is_errno(ftruncate(-1, -1), EINVAL, "the length first, again");
	is_errno(ftruncate(dir, 0), EINVAL, "of a folder");
	is_errno(truncate("dir", 0), EISDIR, "truncate of a folder");
	is_errno(truncate("none", 0), ENOENT, "of nothing");
	is_errno(truncate("", 0), ENOENT, "of no name");
	is_errno(truncate("file/x", 0), ENOTDIR, "below a file");
	is_errno(truncate("file/", 0), ENOTDIR, "of a file with a slash");
	is_errno(truncate("loop", 0), ELOOP, "of a link to itself");
	is_errno(truncate("/dev/null", 0), EINVAL, "of a device");
	must(pipe(p));
	is_errno(ftruncate(p[1], 0), EINVAL, "of a pipe");
	must(mkfifo("fifo", 0600));
	is_errno(truncate("fifo", 0), EINVAL, "of a FIFO");
	close(p[0]);
	close(p[1]);
	close(r);
	close(dir);
}

static void
through_links(void)
{
	file_make("file", "0123456789");
	is(truncate("link", 3), 0, "truncate goes through a link");
	ok(file_holds("file", "012"), "to what it names");
	is(file_size("link"), 4, "and leaves the link");
}

/* A change of size is a change of the contents, even by nothing. */
static void
times(void)
{
	struct timespec old[2] = {{1000, 0}, {1000, 0}};
	struct stat st;

	must(futimens(fd, old));
	must(ftruncate(fd, 3));
	must(fstat(fd, &st));
	ok(st.st_mtim.tv_sec > 1000, "ftruncate sets the time of change");
	is(st.st_atim.tv_sec, 1000, "but not that of access");
}

static void
by_somebody(void)
{
	is_errno(truncate("readonly", 0), EACCES,
	    "truncate needs the right to write");
	is_errno(truncate("shut/in", 0), EACCES, "and to get there");
	is(truncate("everyones", 0), 0, "no more than that");
}

TEST(file_trunc)
{
	must(chmod(".", 0755));
	file_make("file", "0123456789");
	fd = must(open("file", O_RDWR));
	must(lseek(fd, 10, SEEK_SET));
	must(mkdir("dir", 0755));
	must(mkdir("shut", 0700));
	file_make("shut/in", "x");
	file_make("readonly", "x");
	file_make("everyones", "x");
	must(chmod("everyones", 0666));
	must(symlink("file", "link"));
	must(symlink("loop", "loop"));
	sizes();
	refuses();
	through_links();
	times();
	as_user(by_somebody);
}
