/* readv, writev, preadv, pwritev: many buffers in one call. */
#include "files.h"

#include <sys/uio.h>

#define IOV_LIMIT 1024 /* UIO_MAXIOV: more buffers than this are refused */

static int fd;

static struct iovec
buffer(const void *base, size_t len)
{
	return (struct iovec){(void *)base, len};
}

/* What the file holds is exactly this. */
static void
holds(const char *text, const char *why)
{
	ok(file_holds("file", text), "%s: the file is '%s'", why, text);
}

static void
gathers(void)
{
	struct iovec out[] = {buffer("one", 3), buffer((void *)8, 0),
	    buffer("two", 3), buffer("three", 5)};

	is(writev(fd, out, 4), 11, "writev gathers, passing over empty ones");
	is(lseek(fd, 0, SEEK_CUR), 11, "and moves the offset");
	holds("onetwothree", "writev");
	is(pwritev(fd, out, 1, 3), 3, "pwritev");
	is(lseek(fd, 0, SEEK_CUR), 11, "does not move it");
	holds("oneonethree", "pwritev");
}

static void
scatters(void)
{
	char a[4] = "", b[4] = "", c[32] = "";
	struct iovec in[] = {buffer(a, 3), buffer(b, 3), buffer(c, 31)};

	lseek(fd, 0, SEEK_SET);
	is(readv(fd, in, 3), 11, "readv scatters");
	str_is(a, "one", "into the first buffer");
	str_is(b, "one", "the second");
	str_is(c, "three", "and what is left into the third");
	is(readv(fd, in, 3), 0, "readv at the end");
	is(preadv(fd, in, 2, 1), 6, "preadv");
	str_is(a, "neo", "from where it says");
	is(lseek(fd, 0, SEEK_CUR), 11, "without moving the offset");
}

static void
counts(void)
{
	static struct iovec many[IOV_LIMIT + 1];
	static char bytes[IOV_LIMIT + 1];

	for (int i = 0; i <= IOV_LIMIT; i++)
		many[i] = buffer(&bytes[i], 1);
	is(writev(fd, many, 0), 0, "no buffers at all");
	is(readv(fd, NULL, 0), 0, "and no table of them");
	is_errno(raw(writev, fd, many, -1), EINVAL, "-1 buffers");
	is_errno(raw(readv, fd, many, INT_MAX), EINVAL, "INT_MAX buffers");
	is_errno(raw(writev, fd, many, IOV_LIMIT + 1), EINVAL,
	    "one more than the limit");
	is(pwritev(fd, many, IOV_LIMIT, 0), IOV_LIMIT, "the limit");
	is(preadv(fd, many, IOV_LIMIT, 0), IOV_LIMIT, "for reading too");
	must(ftruncate(fd, 0));
}

static void
lengths(void)
{
	char a[8] = "";
	struct iovec iov[] = {buffer(a, 4), buffer(a, (size_t)-1)};

	is_errno(raw(writev, fd, iov, 2), EINVAL, "a length below zero");
	is_errno(raw(readv, fd, iov, 2), EINVAL, "for readv");
	iov[1].iov_len = 1UL << 63;
	is_errno(raw(pwritev, fd, iov, 2, 0, 0), EINVAL, "for pwritev");
	is_errno(raw(preadv, fd, iov, 2, 0, 0), EINVAL, "for preadv");
	is(file_size("file"), 0, "nothing was written before it was seen");
	iov[0] = buffer(a, LONG_MAX);
	iov[1] = buffer(a, LONG_MAX);
	is_errno(raw(writev, fd, iov, 2), EFAULT,
	    "a sum beyond SSIZE_MAX: the end of memory comes first");
}

static void
bad_pointers(void)
{
	char *border = page_border();
	struct iovec *table = (struct iovec *)border;
	struct iovec iov[] = {buffer("good", 4), buffer(border, 4)};

	lseek(fd, 0, SEEK_SET);
	is_errno(raw(writev, fd, 8, 1), EFAULT, "a table in page 0");
	table[-1] = buffer("fits", 4);
	is(pwritev(fd, table - 1, 1, 0), 4, "a table that just fits");
	is_errno(raw(writev, fd, table - 1, 2), EFAULT, "one that does not");
	is(lseek(fd, 0, SEEK_CUR), 0, "writes nothing");
	is(pwritev(fd, iov, 2, 0), 4, "a bad second buffer: the first counts");
	holds("good", "pwritev");
	is_errno(raw(pwritev, fd, iov + 1, 1, 0, 0), EFAULT, "a bad first");
	iov[0] = buffer(border - 2, 2);
	is(preadv(fd, iov, 2, 0), 2, "the same for reading");
	is(memcmp(border - 2, "go", 2), 0, "with the bytes in the first");
}

static void
refuses(void)
{
	char c;
	struct iovec iov = buffer(&c, 1);
	int p[2], r = must(open("file", O_RDONLY));
	int dir = must(open(".", O_RDONLY));

	must(pipe(p));
	is_errno(preadv(p[0], &iov, 1, 0), ESPIPE, "preadv on a pipe");
	is_errno(pwritev(p[1], &iov, 1, 0), ESPIPE, "pwritev on a pipe");
	is_errno(preadv(fd, &iov, 1, -1), EINVAL, "preadv at -1");
	is_errno(pwritev(fd, &iov, 1, -1), EINVAL, "pwritev at -1");
	is_errno(writev(r, &iov, 1), EBADF, "writev to O_RDONLY");
	is_errno(readv(p[1], &iov, 1), EBADF, "readv from a pipe's end");
	is_errno(readv(dir, &iov, 1), EISDIR, "readv of a folder");
	is_errno(readv(-1, &iov, 1), EBADF, "readv of no descriptor");
	is_errno(writev(999, &iov, 1), EBADF, "writev to no descriptor");
	is_errno(preadv(-1, &iov, 1, 0), EBADF, "preadv of none");
	is_errno(pwritev(-1, &iov, 1, 0), EBADF, "pwritev of none");
	for (int i = 0; i < 2; i++)
		close(p[i]);
	close(r);
	close(dir);
}

/* With O_APPEND every writev goes to the end, its buffers in one piece. */
static void
appends(void)
{
	int a = must(open("file", O_WRONLY | O_APPEND));
	struct iovec iov[] = {buffer("ab", 2), buffer("cd", 2)};

	must(ftruncate(fd, 0));
	lseek(fd, 0, SEEK_SET);
	is(writev(a, iov, 2), 4, "writev to O_APPEND");
	is(write(fd, "X", 1), 1, "then write at 0 by another");
	is(writev(a, iov, 2), 4, "then writev again");
	holds("Xbcdabcd", "writev with O_APPEND");
	close(a);
}

TEST(file_vec)
{
	fd = must(open("file", O_CREAT | O_RDWR, 0600));
	gathers();
	scatters();
	counts();
	lengths();
	bad_pointers();
	refuses();
	appends();
}
