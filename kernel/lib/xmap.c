/*
 * A radix tree of nodes with 64 slots.  The slots of the lowest nodes (level
 * 0) are the items, those of higher ones are nodes; which digit of the index a
 * node looks at follows from its level, so nodes know nothing but their slots
 * and how many are taken.
 *
 * The tree grows at the root: an index beyond its reach gets it a new root
 * whose slot 0 is the old one.  It shrinks the same way.
 */
#include "lib/xmap.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define SLOT_BITS  XMAP_SLOT_BITS
#define NR_SLOTS   XMAP_NR_SLOTS
#define MAX_HEIGHT ((64 + SLOT_BITS - 1) / SLOT_BITS)

/* Where a digit of the index begins; the shift stays below 64. */
static u32
level_shift(u32 level)
{
	assert(level < MAX_HEIGHT);
	return level * SLOT_BITS;
}

static u32
slot_number(u64 index, u32 level)
{
	return index >> level_shift(level) & (NR_SLOTS - 1);
}

/* How many levels of nodes an index asks for. */
static u32
height_for(u64 index)
{
	u32 height = 0;

	for (; index != 0; index >>= SLOT_BITS)
		height++;
	return height;
}

static struct xmap_node *
node_alloc(struct xmap *m)
{
	struct xmap_node *n = m->ops->alloc(sizeof(*n));

	if (n)
		memset(n, 0, sizeof(*n));
	return n;
}

static void
node_free(struct xmap *m, struct xmap_node *n)
{
	m->ops->free(n, sizeof(*n));
}

static void
node_fill(struct xmap_node *n, u32 slot, void *what)
{
	assert(!n->slots[slot]);
	n->slots[slot] = what;
	n->nr_taken++;
}

static void
node_empty(struct xmap_node *n, u32 slot)
{
	assert(n->nr_taken > 0);
	n->slots[slot] = NULL;
	n->nr_taken--;
}

void
xmap_init(struct xmap *m, const struct xmap_ops *ops)
{
	static_assert(sizeof(*m) <= 32, "embedded in every file");
	*m = (struct xmap){.ops = ops};
}

/* The place that holds or would hold the item, or NULL: no node reaches it. */
static void **
find_place(struct xmap *m, u64 index, struct xmap_node **leaf)
{
	void **place = &m->root;
	u32 level;

	*leaf = NULL;
	if (height_for(index) > m->height)
		return NULL;
	for (level = m->height; level-- > 0;) {
		if (!*place)
			return NULL;
		*leaf = *place;
		place = &(*leaf)->slots[slot_number(index, level)];
	}
	return place;
}

/* Adds roots until the index is within reach. */
static int
grow(struct xmap *m, u32 height)
{
	while (m->height < height) {
		if (m->root) {
			struct xmap_node *n = node_alloc(m);

			if (!n)
				return -ENOMEM;
			node_fill(n, 0, m->root);
			m->root = n;
		}
		m->height++;
	}
	return 0;
}

/* Adds the nodes that are missing on the way down to index. */
static int
extend(struct xmap *m, u64 index)
{
	struct xmap_node *above = NULL;
	void **place = &m->root;
	u32 level;

	for (level = m->height; level-- > 0;) {
		if (!*place) {
			struct xmap_node *n = node_alloc(m);

			if (!n)
				return -ENOMEM;
			*place = n;
			if (above)
				above->nr_taken++;
		}
		above = *place;
		place = &above->slots[slot_number(index, level)];
	}
	return 0;
}

/* Takes off roots that lead to their slot 0 alone. */
static void
shrink(struct xmap *m)
{
	while (m->height > 0 && m->root) {
		struct xmap_node *n = m->root;

		if (n->nr_taken != 1 || !n->slots[0])
			return;
		m->root = n->slots[0];
		m->height--;
		node_free(m, n);
	}
	if (!m->root)
		m->height = 0;
}

/* Frees the nodes on the way to index that hold nothing. */
static void
prune(struct xmap *m, u64 index)
{
	void **path[MAX_HEIGHT];
	void **place = &m->root;
	u32 level;
	u32 top = m->height;

	for (level = top; level > 0 && *place; level--) {
		path[level - 1] = place;
		place = &((struct xmap_node *)*place)
			     ->slots[slot_number(index, level - 1)];
	}
	for (; level < top; level++) {
		struct xmap_node *n = *path[level];

		if (n->nr_taken > 0)
			break;
		node_free(m, n);
		if (level + 1 < top)
			node_empty(
			    *path[level + 1], slot_number(index, level + 1));
		else
			m->root = NULL;
	}
	shrink(m);
}

int
xmap_reserve(struct xmap *m, u64 index)
{
	int err = grow(m, height_for(index));

	if (!err)
		err = extend(m, index);
	if (err)
		prune(m, index);
	return err;
}

int
xmap_set(struct xmap *m, u64 index, void *item)
{
	struct xmap_node *leaf;
	void **place;
	int err;

	assert(item);
	err = xmap_reserve(m, index);
	if (err)
		return err;
	/* commit */
	place = find_place(m, index, &leaf);
	assert(place);
	if (!*place) {
		m->nr_items++;
		if (leaf)
			leaf->nr_taken++;
	}
	*place = item;
	return 0;
}

void *
xmap_remove(struct xmap *m, u64 index)
{
	struct xmap_node *leaf;
	void **place = find_place(m, index, &leaf);
	void *item = place ? *place : NULL;

	if (item) {
		m->nr_items--;
		*place = NULL;
		if (leaf)
			leaf->nr_taken--;
	}
	if (height_for(index) <= m->height)
		prune(m, index);
	return item;
}

/* The first slot taken at or behind this one, or NR_SLOTS. */
static u32
next_taken(const struct xmap_node *n, u32 slot)
{
	while (slot < NR_SLOTS && !n->slots[slot])
		slot++;
	return slot;
}

/*
 * Goes down from the root towards *index, moving it up to the first index
 * that a taken slot leads to.  NULL: a node had nothing at or behind it, and
 * *index is where the next node begins, 0 when that is beyond the last index.
 */
static void *
descend(const struct xmap *m, u64 *index)
{
	void *at = m->root;
	u32 level;

	for (level = m->height; level-- > 0;) {
		const struct xmap_node *n = at;
		u32 shift = level_shift(level);
		u32 slot = slot_number(*index, level);
		u32 taken = next_taken(n, slot);

		if (taken != slot)
			*index = ((*index >> shift) + (taken - slot)) << shift;
		if (taken == NR_SLOTS)
			return NULL;
		at = n->slots[taken];
	}
	return at;
}

void *
xmap_next(const struct xmap *m, u64 from, u64 *index)
{
	void *item;

	while (height_for(from) <= m->height && m->root) {
		item = descend(m, &from);
		if (item) {
			*index = from;
			return item;
		}
		if (from == 0)
			break;
	}
	return NULL;
}

/* Recursion as deep as the tree is high, MAX_HEIGHT at the most. */
static void
free_below(struct xmap *m, struct xmap_node *n, u32 level)
{
	u32 slot;

	for (slot = 0; level > 0 && slot < NR_SLOTS; slot++)
		if (n->slots[slot])
			free_below(m, n->slots[slot], level - 1);
	node_free(m, n);
}

void
xmap_clear(struct xmap *m)
{
	if (m->height > 0 && m->root)
		free_below(m, m->root, m->height - 1);
	xmap_init(m, m->ops);
}
