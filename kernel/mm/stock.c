/* Frames that are put by, so that a fault or a call has them when it begins. */
#include "core/thread.h"
#include "lib/errno.h"
#include "mm/mm_impl.h"

void
stock_drop(struct mm_stock *s)
{
	struct page *p;

	while ((p = s->pages) != NULL) {
		s->pages = p->next_free;
		page_put(p);
	}
	while ((p = s->tables) != NULL) {
		s->tables = p->next_free;
		if (refcount_put(&p->refs))
			frame_free(p);
	}
}

static int
stock_add(struct page **list, u64 *nr, enum page_kind kind, u64 want)
{
	struct page *p;

	for (; want > 0; want--) {
		p = frame_alloc(kind);
		if (p == NULL)
			return -ENOMEM;
		p->next_free = *list;
		*list = p;
		++*nr;
		thread_preempt_point();
	}
	return 0;
}

int
stock_fill(struct mm_stock *s, u64 nr_pages, u64 nr_tables)
{
	struct frame_stats have;
	int err;

	/*
	 * Not all of memory shall go only to see that it is not enough: others
	 * would find none meanwhile.
	 */
	frame_stats(&have);
	if (nr_pages + nr_tables > have.free + object_nr_stored())
		return -ENOMEM;
	err = stock_add(&s->tables, &s->nr_tables, PAGE_TABLE, nr_tables);
	if (err == 0)
		err = stock_add(&s->pages, &s->nr_pages, PAGE_ANON, nr_pages);
	if (err < 0)
		stock_drop(s);
	return err;
}

/* What goes is taken before the lock is let go of: others wait for it, too. */
int
stock_fill_from_busy(struct mm_stock *s, u64 nr_pages, u64 nr_tables)
{
	int err = -ENOMEM;
	struct object *o;
	u64 left = 0;

	while (err < 0 && (o = object_next_in_use(&left)) != NULL) {
		mutex_lock(&o->lock);
		if (object_reclaim_locked(o))
			err = stock_fill(s, nr_pages, nr_tables);
		mutex_unlock(&o->lock);
		object_put(o);
	}
	return err;
}
