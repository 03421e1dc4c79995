/*
 * Threads that add, change, take away, close, wait and write, all at once, on
 * the same few files and epolls.  There is no right answer but the end: nobody
 * hangs, every error is one of those expected, and the last descriptor closed
 * leaves nothing behind.
 */
#include "epoll.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

enum {
	THREADS = 8,
	FILES = 12,
	ROUNDS = 1500,
};

/* Slots of descriptors, which any thread may close and open again. */
static volatile int slot[FILES];

struct mind {
	unsigned seed;
	int nr;
};

static unsigned
dice(struct mind *m, unsigned sides)
{
	m->seed = m->seed * 1664525 + 1013904223;
	return (m->seed >> 16) % sides;
}

static int
open_some(struct mind *m)
{
	struct itimerspec soon = {{0, 100000}, {0, 100000}};
	int fd, p[2];

	switch (dice(m, 6)) {
	case 0:
		return epoll_create1(0);
	case 1:
		return eventfd(dice(m, 2), EFD_NONBLOCK);
	case 2:
		fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
		if (fd >= 0)
			timerfd_settime(fd, 0, &soon, NULL);
		return fd;
	case 3:
		return open("/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK);
	case 4:
		return dup(slot[dice(m, FILES)]);
	}
	if (pipe2(p, O_NONBLOCK) < 0)
		return -1;
	fd = (int)dice(m, 2);
	close(p[!fd]);
	return p[fd];
}

static uint32_t
some_events(struct mind *m)
{
	uint32_t events = EPOLLIN;

	if (dice(m, 2))
		events |= EPOLLOUT;
	if (dice(m, 3) == 0)
		events |= EPOLLET;
	if (dice(m, 4) == 0)
		events |= EPOLLONESHOT;
	if (dice(m, 6) == 0)
		events = EPOLLIN | EPOLLEXCLUSIVE;
	return events;
}

static bool
is_expected(int err)
{
	static const int expected[] = {EBADF, EINVAL, EEXIST, ENOENT, ELOOP,
	    EPERM, EAGAIN, EINTR, EMFILE, EPIPE, ESPIPE, EIO};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (err == expected[i])
			return true;
	return false;
}

static void
expect(long result)
{
	if (result < 0 && !is_expected(errno))
		ok(false, "errno %d", errno);
}

static void
one_step(struct mind *m)
{
	int a = slot[dice(m, FILES)], b = slot[dice(m, FILES)];
	unsigned at = dice(m, FILES);
	struct epoll_event ev[4];
	struct pollfd p[2] = {{a, POLLIN, 0}, {b, POLLIN | POLLOUT, 0}};
	uint64_t one = 1;
	int fd;

	switch (dice(m, 9)) {
	case 0:
	case 1:
		expect(watch(a, b, some_events(m)));
		break;
	case 2:
		expect(rewatch(a, b, some_events(m)));
		break;
	case 3:
		expect(unwatch(a, b));
		break;
	case 4:
		fd = open_some(m);
		expect(fd);
		if (fd < 0)
			break;
		expect(close(
		    __atomic_exchange_n(&slot[at], fd, __ATOMIC_SEQ_CST)));
		break;
	case 5:
		expect(wait_for(a, ev, 4, (int)dice(m, 2)));
		break;
	case 6:
		expect(poll(p, 2, (int)dice(m, 2)));
		break;
	case 7:
		/* What is typed is not ours to read, nor this to be shown. */
		if (!isatty(a))
			expect(write(a, &one, sizeof(one)));
		break;
	case 8:
		if (!isatty(a))
			expect(read(a, &one, sizeof(one)));
		break;
	}
}

static void *
worker(void *arg)
{
	struct mind m = {.seed = 77777u * (unsigned)(long)arg + 1};

	for (int i = 0; i < ROUNDS; i++)
		one_step(&m);
	return NULL;
}

static void
race(void)
{
	struct mind m = {.seed = 1};
	pthread_t t[THREADS];

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < FILES; i++)
		slot[i] = i % 2 ? must(epoll_create1(0)) : open_some(&m);
	for (long i = 0; i < THREADS; i++)
		t[i] = thread_start(worker, (void *)i);
	for (int i = 0; i < THREADS; i++)
		thread_join(t[i]);
	ok(true, "all have come to their end");
	for (int i = 0; i < FILES; i++)
		close(slot[i]);
}

/* The same, ended in the middle of it: a process leaves nothing behind. */
static void
race_to_death(void)
{
	struct mind m = {.seed = 2};

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < FILES; i++)
		slot[i] = i % 2 ? must(epoll_create1(0)) : open_some(&m);
	for (long i = 0; i < THREADS; i++)
		thread_start(worker, (void *)(i + 100));
	usleep(3000);
	raise(SIGKILL);
}

/* ------------------------------------------------ nothing is lost */

enum {
	PAIRS = 4,
	EVENTS = 2000,
};

static int ep, efd[PAIRS];

static void *
producer(void *arg)
{
	uint64_t one = 1;

	for (int i = 0; i < EVENTS; i++)
		ensure(write(efd[(long)arg], &one, 8) == 8);
	return NULL;
}

static long taken;

/* Edge-triggered and read to the end, or one shot and loaded again. */
static void *
consumer(void *arg)
{
	bool reload = arg != NULL;
	struct epoll_event ev[2];
	uint64_t nr;

	while (__atomic_load_n(&taken, __ATOMIC_SEQ_CST) < PAIRS * EVENTS) {
		/* The time is for those that are not needed any more. */
		long n = wait_for(ep, ev, 2, 20);

		for (int i = 0; i < n; i++) {
			while (read(ev[i].data.fd, &nr, 8) == 8)
				__atomic_add_fetch(
				    &taken, nr, __ATOMIC_SEQ_CST);
			if (reload)
				must(rewatch(ep, ev[i].data.fd,
				    EPOLLIN | EPOLLET | EPOLLONESHOT));
		}
	}
	return NULL;
}

static void
flow(bool reload)
{
	uint32_t how = EPOLLIN | EPOLLET | (reload ? EPOLLONESHOT : 0);
	pthread_t t[2 * PAIRS];

	ep = must(epoll_create1(0));
	taken = 0;
	for (long i = 0; i < PAIRS; i++) {
		efd[i] = must(eventfd(0, EFD_NONBLOCK));
		must(watch(ep, efd[i], how));
	}
	for (long i = 0; i < PAIRS; i++) {
		t[2 * i] = thread_start(producer, (void *)i);
		t[2 * i + 1] = thread_start(consumer, reload ? &t : NULL);
	}
	for (int i = 0; i < 2 * PAIRS; i++)
		thread_join(t[i]);
	is(taken, PAIRS * EVENTS, "every edge has been told");
	for (int i = 0; i < PAIRS; i++)
		close(efd[i]);
	close(ep);
}

static volatile bool enough;

/* Looks at what there is in /proc while it comes and goes. */
static void *
looker(void *arg)
{
	char path[64];
	struct stat st;

	(void)arg;
	while (!enough)
		for (int i = 0; i < 8; i++) {
			snprintf(
			    path, sizeof(path), "/proc/self/fd/%d", efd[0] + i);
			(void)!lstat(path, &st);
		}
	return NULL;
}

/* The last descriptor of a file that is watched, closed while /proc has it. */
static void
looked_at(void)
{
	pthread_t t[3];
	int fd[8];

	ep = must(epoll_create1(0));
	efd[0] = must(dup(0));
	close(efd[0]);
	for (int i = 0; i < 3; i++)
		t[i] = thread_start(looker, NULL);
	for (int n = 0; n < 1500; n++) {
		for (int i = 0; i < 8; i++) {
			fd[i] = must(eventfd(0, 0));
			must(watch(ep, fd[i], EPOLLIN));
		}
		for (int i = 0; i < 8; i++)
			close(fd[i]);
	}
	enough = true;
	for (int i = 0; i < 3; i++)
		thread_join(t[i]);
	close(ep);
	ok(true, "files that /proc looks at are closed");
}

TEST(epoll_race)
{
	looked_at();
	flow(false);
	flow(true);
	lives(race, "a race");
	for (int i = 0; i < 5; i++)
		dies(SIGKILL, race_to_death, "one that is killed");
}
