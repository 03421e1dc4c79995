/*
 * fcntl's record locks: which bytes are meant, and what becomes of the ranges
 * that a process has.
 */
#include "lock.h"

#define LAST ((off_t)0x7fffffffffffffff)

/* fd's process has what map says, and nothing else. */
static void
set_map(int fd, const char *map)
{
	must(record(fd, F_SETLK, F_UNLCK, 0, 0));
	for (int at = 0; map[at] != '\0'; at++)
		if (map[at] != '-')
			must(record(fd, F_SETLK,
			    map[at] == 'w' ? F_WRLCK : F_RDLCK, at, 1));
}

static const struct {
	const char *before;
	int type;
	off_t start, len;
	const char *after;
	const char *what;
} changes[] = {
    {"-wwwwwwwww", F_UNLCK, 3, 2, "-ww--wwwww", "a hole splits"},
    {"-wwwwwwwww", F_RDLCK, 3, 2, "-wwrrwwwww", "so does another type"},
    {"rrrrrrrrrr", F_WRLCK, 0, 3, "wwwrrrrrrr", "at the start"},
    {"rrrrrrrrrr", F_WRLCK, 8, 2, "rrrrrrrrww", "at the end"},
    {"rr--ww--rr", F_RDLCK, 0, 10, "rrrrrrrrrr", "over everything"},
    {"rr--ww--rr", F_UNLCK, 1, 8, "r--------r", "a hole in several"},
    {"ww--ww--ww", F_WRLCK, 2, 2, "wwwwww--ww", "a gap is filled"},
    {"ww--ww--ww", F_WRLCK, 1, 8, "wwwwwwwwww", "gaps are filled"},
    {"rrwwrrwwrr", F_WRLCK, 3, 4, "rrwwwwwwrr", "types meet"},
    {"rrwwrrwwrr", F_UNLCK, 0, 0, "----------", "all is given up"},
    {"----------", F_RDLCK, 9, 0, "---------r", "to the end"},
    {"----------", F_UNLCK, 2, 5, "----------", "nothing is given up"},
    {"-w-w-w-w-w", F_RDLCK, 0, 10, "rrrrrrrrrr", "many become one"},
};

static void
try_changes(int fd)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		set_map(fd, changes[i].before);
		is(record(fd, F_SETLK, changes[i].type, changes[i].start,
		       changes[i].len),
		    0, "%s", changes[i].what);
		ok(others_see(fd, changes[i].after), "%s: others see %s",
		    changes[i].what, changes[i].after);
	}
	must(record(fd, F_SETLK, F_UNLCK, 0, 0));
}

/* ---- what a child is told --------------------------------------------------
 */

static int fd;
static struct flock told;

static void
ask(int type, off_t start, off_t len)
{
	pid_t pid = must(fork());
	int status;

	if (pid == 0) {
		struct flock l = {.l_type = type,
		    .l_start = start,
		    .l_len = len,
		    .l_pid = 77};

		must(fcntl(fd, F_GETLK, &l));
		ensure(pwrite(fd, &l, sizeof(l), 0) == sizeof(l));
		_exit(0);
	}
	status = wait_status(pid);
	ensure(status == 0);
	ensure(pread(fd, &told, sizeof(told), 0) == sizeof(told));
}

static void
try_answers(void)
{
	must(record(fd, F_SETLK, F_WRLCK, 100, 50));
	ask(F_RDLCK, 0, 100);
	is(told.l_type, F_UNLCK, "nobody is before byte 100");
	is(told.l_start, 0, "and the question stays: start");
	is(told.l_len, 100, "length");
	is(told.l_pid, 77, "and process");
	ask(F_RDLCK, 0, 101);
	is(told.l_type, F_WRLCK, "a writer is at byte 100");
	is(told.l_whence, SEEK_SET, "told from the file's start");
	is(told.l_start, 100, "where it begins");
	is(told.l_len, 50, "how long it is");
	is(told.l_pid, getpid(), "and whose");
	ask(F_WRLCK, 150, 0);
	is(told.l_type, F_UNLCK, "nobody is behind it");
	must(record(fd, F_SETLK, F_RDLCK, 100, 0));
	ask(F_RDLCK, 0, 0);
	is(told.l_type, F_UNLCK, "readers do not mind readers");
	ask(F_WRLCK, LAST, 1);
	is(told.l_type, F_RDLCK, "it goes up to the last byte there can be");
	is(told.l_len, 0, "which has the length 0");
	must(record(fd, F_SETLK, F_RDLCK, 100, LAST - 99));
	ask(F_WRLCK, 0, 0);
	is(told.l_len, 0, "however it was asked for");
	must(record(fd, F_SETLK, F_UNLCK, 0, 0));
	is(in_the_way(fd, F_WRLCK, 0), 0, "one's own are in nobody's way");
}

/* ---- where it starts -------------------------------------------------------
 */

static int
from(int whence, off_t start, off_t len)
{
	struct flock l = {.l_type = F_WRLCK,
	    .l_whence = whence,
	    .l_start = start,
	    .l_len = len};

	must(record(fd, F_SETLK, F_UNLCK, 0, 0));
	return fcntl(fd, F_SETLK, &l);
}

static void
try_whence(void)
{
	must(ftruncate(fd, 8));
	must(lseek(fd, 4, SEEK_SET));
	is(from(SEEK_SET, 2, 3), 0, "from the start");
	ok(others_see(fd, "--www-----"), "from the start, so it is");
	is(from(SEEK_CUR, 1, 2), 0, "from the position");
	ok(others_see(fd, "-----ww---"), "from the position, so it is");
	is(from(SEEK_CUR, -4, 2), 0, "before the position");
	ok(others_see(fd, "ww--------"), "before the position, so it is");
	is(from(SEEK_END, 0, 2), 0, "from the end");
	ok(others_see(fd, "--------ww"), "from the end, so it is");
	is(from(SEEK_END, -2, 0), 0, "from before the end to beyond");
	ok(others_see(fd, "------wwww"), "from before the end, so it is");
	is(from(SEEK_SET, 5, -3), 0, "a negative length is what lies before");
	ok(others_see(fd, "--www-----"), "what lies before, so it is");
	is(from(SEEK_SET, 3, -3), 0, "down to the first byte");
	ok(others_see(fd, "www-------"), "down to the first, so it is");
	is(lseek(fd, 0, SEEK_CUR), 4, "no lock moves the position");
}

static void
try_bad_ranges(void)
{
	is_errno(from(SEEK_SET, -1, 1), EINVAL, "before the start");
	is_errno(from(SEEK_CUR, -5, 1), EINVAL, "before it from the position");
	is_errno(from(SEEK_SET, 3, -4), EINVAL, "and by a negative length");
	is_errno(from(SEEK_SET, 0, -1), EINVAL, "of nothing at all");
	is_errno(from(SEEK_SET, 5, INT64_MIN), EINVAL, "the least of lengths");
	is_errno(from(SEEK_SET, INT64_MIN, 0), EINVAL, "the least of starts");
	is_errno(from(SEEK_CUR, LAST, 1), EOVERFLOW, "a start beyond numbers");
	is_errno(from(SEEK_END, LAST, 0), EOVERFLOW, "or from the end");
	is_errno(from(SEEK_SET, 2, LAST), EOVERFLOW, "an end beyond numbers");
	is(from(SEEK_SET, 1, LAST), 0, "the last byte there can be is one");
	is(from(SEEK_SET, LAST, 1), 0, "alone as well");
	is_errno(from(3, 0, 1), EINVAL, "no such whence");
	is_errno(from(-1, 0, 1), EINVAL, "nor that");
}

static void
try_bad_calls(void)
{
	struct flock l = {.l_type = F_WRLCK};
	int r = must(open("f", O_RDONLY)), w = must(open("f", O_WRONLY));
	int p = must(open("f", O_PATH));

	is_errno(record(-1, F_SETLK, F_RDLCK, 0, 0), EBADF, "no descriptor");
	is_errno(record(p, F_SETLK, F_RDLCK, 0, 0), EBADF, "a mere place");
	is_errno(record(p, F_GETLK, F_RDLCK, 0, 0), EBADF, "asked about");
	is_errno(record(r, F_SETLK, F_WRLCK, 0, 0), EBADF,
	    "a write lock wants a file open for writing");
	is_errno(record(w, F_SETLK, F_RDLCK, 0, 0), EBADF,
	    "and a read lock one for reading");
	is(record(r, F_SETLK, F_RDLCK, 0, 0), 0, "that is one");
	is(record(w, F_SETLK, F_WRLCK, 0, 0), 0, "and that one");
	is(record(r, F_GETLK, F_WRLCK, 0, 0), 0, "all may be asked about");
	is(record(r, F_SETLK, F_UNLCK, 0, 0), 0, "and given up");
	is_errno(record(r, F_SETLK, 3, 0, 0), EINVAL, "no such type");
	is_errno(record(r, F_SETLK, -1, 0, 0), EINVAL, "nor that");
	is_errno(record(r, F_GETLK, 3, 0, 0), EINVAL, "nor to ask about");
	is_errno(record(r, F_GETLK, F_UNLCK, 0, 0), EINVAL,
	    "nobody is in the way of giving up");
	is_errno(raw(fcntl, r, F_SETLK, NOWHERE), EFAULT, "no range");
	is_errno(raw(fcntl, r, F_SETLKW, NOWHERE), EFAULT, "to wait for");
	is_errno(raw(fcntl, r, F_GETLK, NOWHERE), EFAULT, "to ask about");
	is_errno(raw(fcntl, r, F_OFD_SETLK, NOWHERE), EFAULT, "of the file");
	l.l_pid = 1;
	is_errno(fcntl(fd, F_OFD_SETLK, &l), EINVAL, "a file is no process");
	is_errno(fcntl(fd, F_OFD_GETLK, &l), EINVAL, "to ask either");
	is(fcntl(fd, F_SETLK, &l), 0, "a process's number is not looked at");
	close(r);
	close(w);
	close(p);
}

static void
try_read_only_answer(void)
{
	struct flock l = {.l_type = F_WRLCK};
	char *page;

	ensure(pwrite(fd, &l, sizeof(l), 0) == sizeof(l));
	page = must(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	is_errno(raw(fcntl, fd, F_GETLK, page), EFAULT,
	    "an answer that cannot be written");
	must(munmap(page, 4096));
}

TEST(lock_range)
{
	fd = must(open("f", O_RDWR | O_CREAT, 0600));
	try_changes(fd);
	try_answers();
	try_whence();
	try_bad_ranges();
	try_bad_calls();
	try_read_only_answer();
}

/* ---- what can be locked ----------------------------------------------------
 */

TEST(lock_kinds)
{
	int p[2], dir, null;

	must(pipe(p));
	is(record(p[0], F_SETLK, F_RDLCK, 0, 0), 0, "a pipe's end");
	is_errno(record(p[0], F_SETLK, F_WRLCK, 0, 0), EBADF, "as it is open");
	is(record(p[1], F_SETLK, F_WRLCK, 5, 1), 0, "and the other");
	is(flock(p[0], LOCK_EX), 0, "by flock too");
	struct flock l = {.l_type = F_RDLCK, .l_whence = SEEK_CUR, .l_len = 1};
	is(fcntl(p[0], F_SETLK, &l), 0, "from its position, which is 0");
	dir = must(open(".", O_RDONLY | O_DIRECTORY));
	is(record(dir, F_SETLK, F_RDLCK, 0, 1), 0, "a directory");
	is_errno(record(dir, F_SETLK, F_WRLCK, 0, 1), EBADF, "to read");
	is(fcntl(dir, F_SETLK, &l), 0, "from its position");
	is(flock(dir, LOCK_EX), 0, "by flock too");
	null = must(open("/dev/null", O_RDWR));
	is(record(null, F_SETLK, F_WRLCK, 0, 0), 0, "a device");
	is(flock(null, LOCK_EX | LOCK_NB), 0, "by flock too");
	close(p[0]);
	close(p[1]);
	close(dir);
	close(null);
}
