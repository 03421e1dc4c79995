/*
 * The half of the line discipline that the terminal shows: output, echo, and
 * the taking back of what was typed, of which the echo is the harder part.
 *
 * The cursor's column is known as far as output is processed (OPOST).  To take
 * back a tab one must know how wide it was, which follows from the column where
 * the line began (edit_column) and what was typed since.
 */
#include "dev/line_impl.h"
#include "lib/string.h"

#define TAB_STOP  8
#define CARET_BIT 0x40 /* from a control character to its letter */

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

/* --- Output -------------------------------------------------------------- */

static u32
put_spaces(struct line *l, char out[LINE_OUT_MAX])
{
	u32 n = TAB_STOP - l->column % TAB_STOP;

	l->column += n;
	if ((l->set.c_oflag & TABDLY) != TAB3) {
		out[0] = '\t';
		return 1;
	}
	memset(out, ' ', n);
	return n;
}

static u32
put_newline(struct line *l, char out[LINE_OUT_MAX])
{
	u32 n = 0;

	if (l->set.c_oflag & ONLCR)
		out[n++] = '\r';
	if (l->set.c_oflag & (ONLCR | ONLRET))
		l->column = 0;
	l->edit_column = l->column;
	out[n++] = '\n';
	return n;
}

static u32
put_return(struct line *l, char out[LINE_OUT_MAX])
{
	u32 flags = l->set.c_oflag;

	if ((flags & ONOCR) && l->column == 0)
		return 0;
	out[0] = (flags & OCRNL) ? '\n' : '\r';
	if (out[0] == '\r' || (flags & ONLRET)) {
		l->column = 0;
		l->edit_column = 0;
	}
	return 1;
}

u32
line_output(struct line *l, u8 c, char out[LINE_OUT_MAX])
{
	u32 flags = l->set.c_oflag;

	out[0] = c;
	if (!(flags & OPOST))
		return 1;
	switch (c) {
	case '\n':
		return put_newline(l, out);
	case '\r':
		return put_return(l, out);
	case '\t':
		return put_spaces(l, out);
	case '\b':
		l->column -= l->column > 0;
		return 1;
	}
	if ((flags & OLCUC) && c >= 'a' && c <= 'z')
		out[0] = c - ('a' - 'A');
	l->column += !is_control(c) && !is_continuation(l, c);
	return 1;
}

/* --- Echo ---------------------------------------------------------------- */

void
line_show(struct line *l, u8 c)
{
	char out[LINE_OUT_MAX];

	l->ops->echo(l, out, line_output(l, c, out));
}

static void
show_char(struct line *l, u8 c)
{
	char caret[2] = {'^', (char)(c ^ CARET_BIT)};

	if (!line_local(l, ECHOCTL) || !is_control(c) || c == '\t') {
		line_show(l, c);
		return;
	}
	l->ops->echo(l, caret, sizeof(caret));
	l->column += sizeof(caret);
}

/* With ECHOPRT what is taken back stands between a backslash and a slash. */
static void
finish_erasing(struct line *l)
{
	if (l->erasing)
		line_show(l, '/');
	l->erasing = false;
}

void
line_echo(struct line *l, u8 c)
{
	if (!line_local(l, ECHO))
		return;
	finish_erasing(l);
	if (l->typed == l->ready)
		l->edit_column = l->column;
	show_char(l, c);
}

void
line_echo_newline(struct line *l)
{
	if (line_local(l, ECHO))
		finish_erasing(l);
	line_show(l, '\n');
}

void
line_echo_literal(struct line *l)
{
	if (!line_local(l, ECHO))
		return;
	finish_erasing(l);
	if (line_local(l, ECHOCTL)) {
		line_show(l, '^');
		line_show(l, '\b');
	}
}

/* --- Taking back -----------------------------------------------------------
 */

/*
 * The cursor goes back over a tab that was at the end of what is being edited,
 * as wide as it was: columns from the line's beginning or the tab before it.
 */
static void
rub_out_tab(struct line *l)
{
	u32 columns = 0;
	u32 pos = l->typed;

	while (pos != l->ready && line_at(l, pos - 1) != '\t') {
		u8 c = line_at(l, --pos);

		if (is_control(c))
			columns += line_local(l, ECHOCTL) ? 2 : 0;
		else
			columns += !is_continuation(l, c);
	}
	if (pos == l->ready)
		columns += l->edit_column;
	for (u32 n = TAB_STOP - columns % TAB_STOP; n > 0; n--) {
		l->ops->echo(l, "\b", 1);
		l->column -= l->column > 0;
	}
}

static void
rub_out(struct line *l, u8 c)
{
	u32 n = 1;

	if (is_control(c))
		n = line_local(l, ECHOCTL) ? 2 : 0;
	for (; n > 0; n--) {
		line_show(l, '\b');
		line_show(l, ' ');
		line_show(l, '\b');
	}
}

/* On paper: the character of len bytes that lies behind the end, again. */
static void
print_erased(struct line *l, u32 len)
{
	if (!l->erasing)
		line_show(l, '\\');
	l->erasing = true;
	show_char(l, line_at(l, l->typed));
	for (u32 i = 1; i < len; i++) {
		line_show(l, line_at(l, l->typed + i));
		l->column -= l->column > 0;
	}
}

/* The last character of what is being edited goes; key says by which key. */
static void
erase_char(struct line *l, u32 begin, int key)
{
	u32 len = l->typed - begin;
	u8 c = line_at(l, begin);

	l->typed = begin;
	if (!line_local(l, ECHO))
		return;
	if (line_local(l, ECHOPRT))
		print_erased(l, len);
	else if (key == VERASE && !line_local(l, ECHOE))
		show_char(l, l->set.c_cc[VERASE]);
	else if (c == '\t')
		rub_out_tab(l);
	else
		rub_out(l, c);
}

/* Letters as Latin-1 has them, which all that begins a UTF-8 character is. */
static bool
in_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '_' ||
	    (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

/* Characters from the end on, as many as the key is for. */
static void
erase(struct line *l, int key)
{
	bool in_a_word = false;

	while (l->typed != l->ready) {
		u32 begin = l->typed;

		do
			begin--;
		while (
		    begin != l->ready && is_continuation(l, line_at(l, begin)));
		/* Half a character stays. */
		if (is_continuation(l, line_at(l, begin)))
			break;
		if (key == VWERASE && in_word(line_at(l, begin)))
			in_a_word = true;
		else if (key == VWERASE && in_a_word)
			break;
		erase_char(l, begin, key);
		if (key == VERASE)
			break;
	}
	if (l->typed == l->ready && line_local(l, ECHO))
		finish_erasing(l);
}

static void
kill_line(struct line *l)
{
	if (line_local(l, ECHO | ECHOE | ECHOK | ECHOKE)) {
		erase(l, VKILL);
		return;
	}
	l->typed = l->ready;
	if (!line_local(l, ECHO))
		return;
	finish_erasing(l);
	show_char(l, l->set.c_cc[VKILL]);
	if (line_local(l, ECHOK))
		line_show(l, '\n');
}

static void
reprint(struct line *l, u8 key)
{
	finish_erasing(l);
	show_char(l, key);
	line_show(l, '\n');
	for (u32 pos = l->ready; pos != l->typed; pos++)
		show_char(l, line_at(l, pos));
}

bool
line_edit(struct line *l, u8 c)
{
	bool extended = line_local(l, IEXTEN);
	bool erases = line_is_key(l, VERASE, c) || line_is_key(l, VKILL, c) ||
	    (extended && line_is_key(l, VWERASE, c));

	if (erases && l->typed == l->ready)
		return true;
	if (line_is_key(l, VERASE, c))
		erase(l, VERASE);
	else if (line_is_key(l, VKILL, c))
		kill_line(l);
	else if (erases)
		erase(l, VWERASE);
	else if (extended && line_is_key(l, VREPRINT, c) && line_local(l, ECHO))
		reprint(l, c);
	else
		return false;
	return true;
}
