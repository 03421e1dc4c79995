/*
 * The line discipline: what a terminal makes of the characters that are typed
 * and of those that programs write.  Pure: it keeps no time, takes no lock and
 * wakes nobody; who feeds it acts on the events that it returns.
 */
#ifndef DEV_LINE_H
#define DEV_LINE_H

#include "lib/types.h"

#include <asm/termbits.h>

/*
 * As much as Linux takes in before the writer of a pseudo-terminal waits, and a
 * little more: who relies on that is not stopped here.
 */
#define LINE_INPUT_BYTES 16384
/* A line that is being edited holds no more; Linux has the same. */
#define LINE_EDIT_BYTES 4095
/* Most bytes that one byte can become on its way out: a tab's spaces. */
#define LINE_OUT_MAX 8

/* What a character typed calls for, beside being kept. */
enum line_event {
	LINE_READABLE = 1u << 0, /* there is more to read */
	LINE_INTR = 1u << 1,     /* SIGINT */
	LINE_QUIT = 1u << 2,     /* SIGQUIT */
	LINE_SUSP = 1u << 3,     /* SIGTSTP */
	LINE_HOLD = 1u << 4,     /* output waits */
	LINE_GO = 1u << 5,       /* and goes on */
};

struct line;

struct line_ops {
	/* This is to appear on the terminal. */
	void (*echo)(struct line *l, const char *buf, size_t len);
	/* What was to appear and has not yet is thrown away. */
	void (*discard)(struct line *l);
};

/*
 * struct line: settings and state of one terminal, embedded in struct tty and
 * guarded by its queue_lock.  Input is one ring; positions count bytes since
 * ever, and
 *
 *	taken ....... ready ....... typed
 *	  may be read   being edited
 *
 * Bytes are read by lines with ICANON, but for EXTPROC, which leaves lines to
 * the other end.
 *
 * Laws  L1  taken <= ready <= typed <= taken + LINE_INPUT_BYTES
 *       L2  not by lines, ready == typed
 *       L3  by lines, nr_lines is the number of end marks in [taken, ready)
 *           and ready is taken or comes right after such a mark
 */
struct line {
	struct termios2 set;
	const struct line_ops *ops; /* c */

	u32 taken;
	u32 ready;
	u32 typed;
	u32 nr_lines;
	bool literal_next; /* ^V was typed */
	bool erasing;      /* ECHOPRT: a backslash was shown, its slash not */
	u32 column;        /* where the cursor is */
	u32 edit_column;   /* where it was before the line being edited */
	u64 ends[LINE_INPUT_BYTES / 64]; /* a bit: the last byte of a line */
	char input[LINE_INPUT_BYTES];
};

/* The settings that line_init gives. */
extern const struct termios2 line_usual;

/* The usual settings, nothing typed. */
void line_init(struct line *l, const struct line_ops *ops);
/* New settings; what was typed stays, and can be read in the new mode. */
void line_set(struct line *l, const struct termios2 *set);

/* Bytes that line_input would not lose. */
u32 line_room(const struct line *l);
/* One byte was typed; returns events. */
u32 line_input(struct line *l, u8 c);
/* Bytes typed and not read are forgotten. */
void line_flush(struct line *l);

/* A whole line, or any byte. */
bool line_can_read(const struct line *l);
/* Bytes that can be read, of whole lines if they are what is read. */
u32 line_available(const struct line *l);
/*
 * At most len bytes, and none beyond the end of a line, which *at_end tells
 * of.  0 with *at_end is an end of file.
 */
u32 line_read(struct line *l, char *buf, u32 len, bool *at_end);

/* What c, written by a program, becomes; returns the number of bytes. */
u32 line_output(struct line *l, u8 c, char out[LINE_OUT_MAX]);

#endif
