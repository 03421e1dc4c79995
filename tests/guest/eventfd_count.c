/* eventfd: the number, its limits, who waits for it. */
#include "files.h"
#include "thread.h"

#include <poll.h>
#include <sys/eventfd.h>

#define MOST 0xfffffffffffffffeul

static int e;

static uint64_t
take(int fd)
{
	uint64_t v = 0;

	ensure(read(fd, &v, sizeof(v)) == sizeof(v));
	return v;
}

static long
give(int fd, uint64_t v)
{
	return write(fd, &v, sizeof(v));
}

static int
ready(int fd)
{
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};

	ensure(poll(&p, 1, 0) >= 0);
	return p.revents;
}

/* ------------------------------------------------ the number */

static void
counts(void)
{
	uint64_t v;

	e = must(eventfd(3, EFD_NONBLOCK));
	is(ready(e), POLLIN | POLLOUT, "3: to be read and written");
	is(take(e), 3, "a read takes all");
	is(ready(e), POLLOUT, "0: to be written only");
	is_errno(read(e, &v, sizeof(v)), EAGAIN, "of 0 none");
	is(give(e, 5), 8, "a write adds");
	is(give(e, 0), 8, "0 is no harm");
	is(give(e, 7), 8, "again");
	is(take(e), 12, "the sum");
	is(give(e, MOST), 8, "the most there is");
	is(ready(e), POLLIN, "is full");
	is_errno(give(e, 1), EAGAIN, "and takes nothing more");
	is(give(e, 0), 8, "but 0");
	is(take(e), MOST, "all of it is read");
	is_errno(give(e, ~0ul), EINVAL, "a number that never fits");
	close(e);
}

static void
counts_down(void)
{
	uint64_t v;

	e = must(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
	is(take(e), 1, "a semaphore gives one");
	is(take(e), 1, "and another one");
	is_errno(read(e, &v, sizeof(v)), EAGAIN, "and no third");
	close(e);
}

static void
errors(void)
{
	char buf[16];

	is_errno(eventfd(0, 2), EINVAL, "a flag that is none");
	is_errno(eventfd(0, EFD_SEMAPHORE | O_APPEND), EINVAL, "nor this");
	e = must(eventfd(1, EFD_CLOEXEC));
	is(fcntl(e, F_GETFD), FD_CLOEXEC, "EFD_CLOEXEC");
	is(fcntl(e, F_GETFL), O_RDWR, "is open for both");
	is_errno(read(e, buf, 7), EINVAL, "a read of less than 8");
	is_errno(write(e, buf, 7), EINVAL, "a write of less than 8");
	is_errno(read(e, buf, 0), EINVAL, "of none");
	is(read(e, buf, sizeof(buf)), 8, "a read of more gives 8");
	memset(buf, 0, sizeof(buf));
	buf[0] = 2;
	is_errno(write(e, buf, sizeof(buf)), EINVAL, "but a write does not");
	is(write(e, buf, 8), 8, "take more, nor less");
	is_errno(write(e, NOWHERE, 8), EFAULT, "a bad pointer to write");
	is(take(e), 2, "has added nothing");
	give(e, 1);
	is_errno(read(e, NOWHERE, 8), EFAULT, "a bad pointer to read");
	is_errno(ftruncate(e, 0), EINVAL, "ftruncate");
	close(e);
	e = must(eventfd(0, EFD_NONBLOCK));
	is(fcntl(e, F_GETFL) & O_NONBLOCK, O_NONBLOCK, "EFD_NONBLOCK");
	close(e);
}

static void
has_a_name(void)
{
	char path[64], text[64] = "";

	e = must(eventfd(0, 0));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", e);
	must(readlink(path, text, sizeof(text) - 1));
	str_is(text, "anon_inode:[eventfd]", "what /proc says it is");
	close(e);
}

/* ------------------------------------------------ waiting */

static void *
reader(void *arg __attribute__((unused)))
{
	return (void *)take(e);
}

static void *
writer(void *arg)
{
	ensure(give(e, (uint64_t)arg) == 8);
	return NULL;
}

static void
waits(void)
{
	struct pollfd p = {.events = POLLIN};
	pthread_t t;

	e = must(eventfd(0, 0));
	t = thread_start(reader, NULL);
	give(e, 42);
	is(thread_join(t), 42, "a read waits for a write");
	give(e, MOST);
	t = thread_start(writer, (void *)10);
	is(take(e), MOST, "all is taken");
	thread_join(t);
	is(take(e), 10, "and the write that waited has gone on");
	p.fd = e;
	t = thread_start(writer, (void *)1);
	is(poll(&p, 1, -1), 1, "a poll waits, too");
	thread_join(t);
	close(e);
}

static void
child_reads(void)
{
	take(e);
}

static void
killed(void)
{
	int other;
	pid_t pid;

	e = must(eventfd(0, 0));
	pid = spawn(child_reads);
	kill(pid, SIGKILL);
	is(wait_status(pid), SIGKILL, "who waits can be killed");
	pid = spawn(child_reads);
	other = dup(e);
	close(e);
	give(other, 1);
	is(wait_status(pid), 0, "a child shares it");
	close(other);
}

static void
on_signal(int sig __attribute__((unused)))
{
}

static void
interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_signal};
	pid_t parent = getpid();
	uint64_t v;
	pid_t pid;

	must(sigaction(SIGUSR1, &sa, NULL));
	e = must(eventfd(0, 0));
	pid = must(fork());
	if (pid == 0) {
		for (;;)
			if (kill(parent, SIGUSR1) < 0 || usleep(1000) < 0)
				_exit(0);
	}
	is_errno(read(e, &v, sizeof(v)), EINTR, "a signal ends the wait");
	kill(pid, SIGKILL);
	wait_status(pid);
	close(e);
}

/* ------------------------------------------------ many */

#define MANY    8
#define NR_EACH 500

static void *
add_ones(void *arg __attribute__((unused)))
{
	for (int i = 0; i < NR_EACH; i++)
		ensure(give(e, 1) == 8);
	return NULL;
}

static void *
take_ones(void *arg __attribute__((unused)))
{
	for (int i = 0; i < NR_EACH; i++)
		ensure(take(e) == 1);
	return NULL;
}

static void
crowd(void)
{
	pthread_t t[2 * MANY];

	e = must(eventfd(0, EFD_SEMAPHORE));
	for (int i = 0; i < MANY; i++) {
		t[2 * i] = thread_start(take_ones, NULL);
		t[2 * i + 1] = thread_start(add_ones, NULL);
	}
	for (int i = 0; i < 2 * MANY; i++)
		thread_join(t[i]);
	is(ready(e), POLLOUT, "what many add, many take, and none is left");
	close(e);
}

TEST(eventfd_count)
{
	counts();
	counts_down();
	errors();
	has_a_name();
	waits();
	killed();
	interrupted();
	crowd();
}
