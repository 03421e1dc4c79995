/* Deeds with what is made to wait for others; see chaos.h. */
#include "chaos.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#define SHORT_MS 4
#define EVENTS   8

static bool
make_epoll(void)
{
	return chaos_keep(CHAOS_EPOLL, epoll_create1(0));
}

/* What is added may be another epoll, or itself. */
static bool
change_epoll(void)
{
	static const uint32_t masks[] = {EPOLLIN, EPOLLIN | EPOLLET,
	    EPOLLIN | EPOLLOUT | EPOLLONESHOT, EPOLLIN | EPOLLEXCLUSIVE};
	static const int hows[] = {
	    EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL};
	struct epoll_event event = {.events = CHAOS_PICK(masks)};

	return epoll_ctl(chaos_fd_of(CHAOS_EPOLL), CHAOS_PICK(hows), chaos_fd(),
		   &event) == 0;
}

static bool
wait_for_epoll(void)
{
	struct epoll_event events[EVENTS];

	return epoll_wait(chaos_fd_of(CHAOS_EPOLL), events, EVENTS,
		   chaos_draw(SHORT_MS)) > 0;
}

static bool
poll_all(void)
{
	struct pollfd fds[CHAOS_FDS];

	for (int i = 0; i < CHAOS_FDS; i++)
		fds[i] = (struct pollfd){chaos_fd(), chaos_draw(0x2000), 0};
	return poll(fds, CHAOS_FDS, chaos_draw(SHORT_MS)) > 0;
}

static bool
make_event(void)
{
	return chaos_keep(
	    CHAOS_OTHER, eventfd(chaos_draw(3), chaos_nonblock()));
}

static bool
make_timer(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, chaos_nonblock());
	struct itimerspec when = {.it_interval.tv_nsec = chaos_draw(100000),
	    .it_value.tv_nsec = 1 + chaos_draw(1000000)};

	timerfd_settime(fd, 0, &when, NULL);
	return chaos_keep(CHAOS_TIMER, fd);
}

static bool
set_timer(void)
{
	struct itimerspec when = {.it_value.tv_nsec = chaos_draw(1000000)};

	return timerfd_settime(chaos_fd_of(CHAOS_TIMER), 0, &when, NULL) == 0;
}

static bool
make_inotify(void)
{
	return chaos_keep(CHAOS_INOTIFY, inotify_init1(chaos_nonblock()));
}

static bool
watch_name(void)
{
	static const char *const names[] = {
	    ".", "a", "b", "e", "m0", "/dev/pts", "/proc/self", "/"};
	int fd = chaos_fd_of(CHAOS_INOTIFY);

	if (chaos_once(4))
		return inotify_rm_watch(fd, 1 + chaos_draw(4)) == 0;
	return inotify_add_watch(fd, CHAOS_PICK(names),
		   IN_ALL_EVENTS | (chaos_once(4) ? IN_ONESHOT : 0)) > 0;
}

static bool
make_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, 1 + chaos_draw(40));
	return chaos_keep(CHAOS_OTHER, signalfd(-1, &set, chaos_nonblock()));
}

const struct chaos_deed chaos_wait_deeds[] = {
    {"make an epoll", make_epoll, 2},
    {"change an epoll", change_epoll, 5},
    {"wait for an epoll", wait_for_epoll, 2},
    {"poll", poll_all, 2},
    {"make an eventfd", make_event, 1},
    {"make a timer", make_timer, 1},
    {"set a timer", set_timer, 1},
    {"make an inotify", make_inotify, 1},
    {"watch a name", watch_name, 2},
    {"make a signalfd", make_signalfd, 1},
    {},
};
