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

/* The shell's words that make the tree in the folder `tree`. */
extern const char crash_make_tree[];

#endif
