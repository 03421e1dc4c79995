/*
 * Threads that do to the same sockets whatever there is, close them under each
 * other's hands, and send them to each other.  Nothing is known of the
 * answers; it must come to an end, and bytes must be some that were sent.
 */
#include "sock.h"
#include "thread.h"

#include <sys/time.h>

enum {
	THREADS = 6,
	SLOTS = 12,
	ROUNDS = 1200,
};

static int
    slots[SLOTS]; /* descriptors, -1 for none; any thread's at any time */
static long wrong;

struct racer {
	pthread_t thread;
	uint64_t random;
};

static unsigned
pick(struct racer *r, unsigned n)
{
	r->random = r->random * 6364136223846793005u + 1442695040888963407u;
	return (r->random >> 33) % n;
}

static int
load(struct racer *r)
{
	return __atomic_load_n(&slots[pick(r, SLOTS)], __ATOMIC_RELAXED);
}

/* fd is anybody's from now on; what was in its place is closed. */
static void
publish(struct racer *r, int fd)
{
	int old;

	if (fd < 0)
		return;
	old = __atomic_exchange_n(&slots[pick(r, SLOTS)], fd, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
}

static void
set_times(int fd)
{
	struct timeval tv = {0, 1000};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

static void
make_pair(struct racer *r)
{
	int s[2];

	if (socketpair(AF_UNIX, types[pick(r, 3)], 0, s) < 0)
		return;
	set_times(s[0]);
	set_times(s[1]);
	publish(r, s[0]);
	publish(r, s[1]);
}

static void
make_bound(struct racer *r)
{
	int s = socket(AF_UNIX, types[pick(r, 3)], 0);
	char name[8];

	if (s < 0)
		return;
	set_times(s);
	snprintf(
	    name, sizeof(name), "%s%u", pick(r, 2) ? "@n" : "n", pick(r, 4));
	if (name[0] == 'n' && pick(r, 2))
		unlink(name);
	sock_bind(s, name);
	listen(s, pick(r, 3));
	publish(r, s);
}

static void
make_client(struct racer *r)
{
	int s = pick(r, 2) ? load(r) : -1;
	char name[8];

	snprintf(
	    name, sizeof(name), "%s%u", pick(r, 2) ? "@n" : "n", pick(r, 4));
	if (s < 0) {
		s = socket(AF_UNIX, types[pick(r, 3)], 0);
		if (s < 0)
			return;
		set_times(s);
		sock_connect(s, name);
		publish(r, s);
	} else {
		sock_connect(s, name);
	}
}

static void
send_some(struct racer *r)
{
	static const char text[4000] = {0};
	int fds[2] = {load(r), load(r)};

	switch (pick(r, 3)) {
	case 0:
		send(load(r), text, 1 + pick(r, sizeof(text)), MSG_NOSIGNAL);
		break;
	case 1:
		sock_send_fds(load(r), "carries", fds, 1 + pick(r, 2));
		break;
	default:
		send(load(r), text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static void
receive_some(struct racer *r)
{
	static const int flags[] = {0, MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL};
	int fds[2], nr = 0;
	char b[4100];
	ssize_t n = sock_get_fds(load(r), b, 1 + pick(r, sizeof(b)), fds, 2,
	    &nr, flags[pick(r, 4)], NULL);

	for (ssize_t i = 0; i < n; i++)
		if (b[i] != 0 && !strchr("carries", b[i]))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	while (nr-- > 0)
		publish(r, fds[nr]);
}

static void *
race(void *arg)
{
	struct racer *r = arg;
	int fd;

	for (int i = 0; i < ROUNDS; i++) {
		switch (pick(r, 10)) {
		case 0:
			make_pair(r);
			break;
		case 1:
			make_bound(r);
			break;
		case 2:
			make_client(r);
			break;
		case 3:
			fd = accept(load(r), NULL, NULL);
			if (fd >= 0)
				set_times(fd);
			publish(r, fd);
			break;
		case 4:
			shutdown(load(r), pick(r, 3));
			break;
		case 5:
			sock_ready(load(r));
			break;
		case 6:
		case 7:
			send_some(r);
			break;
		default:
			receive_some(r);
		}
	}
	return NULL;
}

TEST(sock_race)
{
	struct racer r[THREADS];

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < SLOTS; i++)
		slots[i] = -1;
	for (int i = 0; i < THREADS; i++) {
		r[i].random = 77 * i + 1;
		r[i].thread = thread_start(race, &r[i]);
	}
	for (int i = 0; i < THREADS; i++)
		thread_join(r[i].thread);
	for (int i = 0; i < SLOTS; i++)
		if (slots[i] >= 0)
			close(slots[i]);
	is(wrong, 0, "no byte that nobody sent");
	close(sock_new(SOCK_DGRAM));
}
