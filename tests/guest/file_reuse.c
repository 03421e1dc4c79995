/*
 * What is given back can be had again: files, pipes, descriptors and names, so
 * often that a machine of 32 MiB could not lose any of it.
 */
#include "files.h"

#define CHUNK_PAGES 256

/* Takes memory for a file, as cheaply as can be: a byte a page. */
static void
fill(int fd)
{
	for (int i = 0; i < CHUNK_PAGES; i++)
		ensure(pwrite(fd, "x", 1, i * 4096L) == 1);
}

static void
contents(void)
{
	for (int i = 0; i < 30; i++) {
		int fd = must(open("big", O_CREAT | O_RDWR, 0600));

		fill(fd);
		if (i % 3 == 0)
			must(ftruncate(fd, 0));
		else if (i % 3 == 1)
			must(unlink("big"));
		close(fd);
		if (i % 3 == 2)
			close(must(open("big", O_RDWR | O_TRUNC)));
	}
	ok(true, "30 files of 1 MiB, one after the other");
}

static void
full_pipes(void)
{
	static char buf[65536];

	for (int i = 0; i < 600; i++) {
		int p[2];

		must(pipe2(p, O_NONBLOCK));
		ensure(write(p[1], buf, sizeof(buf)) == sizeof(buf));
		close(p[0]);
		close(p[1]);
	}
	ok(true, "600 pipes that were full when they were closed");
}

static void
many_names(void)
{
	char name[200];

	memset(name, 'n', sizeof(name));
	for (int i = 0; i < 1500; i++) {
		snprintf(name + 180, 20, "%d", i);
		close(must(open(name, O_CREAT | O_RDWR, 0600)));
		must(unlink(name));
	}
	ok(true, "1500 files");
	for (int i = 0; i < 500; i++) {
		must(mkdir("d", 0700));
		must(symlink(name, "d/l"));
		must(unlink("d/l"));
		must(rmdir("d"));
	}
	ok(true, "500 folders with links");
}

/* Missing names may be remembered, but not for ever. */
static void
missing_names(void)
{
	char name[200];

	memset(name, 'm', sizeof(name));
	for (int i = 0; i < 1500; i++) {
		snprintf(name + 180, 20, "%d", i);
		ensure(access(name, F_OK) == -1 && errno == ENOENT);
	}
	ok(true, "1500 names that are not there");
}

static void
replaced(void)
{
	for (int i = 0; i < 10; i++) {
		int fd = must(open("new", O_CREAT | O_RDWR, 0600));

		fill(fd);
		close(fd);
		must(rename("new", "old"));
	}
	must(unlink("old"));
	ok(true, "10 files that replace each other");
}

static void
holder(void)
{
	int fd = must(open("held", O_CREAT | O_RDWR, 0600));

	must(unlink("held"));
	fill(fd);
	raise(SIGKILL);
}

static void
dead_holders(void)
{
	for (int i = 0; i < 10; i++)
		ensure(wait_status(spawn(holder)) == SIGKILL);
	ok(true, "10 files without a name whose only user was killed");
}

TEST_NEEDS(file_reuse, 8)
{
	contents();
	full_pipes();
	many_names();
	missing_names();
	replaced();
	dead_holders();
}
