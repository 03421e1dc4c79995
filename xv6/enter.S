/*
 * The first instructions.  Linux gives a large stack, from which start.c lays
 * out the small one; from there on the program has nothing else.
 */
	.text
	.global _start
_start:
	mv a0, sp
	call xv6_prepare	/* a0: how many arguments; a1: the new stack */
	mv sp, a1
	call xv6_begin
