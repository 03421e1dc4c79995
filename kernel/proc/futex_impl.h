/*
 * What futex.c and futex_pair.c share.  How it works stands in futex.c.
 */
#ifndef PROC_FUTEX_IMPL_H
#define PROC_FUTEX_IMPL_H

#include "core/spinlock.h"
#include "lib/list.h"
#include "mm/mm.h"
#include "proc/futex.h"

struct thread;

/*
 * struct futex_waiter: a thread in futex_wait, on its stack.
 * States  in its bucket's list -> off it, by a waker or by itself; for good
 * Locks   b its bucket's lock   a atomic, written with the old and the new
 *         bucket's lock   c fixed
 */
struct futex_waiter {
	struct list link;            /* b */
	struct futex_bucket *bucket; /* a */
	struct mm_futex_key key;     /* b: with its reference to the object */
	struct thread *thread;       /* c */
	u32 bits;                    /* c */
};

struct futex_bucket {
	struct spinlock lock; /* rank FUTEX */
	struct list waiters;  /* lock */
} ALIGNED(64);

/*
 * What a word is known by, with a reference to its object if it has one.
 * Errors: -EINVAL misaligned, -EFAULT.
 */
int futex_key_get(struct futex_word word, struct mm_futex_key *out) MUST_CHECK;
void futex_key_put(struct mm_futex_key *key);
bool futex_key_equal(
    const struct mm_futex_key *a, const struct mm_futex_key *b);
struct futex_bucket *futex_bucket_of(const struct mm_futex_key *key);

/* Locks: the bucket's.  The waiter cannot leave before that is released. */
void futex_wake_waiter(struct futex_waiter *w);
/* Up to nr, but at least one; how many.  Locks: the bucket's. */
s32 futex_wake_matching(
    struct futex_bucket *b, const struct mm_futex_key *key, s32 nr, u32 bits);

#endif
