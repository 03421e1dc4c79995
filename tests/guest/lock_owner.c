/*
 * Whose locks are: a process's go when it closes any descriptor of the file,
 * an open file's when that is closed for good.
 */
#include "lock.h"
#include "thread.h"

#include <linux/close_range.h>
#include <sys/stat.h>

static int fd;

/* The process has a lock of all of "f", by fd. */
static void
take(void)
{
	must(record(fd, F_SETLK, F_WRLCK, 0, 0));
	ensure(others_see(fd, "w"));
}

static void
try_closes(void)
{
	int other = must(open("f", O_RDONLY));

	take();
	close(other);
	ok(others_see(fd, "-"), "close of another open file drops it");
	other = must(dup(fd));
	take();
	close(other);
	ok(others_see(fd, "-"), "close of a copy of the descriptor, too");
	other = must(open("f", O_RDONLY));
	take();
	must(dup2(1, other));
	ok(others_see(fd, "-"), "dup2 onto another");
	close(other);
	other = must(open("f", O_RDONLY));
	take();
	must(raw(close_range, other, other, 0));
	ok(others_see(fd, "-"), "close_range");
	other = must(open("f", O_PATH));
	take();
	close(other);
	ok(others_see(fd, "w"), "a mere place is no open file");
	must(link("f", "g"));
	other = must(open("g", O_RDONLY));
	close(other);
	ok(others_see(fd, "-"), "by any of its names");
	other = must(open("h", O_RDWR | O_CREAT, 0600));
	take();
	close(other);
	ok(others_see(fd, "w"), "another file is nothing to it");
}

static void
close_own(void)
{
	close(fd);
}

static void
do_nothing(void)
{
}

static void
lock_byte(void)
{
	must(record(fd, F_SETLK, F_WRLCK, 1, 1));
}

static void
try_fork(void)
{
	must(record(fd, F_SETLK, F_UNLCK, 0, 0));
	must(record(fd, F_SETLK, F_WRLCK, 0, 1));
	lives(do_nothing, "a child that ends");
	ok(others_see(fd, "w--"), "takes nothing of the parent's along");
	lives(close_own, "a child that closes");
	ok(others_see(fd, "w--"), "nor does that");
	lives(lock_byte, "a child locks");
	ok(others_see(fd, "w--"), "until it ends");
}

HELPER(lock_exec)
{
	return others_see(atoi(argv[2]), argv[3]) ? 0 : 1;
}

/* What is locked after exec by the same process; cloexec: of what it opened. */
static int
exec_with(int extra, const char *want)
{
	char number[16];
	pid_t pid = must(fork());

	if (pid == 0) {
		must(record(fd, F_SETLK, F_WRLCK, 0, 1));
		if (extra)
			must(open("f", O_RDONLY | O_CLOEXEC));
		snprintf(number, sizeof(number), "%d", fd);
		execl(tap_self, tap_self, "@lock_exec", number, want, NULL);
		_exit(99);
	}
	return wait_status(pid);
}

static void
try_exec(void)
{
	must(record(fd, F_SETLK, F_UNLCK, 0, 0));
	is(exec_with(0, "w-"), 0, "exec keeps them");
	is(exec_with(1, "--"), 0, "but what it closes drops them");
}

TEST(lock_owner)
{
	fd = must(open("f", O_RDWR | O_CREAT, 0600));
	try_closes();
	try_fork();
	try_exec();
}

/* ---- threads ------------------------------------------------------------- */

static void *
thread_takes(void *arg)
{
	(void)arg;
	return (void *)(long)record(fd, F_SETLK, F_WRLCK, 0, 2);
}

static void *
thread_closes(void *arg)
{
	close((int)(long)arg);
	return NULL;
}

TEST(lock_thread)
{
	int other;

	fd = must(open("f", O_RDWR | O_CREAT, 0600));
	must(record(fd, F_SETLK, F_WRLCK, 0, 1));
	is(thread_join(thread_start(thread_takes, NULL)), 0,
	    "threads are one process: not in each other's way");
	ok(others_see(fd, "ww-"), "a thread's end drops nothing");
	other = must(open("f", O_RDONLY));
	thread_join(thread_start(thread_closes, (void *)(long)other));
	ok(others_see(fd, "---"), "a thread's close does");
}

/* ---- of the open file -----------------------------------------------------
 */

static int a, b;

static void
child_drops(void)
{
	must(record(a, F_OFD_SETLK, F_UNLCK, 1, 1));
}

static void
try_open_files(void)
{
	struct flock l = {.l_type = F_RDLCK};

	is(record(a, F_OFD_SETLK, F_WRLCK, 0, 3), 0, "the first takes three");
	is_errno(record(b, F_OFD_SETLK, F_RDLCK, 2, 1), EAGAIN,
	    "the second open file of the same process may not have one");
	is(record(b, F_OFD_SETLK, F_WRLCK, 3, 1), 0, "but the fourth");
	is_errno(
	    record(b, F_SETLK, F_RDLCK, 0, 1), EAGAIN, "nor may the process");
	is(record(b, F_SETLK, F_WRLCK, 5, 1), 0, "which has another");
	is_errno(record(a, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN,
	    "that stands in the way of an open file");
	must(fcntl(b, F_OFD_GETLK, &l));
	is(l.l_type, F_WRLCK, "asked, the second is told of a writer");
	is(l.l_pid, -1, "who is no process");
	is(l.l_start, 0, "at the first byte");
	is(l.l_len, 3, "of three");
	l = (struct flock){.l_type = F_RDLCK, .l_start = 5, .l_len = 1};
	must(fcntl(b, F_OFD_GETLK, &l));
	is(l.l_pid, getpid(), "and of the process, by its number");
	ok(others_see(a, "wwww-w"), "others see them all");
	lives(child_drops, "a child has the same open file");
	must(record(b, F_SETLK, F_UNLCK, 0, 0));
	is(record(b, F_SETLK, F_WRLCK, 1, 1), 0, "so what it drops is free");
	is_errno(record(b, F_SETLK, F_WRLCK, 2, 1), EAGAIN, "and no more");
}

static void
try_last_close(void)
{
	int copy = must(dup(a));
	struct gate g = gate_make(), held = gate_make();
	pid_t pid;

	must(record(b, F_SETLK, F_UNLCK, 0, 0));
	must(record(b, F_OFD_SETLK, F_UNLCK, 0, 0));
	must(record(a, F_OFD_SETLK, F_WRLCK, 0, 0));
	close(a);
	is_errno(record(b, F_SETLK, F_WRLCK, 0, 1), EAGAIN,
	    "one of two descriptors is closed: still locked");
	pid = must(fork());
	if (pid == 0) {
		gate_open(&held);
		gate_wait(&g);
		_exit(0);
	}
	gate_wait(&held);
	close(copy);
	is_errno(
	    record(b, F_SETLK, F_WRLCK, 0, 1), EAGAIN, "a child has the last");
	gate_open(&g);
	is(wait_status(pid), 0, "and ends");
	is(record(b, F_SETLK, F_WRLCK, 0, 1), 0, "now it is free");
	gate_close(&g);
	gate_close(&held);
}

TEST(lock_ofd)
{
	a = must(open("f", O_RDWR | O_CREAT, 0600));
	b = must(open("f", O_RDWR));
	try_open_files();
	try_last_close();
	close(b);
}

/* ---- names ----------------------------------------------------------------
 */

TEST(lock_names)
{
	int other;

	fd = must(open("f", O_RDWR | O_CREAT, 0600));
	take();
	must(rename("f", "g"));
	ok(others_see(fd, "w"), "a file that was renamed is locked");
	other = must(open("f", O_RDWR | O_CREAT, 0600));
	is(record(other, F_SETLK, F_WRLCK, 0, 0), 0, "its old name is not");
	must(unlink("g"));
	ok(others_see(fd, "w"), "nor does it matter that it has no name");
	must(ftruncate(fd, 100));
	must(ftruncate(fd, 0));
	ok(others_see(fd, "w"), "nor how long it is");
	close(fd);
	close(other);
}
