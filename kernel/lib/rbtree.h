/*
 * A red-black tree whose nodes live inside the things it orders.  The tree
 * knows no keys: who uses it compares, either through the functions below that
 * take a comparison, or by walking down himself and calling rb_insert_at.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include "lib/types.h"

enum rb_side {
	RB_LEFT,
	RB_RIGHT,
};

/*
 * Laws  R1 a red node's children are black (an absent child counts as black)
 *       R2 every way down from a node meets equally many black nodes
 *       R3 the root is black
 * so no way down is more than twice as long as another.
 */
struct rb_node {
	struct rb_node *child[2]; /* by enum rb_side */
	struct rb_node *parent;   /* NULL at the root */
	bool red;
};

struct rb_tree {
	struct rb_node *root;
};

#define RB_INIT                                                                \
	{                                                                      \
		NULL                                                           \
	}

#define rb_entry(node, type, member) container_of(node, type, member)

static inline void
rb_init(struct rb_tree *t)
{
	t->root = NULL;
}

static inline bool
rb_empty(const struct rb_tree *t)
{
	return t->root == NULL;
}

/*
 * Puts node into the free link *link, which is &t->root for an empty tree and
 * one of parent's children otherwise.
 */
void rb_insert_at(struct rb_tree *t, struct rb_node *node,
    struct rb_node *parent, struct rb_node **link);
void rb_erase(struct rb_tree *t, struct rb_node *node);

/* In order; NULL where there is none. */
struct rb_node *rb_first(const struct rb_tree *t);
struct rb_node *rb_last(const struct rb_tree *t);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Negative, 0, positive: a comes before b, neither, after. */
typedef int (*rb_order_fn)(const struct rb_node *a, const struct rb_node *b);
/* The same for a key and a node. */
typedef int (*rb_key_fn)(const void *key, const struct rb_node *node);

/* Behind those that it is equal to. */
void rb_insert(struct rb_tree *t, struct rb_node *node, rb_order_fn order);
/* A node equal to key, or NULL; of several any one. */
struct rb_node *rb_find(
    const struct rb_tree *t, const void *key, rb_key_fn order);
/* The first node that is equal to key or behind it, or NULL. */
struct rb_node *rb_find_from(
    const struct rb_tree *t, const void *key, rb_key_fn order);

#endif
