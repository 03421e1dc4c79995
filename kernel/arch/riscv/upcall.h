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

/* proc/: the kernel was entered from user mode; interrupts off. */
void upcall_user_enter(void);
/* sys/: a system call; interrupts on. */
void upcall_syscall(struct trap_frame *f);
/* proc/: user code touched memory that it may not; interrupts on. */
void upcall_user_fault(
    struct trap_frame *f, uaddr_t addr, enum fault_access access);
/* proc/: user code did what the hart refuses (f->cause); interrupts on. */
void upcall_user_exception(struct trap_frame *f);
/*
 * proc/: last thing before user code goes on: signals, preemption.  Entered
 * and left with interrupts off, so that nothing new can come in between.
 */
void upcall_user_return(struct trap_frame *f);
/*
 * mm/: the kernel touched user memory inside the copy routines; interrupts
 * on.  True when the access can be tried again.
 */
bool upcall_kernel_fault(uaddr_t addr, enum fault_access access);
/* core/: interrupts off from here on. */
void upcall_timer(void);
void upcall_ipi(void);
/* core/irq.c: devices want something. */
void upcall_irq(void);
/* core/panic.c: the kernel did what nothing can mend. */
NORETURN void upcall_kernel_trap(struct trap_frame *f);
/* The same, on a stack of its own, for a kernel stack that is used up. */
NORETURN void upcall_stack_overflow(struct trap_frame *f);

#endif
