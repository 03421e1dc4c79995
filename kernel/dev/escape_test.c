#include "fake.h"

#include <string.h>

#include "dev/escape.h"

static bool
is_open_after(const char *text)
{
	struct escape e = {0};

	escape_follow(&e, text, strlen(text));
	return escape_is_open(&e);
}

static void
test_ends(void **state)
{
	(void)state;
	assert_false(is_open_after(""));
	assert_false(is_open_after("plain \r\n text"));
	assert_false(is_open_after("\033[0m"));
	assert_false(is_open_after("\033[38;5;1mred"));
	assert_false(is_open_after("\033[?25l"));
	assert_false(is_open_after("\033c"));
	assert_false(is_open_after("\033(B"));
	assert_false(is_open_after("\033]0;title\a"));
	assert_false(is_open_after("\033]0;title\033\\"));
}

static void
test_open(void **state)
{
	(void)state;
	assert_true(is_open_after("text\033"));
	assert_true(is_open_after("\033["));
	assert_true(is_open_after("\033[12;3"));
	assert_true(is_open_after("\033("));
	assert_true(is_open_after("\033]0;tit"));
	assert_true(is_open_after("\033]0;tit\033"));
	assert_true(is_open_after("\033[1\033"));
}

static void
test_gives_up(void **state)
{
	char text[512];
	struct escape e = {0};

	(void)state;
	memset(text, '1', sizeof(text));
	memcpy(text, "\033[", 2);
	escape_follow(&e, text, sizeof(text));
	assert_false(escape_is_open(&e));
}

static void
test_pieces(void **state)
{
	struct escape e = {0};

	(void)state;
	escape_follow(&e, "\033", 1);
	assert_true(escape_is_open(&e));
	escape_follow(&e, "[1", 2);
	assert_true(escape_is_open(&e));
	escape_follow(&e, "m", 1);
	assert_false(escape_is_open(&e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ends),
	    cmocka_unit_test(test_open),
	    cmocka_unit_test(test_gives_up),
	    cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
