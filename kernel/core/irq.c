/*
 * Device interrupts: the controller says which number, a table says whose.
 * Numbers are registered while booting and for good.
 */
#include "core/irq.h"

#include "arch/riscv/arch.h"
#include "arch/riscv/irqchip.h"
#include "arch/riscv/upcall.h"
#include "core/printk.h"
#include "core/random.h"
#include "core/spinlock.h"
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/errno.h"

/* Higher than any number on QEMU's machine (96); what is above is refused. */
#define MAX_IRQS 128

/* ops is set last: an entry with ops is complete. */
struct handler {
	const struct irq_ops *ops; /* a */
	void *arg;                 /* c */
	u32 in_vain; /* a: interrupts in a row that were not its */
	u64 nr;      /* a: all that there were */
};

/*
 * A device whose interrupt another hart has just seen to says that it was not
 * it: the controller had noted the line before it fell.  Not so often, though.
 */
#define MANY_IN_VAIN 1000

static struct handler handlers[MAX_IRQS];

int
irq_register(u32 nr, const struct irq_ops *ops, void *arg)
{
	struct handler *h;
	int err;

	if (nr == 0 || nr >= MAX_IRQS)
		return -EINVAL;
	h = &handlers[nr];
	if (h->ops != NULL)
		return -EBUSY;
	h->arg = arg;
	/* Pairs with the load in dispatch. */
	atomic_store_release(&h->ops, ops);
	err = irqchip_enable(nr);
	if (err < 0)
		atomic_store(&h->ops, NULL);
	return err;
}

struct hart *
irq_begin(void)
{
	struct hart *h = hart_this();

	assert(!h->in_irq);
	h->in_irq = true;
	h->nr_interrupts++;
	thread_account_system();
	random_note_time(h->current->stamp_ticks);
	return h;
}

void
irq_end(struct hart *h)
{
	/* The thread that was interrupted is not to pay for it. */
	h->times[TIME_IRQ] += thread_lap(h->current);
	h->in_irq = false;
}

static void
dispatch(u32 nr)
{
	struct handler *h = &handlers[MIN(nr, MAX_IRQS - 1u)];
	const struct irq_ops *ops = NULL;

	if (nr < MAX_IRQS)
		ops = atomic_load_acquire(&h->ops);
	(void)atomic_add(&h->nr, 1);
	if (ops != NULL && ops->handle(h->arg)) {
		atomic_store(&h->in_vain, 0);
		return;
	}
	if (ops == NULL || atomic_add(&h->in_vain, 1) == MANY_IN_VAIN)
		printk_limited("irq: nobody wanted interrupt %u\n", nr);
}

void
upcall_irq(void)
{
	struct hart *h = irq_begin();
	u32 nr;

	while ((nr = irqchip_claim()) != 0) {
		dispatch(nr);
		irqchip_complete(nr);
	}
	irq_end(h);
}

bool
irq_count(u32 nr, u64 *count)
{
	if (nr >= MAX_IRQS)
		return false;
	*count = atomic_load(&handlers[nr].nr);
	return true;
}
