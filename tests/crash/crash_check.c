/*
 * crash_check: is what a crash has left what may have been left?
 *
 *	crash_check MARKS DIR
 *
 * MARKS is crash_image's, in the form of tests/guest/crash_ops.c; DIR has the
 * folders of those sequences, as they were read from the repaired image.  Each
 * must be as it was after one of the steps that are possible:
 *
 *  - not before the step that was durable, by the last mark seen;
 *  - not after the step under way, which is the first mark unseen.
 *
 * The names of a step must all be there, with the kinds of files and the
 * targets of links, and no others.  A file's bytes must be those that it had at
 * the last mark seen if they were durable then, and the step under way does not
 * write into it; a file that was unlinked by then may be there with its last
 * durable bytes.  About other files' bytes nothing was promised.
 *
 * Prints what is wrong.  Exit status: 0, 1 for what must not be, 2 for trouble.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MOST_ENTRIES = 128,
	MOST_STEPS = 1100,
	MOST_WRITTEN = 8, /* files that one step writes into */
	LINE_BYTES = 512,
};

struct entry {
	char path[128];
	char kind; /* d, l, f */
	char target[256];
	unsigned long ino;
	bool durable; /* its bytes */
	size_t size;
	unsigned long hash;
};

/* struct tree: of a mark, or as it was found. */
struct tree {
	int step, durable;
	char name[32];
	unsigned long written[MOST_WRITTEN];
	int nr_written;
	struct entry entries[MOST_ENTRIES];
	int nr_entries;
};

/* struct sequence: its marks, the last of which may not have been seen. */
struct sequence {
	int number;
	int nr_steps, nr_seen;
	struct tree *steps[MOST_STEPS];
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("crash_check: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static struct entry *
add_entry(struct tree *t)
{
	if (t->nr_entries == MOST_ENTRIES)
		die("too many files");
	return &t->entries[t->nr_entries++];
}

/* ------------------------------------------------ marks */

static void
parse_entry(struct tree *t, const char *line)
{
	struct entry *e = add_entry(t);
	char flag = 0;
	int n = sscanf(line, "e %127s %c %255s", e->path, &e->kind, e->target);

	if (n < 2)
		die("not understood: %s", line);
	if (e->kind != 'f')
		return;
	if (sscanf(line, "e %*s f %lu %c %zu %lx", &e->ino, &flag, &e->size,
		&e->hash) != 4)
		die("not understood: %s", line);
	e->target[0] = '\0';
	e->durable = flag == '=';
}

static void
parse_written(struct tree *t, const char *line)
{
	if (t->nr_written == MOST_WRITTEN ||
	    sscanf(line, "t %lu", &t->written[t->nr_written++]) != 1)
		die("not understood: %s", line);
}

static struct tree *
parse_head(struct sequence *s, const char *line)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t || s->nr_steps == MOST_STEPS)
		die("too many steps");
	if (sscanf(line, "calf-mark %d %d %d %31s", &s->number, &t->step,
		&t->durable, t->name) != 4)
		die("not understood: %s", line);
	s->steps[s->nr_steps++] = t;
	return t;
}

/* ------------------------------------------------ what is there */

static void
hash_file(const char *path, struct entry *e)
{
	static unsigned char buf[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	e->hash = 14695981039346656037ul;
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			e->hash = (e->hash ^ buf[i]) * 1099511628211ul;
		e->size += n;
	}
	if (n < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static void
look_at(struct tree *t, const char *full, const char *path)
{
	struct entry *e = add_entry(t);
	struct stat st;

	if (lstat(full, &st))
		die("%s: %s", full, strerror(errno));
	if (strlen(path) >= sizeof(e->path))
		die("%s: the path is too long", path);
	strcpy(e->path, path);
	if (S_ISREG(st.st_mode)) {
		e->kind = 'f';
		hash_file(full, e);
	} else if (S_ISLNK(st.st_mode)) {
		e->kind = 'l';
		if (readlink(full, e->target, sizeof(e->target) - 1) < 0)
			die("%s: %s", full, strerror(errno));
	} else {
		e->kind = S_ISDIR(st.st_mode) ? 'd' : '?';
	}
}

static void
look_into(struct tree *t, const char *dir, const char *below)
{
	char full[PATH_MAX], path[PATH_MAX];
	DIR *d = opendir(dir);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		snprintf(full, sizeof(full), "%s/%s", dir, de->d_name);
		snprintf(path, sizeof(path), "%s%s", below, de->d_name);
		look_at(t, full, path);
		if (t->entries[t->nr_entries - 1].kind == 'd') {
			strcat(path, "/");
			look_into(t, full, path);
		}
	}
	if (d)
		closedir(d);
}

/* ------------------------------------------------ judging */

static const struct entry *
find_path(const struct tree *t, const char *path)
{
	for (int i = 0; i < t->nr_entries; i++)
		if (!strcmp(t->entries[i].path, path))
			return &t->entries[i];
	return NULL;
}

static const struct entry *
find_ino(const struct tree *t, unsigned long ino)
{
	for (int i = 0; i < t->nr_entries; i++)
		if (t->entries[i].kind == 'f' && t->entries[i].ino == ino)
			return &t->entries[i];
	return NULL;
}

static bool
writes_into(const struct tree *t, unsigned long ino)
{
	for (int i = 0; i < t->nr_written; i++)
		if (t->written[i] == ino)
			return true;
	return false;
}

/*
 * The same file as it was seen last: a number that was nobody's in between is
 * another file's.
 */
static const struct entry *
seen_last(const struct sequence *s, int at, const struct entry *e)
{
	for (int i = at; i < s->nr_seen; i++)
		if (!find_ino(s->steps[i], e->ino))
			return NULL;
	return find_ino(s->steps[s->nr_seen - 1], e->ino);
}

/* What e, of step at, must have in it; NULL if nothing was promised. */
static const struct entry *
promised(const struct sequence *s, int at, const struct entry *e)
{
	const struct entry *last = seen_last(s, at, e);

	for (int i = s->nr_seen; i < s->nr_steps; i++)
		if (writes_into(s->steps[i], e->ino))
			return NULL;
	if (last)
		return last->durable ? last : NULL;
	for (int i = at + 1; i < s->nr_steps; i++)
		if (writes_into(s->steps[i], e->ino))
			return NULL;
	return e->durable ? e : NULL;
}

/* What differs, in words; NULL if nothing does. */
static const char *
difference(const struct sequence *s, int at, const struct tree *found)
{
	const struct tree *t = s->steps[at];
	static char words[256];

	for (int i = 0; i < t->nr_entries; i++) {
		const struct entry *e = &t->entries[i], *want;
		const struct entry *got = find_path(found, e->path);

		snprintf(words, sizeof(words), "%s is missing", e->path);
		if (!got)
			return words;
		snprintf(words, sizeof(words), "%s is another", e->path);
		if (got->kind != e->kind || strcmp(got->target, e->target))
			return words;
		want = e->kind == 'f' ? promised(s, at, e) : NULL;
		snprintf(words, sizeof(words), "%s has other bytes, %zu of %zu",
		    e->path, got->size, want ? want->size : 0);
		if (want &&
		    (got->size != want->size || got->hash != want->hash))
			return words;
	}
	for (int i = 0; i < found->nr_entries; i++) {
		snprintf(words, sizeof(words), "%s is too many",
		    found->entries[i].path);
		if (!find_path(t, found->entries[i].path))
			return words;
	}
	return NULL;
}

/* The index of the step with that number, or of the first that we have. */
static int
index_of(const struct sequence *s, int step)
{
	for (int i = 0; i < s->nr_steps; i++)
		if (s->steps[i]->step == step)
			return i;
	return 0;
}

static bool
judge(const struct sequence *s, const char *dir)
{
	struct tree *found = calloc(1, sizeof(*found));
	char path[PATH_MAX];
	int first;

	if (s->nr_seen == 0)
		return true;
	if (!found)
		die("out of memory");
	snprintf(path, sizeof(path), "%s/%05d", dir, s->number);
	look_into(found, path, "");
	first = index_of(s, s->steps[s->nr_seen - 1]->durable);
	for (int i = first; i < s->nr_steps; i++)
		if (!difference(s, i, found)) {
			free(found);
			return true;
		}
	printf("sequence %d is not as after any possible step:\n", s->number);
	for (int i = first; i < s->nr_steps; i++)
		printf("  step %d, %s: %s\n", s->steps[i]->step,
		    s->steps[i]->name, difference(s, i, found));
	free(found);
	return false;
}

static void
forget(struct sequence *s)
{
	while (s->nr_steps > 0)
		free(s->steps[--s->nr_steps]);
	s->nr_seen = 0;
}

static void
parse_line(struct sequence *s, struct tree **t, const char *line)
{
	if (!strncmp(line, "calf-mark ", 10))
		*t = parse_head(s, line);
	else if (!*t)
		die("not understood: %s", line);
	else if (line[0] == 'e')
		parse_entry(*t, line);
	else if (line[0] == 't')
		parse_written(*t, line);
	else
		die("not understood: %s", line);
}

int
main(int argc, char **argv)
{
	struct sequence s = {.number = -1};
	struct tree *t = NULL;
	char line[LINE_BYTES];
	bool unseen = false, good = true;
	FILE *f;

	f = argc == 3 ? fopen(argv[1], "r") : NULL;
	if (!f)
		die("usage: crash_check MARKS DIR");
	while (fgets(line, sizeof(line), f)) {
		int number;

		if (!strcmp(line, "unseen\n")) {
			unseen = true;
			continue;
		}
		if (sscanf(line, "calf-mark %d", &number) == 1 &&
		    number != s.number) {
			good &= judge(&s, argv[2]);
			forget(&s);
		}
		parse_line(&s, &t, line);
		if (!unseen)
			s.nr_seen = s.nr_steps;
	}
	good &= judge(&s, argv[2]);
	return good ? 0 : 1;
}
