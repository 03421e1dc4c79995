/* Interrupts of devices: who handles which. */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include "lib/types.h"

struct irq_ops {
	/* Interrupts off; true when the device had asked. */
	bool (*handle)(void *arg);
};

/* nr is the interrupt controller's number, from the device tree. */
int irq_register(u32 nr, const struct irq_ops *ops, void *arg) MUST_CHECK;

#endif
