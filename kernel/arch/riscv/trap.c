/*
 * What a trap means, and whom to call.  No policy: each cause leads to one
 * function of upcall.h.
 */
#include "arch/riscv/arch.h"
#include "arch/riscv/upcall.h"
#include "lib/assert.h"

void trap_from_user(struct trap_frame *f);
void trap_from_kernel(struct trap_frame *f);
NORETURN void trap_stack_overflow(struct trap_frame *f);

static_assert(offsetof(struct trap_frame, pc) == 256, "FRAME_PC");
static_assert(offsetof(struct trap_frame, status) == 264, "FRAME_STATUS");
static_assert(offsetof(struct trap_frame, cause) == 272, "FRAME_CAUSE");
static_assert(offsetof(struct trap_frame, tval) == 280, "FRAME_TVAL");
static_assert(sizeof(struct trap_frame) == 304, "FRAME_SIZE");

static void
interrupt(u64 cause)
{
	switch (cause & ~CAUSE_INTERRUPT) {
	case IRQ_S_SOFT:
		upcall_ipi();
		break;
	case IRQ_S_TIMER:
		upcall_timer();
		break;
	case IRQ_S_EXTERNAL:
		upcall_irq();
		break;
	}
}

/* False for causes that are not page faults. */
static bool
fault_access(u64 cause, enum fault_access *access)
{
	switch (cause) {
	case CAUSE_LOAD_PAGE:
		*access = FAULT_READ;
		return true;
	case CAUSE_STORE_PAGE:
		*access = FAULT_WRITE;
		return true;
	case CAUSE_FETCH_PAGE:
		*access = FAULT_EXEC;
		return true;
	}
	return false;
}

static void
user_trap(struct trap_frame *f)
{
	enum fault_access access;

	if (f->cause == CAUSE_USER_ECALL) {
		f->pc += 4;
		upcall_syscall(f);
	} else if (fault_access(f->cause, &access)) {
		upcall_user_fault(f, uaddr(f->tval), access);
	} else {
		upcall_user_exception(f);
	}
}

void
trap_from_user(struct trap_frame *f)
{
	upcall_user_enter();
	if (f->cause & CAUSE_INTERRUPT) {
		interrupt(f->cause);
	} else {
		arch_irqs_enable();
		user_trap(f);
		arch_irqs_disable();
	}
	upcall_user_return(f);
}

/*
 * A fault of the copy routines.  With interrupts on it is handled like one of
 * user code; with interrupts off nobody may wait, and the access just fails.
 */
static bool
mend_copy_fault(struct trap_frame *f)
{
	enum fault_access access;
	u64 fixup = arch_user_fixup(f->pc);
	bool again;

	if (fixup == 0)
		return false;
	if (!(f->status & SSTATUS_SPIE) || !fault_access(f->cause, &access)) {
		f->pc = fixup;
		return true;
	}
	/* The fault handler may sleep; SUM stays off until we are back. */
	csr_clear(sstatus, SSTATUS_SUM);
	arch_irqs_enable();
	again = upcall_kernel_fault(uaddr(f->tval), access);
	arch_irqs_disable();
	if (!again)
		f->pc = fixup;
	return true;
}

void
trap_from_kernel(struct trap_frame *f)
{
	if (f->cause & CAUSE_INTERRUPT)
		interrupt(f->cause);
	else if (!mend_copy_fault(f))
		upcall_kernel_trap(f);
}

NORETURN void
trap_stack_overflow(struct trap_frame *f)
{
	upcall_stack_overflow(f);
}
