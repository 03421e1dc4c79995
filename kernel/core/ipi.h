/* Interrupts from hart to hart: a set of reasons, and a bell. */
#ifndef CORE_IPI_H
#define CORE_IPI_H

#include "core/hart.h"

enum {
	IPI_RESCHED = 1u << 0, /* look at your run queue */
	IPI_TLB = 1u << 1,     /* flush, and say so */
	IPI_STOP = 1u << 2,    /* another hart panics */
	IPI_PAUSE = 1u << 3,   /* stand still until you may go on */
};

/*
 * Returns at once; the other hart answers when its interrupts are on.
 * Locks: any.
 */
void ipi_send(struct hart *h, u32 reasons);

#endif
