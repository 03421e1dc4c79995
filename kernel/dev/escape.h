/*
 * Where in a terminal's output escape sequences (ECMA-48) begin and end, so
 * that nothing is put into the middle of one.
 */
#ifndef DEV_ESCAPE_H
#define DEV_ESCAPE_H

#include "lib/types.h"

/* Zeroed: not in a sequence. */
struct escape {
	u8 state;    /* known to escape.c */
	u8 nr_bytes; /* of the sequence so far */
};

/* These bytes were written next. */
void escape_follow(struct escape *e, const char *buf, size_t len);

/* Whether a sequence has begun and not ended. */
static inline bool
escape_is_open(const struct escape *e)
{
	return e->nr_bytes > 0;
}

#endif
