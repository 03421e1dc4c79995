/* /proc/PID/io: what a process read and wrote. */
#include "files.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

struct io {
	long rchar, wchar, syscr, syscw, read, written, cancelled;
};

/* The text that was read last, and how long it was. */
static long text_bytes;

static bool
read_io(const char *path, struct io *io)
{
	char buf[512];
	int fd = open(path, O_RDONLY);
	int end = 0;

	if (fd < 0)
		return false;
	text_bytes = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (text_bytes <= 0)
		return false;
	buf[text_bytes] = '\0';
	return sscanf(buf,
		   "rchar: %ld\nwchar: %ld\nsyscr: %ld\nsyscw: %ld\n"
		   "read_bytes: %ld\nwrite_bytes: %ld\n"
		   "cancelled_write_bytes: %ld\n%n",
		   &io->rchar, &io->wchar, &io->syscr, &io->syscw, &io->read,
		   &io->written, &io->cancelled, &end) == 7 &&
	    end == text_bytes;
}

static struct io
look(const char *path)
{
	struct io io;

	ensure(read_io(path, &io));
	return io;
}

/*
 * What fn did, by its own process's account: bytes and calls of reading and of
 * writing.  The look itself is a read of text_bytes.
 */
static struct io
account(void (*fn)(int fd), int fd)
{
	struct io a = look("/proc/self/io"), b;
	long own = text_bytes;

	fn(fd);
	b = look("/proc/self/io");
	return (struct io){b.rchar - a.rchar - own, b.wchar - a.wchar,
	    b.syscr - a.syscr - 1, b.syscw - a.syscw, b.read - a.read,
	    b.written - a.written, b.cancelled - a.cancelled};
}

static char buf[10000];

static void
do_write(int fd)
{
	write(fd, buf, sizeof(buf));
	pwrite(fd, buf, 100, 50);
}

static void
do_read(int fd)
{
	pread(fd, buf, 3000, 0);
	pread(fd, buf, 3000, 9000);
	pread(fd, buf, 3000, 20000);
}

static void
do_vectors(int fd)
{
	struct iovec v[2] = {{buf, 10}, {buf, 20}};

	pwritev(fd, v, 2, 0);
	preadv(fd, v, 2, 0);
	readv(-1, v, 2);
	writev(-1, v, 2);
}

static void
do_nothing(int fd)
{
	int w = must(open("nothing", O_CREAT | O_WRONLY, 0600));

	read(-1, buf, 1);
	write(-1, buf, 1);
	read(w, buf, 1);
	pread(fd, buf, 1, -1);
	must(fsync(fd));
	lseek(fd, 0, SEEK_SET);
	close(w);
	unlink("nothing");
}

static void
do_empty(int fd)
{
	int p[2];

	pread(fd, buf, 0, 0);
	pwrite(fd, buf, 0, 0);
	must(pipe2(p, O_NONBLOCK));
	read(p[0], buf, 1);
	write(p[1], buf, 7);
	read(p[0], buf, 100);
	close(p[0]);
	close(p[1]);
}

static void
do_copy(int fd)
{
	int to = must(open("copy", O_CREAT | O_RDWR | O_TRUNC, 0600));
	off_t from = 0;

	must(sendfile(to, fd, &from, 9000));
	close(to);
	unlink("copy");
}

static void
do_faulting(int fd)
{
	pread(fd, NOWHERE, 10, 0);
	pwrite(fd, NOWHERE, 10, 0);
}

static void
is_account(const struct io *io, long rchar, long syscr, long wchar, long syscw,
    const char *what)
{
	is(io->rchar, rchar, "%s: bytes read", what);
	is(io->syscr, syscr, "%s: reads", what);
	is(io->wchar, wchar, "%s: bytes written", what);
	is(io->syscw, syscw, "%s: writes", what);
	is(io->read, 0, "%s: nothing from a disk", what);
	is(io->written, 0, "%s: nothing to a disk", what);
	is(io->cancelled, 0, "%s: nor taken back", what);
}

/* In a child: its checks would be writes of its own between two looks. */
static void
calls(void)
{
	int fd = must(open("file", O_CREAT | O_RDWR, 0600));
	struct io wr, rd, vec, none, empty, copy, fault;

	wr = account(do_write, fd);
	rd = account(do_read, fd);
	vec = account(do_vectors, fd);
	none = account(do_nothing, fd);
	empty = account(do_empty, fd);
	copy = account(do_copy, fd);
	fault = account(do_faulting, fd);
	is_account(&wr, 0, 0, 10100, 2, "write and pwrite");
	is_account(&rd, 4000, 3, 0, 0, "pread, to the end and beyond");
	is_account(&vec, 30, 2, 30, 2, "vectors, and those of no file");
	is_account(&none, 0, 0, 0, 0, "what is refused");
	is_account(&empty, 7, 3, 7, 2, "nothing, and a pipe");
	is_account(&copy, 9000, 1, 9000, 1, "sendfile");
	is_account(&fault, 0, 1, 0, 1, "bad memory");
}

static char path[64];

static void *
in_thread(void *arg)
{
	struct io *io = arg;
	int fd = must(open("thread", O_CREAT | O_RDWR, 0600));

	snprintf(
	    path, sizeof(path), "/proc/self/task/%ld/io", (long)raw(gettid));
	must(write(fd, buf, 5000));
	must(pread(fd, buf, 5000, 0));
	close(fd);
	ensure(read_io(path, io));
	return NULL;
}

static void
threads(void)
{
	struct io before = look("/proc/self/io"), one, after;
	pthread_t t;

	ensure(!pthread_create(&t, NULL, in_thread, &one));
	pthread_join(t, NULL);
	after = look("/proc/self/io");
	is(one.rchar, 5000, "a thread's own: read");
	is(one.wchar, 5000, "written");
	is(one.syscr, 1, "reads");
	is(one.syscw, 1, "writes");
	ok(after.wchar - before.wchar == 5000, "it ended, and still counts");
	ok(after.rchar - before.rchar >= 5000, "in its process");
}

static void
child_writes(void)
{
	int fd = must(open("child", O_CREAT | O_RDWR, 0600));

	must(write(fd, buf, 7777));
}

static void
children(void)
{
	struct io before = look("/proc/self/io"), unreaped, after;
	siginfo_t info;
	pid_t child = must(spawn(child_writes));

	must(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	unreaped = look("/proc/self/io");
	wait_status(child);
	after = look("/proc/self/io");
	is(unreaped.wchar - before.wchar, 0, "a child's are its own");
	is(after.wchar - before.wchar, 7777, "until it is waited for");
}

static void
of_others(void)
{
	struct io io;

	ok(read_io("/proc/self/io", &io), "a user sees his own");
	snprintf(path, sizeof(path), "/proc/%d/io", getppid());
	is_errno(open(path, O_RDONLY), EACCES, "not another's");
}

static void
rights(void)
{
	struct stat st;
	pid_t child;

	must(stat("/proc/self/io", &st));
	is(st.st_mode, S_IFREG | 0400, "its owner may read it");
	child = must(fork());
	if (child == 0) {
		must(setgid(USER));
		must(setuid(USER));
		/* What became somebody else may not be looked at. */
		ensure(!execl(tap_self, tap_self, "@proc_io_user", NULL));
	}
	is(wait_status(child), 0, "as a user");
}

HELPER(proc_io_user)
{
	of_others();
	return 0;
}

TEST(proc_io)
{
	lives(calls, "calls are counted");
	lives(threads, "threads are counted");
	lives(children, "children are counted");
	rights();
}
