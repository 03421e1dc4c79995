/*
 * What address spaces weigh: exact figures of one moment, for /proc.
 */
#ifndef MM_WEIGH_H
#define MM_WEIGH_H

#include "arch/riscv/pt.h"
#include "mm/mm.h"

/*
 * A frame's reach is the number of ways by which address spaces come to it:
 * one for each space and each place in it.  A frame of reach 1 is one space's
 * alone.  It is not the frame's count, which is 1 for all that lies below a
 * shared table.
 *
 * Shares: a frame of reach n weighs the n-th part of a page in each place; in
 * bytes << SHARE_SHIFT, so that what is rounded away does not add up.
 */
#define SHARE_SHIFT 12

/* In pages, but for the shares.  The zero page is nobody's memory. */
struct mm_weight {
	u64 pages;     /* leaves, without those of the zero page */
	u64 zero;      /* leaves of the zero page */
	u64 own;       /* of pages, those of reach 1 */
	u64 dirty;     /* of pages, those whose bytes are in no file's store */
	u64 own_dirty; /* both */
	u64 anon;      /* of pages, those that are no object's */
	u64 most;      /* the greatest reach of a page */
	u64 share;
	u64 share_dirty;
	u64 share_anon;
	/* By level.  Of the tables, those of reach 1 and the others. */
	u64 tables_own[PT_LEVELS];
	u64 tables_shared[PT_LEVELS];
	u64 share_tables;
};

void mm_weight_add(struct mm_weight *to, const struct mm_weight *w);

/*
 * The following hold all harts still while they count, for a time that grows
 * with what is mapped, shared tables being counted once.
 * Sleeps.  Errors: -ENOMEM, -EBUSY: some thread does not settle in time.
 */

/* One address space, tables and all. */
struct mm_space_weight {
	struct mm *mm; /* a reference */
	u64 mapped;    /* pages, by regions */
	struct mm_weight weight;
};
struct mm_space_weights {
	u64 nr;
	struct mm_space_weight *spaces;
};
int mm_weigh_spaces(struct mm_space_weights *out) MUST_CHECK;
void mm_weigh_spaces_free(struct mm_space_weights *w);

/* Each region of one address space, without its tables. */
struct mm_region_weight;
struct mm_region_weights {
	u64 nr;
	struct mm_region_weight *regions;
};
int mm_weigh_regions(struct mm *mm, struct mm_region_weights *out) MUST_CHECK;
void mm_weigh_regions_free(struct mm_region_weights *w);
/* The i-th, as mm_region_info tells it. */
const struct mm_weight *mm_weigh_region(
    const struct mm_region_weights *w, u64 i, struct mm_region_info *out);

/* What a link or a leaf leads to. */
enum mm_node_kind {
	NODE_TABLE,
	NODE_ANON,
	NODE_OBJECT, /* a page of a file or of shared memory */
	NODE_ZERO,
};

/* The pages of one address space that lie in [start, end), ascending. */
struct mm_page {
	u64 at;
	pfn_t frame;
	u8 kind;  /* enum mm_node_kind, but for NODE_TABLE */
	bool own; /* of reach 1 */
};
struct mm_pages {
	u64 nr;
	struct mm_page *pages;
};
int mm_weigh_pages(
    struct mm *mm, uaddr_t start, uaddr_t end, struct mm_pages *out) MUST_CHECK;
void mm_weigh_pages_free(struct mm_pages *p);

/*
 * The nodes of one tree, from the left, tables before what is below them.
 * Leaves that follow each other and are alike are one node.
 */
enum {
	NODE_OWNED = 1u << 0,  /* in the sense of T1, mm/tree.h */
	NODE_COLD = 1u << 1,   /* a table, linked so */
	NODE_FROZEN = 1u << 2, /* a table */
	NODE_WRITE = 1u << 3,  /* leaves that hardware may write */
	NODE_HIDDEN = 1u << 4, /* leaves that may not be touched */
};
struct mm_node {
	u64 start;
	u64 refs;
	u32 nr; /* leaves; of a table, entries in use */
	u32 reach;
	s8 level; /* of a table; -1: leaves */
	u8 kind;
	u8 state;
};
struct mm_nodes {
	u64 nr;
	struct mm_node *nodes;
};
int mm_weigh_nodes(struct mm *mm, struct mm_nodes *out) MUST_CHECK;
void mm_weigh_nodes_free(struct mm_nodes *n);

#endif
