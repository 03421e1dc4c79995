/*
 * Bytes and strings.  The first ten are libc's, name and meaning, for the
 * compiler emits calls to some of them; the rest are ours.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/*
 * Copies src and its final zero into dst, which has room for cap bytes; what
 * does not fit is cut off, the result is always terminated.  cap is not 0.
 * True when all of src fitted.
 */
bool str_copy(char *dst, size_t cap, const char *src);

/* True when s begins with prefix. */
bool str_starts(const char *s, const char *prefix);

/*
 * Reads the number at the start of s, without sign or white space.  Base 0
 * goes by the prefix: 0x is 16, 0 is 8, else 10; base 16 takes 0x as well.
 * *end is where the digits ended; it may be NULL.
 * Errors: EINVAL no digit, ERANGE more than 64 bits; *val is then untouched.
 */
int str_to_u64(
    const char *s, unsigned int base, const char **end, u64 *val) MUST_CHECK;

#endif
