/*
 * Receiving.  One reader at a time has the socket's reading mutex while it
 * takes messages and copies bytes; nobody has it while he waits.
 */
#include "core/thread.h"
#include "net/unix_impl.h"

struct receiving {
	struct socket *s;
	struct socket_message *m;
	u64 deadline_ns;
	bool peek;
};

static struct message *
message_after(struct socket *s, struct message *m)
{
	struct list *next;

	spin_lock(&s->lock);
	next = m != NULL ? m->link.next : s->queue.next;
	if (next == &s->queue)
		next = NULL;
	spin_unlock(&s->lock);
	return next != NULL ? list_entry(next, struct message, link) : NULL;
}

static void
unlink_message(struct socket *s, struct message *m)
{
	spin_lock(&s->lock);
	list_remove(&m->link);
	s->nr_queued--;
	spin_unlock(&s->lock);
}

/* A reader who stops here may have been woken alone. */
static void
wake_next_reader(struct socket *s)
{
	if (!list_empty(&s->queue))
		waitq_wake(&s->readable);
}

/*
 * Files and sender of a message that is read now.  The caller may have files
 * of one message only.
 */
static int
take_ancillary(struct receiving *r, struct message *m)
{
	if (r->peek)
		return message_copy_files(m, &r->m->files);
	r->m->files = message_take_files(m);
	return 0;
}

static void
tell_sender(struct receiving *r, struct message *m)
{
	r->m->cred = m->cred;
	if (r->m->name != NULL)
		socket_tell_name(m->sender, r->m->name);
}

/* ---- datagrams and packets --------------------------------------------------
 */

/* *m is NULL at an end. */
static int
look_for_datagram(struct receiving *r, struct message **m)
{
	struct socket *s = r->s;
	int err = socket_take_error(s);

	*m = NULL;
	if (err < 0)
		return err;
	*m = message_after(s, NULL);
	if (*m != NULL)
		return 0;
	if (!(atomic_load(&s->shut) & SHUT_RECEIVE))
		return -ERETRY;
	/* Who does not wait is told of the end of a connection alone. */
	if (r->deadline_ns == 0 && socket_is_datagram(s))
		return -EAGAIN;
	return 0;
}

/* With reading held, if it is 0. */
static int
wait_for_datagram(struct receiving *r, struct message **m) NO_LOCK_CHECK
{
	struct socket *s = r->s;
	int err;

	for (;;) {
		mutex_lock(&s->reading);
		err = look_for_datagram(r, m);
		if (err == 0)
			return 0;
		/* An error comes before the message that woke us. */
		if (err != -ERETRY)
			wake_next_reader(s);
		mutex_unlock(&s->reading);
		if (err != -ERETRY)
			return err;
		err = socket_wait(s, &s->readable, socket_can_receive, true,
		    r->deadline_ns, "socket receive");
		if (err < 0)
			return err;
	}
}

static s64
receive_message(struct receiving *r, struct message *m)
{
	u32 len = (u32)MIN(r->m->iov.left_bytes, m->len_bytes);
	u32 done;
	int err;

	tell_sender(r, m);
	err = message_copy(m, &r->m->iov, 0, len, &done);
	if (err == 0)
		err = take_ancillary(r, m);
	if (err < 0)
		return err;
	if (len < m->len_bytes)
		r->m->out_flags |= MSG_TRUNC;
	return (r->m->flags & MSG_TRUNC) ? m->len_bytes : len;
}

static s64
receive_datagram(struct receiving *r) NO_LOCK_CHECK
{
	struct socket *s = r->s;
	struct message *m;
	s64 got = wait_for_datagram(r, &m);

	if (got < 0)
		return got;
	if (m != NULL && !r->peek) {
		unlink_message(s, m);
		socket_made_room(s);
	}
	if (m != NULL)
		got = receive_message(r, m);
	wake_next_reader(s);
	mutex_unlock(&s->reading);
	if (m != NULL && !r->peek)
		message_free(m);
	return got;
}

/* ---- streams --------------------------------------------------------------
 */

static bool
is_same_sender(const struct ucred *a, const struct ucred *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* One message is one user's, where that is told; files end what is read. */
static bool
may_follow(struct receiving *r, struct message *m, s64 got)
{
	if (got == 0)
		return true;
	if (r->m->files != NULL)
		return false;
	return !r->m->wants_credentials ||
	    is_same_sender(&r->m->cred, &m->cred);
}

/* Some bytes of m; *over: nothing of what follows may be read with them. */
static int
read_some(struct receiving *r, struct message *m, s64 *got, bool *over)
{
	u32 left = m->len_bytes - m->done_bytes;
	u32 len = (u32)MIN(r->m->iov.left_bytes, left);
	u32 done;
	int err;

	if (*got == 0)
		tell_sender(r, m);
	err = message_copy(m, &r->m->iov, m->done_bytes, len, &done);
	if (err < 0) {
		/* What was copied of it is not taken; it can be had again. */
		*over = true;
		return *got > 0 ? 0 : err;
	}
	err = take_ancillary(r, m);
	if (err < 0)
		return err;
	*got += len;
	*over = r->m->files != NULL || r->m->iov.left_bytes == 0;
	if (r->peek)
		return 0;
	m->done_bytes += len;
	if (m->done_bytes == m->len_bytes) {
		unlink_message(r->s, m);
		message_free(m);
	}
	return 0;
}

/* What there is, as much as goes together.  *over: there is no more to get. */
static int
read_available(struct receiving *r, s64 *got, bool *over)
{
	struct message *m = NULL;
	int err = 0;

	while (err == 0 && !*over) {
		m = message_after(r->s, r->peek ? m : NULL);
		if (m == NULL)
			break;
		if (!may_follow(r, m, *got)) {
			*over = true;
			break;
		}
		err = read_some(r, m, got, over);
		if (thread_must_end())
			*over = true;
		thread_preempt_point();
	}
	wake_next_reader(r->s);
	return err;
}

/* -EINVAL for a listener and who has never been connected. */
static s64
receive_stream(struct receiving *r)
{
	struct socket *s = r->s;
	bool wait_all = (r->m->flags & MSG_WAITALL) && !r->peek;
	bool over = false;
	s64 got = 0;
	int err;

	if (atomic_load(&s->state) != SOCKET_CONNECTED)
		return -EINVAL;
	for (;;) {
		mutex_lock(&s->reading);
		err = read_available(r, &got, &over);
		mutex_unlock(&s->reading);
		if (err < 0 || over || (got > 0 && !wait_all))
			break;
		err = socket_take_error(s);
		if (err < 0 || socket_is_at_end(s))
			break;
		err = socket_wait(s, &s->readable, socket_can_receive, true,
		    r->deadline_ns, "socket receive");
		if (err < 0)
			break;
	}
	return got > 0 ? got : err;
}

s64
socket_receive(struct file *f, struct socket_message *m)
{
	struct receiving r = {.m = m, .peek = (m->flags & MSG_PEEK) != 0};
	int err = socket_of(f, &r.s);

	if (err < 0)
		return err;
	/* A stream knows of urgent bytes, and has none. */
	if (m->flags & MSG_OOB)
		return r.s->type == SOCK_STREAM ? -EINVAL : -EOPNOTSUPP;
	m->out_flags = 0;
	m->files = NULL;
	m->cred = (struct ucred){0};
	if (m->name != NULL)
		m->name->len = 0;
	m->wants_credentials =
	    (atomic_load(&r.s->flags) & SOCKET_PASSCRED) != 0;
	r.deadline_ns =
	    socket_deadline(f, m->flags, atomic_load(&r.s->receive_timeout_ns));
	if (r.s->type == SOCK_STREAM)
		return receive_stream(&r);
	if (r.s->type == SOCK_SEQPACKET &&
	    atomic_load(&r.s->state) != SOCKET_CONNECTED)
		return -ENOTCONN;
	return receive_datagram(&r);
}

void
socket_set_error(struct file *f, int err)
{
	struct socket *s;

	if (socket_of(f, &s) < 0)
		return;
	spin_lock(&s->lock);
	s->error = (u16)-err;
	spin_unlock(&s->lock);
	socket_wake_all(s);
}
