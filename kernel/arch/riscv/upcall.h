/*
 * The closed list of functions above that the trap code calls.  They run on
 * the current thread's stack.
 */
#ifndef ARCH_RISCV_UPCALL_H
#define ARCH_RISCV_UPCALL_H

#include "arch/riscv/arch.h"

enum fault_access {
	FAULT_READ,
	FAULT_WRITE,
	FAULT_EXEC,
};

/* sys/: a system call; interrupts on. */
void upcall_syscall(struct trap_frame *f);
/* proc/: user code touched memory that it may not; interrupts on. */
void upcall_user_fault(
    struct trap_frame *f, uaddr_t addr, enum fault_access access);
/* proc/: user code did what the hart refuses (f->cause); interrupts on. */
void upcall_user_exception(struct trap_frame *f);
/* proc/: last thing before user code goes on: signals, preemption. */
void upcall_user_return(struct trap_frame *f);
/*
 * mm/: the kernel touched user memory inside the copy routines; interrupts
 * on.  True when the access can be tried again.
 */
bool upcall_kernel_fault(uaddr_t addr, enum fault_access access);
/* core/: interrupts off from here on. */
void upcall_timer(void);
void upcall_ipi(void);
/* core/irq.c: a device's interrupt, by the interrupt controller's number. */
void upcall_irq(u32 nr);
/* core/panic.c: the kernel did what nothing can mend. */
NORETURN void upcall_kernel_trap(struct trap_frame *f);
/* core/sched.c: after an interrupt taken in user mode or at idle. */
void upcall_irq_exit(void);

#endif
