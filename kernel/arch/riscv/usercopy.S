/*
 * The only instructions of the kernel that touch user memory.  Each routine
 * sets SUM once, and each range of them that may fault has a line in
 * usercopy_fixups that says where to go on.  The wide loops' fix-up is the
 * byte loop, which finds out how far it really goes; the byte loop's fix-up is
 * the way out.
 */
#include "arch/riscv/csr.h"

	.macro fixup from, to, target
	.pushsection .rodata.usercopy, "a"
	.quad	\from, \to, \target
	.popsection
	.endm

/* 64 bytes, so many from where we are. */
	.macro move64 at
	ld	t1, \at(a1)
	ld	t2, \at+8(a1)
	ld	t3, \at+16(a1)
	ld	t4, \at+24(a1)
	ld	t5, \at+32(a1)
	ld	a3, \at+40(a1)
	ld	a4, \at+48(a1)
	ld	a5, \at+56(a1)
	sd	t1, \at(a0)
	sd	t2, \at+8(a0)
	sd	t3, \at+16(a0)
	sd	t4, \at+24(a0)
	sd	t5, \at+32(a0)
	sd	a3, \at+40(a0)
	sd	a4, \at+48(a0)
	sd	a5, \at+56(a0)
	.endm

	.pushsection .rodata.usercopy, "a"
	.balign	8
	.globl usercopy_fixups
usercopy_fixups:
	.popsection

	.text
/*
 * arch_user_read and arch_user_write (a0 = to, a1 = from, a2 = length): the
 * bytes not done in a0.  They differ only in which side may fault, and every
 * access of either side is within the ranges.
 */
	.globl arch_user_read
	.globl arch_user_write
arch_user_read:
arch_user_write:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	li	t0, 16
	bltu	a2, t0, copy_bytes
	xor	t1, a0, a1
	andi	t1, t1, 7
	bnez	t1, copy_bytes
copy_align:
	andi	t1, a0, 7
	beqz	t1, copy_wide
	lbu	t2, (a1)
	sb	t2, (a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	addi	a2, a2, -1
	j	copy_align
copy_wide:
	li	t0, 2048
	bltu	a2, t0, 2f
1:	.set	at, 0
	.rept	32
	move64	at
	.set	at, at + 64
	.endr
	add	a0, a0, t0
	add	a1, a1, t0
	sub	a2, a2, t0
	bgeu	a2, t0, 1b
2:	li	t0, 64
	bltu	a2, t0, copy_words
3:	move64	0
	addi	a0, a0, 64
	addi	a1, a1, 64
	addi	a2, a2, -64
	bgeu	a2, t0, 3b
copy_words:
	li	t0, 8
	bltu	a2, t0, copy_bytes
1:	ld	t1, (a1)
	sd	t1, (a0)
	addi	a0, a0, 8
	addi	a1, a1, 8
	addi	a2, a2, -8
	bgeu	a2, t0, 1b
copy_bytes:
	beqz	a2, copy_out
1:	lbu	t1, (a1)
	sb	t1, (a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	addi	a2, a2, -1
	bnez	a2, 1b
copy_out:
	csrc	sstatus, t6
	mv	a0, a2
	ret
	fixup	copy_align, copy_wide, copy_out
	fixup	copy_wide, copy_bytes, copy_bytes
	fixup	copy_bytes, copy_out, copy_out

/*
 * arch_user_read_string(a0 = to, a1 = from, a2 = room): the length without the
 * zero byte, -1 when there is no zero byte within the room, -2 for a fault.
 */
	.globl arch_user_read_string
arch_user_read_string:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	mv	t0, a0
	add	a2, a2, a0
string_begin:
	beq	a0, a2, string_long
	lbu	t1, (a1)
	sb	t1, (a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	bnez	t1, string_begin
	addi	a0, a0, -1
string_done:
	csrc	sstatus, t6
	sub	a0, a0, t0
	ret
string_long:
	csrc	sstatus, t6
	li	a0, -1
	ret
string_fault:
	csrc	sstatus, t6
	li	a0, -2
	ret
	fixup	string_begin, string_done, string_fault

/* arch_user_load32(a0 = from, a1 = to in the kernel): 1 when done. */
	.globl arch_user_load32
arch_user_load32:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
load32_begin:
	lw	t0, (a0)
load32_end:
	csrc	sstatus, t6
	sw	t0, (a1)
	li	a0, 1
	ret

/*
 * arch_user_cas32(a0 = word, a1 = &old in the kernel, a2 = new): 1 when the
 * word could be reached; *old is what was found.
 */
	.globl arch_user_cas32
arch_user_cas32:
	lw	t0, (a1)
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
cas32_begin:
	lr.w.aqrl t1, (a0)
	bne	t1, t0, cas32_end
	sc.w.rl	t2, a2, (a0)
	bnez	t2, cas32_begin
cas32_end:
	csrc	sstatus, t6
	sw	t1, (a1)
	li	a0, 1
	ret
word_fault:
	csrc	sstatus, t6
	li	a0, 0
	ret
	fixup	load32_begin, load32_end, word_fault
	fixup	cas32_begin, cas32_end, word_fault

	.pushsection .rodata.usercopy, "a"
	.globl usercopy_fixups_end
usercopy_fixups_end:
	.popsection
