/*
 * A circular doubly linked list whose links live inside the things it holds.
 * An empty list, and a link that is on no list, point to themselves.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
	struct list *next;
	struct list *prev;
};

#define LIST_INIT(name)                                                        \
	{                                                                      \
		&(name), &(name)                                               \
	}

static inline void
list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool
list_empty(const struct list *l)
{
	return l->next == l;
}

static inline u32
list_count(const struct list *head)
{
	const struct list *item;
	u32 nr = 0;

	for (item = head->next; item != head; item = item->next)
		nr++;
	return nr;
}

/* Puts item before pos; with the head for pos, that is the list's end. */
static inline void
list_insert_before(struct list *pos, struct list *item)
{
	item->prev = pos->prev;
	item->next = pos;
	pos->prev->next = item;
	pos->prev = item;
}

static inline void
list_push_back(struct list *head, struct list *item)
{
	list_insert_before(head, item);
}

static inline void
list_push_front(struct list *head, struct list *item)
{
	list_insert_before(head->next, item);
}

/* Takes item off its list and leaves it on none; harmless when it is on none.
 */
static inline void
list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

/* The first link taken off, or NULL. */
static inline struct list *
list_pop_front(struct list *head)
{
	struct list *first = head->next;

	if (first == head)
		return NULL;
	list_remove(first);
	return first;
}

/* Moves everything on from to the end of to. */
static inline void
list_splice_back(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(link, type, member) container_of(link, type, member)

#define list_first(head, type, member)                                         \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))

#define list_for_each(it, head, member)                                        \
	for (it = list_entry((head)->next, __typeof__(*it), member);           \
	     &it->member != (head);                                            \
	     it = list_entry(it->member.next, __typeof__(*it), member))

/* The body may remove it from the list, but not its successor. */
#define list_for_each_safe(it, tmp, head, member)                              \
	for (it = list_entry((head)->next, __typeof__(*it), member),           \
	    tmp = list_entry(it->member.next, __typeof__(*it), member);        \
	     &it->member != (head); it = tmp,                                  \
	    tmp = list_entry(it->member.next, __typeof__(*it), member))

#endif
