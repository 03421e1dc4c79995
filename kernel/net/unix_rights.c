/*
 * Files that are on their way in messages.
 *
 * A message may carry a socket, even the one in whose queue it lies; what that
 * may lead to is cleared up in unix_collect.c.
 *
 * Laws   G1  a file is counted as in flight just while its message is in a
 *            queue: under socket_rights_lock both begin, and both end
 *        G2  who takes a file out of a queue, or another reference to one
 * there, holds socket_rights_lock So while the lock is held, a socket whose
 * file has as many references as are in flight can be reached through queues
 * alone. G3  a user has no more files in flight than he may have open, unless
 *            he is root
 *
 * A file that is closed may be a socket with files in its queue, and so on:
 * message_free_all does not nest.
 */
#include <linux/resource.h>

#include "core/thread.h"
#include "mm/slab.h"
#include "net/unix_impl.h"
#include "proc/proc.h"

struct mutex socket_rights_lock =
    MUTEX_INIT(socket_rights_lock, RANK_SOCKET_RIGHTS);

struct list sockets_in_flight = LIST_INIT(sockets_in_flight); /* g */
u64 nr_sockets_in_flight; /* g, read without */

/* Messages that left their queue unread, by carrier. */
static struct list orphans = LIST_INIT(orphans); /* g */

/* ---- who is charged ----------------------------------------------------- */

/*
 * struct sender: a user who has files in flight.
 * Locks: g
 */
struct sender {
	struct list link;
	u32 uid;
	u64 nr_files;
};

static struct list senders = LIST_INIT(senders); /* g */

static struct sender *
find_sender(u32 uid) MUST_HOLD(&socket_rights_lock)
{
	struct sender *s;

	list_for_each (s, &senders, link)
		if (s->uid == uid)
			return s;
	return NULL;
}

/* Errors: -ETOOMANYREFS, -ENOMEM. */
static int
charge_sender(u32 uid, u32 nr) MUST_HOLD(&socket_rights_lock)
{
	const struct cred *c = task_current()->cred;
	struct sender *s = find_sender(uid);

	if (s == NULL) {
		s = kzalloc(sizeof(*s));
		if (s == NULL)
			return -ENOMEM;
		s->uid = uid;
		list_push_back(&senders, &s->link);
	}
	if (s->nr_files > limit_current(RLIMIT_NOFILE) &&
	    !cred_capable(c, CAP_SYS_RESOURCE) &&
	    !cred_capable(c, CAP_SYS_ADMIN))
		return -ETOOMANYREFS;
	s->nr_files += nr;
	return 0;
}

static void
uncharge_sender(u32 uid, u32 nr) MUST_HOLD(&socket_rights_lock)
{
	struct sender *s = find_sender(uid);

	assert(s != NULL && s->nr_files >= nr);
	s->nr_files -= nr;
	if (s->nr_files == 0) {
		list_remove(&s->link);
		kfree(s);
	}
}

/* ---- taking off and landing ------------------------------------------------
 */

static void
take_off(struct file *f) MUST_HOLD(&socket_rights_lock)
{
	struct socket *s = socket_in_file(f);

	if (s == NULL || s->nr_in_flight++ > 0)
		return;
	list_push_back(&sockets_in_flight, &s->in_flight);
	atomic_store(&nr_sockets_in_flight, nr_sockets_in_flight + 1);
}

static void
land(struct file *f) MUST_HOLD(&socket_rights_lock)
{
	struct socket *s = socket_in_file(f);

	if (s == NULL || --s->nr_in_flight > 0)
		return;
	list_remove(&s->in_flight);
	atomic_store(&nr_sockets_in_flight, nr_sockets_in_flight - 1);
}

static void
all_take_off(struct socket *to, struct message *m)
    MUST_HOLD(&socket_rights_lock)
{
	u32 i;

	for (i = 0; i < m->files->nr; i++)
		take_off(m->files->files[i]);
	list_push_back(&to->carriers, &m->carrier);
}

static struct socket_files *
all_land(struct message *m) MUST_HOLD(&socket_rights_lock)
{
	struct socket_files *files = m->files;
	u32 i;

	if (files == NULL)
		return NULL;
	m->files = NULL;
	/* One that found no queue has not taken off. */
	if (list_empty(&m->carrier))
		return files;
	list_remove(&m->carrier);
	for (i = 0; i < files->nr; i++)
		land(files->files[i]);
	uncharge_sender(files->uid, files->nr);
	return files;
}

struct socket_files *
message_take_files(struct message *m)
{
	struct socket_files *files;

	if (atomic_load(&m->files) == NULL)
		return NULL;
	mutex_lock(&socket_rights_lock);
	files = all_land(m);
	mutex_unlock(&socket_rights_lock);
	return files;
}

int
message_copy_files(struct message *m, struct socket_files **out)
{
	struct socket_files *copy = NULL;
	int err = 0;
	u32 i;

	*out = NULL;
	if (atomic_load(&m->files) == NULL)
		return 0;
	mutex_lock(&socket_rights_lock);
	if (m->files != NULL) {
		copy = kmemdup(m->files,
		    sizeof(*copy) + m->files->nr * sizeof(struct file *));
		err = copy != NULL ? 0 : -ENOMEM;
	}
	for (i = 0; copy != NULL && i < copy->nr; i++)
		file_get(copy->files[i]);
	mutex_unlock(&socket_rights_lock);
	*out = copy;
	return err;
}

void
socket_files_free(struct socket_files *s)
{
	u32 i;

	if (s == NULL)
		return;
	for (i = 0; i < s->nr; i++)
		file_put(s->files[i]);
	kfree(s);
}

void
message_orphan_locked(struct message *m)
{
	if (list_empty(&m->carrier))
		return;
	list_remove(&m->carrier);
	list_push_back(&orphans, &m->carrier);
}

void
message_orphan_all(struct list *messages)
{
	struct message *m;

	if (list_empty(messages))
		return;
	mutex_lock(&socket_rights_lock);
	list_for_each (m, messages, link)
		message_orphan_locked(m);
	mutex_unlock(&socket_rights_lock);
}

/* ---- into a queue ------------------------------------------------------- */

static int
push(struct socket *from, struct socket *to, struct message *m,
    int (*refuse)(struct socket *from, struct socket *to))
{
	int err;

	socket_lock_both(from, to);
	err = refuse(from, to);
	if (err == 0) {
		list_push_back(&to->queue, &m->link);
		to->nr_queued++;
	}
	socket_unlock_both(from, to);
	return err;
}

static int
push_with_files(struct socket *from, struct socket *to, struct message *m,
    int (*refuse)(struct socket *from, struct socket *to))
    MUST_HOLD(&socket_rights_lock)
{
	int err = charge_sender(m->files->uid, m->files->nr);

	if (err < 0)
		return err;
	all_take_off(to, m);
	err = push(from, to, m, refuse);
	if (err < 0) {
		struct socket_files *files = all_land(m);

		m->files = files;
	}
	return err;
}

int
socket_queue(struct socket *from, struct socket *to, struct message *m,
    int (*refuse)(struct socket *from, struct socket *to))
{
	int err;

	if (m->files == NULL) {
		err = push(from, to, m, refuse);
	} else {
		mutex_lock(&socket_rights_lock);
		err = push_with_files(from, to, m, refuse);
		mutex_unlock(&socket_rights_lock);
	}
	if (err == 0)
		waitq_wake(&to->readable);
	return err;
}

/* ---- the end of many messages --------------------------------------------
 */

/*
 * struct funeral: one thread that frees messages, on its stack.  What closes
 * meanwhile, because of it, leaves its own messages here.
 * Locks: f funerals_lock   c fixed
 */
struct funeral {
	struct list link;      /* f */
	struct thread *thread; /* c */
	struct list messages;  /* f */
};

static struct spinlock funerals_lock = SPINLOCK_INIT(RANK_SOCKET);
static struct list funerals = LIST_INIT(funerals); /* f */

static struct funeral *
own_funeral_locked(void) MUST_HOLD(&funerals_lock)
{
	struct funeral *f;

	list_for_each (f, &funerals, link)
		if (f->thread == thread_current())
			return f;
	return NULL;
}

/* True when this thread is at it already. */
static bool
leave_to_own(struct list *messages)
{
	struct funeral *f;

	spin_lock(&funerals_lock);
	f = own_funeral_locked();
	if (f != NULL)
		list_splice_back(&f->messages, messages);
	spin_unlock(&funerals_lock);
	return f != NULL;
}

static struct message *
next_message(struct funeral *f)
{
	struct list *link;

	spin_lock(&funerals_lock);
	link = list_pop_front(&f->messages);
	if (link == NULL)
		list_remove(&f->link);
	spin_unlock(&funerals_lock);
	return link != NULL ? list_entry(link, struct message, link) : NULL;
}

void
message_free_all(struct list *messages)
{
	struct funeral own = {.thread = thread_current()};
	struct message *m;

	if (list_empty(messages) || leave_to_own(messages))
		return;
	list_init(&own.link);
	list_init(&own.messages);
	list_splice_back(&own.messages, messages);
	spin_lock(&funerals_lock);
	list_push_back(&funerals, &own.link);
	spin_unlock(&funerals_lock);
	while ((m = next_message(&own)) != NULL) {
		message_free(m);
		thread_preempt_point();
	}
}
