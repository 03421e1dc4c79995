/*
 * Waiting for many files.  The thread gets onto the queues of all of them in
 * one pass, then looks at each again after every wake-up; core/waitq.h says why
 * no wake-up is lost.
 */
#include "fs/poll.h"

#include <linux/poll.h>

#include "core/clock.h"
#include "core/thread.h"
#include "fs/file.h"
#include "lib/atomic.h"
#include "mm/slab.h"

/* Places on the stack: enough for the usual call, which waits for a few. */
#define FEW_PLACES 8
/* Places got at a time when those are used up: nearly a page. */
#define MORE_PLACES 60

/* The thread on one queue. */
struct place {
	struct waiter waiter;
	struct waitq *queue;
	struct poller *poller;
};

struct more_places {
	struct more_places *next;
	u32 nr;
	struct place places[MORE_PLACES];
};

/*
 * struct poller: one wait.  Lives on the stack of the waiting thread.
 */
struct poller {
	struct poll_table table;
	struct thread *thread;
	/*
	 * Set by a wake-up.  The thread's permit alone would not do: a look
	 * takes mutexes, and one that has to be waited for may use it up.
	 */
	u32 woken; /* a: 1 */
	u32 nr_few;
	bool lost; /* there was no memory for a place */
	struct more_places *more;
	struct place few[FEW_PLACES];
};

static struct place *
get_place(struct poller *p)
{
	struct more_places *m = p->more;

	if (p->nr_few < FEW_PLACES)
		return &p->few[p->nr_few++];
	if (m == NULL || m->nr == MORE_PLACES) {
		m = kmalloc(sizeof(*m));
		if (m == NULL)
			return NULL;
		m->nr = 0;
		m->next = p->more;
		p->more = m;
	}
	return &m->places[m->nr++];
}

static bool
woken(struct waiter *w)
{
	struct poller *p = container_of(w, struct place, waiter)->poller;

	/* Pairs with the swap in wait. */
	atomic_store_release(&p->woken, 1);
	thread_unpark(p->thread);
	return true;
}

static void
add(struct poll_table *t, struct waitq *q)
{
	struct poller *p = container_of(t, struct poller, table);
	struct place *place = get_place(p);

	if (place == NULL) {
		p->lost = true;
		return;
	}
	place->queue = q;
	place->poller = p;
	waiter_init_wake(&place->waiter, false, woken);
	waitq_add(q, &place->waiter);
}

static void
leave_queues(struct poller *p)
{
	struct more_places *m;
	u32 i;

	for (i = 0; i < p->nr_few; i++)
		waitq_remove(p->few[i].queue, &p->few[i].waiter);
	while ((m = p->more) != NULL) {
		for (i = 0; i < m->nr; i++)
			waitq_remove(m->places[i].queue, &m->places[i].waiter);
		p->more = m->next;
		kfree(m);
	}
}

/* How many have something to report.  t is NULL from the second look on. */
static int
look(struct poll_entry *entries, u32 nr, struct poll_table *t)
{
	int found = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		struct poll_entry *e = &entries[i];

		if (e->file != NULL)
			e->revents = (u16)(file_poll(e->file, t) &
			    (e->events | POLLERR | POLLHUP | POLLNVAL));
		if (e->revents != 0) {
			found++;
			/* Nobody will wait any more. */
			t = NULL;
		}
	}
	return found;
}

static int
wait(struct poller *p, struct poll_entry *entries, u32 nr, u64 deadline_ns)
{
	int found = look(entries, nr, &p->table);
	int err = 0;

	while (found == 0 && err == 0) {
		if (p->lost)
			return -ENOMEM;
		if (!atomic_load(&p->woken))
			err = thread_park(
			    PARK_INTERRUPTIBLE, deadline_ns, "poll");
		/* What was changed before the wake-up is seen by the look. */
		(void)atomic_swap(&p->woken, 0u);
		found = look(entries, nr, NULL);
	}
	if (found > 0 || err == -ETIMEDOUT)
		return found;
	return err;
}

int
poll_wait_many(struct poll_entry *entries, u32 nr, u64 deadline_ns)
{
	struct poller p = {.table = {.add = add}, .thread = thread_current()};
	int found;

	/* A time that has passed already: one look, and no queues. */
	if (deadline_ns <= clock_mono_ns())
		return look(entries, nr, NULL);
	found = wait(&p, entries, nr, deadline_ns);
	leave_queues(&p);
	return found;
}
