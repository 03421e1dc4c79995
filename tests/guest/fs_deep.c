/*
 * Folders deeper than any path is long.  They can be made and left step by
 * step, and everything that speaks of paths must say that it can't.
 */
#include "files.h"

#define STEP_BYTES 200
#define STEPS      (PATH_MAX / STEP_BYTES + 2)

static char step[STEP_BYTES + 1];

static void
down(void)
{
	for (int i = 0; i < STEPS; i++) {
		must(mkdir(step, 0755));
		must(chdir(step));
	}
}

static void
up(void)
{
	for (int i = 0; i < STEPS; i++) {
		must(chdir(".."));
		must(rmdir(step));
	}
}

TEST(fs_deep)
{
	static char buf[4 * PATH_MAX];
	ino_t here = file_ino(".");

	memset(step, 'd', STEP_BYTES);
	down();
	ok(raw(getcwd, buf, sizeof(buf)) < 0, "no path leads here");
	ok(errno == ENAMETOOLONG || errno == ERANGE,
	    "getcwd says that it is too long");
	file_make("here", "x");
	ok(file_holds("here", "x"), "but files can be made here");
	ok(file_ino(".") != here, "far from where we started");
	must(unlink("here"));
	up();
	is(file_ino("."), here, "and one comes back by ..");
}
