/*
 * What a terminal makes of what is written.
 */
#include "pty.h"

static const struct output_case {
	const char *what;
	tcflag_t oflag, no_oflag;
	const char *written;
	const char *shown;
} cases[] = {
    {"as usual", 0, 0, "a\nb\tc\r\n", "a\\015\\012b\\011c\\015\\015\\012"},
    {"no OPOST", 0, OPOST, "a\nb\tc\r", "a\\012b\\011c\\015"},
    {"no ONLCR", 0, ONLCR, "a\nb", "a\\012b"},
    {"OCRNL", OCRNL, 0, "a\rb", "a\\012b"},
    {"ONOCR", ONOCR, ONLCR, "\ra\r\rb", "a\\015b"},
    {"ONOCR behind a newline", ONOCR, ONLCR, "a\n\rb", "a\\012\\015b"},
    {"ONLRET", ONLRET | ONOCR, ONLCR, "a\n\rb", "a\\012b"},
    {"ONOCR behind ONLCR", ONOCR, 0, "a\n\rb", "a\\015\\012b"},
    {"XTABS", XTABS, 0, "a\tb\t12345678\tc",
	"a       b       12345678        c"},
    {"XTABS and control characters", XTABS, 0, "\001\002\t\b\tx",
	"\\001\\002        \\010 x"},
    {"XTABS behind a carriage return", XTABS, 0, "abc\r\tx",
	"abc\\015        x"},
    {"OLCUC", OLCUC, 0, "aZ{1", "AZ{1"},
    {"OLCUC without OPOST", OLCUC, OPOST, "az", "az"},
    {"bytes above 127", XTABS, 0, "\303\266\t", "\\303\\266      "},
};

static void
try_case(const struct output_case *c)
{
	struct termios add = {.c_oflag = c->oflag};
	struct termios drop = {.c_oflag = c->no_oflag};
	struct pair p = pty_pair();

	pty_set(p.slave, &add, &drop);
	is(write(p.slave, c->written, strlen(c->written)), strlen(c->written),
	    "%s: written", c->what);
	str_is(pty_text(p.master, 1), c->shown, "%s: shown", c->what);
	pty_close(p);
}

TEST(pty_output)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		try_case(&cases[i]);
}
