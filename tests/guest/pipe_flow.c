/* Pipes: bytes in order, ends that close, reads and writes that wait. */
#include "files.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#define MANY_BYTES 300000 /* several times what a pipe holds */

static int p[2];

static void
make_pipe(int flags)
{
	must(pipe2(p, flags));
}

static void
close_pipe(void)
{
	close(p[0]);
	close(p[1]);
}

static void
makes(void)
{
	int q[2];

	make_pipe(0);
	is(fcntl(p[0], F_GETFL) & O_ACCMODE, O_RDONLY, "one end reads");
	is(fcntl(p[1], F_GETFL) & O_ACCMODE, O_WRONLY, "one end writes");
	is(fcntl(p[0], F_GETFD), 0, "neither closes at exec");
	must(pipe2(q, O_CLOEXEC | O_NONBLOCK));
	is(fcntl(q[0], F_GETFD), FD_CLOEXEC, "O_CLOEXEC for one");
	is(fcntl(q[1], F_GETFD), FD_CLOEXEC, "and the other");
	ok(fcntl(q[0], F_GETFL) & O_NONBLOCK, "O_NONBLOCK for one");
	ok(fcntl(q[1], F_GETFL) & O_NONBLOCK, "and the other");
	close(q[0]);
	close(q[1]);
	is_errno(pipe2(q, O_APPEND), EINVAL, "another flag");
	is_errno(pipe2(q, -1), EINVAL, "all flags");
	is_errno(raw(pipe2, 8, 0), EFAULT, "no room for the numbers");
	is(dup(0), q[0], "which leaves no descriptor behind");
	close(q[0]);
	close_pipe();
}

static void
carries(void)
{
	char buf[16] = "";
	struct iovec out[] = {{"one", 3}, {"two", 3}};
	int n = -1;

	make_pipe(0);
	is(write(p[1], "hello", 5), 5, "write");
	is(ioctl(p[0], FIONREAD, &n), 0, "FIONREAD");
	is(n, 5, "counts what waits");
	is(read(p[0], buf, 2), 2, "a part");
	is(read(p[0], buf + 2, 10), 3, "the rest and no more");
	str_is(buf, "hello", "in order");
	is(writev(p[1], out, 2), 6, "writev");
	is(write(p[1], "three", 5), 5, "and write");
	memset(buf, 0, sizeof(buf));
	is(read(p[0], buf, sizeof(buf)), 11, "one read takes both");
	str_is(buf, "onetwothree", "in order");
	is(write(p[1], buf, 0), 0, "writing nothing");
	must(ioctl(p[0], FIONREAD, &n));
	is(n, 0, "adds nothing");
	is(read(p[0], buf, 0), 0, "reading nothing does not wait");
	is_errno(read(p[1], buf, 1), EBADF, "the writing end can't be read");
	is_errno(write(p[0], buf, 1), EBADF, "nor the reading end written");
	is_errno(pread(p[0], buf, 1, 0), ESPIPE, "pread");
	is_errno(pwrite(p[1], buf, 1, 0), ESPIPE, "pwrite");
	is_errno(raw(write, p[1], 8, 1), EFAULT, "a bad buffer");
	must(write(p[1], "x", 1));
	is_errno(raw(read, p[0], 8, 1), EFAULT, "to read into");
	is(read(p[0], buf, 1), 1, "loses nothing");
	close_pipe();
}

/* ------------------------------------------------ ends */

static void
write_to_nobody(void)
{
	write(p[1], "x", 1);
}

static void
ends(void)
{
	char c;

	make_pipe(0);
	must(write(p[1], "x", 1));
	close(p[1]);
	is(read(p[0], &c, 1), 1, "what was written before the end");
	is(read(p[0], &c, 1), 0, "then the end");
	is(read(p[0], &c, 1), 0, "which stays");
	close(p[0]);
	make_pipe(0);
	close(p[0]);
	dies(SIGPIPE, write_to_nobody, "writing to nobody kills");
	signal(SIGPIPE, SIG_IGN);
	is_errno(write(p[1], "x", 1), EPIPE, "or is EPIPE");
	is(write(p[1], "x", 0), 0, "writing nothing is neither");
	close(p[1]);
	signal(SIGPIPE, SIG_DFL);
}

static void
nonblocking(void)
{
	char c;

	make_pipe(O_NONBLOCK);
	is_errno(read(p[0], &c, 1), EAGAIN, "nothing to read");
	is(read(p[0], &c, 0), 0, "unless nothing is asked for");
	close(p[1]);
	is(read(p[0], &c, 1), 0, "the end is not EAGAIN");
	close(p[0]);
}

/* ------------------------------------------------ waiting */

static struct gate g;

static void
late_writer(void)
{
	gate_wait(&g);
	must(write(p[1], "late", 4));
}

static void
late_closer(void)
{
	gate_wait(&g);
}

/*
 * The reader is on its way to read when the gate opens; whether it has
 * arrived there or not, it must get the bytes, or the end.
 */
static void
reader_waits(void)
{
	char buf[8] = "";
	pid_t pid;

	make_pipe(0);
	g = gate_make();
	pid = spawn(late_writer);
	gate_open(&g);
	is(read(p[0], buf, sizeof(buf)), 4, "a read waits for a writer");
	str_is(buf, "late", "and gets what it writes");
	wait_status(pid);
	pid = spawn(late_closer);
	close(p[1]);
	gate_open(&g);
	is(read(p[0], buf, sizeof(buf)), 0, "or for the last writer to close");
	wait_status(pid);
	close(p[0]);
	gate_close(&g);
}

static void
big_writer(void)
{
	char *buf = pages(MANY_BYTES, PROT_READ | PROT_WRITE);

	for (int i = 0; i < MANY_BYTES; i++)
		buf[i] = i % 251;
	is(write(p[1], buf, MANY_BYTES), MANY_BYTES,
	    "a large write waits until all is in");
}

static void
writer_waits(void)
{
	char buf[1000];
	long total = 0, wrong = 0;
	ssize_t n;
	pid_t pid;

	make_pipe(0);
	pid = spawn(big_writer);
	close(p[1]);
	while ((n = read(p[0], buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++, total++)
			wrong += buf[i] != (char)(total % 251);
	is(total, MANY_BYTES, "and its reader gets all of it");
	is(wrong, 0, "in order");
	is(wait_status(pid), 0, "then it ends");
	close(p[0]);
}

static void
endless_writer(void)
{
	char buf[4096] = "";

	signal(SIGPIPE, SIG_DFL);
	close(p[0]);
	for (;;)
		must(write(p[1], buf, sizeof(buf)));
}

static void
reader_leaves(void)
{
	struct pollfd full = {.events = POLLOUT};
	pid_t pid;
	int n = 0;

	make_pipe(0);
	full.fd = p[1];
	pid = spawn(endless_writer);
	do
		poll(&full, 1, 0);
	while (full.revents & POLLOUT);
	must(ioctl(p[0], FIONREAD, &n));
	ok(n > 0, "a full pipe with a writer that waits");
	close_pipe();
	is(wait_status(pid), SIGPIPE, "gives SIGPIPE when its reader leaves");
}

TEST(pipe_flow)
{
	makes();
	carries();
	ends();
	nonblocking();
	reader_waits();
	writer_waits();
	reader_leaves();
}
