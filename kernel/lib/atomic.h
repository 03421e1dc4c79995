/*
 * Atomic words.  The order is in the name: a plain name is relaxed, _acquire
 * and _release order one side, and a read-modify-write without a suffix in
 * this table is acquire and release both.  Who uses an order names its partner.
 */
#ifndef LIB_ATOMIC_H
#define LIB_ATOMIC_H

#include "lib/types.h"

#define atomic_load(p)         __atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#ifdef __riscv
/* gcc 12 makes a swap of either, which goes to memory for a word to forget. */
#define atomic_store(p, v) ((void)(*(volatile __typeof__(*(p)) *)(p) = (v)))
#define atomic_store_release(p, v)                                             \
	do {                                                                   \
		__typeof__(*(p)) value_ = (v);                                 \
                                                                               \
		__atomic_thread_fence(__ATOMIC_RELEASE);                       \
		atomic_store(p, value_);                                       \
	} while (0)
#else
#define atomic_store(p, v)         __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define atomic_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#endif
#define atomic_add(p, v)         __atomic_add_fetch(p, v, __ATOMIC_ACQ_REL)
#define atomic_sub(p, v)         __atomic_sub_fetch(p, v, __ATOMIC_ACQ_REL)
#define atomic_or(p, v)          __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL)
#define atomic_and(p, v)         __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL)
#define atomic_and_relaxed(p, v) __atomic_fetch_and(p, v, __ATOMIC_RELAXED)
#define atomic_swap(p, v)        __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)

/* Counting events that nobody waits for or concludes from. */
#define atomic_count(p) ((void)__atomic_fetch_add(p, 1, __ATOMIC_RELAXED))

/* True when *p was old and is now new; *old_p tells what it was. */
#define atomic_cas(p, old_p, new)                                              \
	__atomic_compare_exchange_n(                                           \
	    p, old_p, new, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)

/* Everything before is seen before anything after, stores against loads too. */
#define fence_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
