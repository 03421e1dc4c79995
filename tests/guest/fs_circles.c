/*
 * Names that change places while others go down the tree past them: each waits
 * for locks that another has, and no circle of those may close.  If one does,
 * the test hangs.  Which order is dangerous depends on where inodes lie in
 * memory, so each is tried with several.
 */
#include "files.h"

#include <fcntl.h>

/* Folders or files that one circle is made of, open before it begins. */
struct circle {
	int top; /* what `a` and `b` are in */
	int a;   /* a folder */
	int b;   /* another one */
	int c;   /* one in b */
};

static pid_t
start_deed(void (*deed)(const struct circle *), const struct circle *c, int n)
{
	pid_t pid = must(fork());

	if (pid > 0)
		return pid;
	while (n-- > 0)
		deed(c);
	_exit(0);
}

/* All of them, over and over, at once; how many did not come to their end. */
static int
run_deeds(void (*const *deeds)(const struct circle *), int nr_deeds,
    const struct circle *c, int n)
{
	pid_t pids[nr_deeds];
	int wrong = 0;

	for (int i = 0; i < nr_deeds; i++)
		pids[i] = start_deed(deeds[i], c, n);
	for (int i = 0; i < nr_deeds; i++)
		wrong += wait_status(pids[i]) != 0;
	return wrong;
}

/* ---- a file and a folder ------------------------------------------------ */

#define NR_PAIRS 8

/* Both have another name, by which they can be had meanwhile. */
static void
change_places(const struct circle *c)
{
	ensure(
	    raw(renameat2, c->top, "a", c->top, "file", RENAME_EXCHANGE) == 0);
}

static void
link_and_unlink(const struct circle *c)
{
	ensure(linkat(c->top, "other", c->a, "name", 0) == 0);
	ensure(unlinkat(c->a, "name", 0) == 0);
}

TEST(fs_circle_file)
{
	static void (*const deeds[])(const struct circle *) = {
	    change_places, link_and_unlink};
	struct circle c;
	char name[16];
	int tops[NR_PAIRS];

	/* Files before folders, folders before files, and all mixed. */
	for (int i = 0; i < NR_PAIRS; i++) {
		snprintf(name, sizeof(name), "top%d", i);
		must(mkdir(name, 0755));
		tops[i] = must(open(name, O_RDONLY | O_DIRECTORY));
		if (i % 2)
			must(mkdirat(tops[i], "a", 0755));
		close(must(openat(tops[i], "file", O_CREAT | O_RDWR, 0644)));
		must(linkat(tops[i], "file", tops[i], "other", 0));
	}
	for (int i = 0; i < NR_PAIRS; i += 2)
		must(mkdirat(tops[i], "a", 0755));
	for (int i = 0; i < NR_PAIRS; i++) {
		c.top = tops[i];
		c.a = must(openat(c.top, "a", O_RDONLY | O_DIRECTORY));
		is(run_deeds(deeds, 2, &c, 300), 0,
		    "a file and a folder, which gets names, change places");
		must(close(c.a));
		must(close(c.top));
	}
}

/* ---- folders beside one another ----------------------------------------- */

static void
change_folders(const struct circle *c)
{
	ensure(raw(renameat2, c->top, "a", c->top, "b", RENAME_EXCHANGE) == 0);
}

/* Holds what it is in, and the one that is moved. */
static void
move_below(const struct circle *c)
{
	ensure(renameat(c->b, "c", c->b, "d") == 0);
	ensure(renameat(c->b, "d", c->b, "c") == 0);
}

/* Holds both that it moves between. */
static void
move_between(const struct circle *c)
{
	ensure(renameat(c->c, "file", c->a, "file") == 0);
	ensure(renameat(c->a, "file", c->c, "file") == 0);
}

/* In this order the folders are made, and so perhaps lie in memory. */
static void
try_order(const char *order, int n)
{
	static void (*const deeds[])(const struct circle *) = {
	    change_folders, move_below, move_between};
	struct circle c;

	must(mkdir(order, 0755));
	c.top = must(open(order, O_RDONLY | O_DIRECTORY));
	for (const char *p = order; *p; p++) {
		char name[] = {*p, '\0'};

		must(mkdirat(c.top, name, 0755));
	}
	must(renameat(c.top, "c", c.top, "b/c"));
	c.a = must(openat(c.top, "a", O_RDONLY | O_DIRECTORY));
	c.b = must(openat(c.top, "b", O_RDONLY | O_DIRECTORY));
	c.c = must(openat(c.top, "b/c", O_RDONLY | O_DIRECTORY));
	close(must(openat(c.c, "file", O_CREAT | O_RDWR, 0644)));
	is(run_deeds(deeds, 3, &c, n), 0,
	    "folders change places while others move in and between them");
	must(close(c.a));
	must(close(c.b));
	must(close(c.c));
	must(close(c.top));
}

TEST(fs_circle_folders)
{
	static const char *const orders[] = {
	    "abc", "acb", "bac", "bca", "cab", "cba"};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		try_order(orders[i], 300);
}
