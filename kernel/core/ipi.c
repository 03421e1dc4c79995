/*
 * The bell is rung by whoever makes the set of reasons non-empty.  The other
 * hart silences the bell first and takes the whole set then, so a reason that
 * is added after the taking finds an empty set and rings again.
 *
 * Between the two nothing may come, or the bell is not rung for as long: if
 * that is a pause, whose hart finds a reason there and does not ring either,
 * both would wait for ever for a hart that nobody tells.
 */
#include "core/ipi.h"

#include "arch/riscv/arch.h"
#include "arch/riscv/upcall.h"
#include "core/irq.h"
#include "core/panic.h"
#include "core/pause.h"
#include "core/sched.h"
#include "core/tlb.h"
#include "lib/atomic.h"

void
ipi_send(struct hart *h, u32 reasons)
{
	irq_push_off();
	/* Pairs with the exchange in upcall_ipi. */
	if (atomic_or(&h->ipi_pending, reasons) == 0)
		arch_ipi_send(h->hartid);
	irq_pop_off();
}

void
upcall_ipi(void)
{
	struct hart *h = irq_begin();
	u32 reasons;

	csr_clear(sip, SIE_SSIE);
	reasons = atomic_swap(&h->ipi_pending, 0);
	if (reasons & IPI_STOP)
		panic_stop_here();
	if (reasons & IPI_TLB)
		tlb_ipi();
	if (reasons & IPI_PAUSE)
		pause_ipi();
	if (reasons & IPI_RESCHED)
		sched_ipi();
	irq_end(h);
}
