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
 * struct poll_table: made by who polls; add puts the thread on a queue until
 * the poll is over, so the queue must live as long as the file does.
 */
struct poll_table {
	void (*add)(struct poll_table *t, struct waitq *q);
};

/* t is NULL when the answer is wanted and nobody will wait. */
static inline void
poll_wait(struct poll_table *t, struct waitq *q)
{
	if (t)
		t->add(t, q);
}

#endif
