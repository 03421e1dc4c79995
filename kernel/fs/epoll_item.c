/*
 * What an epoll watches: adding, changing, taking away.
 *
 * An item has a place in each queue that its file names in a poll.  A wake-up
 * there marks the item as one to look at; whether it has something to report is
 * found out by who waits, with another poll.  So a wake-up is an edge, and
 * what is level-triggered is simply looked at again each time.
 *
 * Adding and taking away hold EPOLL_GRAPH and then the epoll's lock: the one
 * keeps the file's list and the graph, the other the epoll's own.  An item is
 * off its file's queues before it is off the graph, and its file stays open
 * until it is off both; so the wake-ups go along edges of the graph only, which
 * has no circles.
 */
#include <linux/poll.h>

#include "core/thread.h"
#include "fs/epoll_impl.h"
#include "lib/atomic.h"
#include "mm/slab.h"

/* What may be asked for beside EPOLLEXCLUSIVE. */
#define EXCLUSIVE_GOES_WITH                                                    \
	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET |    \
	    EPOLLEXCLUSIVE)

/*
 * struct epoll_place: an item's place in one queue of its file.
 * Locks: c fixed   e the epoll's lock
 */
struct epoll_place {
	struct waiter waiter;
	struct waitq *queue;      /* c */
	struct epoll_item *item;  /* c */
	u32 about;                /* c: POLL* that its wake-ups may be about */
	struct epoll_place *next; /* e */
};

static bool
woken(struct waiter *w)
{
	struct epoll_place *p = container_of(w, struct epoll_place, waiter);
	u32 events = atomic_load(&p->item->events) & ~EPOLL_WAYS;

	/* Without errors it has reported its one shot. */
	if (!(events & p->about))
		return false;
	return epoll_mark_ready(p->item, true);
}

/* Puts one item into its file's queues. */
struct joining {
	struct poll_table table;
	struct epoll_item *item;
	bool lost; /* there was no memory for a place */
};

static void
join(struct poll_table *t, struct waitq *q)
{
	struct joining *j = container_of(t, struct joining, table);
	struct epoll_place *p = kmalloc(sizeof(*p));

	if (!p) {
		j->lost = true;
		return;
	}
	*p = (struct epoll_place){.queue = q,
	    .item = j->item,
	    .about = t->about,
	    .next = j->item->places};
	j->item->places = p;
	waiter_init_wake(
	    &p->waiter, (j->item->events & EPOLLEXCLUSIVE) != 0, woken);
	waitq_add(q, &p->waiter);
}

static void
leave_queues(struct epoll_item *i)
{
	struct epoll_place *p;

	while ((p = i->places) != NULL) {
		waitq_remove(p->queue, &p->waiter);
		i->places = p->next;
		kfree(p);
	}
}

/* ---- finding ---------------------------------------------------------- */

static int
order(const struct epoll_item *a, const struct epoll_item *b)
{
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->fd < b->fd ? -1 : a->fd > b->fd;
}

static int
by_file(const struct rb_node *a, const struct rb_node *b)
{
	return order(rb_entry(a, struct epoll_item, node),
	    rb_entry(b, struct epoll_item, node));
}

static int
by_key(const void *key, const struct rb_node *n)
{
	return order(key, rb_entry(n, struct epoll_item, node));
}

static struct epoll_item *
find_locked(struct epoll *ep, struct file *file, int fd) MUST_HOLD(&ep->lock)
{
	struct epoll_item key = {.file = file, .fd = fd};
	struct rb_node *n = rb_find(&ep->items, &key, by_key);

	return n ? rb_entry(n, struct epoll_item, node) : NULL;
}

/* ---- coming and going ------------------------------------------------- */

static struct epoll_item *
item_new(
    struct epoll *ep, struct file *file, int fd, const struct epoll_event *e)
{
	struct epoll_item *i = kzalloc(sizeof(*i));

	if (!i)
		return NULL;
	i->epoll = ep;
	i->file = file;
	i->fd = fd;
	i->events = e->events | EPOLLERR | EPOLLHUP;
	i->data = e->data;
	list_init(&i->ready);
	list_init(&i->in_file);
	list_init(&i->in_inner);
	return i;
}

void
epoll_item_free(struct epoll_item *i)
{
	struct epoll *ep = i->epoll;

	leave_queues(i);
	spin_lock(&ep->ready_lock);
	list_remove(&i->ready);
	spin_unlock(&ep->ready_lock);
	rb_erase(&ep->items, &i->node);
	epoll_graph_remove(i);
	kfree(i);
}

static int
add_locked(struct epoll *ep, struct file *file, int fd,
    const struct epoll_event *event) MUST_HOLD(&ep->lock)
{
	struct joining j = {.table = {.add = join}};
	struct epoll_item *i;
	int err;

	if (find_locked(ep, file, fd))
		return -EEXIST;
	i = item_new(ep, file, fd, event);
	if (!i)
		return -ENOMEM;
	err = epoll_graph_add(i);
	if (err < 0) {
		kfree(i);
		return err;
	}
	rb_insert(&ep->items, &i->node, by_file);
	j.item = i;
	if (file_poll(file, &j.table) & i->events)
		(void)epoll_mark_ready(i, false);
	if (!j.lost)
		return 0;
	epoll_item_free(i);
	return -ENOMEM;
}

static int
remove_locked(struct epoll *ep, struct file *file, int fd) MUST_HOLD(&ep->lock)
{
	struct epoll_item *i = find_locked(ep, file, fd);

	if (!i)
		return -ENOENT;
	epoll_item_free(i);
	return 0;
}

/*
 * The new events are in force before the look, and a wake-up between the two
 * goes by them: so nothing that comes meanwhile is missed.
 */
static int
change_locked(struct epoll *ep, struct file *file, int fd,
    const struct epoll_event *event) MUST_HOLD(&ep->lock)
{
	struct epoll_item *i = find_locked(ep, file, fd);

	if (!i)
		return -ENOENT;
	if (i->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	i->data = event->data;
	atomic_store(&i->events, event->events | EPOLLERR | EPOLLHUP);
	/* Pairs with the fence in waitq.c's has_waiters. */
	fence_full();
	if (file_poll(file, NULL) & i->events)
		(void)epoll_mark_ready(i, false);
	return 0;
}

/* ---- the call --------------------------------------------------------- */

static int
check_exclusive(int op, struct file *file, u32 events)
{
	if (!(events & EPOLLEXCLUSIVE) || op == EPOLL_CTL_DEL)
		return 0;
	if (op == EPOLL_CTL_MOD || epoll_of(file))
		return -EINVAL;
	return (events & ~EXCLUSIVE_GOES_WITH) ? -EINVAL : 0;
}

static int
change_graph(struct epoll *ep, int op, struct file *file, int fd,
    const struct epoll_event *event)
{
	int err;

	mutex_lock(&epoll_graph_lock);
	mutex_lock(&ep->lock);
	err = op == EPOLL_CTL_ADD ? add_locked(ep, file, fd, event)
				  : remove_locked(ep, file, fd);
	mutex_unlock(&ep->lock);
	mutex_unlock(&epoll_graph_lock);
	return err;
}

int
epoll_ctl(struct file *epoll, int op, struct file *file, int fd,
    const struct epoll_event *event)
{
	struct epoll *ep = epoll_of(epoll);
	int err;

	if (!file_can_poll(file))
		return -EPERM;
	if (!ep || epoll == file)
		return -EINVAL;
	err = check_exclusive(op, file, event->events);
	if (err < 0)
		return err;
	switch (op) {
	case EPOLL_CTL_ADD:
	case EPOLL_CTL_DEL:
		return change_graph(ep, op, file, fd, event);
	case EPOLL_CTL_MOD:
		mutex_lock(&ep->lock);
		err = change_locked(ep, file, fd, event);
		mutex_unlock(&ep->lock);
		return err;
	}
	return -EINVAL;
}

void
epoll_forget_file(struct file *f)
{
	struct epoll_item *i;

	mutex_lock(&epoll_graph_lock);
	while ((i = list_first(&f->watches, struct epoll_item, in_file))) {
		struct epoll *ep = i->epoll;

		mutex_lock(&ep->lock);
		epoll_item_free(i);
		mutex_unlock(&ep->lock);
		thread_preempt_point();
	}
	mutex_unlock(&epoll_graph_lock);
}
