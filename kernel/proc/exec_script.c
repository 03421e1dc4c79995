#include "proc/exec_script.h"

#include "lib/errno.h"
#include "lib/string.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *
skip_blanks(char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

static char *
skip_word(char *s)
{
	while (*s != '\0' && !is_blank(*s))
		s++;
	return s;
}

static void
cut_trailing_blanks(char *s)
{
	size_t len = strlen(s);

	while (len > 0 && is_blank(s[len - 1]))
		s[--len] = '\0';
}

/*
 * All that follows the interpreter is one argument, blanks inside included:
 * that is the custom, and scripts rely on it.
 */
int
exec_script_parse(char line[EXEC_SCRIPT_LINE + 1], char **interp, char **arg)
{
	char *end, *newline;

	line[EXEC_SCRIPT_LINE] = '\0';
	newline = strchr(line, '\n');
	if (newline != NULL)
		*newline = '\0';
	*interp = skip_blanks(line + 2);
	end = skip_word(*interp);
	if (end == *interp)
		return -ENOEXEC;
	/* Half a name could be that of another program. */
	if (newline == NULL && end == line + EXEC_SCRIPT_LINE)
		return -ENOEXEC;
	cut_trailing_blanks(*interp);
	*arg = NULL;
	if (*end == '\0')
		return 0;
	*end = '\0';
	*arg = skip_blanks(end + 1);
	if (**arg == '\0')
		*arg = NULL;
	return 0;
}
