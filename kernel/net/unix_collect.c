/*
 * Sockets in flight that nobody can read any more.
 *
 * A socket may lie in its own queue, or two in each other's; once their last
 * descriptors are closed, each is kept open by a message that nobody will ever
 * receive.  They are found by counting: of the sockets in flight take those of
 * whose file all references are in messages (by G1 and G2 of unix_rights.c
 * nobody then has, or can get, one of another kind).  Those that some message
 * holds which is not in one of their own queues can be reached from outside,
 * and so can what lies in the queues of these, and so on.  The others' messages
 * are freed, and with that they close.
 *
 * A connection that waits to be accepted is its listener's, and its queue
 * counts as the listener's.
 */
#include "core/thread.h"
#include "net/unix_impl.h"

/* Up to so many are looked through each time; of more, it must pay. */
#define FEW_SOCKETS 64

static u64 nr_events;    /* a: since the last time */
static u64 nr_survivors; /* g, read without: of the last time */

/* Calls fn for each socket that lies in the queue of s alone. */
static void
for_each_carried(struct socket *s,
    void (*fn)(struct socket *carried, struct list *arg), struct list *arg)
    MUST_HOLD(&socket_rights_lock)
{
	struct message *m;
	u32 i;

	list_for_each (m, &s->carriers, carrier)
		for (i = 0; i < m->files->nr; i++) {
			struct socket *t = socket_in_file(m->files->files[i]);

			if (t != NULL)
				fn(t, arg);
		}
}

static void
for_each_held(struct socket *s,
    void (*fn)(struct socket *held, struct list *arg), struct list *arg)
    MUST_HOLD(&socket_rights_lock)
{
	struct socket *e;

	for_each_carried(s, fn, arg);
	spin_lock(&s->lock);
	list_for_each (e, &s->embryos, link)
		for_each_carried(e, fn, arg);
	spin_unlock(&s->lock);
	thread_preempt_point();
}

static void
explain(struct socket *held, struct list *arg)
{
	(void)arg;
	held->nr_unexplained--;
}

static void
reach(struct socket *held, struct list *found)
{
	if (held->reached)
		return;
	held->reached = true;
	list_push_back(found, &held->found);
}

static void
look_at_references(void) MUST_HOLD(&socket_rights_lock)
{
	struct socket *s;

	list_for_each (s, &sockets_in_flight, in_flight) {
		s->nr_unexplained = s->nr_in_flight;
		s->reached = refcount_read(&s->file->refs) != s->nr_in_flight;
	}
	list_for_each (s, &sockets_in_flight, in_flight)
		if (!s->reached)
			for_each_held(s, explain, NULL);
}

static void
reach_all(void) MUST_HOLD(&socket_rights_lock)
{
	struct list found = LIST_INIT(found);
	struct list *link;
	struct socket *s;

	list_for_each (s, &sockets_in_flight, in_flight)
		if (s->nr_unexplained > 0)
			reach(s, &found);
	while ((link = list_pop_front(&found)) != NULL)
		for_each_held(
		    list_entry(link, struct socket, found), reach, &found);
}

/*
 * The messages of s that carry files, and the connections that wait there.
 * Until they are freed s is found reachable, for nothing explains them.
 */
static void
empty(struct socket *s, struct list *messages, struct list *embryos)
    MUST_HOLD(&socket_rights_lock)
{
	struct message *m, *next;
	struct socket *e;

	spin_lock(&s->lock);
	list_for_each_safe (m, next, &s->carriers, carrier) {
		list_remove(&m->link);
		list_push_back(messages, &m->link);
		message_orphan_locked(m);
		s->nr_queued--;
	}
	list_for_each (e, &s->embryos, link)
		s->nr_queued--;
	list_splice_back(embryos, &s->embryos);
	spin_unlock(&s->lock);
}

static void
collect(void)
{
	struct list messages = LIST_INIT(messages);
	struct list embryos = LIST_INIT(embryos);
	struct socket *s;
	u64 nr = 0;

	mutex_lock(&socket_rights_lock);
	look_at_references();
	reach_all();
	list_for_each (s, &sockets_in_flight, in_flight) {
		nr += s->reached;
		if (!s->reached)
			empty(s, &messages, &embryos);
	}
	atomic_store(&nr_survivors, nr);
	atomic_store(&nr_events, 0ul);
	mutex_unlock(&socket_rights_lock);
	message_free_all(&messages);
	socket_close_embryos(&embryos);
}

void
socket_collect_if_worth_it(void)
{
	u64 nr = atomic_load(&nr_sockets_in_flight);
	u64 events = atomic_add(&nr_events, 1);

	if (nr > 0 &&
	    (nr <= FEW_SOCKETS || events * 4 >= atomic_load(&nr_survivors)))
		collect();
}
