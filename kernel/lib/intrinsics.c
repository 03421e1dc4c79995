/*
 * Functions that the compiler calls by itself where the machine has no
 * instruction for a builtin: RISC-V's bit operations are an extension that
 * not every hart has.  gcc's own library cannot be linked, for it is built to
 * pass floats in registers.  The names, types and results are the compiler's.
 */
#include "lib/types.h"

int __clzdi2(unsigned long x);
int __ctzdi2(unsigned long x);
int __popcountdi2(unsigned long x);
u32 __bswapsi2(u32 x);
u64 __bswapdi2(u64 x);

/* Zeros above the highest one; undefined for 0.  Halves the range each step. */
int
__clzdi2(unsigned long x)
{
	int zeros = 63;

	for (int step = 32; step > 0; step /= 2) {
		if (x >> step) {
			x >>= step;
			zeros -= step;
		}
	}
	return zeros;
}

/*
 * A de Bruijn word: any six neighbouring bits of it are a number that no other
 * six are.  Shifted left by n it shows the n-th of them in its highest bits,
 * and shift_of tells n from what it shows.
 */
#define DE_BRUIJN 0x03f79d71b4cb0a89ul

static const u8 shift_of[64] = {0, 1, 48, 2, 57, 49, 28, 3, 61, 58, 50, 42, 38,
    29, 17, 4, 62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
    63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11, 46, 26, 40,
    15, 34, 20, 31, 10, 25, 14, 19, 9, 13, 8, 7, 6};

/* Zeros below the lowest one; undefined for 0. */
int
__ctzdi2(unsigned long x)
{
	return shift_of[(x & -x) * DE_BRUIJN >> 58];
}

/* Ones, added up in fields of 2, 4 and 8 bits, then all bytes into the top. */
int
__popcountdi2(unsigned long x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return x * 0x0101010101010101 >> 56;
}

u32
__bswapsi2(u32 x)
{
	x = (x & 0x00ff00ff) << 8 | (x >> 8 & 0x00ff00ff);
	return x << 16 | x >> 16;
}

u64
__bswapdi2(u64 x)
{
	x = (x & 0x00ff00ff00ff00ff) << 8 | (x >> 8 & 0x00ff00ff00ff00ff);
	x = (x & 0x0000ffff0000ffff) << 16 | (x >> 16 & 0x0000ffff0000ffff);
	return x << 32 | x >> 32;
}
