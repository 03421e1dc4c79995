/*
 * Waiting for what an epoll watches.
 *
 * ready lists the items that may have something to report.  Who waits takes
 * all of them into a list of his own, under the epoll's lock, so there is one
 * at a time, and polls each: one with events is reported, and goes back to the
 * end of ready unless it is edge-triggered or had one shot; one without is
 * dropped until the next wake-up.  An item that is woken while it is looked at
 * goes back by that.
 *
 * A thread that finds nothing sleeps in a list.  A wake-up takes one thread out
 * of it, which then passes the word on if it leaves something for others.
 */
#include "fs/epoll.h"

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "core/clock.h"
#include "core/thread.h"
#include "fs/epoll_impl.h"
#include "mm/slab.h"
#include "mm/usercopy.h"

/* A thread in epoll_wait; on its stack.  Locks: the epoll's ready_lock */
struct sleeper {
	struct list link;
	struct thread *thread;
};

/* ---- what is ready ---------------------------------------------------- */

static bool
wake_one_locked(struct epoll *ep) MUST_HOLD(&ep->ready_lock)
{
	struct sleeper *s = list_first(&ep->sleepers, struct sleeper, link);

	if (!s)
		return false;
	list_remove(&s->link);
	thread_unpark(s->thread);
	return true;
}

bool
epoll_mark_ready(struct epoll_item *i, bool within)
{
	struct epoll *ep = i->epoll;
	bool woke;

	spin_lock(&ep->ready_lock);
	if (list_empty(&i->ready))
		list_push_back(&ep->ready, &i->ready);
	woke = wake_one_locked(ep);
	spin_unlock(&ep->ready_lock);
	if (within)
		waitq_wake_watchers(&ep->pollers);
	else
		waitq_wake(&ep->pollers);
	return woke;
}

/* Leaves something for others: one of them is told. */
static void
pass_on(struct epoll *ep)
{
	spin_lock(&ep->ready_lock);
	if (!list_empty(&ep->ready))
		(void)wake_one_locked(ep);
	spin_unlock(&ep->ready_lock);
}

/* Takes all of ready; until give_back nobody may think that it is empty. */
static void
take_ready(struct epoll *ep, struct list *batch) MUST_HOLD(&ep->lock)
{
	list_init(batch);
	spin_lock(&ep->ready_lock);
	list_splice_back(batch, &ep->ready);
	ep->looking = true;
	spin_unlock(&ep->ready_lock);
}

static struct epoll_item *
pop(struct epoll *ep, struct list *batch) MUST_HOLD(&ep->lock)
{
	struct list *l;

	spin_lock(&ep->ready_lock);
	l = list_pop_front(batch);
	spin_unlock(&ep->ready_lock);
	return l ? list_entry(l, struct epoll_item, ready) : NULL;
}

static void
push(struct epoll *ep, struct list *at, struct epoll_item *i)
    MUST_HOLD(&ep->lock)
{
	spin_lock(&ep->ready_lock);
	/* It may have been woken meanwhile. */
	if (list_empty(&i->ready))
		list_insert_before(at, &i->ready);
	spin_unlock(&ep->ready_lock);
}

/* What was not looked at comes before what has become ready since. */
static void
give_back(struct epoll *ep, struct list *batch) MUST_HOLD(&ep->lock)
{
	spin_lock(&ep->ready_lock);
	list_splice_back(batch, &ep->ready);
	list_splice_back(&ep->ready, batch);
	ep->looking = false;
	if (!list_empty(&ep->ready))
		(void)wake_one_locked(ep);
	spin_unlock(&ep->ready_lock);
}

static u32
events_of(struct epoll_item *i)
{
	return file_poll(i->file, NULL) & i->events;
}

/* ---- waiting ---------------------------------------------------------- */

/* 1 reported at out, 0 nothing to report.  Errors: -EFAULT. */
static int
report(struct epoll *ep, struct epoll_item *i, uaddr_t out) MUST_HOLD(&ep->lock)
{
	struct epoll_event e = {.events = events_of(i), .data = i->data};

	if (e.events == 0)
		return 0;
	if (user_write(out, &e, sizeof(e)) < 0)
		return -EFAULT;
	if (i->events & EPOLLONESHOT)
		atomic_store(&i->events, i->events & EPOLL_WAYS);
	else if (!(i->events & EPOLLET))
		push(ep, &ep->ready, i);
	return 1;
}

static s64
report_all(struct epoll *ep, struct list *batch, uaddr_t out, u32 max)
    MUST_HOLD(&ep->lock)
{
	struct epoll_item *i;
	s64 nr = 0;
	int err;

	while (nr < max && (i = pop(ep, batch)) != NULL) {
		err = report(ep, i,
		    uaddr(out.val + (u64)nr * sizeof(struct epoll_event)));
		if (err < 0) {
			push(ep, batch->next, i);
			return nr > 0 ? nr : err;
		}
		nr += err;
		thread_preempt_point();
	}
	return nr;
}

static s64
look(struct epoll *ep, uaddr_t out, u32 max)
{
	struct list batch;
	s64 nr;

	mutex_lock(&ep->lock);
	take_ready(ep, &batch);
	nr = report_all(ep, &batch, out, max);
	give_back(ep, &batch);
	mutex_unlock(&ep->lock);
	return nr;
}

static bool
is_worth_a_look(struct epoll *ep)
{
	bool worth;

	spin_lock(&ep->ready_lock);
	worth = ep->looking || !list_empty(&ep->ready);
	spin_unlock(&ep->ready_lock);
	return worth;
}

/* Errors: -EINTR, -ETIMEDOUT. */
static int
sleep(struct epoll *ep, u64 deadline_ns)
{
	struct sleeper s = {.thread = thread_current()};
	bool worth;
	int err = 0;

	list_init(&s.link);
	spin_lock(&ep->ready_lock);
	worth = ep->looking || !list_empty(&ep->ready);
	if (!worth)
		list_push_back(&ep->sleepers, &s.link);
	spin_unlock(&ep->ready_lock);
	if (!worth)
		err = thread_park(PARK_INTERRUPTIBLE, deadline_ns, "epoll");
	spin_lock(&ep->ready_lock);
	list_remove(&s.link);
	spin_unlock(&ep->ready_lock);
	return err;
}

s64
epoll_wait(struct file *epoll, uaddr_t out, u32 max, u64 deadline_ns)
{
	struct epoll *ep = epoll_of(epoll);
	int err = 0;
	s64 nr = 0;

	if (!ep)
		return -EINVAL;
	for (;;) {
		if (is_worth_a_look(ep))
			nr = look(ep, out, max);
		if (nr != 0 || err != 0 || deadline_ns <= clock_mono_ns())
			break;
		err = sleep(ep, deadline_ns);
	}
	/* One who gives up may have been the one that was woken. */
	pass_on(ep);
	return nr == 0 && err == -EINTR ? err : nr;
}

/* ---- the file --------------------------------------------------------- */

/* Drops those that are not ready after all, up to the first that is. */
static bool
find_ready(struct epoll *ep) MUST_HOLD(&ep->lock)
{
	struct epoll_item *i;
	struct list batch;
	bool found = false;

	take_ready(ep, &batch);
	while (!found && (i = pop(ep, &batch)) != NULL) {
		found = events_of(i) != 0;
		if (found)
			push(ep, batch.next, i);
		thread_preempt_point();
	}
	give_back(ep, &batch);
	return found;
}

static u32
epoll_poll(struct file *f, struct poll_table *t)
{
	struct epoll *ep = f->private;
	bool found;

	poll_wait(t, &ep->pollers);
	/* Second: it may be watched by one that is being looked at. */
	mutex_lock_second(&ep->lock);
	found = find_ready(ep);
	mutex_unlock(&ep->lock);
	return found ? POLLIN | POLLRDNORM : 0;
}

static void
free_items(struct epoll *ep) MUST_HOLD(&ep->lock)
{
	struct rb_node *n;

	while ((n = rb_first(&ep->items)) != NULL) {
		epoll_item_free(rb_entry(n, struct epoll_item, node));
		thread_preempt_point();
	}
}

static void
epoll_release(struct file *f)
{
	struct epoll *ep = f->private;

	mutex_lock(&epoll_graph_lock);
	mutex_lock(&ep->lock);
	free_items(ep);
	mutex_unlock(&ep->lock);
	epoll_user_put(ep->user);
	mutex_unlock(&epoll_graph_lock);
	assert(list_empty(&ep->sleepers) && list_empty(&ep->ready));
	kfree(ep);
}

static const struct file_ops epoll_file_ops = {
    .release = epoll_release,
    .poll = epoll_poll,
    .kind = "eventpoll",
};

struct epoll *
epoll_of(const struct file *f)
{
	return f->ops == &epoll_file_ops ? f->private : NULL;
}

static int
user_get(struct epoll *ep, u32 uid)
{
	int err;

	mutex_lock(&epoll_graph_lock);
	err = epoll_user_get(uid, &ep->user);
	mutex_unlock(&epoll_graph_lock);
	return err;
}

int
epoll_create(u32 uid, struct file **out)
{
	struct epoll *ep = kzalloc(sizeof(*ep));
	int err;

	if (!ep)
		return -ENOMEM;
	mutex_init(&ep->lock, RANK_EPOLL);
	spin_init(&ep->ready_lock, RANK_EPOLL_READY);
	list_init(&ep->ready);
	list_init(&ep->sleepers);
	list_init(&ep->inner);
	waitq_init(&ep->pollers);
	err = user_get(ep, uid);
	if (err < 0)
		goto free;
	err = file_create_anon(&epoll_file_ops, NULL, O_RDWR, ep, out);
	if (err < 0)
		goto put_user;
	ep->file = *out;
	return 0;

put_user:
	mutex_lock(&epoll_graph_lock);
	epoll_user_put(ep->user);
	mutex_unlock(&epoll_graph_lock);
free:
	kfree(ep);
	return err;
}
