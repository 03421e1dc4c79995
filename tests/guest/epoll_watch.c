/* epoll_create1 and epoll_ctl: each error, and what is watched. */
#include "epoll.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

static int ep, p[2];

static void
creates(void)
{
	struct epoll_event ev;
	char text[64] = "", path[64];

	is_errno(epoll_create1(1), EINVAL, "a flag that is none");
	ep = must(epoll_create1(EPOLL_CLOEXEC));
	is(fcntl(ep, F_GETFD), FD_CLOEXEC, "EPOLL_CLOEXEC");
	is(fcntl(ep, F_GETFL), O_RDWR, "is open for both");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ep);
	must(readlink(path, text, sizeof(text) - 1));
	str_is(text, "anon_inode:[eventpoll]", "what /proc says it is");
	is_errno(read(ep, &ev, sizeof(ev)), EINVAL, "is not read");
	is_errno(write(ep, &ev, sizeof(ev)), EINVAL, "nor written");
	is(wait_for(ep, &ev, 1, 0), 0, "and watches nothing");
	close(ep);
}

static void
adds(void)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 1};
	int copy;

	is(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), 0, "a pipe");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), EEXIST, "twice");
	copy = dup(p[0]);
	is(epoll_ctl(ep, EPOLL_CTL_ADD, copy, &ev), 0,
	    "but again by another descriptor");
	is(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL), 0, "and away");
	is_errno(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL), ENOENT, "twice");
	is_errno(epoll_ctl(ep, EPOLL_CTL_MOD, copy, &ev), ENOENT,
	    "what is not watched is not changed");
	is(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev), 0, "what is can be");
	is(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NOWHERE), 0,
	    "no event is looked at");
	close(copy);
}

static void
errors(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int file = must(open("x", O_CREAT | O_RDWR, 0600));
	int dir = must(open(".", O_RDONLY | O_DIRECTORY));
	int place = must(open(".", O_PATH));
	int null = must(open("/dev/null", O_RDWR));

	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev), EPERM, "a file");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, dir, &ev), EPERM, "a directory");
	is_errno(epoll_ctl(ep, EPOLL_CTL_DEL, file, &ev), EPERM, "even DEL");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, null, &ev), EPERM, "/dev/null");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, place, &ev), EBADF, "O_PATH");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL, "itself");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, -1, &ev), EBADF, "no file");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, 999, &ev), EBADF, "nor this");
	is_errno(epoll_ctl(-1, EPOLL_CTL_ADD, p[0], &ev), EBADF, "no epoll");
	is_errno(epoll_ctl(p[1], EPOLL_CTL_ADD, p[0], &ev), EINVAL,
	    "a pipe watches nothing");
	is_errno(epoll_ctl(file, EPOLL_CTL_ADD, p[0], &ev), EINVAL,
	    "nor does a file");
	is_errno(epoll_ctl(ep, 0, p[0], &ev), EINVAL, "no operation");
	is_errno(epoll_ctl(ep, 4, p[0], &ev), EINVAL, "nor this");
	is_errno(
	    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], NOWHERE), EFAULT, "no event");
	is_errno(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], NULL), EFAULT, "none");
	is_errno(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev), ENOENT, "not there");
	close(file);
	close(dir);
	close(place);
	close(null);
}

static void
wait_errors(void)
{
	struct epoll_event ev = {.events = EPOLLIN}, *none = NOWHERE;
	struct timespec bad = {0, 1000000000};
	uint64_t mask = 0;

	is_errno(wait_for(ep, &ev, 0, 0), EINVAL, "room for none");
	is_errno(wait_for(ep, &ev, -1, 0), EINVAL, "for less");
	is_errno(wait_for(ep, &ev, INT_MAX, 0), EINVAL, "for too many");
	is_errno(wait_for(-1, &ev, 1, 0), EBADF, "no epoll");
	is_errno(wait_for(p[0], &ev, 1, 0), EINVAL, "a pipe");
	is_errno(
	    raw(epoll_pwait, ep, &ev, 1, 0, &mask, 4), EINVAL, "half a mask");
	is_errno(raw(epoll_pwait, ep, &ev, 1, 0, NOWHERE, 8), EFAULT, "none");
	is_errno(
	    raw(epoll_pwait2, ep, &ev, 1, &bad, NULL, 8), EINVAL, "a bad time");
	is_errno(
	    raw(epoll_pwait2, ep, &ev, 1, NOWHERE, NULL, 8), EFAULT, "no time");
	must(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	must(write(p[1], "x", 1));
	is_errno(wait_for(ep, none, 1, 0), EFAULT, "no room");
	is(wait_for(ep, &ev, 1, 0), 1, "the event is not lost by that");
	ev.events = EPOLLIN | EPOLLONESHOT;
	must(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
	is_errno(wait_for(ep, none, 1, 0), EFAULT, "of one shot");
	is(wait_for(ep, &ev, 1, 0), 1, "it is not lost, either");
	must(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	must(read(p[0], &ev, 1));
}

/* EPOLLEXCLUSIVE goes with little, and is not changed. */
static void
exclusive(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE};
	int other = must(epoll_create1(0));

	is(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), 0, "added");
	is_errno(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev), EINVAL, "changed");
	ev.events = EPOLLIN;
	is_errno(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev), EINVAL, "without");
	must(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	is_errno(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev), EINVAL, "into one");
	must(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, other, &ev), EINVAL, "an epoll");
	ev.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), EINVAL, "one shot");
	ev.events = EPOLLPRI | EPOLLEXCLUSIVE;
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), EINVAL, "EPOLLPRI");
	ev.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLET | EPOLLWAKEUP;
	is(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), 0, "with what it goes");
	must(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	close(other);
}

/* ------------------------------------------------ nesting */

static void
loops(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int a = must(epoll_create1(0)), b = must(epoll_create1(0)),
	    c = must(epoll_create1(0));

	is(epoll_ctl(a, EPOLL_CTL_ADD, b, &ev), 0, "a watches b");
	is_errno(epoll_ctl(b, EPOLL_CTL_ADD, a, &ev), ELOOP, "b not a");
	is(epoll_ctl(b, EPOLL_CTL_ADD, c, &ev), 0, "b watches c");
	is_errno(epoll_ctl(c, EPOLL_CTL_ADD, a, &ev), ELOOP, "c not a");
	is(epoll_ctl(a, EPOLL_CTL_ADD, c, &ev), 0, "but a c, as well");
	must(epoll_ctl(a, EPOLL_CTL_DEL, b, NULL));
	must(epoll_ctl(a, EPOLL_CTL_DEL, c, NULL));
	is(epoll_ctl(c, EPOLL_CTL_ADD, a, &ev), 0, "now c watches a");
	is_errno(epoll_ctl(a, EPOLL_CTL_ADD, b, &ev), ELOOP, "and a not b");
	close(b);
	close(c);
	is(wait_for(a, &ev, 1, 0), 0, "who is watched stays");
	close(a);
}

/* From the lower end up, from the upper end down, and in the middle. */
static void
depth(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int e[10];

	for (int i = 0; i < 10; i++)
		e[i] = must(epoll_create1(0));
	must(epoll_ctl(e[0], EPOLL_CTL_ADD, p[0], &ev));
	for (int i = 1; i < 5; i++)
		is(epoll_ctl(e[i], EPOLL_CTL_ADD, e[i - 1], &ev), 0,
		    "five above one another: %d", i);
	is_errno(epoll_ctl(e[5], EPOLL_CTL_ADD, e[4], &ev), ELOOP,
	    "not six, built up");
	is_errno(
	    epoll_ctl(e[0], EPOLL_CTL_ADD, e[5], &ev), ELOOP, "nor built down");
	for (int i = 6; i < 9; i++)
		must(epoll_ctl(e[i], EPOLL_CTL_ADD, e[i + 1], &ev));
	is_errno(epoll_ctl(e[1], EPOLL_CTL_ADD, e[6], &ev), ELOOP,
	    "nor out of two rows");
	must(write(p[1], "x", 1));
	is(wait_for(e[4], &ev, 1, 0), 1, "what happens goes up through five");
	must(read(p[0], &ev, 1));
	is(wait_for(e[4], &ev, 1, 0), 0, "and is over for all");
	for (int i = 0; i < 10; i++)
		close(e[i]);
}

/* ------------------------------------------------ many */

#define MANY 300

static void
many(void)
{
	struct epoll_event ev = {.events = EPOLLIN}, evs[MANY];
	int fd[MANY];

	for (int i = 0; i < MANY; i++) {
		fd[i] = must(eventfd(i % 3 == 0, 0));
		ev.data.u32 = (uint32_t)i;
		must(epoll_ctl(ep, EPOLL_CTL_ADD, fd[i], &ev));
	}
	is(wait_for(ep, evs, MANY, 0), MANY / 3, "a third is ready");
	for (int i = 0; i < MANY / 3; i++)
		ensure(evs[i].data.u32 % 3 == 0);
	/* Each gets its turn, however few are asked for. */
	bool seen[MANY] = {false};
	for (int i = 0; i < MANY / 3; i++) {
		is(wait_for(ep, evs, 1, 0), 1, "one at a time");
		seen[evs[0].data.u32] = true;
	}
	for (int i = 0; i < MANY; i += 3)
		ensure(seen[i]);
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	is(wait_for(ep, evs, MANY, 0), 0, "closed, none is");
}

/* More than a user may have. */
static void
too_many(void)
{
	struct rlimit open_files = {20000, 20000};
	struct epoll_event ev = {.events = EPOLLIN};
	const char *limit = "/proc/sys/fs/epoll/max_user_watches";
	int err = 0, nr = 0;
	char old[32] = "";
	FILE *f = fopen(limit, "r");

	if (f == NULL || fgets(old, sizeof(old), f) == NULL) {
		skip("no %s", limit);
		return;
	}
	fclose(f);
	file_make(limit, "100\n");
	must(setrlimit(RLIMIT_NOFILE, &open_files));
	for (; err == 0 && nr < 200; nr++) {
		int fd = must(dup(p[0]));

		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
			err = errno;
	}
	is(err, ENOSPC, "there is an end of it");
	ok(nr <= 101, "after a hundred");
	file_make(limit, old);
	close_range(100, ~0u, 0);
}

TEST(epoll_watch)
{
	creates();
	must(pipe(p));
	ep = must(epoll_create1(0));
	adds();
	errors();
	wait_errors();
	exclusive();
	loops();
	depth();
	many();
	too_many();
}
