/* The slots of a descriptor table, between fdtable.c and fd.c. */
#ifndef PROC_FDTABLE_IMPL_H
#define PROC_FDTABLE_IMPL_H

#include "proc/fdtable.h"

/* At least so many slots.  Locks: none.  Errors: -ENOMEM. */
int fdtable_grow(struct fdtable *t, u32 nr_needed) MUST_CHECK;

/* The first taken slot from n on, or -1.  Locks: the table's, for all these. */
int fdtable_next_open_locked(const struct fdtable *t, u32 n);
/* The first free one, which may be just beyond the table. */
u32 fdtable_next_free_locked(const struct fdtable *t, u32 n);
/* Slot n is taken, by nothing yet if it was free. */
void fdtable_set_locked(struct fdtable *t, u32 n, bool cloexec);
void fdtable_clear_locked(struct fdtable *t, u32 n);
bool fdtable_cloexec_locked(const struct fdtable *t, u32 n);

/*
 * f has left its slot: what the table's processes locked of the file goes, by
 * whatever descriptor they did that, and the slot's reference.  Sleeps.
 */
static inline void
fdtable_drop_file(struct fdtable *t, struct file *f)
{
	if (unlikely(atomic_load(&t->locks.nr_locks) != 0) &&
	    !(f->access & FILE_PATH_ONLY))
		lock_drop_all(&t->locks, f->inode);
	file_put(f);
}

#endif
