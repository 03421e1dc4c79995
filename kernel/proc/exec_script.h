/* The first line of a script: "#!", an interpreter, and maybe an argument. */
#ifndef PROC_EXEC_SCRIPT_H
#define PROC_EXEC_SCRIPT_H

#include "lib/types.h"

#define EXEC_SCRIPT_LINE 256 /* as Linux: no more of the file is looked at */

/*
 * Finds both in the first bytes of a file, which are changed to end them with
 * zeroes; *arg is NULL if there is none.  Pure.
 * Errors: -ENOEXEC no interpreter is named, or its name is cut off.
 */
int exec_script_parse(
    char line[EXEC_SCRIPT_LINE + 1], char **interp, char **arg) MUST_CHECK;

static inline bool
exec_is_script(const char *head)
{
	return head[0] == '#' && head[1] == '!';
}

#endif
