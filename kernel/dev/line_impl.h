/* What the two parts of the line discipline have in common. */
#ifndef DEV_LINE_IMPL_H
#define DEV_LINE_IMPL_H

#include "dev/line.h"

#define NO_CHAR 0 /* in c_cc: the function is off */
#define DELETE  0x7f

static inline bool
line_local(const struct line *l, u32 flags)
{
	return (l->set.c_lflag & flags) == flags;
}

static inline bool
line_is_key(const struct line *l, int key, u8 c)
{
	return l->set.c_cc[key] == c && c != NO_CHAR;
}

/* The byte at a position of the ring. */
static inline u8
line_at(const struct line *l, u32 pos)
{
	return l->input[pos % LINE_INPUT_BYTES];
}

/* --- line_edit.c: what the terminal shows, and what is taken back ----------
 */

/* c appears as output does. */
void line_show(struct line *l, u8 c);
/* With ECHO, c appears as one that was typed; control characters as ^X. */
void line_echo(struct line *l, u8 c);
/* The end of a line appears. */
void line_echo_newline(struct line *l);
/* A mark over which the next character appears. */
void line_echo_literal(struct line *l);
/* A byte that edits what is being typed; false if it is none. */
bool line_edit(struct line *l, u8 c);

#endif
