/*
 * Spin locks.  Holding one keeps interrupts off on this hart, so a holder is
 * never preempted and an interrupt handler may take any of them.  The debug
 * build checks rank, owner and time held.
 *
 * They are not fair.  Tickets would hand the lock to a hart whose turn it is,
 * and under an emulator with more harts than host cores that one is often not
 * running: everybody would wait for the host's scheduler.
 */
#ifndef CORE_SPINLOCK_H
#define CORE_SPINLOCK_H

#include "core/lock_rank.h"
#include "lib/atomic.h"
#include "lib/types.h"

struct CAPABILITY("spinlock") spinlock {
	u32 locked; /* a */
	u16 rank;   /* c */
	s16 holder; /* a: hart number of the holder, -1 when free */
	u64 since;  /* holder: when it was taken, in ticks, debug build only */
};

/* A lock without a rank cannot be written: RANK_INVALID is refused. */
#define SPINLOCK_INIT(r)                                                       \
	{                                                                      \
		.rank = (r) + 0 * sizeof(char[(r) > RANK_INVALID ? 1 : -1]),   \
		.holder = -1                                                   \
	}

void spin_init(struct spinlock *l, enum lock_rank rank);
void spin_lock(struct spinlock *l) ACQUIRES(l);
void spin_unlock(struct spinlock *l) RELEASES(l);
bool spin_trylock(struct spinlock *l) TRY_ACQUIRES(l);
/* The second lock of one rank; the caller keeps the rank's tie-break rule. */
void spin_lock_second(struct spinlock *l) ACQUIRES(l);
bool spin_held(const struct spinlock *l);

/*
 * Interrupts off on this hart, nesting; spin_lock does it by itself.
 */
void irq_push_off(void);
void irq_pop_off(void);

#endif
