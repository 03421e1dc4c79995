/* What the tests of sockets share. */
#ifndef GUEST_SOCK_H
#define GUEST_SOCK_H

#include "files.h"

#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#define SUN_AT offsetof(struct sockaddr_un, sun_path)

/* The address of a path, and how long it is; "@x" is abstract. */
static inline socklen_t
sock_address(struct sockaddr_un *a, const char *path)
{
	size_t len = strlen(path);

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, len);
	if (*path != '@')
		return SUN_AT + len + 1;
	a->sun_path[0] = '\0';
	return SUN_AT + len;
}

static inline int
sock_bind(int s, const char *path)
{
	struct sockaddr_un a;
	socklen_t len = sock_address(&a, path);

	return bind(s, (struct sockaddr *)&a, len);
}

static inline int
sock_connect(int s, const char *path)
{
	struct sockaddr_un a;
	socklen_t len = sock_address(&a, path);

	return connect(s, (struct sockaddr *)&a, len);
}

static inline int
sock_new(int type)
{
	return must(socket(AF_UNIX, type, 0));
}

static inline int
sock_bound(int type, const char *path)
{
	int s = sock_new(type);

	must(sock_bind(s, path));
	return s;
}

static inline int
sock_listener(int type, const char *path, int backlog)
{
	int s = sock_bound(type, path);

	must(listen(s, backlog));
	return s;
}

static inline int
sock_client(int type, const char *path)
{
	int s = sock_new(type);

	must(sock_connect(s, path));
	return s;
}

static inline void
sock_pair(int type, int s[2])
{
	must(socketpair(AF_UNIX, type, 0, s));
}

/* What poll says of it now. */
static inline int
sock_ready(int s)
{
	struct pollfd p = {
	    .fd = s, .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI};

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static inline int
sock_option(int s, int name)
{
	int val = -1;
	socklen_t len = sizeof(val);

	return getsockopt(s, SOL_SOCKET, name, &val, &len) < 0 ? -1 : val;
}

/* Until the process sleeps. */
static inline void
sock_until_asleep(pid_t pid)
{
	char path[64], text[256] = "", *at;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		fd = must(open(path, O_RDONLY));
		must(read(fd, text, sizeof(text) - 1));
		close(fd);
		at = strrchr(text, ')');
		sched_yield();
	} while (at == NULL || at[2] != 'S');
}

/* A child that waits to connect to a listener with that name. */
static inline pid_t
sock_start_connect(const char *name)
{
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(sock_connect(sock_new(SOCK_STREAM), name) ? errno : 0);
	sock_until_asleep(pid);
	return pid;
}

/* On one processor, with its children: who is woken runs later, as a rule. */
static inline void
sock_stay_on_one(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(sched_setaffinity(0, sizeof(one), &one));
}

/* A message of text with descriptors; returns what sendmsg does. */
static inline ssize_t
sock_send_fds(int s, const char *text, const int *fds, int nr)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec iov = {(char *)text, strlen(text)};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = CMSG_SPACE(nr * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	memset(&control, 0, sizeof(control));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(nr * sizeof(int));
	memcpy(CMSG_DATA(c), fds, nr * sizeof(int));
	return sendmsg(s, &m, 0);
}

/*
 * Receives a message and up to `max` descriptors, how many into *nr; returns
 * what recvmsg does, and its flags in *msg_flags if that is not NULL.
 */
static inline ssize_t
sock_get_fds(int s, char *buf, size_t cap, int *fds, int max, int *nr,
    int flags, int *msg_flags)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec iov = {buf, cap};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = max ? control.space : NULL,
	    .msg_controllen = max ? CMSG_LEN(max * sizeof(int)) : 0};
	struct cmsghdr *c;
	ssize_t got = recvmsg(s, &m, flags);

	*nr = 0;
	if (got < 0)
		return got;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		*nr = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), *nr * sizeof(int));
	}
	if (msg_flags)
		*msg_flags = m.msg_flags;
	return got;
}

#endif
