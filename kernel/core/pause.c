#include "core/pause.h"

#include "arch/riscv/arch.h"
#include "core/ipi.h"
#include "core/panic.h"
#include "core/thread.h"

/* What pausing says while the held harts leave: nobody may begin anew yet. */
#define RELEASING (~0u)

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

static void
ring(u64 mask)
{
	u32 i;

	for (i = 0; i < nr_harts; i++)
		if (mask >> i & 1)
			arch_ipi_send(harts[i].hartid);
}

void
pause_end(void)
{
	u64 others = atomic_load(&held);

	/*
	 * A hart that is slow to leave must not be overtaken by the next
	 * pause: it would stay for that one, and we would wait for it with
	 * interrupts off.
	 */
	atomic_store_release(&pausing, RELEASING);
	ring(others);
	while (atomic_load_acquire(&held) != 0)
		arch_pause();
	atomic_store_release(&pausing, 0);
	irq_pop_off();
}

static bool
is_pausing(void)
{
	u32 who = atomic_load_acquire(&pausing);

	return who != 0 && who != RELEASING;
}

void
pause_ipi(void)
{
	u64 me = 1ul << hart_this()->nr;

	/* An interrupt that comes after its pause has ended does nothing. */
	if (!is_pausing())
		return;
	atomic_or(&held, me);
	/* The end rings, and so does a panic. */
	while (is_pausing()) {
		arch_wait_for_ipi();
		if (panic_in_progress())
			panic_stop_here();
	}
	atomic_and(&held, ~me);
}
