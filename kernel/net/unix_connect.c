/*
 * Connections: who listens, who comes, who is let in; and whom a datagram
 * socket sends to if it is told nobody else.
 *
 * connect makes the other end at once and leaves it with the listener: what is
 * sent before accept lies in its queue already.
 */
#include "core/thread.h"
#include "fs/vfs.h"
#include "net/unix_impl.h"
#include "proc/proc.h"

/* ---- listening ---------------------------------------------------------- */

static int
listen_locked(struct socket *s, u32 backlog, const struct ucred *self)
    MUST_HOLD(&s->lock)
{
	if (s->name == NULL || s->state == SOCKET_CONNECTED)
		return -EINVAL;
	s->state = SOCKET_LISTENING;
	s->max_queued = backlog;
	s->self = *self;
	return 0;
}

int
socket_listen(struct file *f, int backlog)
{
	struct ucred self = socket_current_cred();
	struct socket *s;
	int err = socket_of(f, &s);

	if (err < 0)
		return err;
	if (socket_is_datagram(s))
		return -EOPNOTSUPP;
	spin_lock(&s->lock);
	/* A negative number is a large one. */
	err = listen_locked(s, MIN((u32)backlog, (u32)SOMAXCONN), &self);
	spin_unlock(&s->lock);
	waitq_wake_all(&s->room);
	return err;
}

/* ---- connecting ---------------------------------------------------------- */

/* -ERETRY: it was closed since it was found. */
static int
may_connect_locked(const struct socket *s, const struct socket *listener)
{
	if (listener->dead)
		return -ERETRY;
	if (listener->state != SOCKET_LISTENING ||
	    (listener->shut & SHUT_RECEIVE))
		return -ECONNREFUSED;
	if (listener->nr_queued > listener->max_queued)
		return -EAGAIN;
	if (s->state == SOCKET_CONNECTED)
		return -EISCONN;
	return s->state == SOCKET_IDLE ? 0 : -EINVAL;
}

/* The new end is the listener's from here on. */
static void
connect_locked(struct socket *s, struct socket *listener, struct socket *end,
    const struct ucred *self)
{
	end->peer = socket_get(s);
	end->state = SOCKET_CONNECTED;
	end->other = *self;
	end->name = listener->name;
	refcount_get(&end->name->refs);
	s->peer = socket_get(end);
	s->state = SOCKET_CONNECTED;
	s->other = listener->self;
	list_push_back(&listener->embryos, &end->link);
	listener->nr_queued++;
}

static int
try_connect_take(struct socket *s, struct socket *listener, struct socket *end)
{
	struct ucred self = socket_current_cred();
	int err;

	socket_lock_both(s, listener);
	err = may_connect_locked(s, listener);
	if (err == 0)
		connect_locked(s, listener, end, &self);
	socket_unlock_both(s, listener);
	if (err == 0)
		waitq_wake(&listener->readable);
	return err;
}

/*
 * A reference to a listener where it was tried to come in, or NULL.  Who waits
 * for room is woken alone, for one place or for several, and may come in there,
 * elsewhere or not at all: what is left is for the next one.
 */
static void
pass_room_on_take(struct socket *listener)
{
	if (listener != NULL && socket_has_room(listener))
		waitq_wake(&listener->room);
	socket_put(listener);
}

/* Once, to whoever is bound there now: *listener, with a reference, or NULL. */
static int
connect_once(const struct fs_who *who, struct socket *s,
    const struct socket_address *a, struct socket *end,
    struct socket **listener)
{
	int err = socket_find(who, a, s->type, listener);

	if (err == 0)
		return try_connect_take(s, *listener, end);
	*listener = NULL;
	return err;
}

/* -ERETRY: there is room, or an end.  Errors: of the wait. */
static int
wait_for_room(struct socket *listener, u64 deadline_ns)
{
	int err = socket_wait(listener, &listener->room, socket_has_room, true,
	    deadline_ns, "connect");

	return err < 0 ? err : -ERETRY;
}

/* After a wait the name is looked up again: it may be another's now. */
static int
connect_and_wait(const struct fs_who *who, struct socket *s,
    const struct socket_address *a, struct socket *end, u64 deadline_ns)
{
	struct socket *listener, *last = NULL;
	int err;

	do {
		err = connect_once(who, s, a, end, &listener);
		/* Before the next wait, which may be elsewhere. */
		pass_room_on_take(last);
		last = listener;
		if (err == -EAGAIN && deadline_ns != 0)
			err = wait_for_room(listener, deadline_ns);
	} while (err == -ERETRY && !thread_must_end());
	pass_room_on_take(last);
	return err == -ERETRY ? -EINTR : err;
}

static int
connect_stream(const struct fs_who *who, struct socket *s,
    const struct socket_address *a, u64 deadline_ns)
{
	struct socket *end;
	int err = socket_address_check(a);

	if (err == 0)
		err = socket_bind_if_needed(s);
	if (err == 0)
		err = socket_new(s->type, &end);
	if (err < 0)
		return err;
	err = connect_and_wait(who, s, a, end, deadline_ns);
	if (err < 0)
		socket_put(end);
	return err;
}

/* ---- datagram sockets ------------------------------------------------------
 */

bool
socket_may_send_locked(struct socket *s, struct socket *other)
{
	return other->peer == NULL || other->peer == s;
}

void
socket_parted(struct socket *s, struct socket *old)
{
	struct list messages = LIST_INIT(messages);
	bool was_mine;

	socket_feed(s, old);
	/* What came from those who were no peers was for the old times. */
	mutex_lock(&s->reading);
	spin_lock(&s->lock);
	list_splice_back(&messages, &s->queue);
	s->nr_queued = 0;
	spin_unlock(&s->lock);
	mutex_unlock(&s->reading);
	/* A peer that has us for one is told what was lost. */
	spin_lock(&old->lock);
	was_mine = !list_empty(&messages) && !old->dead && old->peer == s;
	if (was_mine)
		old->error = ECONNRESET;
	spin_unlock(&old->lock);
	if (was_mine)
		socket_wake_all(old);
	if (!list_empty(&messages))
		socket_made_room(s);
	message_orphan_all(&messages);
	message_free_all(&messages);
}

/* peer (NULL: nobody) is the one from now on; takes over its reference. */
static int
set_peer_take(struct socket *s, struct socket *peer)
{
	struct socket *other = peer != NULL ? peer : s, *old;
	int err = 0;

	socket_lock_both(s, other);
	if (peer != NULL && peer->dead)
		err = -ERETRY;
	else if (peer != NULL && !socket_may_send_locked(s, peer))
		err = -EPERM;
	old = err == 0 ? s->peer : peer;
	if (err == 0)
		s->peer = peer;
	socket_unlock_both(s, other);
	if (err == 0 && old != NULL && old != peer)
		socket_parted(s, old);
	/* One of them may be the peer, for whom no queue is full. */
	if (err == 0)
		socket_wake_starving(s);
	socket_put(old);
	return err;
}

static int
connect_datagram(
    const struct fs_who *who, struct socket *s, const struct socket_address *a)
{
	struct socket *peer;
	int err;

	if (a->len < sizeof(socket_sun(a)->sun_family))
		return -EINVAL;
	if (socket_sun(a)->sun_family == AF_UNSPEC)
		return set_peer_take(s, NULL);
	err = socket_address_check(a);
	if (err == 0)
		err = socket_bind_if_needed(s);
	if (err < 0)
		return err;
	do {
		err = socket_find(who, a, s->type, &peer);
		if (err == 0)
			err = set_peer_take(s, peer);
	} while (err == -ERETRY);
	return err;
}

int
socket_connect(
    const struct fs_who *who, struct file *f, const struct socket_address *a)
{
	struct socket *s;
	int err = socket_of(f, &s);

	if (err < 0)
		return err;
	if (socket_is_datagram(s))
		return connect_datagram(who, s, a);
	return connect_stream(
	    who, s, a, socket_deadline(f, 0, atomic_load(&s->send_timeout_ns)));
}

/* ---- accepting ------------------------------------------------------------
 */

static struct socket *
next_embryo(struct socket *s)
{
	struct list *link;
	bool more;

	spin_lock(&s->lock);
	link = list_pop_front(&s->embryos);
	if (link != NULL)
		s->nr_queued--;
	more = !list_empty(&s->embryos);
	spin_unlock(&s->lock);
	if (more)
		waitq_wake(&s->readable);
	if (link == NULL)
		return NULL;
	socket_made_room(s);
	return list_entry(link, struct socket, link);
}

/* Errors: of the wait; -EINVAL it was shut down. */
static int
wait_for_embryo(struct socket *s, u64 deadline_ns, struct socket **out)
{
	int err;

	while ((*out = next_embryo(s)) == NULL) {
		err = socket_take_error(s);
		if (err == 0 && (atomic_load(&s->shut) & SHUT_RECEIVE))
			err = -EINVAL;
		if (err == 0)
			err = socket_wait(s, &s->readable, socket_can_receive,
			    true, deadline_ns, "accept");
		if (err < 0)
			return err;
	}
	return 0;
}

int
socket_accept(struct file *f, u32 flags, struct file **out)
{
	struct socket *s, *end;
	u64 deadline_ns;
	int err = socket_of(f, &s);

	if (err < 0)
		return err;
	if (socket_is_datagram(s))
		return -EOPNOTSUPP;
	if (atomic_load(&s->state) != SOCKET_LISTENING)
		return -EINVAL;
	err = socket_file_create(task_current()->cred, flags, out);
	if (err < 0)
		return err;
	deadline_ns =
	    socket_deadline(f, 0, atomic_load(&s->receive_timeout_ns));
	err = wait_for_embryo(s, deadline_ns, &end);
	if (err < 0) {
		file_put(*out);
		return err;
	}
	atomic_or(&end->flags, atomic_load(&s->flags) & SOCKET_PASSCRED);
	socket_set_file_take(*out, end);
	return 0;
}
