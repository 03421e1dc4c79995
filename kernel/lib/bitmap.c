#include "lib/bitmap.h"

/* flip is all ones to look for clear bits, 0 for set ones. */
static size_t
find(const u64 *words, size_t nr_bits, size_t from, u64 flip)
{
	u64 seen = ~0ul << (from % BITMAP_WORD_BITS);
	size_t base;

	for (base = align_down(from, BITMAP_WORD_BITS); base < nr_bits;
	     base += BITMAP_WORD_BITS) {
		u64 word = (words[base / BITMAP_WORD_BITS] ^ flip) & seen;

		if (word != 0)
			return MIN(base + __builtin_ctzl(word), nr_bits);
		seen = ~0ul;
	}
	return nr_bits;
}

size_t
bitmap_find_set(const u64 *words, size_t nr_bits, size_t from)
{
	return find(words, nr_bits, from, 0);
}

size_t
bitmap_find_zero(const u64 *words, size_t nr_bits, size_t from)
{
	return find(words, nr_bits, from, ~0ul);
}

size_t
bitmap_count(const u64 *words, size_t nr_bits)
{
	size_t bit, count = 0;

	for (bit = bitmap_find_set(words, nr_bits, 0); bit < nr_bits;
	     bit = bitmap_find_set(words, nr_bits, bit + 1))
		count++;
	return count;
}
