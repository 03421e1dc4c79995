/*
 * A sparse map from 64-bit indexes to pointers, for the pages of a file and
 * for numbers given out densely.  Look-up takes a step for every six bits of
 * the highest index in it.
 */
#ifndef LIB_XMAP_H
#define LIB_XMAP_H

#include "lib/types.h"

/* Where nodes come from; alloc may return NULL, free gets the length back. */
struct xmap_ops {
	void *(*alloc)(size_t len_bytes);
	void (*free)(void *p, size_t len_bytes);
};

/*
 * struct xmap: embedded in whatever it belongs to, whose lock guards it all.
 * It never owns what it points to.
 * Laws  X1 height 0: the map is empty, or holds index 0 alone, and then root is
 *          that item itself: a file of one page needs no node
 *       X2 height h > 0: root is a node whose slots span 64^(h-1) indexes each
 *       X3 no node is without an item below it, and no root with nothing but
 *          its slot 0, save between xmap_reserve and the next change
 */
struct xmap {
	const struct xmap_ops *ops; /* c */
	void *root;
	u64 nr_items;
	u32 height;
};

void xmap_init(struct xmap *m, const struct xmap_ops *ops);

static inline u64
xmap_count(const struct xmap *m)
{
	return m->nr_items;
}

/* A node, for xmap_get alone; the rest of it is xmap.c's. */
#define XMAP_SLOT_BITS 6
#define XMAP_NR_SLOTS  (1u << XMAP_SLOT_BITS)

struct xmap_node {
	u32 nr_taken; /* slots that are not NULL */
	void *slots[XMAP_NR_SLOTS];
};

/* NULL when there is nothing at index. */
static inline void *
xmap_get(const struct xmap *m, u64 index)
{
	u32 bits = m->height * XMAP_SLOT_BITS;
	void *at = m->root;

	if (bits < 64 && index >> bits != 0)
		return NULL;
	while (at && bits > 0) {
		bits -= XMAP_SLOT_BITS;
		at = ((struct xmap_node *)at)
			 ->slots[index >> bits & (XMAP_NR_SLOTS - 1)];
	}
	return at;
}

/* Puts item, which is not NULL, in the place of what was there.
 * Errors: ENOMEM, and nothing has changed. */
int xmap_set(struct xmap *m, u64 index, void *item) MUST_CHECK;

/* Makes sure that the next change, if it is xmap_set of this index, does not
 * fail.  xmap_remove of the index takes it back.  Errors: ENOMEM. */
int xmap_reserve(struct xmap *m, u64 index) MUST_CHECK;

/* Returns what was at index, or NULL. */
void *xmap_remove(struct xmap *m, u64 index);

/* The first item at or behind from, and in *index its place; NULL if none. */
void *xmap_next(const struct xmap *m, u64 from, u64 *index);

/* Forgets every item and frees every node. */
void xmap_clear(struct xmap *m);

#endif
