/*
 * The tree of a user address space: tables of three levels with data pages as
 * leaves, shared between address spaces by count.  DESIGN section 2 in code.
 *
 *	   space A          space B
 *	  [ root A ]       [ root B ]      each has a root of its own
 *	       \  cold        / cold
 *	        [ level 1, 2 links ]       shared: nobody changes it
 *	             |
 *	        [ level 0, 1 link  ]       not owned: its parent is shared
 *	          |      |      |
 *	        [page] [page] [page]
 *
 * Laws
 *   T1  A node may be changed only by an address space that owns it: every
 *       node from the root down to it, itself included, has a count of one.
 *   T2  Three exceptions, all idempotent: a shared table may be frozen, a cold
 *       link in it may become valid once what it leads to is frozen, and a leaf
 *       in it may lose W.
 *   T3  A table that is shared is reached through cold links only, or it is
 *       frozen.
 *   T4  A frozen level-0 table has no leaf with W.  A frozen level-1 table has
 *       no valid link to a table that is not frozen.
 *   T5  A count falls only after every hart that could still use the link has
 *       fenced: the other holder takes a count of one for a right to write.
 *   T6  What an operation needs is allocated before its first visible change.
 *   T7  A copy of a page gets W only after every hart has let go of the
 *       old one: a sibling's write to the one must not be missed by who reads
 *       the other.
 *
 * Ownership is read from the counts, under the lock of the address space.  It
 * cannot be lost by what others do: who owns a node is the only one with a way
 * to it, so nobody else can add to its count.  It can be gained: when the last
 * other holder goes, a count falls to one between two looks, and the worst that
 * follows is one copy too many.
 *
 * Everything here runs under the address space's lock, and builds on the host.
 */
#ifndef MM_TREE_H
#define MM_TREE_H

#include "arch/riscv/pt.h"
#include "mm/frame.h"

/* Entries that one bit of a table's groups stands for (P2). */
#define TREE_GROUP 8

/*
 * What an address's way down the tree looks like.  entry[n] is the entry in
 * the table of level n, for n >= level.
 */
struct tree_path {
	struct page *node[PT_LEVELS];
	u64 *entry[PT_LEVELS];
	int level;  /* the lowest level that there is a table of */
	bool owned; /* every table on the path is owned */
	u64 word;   /* of tree_look: what the lowest entry says */
};

/*
 * Nodes that lost a link, waiting for the fence after which their counts may
 * fall (T5).  Lives on the stack of one operation, under the mm's lock.
 */
#define GATHER_MAX 24
struct tree_gather {
	/* Fences the whole address space, on every hart. */
	void (*flush)(void *space);
	void *space;
	bool pending; /* something was taken away and not yet fenced */
	u32 nr;
	struct page *nodes[GATHER_MAX];
};

/* The most tables that one operation wants. */
#define TREE_SPARE_MAX 3

/* Frames for an operation that may not fail half way. */
struct tree_spare {
	u32 nr;
	struct page *pages[TREE_SPARE_MAX];
};

static inline void
gather_init(struct tree_gather *g, void (*flush)(void *), void *space)
{
	g->flush = flush;
	g->space = space;
	g->pending = false;
	g->nr = 0;
}

/* The link to p is gone. */
void gather_add(struct tree_gather *g, struct page *p);
/* Fences if anything was taken away, then lets the counts fall. */
void gather_finish(struct tree_gather *g);

/* Frees a node whose last link is gone, and drops what it links to. */
void tree_free(struct page *node);

/* Drops one link; the last one takes what is below with it. */
static inline void
tree_put(struct page *node)
{
	if (refcount_put(&node->refs))
		tree_free(node);
}

/*
 * Drops one link of a root that no hart uses any more; false if there is none.
 */
bool tree_drop_next(struct page *root);

/*
 * The kernel's entries in a user's root, put into a new one and taken from one
 * that goes.  The groups of the kernel's root are those of its own half; in a
 * user's root that half has none, for whoever goes over it means the user's.
 */
void tree_add_kernel_half(struct page *root, const struct page *kernel_root);
void tree_remove_kernel_half(struct page *root, const struct page *kernel_root);

/*
 * Gives an empty root everything that another has, by sharing.  True when
 * translations of from must be flushed, on all harts, before anybody relies
 * on it.
 */
bool tree_share(struct page *from_root, struct page *to_root);
/*
 * After that and its flush: the way to va becomes valid in both, as if both had
 * read there.  A hart that remembers otherwise will fault and find it so.
 */
void tree_warm_both(struct page *from_root, struct page *to_root, uaddr_t va);

/*
 * Goes down as far as there are tables, making cold links on the way valid.
 * True when an entry became valid (fence the space locally).
 */
bool tree_walk(struct page *root, uaddr_t va, struct tree_path *path);

/* How many frames tree_own may take for this address. */
u32 tree_own_needs(struct page *root, uaddr_t va);
/*
 * The same, and what there is, changing nothing: the path as far as there are
 * tables, cold links looked through.  When path->owned is true afterwards, the
 * path is what tree_own would make it: owned to the last table, no link cold.
 */
u32 tree_look(struct page *root, uaddr_t va, struct tree_path *path);
/*
 * The same walk, owning each table on it; missing tables are made.  It takes
 * what it needs from spare and puts what it replaced into the gather.
 */
void tree_own(struct page *root, uaddr_t va, struct tree_spare *spare,
    struct tree_gather *g, struct tree_path *path);
/* Owns the tables on the way to va as far as there are any. */
int tree_own_existing(
    struct page *root, uaddr_t va, struct tree_gather *g) MUST_CHECK;

int tree_spare_fill(struct tree_spare *s, u32 nr) MUST_CHECK;
struct page *tree_spare_take(struct tree_spare *s);
void tree_spare_drop(struct tree_spare *s);

/* Changes a leaf under an owned path; a leaf with W thaws its tables. */
void tree_set_leaf(struct tree_path *path, u64 word);
/*
 * Gives W back to the leaves of an owned, frozen level-0 table with indices
 * [from, to) that nobody else has; shared_too: also to those that others have
 * (a MAP_SHARED mapping).  The caller has called tree_thawed.
 */
void tree_thaw(struct tree_path *path, u32 from, u32 to, bool shared_too);
void tree_thawed(struct tree_path *path);

/*
 * Takes W from the leaves in [start, end), in tables that are shared as well
 * (T2).  True when there was any: the space has to be flushed.
 */
bool tree_write_protect(struct page *root, uaddr_t start, uaddr_t end);

/*
 * Takes away everything in [start, end): whole tables where they are covered.
 * Tables that are covered in part and have a page of the range are owned.
 */
void tree_zap(
    struct page *root, uaddr_t start, uaddr_t end, struct tree_gather *g);

/*
 * First leaf (or hidden leaf) at or after va, below end.  False when there is
 * none.  Changes nothing: cold links are looked through.
 */
bool tree_next_leaf(struct page *root, uaddr_t *va, uaddr_t end, u64 *word);

/* True when p, as a leaf's or link's target, has no other holder. */
static inline bool
page_is_sole(const struct page *p)
{
	/* Acquire: what the last other holder did to it came before. */
	return atomic_load_acquire(&p->refs.count) == 1;
}

#endif
