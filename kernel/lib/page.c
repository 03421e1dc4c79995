/*
 * Whole pages, filled and copied.  Most of what a page fault costs is spent
 * here, so there is nothing but the words and, for every 256 bytes, a turn.
 */
#include "lib/page.h"

#include "lib/compiler.h"

KEEP_LOOPS

#define WORDS (PAGE_SIZE / sizeof(u64))
#define TURN  32 /* words a turn */
#define BATCH 8  /* words that fit the registers at once */

static inline void
zero_batch(u64 *d)
{
	u32 i;

	UNROLL(8)
	for (i = 0; i < BATCH; i++)
		d[i] = 0;
}

void
page_zero(void *page)
{
	u64 *d = page;
	const u64 *end = d + WORDS;

	for (; d < end; d += TURN) {
		zero_batch(d);
		zero_batch(d + BATCH);
		zero_batch(d + 2 * BATCH);
		zero_batch(d + 3 * BATCH);
	}
}

static inline void
copy_batch(u64 *d, const u64 *s)
{
	u64 a0 = s[0], a1 = s[1], a2 = s[2], a3 = s[3];
	u64 a4 = s[4], a5 = s[5], a6 = s[6], a7 = s[7];

	d[0] = a0;
	d[1] = a1;
	d[2] = a2;
	d[3] = a3;
	d[4] = a4;
	d[5] = a5;
	d[6] = a6;
	d[7] = a7;
}

void
page_copy(void *to, const void *from)
{
	u64 *d = to;
	const u64 *s = from;
	const u64 *end = s + WORDS;

	for (; s < end; s += TURN, d += TURN) {
		copy_batch(d, s);
		copy_batch(d + BATCH, s + BATCH);
		copy_batch(d + 2 * BATCH, s + 2 * BATCH);
		copy_batch(d + 3 * BATCH, s + 3 * BATCH);
	}
}
