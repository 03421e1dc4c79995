/* Interrupts of devices: who handles which. */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include "core/hart.h"
#include "lib/types.h"

struct irq_ops {
	/* Interrupts off; true when the device had asked. */
	bool (*handle)(void *arg);
};

/*
 * nr is the interrupt controller's number, from the device tree.
 * Errors: -EINVAL for a number that there is not, -EBUSY for one in use.
 */
int irq_register(u32 nr, const struct irq_ops *ops, void *arg) MUST_CHECK;

/* How many of that number there were; false beyond the last one. */
bool irq_count(u32 nr, u64 *count);

/* What every interrupt, of whatever kind, begins and ends with. */
struct hart *irq_begin(void);
void irq_end(struct hart *h);

#endif
