/*
 * A reference count that means what it says: 1 is one owner, 0 is none and the
 * thing is being freed.  It is 64 bits wide, so it cannot be made to overflow
 * by holding references to memory that exists.
 */
#ifndef LIB_REFCOUNT_H
#define LIB_REFCOUNT_H

#include "lib/assert.h"
#include "lib/atomic.h"

struct refcount {
	u64 count; /* atomic */
};

static inline void
refcount_init(struct refcount *r, u64 count)
{
	atomic_store(&r->count, count);
}

static inline u64
refcount_read(const struct refcount *r)
{
	return atomic_load(&r->count);
}

/* The caller has a reference already, so nothing needs ordering. */
static inline void
refcount_get(struct refcount *r)
{
	u64 was = __atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED);

	assert(was != 0);
}

/* True when this was the last one: the caller frees the thing. */
static inline MUST_CHECK bool
refcount_put(struct refcount *r)
{
	u64 left = atomic_sub(&r->count, 1);

	assert(left != ~0ul);
	return left == 0;
}

/* The same if it is not the last one; false when it is, and nothing is done. */
static inline MUST_CHECK bool
refcount_put_unless_last(struct refcount *r)
{
	u64 was = atomic_load(&r->count);

	assert(was != 0);
	while (was != 1)
		if (atomic_cas(&r->count, &was, was - 1))
			return true;
	return false;
}

/* For look-ups that may race with the last put. */
static inline MUST_CHECK bool
refcount_get_unless_zero(struct refcount *r)
{
	u64 was = atomic_load(&r->count);

	while (was != 0)
		if (atomic_cas(&r->count, &was, was + 1))
			return true;
	return false;
}

#endif
