#include "core/pause.h"

#include "arch/riscv/arch.h"
#include "core/ipi.h"
#include "core/panic.h"
#include "core/thread.h"

static u32 pausing; /* a: one more than the hart that holds the others */
static u64 held;    /* a: harts that stand still, a bit each */

static u64
other_harts(void)
{
	u64 mask = 0;
	u32 i;

	for (i = 0; i < nr_harts; i++)
		if (i != hart_this()->nr && atomic_load(&harts[i].online))
			mask |= 1ul << i;
	return mask;
}

void
pause_begin(void)
{
	u32 nobody = 0;
	u64 others;
	u32 i;

	/* Who loses the race is held itself by the winner meanwhile. */
	while (!atomic_cas(&pausing, &nobody, hart_this()->nr + 1)) {
		nobody = 0;
		thread_yield();
	}
	irq_push_off();
	others = other_harts();
	for (i = 0; i < nr_harts; i++)
		if (others >> i & 1)
			ipi_send(&harts[i], IPI_PAUSE);
	while (atomic_load_acquire(&held) != others) {
		arch_pause();
		if (panic_in_progress())
			panic_stop_here();
	}
}

void
pause_end(void)
{
	atomic_store_release(&pausing, 0);
	while (atomic_load_acquire(&held) != 0)
		arch_pause();
	irq_pop_off();
}

void
pause_ipi(void)
{
	u64 me = 1ul << hart_this()->nr;

	/* An interrupt that comes after its pause has ended does nothing. */
	if (atomic_load_acquire(&pausing) == 0)
		return;
	atomic_or(&held, me);
	while (atomic_load_acquire(&pausing) != 0) {
		arch_pause();
		if (panic_in_progress())
			panic_stop_here();
	}
	atomic_and(&held, ~me);
}
