/*
 * Who waits for a place in somebody's queue, among datagrams.
 */
#include "sock.h"

#include <sys/time.h>

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
