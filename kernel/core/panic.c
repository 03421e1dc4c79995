/*
 * A panic takes no lock, for any of them may be held for ever by now.  The
 * first hart that panics owns it: it stops the others and tells the story.  A
 * hart that panics later stops as well.  If the story itself goes wrong, the
 * owner comes here a second time and says only why, and a third time, nothing.
 */
#include "core/panic.h"

#include "arch/riscv/arch.h"
#include "arch/riscv/upcall.h"
#include "core/hart.h"
#include "core/ipi.h"
#include "core/ksyms.h"
#include "core/printk.h"
#include "core/thread.h"
#include "lib/atomic.h"
#include "lib/fmt.h"

#include <stdarg.h>

#define MAX_CALLERS        24
#define MAX_THREADS        64
#define MAX_THREAD_CALLERS 6
/* Turns to wait for the others to stop: a good part of a second. */
#define STOP_TURNS (1u << 22)

static u32 owner;         /* a: 1 + the hart that panics, 0 for none */
static u32 depth;         /* owner: how often it came here */
static u64 stopped;       /* a: harts that have stopped, a bit each */
static u32 threads_told;  /* owner */
static char message[256]; /* owner */
static const char *(*describe_address)(u64 addr);

bool
panic_in_progress(void)
{
	return atomic_load(&owner) != 0;
}

void
panic_set_describe(const char *(*describe)(u64 addr))
{
	describe_address = describe;
}

NORETURN void
panic_stop_here(void)
{
	u32 nr = hart_this()->nr;

	arch_irqs_disable();
	/* The owner itself would wait for a lock that nobody will release. */
	if (atomic_load(&owner) == nr + 1)
		arch_fail();
	atomic_or(&stopped, 1ul << nr);
	for (;;)
		arch_wait_for_interrupt();
}

static void
stop_others(u32 me)
{
	u64 others = 0;
	u32 i, turns;

	for (i = 0; i < nr_harts; i++) {
		if (i == me || !atomic_load(&harts[i].online))
			continue;
		others |= 1ul << i;
		atomic_or(&harts[i].ipi_pending, IPI_STOP);
		/* The bell, whoever may have rung it and not been heard. */
		arch_ipi_send(harts[i].hartid);
	}
	for (turns = 0; turns < STOP_TURNS; turns++) {
		if ((atomic_load_acquire(&stopped) & others) == others)
			return;
		arch_pause();
	}
	printk("some harts do not stop\n");
}

/* True when this is the first panic, whose story is to be told. */
static bool
begin(void)
{
	u32 me = hart_this()->nr;
	u32 was = 0;

	arch_irqs_disable();
	if (atomic_cas(&owner, &was, me + 1)) {
		stop_others(me);
		return true;
	}
	if (was != me + 1)
		panic_stop_here();
	if (++depth > 1)
		arch_fail();
	return false;
}

static void
print_code(u64 addr)
{
	u64 offset;
	const char *name = ksyms_find(addr, &offset);

	if (name != NULL)
		printk("  %016lx %s+0x%lx\n", addr, name, offset);
	else
		printk("  %016lx\n", addr);
}

static void
print_callers(u64 fp)
{
	u64 pcs[MAX_CALLERS];
	size_t n = arch_backtrace(fp, pcs, MAX_CALLERS);
	size_t i;

	printk("called from:\n");
	/* Of the call, not of what comes after it. */
	for (i = 0; i < n; i++)
		print_code(pcs[i] - 1);
}

static const char *
thread_name(const struct thread *t)
{
	if (t == NULL)
		return "none";
	return t->name != NULL ? t->name : "unnamed";
}

static void
print_harts(void)
{
	u32 me = hart_this()->nr;
	u32 i;

	for (i = 0; i < nr_harts; i++)
		printk("hart %u: thread %s%s%s\n", i,
		    thread_name(harts[i].current),
		    i == me ? ", which panics" : "",
		    harts[i].in_irq ? ", in an interrupt" : "");
}

static const char *
thread_state(const struct thread *t)
{
	static const char *const names[] = {
	    [THREAD_NEW] = "new",
	    [THREAD_RUNNABLE] = "runnable",
	    [THREAD_RUNNING] = "running",
	    [THREAD_PARKED] = "parked",
	    [THREAD_DEAD] = "dead",
	};

	return t->state < ARRAY_SIZE(names) ? names[t->state] : "?";
}

static void
print_thread(struct thread *t, void *arg)
{
	u64 pcs[MAX_THREAD_CALLERS];
	size_t n, i;

	(void)arg;
	if (++threads_told > MAX_THREADS)
		return;
	printk("thread %s: %s, waits for %s\n", thread_name(t), thread_state(t),
	    t->wait_what != NULL ? t->wait_what : "nothing");
	if (t->state != THREAD_PARKED)
		return;
	n = arch_backtrace(t->context.s[0], pcs, MAX_THREAD_CALLERS);
	for (i = 0; i < n; i++)
		print_code(pcs[i] - 1);
}

/* The rest of the story, least certain things last. */
static NORETURN void
end(u64 fp)
{
	print_callers(fp);
	print_harts();
	if (!thread_try_for_each(print_thread, NULL))
		printk("the list of threads is being changed\n");
	arch_fail();
}

NORETURN void
panic(const char *fmt, ...)
{
	bool first = begin();
	va_list args;

	va_start(args, fmt);
	fmt_vsnprint(message, sizeof(message), fmt, args);
	va_end(args);
	printk(
	    "kernel panic%s: %s\n", first ? "" : " while panicking", message);
	if (!first)
		arch_fail();
	end((u64)__builtin_frame_address(0));
}

NORETURN void
assert_failed(const char *what, const char *file, int line)
{
	panic("assertion failed: %s, %s:%d", what, file, line);
}

static void
print_registers(const struct trap_frame *f)
{
	static const char names[32][4] = {"", "ra", "sp", "gp", "tp", "t0",
	    "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6",
	    "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
	    "t3", "t4", "t5", "t6"};
	int i;

	printk("status %016lx cause %016lx tval %016lx\n", f->status, f->cause,
	    f->tval);
	for (i = 1; i < 31; i += 3)
		printk("%3s %016lx %3s %016lx %3s %016lx\n", names[i],
		    f->regs[i], names[i + 1], f->regs[i + 1], names[i + 2],
		    f->regs[i + 2]);
	printk("%3s %016lx\n", names[31], f->regs[31]);
}

static void
print_address(const char *what, u64 addr)
{
	const char *of = NULL;

	if (describe_address != NULL)
		of = describe_address(addr);
	if (of != NULL)
		printk("%s %016lx: %s\n", what, addr, of);
}

NORETURN void
panic_trap(struct trap_frame *f, const char *what)
{
	bool first = begin();

	printk("kernel panic%s: %s, at pc %016lx, address %016lx\n",
	    first ? "" : " while panicking", what, f->pc, f->tval);
	if (!first)
		arch_fail();
	print_code(f->pc);
	print_address("address", f->tval);
	print_address("sp", f->regs[REG_SP]);
	print_registers(f);
	printk("return address:\n");
	print_code(f->regs[REG_RA]);
	end(f->regs[REG_FP]);
}

static const char *
cause_name(u64 cause)
{
	static const char *const names[] = {
	    [CAUSE_FETCH_MISALIGNED] = "jump to an odd address",
	    [CAUSE_FETCH_ACCESS] = "no code can be fetched",
	    [CAUSE_ILLEGAL] = "illegal instruction",
	    [CAUSE_BREAKPOINT] = "breakpoint",
	    [CAUSE_LOAD_MISALIGNED] = "misaligned load",
	    [CAUSE_LOAD_ACCESS] = "load from where nothing is",
	    [CAUSE_STORE_MISALIGNED] = "misaligned store",
	    [CAUSE_STORE_ACCESS] = "store to where nothing is",
	    [CAUSE_FETCH_PAGE] = "page fault on a jump",
	    [CAUSE_LOAD_PAGE] = "page fault on a load",
	    [CAUSE_STORE_PAGE] = "page fault on a store",
	};

	if (cause < ARRAY_SIZE(names) && names[cause] != NULL)
		return names[cause];
	return "trap of an unknown kind";
}

NORETURN void
upcall_kernel_trap(struct trap_frame *f)
{
	panic_trap(f, cause_name(f->cause));
}

NORETURN void
upcall_stack_overflow(struct trap_frame *f)
{
	panic_trap(f, "kernel stack overflow");
}
