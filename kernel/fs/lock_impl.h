/* The inside of locks on files. */
#ifndef FS_LOCK_IMPL_H
#define FS_LOCK_IMPL_H

#include "core/mutex.h"
#include "core/spinlock.h"
#include "fs/lock.h"
#include "lib/list.h"

struct thread;

/* ---- lists of locks (lock_range.c) ------------------------------------- */

/* Behind the last byte that a file can have. */
#define LOCK_END (1ul << 63)

enum lock_kind {
	LOCK_OF_PROCESS, /* fcntl's F_SETLK */
	LOCK_OF_FILE,    /* fcntl's F_OFD_SETLK */
	LOCK_WHOLE,      /* flock's */
};

/*
 * What somebody has or wants, or with F_UNLCK wants no more: the bytes of
 * [start, end), which is not empty.
 */
struct lock_claim {
	struct lock_owner *owner;
	u64 start;
	u64 end;
	s32 pid;  /* who asked for it, for people */
	s16 type; /* F_RDLCK, F_WRLCK, F_UNLCK */
	u8 kind;  /* enum lock_kind */
};

/*
 * struct file_lock: one lock that somebody has, in one of the lists of a book.
 * Made and freed by lock_book.c.
 * Laws   L1  a list is in the order of start
 *        L2  one owner's locks in a list do not overlap, and two that touch
 *            differ in type
 *        L3  where locks of two owners overlap, both are F_RDLCK
 * Locks: the book's
 */
struct file_lock {
	struct list link;
	struct list waits; /* struct lock_wait: for this one to go */
	struct lock_claim claim;
};

/* What claim asks of a list, before anything is changed. */
struct lock_plan {
	bool fresh;  /* a record more for what is claimed */
	bool split;  /* and one for the far side of what it is cut out of */
	u32 nr_gone; /* records that will not be needed any more */
};

/* Records to be used for a change, and what comes out of it. */
struct lock_change {
	struct file_lock *fresh; /* in: if the plan says so */
	struct file_lock *split; /* in: the same */
	struct list gone;        /* out: struct file_lock */
	struct list woken;       /* out: struct lock_wait, who may try again */
};

/*
 * The first that stands in the way of want; with F_UNLCK, the first of the
 * owner's own in that range.  NULL: none.
 */
struct file_lock *lock_find(struct list *locks, const struct lock_claim *want);
struct lock_plan lock_plan(struct list *locks, const struct lock_claim *claim);
/* The owner has it from now on; nobody may be in the way. */
void lock_apply(struct list *locks, const struct lock_claim *claim,
    struct lock_change *change);

/* ---- one file's locks (lock_book.c) ------------------------------------ */

/*
 * struct lock_book: the locks on one file.  Made for the first, gone with the
 * last: a file without locks has none.  Who uses a book, be it that he has a
 * lock in it, keeps the inode from going away.
 * Locks  b LOCK_BOOKS   l lock   c fixed
 */
struct lock_book {
	struct list all;     /* b: the oldest first */
	struct inode *inode; /* c: not counted */
	u32 nr_users;        /* b: calls at work on it */
	struct mutex lock;   /* rank FILE_LOCKS */
	struct list ranges;  /* l: struct file_lock, fcntl's */
	struct list wholes;  /* l: struct file_lock, flock's */
};

static inline struct list *
lock_book_list(struct lock_book *b, u8 kind)
{
	return kind == LOCK_WHOLE ? &b->wholes : &b->ranges;
}

/* NULL when there is none.  Owns: gives a use; see lock_book_put. */
struct lock_book *lock_book_get(struct inode *inode);
void lock_book_put(struct lock_book *b);
/*
 * The book after b, whose use is taken over, or the first; NULL behind the
 * last.  A reference to its inode goes with it.  Sleeps.
 */
struct lock_book *lock_book_take_next(struct lock_book *b);
/*
 * What is claimed is the owner's, or if it is F_UNLCK no more.  Sleeps.
 * Errors: -EAGAIN somebody is in the way, and wait is false; else -EDEADLK,
 *         -ERESTARTSYS; -ENOLCK.
 */
int lock_claim(
    struct inode *inode, const struct lock_claim *claim, bool wait) MUST_CHECK;

/* ---- waiting (lock_wait.c) --------------------------------------------- */

/*
 * struct lock_wait: a thread that waits until one lock goes, or shrinks; on its
 * stack.  It then looks again whether another is in its way.
 * States  waiting -> woken   who changes the lock; a signal
 * Locks   l the book's   w LOCK_WAITS   c fixed
 */
struct lock_wait {
	struct list link;               /* l: the blocker's waits */
	struct file_lock *blocker;      /* l&w: NULL: it is woken */
	const struct lock_claim *claim; /* c */
	struct thread *thread;          /* c */
	struct lock_wait *next;         /* w: of the same owner's */
	struct lock_wait **at;          /* w: what leads here */
};

/*
 * Waits until blocker goes, shrinks, or becomes another kind.  The book's lock
 * is let go of meanwhile, so all has to be looked at again.
 * Errors: -EDEADLK it would wait for itself; -ERESTARTSYS.
 */
int lock_wait(struct lock_book *b, struct file_lock *blocker,
    const struct lock_claim *claim) MUST_CHECK MUST_HOLD(&b->lock);
/* All of the list may try again.  Locks: their book's. */
void lock_wake(struct list *waits);

#endif
