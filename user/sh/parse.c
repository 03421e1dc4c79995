/*
 * From a line to a tree, by recursive descent: one function for each line of
 * the grammar in user/sh.c.
 *
 * The text of a line begins again from the start when more has been added to
 * it, so nothing here reads input or keeps state between lines.  At a problem
 * every further token is the end, and so all functions return by themselves.
 */
#include "sh.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------ tokens */

static struct {
	bool is_word;     /* otherwise an operator, "\n", or "" at the end */
	const char *text; /* as written, in the line */
	size_t len;
	int fd; /* the number before a redirection, or -1 */
} token;

static const char *at; /* what follows the token */
static enum problem problem;

/* The token is not what must come here: wrong, or the end of what we have. */
static void
fail(void)
{
	if (!problem && *token.text == '\n')
		sh.last_status =
		    complain(USAGE, "syntax error: unexpected end");
	else if (!problem && *token.text)
		sh.last_status =
		    complain(USAGE, "syntax error: unexpected %.*s",
			(int)token.len, token.text);
	if (!problem)
		problem = *token.text ? WRONG : INCOMPLETE;
	at = token.text = "";
	token.len = 0;
	token.is_word = false;
}

/* NULL if the word goes on in a line that we don't have. */
static const char *
end_of_word(const char *s)
{
	int quote = 0;

	for (; *s && (quote || !strchr(" \t\n;&|()<>", *s)); s++) {
		if (quote != '\'' && strcmp(s, "\\\n") == 0)
			return NULL;
		if (*s == '\\' && quote != '\'' && s[1])
			s++;
		else if (*s == quote)
			quote = 0;
		else if (!quote && (*s == '\'' || *s == '"'))
			quote = *s;
	}
	return quote ? NULL : s;
}

static const char *
end_of_operator(const char *s)
{
	if ((*s && strchr("&|>", *s) && s[1] == *s) ||
	    (*s == '>' && s[1] == '&'))
		return s + 2;
	return *s ? s + 1 : s;
}

static void
next_token(void)
{
	const char *end;

	if (problem)
		return;
	at += strspn(at, " \t");
	if (*at == '#')
		at += strcspn(at, "\n");
	end = end_of_word(at);
	if (!end) {
		token.text = "";
		fail();
		return;
	}
	token.text = at;
	token.fd = -1;
	token.is_word = end > at;
	if ((*end == '<' || *end == '>') && end > at &&
	    strspn(at, "0123456789") == (size_t)(end - at)) {
		token.fd = atoi(at);
		token.text = end;
		token.is_word = false;
	}
	at = token.is_word ? end : end_of_operator(token.text);
	token.len = at - token.text;
}

static bool
token_is(const char *operator)
{
	return !token.is_word && strlen(operator) == token.len &&
	    memcmp(operator, token.text, token.len) == 0;
}

/* A line may be broken where more must come. */
static void
next_token_on_any_line(void)
{
	do
		next_token();
	while (token_is("\n"));
}

/* ------------------------------------------------ the tree */

static struct node *parse_list(bool nested);

static struct node *
node_new(int kind, struct node *left, struct node *right)
{
	struct node *n = obstack_alloc(&sh.memory, sizeof(*n));

	*n = (struct node){.kind = kind, .left = left, .right = right};
	return n;
}

static char *
take_word(void)
{
	char *word = obstack_copy0(&sh.memory, token.text, token.len);

	if (!token.is_word)
		fail();
	next_token();
	return word;
}

/* Redirections act from left to right, so a new one goes to the end. */
static bool
parse_redirection(struct node *n)
{
	struct redirection *r, **end = &n->redirections;

	if (token.is_word || !token.len || !strchr("<>", *token.text))
		return false;
	while (*end)
		end = &(*end)->next;
	r = *end = obstack_alloc(&sh.memory, sizeof(*r));
	r->next = NULL;
	r->operator= token_is(">>") ? 'a' : token_is(">&") ? '&' : *token.text;
	r->fd = token.fd >= 0 ? token.fd : *token.text == '>';
	next_token();
	r->word = take_word();
	return true;
}

/* The length of the variable's name that s begins with, or 0. */
size_t
name_length(const char *s)
{
	size_t n = 0;

	while (isalpha((unsigned char)s[n]) || s[n] == '_' ||
	    (n > 0 && isdigit((unsigned char)s[n])))
		n++;
	return n;
}

bool
is_assignment(const char *s)
{
	return name_length(s) > 0 && s[name_length(s)] == '=';
}

static struct node *
parse_simple(void)
{
	struct node *n = node_new(COMMAND, NULL, NULL);
	int nr_words = 0;

	for (;;) {
		if (parse_redirection(n))
			continue;
		if (!token.is_word)
			break;
		if (n->nr_assignments == nr_words && is_assignment(token.text))
			n->nr_assignments++;
		obstack_ptr_grow(&sh.lists, take_word());
		nr_words++;
	}
	if (nr_words == 0 && !n->redirections)
		fail();
	obstack_ptr_grow(&sh.lists, NULL);
	n->words = obstack_finish(&sh.lists);
	return n;
}

static struct node *
parse_command(void)
{
	struct node *n;

	if (!token_is("("))
		return parse_simple();
	next_token();
	n = node_new(SUBSHELL, parse_list(true), NULL);
	if (!token_is(")") || !n->left)
		fail();
	next_token();
	while (parse_redirection(n))
		;
	return n;
}

static struct node *
parse_pipeline(void)
{
	struct node *n = parse_command();

	if (!token_is("|"))
		return n;
	next_token_on_any_line();
	return node_new(PIPE, n, parse_pipeline());
}

static struct node *
parse_and_or(void)
{
	struct node *n = parse_pipeline();

	while (token_is("&&") || token_is("||")) {
		int kind = token_is("&&") ? AND : OR;

		next_token_on_any_line();
		n = node_new(kind, n, parse_pipeline());
	}
	return n;
}

/* A list up to the end of the line, or over lines up to a parenthesis. */
static struct node *
parse_list(bool nested)
{
	struct node *list = NULL;

	while (!problem) {
		struct node *n;

		if (nested && token_is("\n"))
			next_token_on_any_line();
		if (token_is(nested ? ")" : "\n") || token_is(""))
			break;
		n = parse_and_or();
		if (token_is("&"))
			n = node_new(BACKGROUND, n, NULL);
		list = list ? node_new(THEN, list, n) : n;
		if (token_is(";") || token_is("&"))
			next_token();
		else if (!nested || !token_is("\n"))
			break;
	}
	return list;
}

struct node *
parse(const char *line, enum problem *problem_out)
{
	struct node *n;

	problem = NONE;
	at = line;
	next_token();
	n = parse_list(false);
	if (!token_is("\n") && !token_is(""))
		fail();
	*problem_out = problem;
	return problem ? NULL : n;
}
