/*
 * Operations on a tree at /m, and what the tree looks like, as text: for
 * kernel/fs/ext2_crash_test.c.
 */
#ifndef HOST_CRASH_OPS_H
#define HOST_CRASH_OPS_H

#include "fs/namei.h"
#include "lib/types.h"

struct operation {
	const char *name;
	int (*fn)(void);
	bool in_place; /* bytes change before the rest does */
	bool lasting;  /* all up to it must be there once it is done */
};

extern const struct operation crash_operations[];
extern const u32 crash_nr_operations;

/* By that name, which must be one. */
const struct operation *crash_operation(const char *name, size_t len);

/* Who does it all. */
extern const struct fs_who *crash_who;

/* Called where an operation goes on with a second thing. */
extern void (*crash_between)(void);

/* Before a sequence: what was written by those before is forgotten. */
void crash_ops_begin(void);
/* After it: nobody has a file open any more. */
void crash_ops_end(void);

/* What is in /m, a line for each thing; its fifth word is a sum of bytes. */
char *crash_tree(void);

/* struct look: a tree in two numbers, with the sums of bytes and without. */
struct look {
	u64 whole, names;
};

struct look crash_look(const char *tree);
/* Are they the same but for the bytes of one file? */
bool crash_one_sum_differs(const char *a, const char *b);

u64 crash_stir(u64 h, u64 word);
u64 crash_hash(const void *at, size_t bytes, u64 h);

/* The operations of a sequence: the seed and its number say all; how many. */
u32 crash_choose(u64 seed, u64 number, const struct operation **ops, u32 max);

/* The shell's words that make the tree in the folder `tree`. */
extern const char crash_make_tree[];

#endif
