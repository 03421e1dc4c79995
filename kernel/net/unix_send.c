/*
 * Sending.  Bytes are copied before a lock is taken; then, under the locks of
 * both ends, it is seen whether the other one takes them.
 */
#include "core/thread.h"
#include "net/unix_impl.h"

/* The most bytes of a stream in one message: a wait, a wake-up each. */
#define STREAM_MESSAGE_BYTES 32768u

/* Buffers of this much are not bytes: see SO_SNDBUF of Linux. */
#define DATAGRAM_LESS 32u

struct sending {
	struct socket *s;
	struct socket_message *m;
	u64 deadline_ns;
};

static u64
deadline_of(struct file *f, const struct socket *s, u32 flags)
{
	return socket_deadline(f, flags, atomic_load(&s->send_timeout_ns));
}

/* Errors: -EPIPE, what waits to be told, of the wait. */
static int
wait_to_send(struct sending *g)
{
	struct socket *s = g->s;
	int err = socket_wait(s, &s->writable, socket_can_send, false,
	    g->deadline_ns, "socket send");

	if (err == 0)
		err = socket_take_error(s);
	if (err == 0 && (atomic_load(&s->shut) & SHUT_SEND))
		err = -EPIPE;
	return err;
}

/* The next len bytes, with the files if they are still to be sent. */
static int
make_message(struct sending *g, u32 len, struct message **out)
{
	int err = message_create(g->s, &g->m->iov, len, out);

	if (err < 0)
		return err;
	(*out)->cred = g->m->cred;
	(*out)->files = g->m->files;
	g->m->files = NULL;
	return 0;
}

/* It found no queue: the files are the caller's again. */
static void
unmake_message(struct sending *g, struct message *msg)
{
	g->m->files = message_take_files(msg);
	message_free(msg);
}

/* ---- streams --------------------------------------------------------------
 */

static int
refuse_stream(struct socket *from, struct socket *to)
{
	(void)from;
	return to->dead || (to->shut & SHUT_RECEIVE) ? -EPIPE : 0;
}

static u32
stream_chunk(const struct sending *g)
{
	u32 half = atomic_load(&g->s->send_bytes) / 2;
	u64 most = MIN(half, STREAM_MESSAGE_BYTES);

	return (u32)MIN(g->m->iov.left_bytes, most);
}

static int
send_chunk(struct sending *g, struct socket *to, u32 len)
{
	struct message *msg;
	int err = wait_to_send(g);

	if (err == 0)
		err = make_message(g, len, &msg);
	if (err < 0)
		return err;
	err = socket_queue(g->s, to, msg, refuse_stream);
	if (err < 0)
		unmake_message(g, msg);
	return err;
}

static s64
send_all(struct sending *g, struct socket *to)
{
	s64 sent = 0;
	int err = 0;

	if (atomic_load(&g->s->shut) & SHUT_SEND)
		return -EPIPE;
	while (g->m->iov.left_bytes > 0) {
		u32 len = stream_chunk(g);

		err = send_chunk(g, to, len);
		if (err < 0)
			break;
		sent += len;
		if (thread_must_end())
			break;
		thread_preempt_point();
	}
	return sent > 0 ? sent : err;
}

static s64
send_stream(struct sending *g)
{
	struct socket *s = g->s, *to;
	s64 sent;

	if (g->m->has_address)
		return atomic_load(&s->state) == SOCKET_CONNECTED ? -EISCONN
								  : -EOPNOTSUPP;
	to = socket_get_peer(s);
	if (to == NULL)
		return -ENOTCONN;
	sent = send_all(g, to);
	socket_put(to);
	return sent;
}

/* ---- datagrams ------------------------------------------------------------
 */

/* -ERETRY: it is closed.  -EAGAIN: it has too many already. */
static int
refuse_datagram(struct socket *from, struct socket *to)
{
	if (!socket_may_send_locked(from, to))
		return -EPERM;
	if (to->dead)
		return -ERETRY;
	if (to->shut & SHUT_RECEIVE)
		return -EPIPE;
	if (to != from && to->peer != from && to->nr_queued > to->max_queued)
		return -EAGAIN;
	return 0;
}

static int
queue_or_wait(struct sending *g, struct socket *to, struct message *msg)
{
	int err = socket_queue(g->s, to, msg, refuse_datagram);

	while (err == -EAGAIN && g->deadline_ns != 0) {
		err = socket_wait(to, &to->room, socket_has_room, true,
		    g->deadline_ns, "socket send");
		/* Its -EAGAIN is the end of the time, not a full queue. */
		if (err < 0)
			break;
		err = socket_queue(g->s, to, msg, refuse_datagram);
		/* This one was woken alone; there may be room for more. */
		if (err != -EAGAIN && socket_has_room(to))
			waitq_wake(&to->room);
	}
	return err;
}

/* The peer is closed: it is nobody's any more. */
static int
leave_dead_peer(struct socket *s, struct socket *dead)
{
	bool was_peer;

	if (!socket_is_datagram(s))
		return -EPIPE;
	spin_lock(&s->lock);
	was_peer = s->peer == dead;
	if (was_peer)
		s->peer = NULL;
	spin_unlock(&s->lock);
	if (was_peer) {
		socket_parted(s, dead);
		socket_put(dead);
	}
	return -ECONNREFUSED;
}

/* Whom it is for, with a reference. */
static int
find_receiver(const struct fs_who *who, struct sending *g, struct socket **out)
{
	if (g->m->has_address)
		return socket_find(who, g->m->name, g->s->type, out);
	*out = socket_get_peer(g->s);
	return *out != NULL ? 0 : -ENOTCONN;
}

static int
deliver(const struct fs_who *who, struct sending *g, struct message *msg)
{
	struct socket *to;
	int err;

	do {
		err = find_receiver(who, g, &to);
		if (err < 0)
			return err;
		err = queue_or_wait(g, to, msg);
		if (err == -ERETRY && !g->m->has_address)
			err = leave_dead_peer(g->s, to);
		socket_put(to);
	} while (err == -ERETRY);
	return err;
}

/* What can be said before there is a message. */
static int
check_datagram(struct sending *g)
{
	struct socket *s = g->s;
	bool connected;
	int err = 0;

	if (g->m->has_address)
		err = socket_address_check(g->m->name);
	if (err < 0)
		return err;
	spin_lock(&s->lock);
	connected = s->peer != NULL;
	spin_unlock(&s->lock);
	if (!g->m->has_address && !connected)
		return -ENOTCONN;
	err = socket_bind_if_needed(s);
	if (err < 0)
		return err;
	if (g->m->iov.left_bytes > atomic_load(&s->send_bytes) - DATAGRAM_LESS)
		return -EMSGSIZE;
	return 0;
}

static s64
send_datagram(const struct fs_who *who, struct sending *g)
{
	u32 len = (u32)g->m->iov.left_bytes;
	struct message *msg;
	int err = check_datagram(g);

	if (err == 0)
		err = wait_to_send(g);
	if (err == 0)
		err = make_message(g, len, &msg);
	if (err < 0)
		return err;
	err = deliver(who, g, msg);
	if (err < 0)
		unmake_message(g, msg);
	return err < 0 ? err : (s64)len;
}

static s64
send_packet(const struct fs_who *who, struct sending *g)
{
	int err = socket_take_error(g->s);

	if (err < 0)
		return err;
	if (atomic_load(&g->s->state) != SOCKET_CONNECTED)
		return -ENOTCONN;
	g->m->has_address = false;
	return send_datagram(who, g);
}

s64
socket_send(const struct fs_who *who, struct file *f, struct socket_message *m)
{
	struct sending g = {.m = m};
	s64 sent;
	int err = socket_of(f, &g.s);

	if (err < 0)
		return err;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->files != NULL)
		socket_collect_if_worth_it();
	g.deadline_ns = deadline_of(f, g.s, m->flags);
	switch (g.s->type) {
	case SOCK_STREAM:
		return send_stream(&g);
	case SOCK_SEQPACKET:
		sent = send_packet(who, &g);
		break;
	default:
		sent = send_datagram(who, &g);
	}
	return sent == -EPIPE ? -EPIPE_QUIET : sent;
}
