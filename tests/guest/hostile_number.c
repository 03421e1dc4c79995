/*
 * Numbers of system calls that there are none of, and registers: a call
 * changes a0 and nothing else, whatever it answers.
 */
#include "files.h"

static void
unknown(void)
{
	static const long numbers[] = {-1,
	    38 /* renameat is not offered here */, 245, 257, 500, 1000, 1024,
	    4096, 9999, 65536, INT_MAX, 1L << 31, 1L << 32,
	    1L << 32 | SYS_getpid, 1L << 40, 1L << 63 | SYS_getpid, LONG_MAX,
	    LONG_MIN, -4096};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		is_errno(syscall(numbers[i], 1, 2, 3, 4, 5, 6), ENOSYS,
		    "system call %#lx", numbers[i]);
}

/* The registers that are looked at: a3 to a5 and t0 to t6. */
#define KEPT 10

/* Calls with known values in these registers; how many it changed. */
static int
changed(long nr, long a0, long a1, long a2)
{
	long seen[KEPT];
	register long r_a0 __asm__("a0") = a0;
	register long r_a1 __asm__("a1") = a1;
	register long r_a2 __asm__("a2") = a2;
	register long r_a7 __asm__("a7") = nr;
	register long *r_a6 __asm__("a6") = seen;
	int wrong = 0;

	__asm__ volatile(
	    "li a3, 103\n li a4, 104\n li a5, 105\n"
	    "li t0, 110\n li t1, 111\n li t2, 112\n li t3, 113\n"
	    "li t4, 114\n li t5, 115\n li t6, 116\n"
	    "ecall\n"
	    "sd a3, 0(a6)\n sd a4, 8(a6)\n sd a5, 16(a6)\n"
	    "sd t0, 24(a6)\n sd t1, 32(a6)\n sd t2, 40(a6)\n"
	    "sd t3, 48(a6)\n sd t4, 56(a6)\n sd t5, 64(a6)\n"
	    "sd t6, 72(a6)\n"
	    : "+r"(r_a0), "+r"(r_a1), "+r"(r_a2), "+r"(r_a7), "+r"(r_a6)
	    :
	    : "a3", "a4", "a5", "t0", "t1", "t2", "t3", "t4", "t5", "t6",
	    "memory");
	wrong += r_a1 != a1;
	wrong += r_a2 != a2;
	wrong += r_a7 != nr;
	wrong += r_a6 != seen;
	for (int i = 0; i < 3; i++)
		wrong += seen[i] != 103 + i;
	for (int i = 0; i < 7; i++)
		wrong += seen[3 + i] != 110 + i;
	return wrong;
}

static void
registers(void)
{
	char c;

	is(changed(SYS_getpid, 1, 2, 3), 0, "getpid changes only a0");
	is(changed(SYS_sched_yield, 1, 2, 3), 0, "sched_yield");
	is(changed(SYS_read, -1, (long)&c, 1), 0, "a read that fails");
	is(changed(SYS_read, 0, 8, 1), 0, "a read to a bad buffer");
	is(changed(500, 1, 2, 3), 0, "a call that there is not");
	is(changed(SYS_brk, 0, 2, 3), 0, "brk");
}

/* Float registers, too, are the program's. */
static void
floats(void)
{
	double in = 3.25, out = 0;
	register long a0 __asm__("a0") = 0;
	register long a7 __asm__("a7") = SYS_sched_yield;

	__asm__ volatile("fld ft0, 0(%2)\n fmv.d fa7, ft0\n fmv.d fs3, ft0\n"
			 "ecall\n"
			 "fadd.d ft0, ft0, fa7\n fadd.d ft0, ft0, fs3\n"
			 "fsd ft0, 0(%3)\n"
			 : "+r"(a0), "+r"(a7)
			 : "r"(&in), "r"(&out)
			 : "ft0", "fa7", "fs3", "memory");
	ok(out == 9.75, "float registers are kept by a call");
}

TEST(hostile_number)
{
	unknown();
	registers();
	floats();
}
