/*
 * struct hart: what one hart has for itself.  tp points to it whenever the
 * kernel runs.  The first fields are known to the trap entry by offset.
 */
#ifndef CORE_HART_H
#define CORE_HART_H

#include "core/spinlock.h"
#include "lib/list.h"

#define MAX_HARTS 8

/* What a hart does: the columns of /proc/stat. */
enum hart_time {
	TIME_USER,
	TIME_NICE, /* the same, of who asked to be nice to others */
	TIME_SYSTEM,
	TIME_IDLE,
	TIME_IOWAIT, /* the same, while a thread from here waits for a disk */
	TIME_IRQ,
	NR_HART_TIMES,
};

struct thread;
struct tlb_space;
struct page;

/*
 * Locks: h only this hart, interrupts off or not in an interrupt
 *        r runq_lock   a atomic   c fixed at boot
 */
struct hart {
	u64 kernel_sp;  /* h: where a trap from user mode puts its frame */
	u64 scratch[2]; /* h: two registers during trap entry */
	struct thread *current; /* h */

	u32 nr;               /* c: 0 .. nr_harts - 1 */
	u32 hartid;           /* c: the number that the SBI knows */
	u32 irq_depth;        /* h: nested irq_push_off */
	bool irq_was_on;      /* h: before the outermost of them */
	bool in_irq;          /* h: handling an interrupt */
	bool online;          /* a */
	struct thread *idle;  /* c */
	struct thread *dying; /* h: whose release() is due after the switch */
	struct thread
	    *misplaced; /* h: who may not run here any more, the same */

	struct spinlock runq_lock; /* rank RUNQ */
	struct list runq;          /* r: runnable threads, first to run first */
	u32 nr_runnable;           /* r */
	u32 nr_waiting;            /* r: parked, last ran here, and are load */
	u32 nr_disk_waits;         /* r: of those, who wait for a disk */
	bool idling;               /* r: asleep, wants an IPI for work */
	u64 slice_end_ns;          /* h: when current has to make room */

	u32 ipi_pending;    /* a: enum ipi bits */
	u32 nr_spins;       /* h: spin locks held, debug build */
	u16 spin_ranks[16]; /* h: their ranks, outermost first, debug build */

	struct tlb_space *space;      /* a: whose translations satp uses now */
	struct tlb_space *next_space; /* a: the same, or which it is to use */
	u64 tlb_generation; /* h: last ASID generation it flushed for */
	u64 tlb_asked;      /* a: flushes asked of this hart by others */
	u64 tlb_done;       /* a: up to which of them it has flushed */

	struct page *frame_cache; /* h, irqs off: free frames kept at hand */
	u32 frame_cached;         /* h */
	u32 zeroed_cached;        /* h */
	struct page *zeroed;      /* h, irqs off: the same, filled with 0 */

	u64 nr_interrupts;        /* h */
	u64 nr_switches;          /* h */
	u64 times[NR_HART_TIMES]; /* h: in ticks; read by core/times.h */
	u64 seen_user_ticks;      /* h: of current's, what is in times */
	u64 seen_system_ticks;    /* h */
} ALIGNED(64);

extern struct hart harts[MAX_HARTS];
extern u32 nr_harts; /* found in the device tree, at most MAX_HARTS */

static inline struct hart *
hart_this(void)
{
	struct hart *h;

	/* Volatile: a thread may have moved since the last time. */
	__asm__ volatile("mv %0, tp" : "=r"(h));
	return h;
}

#endif
