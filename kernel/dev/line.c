/*
 * A character typed goes through stages, each of which may swallow it: flow
 * control, signals, translation, editing, and at last the input ring.  What
 * follows is Linux's behaviour, flag by flag, as termios(3) has it, without
 * PARMRK, ECHOPRT, FLUSHO, PENDIN and EXTPROC.
 *
 * An end of file is a zero byte with an end mark: it is never read, and since
 * zero in c_cc means "no such character", no other zero byte has an end mark
 * while lines are read.
 */
#include "dev/line.h"

#include "lib/assert.h"
#include "lib/string.h"

#define TAB_STOP  8
#define NO_CHAR   0 /* in c_cc: the function is off */
#define CTRL(c)   ((c)-0x40)
#define DELETE    0x7f
#define CARET_BIT 0x40 /* from a control character to its letter */

static_assert(LINE_EDIT_BYTES + 1 <= LINE_INPUT_BYTES / 2,
    "a full line must leave room for input");

static const struct termios2 usual = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc =
	{
	    [VINTR] = CTRL('C'),
	    [VQUIT] = CTRL('\\'),
	    [VERASE] = DELETE,
	    [VKILL] = CTRL('U'),
	    [VEOF] = CTRL('D'),
	    [VMIN] = 1,
	    [VSTART] = CTRL('Q'),
	    [VSTOP] = CTRL('S'),
	    [VSUSP] = CTRL('Z'),
	    [VREPRINT] = CTRL('R'),
	    [VDISCARD] = CTRL('O'),
	    [VWERASE] = CTRL('W'),
	    [VLNEXT] = CTRL('V'),
	},
    .c_ispeed = 115200,
    .c_ospeed = 115200,
};

static bool
local(const struct line *l, u32 flags)
{
	return (l->set.c_lflag & flags) == flags;
}

static bool
is_key(const struct line *l, int key, u8 c)
{
	return l->set.c_cc[key] == c && c != NO_CHAR;
}

static bool
is_control(u8 c)
{
	return c < ' ' || c == DELETE;
}

/* A byte of a character in UTF-8 that is not its first. */
static bool
is_continuation(const struct line *l, u8 c)
{
	return (l->set.c_iflag & IUTF8) && (c & 0xc0) == 0x80;
}

/* --- The ring ------------------------------------------------------------ */

static u8
at(const struct line *l, u32 pos)
{
	return l->input[pos % LINE_INPUT_BYTES];
}

static bool
is_end(const struct line *l, u32 pos)
{
	u32 i = pos % LINE_INPUT_BYTES;

	return (l->ends[i / 64] >> i % 64 & 1) != 0;
}

static void
mark_end(struct line *l, u32 pos, bool end)
{
	u32 i = pos % LINE_INPUT_BYTES;

	l->ends[i / 64] &= ~(1ul << i % 64);
	l->ends[i / 64] |= (u64)end << i % 64;
}

static void
append(struct line *l, u8 c)
{
	if (line_room(l) == 0)
		return;
	l->input[l->typed % LINE_INPUT_BYTES] = c;
	mark_end(l, l->typed, false);
	l->typed++;
}

/* All that was typed becomes a line that can be read. */
static void
end_line(struct line *l)
{
	mark_end(l, l->typed - 1, true);
	l->ready = l->typed;
	l->nr_lines++;
}

u32
line_room(const struct line *l)
{
	return LINE_INPUT_BYTES - (l->typed - l->taken);
}

void
line_flush(struct line *l)
{
	l->taken = l->typed;
	l->ready = l->typed;
	l->nr_lines = 0;
}

void
line_init(struct line *l, const struct line_ops *ops)
{
	memset(l, 0, sizeof(*l));
	l->set = usual;
	l->ops = ops;
}

/* Input that came without lines is one line, and lines are only input. */
void
line_set(struct line *l, const struct termios2 *set)
{
	bool was_lines = local(l, ICANON);

	l->set = *set;
	if (was_lines == local(l, ICANON))
		return;
	l->literal_next = false;
	l->nr_lines = 0;
	l->ready = l->typed;
	if (was_lines || l->typed == l->taken)
		return;
	for (u32 pos = l->taken; pos != l->typed; pos++)
		mark_end(l, pos, false);
	append(l, NO_CHAR);
	end_line(l);
}

/* --- Output -------------------------------------------------------------- */

/* Follows the cursor. */
static u32
column_after(const struct line *l, u32 column, u8 c)
{
	switch (c) {
	case '\n':
		return (l->set.c_oflag & ONLRET) ? 0 : column;
	case '\r':
		return 0;
	case '\b':
		return column > 0 ? column - 1 : 0;
	case '\t':
		return align_down(column, TAB_STOP) + TAB_STOP;
	}
	if (is_control(c) || is_continuation(l, c))
		return column;
	return column + 1;
}

static u32
put_spaces(struct line *l, char out[LINE_OUT_MAX])
{
	u32 n = TAB_STOP - l->column % TAB_STOP;

	memset(out, ' ', n);
	l->column += n;
	return n;
}

static u32
put_newline(struct line *l, char out[LINE_OUT_MAX])
{
	u32 n = 0;

	if (l->set.c_oflag & ONLCR) {
		out[n++] = '\r';
		l->column = 0;
	}
	out[n++] = '\n';
	l->column = column_after(l, l->column, '\n');
	return n;
}

static u32
put_return(struct line *l, char out[LINE_OUT_MAX])
{
	u32 flags = l->set.c_oflag;

	if ((flags & ONOCR) && l->column == 0)
		return 0;
	out[0] = (flags & OCRNL) ? '\n' : '\r';
	l->column = column_after(l, l->column, out[0]);
	return 1;
}

u32
line_output(struct line *l, u8 c, char out[LINE_OUT_MAX])
{
	u32 flags = l->set.c_oflag;

	if (flags & OPOST) {
		if (c == '\n')
			return put_newline(l, out);
		if (c == '\r')
			return put_return(l, out);
		if (c == '\t' && (flags & TABDLY) == TAB3)
			return put_spaces(l, out);
		if ((flags & OLCUC) && c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
	}
	out[0] = c;
	l->column = column_after(l, l->column, c);
	return 1;
}

/* --- Echo ---------------------------------------------------------------- */

static void
show(struct line *l, u8 c)
{
	char out[LINE_OUT_MAX];

	l->ops->echo(l, out, line_output(l, c, out));
}

static bool
is_caret(const struct line *l, u8 c)
{
	return local(l, ECHOCTL) && is_control(c) && c != '\t' && c != '\n';
}

static void
echo(struct line *l, u8 c)
{
	if (!local(l, ECHO))
		return;
	if (is_caret(l, c)) {
		show(l, '^');
		c ^= CARET_BIT;
	}
	show(l, c);
}

/* How far the bytes being edited up to end have moved the cursor. */
static u32
columns_to(const struct line *l, u32 end)
{
	u32 column = l->edit_column;

	for (u32 pos = l->ready; pos != end; pos++) {
		if (is_caret(l, at(l, pos)))
			column += 2;
		else
			column = column_after(l, column, at(l, pos));
	}
	return column;
}

/* --- Editing ------------------------------------------------------------- */

static void
show_rubout(struct line *l, u32 columns)
{
	while (columns-- > 0) {
		show(l, '\b');
		show(l, ' ');
		show(l, '\b');
	}
}

/* Takes back what was typed from pos on; key is how one asked for it. */
static void
erase_from(struct line *l, u32 pos, u8 key)
{
	u32 columns = columns_to(l, l->typed) - columns_to(l, pos);

	l->typed = pos;
	if (!local(l, ECHO))
		return;
	if (local(l, ECHOE))
		show_rubout(l, columns);
	else
		echo(l, key);
}

/* Where the character before pos begins. */
static u32
char_before(const struct line *l, u32 pos)
{
	do
		pos--;
	while (pos != l->ready && is_continuation(l, at(l, pos)));
	return pos;
}

static bool
in_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static u32
word_before(const struct line *l, u32 pos)
{
	while (pos != l->ready && !in_word(at(l, pos - 1)))
		pos--;
	while (pos != l->ready && in_word(at(l, pos - 1)))
		pos--;
	return pos;
}

static void
kill_line(struct line *l, u8 key)
{
	if (local(l, ECHOE | ECHOK | ECHOKE)) {
		erase_from(l, l->ready, key);
		return;
	}
	l->typed = l->ready;
	echo(l, key);
	if (local(l, ECHO | ECHOK))
		show(l, '\n');
}

static void
reprint(struct line *l, u8 key)
{
	echo(l, key);
	show(l, '\n');
	l->edit_column = l->column;
	for (u32 pos = l->ready; pos != l->typed; pos++)
		echo(l, at(l, pos));
}

/* A byte that edits the line; false if it is none. */
static bool
edit(struct line *l, u8 c)
{
	bool extended = local(l, IEXTEN);

	if (is_key(l, VERASE, c)) {
		if (l->typed != l->ready)
			erase_from(l, char_before(l, l->typed), c);
	} else if (is_key(l, VKILL, c)) {
		kill_line(l, c);
	} else if (extended && is_key(l, VWERASE, c)) {
		if (l->typed != l->ready)
			erase_from(l, word_before(l, l->typed), c);
	} else if (extended && is_key(l, VREPRINT, c) && local(l, ECHO)) {
		reprint(l, c);
	} else {
		return false;
	}
	return true;
}

/* --- Typing -------------------------------------------------------------- */

static u32
flow_control(struct line *l, u8 c)
{
	if (!(l->set.c_iflag & IXON))
		return 0;
	if (is_key(l, VSTART, c))
		return LINE_GO;
	if (is_key(l, VSTOP, c))
		return LINE_HOLD;
	return 0;
}

static u32
signal_key(struct line *l, u8 c)
{
	u32 event = 0;

	if (!local(l, ISIG))
		return 0;
	if (is_key(l, VINTR, c))
		event = LINE_INTR;
	else if (is_key(l, VQUIT, c))
		event = LINE_QUIT;
	else if (is_key(l, VSUSP, c))
		event = LINE_SUSP;
	if (event == 0)
		return 0;
	if (!local(l, NOFLSH)) {
		line_flush(l);
		l->ops->discard(l);
	}
	if (l->set.c_iflag & IXON)
		event |= LINE_GO;
	return event;
}

/* False when the byte is to be ignored. */
static bool
translate(const struct line *l, u8 *c)
{
	u32 flags = l->set.c_iflag;

	if (*c == '\r' && (flags & IGNCR))
		return false;
	if (*c == '\r' && (flags & ICRNL))
		*c = '\n';
	else if (*c == '\n' && (flags & INLCR))
		*c = '\r';
	return true;
}

/* Keeps a byte that means itself. */
static u32
keep(struct line *l, u8 c)
{
	if (!local(l, ICANON)) {
		append(l, c);
		l->ready = l->typed;
		echo(l, c);
		return LINE_READABLE;
	}
	if (l->typed - l->ready >= LINE_EDIT_BYTES) {
		if (l->set.c_iflag & IMAXBEL)
			show(l, '\a');
		return 0;
	}
	if (l->typed == l->ready)
		l->edit_column = l->column;
	append(l, c);
	echo(l, c);
	return 0;
}

/* A byte that ends the line; 0 if it does not. */
static u32
finish_line(struct line *l, u8 c)
{
	bool extended = local(l, IEXTEN);

	if (is_key(l, VEOF, c)) {
		append(l, NO_CHAR);
	} else if (c == '\n') {
		append(l, c);
		if (local(l, ECHO) || local(l, ECHONL))
			show(l, c);
	} else if (is_key(l, VEOL, c) || (extended && is_key(l, VEOL2, c))) {
		append(l, c);
		echo(l, c);
	} else {
		return 0;
	}
	end_line(l);
	return LINE_READABLE;
}

static void
begin_literal(struct line *l)
{
	l->literal_next = true;
	if (local(l, ECHO | ECHOCTL)) {
		show(l, '^');
		show(l, '\b');
	}
}

static u32
edit_or_keep(struct line *l, u8 c)
{
	u32 event;

	if (edit(l, c))
		return 0;
	if (local(l, IEXTEN) && is_key(l, VLNEXT, c)) {
		begin_literal(l);
		return 0;
	}
	event = finish_line(l, c);
	return event != 0 ? event : keep(l, c);
}

u32
line_input(struct line *l, u8 c)
{
	u32 go =
	    (l->set.c_iflag & IXON) && (l->set.c_iflag & IXANY) ? LINE_GO : 0;
	u32 event;

	if (l->set.c_iflag & ISTRIP)
		c &= 0x7f;
	if ((l->set.c_iflag & IUCLC) && local(l, IEXTEN) && c >= 'A' &&
	    c <= 'Z')
		c += 'a' - 'A';
	if (l->literal_next) {
		l->literal_next = false;
		return go | keep(l, c);
	}
	event = flow_control(l, c);
	if (event != 0)
		return event;
	event = signal_key(l, c);
	if (event != 0) {
		echo(l, c);
		return event;
	}
	if (!translate(l, &c))
		return go;
	return go | (local(l, ICANON) ? edit_or_keep(l, c) : keep(l, c));
}

/* --- Reading ------------------------------------------------------------- */

bool
line_can_read(const struct line *l)
{
	return local(l, ICANON) ? l->nr_lines > 0 : l->ready != l->taken;
}

static bool
is_eof(const struct line *l, u32 pos)
{
	return local(l, ICANON) && is_end(l, pos) && at(l, pos) == NO_CHAR;
}

u32
line_available(const struct line *l)
{
	u32 n = 0;

	for (u32 pos = l->taken; pos != l->ready; pos++)
		n += !is_eof(l, pos);
	return n;
}

/* Takes one byte; true when it ended a line. */
static bool
take(struct line *l)
{
	bool end = local(l, ICANON) && is_end(l, l->taken);

	l->taken++;
	l->nr_lines -= end;
	return end;
}

u32
line_read(struct line *l, char *buf, u32 len, bool *at_end)
{
	u32 n = 0;

	*at_end = false;
	while (n < len && l->taken != l->ready && !*at_end) {
		if (!is_eof(l, l->taken))
			buf[n++] = at(l, l->taken);
		*at_end = take(l);
	}
	/* An end of file right behind belongs to what was read. */
	if (n > 0 && !*at_end && l->taken != l->ready && is_eof(l, l->taken))
		*at_end = take(l);
	return n;
}
