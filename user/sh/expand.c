/*
 * From a word as it was written to what it means: quotes and backslashes go,
 * $NAME becomes its value.  The result grows in sh.memory.
 */
#define _GNU_SOURCE
#include "sh.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Puts the value of the variable whose name, of n characters, is at s. */
static void
put_value(const char *s, size_t n)
{
	char number[16] = "", *value = number;

	if (*s == '?')
		sprintf(number, "%d", sh.last_status);
	else if (*s == '$')
		sprintf(number, "%d", sh.pid);
	else if (*s == '!')
		sprintf(number, "%d", sh.last_job);
	else if (!isdigit((unsigned char)*s))
		value = getenv(strndupa(s, n));
	else if (*s - '0' < sh.nr_params)
		value = sh.params[*s - '0'];
	if (value)
		obstack_grow(&sh.memory, value, strlen(value));
}

/* Puts what $ and the characters at s mean; returns what is behind them. */
static const char *
put_dollar(const char *s)
{
	bool braces = *s == '{';
	const char *name = s + braces;
	size_t n = name_length(name);

	if (n == 0 && *name && strchr("?$!0123456789", *name))
		n = 1;
	if (n == 0 || (braces && name[n] != '}')) {
		obstack_1grow(&sh.memory, '$');
		return s;
	}
	put_value(name, n);
	return name + n + braces;
}

char *
expand(const char *s)
{
	bool some = false;
	int quote = 0;

	while (*s) {
		char c = *s++;

		if (c == '$' && quote != '\'') {
			s = put_dollar(s);
		} else if (c == quote) {
			quote = 0;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
			some = true;
		} else if (c != '\\' || quote == '\'' || !*s ||
		    (quote && !strchr("$\"\\\n", *s))) {
			obstack_1grow(&sh.memory, c);
		} else if (*s++ != '\n') {
			obstack_1grow(&sh.memory, s[-1]);
		}
	}
	some |= obstack_object_size(&sh.memory) > 0;
	obstack_1grow(&sh.memory, '\0');
	s = obstack_finish(&sh.memory);
	return some ? (char *)s : NULL;
}

char **
expand_arguments(const struct node *n)
{
	for (char **word = n->words + n->nr_assignments; *word; word++) {
		char *argument = expand(*word);

		if (argument)
			obstack_ptr_grow(&sh.lists, argument);
	}
	obstack_ptr_grow(&sh.lists, NULL);
	return obstack_finish(&sh.lists);
}
