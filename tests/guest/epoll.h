/* What the tests of epoll share. */
#ifndef GUEST_EPOLL_H
#define GUEST_EPOLL_H

#include "files.h"
#include "thread.h"

#include <sys/epoll.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

/* As the kernel has it: the C library may do without the null mask. */
static inline long
wait_for(int ep, struct epoll_event *events, int max, int timeout_ms)
{
	return raw(epoll_pwait, ep, events, max, timeout_ms, NULL, 8);
}

static inline int
watch(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static inline int
rewatch(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev);
}

static inline int
unwatch(int ep, int fd)
{
	return epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
}

/* The events of the only file that is ready now; 0 if none is. */
static inline uint32_t
events_now(int ep)
{
	struct epoll_event ev[2];
	long nr = wait_for(ep, ev, 2, 0);

	ensure(nr == 0 || nr == 1);
	return nr == 0 ? 0 : ev[0].events;
}

#endif
