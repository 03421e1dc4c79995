/* Changing threads, and the float registers. */
	.text
/* arch_switch(a0 = prev, a1 = next) */
	.globl arch_switch
arch_switch:
	sd	ra, 0(a0)
	sd	sp, 8(a0)
	sd	s0, 16(a0)
	sd	s1, 24(a0)
	sd	s2, 32(a0)
	sd	s3, 40(a0)
	sd	s4, 48(a0)
	sd	s5, 56(a0)
	sd	s6, 64(a0)
	sd	s7, 72(a0)
	sd	s8, 80(a0)
	sd	s9, 88(a0)
	sd	s10, 96(a0)
	sd	s11, 104(a0)
	ld	ra, 0(a1)
	ld	sp, 8(a1)
	ld	s0, 16(a1)
	ld	s1, 24(a1)
	ld	s2, 32(a1)
	ld	s3, 40(a1)
	ld	s4, 48(a1)
	ld	s5, 56(a1)
	ld	s6, 64(a1)
	ld	s7, 72(a1)
	ld	s8, 80(a1)
	ld	s9, 88(a1)
	ld	s10, 96(a1)
	ld	s11, 104(a1)
	ret

/* Where a new context begins: s1 is the function, s2 its argument. */
	.globl arch_context_start
arch_context_start:
	mv	a0, s2
	jalr	s1
	unimp

	.macro each_float op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	f\n, \n * 8(a0)
	.endr
	.endm

/* Both need sstatus.FS to be other than off. */
	.globl fpu_save
fpu_save:
	each_float fsd
	frcsr	t0
	sw	t0, 256(a0)
	ret

	.globl fpu_load
fpu_load:
	each_float fld
	lw	t0, 256(a0)
	fscsr	t0
	ret
