/*
 * The memory core under test beside its reference: address spaces and objects
 * of the kernel's own code, operations on both, and the comparison.
 */
#ifndef WORLD_H
#define WORLD_H

#include "model.h"
#include "sim.h"

struct mm;
struct object;

struct world {
	struct mm *mms[NR_SPACES]; /* NULL: no such space now */
	struct object *objects[NR_OBJECTS];
	struct model model;
};

extern struct world world;

/* A new machine with the objects and no space. */
void world_reset(u64 seed);
/* Everything goes; fails if anything stays. */
void world_end(void);

/* Is there what the operation needs? */
bool world_can(const struct op *op);
/* Does it on op's hart; fills in at and result.  The model stays as it is. */
void world_do(struct op *op);
/*
 * Does it in the kernel and the model, and fails if they come to different
 * results.
 */
void world_step(struct op *op);

/* Compares all bytes and regions of all spaces; fails if they differ. */
void world_compare(void);
/* The same without failing: why not, or NULL. */
const char *world_differs(const struct model *m);
/* Has the file's store all that no page in memory is dirty for? */
const char *world_store_differs(const struct model *m);
/* Is space s as the model has it, as to regions? */
bool world_regions_match(u32 s, const struct model *m);

/* The laws; whole: looks at every entry, not only those of the windows. */
void world_check(bool whole);

#endif
