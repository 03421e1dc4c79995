/*
 * Local sockets: how they come and go.
 *
 * A socket is one end.  What is sent is a list of messages in the queue of the
 * socket that is to receive them; the bytes are copied into a message before
 * any lock is taken and out of it while only the reader's mutex is held.  Who
 * sends is charged for what is not received yet, so the memory that sockets
 * take is bounded by who has them open.
 *
 * Connected sockets hold references to each other.  The file's close takes
 * that of one end away (S2), so a pair goes when both files are closed.
 */
#include <linux/stat.h>

#include "core/thread.h"
#include "fs/vfs.h"
#include "mm/slab.h"
#include "net/unix_impl.h"
#include "proc/proc.h"

/* As Linux has it: net.core.wmem_default, net.unix.max_dgram_qlen. */
#define DEFAULT_BYTES     212992
#define DEFAULT_DATAGRAMS 10

/* ---- life --------------------------------------------------------------- */

int
socket_new(u8 type, struct socket **out)
{
	struct socket *s = kzalloc(sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	refcount_init(&s->refs, 1);
	s->type = type;
	mutex_init(&s->binding, RANK_SOCKET_BIND);
	mutex_init(&s->reading, RANK_SOCKET_READ);
	spin_init(&s->lock, RANK_SOCKET);
	s->other = (struct ucred){.uid = ~0u, .gid = ~0u};
	list_init(&s->queue);
	list_init(&s->embryos);
	list_init(&s->link);
	list_init(&s->starving);
	list_init(&s->starve);
	list_init(&s->named);
	list_init(&s->in_flight);
	list_init(&s->found);
	list_init(&s->carriers);
	waitq_init(&s->readable);
	waitq_init(&s->writable);
	waitq_init(&s->room);
	s->max_queued = DEFAULT_DATAGRAMS;
	s->send_bytes = s->receive_bytes = DEFAULT_BYTES;
	*out = s;
	return 0;
}

void
socket_put(struct socket *s)
{
	if (s == NULL || !refcount_put(&s->refs))
		return;
	assert(s->peer == NULL && list_empty(&s->queue));
	assert(s->charge == 0 && s->nr_in_flight == 0);
	socket_name_put(s->name);
	kfree(s);
}

void
socket_lock_both(struct socket *a, struct socket *b) NO_LOCK_CHECK
{
	struct socket *first = a < b ? a : b;
	struct socket *second = a < b ? b : a;

	spin_lock(&first->lock);
	if (first != second)
		spin_lock_second(&second->lock);
}

void
socket_unlock_both(struct socket *a, struct socket *b) NO_LOCK_CHECK
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

struct socket *
socket_get_peer(struct socket *s)
{
	struct socket *peer;

	spin_lock(&s->lock);
	peer = s->peer;
	if (peer != NULL)
		socket_get(peer);
	spin_unlock(&s->lock);
	return peer;
}

int
socket_take_error(struct socket *s)
{
	int err;

	spin_lock(&s->lock);
	err = s->error;
	s->error = 0;
	spin_unlock(&s->lock);
	return -err;
}

void
socket_wake_all(struct socket *s)
{
	waitq_wake_all(&s->readable);
	waitq_wake_all(&s->writable);
	waitq_wake_all(&s->room);
	socket_wake_starving(s);
}

struct ucred
socket_current_cred(void)
{
	const struct cred *c = task_current()->cred;

	return (struct ucred){
	    .pid = proc_current()->nr, .uid = c->euid, .gid = c->egid};
}

/* As Linux has it: the real user. */
struct ucred
socket_sender_cred(void)
{
	const struct cred *c = task_current()->cred;

	return (struct ucred){
	    .pid = proc_current()->nr, .uid = c->ruid, .gid = c->rgid};
}

/* ---- the end ------------------------------------------------------------ */

/*
 * The other end of a connection reads what it has and then finds the end; what
 * was not read here, or never accepted, is an error there.
 */
static void
hang_up(struct socket *peer, bool unread)
{
	spin_lock(&peer->lock);
	peer->shut = SHUT_BOTH;
	if (unread)
		peer->error = ECONNRESET;
	spin_unlock(&peer->lock);
	socket_wake_all(peer);
}

/* Nothing comes to s from here on; what it had goes to the caller. */
static struct socket *
die(struct socket *s, struct list *messages, struct list *embryos)
{
	struct socket *peer;

	spin_lock(&s->lock);
	s->dead = true;
	s->shut = SHUT_BOTH;
	peer = s->peer;
	s->peer = NULL;
	list_splice_back(messages, &s->queue);
	list_splice_back(embryos, &s->embryos);
	s->nr_queued = 0;
	spin_unlock(&s->lock);
	return peer;
}

static void
close_one(struct socket *s, bool embryo, struct list *embryos)
{
	struct list messages = LIST_INIT(messages);
	struct socket *peer = die(s, &messages, embryos);

	socket_wake_all(s);
	if (peer != NULL && socket_is_datagram(s))
		socket_feed(s, peer);
	else if (peer != NULL)
		hang_up(peer, embryo || !list_empty(&messages));
	socket_put(peer);
	message_orphan_all(&messages);
	message_free_all(&messages);
}

void
socket_close_embryos(struct list *embryos)
{
	struct list none = LIST_INIT(none);
	struct list *link;

	while ((link = list_pop_front(embryos)) != NULL) {
		struct socket *e = list_entry(link, struct socket, link);

		close_one(e, true, &none);
		socket_put(e);
		thread_preempt_point();
	}
}

void
socket_close_take(struct socket *s)
{
	struct list embryos = LIST_INIT(embryos);

	socket_unbind(s);
	close_one(s, false, &embryos);
	socket_close_embryos(&embryos);
	socket_put(s);
	socket_collect_if_worth_it();
}

int
socket_shutdown(struct file *f, int how)
{
	struct socket *s, *peer = NULL;
	u8 shut, theirs;
	int err = socket_of(f, &s);

	if (err < 0)
		return err;
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	shut = (u8)(how + 1);
	theirs = (u8)((shut & SHUT_RECEIVE ? SHUT_SEND : 0) |
	    (shut & SHUT_SEND ? SHUT_RECEIVE : 0));
	spin_lock(&s->lock);
	s->shut |= shut;
	if (s->peer != NULL && !socket_is_datagram(s))
		peer = socket_get(s->peer);
	spin_unlock(&s->lock);
	socket_wake_all(s);
	if (peer == NULL)
		return 0;
	spin_lock(&peer->lock);
	peer->shut |= theirs;
	spin_unlock(&peer->lock);
	socket_wake_all(peer);
	socket_put(peer);
	return 0;
}

/* ---- files -------------------------------------------------------------- */

bool
file_is_socket(const struct file *f)
{
	return f->ops == &socket_file_ops;
}

int
socket_of(struct file *f, struct socket **out)
{
	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	if (!file_is_socket(f))
		return -ENOTSOCK;
	*out = f->private;
	return 0;
}

int
socket_file_create(const struct cred *cred, u32 flags, struct file **out)
{
	struct inode *inode;
	int err = inode_create_anon(S_IFSOCK | 0777, cred, &inode);

	if (err < 0)
		return err;
	err = file_create_anon(
	    &socket_file_ops, inode, O_RDWR | flags, NULL, out);
	inode_put(inode);
	return err;
}

void
socket_set_file_take(struct file *f, struct socket *s)
{
	s->file = f;
	f->private = s;
}

/* Errors: as socket_create. */
static int
check_kind(int family, int *type, int protocol)
{
	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (*type < 0 || *type >= SOCK_MAX)
		return -EINVAL;
	if (family != AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol != 0 && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	/* BSD had them as datagrams under that name, too. */
	if (*type == SOCK_RAW)
		*type = SOCK_DGRAM;
	if (*type != SOCK_STREAM && *type != SOCK_DGRAM &&
	    *type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	return 0;
}

/* With its file. */
static int
create(u8 type, u32 flags, struct file **out)
{
	struct socket *s;
	int err = socket_file_create(task_current()->cred, flags, out);

	if (err < 0)
		return err;
	err = socket_new(type, &s);
	if (err < 0)
		file_put(*out);
	else
		socket_set_file_take(*out, s);
	return err;
}

int
socket_create(int family, int type, int protocol, u32 flags, struct file **out)
{
	int err = check_kind(family, &type, protocol);

	return err < 0 ? err : create((u8)type, flags, out);
}

static void
join(struct socket *a, struct socket *b)
{
	struct ucred self = socket_current_cred();

	a->peer = socket_get(b);
	b->peer = socket_get(a);
	a->other = b->other = self;
	if (!socket_is_datagram(a))
		a->state = b->state = SOCKET_CONNECTED;
}

int
socket_create_pair(
    int family, int type, int protocol, u32 flags, struct file *ends[2])
{
	int err = check_kind(family, &type, protocol);

	if (err == 0)
		err = create((u8)type, flags, &ends[0]);
	if (err < 0)
		return err;
	err = create((u8)type, flags, &ends[1]);
	if (err < 0) {
		file_put(ends[0]);
		return err;
	}
	join(ends[0]->private, ends[1]->private);
	return 0;
}
