/*
 * cowmap: an address space as a strip, one character for a page or a table.
 *
 * /proc/PID/cow tells the tree from the left.  Level-1 tables are headings;
 * below each stands a strip of its level-0 tables; and unless that would be
 * very long, strips of the pages, where there are any.
 */
#include "cowtop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE    4096ul
#define ENTRIES 512
#define COLUMNS 64

/* Level-0 tables whose pages are shown without being asked for: two screens. */
#define FEW_TABLES 16

/* One line of /proc/PID/cow. */
struct node {
	unsigned long start;
	int level;
	char kind[8];
	unsigned int nr;
	unsigned long refs;
	unsigned int reach;
	char state[8];
};

static const struct look {
	char letter;
	const char *color;
	const char *what;
} looks[] = {
    {'O', "32", "page owned alone"},
    {'S', "33", "page shared"},
    {'Z', "34", "the zero page"},
    {'F', "36", "page of a file or of shared memory"},
    {'T', "1;32", "table owned"},
    {'C', "35", "table shared, its link cold: untouched since a fork"},
    {'R', "31", "table shared and frozen: read since a fork"},
    {'U', "1;33", "table below a shared one, untouched"},
};

static bool colors;

static void
put(char letter)
{
	size_t i;

	for (i = 0; colors && i < sizeof(looks) / sizeof(looks[0]); i++) {
		if (looks[i].letter == letter) {
			printf("\033[%sm%c\033[0m", looks[i].color, letter);
			return;
		}
	}
	putchar(letter);
}

static char
letter_of(const struct node *n)
{
	if (n->level < 0) {
		if (!strcmp(n->kind, "zero"))
			return 'Z';
		if (!strcmp(n->kind, "file"))
			return 'F';
		return n->reach == 1 ? 'O' : 'S';
	}
	if (n->reach == 1)
		return 'T';
	if (strchr(n->state, 'f'))
		return 'R';
	return strchr(n->state, 'c') ? 'C' : 'U';
}

/* ---- strips ---------------------------------------------------------------
 */

/* A table's entries as letters; lines that are empty are left out. */
struct strip {
	unsigned long base;
	unsigned long span; /* bytes of an entry */
	char letters[ENTRIES];
	bool used;
};

static void
strip_begin(struct strip *s, unsigned long base, unsigned long span)
{
	s->base = base;
	s->span = span;
	s->used = false;
	memset(s->letters, '.', sizeof(s->letters));
}

static void
strip_put(struct strip *s, const struct node *n)
{
	unsigned long at = (n->start - s->base) / s->span;
	unsigned int nr = n->level < 0 ? n->nr : 1;

	for (; nr > 0 && at < ENTRIES; nr--)
		s->letters[at++] = letter_of(n);
	s->used = true;
}

static void
strip_print(const struct strip *s)
{
	for (int row = 0; s->used && row < ENTRIES; row += COLUMNS) {
		int i = 0;

		while (i < COLUMNS && s->letters[row + i] == '.')
			i++;
		if (i == COLUMNS)
			continue;
		printf("%010lx ", s->base + row * s->span);
		for (i = 0; i < COLUMNS; i++)
			put(s->letters[row + i]);
		putchar('\n');
	}
}

/* ---- the tree -------------------------------------------------------------
 */

static bool
parse(const char *line, struct node *n)
{
	return sscanf(line, "%lx %d %7s %u %lu %u %7s", &n->start, &n->level,
		   n->kind, &n->nr, &n->refs, &n->reach, n->state) == 7;
}

/* The next line's node; false at the end. */
static bool
next(char **text, struct node *n)
{
	char *line = *text;

	while (line != NULL && *line != '\0') {
		char *end = strchr(line, '\n');

		*text = end != NULL ? end + 1 : NULL;
		if (parse(line, n))
			return true;
		line = *text;
	}
	return false;
}

static void
print_heading(const struct node *n)
{
	printf("\n%010lx %s of %u, %s", n->start,
	    n->level == 2 ? "root" : "table", n->nr,
	    n->reach == 1 ? "owned" : "shared");
	if (n->reach > 1)
		printf(" with %u", n->reach - 1);
	if (strchr(n->state, 'c'))
		printf(", cold");
	if (strchr(n->state, 'f'))
		printf(", frozen");
	printf("; one letter is %s\n", n->level == 1 ? "2 MiB" : "1 GiB");
}

/* The strip of the tables right below those of the level. */
static void
print_tables(char *text, int level)
{
	struct strip s = {.used = false};
	struct node n;

	while (next(&text, &n)) {
		if (n.level == level) {
			strip_print(&s);
			print_heading(&n);
			strip_begin(&s, n.start,
			    level == 1 ? PAGE * ENTRIES
				       : PAGE * ENTRIES * ENTRIES);
		} else if (n.level == level - 1) {
			strip_put(&s, &n);
		}
	}
	strip_print(&s);
}

static void
print_pages(char *text)
{
	struct strip s = {.used = false};
	struct node n;

	printf("\npages; one letter is 4 KiB\n");
	while (next(&text, &n)) {
		if (n.level == 0) {
			strip_print(&s);
			strip_begin(&s, n.start, PAGE);
		} else if (n.level < 0) {
			strip_put(&s, &n);
		}
	}
	strip_print(&s);
}

static void
print_legend(void)
{
	size_t i;

	printf("\n");
	for (i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		put(looks[i].letter);
		printf("  %s\n", looks[i].what);
	}
}

static unsigned int
count_tables(char *text)
{
	unsigned int nr = 0;
	struct node n;

	while (next(&text, &n))
		nr += n.level == 0;
	return nr;
}

/* ---- the command ----------------------------------------------------------
 */

static const char usage_text[] =
    "usage: cowmap [-p | -t] PID\n"
    "\n"
    "Draws a process's page tables and pages: one letter each, in colours if\n"
    "the output is a terminal.\n"
    "\n"
    "  -p  pages in any case\n"
    "  -t  tables only, which is what large address spaces get unasked\n";

static int
usage(void)
{
	fprintf(stderr, "cowmap: see cowmap --help\n");
	return 2;
}

static int
draw(const char *pid, bool pages, bool tables)
{
	char path[64];
	char *text;

	snprintf(path, sizeof(path), "/proc/%s/cow", pid);
	text = slurp(path);
	if (text == NULL) {
		fprintf(stderr, "cowmap: process %s: %s\n", pid,
		    errno == ENOENT ? "there is none" : strerror(errno));
		return 1;
	}
	if (*text == '\0') {
		fprintf(stderr, "cowmap: process %s has no memory\n", pid);
		free(text);
		return 1;
	}
	colors = isatty(1);
	print_tables(text, 2);
	print_tables(text, 1);
	if (pages || (!tables && count_tables(text) <= FEW_TABLES))
		print_pages(text);
	print_legend();
	free(text);
	return 0;
}

int
map_main(int argc, char **argv)
{
	bool pages = false, tables = false;
	const char *pid;
	int c;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(usage_text, stdout);
		return 0;
	}
	while ((c = getopt(argc, argv, "pt")) != -1) {
		if (c == '?')
			return usage();
		pages |= c == 'p';
		tables |= c == 't';
	}
	pid = argv[optind];
	if (pid == NULL || argv[optind + 1] != NULL || (pages && tables))
		return usage();
	if (strcmp(pid, "self") &&
	    (*pid == '\0' || pid[strspn(pid, "0123456789")] != '\0')) {
		fprintf(stderr, "cowmap: '%s' is no process's number\n", pid);
		return 2;
	}
	return draw(pid, pages, tables);
}
