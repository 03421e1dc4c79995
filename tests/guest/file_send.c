/* sendfile and copy_file_range: what they refuse, and what is left then. */
#include "files.h"

#include <sys/sendfile.h>

static int in, out;

static void
offsets(void)
{
	off_t at = -1;

	is_errno(sendfile(out, in, &at, 4), EINVAL, "an offset below zero");
	is(at, -1, "stays");
	at = LLONG_MAX;
	is_errno(sendfile(out, in, &at, 4), EINVAL, "one too far to be told");
	is_errno(sendfile(out, in, NOWHERE, 4), EFAULT, "one from nowhere");
	at = 100;
	is(sendfile(out, in, &at, 4), 0, "one behind the end");
	is(at, 100, "stays");
	at = 1;
	is(sendfile(out, in, &at, 0), 0, "of no bytes");
	is(at, 1, "it stays");
	is(file_size("out"), 0, "nothing was written");
	is(lseek(in, 0, SEEK_CUR), 0, "nor read");
}

static void
kinds(void)
{
	int p[2], wr = must(open("in", O_WRONLY)), dir;
	int rd = must(open("out", O_RDONLY)), append, place;
	off_t at = 0;

	must(pipe(p));
	is_errno(sendfile(out, -1, NULL, 4), EBADF, "from no file");
	is_errno(sendfile(-1, in, NULL, 4), EBADF, "to no file");
	is_errno(sendfile(out, wr, NULL, 4), EBADF, "from one to write");
	is_errno(sendfile(rd, in, NULL, 4), EBADF, "to one to read");
	dir = must(open(".", O_RDONLY | O_DIRECTORY));
	is_errno(sendfile(out, dir, NULL, 4), EINVAL, "from a folder");
	must(write(p[1], "pipe", 4));
	is_errno(sendfile(out, p[0], &at, 4), ESPIPE,
	    "from a pipe, which has no offsets");
	is_errno(sendfile(out, p[0], NULL, 4), EINVAL, "from a pipe to a file");
	append = must(open("out", O_WRONLY | O_APPEND));
	is_errno(sendfile(append, in, NULL, 4), EINVAL, "to a file's end");
	place = must(open("in", O_PATH));
	is_errno(sendfile(out, place, NULL, 4), EBADF, "from a place");
	is_errno(sendfile(place, in, NULL, 4), EBADF, "to a place");
	is(file_size("out"), 0, "nothing was written");
	is(lseek(in, 0, SEEK_CUR), 0, "nor read");
	is(sendfile(p[1], in, NULL, 2), 2, "to a pipe it goes");
	is(lseek(in, 0, SEEK_CUR), 2, "and the position with it");
	must(lseek(in, 0, SEEK_SET));
	close(p[0]), close(p[1]), close(wr), close(rd);
	close(append), close(place), close(dir);
}

static int
copy(int from, off_t *from_at, int to, off_t *to_at, size_t len, unsigned flags)
{
	return raw(copy_file_range, from, from_at, to, to_at, len, flags);
}

static void
ranges(void)
{
	int append = must(open("out", O_WRONLY | O_APPEND)), p[2], dir;
	off_t at = 0, to = 2;

	must(pipe(p));
	dir = must(open(".", O_RDONLY | O_DIRECTORY));
	is_errno(copy(in, NULL, out, NULL, 4, 1), EINVAL, "flags");
	is_errno(copy(-1, NULL, out, NULL, 4, 0), EBADF, "from no file");
	is_errno(copy(in, NULL, -1, NULL, 4, 0), EBADF, "to no file");
	is_errno(copy(out, NULL, in, NULL, 4, 0), EBADF, "the wrong way");
	is_errno(copy(in, NULL, append, NULL, 4, 0), EBADF, "to a file's end");
	is_errno(copy(dir, NULL, out, NULL, 4, 0), EISDIR, "from a folder");
	is_errno(copy(p[0], NULL, out, NULL, 4, 0), EINVAL, "from a pipe");
	is_errno(copy(in, NULL, p[1], NULL, 4, 0), EINVAL, "to a pipe");
	is_errno(copy(in, NOWHERE, out, NULL, 4, 0), EFAULT, "from nowhere");
	at = -100;
	is_errno(copy(in, &at, out, NULL, 4, 0), EINVAL, "an offset below 0");
	at = 0;
	int both = must(open("in", O_RDWR));
	is_errno(copy(both, &at, both, &to, 4, 0), EINVAL,
	    "onto itself, overlapping");
	ok(file_holds("in", "0123456789"), "which stays");
	is(file_size("out"), 0, "nothing was written");
	is(copy(in, &at, out, NULL, 4, 0), 4, "what can be copied is");
	is(at, 4, "from its offset");
	close(append), close(p[0]), close(p[1]), close(dir), close(both);
}

TEST(file_send)
{
	file_make("in", "0123456789");
	file_make("out", "");
	in = must(open("in", O_RDONLY));
	out = must(open("out", O_WRONLY));
	offsets();
	kinds();
	ranges();
}
