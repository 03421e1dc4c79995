/*
 * Advisory locks on files: flock's, of a whole file, and fcntl's, of ranges of
 * bytes.  They stop nobody but those who ask for locks as well.
 *
 * Whose a lock is differs.  fcntl's old ones are the process's: they go when it
 * closes any descriptor of the file.  flock's, and fcntl's F_OFD ones, are the
 * open file's: they go when that is closed for good.  fcntl's two kinds stand
 * in each other's way, flock's are seen by nobody else.
 */
#ifndef FS_LOCK_H
#define FS_LOCK_H

#include "lib/atomic.h"
#include "lib/errno.h"
#include "lib/types.h"

struct file;
struct flock;
struct inode;
struct lock_wait;
struct seq;

/*
 * struct lock_owner: what locks belong to; a part of each table of descriptors,
 * for a process's locks, and of each open file.  All zeroes: it has none.
 * Laws: an owner's locks on a file are gone before its reference to it is
 * Locks: a atomic   w LOCK_WAITS
 */
struct lock_owner {
	u32 nr_locks;            /* a: records, and those being made */
	struct lock_wait *waits; /* w: its threads that wait for others */
};

/* All of owner's locks on the file go.  Locks: takes FILE_LOCKS.  Sleeps. */
void lock_drop_all(struct lock_owner *owner, struct inode *inode);

/* The same for who closes something, most often without having any. */
static inline void
lock_drop_any(struct lock_owner *owner, struct inode *inode)
{
	if (unlikely(atomic_load(&owner->nr_locks) != 0))
		lock_drop_all(owner, inode);
}

/*
 * flock: type is F_RDLCK, F_WRLCK or F_UNLCK; pid is for who wants to know.
 * Sleeps.  Errors: -EBADF, -EAGAIN, -ENOLCK, -ERESTARTSYS.
 */
int file_flock(struct file *f, s32 pid, s16 type, bool wait) MUST_CHECK;
/*
 * fcntl: cmd is F_SETLK and the like, process the owner of what is not the
 * file's own.  On success *arg says where that is now, from the file's start.
 * Sleeps.  Errors: -EBADF not open for this, -EINVAL, -EOVERFLOW, -EAGAIN,
 *          -EDEADLK, -ENOLCK, -ERESTARTSYS.
 */
int file_set_lock(struct file *f, struct lock_owner *process, s32 pid, int cmd,
    struct flock *arg) MUST_CHECK;
/* For F_GETLK and F_OFD_GETLK: *arg becomes the answer. */
int file_get_lock(struct file *f, struct lock_owner *process, int cmd,
    struct flock *arg) MUST_CHECK;

/* /proc/locks. */
void locks_show(struct seq *s);

#endif
