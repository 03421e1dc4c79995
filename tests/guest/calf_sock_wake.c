/*
 * Wake-ups at sockets that Linux does not promise: one place for two who wait
 * and of whom the first leaves, an error that comes without a message, and
 * room that nobody made by reading.
 */
#include "epoll.h"
#include "sock.h"

#include <sys/mman.h>

/* ------------------------------------------------ one place in a backlog */

static void
test_one_place(bool killed)
{
	int l = sock_listener(SOCK_STREAM, "l", 0);
	pid_t a, b;

	sock_client(SOCK_STREAM, "l");
	a = sock_start_connect("l");
	b = sock_start_connect("l");
	if (!killed)
		must(unlink("l"));
	close(must(accept(l, NULL, NULL)));
	if (killed)
		must(kill(a, SIGKILL));
	a = wait_status(a);
	ok(killed ? a == SIGKILL || a == 0 : a == ENOENT << 8,
	    "the first ends with %d", a);
	/* If he got in before he was killed, that was the place. */
	if (a == 0)
		close(must(accept(l, NULL, NULL)));
	is(wait_status(b), killed ? 0 : ENOENT << 8, "and wakes the second");
	close(l);
	unlink("l");
}

TEST(calf_sock_wake_gone)
{
	test_one_place(false);
}

TEST(calf_sock_wake_killed)
{
	sock_stay_on_one();
	test_one_place(true);
}

/* ------------------------------------------------ an error alone */

TEST(calf_sock_wake_error)
{
	char *page = must(mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct mmsghdr *m = (void *)(page + 4096 - sizeof(*m));
	char b;
	struct iovec iov = {&b, 1};
	struct epoll_event ev = {0};
	int s[2], ep = must(epoll_create1(0));

	must(munmap(page + 4096, 4096));
	sock_pair(SOCK_DGRAM, s);
	must(watch(ep, s[0], EPOLLIN | EPOLLET));
	must(send(s[1], "x", 1, 0));
	is(wait_for(ep, &ev, 1, 0), 1, "a message is told");
	m->msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	is(recvmmsg(s[0], m, 2, MSG_DONTWAIT, NULL), 1,
	    "the second has no room");
	is(wait_for(ep, &ev, 1, 0), 1, "the error is told");
	ok(ev.events & EPOLLERR, "as one");
	close(ep);
	close(s[0]);
	close(s[1]);
}

/* ------------------------------------------------ room that is not needed */

static int c;

static pid_t
start_poll(void)
{
	struct pollfd p = {.fd = c, .events = POLLOUT};
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(poll(&p, 1, -1) == 1 && (p.revents & POLLOUT) ? 0 : 1);
	sock_until_asleep(pid);
	return pid;
}

/* A datagram socket that is full for c, its client, which has a name. */
static int
make_full(void)
{
	int r = sock_bound(SOCK_DGRAM, "full");

	c = sock_bound(SOCK_DGRAM, "client");
	must(sock_connect(c, "full"));
	while (send(c, "x", 1, MSG_DONTWAIT) > 0)
		;
	return r;
}

static void
end_full(int r)
{
	close(r);
	close(c);
	must(unlink("full"));
	must(unlink("client"));
}

TEST(calf_sock_wake_shut)
{
	int r = make_full();
	pid_t pid = start_poll();

	must(shutdown(r, SHUT_RD));
	is(wait_status(pid), 0, "shutdown wakes who polls for room");
	end_full(r);
}

TEST(calf_sock_wake_back)
{
	int r = make_full();
	pid_t pid = start_poll();

	must(sock_connect(r, "client"));
	is(wait_status(pid), 0, "who connects back wakes who polls for room");
	end_full(r);
}
