#include "fake.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "proc/exec_script.h"

/* links: lib/string.c */

/* What a first line is taken for; NULL: it is refused. */
static const struct {
	const char *line;
	const char *interp;
	const char *arg;
} lines[] = {
    {"#!/bin/sh\necho", "/bin/sh", NULL},
    {"#! /bin/sh\n", "/bin/sh", NULL},
    {"#!\t /bin/sh \t\n", "/bin/sh", NULL},
    {"#!/bin/sh", "/bin/sh", NULL},
    {"#!/bin/sh -e\n", "/bin/sh", "-e"},
    {"#!/bin/sh   -e -x  \n", "/bin/sh", "-e -x"},
    {"#!/bin/awk -f\t\n", "/bin/awk", "-f"},
    {"#!x\n", "x", NULL},
    {"#!\n", NULL, NULL},
    {"#!  \t\n", NULL, NULL},
    {"#!", NULL, NULL},
    {"#!   ", NULL, NULL},
};

static void
fill(char line[EXEC_SCRIPT_LINE + 1], const char *text)
{
	memset(line, 0, EXEC_SCRIPT_LINE + 1);
	memcpy(line, text, strlen(text));
}

static void
assert_text(const char *got, const char *want)
{
	if (want == NULL)
		assert_null(got);
	else
		assert_string_equal(got, want);
}

static void
test_lines(void **state)
{
	char line[EXEC_SCRIPT_LINE + 1];
	char *interp, *arg;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		fill(line, lines[i].line);
		if (lines[i].interp == NULL) {
			assert_int_equal(
			    exec_script_parse(line, &interp, &arg), -ENOEXEC);
			continue;
		}
		assert_int_equal(exec_script_parse(line, &interp, &arg), 0);
		assert_text(interp, lines[i].interp);
		assert_text(arg, lines[i].arg);
	}
}

/* A name that may go on beyond the line is no name; an argument is cut. */
static void
test_cut(void **state)
{
	char line[EXEC_SCRIPT_LINE + 1];
	char *interp, *arg;

	(void)state;
	fill(line, "#!");
	memset(line + 2, 'x', EXEC_SCRIPT_LINE - 2);
	assert_int_equal(exec_script_parse(line, &interp, &arg), -ENOEXEC);

	fill(line, "#!/bin/sh ");
	memset(line + 10, 'x', EXEC_SCRIPT_LINE - 10);
	assert_int_equal(exec_script_parse(line, &interp, &arg), 0);
	assert_string_equal(interp, "/bin/sh");
	assert_int_equal(strlen(arg), EXEC_SCRIPT_LINE - 10);

	/* The newline is the last byte looked at. */
	fill(line, "#!");
	memset(line + 2, 'x', EXEC_SCRIPT_LINE - 3);
	line[EXEC_SCRIPT_LINE - 1] = '\n';
	assert_int_equal(exec_script_parse(line, &interp, &arg), 0);
	assert_int_equal(strlen(interp), EXEC_SCRIPT_LINE - 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
