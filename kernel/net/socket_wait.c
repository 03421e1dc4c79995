/*
 * Waiting at sockets, and who is woken.
 *
 * Who waits to receive, to accept, or for room in somebody's queue waits alone:
 * each message, connection or place wakes one thread.  So that none is left
 * asleep beside something that it could have, whoever wakes and then leaves
 * something behind, or gives up, wakes the queue once more.
 */
#include "core/thread.h"
#include "net/unix_impl.h"

u64
socket_deadline(const struct file *f, u32 msg_flags, u64 timeout_ns)
{
	u64 now;

	if ((msg_flags & MSG_DONTWAIT) || (file_flags(f) & O_NONBLOCK))
		return 0;
	if (timeout_ns == 0)
		return NO_DEADLINE;
	now = clock_mono_ns();
	return timeout_ns < NO_DEADLINE - now ? now + timeout_ns : NO_DEADLINE;
}

static int
park_until(struct socket *s, bool (*ready)(struct socket *s), u64 deadline_ns,
    const char *what)
{
	int err = 0;

	while (err == 0 && !ready(s))
		err = thread_park(PARK_INTERRUPTIBLE, deadline_ns, what);
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	if (err == -EINTR && deadline_ns == NO_DEADLINE)
		return -ERESTARTSYS;
	return err;
}

int
socket_wait(struct socket *s, struct waitq *q, bool (*ready)(struct socket *s),
    bool alone, u64 deadline_ns, const char *what)
{
	struct waiter w;
	int err;

	if (ready(s))
		return 0;
	if (deadline_ns == 0)
		return -EAGAIN;
	waiter_init(&w, alone);
	waitq_add(q, &w);
	err = park_until(s, ready, deadline_ns, what);
	waitq_remove(q, &w);
	if (err < 0 && alone)
		waitq_wake(q);
	return err;
}

bool
socket_can_receive(struct socket *s)
{
	bool can;

	spin_lock(&s->lock);
	can = !list_empty(&s->queue) || !list_empty(&s->embryos) ||
	    s->error != 0 || (s->shut & SHUT_RECEIVE) || s->dead;
	spin_unlock(&s->lock);
	return can;
}

bool
socket_is_at_end(struct socket *s)
{
	bool is;

	spin_lock(&s->lock);
	is = list_empty(&s->queue) && (s->shut & SHUT_RECEIVE);
	spin_unlock(&s->lock);
	return is;
}

bool
socket_has_room(struct socket *s)
{
	bool has;

	spin_lock(&s->lock);
	has = s->nr_queued <= s->max_queued || (s->shut & SHUT_RECEIVE) ||
	    s->dead;
	spin_unlock(&s->lock);
	return has;
}

bool
socket_can_send(struct socket *s)
{
	bool can;

	spin_lock(&s->lock);
	can = atomic_load(&s->charge) < atomic_load(&s->send_bytes) ||
	    s->error != 0 || (s->shut & SHUT_SEND);
	spin_unlock(&s->lock);
	return can;
}

/* ---- polling for room at somebody else's -----------------------------------
 */

static bool
is_full_for(const struct socket *s, const struct socket *peer)
{
	return s->peer == peer && peer != s && peer->peer != s && !peer->dead &&
	    !(peer->shut & SHUT_RECEIVE) && peer->nr_queued > peer->max_queued;
}

bool
socket_starves(struct socket *s)
{
	struct socket *peer = socket_get_peer(s);
	bool full;

	if (peer == NULL)
		return false;
	socket_lock_both(s, peer);
	full = is_full_for(s, peer);
	if (full && list_empty(&s->starve)) {
		socket_get(s);
		list_push_back(&peer->starving, &s->starve);
	}
	socket_unlock_both(s, peer);
	socket_put(peer);
	return full;
}

void
socket_feed(struct socket *s, struct socket *peer)
{
	bool starved;

	spin_lock(&peer->lock);
	starved = !list_empty(&s->starve);
	list_remove(&s->starve);
	spin_unlock(&peer->lock);
	waitq_wake_all(&s->writable);
	if (starved)
		socket_put(s);
}

static struct socket *
next_starving(struct socket *s)
{
	struct list *link;

	spin_lock(&s->lock);
	link = list_pop_front(&s->starving);
	spin_unlock(&s->lock);
	return link != NULL ? list_entry(link, struct socket, starve) : NULL;
}

void
socket_wake_starving(struct socket *s)
{
	struct socket *poller;
	size_t nr;

	spin_lock(&s->lock);
	nr = list_count(&s->starving);
	spin_unlock(&s->lock);
	/* Who still finds none gets onto the list again, behind these. */
	while (nr-- > 0 && (poller = next_starving(s)) != NULL) {
		waitq_wake_all(&poller->writable);
		socket_put(poller);
	}
}

void
socket_made_room(struct socket *s)
{
	if (!socket_has_room(s))
		return;
	waitq_wake(&s->room);
	socket_wake_starving(s);
}
