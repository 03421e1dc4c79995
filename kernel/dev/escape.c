#include "dev/escape.h"

/* What goes on for longer was no sequence; longest seen are titles. */
#define MAX_BYTES 128

#define BEL 0x07
#define ESC 0x1b

enum state {
	PLAIN,
	BEGUN,   /* after ESC and intermediate bytes, until a final one */
	CONTROL, /* after ESC [, until a final byte */
	STRING,  /* after ESC ] and its like, until BEL or ESC \ */
};

/* What ESC c begins. */
static enum state
begun_by(u8 c)
{
	switch (c) {
	case '[':
		return CONTROL;
	case ']': /* operating system command */
	case 'P': /* device control string */
	case '_': /* application program command */
	case '^': /* privacy message */
	case 'X': /* start of string */
		return STRING;
	}
	return c >= 0x20 && c < 0x30 ? BEGUN : PLAIN;
}

static enum state
after(enum state state, u8 c)
{
	if (c == ESC)
		return BEGUN;
	switch (state) {
	case PLAIN:
		return PLAIN;
	case BEGUN:
		return begun_by(c);
	case CONTROL:
		return c >= 0x20 && c < 0x40 ? CONTROL : PLAIN;
	case STRING:
		return c == BEL ? PLAIN : STRING;
	}
	return PLAIN;
}

void
escape_follow(struct escape *e, const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		e->state = after(e->state, buf[i]);
		e->nr_bytes = e->state == PLAIN ? 0 : e->nr_bytes + 1;
		if (e->nr_bytes > MAX_BYTES)
			*e = (struct escape){0};
	}
}
