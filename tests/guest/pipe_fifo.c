/* FIFOs: pipes with a name, whose open waits for the other end. */
#include "files.h"

#include <sys/time.h>

static void
nonblocking(void)
{
	int r, w;
	char c;

	is_errno(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO,
	    "no writer without a reader");
	r = open("fifo", O_RDONLY | O_NONBLOCK);
	ok(r >= 0, "but a reader without a writer");
	is(read(r, &c, 1), 0, "which reads the end, not EAGAIN");
	w = open("fifo", O_WRONLY | O_NONBLOCK);
	ok(w >= 0, "then a writer");
	is_errno(read(r, &c, 1), EAGAIN, "now there may be more");
	is(write(w, "x", 1), 1, "write");
	is(read(r, &c, 1), 1, "and read");
	close(w);
	is(read(r, &c, 1), 0, "the writer gone: the end");
	w = must(open("fifo", O_WRONLY | O_NONBLOCK));
	is_errno(read(r, &c, 1), EAGAIN, "a new one: no end");
	close(r);
	signal(SIGPIPE, SIG_IGN);
	is_errno(write(w, "x", 1), EPIPE, "the reader gone: EPIPE");
	r = must(open("fifo", O_RDONLY | O_NONBLOCK));
	is(write(w, "y", 1), 1, "a new one: it is taken");
	close(w);
	is(read(r, &c, 1), 1, "and kept after the writer has gone");
	close(r);
	signal(SIGPIPE, SIG_DFL);
}

static void
both_ways(void)
{
	int fd = open("fifo", O_RDWR);
	char c = 0;

	ok(fd >= 0, "O_RDWR waits for nobody");
	is(write(fd, "z", 1), 1, "writes");
	is(read(fd, &c, 1), 1, "and reads");
	is(c, 'z', "its own");
	must(write(fd, "left", 4));
	close(fd);
	fd = must(open("fifo", O_RDONLY | O_NONBLOCK));
	is(read(fd, &c, 1), 0, "what nobody had open is gone");
	close(fd);
}

static void
writer(void)
{
	int fd = must(open("fifo", O_WRONLY));

	must(write(fd, "met", 3));
}

static void
reader(void)
{
	int fd = must(open("fifo", O_RDONLY));
	char buf[8] = "";

	is(read(fd, buf, sizeof(buf)), 3, "a waiting reader reads");
	str_is(buf, "sir", "what came");
	is(read(fd, buf, sizeof(buf)), 0, "to the end");
}

/* Each open waits for the other, whoever comes first. */
static void
meets(void)
{
	char buf[8] = "";
	pid_t pid = spawn(writer);
	int fd = open("fifo", O_RDONLY);

	ok(fd >= 0, "a reader and a writer meet");
	is(read(fd, buf, sizeof(buf)), 3, "and talk");
	str_is(buf, "met", "as usual");
	wait_status(pid);
	close(fd);
	pid = spawn(reader);
	fd = open("fifo", O_WRONLY);
	ok(fd >= 0, "the other way round");
	must(write(fd, "sir", 3));
	close(fd);
	is(wait_status(pid), 0, "too");
}

static void
quick_reader(void)
{
	char c = 0;
	int fd = must(open("fifo", O_RDONLY));

	ensure(must(read(fd, &c, 1)) == 1 && c == 'q');
}

/* The writer waits when the reader comes, and may be gone before it looks. */
static void
meets_briefly(void)
{
	int round, bad = 0;

	for (round = 0; round < 300; round++) {
		pid_t pid = spawn(quick_reader);
		int fd = must(open("fifo", O_WRONLY));

		must(write(fd, "q", 1));
		close(fd);
		bad += wait_status(pid) != 0;
	}
	is(bad, 0, "a writer that does not stay is met as well");
}

static void
on_alarm(int sig __attribute__((unused)))
{
}

/* One who waits for the other end can be called away. */
static void
interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_alarm};
	struct itimerval every = {{0, 10000}, {0, 10000}}, off = {0};

	must(sigaction(SIGALRM, &sa, NULL));
	setitimer(ITIMER_REAL, &every, NULL);
	is_errno(open("fifo", O_RDONLY), EINTR, "a reader that waits");
	is_errno(open("fifo", O_WRONLY), EINTR, "a writer that waits");
	setitimer(ITIMER_REAL, &off, NULL);
	is_errno(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO,
	    "leaves nothing behind");
}

static void
is_a_file(void)
{
	struct stat a, b;
	int fd = must(open("fifo", O_RDWR));

	must(fstat(fd, &a));
	must(stat("fifo", &b));
	is(a.st_ino, b.st_ino, "its descriptor is the file");
	is(a.st_mode, S_IFIFO | 0600, "of mode 0600");
	must(unlink("fifo"));
	is(write(fd, "x", 1), 1, "it works without its name");
	close(fd);
}

TEST(pipe_fifo)
{
	must(mkfifo("fifo", 0600));
	nonblocking();
	both_ways();
	meets();
	meets_briefly();
	interrupted();
	is_a_file();
}
