/*
 * memcpy and memset are the hottest loops of a kernel that copies pages, so
 * they move 64 bytes a turn, a word at a time, every word aligned: a core may
 * trap a misaligned one.  Where source and destination disagree about
 * alignment, words are put together from their two halves.  Nothing outside
 * the given ranges is read, not even the rest of an aligned word.
 */
#include "lib/string.h"

#include "lib/errno.h"

KEEP_LOOPS

typedef u64 __attribute__((may_alias)) word_t;

#define WORD  sizeof(word_t)
#define BLOCK (8 * WORD) /* one turn of the unrolled loops */

static inline size_t
misalignment(const void *p)
{
	return (uintptr_t)p & (WORD - 1);
}

/*
 * d is aligned, s is not.  Each aligned word of the source gives the high part
 * of one result and the low part of the next.  All of the word that s lies in
 * belongs to the source.  Returns the bytes copied, short of n by 8 to 15.
 */
static size_t
copy_straddling(u8 *d, const u8 *s, size_t n)
{
	size_t low_bits = misalignment(s) * 8;
	const word_t *w = (const word_t *)(s - misalignment(s));
	u64 low = *w++;
	size_t done;

	for (done = 0; n - done >= 2 * WORD; done += WORD) {
		u64 high = *w++;

		*(word_t *)(d + done) =
		    low >> low_bits | high << (8 * WORD - low_bits);
		low = high;
	}
	return done;
}

/* Both ends aligned; returns the bytes copied, whole words. */
static size_t
copy_words(u8 *dst, const u8 *src, size_t n)
{
	word_t *d = (word_t *)dst;
	const word_t *s = (const word_t *)src;
	size_t left = n;

	for (; left >= BLOCK; left -= BLOCK, d += 8, s += 8) {
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
	for (; left >= WORD; left -= WORD)
		*d++ = *s++;
	return n - left;
}

/*
 * Copies upwards.  What is read is read before anything at or above it is
 * written, so dst may overlap src from below: memmove relies on that.
 */
static void
copy_up(u8 *d, const u8 *s, size_t n)
{
	size_t head, done = 0;

	if (n >= 4 * WORD) {
		/* One word more, so that copy_straddling may look back. */
		head = (WORD - misalignment(d)) % WORD;
		if (misalignment(d) != misalignment(s))
			head += WORD;
		for (; done < head; done++)
			d[done] = s[done];
		if (misalignment(s + done) == 0)
			done += copy_words(d + done, s + done, n - done);
		else
			done += copy_straddling(d + done, s + done, n - done);
	}
	for (; done < n; done++)
		d[done] = s[done];
}

/* Copies downwards, for a destination that overlaps the source from above. */
static void
copy_down(u8 *d, const u8 *s, size_t n)
{
	if (misalignment(d) == misalignment(s)) {
		for (; n > 0 && misalignment(d + n) != 0; n--)
			d[n - 1] = s[n - 1];
		for (; n >= WORD; n -= WORD)
			*(word_t *)(d + n - WORD) =
			    *(const word_t *)(s + n - WORD);
	}
	for (; n > 0; n--)
		d[n - 1] = s[n - 1];
}

void *
memcpy(void *dst, const void *src, size_t len)
{
	copy_up(dst, src, len);
	return dst;
}

void *
memmove(void *dst, const void *src, size_t len)
{
	/* Below src the difference wraps and is larger than any length. */
	if ((uintptr_t)dst - (uintptr_t)src >= len)
		copy_up(dst, src, len);
	else
		copy_down(dst, src, len);
	return dst;
}

/* d is aligned; returns the bytes set, whole words. */
static size_t
set_words(u8 *dst, u64 pattern, size_t n)
{
	word_t *d = (word_t *)dst;
	size_t left = n;

	for (; left >= BLOCK; left -= BLOCK, d += 8) {
		d[0] = pattern;
		d[1] = pattern;
		d[2] = pattern;
		d[3] = pattern;
		d[4] = pattern;
		d[5] = pattern;
		d[6] = pattern;
		d[7] = pattern;
	}
	for (; left >= WORD; left -= WORD)
		*d++ = pattern;
	return n - left;
}

void *
memset(void *dst, int byte, size_t len)
{
	u8 *d = dst;
	size_t done = 0;

	if (len >= 2 * WORD) {
		for (; misalignment(d + done) != 0; done++)
			d[done] = byte;
		done += set_words(
		    d + done, (u8)byte * 0x0101010101010101ul, len - done);
	}
	for (; done < len; done++)
		d[done] = byte;
	return dst;
}

int
memcmp(const void *a, const void *b, size_t len)
{
	const u8 *p = a, *q = b;
	size_t i = 0;

	if (misalignment(p) == 0 && misalignment(q) == 0)
		while (len - i >= WORD &&
		    *(const word_t *)(p + i) == *(const word_t *)(q + i))
			i += WORD;
	for (; i < len; i++)
		if (p[i] != q[i])
			return p[i] < q[i] ? -1 : 1;
	return 0;
}

size_t
strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != 0)
		n++;
	return n;
}

size_t
strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != 0)
		n++;
	return n;
}

static int
compare(const char *a, const char *b, size_t max)
{
	size_t i;

	for (i = 0; i < max; i++) {
		if (a[i] != b[i])
			return (u8)a[i] < (u8)b[i] ? -1 : 1;
		if (a[i] == 0)
			break;
	}
	return 0;
}

int
strcmp(const char *a, const char *b)
{
	return compare(a, b, SIZE_MAX);
}

int
strncmp(const char *a, const char *b, size_t max)
{
	return compare(a, b, max);
}

char *
strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (*s == 0)
			return NULL;
	return (char *)s;
}

char *
strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++ != 0);
	return (char *)last;
}

bool
str_copy(char *dst, size_t cap, const char *src)
{
	size_t len = strnlen(src, cap);
	bool fits = len < cap;

	if (!fits)
		len = cap - 1;
	memcpy(dst, src, len);
	dst[len] = 0;
	return fits;
}

bool
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The value of a digit, or something larger than any base. */
static unsigned int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return ~0u;
}

/* Steps over 0x where the base allows it and a digit follows. */
static const char *
skip_prefix(const char *s, unsigned int *base)
{
	bool hex =
	    s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16;

	if (hex && (*base == 0 || *base == 16)) {
		*base = 16;
		return s + 2;
	}
	if (*base == 0)
		*base = s[0] == '0' ? 8 : 10;
	return s;
}

int
str_to_u64(const char *s, unsigned int base, const char **end, u64 *val)
{
	const char *p = skip_prefix(s, &base);
	const char *first = p;
	bool fits = true;
	u64 n = 0;

	for (; digit_value(*p) < base; p++)
		if (__builtin_mul_overflow(n, base, &n) ||
		    __builtin_add_overflow(n, digit_value(*p), &n))
			fits = false;
	if (end)
		*end = p == first ? s : p;
	if (p == first)
		return -EINVAL;
	if (!fits)
		return -ERANGE;
	*val = n;
	return 0;
}
