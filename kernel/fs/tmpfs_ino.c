/*
 * Numbers of a tmpfs's inodes: the lowest that is free, so that they stay small
 * and who keeps 16 bits of one, as the classic teaching kernel's programs do,
 * keeps all of it.
 */
#include "fs/tmpfs_impl.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

/* So many numbers at first; then twice as many, and again. */
#define FIRST_NUMBERS 1024

void
tmpfs_numbers_init(struct tmpfs_numbers *n)
{
	spin_init(&n->lock, RANK_TMPFS_NUMBERS);
}

void
tmpfs_numbers_destroy(struct tmpfs_numbers *n)
{
	kfree(n->used);
}

/* Inodes begin with 1. */
static bool
take_locked(struct tmpfs_numbers *n, u64 *ino) MUST_HOLD(&n->lock)
{
	u64 bit = bitmap_find_zero(n->used, n->nr, n->lowest);

	n->lowest = bit;
	if (bit == n->nr)
		return false;
	bitmap_set(n->used, bit);
	*ino = bit + 1;
	return true;
}

/* From nr to twice as many, unless somebody else was quicker. */
static int
grow(struct tmpfs_numbers *n, u64 nr)
{
	u64 more = MAX(2 * nr, (u64)FIRST_NUMBERS);
	u64 *used = kzalloc(more / 8);

	if (!used)
		return -ENOMEM;
	spin_lock(&n->lock);
	if (n->nr == nr) {
		u64 *old = n->used;

		if (old)
			memcpy(used, old, nr / 8);
		n->used = used;
		n->nr = more;
		used = old;
	}
	spin_unlock(&n->lock);
	kfree(used);
	return 0;
}

int
tmpfs_number_get(struct tmpfs_numbers *n, u64 *ino)
{
	int err = 0;
	bool taken;
	u64 nr;

	do {
		spin_lock(&n->lock);
		nr = n->nr;
		taken = take_locked(n, ino);
		spin_unlock(&n->lock);
		if (!taken)
			err = grow(n, nr);
	} while (!taken && err == 0);
	return err;
}

void
tmpfs_number_put(struct tmpfs_numbers *n, u64 ino)
{
	spin_lock(&n->lock);
	bitmap_clear(n->used, ino - 1);
	n->lowest = MIN(n->lowest, ino - 1);
	spin_unlock(&n->lock);
}
