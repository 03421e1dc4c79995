/*
 * Formatted text, for the log, /proc and small buffers: printf's language as
 * far as a kernel needs it.
 *
 * %d %i %u %x %X %o %c %s %p %% with the flags - + 0 # and space, a width and
 * a precision (either may be *), and the sizes hh h l ll z j.  %p is the bare
 * address.  Anything else is copied as it stands, with all that follows: what
 * the remaining arguments are can then no longer be known.
 */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <stdarg.h>

#include "lib/types.h"

/* Where text goes, piece by piece; the pieces are not terminated. */
struct fmt_sink {
	void (*put)(void *ctx, const char *text, size_t len);
	void *ctx;
};

/* Returns the number of bytes put into the sink. */
size_t fmt_v(const struct fmt_sink *sink, const char *fmt, va_list args)
    PRINTF(2, 0);
size_t fmt_print(const struct fmt_sink *sink, const char *fmt, ...)
    PRINTF(2, 3);

/*
 * Into a buffer of cap bytes: what does not fit is cut off, the result always
 * terminated unless cap is 0.  Returns the length the whole text has.
 */
size_t fmt_snprint(char *buf, size_t cap, const char *fmt, ...) PRINTF(3, 4);
size_t fmt_vsnprint(char *buf, size_t cap, const char *fmt, va_list args)
    PRINTF(3, 0);

#endif
