/*
 * What the parts of the shell share: see user/sh.c.
 */
#ifndef USER_SH_H
#define USER_SH_H

#include <obstack.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define obstack_chunk_alloc malloc
#define obstack_chunk_free  free

/* Statuses that POSIX fixes; for a death by signal N, it is 128 + N. */
enum {
	FAILED = 1,
	USAGE = 2,
	CANNOT_RUN = 126,
	NOT_FOUND = 127,
	SIGNALLED = 128,
};

/* The shell itself, of which there is one. */
struct shell {
	bool interactive;
	int last_status; /* $? */
	pid_t pid;       /* $$, also in subshells */
	pid_t last_job;  /* $! */
	char **params;   /* $0 $1 ... */
	int nr_params;
	volatile sig_atomic_t interrupted;

	/*
	 * What a line needs, freed when it has been run: nodes and strings,
	 * and lists of strings.  (One object at a time grows in an obstack,
	 * until it is finished.)
	 */
	struct obstack memory, lists;
};

extern struct shell sh;

int complain(int status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ------------------------------------------------ parse.c */

struct redirection {
	struct redirection *next;
	char operator; /* < > a(ppend) & */
	int fd;
	char *word;
	int saved; /* while the shell itself is redirected: what fd was */
};

struct node {
	enum {
		COMMAND,
		SUBSHELL,
		PIPE,
		AND,
		OR,
		THEN,
		BACKGROUND
	} kind;
	struct node *left, *right;
	/* of a COMMAND; the last also of a SUBSHELL */
	char **words;       /* assignments first; up to NULL */
	int nr_assignments; /* of these */
	struct redirection *redirections;
};

/* Why a line has no tree: more must come, or it was wrong and that was said. */
enum problem {
	NONE,
	INCOMPLETE,
	WRONG
};

/* The tree of a line; NULL if it is empty or there is a problem. */
struct node *parse(const char *line, enum problem *problem);

bool is_assignment(const char *word);
size_t name_length(const char *s);

/* ------------------------------------------------ expand.c */

/* What a word means; NULL if it is nothing at all, not even "". */
char *expand(const char *word);

/* A command's words without its assignments, as an argument list. */
char **expand_arguments(const struct node *n);

#endif
