/*
 * Bits in an array of words that the caller owns.  Nothing here is atomic.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/types.h"

#define BITMAP_WORD_BITS 64
#define BITMAP_WORDS(nr_bits)                                                  \
	(((nr_bits) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

static inline void
bitmap_set(u64 *words, size_t bit)
{
	words[bit / BITMAP_WORD_BITS] |= 1ul << (bit % BITMAP_WORD_BITS);
}

static inline void
bitmap_clear(u64 *words, size_t bit)
{
	words[bit / BITMAP_WORD_BITS] &= ~(1ul << (bit % BITMAP_WORD_BITS));
}

static inline bool
bitmap_test(const u64 *words, size_t bit)
{
	return words[bit / BITMAP_WORD_BITS] >> (bit % BITMAP_WORD_BITS) & 1;
}

/*
 * The first set, or clear, bit in [from, nr_bits); nr_bits when there is none.
 * What the last word holds beyond nr_bits does not matter.
 */
size_t bitmap_find_set(const u64 *words, size_t nr_bits, size_t from);
size_t bitmap_find_zero(const u64 *words, size_t nr_bits, size_t from);

/* How many of the first nr_bits are set. */
size_t bitmap_count(const u64 *words, size_t nr_bits);

#endif
