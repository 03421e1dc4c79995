/*
 * A character typed goes through stages, each of which may swallow it: flow
 * control, signals, translation, editing (line_edit.c), and at last the input
 * ring.  What follows is Linux's behaviour, flag by flag, as termios(3) has it,
 * without FLUSHO and PENDIN, which Linux has not either.
 *
 * An end of file is a zero byte with an end mark: it is never read by lines.
 * Zero in c_cc means "no such character", so no other zero that is typed ends a
 * line; only what came raw and is read by lines may end in one.
 */
#include "dev/line_impl.h"
#include "lib/assert.h"
#include "lib/string.h"

#define CTRL(c)     ((c)-0x40)
#define MARKED_BYTE 0xff /* what PARMRK marks by, and therefore doubles */

static_assert(LINE_EDIT_BYTES + 1 <= LINE_INPUT_BYTES / 4,
    "a full line, its bytes doubled, must leave room for input");

const struct termios2 line_usual = {
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

/* --- The ring ------------------------------------------------------------ */

/* Lines are read; with EXTPROC the other end makes them, and bytes are. */
static bool
by_lines(const struct line *l)
{
	return line_local(l, ICANON) && !line_local(l, EXTPROC);
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

static u32
space(const struct line *l)
{
	return LINE_INPUT_BYTES - (l->typed - l->taken);
}

static void
append(struct line *l, u8 c)
{
	if (space(l) == 0)
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
	return (l->set.c_iflag & PARMRK) ? space(l) / 2 : space(l);
}

void
line_flush(struct line *l)
{
	l->taken = l->typed;
	l->ready = l->typed;
	l->nr_lines = 0;
	l->erasing = false;
}

void
line_init(struct line *l, const struct line_ops *ops)
{
	memset(l, 0, sizeof(*l));
	l->set = line_usual;
	l->ops = ops;
}

/*
 * Input that came without lines is one line, and lines are only input.  Nothing
 * is added to it: some programs change the mode for each key they read.
 */
void
line_set(struct line *l, const struct termios2 *set)
{
	bool was_lines = by_lines(l);

	l->set = *set;
	if (was_lines == by_lines(l))
		return;
	l->literal_next = false;
	l->erasing = false;
	l->nr_lines = 0;
	l->ready = l->typed;
	if (was_lines || l->typed == l->taken)
		return;
	for (u32 pos = l->taken; pos != l->typed; pos++)
		mark_end(l, pos, false);
	end_line(l);
}

/* --- Typing -------------------------------------------------------------- */

static u32
flow_control(struct line *l, u8 c)
{
	if (!(l->set.c_iflag & IXON))
		return 0;
	if (line_is_key(l, VSTART, c))
		return LINE_GO;
	if (line_is_key(l, VSTOP, c))
		return LINE_HOLD;
	return 0;
}

static u32
signal_key(struct line *l, u8 c)
{
	u32 event = 0;

	if (!line_local(l, ISIG))
		return 0;
	if (line_is_key(l, VINTR, c))
		event = LINE_INTR;
	else if (line_is_key(l, VQUIT, c))
		event = LINE_QUIT;
	else if (line_is_key(l, VSUSP, c))
		event = LINE_SUSP;
	if (event == 0)
		return 0;
	if (!line_local(l, NOFLSH)) {
		line_flush(l);
		l->ops->discard(l);
	}
	if (l->set.c_iflag & IXON)
		event |= LINE_GO;
	return event;
}

/* A byte becomes what is read; MARKED_BYTE is no mark if it comes twice. */
static void
store(struct line *l, u8 c)
{
	if (c == MARKED_BYTE && (l->set.c_iflag & PARMRK))
		append(l, c);
	append(l, c);
}

/* Keeps a byte that means itself, and was shown. */
static u32
keep(struct line *l, u8 c)
{
	if (!by_lines(l)) {
		store(l, c);
		l->ready = l->typed;
		return LINE_READABLE;
	}
	if (l->typed - l->ready < LINE_EDIT_BYTES)
		store(l, c);
	return 0;
}

static u32
show_and_keep(struct line *l, u8 c)
{
	line_echo(l, c);
	return keep(l, c);
}

/* A byte that ends the line; 0 if it does not. */
static u32
finish_line(struct line *l, u8 c)
{
	bool extended = line_local(l, IEXTEN);

	if (c == '\n') {
		if (line_local(l, ECHO) || line_local(l, ECHONL))
			line_echo_newline(l);
		append(l, c);
	} else if (line_is_key(l, VEOF, c)) {
		append(l, NO_CHAR);
	} else if (line_is_key(l, VEOL, c) ||
	    (extended && line_is_key(l, VEOL2, c))) {
		line_echo(l, c);
		store(l, c);
	} else {
		return 0;
	}
	end_line(l);
	return LINE_READABLE;
}

static u32
edit_or_keep(struct line *l, u8 c)
{
	u32 event;

	if (line_edit(l, c))
		return 0;
	if (line_local(l, IEXTEN) && line_is_key(l, VLNEXT, c)) {
		l->literal_next = true;
		line_echo_literal(l);
		return 0;
	}
	event = finish_line(l, c);
	return event != 0 ? event : show_and_keep(l, c);
}

/* Carriage returns and newlines become each other, or nothing. */
static u32
translate(struct line *l, u8 c)
{
	u32 flags = l->set.c_iflag;

	if (c == '\r' && (flags & IGNCR))
		return 0;
	if (c == '\r' && (flags & ICRNL)) {
		if (line_local(l, ICANON))
			return edit_or_keep(l, '\n');
		if (line_local(l, ECHO))
			line_echo_newline(l);
		return keep(l, '\n');
	}
	if (c == '\n' && (flags & INLCR))
		c = '\r';
	return line_local(l, ICANON) ? edit_or_keep(l, c) : show_and_keep(l, c);
}

/* With IXANY, what is no key of its own lets output go on. */
static u32
go_on(const struct line *l)
{
	u32 both = IXON | IXANY;

	return (l->set.c_iflag & both) == both ? LINE_GO : 0;
}

u32
line_input(struct line *l, u8 c)
{
	u32 event;

	if (l->set.c_iflag & ISTRIP)
		c &= 0x7f;
	if ((l->set.c_iflag & IUCLC) && line_local(l, IEXTEN) && c >= 'A' &&
	    c <= 'Z')
		c += 'a' - 'A';
	if (line_local(l, EXTPROC)) {
		append(l, c);
		l->ready = l->typed;
		return LINE_READABLE;
	}
	if (l->literal_next) {
		l->literal_next = false;
		return go_on(l) | show_and_keep(l, c);
	}
	event = flow_control(l, c);
	if (event != 0)
		return event;
	event = signal_key(l, c);
	if (event != 0) {
		line_echo(l, c);
		return event;
	}
	return go_on(l) | translate(l, c);
}

/* --- Reading ------------------------------------------------------------- */

bool
line_can_read(const struct line *l)
{
	return by_lines(l) ? l->nr_lines > 0 : l->ready != l->taken;
}

static bool
is_eof(const struct line *l, u32 pos)
{
	return by_lines(l) && is_end(l, pos) && line_at(l, pos) == NO_CHAR;
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
	bool end = by_lines(l) && is_end(l, l->taken);

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
			buf[n++] = line_at(l, l->taken);
		*at_end = take(l);
	}
	/* An end of file right behind belongs to what was read. */
	if (n > 0 && !*at_end && l->taken != l->ready && is_eof(l, l->taken))
		*at_end = take(l);
	return n;
}
