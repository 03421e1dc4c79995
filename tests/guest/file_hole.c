/* What was never written reads as zero, and takes no room. */
#include "files.h"

#define PAGE 4096L
#define HUGE (1L << 40) /* far beyond any memory */

static int fd;

/* Whether [from, to) of the file reads as `byte`. */
static bool
reads_as(off_t from, off_t to, char byte)
{
	static char buf[PAGE];

	while (from < to) {
		size_t want = to - from < PAGE ? to - from : PAGE;

		memset(buf, ~byte, sizeof(buf));
		if (pread(fd, buf, want, from) != (ssize_t)want)
			return false;
		for (size_t i = 0; i < want; i++)
			if (buf[i] != byte)
				return false;
		from += want;
	}
	return true;
}

static void
fill(off_t from, off_t to)
{
	char buf[PAGE];

	memset(buf, 'x', sizeof(buf));
	for (; from < to; from += PAGE) {
		size_t len = to - from < PAGE ? to - from : PAGE;

		ensure(pwrite(fd, buf, len, from) == (ssize_t)len);
	}
}

static long
blocks(void)
{
	struct stat st;

	must(fstat(fd, &st));
	return st.st_blocks;
}

static void
within_and_between_pages(void)
{
	is(pwrite(fd, "x", 1, 100), 1, "a byte at 100");
	ok(reads_as(0, 100, 0), "what lies before it is zero");
	is(pwrite(fd, "x", 1, 5 * PAGE - 1), 1, "a byte at a page's end");
	ok(reads_as(101, 5 * PAGE - 1, 0), "what lies between is zero");
	is(file_size("file"), 5 * PAGE, "and the size counts holes");
	is(blocks(), 2 * PAGE / 512, "st_blocks counts pages in use only");
}

static void
cut_and_grown(off_t to)
{
	must(ftruncate(fd, 0));
	fill(0, 3 * PAGE);
	must(ftruncate(fd, to));
	must(ftruncate(fd, 3 * PAGE));
	ok(reads_as(0, to, 'x'), "cut at %ld: what was kept is there", to);
	ok(reads_as(to, 3 * PAGE, 0), "cut at %ld: what was cut is zero", to);
	must(ftruncate(fd, to));
	must(pwrite(fd, "y", 1, 3 * PAGE));
	ok(reads_as(to, 3 * PAGE, 0), "cut at %ld: a later write too", to);
	is(file_size("file"), 3 * PAGE + 1, "cut at %ld: and sets the size",
	    to);
}

static void
very_far(void)
{
	char c;

	must(ftruncate(fd, 0));
	is(blocks(), 0, "an empty file has no blocks");
	is(ftruncate(fd, HUGE), 0, "a file of 1 TiB");
	is(file_size("file"), HUGE, "is that long");
	is(blocks(), 0, "and takes nothing");
	is(pwrite(fd, "x", 1, HUGE), 1, "a byte behind it");
	is(file_size("file"), HUGE + 1, "counts");
	is(blocks(), PAGE / 512, "and takes a page");
	is(pread(fd, &c, 1, HUGE), 1, "it can be read");
	is(c, 'x', "as it was written");
	ok(reads_as(HUGE / 2, HUGE / 2 + 10, 0), "the middle is zero");
	is(blocks(), PAGE / 512, "reading holes takes nothing");
	is(ftruncate(fd, HUGE), 0, "cut it off again");
	is(blocks(), 0, "its page is given back");
}

/* Many islands: look-ups that confuse pages would show here. */
static void
islands(void)
{
	enum {
		COUNT = 64
	};
	bool good = true;

	must(ftruncate(fd, 0));
	for (long i = COUNT - 1; i >= 0; i--) {
		off_t at = i * i * PAGE * 7 + i;

		ensure(pwrite(fd, &i, sizeof(i), at) == sizeof(i));
	}
	for (long i = 0; i < COUNT; i++) {
		long got = -1;

		good &= pread(fd, &got, sizeof(got), i * i * PAGE * 7 + i) ==
			sizeof(got) &&
		    got == i;
	}
	ok(good, "%d islands in one file keep what was written", COUNT);
}

TEST(file_hole)
{
	fd = must(open("file", O_CREAT | O_RDWR, 0600));
	within_and_between_pages();
	cut_and_grown(0);
	cut_and_grown(1);
	cut_and_grown(PAGE - 1);
	cut_and_grown(PAGE);
	cut_and_grown(PAGE + 1);
	cut_and_grown(2 * PAGE + 100);
	very_far();
	islands();
}
