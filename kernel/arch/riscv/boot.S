/*
 * From the firmware to C.  Entered in S-mode with paging off, a0 = hart id,
 * a1 = physical address of the device tree (first hart) or of the hart's
 * struct hart, as the kernel sees it (all others, by HSM).
 */
#include "arch/riscv/csr.h"

	.section .head, "ax"
	.globl _start
_start:
	j	far
	.balign	4
	.word	0
	.quad	0x200000	/* load at this distance from the start of RAM */
	.quad	kernel_end - kernel_start
	.quad	0		/* little endian */
	.word	2		/* header version */
	.word	0
	.quad	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\005"
	.word	0
	/* The kernel may be larger than a jump in one instruction reaches. */
far:
	tail	first_hart

	.text
first_hart:
	csrw	sie, zero
	csrw	sscratch, zero
	/* The early tables know one load address. */
	lla	t0, _start
	li	t1, 0x80200000
	bne	t0, t1, misplaced
	lla	t0, entered
	li	t1, 1
	amoswap.w t1, t1, (t0)
	bnez	t1, lost_hart
	lla	t0, kernel_bss
	lla	t1, kernel_end
1:	sd	zero, (t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b
	lla	t0, early_root
	lla	t1, first_hart_high
	call	paging_on
first_hart_high:
	la	sp, boot_stack_top
	la	tp, harts
	mv	s0, zero
	la	t0, trap_entry
	csrw	stvec, t0
	call	boot_main
	unimp

	.globl later_hart
later_hart:
	csrw	sie, zero
	csrw	sscratch, zero
	lla	t0, early_root
	lla	t1, later_hart_high
	call	paging_on
later_hart_high:
	mv	tp, a1
	la	t0, kernel_satp
	ld	t0, (t0)
	sfence.vma
	csrw	satp, t0
	sfence.vma
	ld	sp, (tp)	/* kernel_sp: the top of the idle thread's stack */
	mv	s0, zero
	la	t0, trap_entry
	csrw	stvec, t0
	mv	a0, tp
	call	boot_hart_main
	unimp

/*
 * A later hart that the firmware sent here all the same: OpenSBI 1.1 marks a
 * hart for start before it notes where to, and a hart that wakes up in between
 * goes where the first one went.  What it was meant to get is in the orders of
 * arch_hart_start, pairs of hart id and argument with zeroes behind the last.
 */
lost_hart:
	lla	t0, early_root
	lla	t1, lost_hart_high
	call	paging_on
lost_hart_high:
	la	t0, start_orders
1:	ld	a1, 8(t0)
	beqz	a1, lost_hart_high	/* the last one so far: look again */
	fence	r, r			/* pairs with note_order */
	ld	t1, (t0)
	beq	t1, a0, later_hart_high
	addi	t0, t0, 16
	j	1b

/*
 * Turns on the table at physical t0 and goes on at the high address of t1.
 * The instruction after the write to satp is fetched at the same address,
 * which the table maps too.
 */
paging_on:
	srli	t0, t0, 12
	li	t2, SATP_SV39
	or	t0, t0, t2
	li	t2, 0xffffffc000000000
	add	t1, t1, t2
	sfence.vma
	csrw	satp, t0
	sfence.vma
	jr	t1

/* Says so by the oldest of the firmware's calls, and stops. */
misplaced:
	lla	s1, misplaced_text
1:	lbu	a0, (s1)
	beqz	a0, 2f
	li	a7, 1
	ecall
	addi	s1, s1, 1
	j	1b
2:	wfi
	j	2b

	.section .rodata
misplaced_text:
	.asciz "calf: the kernel must be loaded at 0x80200000, and is not\n"

/*
 * The first 4 GiB of physical memory in gigapages, at their own addresses (for
 * the step into paging) and at the direct map's.  V R W X A D, until
 * boot_map_memory gives each part what it needs.
 */
	.data
entered:			/* outside bss, which the first hart clears */
	.word	0
	.balign 4096
	.globl early_root
early_root:
	.set	gig, 0
	.rept	4
	.quad	(gig << 28) | 0xcf
	.set	gig, gig + 1
	.endr
	.zero	(256 - 4) * 8
	.set	gig, 0
	.rept	4
	.quad	(gig << 28) | 0xcf
	.set	gig, gig + 1
	.endr
	.zero	(256 - 4) * 8

	.bss
	.balign 4096
	.globl boot_stack
boot_stack:
	.zero	16384
boot_stack_top:
