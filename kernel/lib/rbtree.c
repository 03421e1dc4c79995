/*
 * Every case of the balancing comes in two mirror images.  Each is written
 * once, in terms of a side and the other side.
 *
 * rotate(top, LEFT) moves top down to the left and its right child up:
 *
 *	    top              up
 *	   /   \            /  \
 *	  a     up   ->   top   c
 *	       /  \      /   \
 *	      b    c    a     b
 */
#include "lib/rbtree.h"

#include "lib/assert.h"

static enum rb_side
other(enum rb_side side)
{
	return side == RB_LEFT ? RB_RIGHT : RB_LEFT;
}

/* Absent nodes are black. */
static bool
is_red(const struct rb_node *node)
{
	return node && node->red;
}

static enum rb_side
side_of(const struct rb_node *node)
{
	return node->parent->child[RB_RIGHT] == node ? RB_RIGHT : RB_LEFT;
}

/* Makes whatever pointed at old point at new, which may be NULL. */
static void
replace(struct rb_tree *t, struct rb_node *old, struct rb_node *new)
{
	if (old->parent)
		old->parent->child[side_of(old)] = new;
	else
		t->root = new;
	if (new)
		new->parent = old->parent;
}

static void
adopt(struct rb_node *parent, enum rb_side side, struct rb_node *child)
{
	parent->child[side] = child;
	if (child)
		child->parent = parent;
}

static void
rotate(struct rb_tree *t, struct rb_node *top, enum rb_side side)
{
	struct rb_node *up = top->child[other(side)];

	replace(t, top, up);
	adopt(top, other(side), up->child[side]);
	adopt(up, side, top);
}

/* node is red; its parent may be, and nothing else is wrong. */
static void
insert_balance(struct rb_tree *t, struct rb_node *node)
{
	while (is_red(node->parent)) {
		struct rb_node *parent = node->parent;
		struct rb_node *grand = parent->parent;
		enum rb_side side = side_of(parent);
		struct rb_node *uncle = grand->child[other(side)];

		if (is_red(uncle)) {
			parent->red = false;
			uncle->red = false;
			grand->red = true;
			node = grand;
			continue;
		}
		if (side_of(node) != side) {
			rotate(t, parent, side);
			parent = node;
		}
		parent->red = false;
		grand->red = true;
		rotate(t, grand, other(side));
		break;
	}
	t->root->red = false;
}

void
rb_insert_at(struct rb_tree *t, struct rb_node *node, struct rb_node *parent,
    struct rb_node **link)
{
	assert(*link == NULL);
	*node = (struct rb_node){.parent = parent, .red = true};
	*link = node;
	insert_balance(t, node);
}

/* parent's child on the other side; a red one makes room for a black one. */
static struct rb_node *
black_sibling(struct rb_tree *t, struct rb_node *parent, enum rb_side side)
{
	struct rb_node *sibling = parent->child[other(side)];

	if (is_red(sibling)) {
		sibling->red = false;
		parent->red = true;
		rotate(t, parent, side);
		sibling = parent->child[other(side)];
	}
	return sibling;
}

/* Makes up for a black node with the black sibling, which has a red child. */
static void
borrow(struct rb_tree *t, struct rb_node *parent, enum rb_side side)
{
	struct rb_node *sibling = parent->child[other(side)];

	if (!is_red(sibling->child[other(side)])) {
		sibling->child[side]->red = false;
		sibling->red = true;
		rotate(t, sibling, other(side));
		sibling = parent->child[other(side)];
	}
	sibling->red = parent->red;
	parent->red = false;
	sibling->child[other(side)]->red = false;
	rotate(t, parent, side);
}

/*
 * The ways down through parent's child on this side have one black node too
 * few, and that child is black.
 */
static void
erase_balance(struct rb_tree *t, struct rb_node *parent, enum rb_side side)
{
	while (parent) {
		struct rb_node *sibling = black_sibling(t, parent, side);

		if (is_red(sibling->child[RB_LEFT]) ||
		    is_red(sibling->child[RB_RIGHT])) {
			borrow(t, parent, side);
			return;
		}
		/* Now all of parent lacks one, unless it can turn black. */
		sibling->red = true;
		if (parent->red) {
			parent->red = false;
			return;
		}
		if (parent->parent)
			side = side_of(parent);
		parent = parent->parent;
	}
}

/* Takes out a node with at most one child. */
static void
unlink_node(struct rb_tree *t, struct rb_node *node)
{
	struct rb_node *child = node->child[RB_LEFT];
	enum rb_side side = node->parent ? side_of(node) : RB_LEFT;

	if (!child)
		child = node->child[RB_RIGHT];
	replace(t, node, child);
	if (node->red)
		return;
	/* By R2 a lone child is red: it takes over the blackness. */
	if (child)
		child->red = false;
	else if (node->parent)
		erase_balance(t, node->parent, side);
}

static struct rb_node *
outermost(struct rb_node *node, enum rb_side side)
{
	while (node && node->child[side])
		node = node->child[side];
	return node;
}

void
rb_erase(struct rb_tree *t, struct rb_node *node)
{
	struct rb_node *next;

	if (!node->child[RB_LEFT] || !node->child[RB_RIGHT]) {
		unlink_node(t, node);
		return;
	}
	/* The next has no left child; it comes out and takes node's place. */
	next = outermost(node->child[RB_RIGHT], RB_LEFT);
	unlink_node(t, next);
	replace(t, node, next);
	adopt(next, RB_LEFT, node->child[RB_LEFT]);
	adopt(next, RB_RIGHT, node->child[RB_RIGHT]);
	next->red = node->red;
}

struct rb_node *
rb_first(const struct rb_tree *t)
{
	return outermost(t->root, RB_LEFT);
}

struct rb_node *
rb_last(const struct rb_tree *t)
{
	return outermost(t->root, RB_RIGHT);
}

/* The neighbour in order on that side. */
static struct rb_node *
neighbour(const struct rb_node *node, enum rb_side side)
{
	if (node->child[side])
		return outermost(node->child[side], other(side));
	while (node->parent && side_of(node) == side)
		node = node->parent;
	return node->parent;
}

struct rb_node *
rb_next(const struct rb_node *node)
{
	return neighbour(node, RB_RIGHT);
}

struct rb_node *
rb_prev(const struct rb_node *node)
{
	return neighbour(node, RB_LEFT);
}

void
rb_insert(struct rb_tree *t, struct rb_node *node, rb_order_fn order)
{
	struct rb_node **link = &t->root;
	struct rb_node *parent = NULL;

	while (*link) {
		parent = *link;
		link =
		    &parent
			 ->child[order(node, parent) < 0 ? RB_LEFT : RB_RIGHT];
	}
	rb_insert_at(t, node, parent, link);
}

struct rb_node *
rb_find_from(const struct rb_tree *t, const void *key, rb_key_fn order)
{
	struct rb_node *node = t->root;
	struct rb_node *best = NULL;

	while (node) {
		if (order(key, node) <= 0) {
			best = node;
			node = node->child[RB_LEFT];
		} else {
			node = node->child[RB_RIGHT];
		}
	}
	return best;
}

struct rb_node *
rb_find(const struct rb_tree *t, const void *key, rb_key_fn order)
{
	struct rb_node *node = rb_find_from(t, key, order);

	return node && order(key, node) == 0 ? node : NULL;
}
