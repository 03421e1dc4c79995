/*
 * What the machine offers to the rest of the kernel: registers of a thread,
 * interrupts, time, other harts, power.  Page-table words are in pt.h,
 * translations in tlb.h; what traps call is in upcall.h.
 */
#ifndef ARCH_RISCV_ARCH_H
#define ARCH_RISCV_ARCH_H

#include "arch/riscv/csr.h"
#include "arch/riscv/kstack.h"
#include "lib/types.h"

/*
 * The registers of user or kernel at a trap.  regs[n] is x(n); regs[0] is
 * unused and keeps the index honest.  Known to trap.S by offset.
 */
struct trap_frame {
	u64 regs[32];
	u64 pc;
	u64 status;
	u64 cause;
	u64 tval;
	u64 orig_a0; /* a0 at a system call, for restarting it */
	u64 pad;     /* keeps the stack aligned to 16 bytes */
};

enum {
	REG_RA = 1,
	REG_SP = 2,
	REG_GP = 3,
	REG_TP = 4,
	REG_FP = 8,
	REG_A0 = 10,
	REG_A1 = 11,
	REG_A2 = 12,
	REG_A3 = 13,
	REG_A4 = 14,
	REG_A5 = 15,
	REG_A7 = 17,
};

/* What a function call keeps: all that a switch in the kernel must save. */
struct arch_context {
	u64 ra;
	u64 sp;
	u64 s[12];
};

struct arch_fpu {
	u64 f[32];
	u32 fcsr;
};

/* The user frame of a thread lies at the very top of its stack. */
static inline struct trap_frame *
arch_user_frame(void *stack)
{
	return (struct trap_frame *)((char *)stack + KSTACK_SIZE) - 1;
}

/* Saves into prev, goes on with next, returns when prev is switched to. */
void arch_switch(struct arch_context *prev, struct arch_context *next);
/*
 * Makes ctx, which is zeroed, start at entry(arg) on a stack, whose top part is
 * the user frame.
 */
void arch_context_init(
    struct arch_context *ctx, void *stack, void (*entry)(void *), void *arg);
/* Leaves the kernel by the frame at the top of the current thread's stack. */
NORETURN void arch_enter_user(struct trap_frame *f);

/*
 * Float registers: user code makes them dirty (sstatus.FS in its frame says
 * so), a switch saves them only then, and the kernel never uses them.
 */
void arch_fpu_switch_out(struct trap_frame *f, struct arch_fpu *fpu);
void arch_fpu_switch_in(struct trap_frame *f, const struct arch_fpu *fpu);
/* Brings fpu up to date with the current thread's registers. */
void arch_fpu_sync(struct trap_frame *f, struct arch_fpu *fpu);
/* Loads the registers from fpu, after it was changed. */
void arch_fpu_load(struct trap_frame *f, const struct arch_fpu *fpu);

/* A frame for a new program: everything zero but these. */
void arch_user_frame_init(struct trap_frame *f, uaddr_t pc, uaddr_t sp);

static inline bool
arch_from_user(const struct trap_frame *f)
{
	return (f->status & SSTATUS_SPP) == 0;
}

/* Interrupts of this hart. */
static inline bool
arch_irqs_on(void)
{
	return (csr_read(sstatus) & SSTATUS_SIE) != 0;
}

static inline void
arch_irqs_enable(void)
{
	csr_set(sstatus, SSTATUS_SIE);
}

/* Says whether they were on. */
static inline bool
arch_irqs_disable(void)
{
	return (csr_read_clear(sstatus, SSTATUS_SIE) & SSTATUS_SIE) != 0;
}

/* Sleeps until an interrupt is pending, whether or not they are enabled. */
static inline void
arch_wait_for_interrupt(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

/* The same until another hart rings, or has rung, whatever else is pending. */
static inline void
arch_wait_for_ipi(void)
{
	u64 off = csr_read_clear(sie, SIE_STIE | SIE_SEIE);

	arch_wait_for_interrupt();
	csr_set(sie, off);
}

static inline void
arch_pause(void)
{
	/* The hint "pause" of Zihintpause, a no-op where that is missing. */
	__asm__ volatile(".word 0x0100000f" ::: "memory");
}

/* Makes instructions written by this hart visible to its own fetches. */
static inline void
arch_fence_i(void)
{
	__asm__ volatile("fence.i" ::: "memory");
}

/* Orders memory and devices: what came before is seen before what follows. */
static inline void
arch_fence_device(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

/* The free-running counter, at the timebase's frequency. */
static inline u64
arch_ticks(void)
{
	return csr_read(time);
}

/* The next timer interrupt of this hart; all ones for none. */
void arch_timer_set(u64 ticks);

/*
 * Interrupts another hart; the SBI's number of it.  Interrupts are off: what
 * has been noted for the other must not wait for something else to be told.
 */
void arch_ipi_send(u32 hartid);
int arch_hart_start(u32 hartid, paddr_t entry, u64 arg) MUST_CHECK;
void arch_putchar_early(char c);
NORETURN void arch_power_off(void);
NORETURN void arch_reboot(void);
/* Ends the emulator with a failing status where it can. */
NORETURN void arch_fail(void);

/*
 * The caller's callers: fills pcs with return addresses, innermost first,
 * starting at a frame pointer; stops at anything that is not a stack.
 */
size_t arch_backtrace(u64 fp, u64 *pcs, size_t max);
/* Reads a word of kernel memory that may not be there: false for a fault. */
bool arch_probe_read(u64 addr, u64 *out);

/*
 * User memory, one access right at a time: each returns the number of bytes
 * NOT done, or for words a bool; a page fault that can't be mended ends it.
 * Only mm/usercopy.c calls these, after checking the range.
 */
size_t arch_user_read(void *dst, u64 src, size_t len);
size_t arch_user_write(u64 dst, const void *src, size_t len);
/* Copies up to and with a zero byte: the length without it, or a negative. */
s64 arch_user_read_string(char *dst, u64 src, size_t cap);
bool arch_user_load32(u64 addr, u32 *out);
/* Compare and swap; *old becomes what was found. */
bool arch_user_cas32(u64 addr, u32 *old, u32 new);
/* Where the copy routines go on after a fault at pc, 0 if pc is not theirs. */
u64 arch_user_fixup(u64 pc);

#endif
