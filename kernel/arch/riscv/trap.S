/*
 * The way into the kernel and out.  In user mode sscratch holds this hart's
 * struct hart, in the kernel it holds 0, which is how entry tells them apart.
 * In the kernel tp is the struct hart always.
 */
#include "arch/riscv/csr.h"
#include "arch/riscv/kstack.h"

/* Offsets into struct hart and struct trap_frame; checked by trap.c. */
#define HART_KERNEL_SP	0
#define HART_SCRATCH0	8
#define HART_SCRATCH1	16
#define FRAME_PC	256
#define FRAME_STATUS	264
#define FRAME_CAUSE	272
#define FRAME_TVAL	280
#define FRAME_SIZE	304
/* The least that the kernel's own handlers need below a trap. */
#define STACK_SLACK	512

	.macro save_most
	.irp	n, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\n, \n * 8(sp)
	.endr
	.endm

	.macro load_most
	.irp	n, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\n, \n * 8(sp)
	.endr
	.endm

	.macro save_cause
	csrr	t0, sepc
	csrr	t1, sstatus
	csrr	t2, scause
	csrr	t3, stval
	sd	t0, FRAME_PC(sp)
	sd	t1, FRAME_STATUS(sp)
	sd	t2, FRAME_CAUSE(sp)
	sd	t3, FRAME_TVAL(sp)
	.endm

	.text
	.balign	4
	.globl trap_entry
trap_entry:
	csrrw	tp, sscratch, tp
	beqz	tp, from_kernel

	/* From user mode: the frame is at the very top of the kernel stack. */
	sd	sp, HART_SCRATCH0(tp)
	ld	sp, HART_KERNEL_SP(tp)
	addi	sp, sp, -FRAME_SIZE
	save_most
	ld	t0, HART_SCRATCH0(tp)
	sd	t0, 2 * 8(sp)
	csrrw	t0, sscratch, zero
	sd	t0, 4 * 8(sp)
	save_cause
	mv	a0, sp
	li	s0, 0		/* the end of the chain of frame pointers */
	call	trap_from_user
	.globl trap_return_to_user
trap_return_to_user:
	/* Interrupts are off; sp is the frame. */
	ld	t0, FRAME_PC(sp)
	ld	t1, FRAME_STATUS(sp)
	csrw	sepc, t0
	csrw	sstatus, t1
	csrw	sscratch, tp
	ld	x4, 4 * 8(sp)
	load_most
	ld	sp, 2 * 8(sp)
	sret

from_kernel:
	csrrw	tp, sscratch, zero
	sd	t0, HART_SCRATCH0(tp)
	sd	t1, HART_SCRATCH1(tp)
	/*
	 * Is there room for a frame?  A stack that has run into its guard page
	 * must not be written to again.
	 */
	ld	t0, HART_KERNEL_SP(tp)
	sub	t0, t0, sp
	li	t1, KSTACK_SIZE - FRAME_SIZE - STACK_SLACK
	bgtu	t0, t1, overflow
	ld	t0, HART_SCRATCH0(tp)
	ld	t1, HART_SCRATCH1(tp)
	addi	sp, sp, -FRAME_SIZE
	save_most
	addi	t0, sp, FRAME_SIZE
	sd	t0, 2 * 8(sp)
	sd	tp, 4 * 8(sp)
	save_cause
	mv	a0, sp
	call	trap_from_kernel
	ld	t0, FRAME_PC(sp)
	ld	t1, FRAME_STATUS(sp)
	csrw	sepc, t0
	csrw	sstatus, t1
	load_most
	ld	sp, 2 * 8(sp)
	sret

/* One hart at a time may end like this; the others would only repeat it. */
overflow:
	la	t0, overflow_taken
	li	t1, 1
	amoswap.w.aq t1, t1, (t0)
1:	bnez	t1, 1b
	mv	t1, sp
	la	sp, overflow_stack_top - FRAME_SIZE
	ld	t0, HART_SCRATCH0(tp)
	save_most
	sd	t1, 2 * 8(sp)
	ld	t1, HART_SCRATCH1(tp)
	sd	t1, 6 * 8(sp)
	sd	tp, 4 * 8(sp)
	save_cause
	mv	a0, sp
	call	trap_stack_overflow
	unimp

	.globl arch_enter_user
arch_enter_user:
	csrci	sstatus, SSTATUS_SIE
	mv	sp, a0
	j	trap_return_to_user

	.bss
	.balign	16
overflow_taken:
	.zero	16
	.zero	4096
overflow_stack_top:
