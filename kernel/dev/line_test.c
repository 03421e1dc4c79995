/* links: dev/line_edit.c */
#include "fake.h"

#include <string.h>

#include "dev/line.h"

/* A terminal whose screen is a string. */
struct screen {
	struct line line;
	char shown[65536];
	size_t len;
	int discards;
};

static void
fake_echo(struct line *l, const char *buf, size_t len)
{
	struct screen *s = container_of(l, struct screen, line);

	/* Rubbing out a line of tabs takes more than any screen. */
	if (s->len + len >= sizeof(s->shown))
		return;
	memcpy(s->shown + s->len, buf, len);
	s->len += len;
	s->shown[s->len] = '\0';
}

static void
fake_discard(struct line *l)
{
	struct screen *s = container_of(l, struct screen, line);

	s->discards++;
}

static const struct line_ops ops = {
    .echo = fake_echo,
    .discard = fake_discard,
};

static struct screen s;

static int
setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	line_init(&s.line, &ops);
	return 0;
}

static u32
type(const char *text)
{
	u32 events = 0;

	for (; *text != '\0'; text++)
		events |= line_input(&s.line, *text);
	return events;
}

static void
set_flags(u32 iflag, u32 oflag, u32 lflag)
{
	struct termios2 set = s.line.set;

	set.c_iflag = iflag;
	set.c_oflag = oflag;
	set.c_lflag = lflag;
	line_set(&s.line, &set);
}

static void
expect_read(u32 len, const char *want, bool want_end)
{
	char buf[256] = "";
	bool at_end;
	u32 n = line_read(&s.line, buf, len, &at_end);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(buf, want, n);
	assert_int_equal(at_end, want_end);
}

static void
expect_shown(const char *want)
{
	assert_string_equal(s.shown, want);
	s.len = 0;
	s.shown[0] = '\0';
}

static void
test_line(void **state)
{
	(void)state;
	assert_int_equal(type("hello"), 0);
	assert_false(line_can_read(&s.line));
	assert_int_equal(type("\r"), LINE_READABLE);
	assert_true(line_can_read(&s.line));
	assert_int_equal(line_available(&s.line), 6);
	expect_shown("hello\r\n");
	expect_read(100, "hello\n", true);
	assert_false(line_can_read(&s.line));
}

static void
test_lines_are_read_one_by_one(void **state)
{
	(void)state;
	type("one\ntwo\nthr");
	expect_read(2, "on", false);
	expect_read(100, "e\n", true);
	assert_int_equal(line_available(&s.line), 4);
	expect_read(100, "two\n", true);
	assert_false(line_can_read(&s.line));
	type("ee\n");
	expect_read(100, "three\n", true);
}

static void
test_end_of_file(void **state)
{
	(void)state;
	assert_int_equal(type("\004"), LINE_READABLE);
	assert_int_equal(line_available(&s.line), 0);
	expect_read(100, "", true);
	assert_false(line_can_read(&s.line));
	/* In the middle of a line it only hands that over. */
	type("ab\004cd\004");
	expect_read(100, "ab", true);
	expect_read(2, "cd", true);
	assert_false(line_can_read(&s.line));
	expect_shown("abcd");
}

static void
test_erase(void **state)
{
	(void)state;
	type("ab\177\177\177c\n");
	expect_shown("ab\b \b\b \bc\r\n");
	expect_read(100, "c\n", true);
	/* A control character is two wide, a tab as wide as it was. */
	type("\001\177");
	expect_shown("^A\b \b\b \b");
	type("a\t\177\177");
	expect_shown("a\t\b\b\b\b\b\b\b\b \b");
	type("\n");
	expect_read(100, "\n", true);
}

static void
test_erase_utf8(void **state)
{
	(void)state;
	set_flags(
	    s.line.set.c_iflag | IUTF8, s.line.set.c_oflag, s.line.set.c_lflag);
	type("a\303\266\342\202\254");
	expect_shown("a\303\266\342\202\254");
	type("\177\177");
	expect_shown("\b \b\b \b");
	type("\n");
	expect_read(100, "a\n", true);
}

static void
test_kill_and_word(void **state)
{
	(void)state;
	type("ls  foo_1 -l/ \027");
	expect_shown("ls  foo_1 -l/ \b \b\b \b\b \b");
	type("\027");
	expect_shown("\b \b\b \b\b \b\b \b\b \b\b \b\b \b");
	type("\025");
	expect_shown("\b \b\b \b\b \b\b \b");
	type("x\n");
	expect_read(100, "x\n", true);
}

static void
test_kill_without_erasing(void **state)
{
	(void)state;
	set_flags(s.line.set.c_iflag, s.line.set.c_oflag,
	    s.line.set.c_lflag & ~ECHOKE);
	type("abc\025");
	expect_shown("abc^U\r\n");
	type("x\n");
	expect_read(100, "x\n", true);
}

static void
test_literal_and_reprint(void **state)
{
	(void)state;
	type("a\026\003b\022");
	expect_shown("a^\b^Cb^R\r\na^Cb");
	assert_int_equal(type("\n"), LINE_READABLE);
	expect_read(100, "a\003b\n", true);
}

static void
test_signals(void **state)
{
	(void)state;
	type("ready\nabc");
	s.len = 0;
	assert_int_equal(type("\003"), LINE_INTR | LINE_GO);
	expect_shown("^C");
	assert_int_equal(s.discards, 1);
	assert_false(line_can_read(&s.line));
	assert_int_equal(type("\034"), LINE_QUIT | LINE_GO);
	assert_int_equal(type("\032"), LINE_SUSP | LINE_GO);
	/* NOFLSH keeps what was typed. */
	set_flags(s.line.set.c_iflag, s.line.set.c_oflag,
	    s.line.set.c_lflag | NOFLSH);
	type("abc\003d\n");
	assert_int_equal(s.discards, 3);
	expect_read(100, "abcd\n", true);
	/* Without ISIG they are characters. */
	set_flags(
	    s.line.set.c_iflag, s.line.set.c_oflag, s.line.set.c_lflag & ~ISIG);
	assert_int_equal(type("\003"), 0);
	type("\n");
	expect_read(100, "\003\n", true);
}

static void
test_flow(void **state)
{
	(void)state;
	assert_int_equal(type("\023"), LINE_HOLD);
	assert_int_equal(type("\021"), LINE_GO);
	assert_int_equal(type("x"), 0);
	set_flags(
	    s.line.set.c_iflag | IXANY, s.line.set.c_oflag, s.line.set.c_lflag);
	assert_int_equal(type("x"), LINE_GO);
	set_flags(0, s.line.set.c_oflag, s.line.set.c_lflag);
	assert_int_equal(type("\023"), 0);
}

static void
test_raw(void **state)
{
	(void)state;
	set_flags(0, 0, 0);
	assert_int_equal(type("a\r\003\004\177"), LINE_READABLE);
	expect_shown("");
	assert_int_equal(line_available(&s.line), 5);
	expect_read(3, "a\r\003", false);
	expect_read(100, "\004\177", false);
	expect_read(100, "", false);
}

static void
test_translation(void **state)
{
	(void)state;
	set_flags(INLCR, 0, 0);
	type("\n");
	expect_read(100, "\r", false);
	set_flags(IGNCR, 0, 0);
	type("\r\n");
	expect_read(100, "\n", false);
	set_flags(ISTRIP, 0, 0);
	type("\301");
	expect_read(100, "A", false);
	set_flags(IUCLC, 0, IEXTEN);
	type("Ab");
	expect_read(100, "ab", false);
}

static void
test_mode_changes(void **state)
{
	u32 lflag = s.line.set.c_lflag;

	(void)state;
	/* What was being edited can be read raw. */
	type("half");
	set_flags(0, 0, 0);
	assert_true(line_can_read(&s.line));
	expect_read(100, "half", false);
	/* What came raw can be read as a line; a zero at its end is none. */
	type("raw");
	line_input(&s.line, '\0');
	set_flags(0, 0, lflag);
	assert_true(line_can_read(&s.line));
	assert_int_equal(line_available(&s.line), 3);
	expect_read(100, "raw", true);
	assert_false(line_can_read(&s.line));
	/* However often the mode changes, it is what came. */
	set_flags(0, 0, 0);
	type("few");
	for (int i = 0; i < 3; i++) {
		set_flags(0, 0, lflag);
		set_flags(0, 0, 0);
	}
	assert_int_equal(line_available(&s.line), 3);
	expect_read(1, "f", false);
	set_flags(0, 0, lflag);
	set_flags(0, 0, 0);
	expect_read(100, "ew", false);
	assert_false(line_can_read(&s.line));
	set_flags(0, 0, lflag);
	type("\n");
	expect_read(100, "\n", true);
}

static void
test_other_ends(void **state)
{
	struct termios2 set = s.line.set;

	(void)state;
	set.c_cc[VEOL] = ';';
	set.c_cc[VEOL2] = '!';
	line_set(&s.line, &set);
	type("a;b!c\n");
	expect_read(100, "a;", true);
	expect_read(100, "b!", true);
	expect_read(100, "c\n", true);
}

/* A key whose character is 0 does not exist. */
static void
test_no_key(void **state)
{
	struct termios2 set = s.line.set;

	(void)state;
	set.c_cc[VINTR] = 0;
	set.c_cc[VEOF] = 0;
	line_set(&s.line, &set);
	assert_int_equal(line_input(&s.line, 0), 0);
	assert_int_equal(type("\n"), LINE_READABLE);
	assert_int_equal(line_available(&s.line), 2);
}

static void
test_too_long_a_line(void **state)
{
	char buf[LINE_EDIT_BYTES + 1];
	bool at_end;

	(void)state;
	set_flags(s.line.set.c_iflag | IMAXBEL, 0, ICANON | ECHO);
	for (int i = 0; i < 10000; i++)
		type("x");
	assert_true(line_room(&s.line) > 0);
	/* What is not kept is shown all the same, without a bell. */
	assert_int_equal(s.len, 10000);
	assert_int_equal(s.shown[9999], 'x');
	assert_int_equal(type("\n"), LINE_READABLE);
	assert_int_equal(
	    line_read(&s.line, buf, sizeof(buf), &at_end), LINE_EDIT_BYTES + 1);
	assert_true(at_end);
}

/* As much as there is room for is kept, whatever the mode. */
static void
test_room(void **state)
{
	char buf[LINE_INPUT_BYTES];
	bool at_end;
	u32 n = 0;

	(void)state;
	set_flags(0, 0, 0);
	for (; line_room(&s.line) > 0; n++)
		type("y");
	assert_int_equal(n, LINE_INPUT_BYTES);
	assert_int_equal(line_read(&s.line, buf, 10, &at_end), 10);
	assert_int_equal(line_room(&s.line), 10);
	set_flags(0, 0, ICANON);
	assert_true(line_can_read(&s.line));
	assert_int_equal(line_read(&s.line, buf, sizeof(buf), &at_end), n - 10);
}

static void
expect_output(const char *text, const char *want)
{
	char out[LINE_OUT_MAX];
	char all[256] = "";

	for (; *text != '\0'; text++)
		strncat(all, out, line_output(&s.line, *text, out));
	assert_string_equal(all, want);
}

static void
test_output(void **state)
{
	(void)state;
	expect_output("a\nb\tc\r\n", "a\r\nb\tc\r\r\n");
	set_flags(0, OPOST | TAB3, 0);
	expect_output("\rab\tc\n", "\rab      c\n");
	set_flags(0, OPOST | OCRNL | OLCUC, 0);
	expect_output("ab\r", "AB\n");
	set_flags(0, OPOST | ONOCR, 0);
	expect_output("\n\rx\r\r", "\n\rx\r");
	set_flags(0, ONLCR, 0);
	expect_output("a\n", "a\n");
}

/* On paper what is taken back stands between a backslash and a slash. */
static void
test_erase_on_paper(void **state)
{
	(void)state;
	set_flags(s.line.set.c_iflag | IUTF8, s.line.set.c_oflag,
	    s.line.set.c_lflag | ECHOPRT);
	type("ab\303\266\177\177c\177\177");
	expect_shown("ab\303\266\\\303\266b/c\\ca/");
	type("\n");
	expect_read(100, "\n", true);
}

/* A marked byte comes twice, and has room for it. */
static void
test_marks(void **state)
{
	u32 n = 0;

	(void)state;
	set_flags(PARMRK, 0, 0);
	type("a\377");
	expect_read(100, "a\377\377", false);
	for (; line_room(&s.line) > 0; n++)
		type("\377");
	assert_int_equal(n, LINE_INPUT_BYTES / 2);
	assert_int_equal(line_available(&s.line), LINE_INPUT_BYTES);
}

/* The other end makes lines: bytes are read as they come. */
static void
test_lines_made_elsewhere(void **state)
{
	(void)state;
	set_flags(s.line.set.c_iflag, s.line.set.c_oflag,
	    s.line.set.c_lflag | EXTPROC);
	assert_int_equal(type("a\177\003"), LINE_READABLE);
	expect_shown("");
	expect_read(100, "a\177\003", false);
	type("b");
	set_flags(s.line.set.c_iflag, s.line.set.c_oflag,
	    s.line.set.c_lflag & ~EXTPROC);
	expect_read(100, "b", true);
}

/* Anything typed in any mode keeps the laws, and nothing is read twice. */
static void
test_random_typing(void **state)
{
	static const u32 modes[] = {0, ICANON, ICANON | ECHO | ECHOE,
	    ICANON | ECHO | ECHOE | ECHOK | ECHOKE | ECHOCTL | IEXTEN | ISIG,
	    ICANON | ECHO | ECHOPRT, ICANON | EXTPROC};
	char buf[64];
	bool at_end;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		u64 r = fake_random();
		struct line *l = &s.line;

		if (r % 97 == 0)
			set_flags(ICRNL | IUTF8 | (r >> 20 & PARMRK),
			    OPOST | ONLCR, modes[r / 97 % ARRAY_SIZE(modes)]);
		else if (r % 5 == 0)
			line_read(l, buf, r / 5 % sizeof(buf), &at_end);
		else if (line_room(l) > 0)
			line_input(l, r >> 32);
		s.len = 0;
		assert_true(l->ready - l->taken <= LINE_INPUT_BYTES);
		assert_true(l->typed - l->taken <= LINE_INPUT_BYTES);
		assert_true(l->nr_lines <= l->ready - l->taken);
		assert_true((l->set.c_lflag & (ICANON | EXTPROC)) != ICANON ||
		    (l->nr_lines > 0) == (l->ready != l->taken));
	}
}

#define TEST(fn) cmocka_unit_test_setup(fn, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_line),
	    TEST(test_lines_are_read_one_by_one),
	    TEST(test_end_of_file),
	    TEST(test_erase),
	    TEST(test_erase_utf8),
	    TEST(test_kill_and_word),
	    TEST(test_kill_without_erasing),
	    TEST(test_literal_and_reprint),
	    TEST(test_signals),
	    TEST(test_flow),
	    TEST(test_raw),
	    TEST(test_translation),
	    TEST(test_mode_changes),
	    TEST(test_other_ends),
	    TEST(test_no_key),
	    TEST(test_too_long_a_line),
	    TEST(test_room),
	    TEST(test_output),
	    TEST(test_erase_on_paper),
	    TEST(test_marks),
	    TEST(test_lines_made_elsewhere),
	    TEST(test_random_typing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
