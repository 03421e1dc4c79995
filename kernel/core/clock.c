/*
 * All harts read one counter, so time is the same everywhere and never goes
 * back.  Nanoseconds are ticks times a fixed-point factor; its error, below
 * one part in 2^32 of a tick's length, is the counter's own business, but both
 * directions must agree, or a timer would fire before its time has come.
 */
#include "core/clock.h"

#include "arch/riscv/arch.h"
#include "core/panic.h"
#include "lib/atomic.h"

/* Slower than this the factor would not fit its 64 bits. */
#define MIN_HZ 1000ul
/* Faster than this the arithmetic of clock_ns_to_ticks would overflow. */
#define MAX_HZ 10000000000ul
/* Beyond this (146 years) no time will come. */
#define MAX_NS (1ul << 62)

static u64 hz;          /* c; 0 until clock_init */
static u64 factor;      /* c: nanoseconds a tick, times 2^32 */
static u64 start_ticks; /* c: when the clock read 0 */
static u64 real_offset; /* a: real time minus time since boot */

void
clock_init(u64 timebase_hz)
{
	if (timebase_hz < MIN_HZ || timebase_hz > MAX_HZ)
		panic("the device tree's timebase-frequency, %lu, is of no use",
		    timebase_hz);
	hz = timebase_hz;
	factor = (NSEC_PER_SEC << 32) / hz;
	start_ticks = arch_ticks();
}

u64
clock_ticks_to_ns(u64 ticks)
{
	return (unsigned __int128)ticks * factor >> 32;
}

u64
clock_ticks(void)
{
	return arch_ticks();
}

u64
clock_mono_ns(void)
{
	return clock_ticks_to_ns(arch_ticks() - start_ticks);
}

u64
clock_real_ns(void)
{
	return clock_mono_ns() + atomic_load(&real_offset);
}

u64
clock_boot_real_ns(void)
{
	return atomic_load(&real_offset);
}

void
clock_set_real(u64 real_ns)
{
	atomic_store(&real_offset, real_ns - clock_mono_ns());
}

u64
clock_step_ns(void)
{
	return MAX(NSEC_PER_SEC / hz, 1ul);
}

u64
clock_ns_to_ticks(u64 ns)
{
	u64 ticks;

	if (ns > MAX_NS)
		return ~0ul;
	ticks = ns / NSEC_PER_SEC * hz + ns % NSEC_PER_SEC * hz / NSEC_PER_SEC;
	while (clock_ticks_to_ns(ticks) < ns)
		ticks++;
	return start_ticks + ticks;
}
