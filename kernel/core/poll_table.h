/*
 * How a thread that waits for many things at once gets onto the queues of each.
 * What can be polled calls poll_wait for every queue that is woken when its
 * answer may change, and only then looks at its state: the order in which
 * core/waitq.h wants it.
 */
#ifndef CORE_POLL_TABLE_H
#define CORE_POLL_TABLE_H

#include "core/waitq.h"

/*
 * struct poll_table: made by who polls; add puts him on a queue, for as long as
 * the poll lasts or, with epoll, until the file is closed.  So the queue must
 * live as long as the file does: it may go in or after its ops' release.
 */
struct poll_table {
	void (*add)(struct poll_table *t, struct waitq *q);
	u32 about; /* for add: the POLL* bits that a wake-up may be about */
};

/* t is NULL when the answer is wanted and nobody will wait. */
static inline void
poll_wait(struct poll_table *t, struct waitq *q)
{
	if (t) {
		t->about = ~0u;
		t->add(t, q);
	}
}

/*
 * The same for a queue that is woken only when these POLL* bits may have come:
 * an edge for who waits for them, and none for who waits for others.
 */
static inline void
poll_wait_about(struct poll_table *t, struct waitq *q, u32 about)
{
	if (t) {
		t->about = about;
		t->add(t, q);
	}
}

#endif
