/*
 * Who waits for a place in somebody's queue, among datagrams or in a backlog.
 * A place wakes one of them, who must not keep it to himself if he leaves.
 */
#include "sock.h"

#include <sys/time.h>

/* ------------------------------------------------ in a backlog */

static int l;
static pid_t first, second;

static void
take_one(void)
{
	close(must(accept(l, NULL, NULL)));
}

static void
take_two(void)
{
	take_one();
	take_one();
}

static void
kill_and_take(void)
{
	must(kill(first, SIGKILL));
	take_one();
}

static void
take_and_kill(void)
{
	take_two();
	must(kill(first, SIGKILL));
}

static void
unlink_and_take(void)
{
	must(unlink("l"));
	take_two();
}

static void
replace_and_take(void)
{
	sock_listener(SOCK_STREAM, "other", 9);
	must(rename("other", "l"));
	take_two();
}

static const struct leave {
	const char *name;
	void (*fn)(void);
	int first, second; /* how they end */
} leaves[] = {
    {"two places", take_two, 0, 0},
    {"killed, then a place", kill_and_take, SIGKILL, 0},
    {"two places, then killed", take_and_kill, SIGKILL, 0},
    {"the name is gone", unlink_and_take, ENOENT << 8, ENOENT << 8},
    {"the name is another's", replace_and_take, 0, 0},
};

#define NR_LEAVES (int)(sizeof(leaves) / sizeof(*leaves))

static void
test_leave(const struct leave *w)
{
	int status;

	l = sock_listener(SOCK_STREAM, "l", 1);
	sock_client(SOCK_STREAM, "l");
	sock_client(SOCK_STREAM, "l");
	first = sock_start_connect("l");
	second = sock_start_connect("l");
	w->fn();
	status = wait_status(first);
	/* Who got in before he was killed has ended well. */
	ok(status == w->first || (w->first == SIGKILL && status == 0),
	    "%s: the first ends with %d", w->name, status);
	is(wait_status(second), w->second, "%s: and the second", w->name);
	close(l);
	unlink("l");
}

TEST(sock_room)
{
	sock_stay_on_one();
	for (int i = 0; i < NR_LEAVES; i++)
		test_leave(&leaves[i]);
}

/* ------------------------------------------------ among datagrams */

TEST(sock_room_time)
{
	struct timeval tv = {.tv_usec = 1000};
	struct sockaddr_un a;
	socklen_t len = sock_address(&a, "unread");
	int c;

	sock_bound(SOCK_DGRAM, "unread");
	c = sock_client(SOCK_DGRAM, "unread");
	while (send(c, "x", 1, MSG_DONTWAIT) > 0)
		;
	must(setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	is_errno(send(c, "x", 1, 0), EAGAIN, "a wait for room has an end");
	c = sock_new(SOCK_DGRAM);
	must(setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	is_errno(sendto(c, "x", 1, 0, (struct sockaddr *)&a, len), EAGAIN,
	    "and so if it is not the peer's");
}
