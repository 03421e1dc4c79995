/*
 * Spin locks.  Holding one keeps interrupts off on this hart, so a holder is
 * never preempted and an interrupt handler may take any of them.  They are
 * fair (tickets).  The debug build checks rank, owner and time held.
 */
#ifndef CORE_SPINLOCK_H
#define CORE_SPINLOCK_H

#include "core/lock_rank.h"
#include "lib/types.h"

struct CAPABILITY("spinlock") spinlock {
	u32 next;   /* a: the next ticket to hand out */
	u32 owner;  /* a: the ticket that is being served */
	u16 rank;   /* c */
	s16 holder; /* a: hart number of the holder, -1 when free */
	u32 since;  /* holder: when it was taken, ticks, debug build only */
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
