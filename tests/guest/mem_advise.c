/* madvise: each advice's effect, also across fork. */
#include "mem.h"

static bool
all(const char *p, char c, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != c)
			return false;
	return true;
}

static char *
filled(int pages)
{
	return memset(anon(pages), 5, pages * PAGE);
}

static void
test_dontneed(void)
{
	char *p = filled(4), *q;
	int fd;

	is(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED), 0, "MADV_DONTNEED");
	ok(all(p + PAGE, 0, 2 * PAGE), "what was there is zero");
	ok(all(p, 5, PAGE) && all(p + 3 * PAGE, 5, PAGE), "nothing else is");
	is(try_write(p + PAGE), 0, "and it can be written");
	if (must(fork()) == 0) {
		must(madvise(p, 4 * PAGE, MADV_DONTNEED));
		ok(all(p, 0, 4 * PAGE), "in a child");
		_exit(0);
	}
	wait(NULL);
	ok(all(p, 5, PAGE), "it does nothing to the parent");
	must(munmap(p, 4 * PAGE));

	fd = must(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
	must(write(fd, "in the file", 11));
	p = must(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
	strcpy(p, "in memory");
	must(madvise(p, PAGE, MADV_DONTNEED));
	str_is(p, "in the file", "a private file mapping is the file's again");
	q = must(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0));
	memcpy(q, "by", 2);
	must(madvise(q, PAGE, MADV_DONTNEED));
	str_is(q, "by the file", "a shared one loses nothing");
	must(munmap(p, PAGE));
	must(munmap(q, PAGE));
	close(fd);
	p = shared(1);
	*p = 9;
	must(madvise(p, PAGE, MADV_DONTNEED));
	is(*p, 9, "nor does shared memory");
	must(munmap(p, PAGE));
}

static void
test_free(void)
{
	char *p = filled(2);

	is(madvise(p, 2 * PAGE, MADV_FREE), 0, "MADV_FREE");
	ok(all(p, 5, PAGE) || all(p, 0, PAGE), "what was there is, or is zero");
	p[PAGE] = 6;
	is(p[PAGE], 6, "what is written then stays");
	must(munmap(p, 2 * PAGE));
	p = shared(1);
	is_errno(madvise(p, PAGE, MADV_FREE), EINVAL, "not for shared memory");
	must(munmap(p, PAGE));
}

static void
test_dontfork(void)
{
	char *p = filled(3);

	is(madvise(p + PAGE, PAGE, MADV_DONTFORK), 0, "MADV_DONTFORK");
	if (must(fork()) == 0) {
		ok(!is_mapped(p + PAGE), "a child does not have it");
		ok(all(p, 5, PAGE) && all(p + 2 * PAGE, 5, PAGE),
		    "but what lies around it");
		ok(must(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0)),
		    "other things can be there");
		p[PAGE] = 8;
		_exit(0);
	}
	wait(NULL);
	ok(all(p, 5, 3 * PAGE), "the parent has it still");
	is(madvise(p, 3 * PAGE, MADV_DOFORK), 0, "MADV_DOFORK");
	if (must(fork()) == 0) {
		ok(all(p, 5, 3 * PAGE), "now a child has all of it");
		_exit(0);
	}
	wait(NULL);
	must(munmap(p, 3 * PAGE));
}

static void
test_wipeonfork(void)
{
	char *p = filled(3), *q;
	int fd = must(open("f", O_RDWR | O_CREAT, 0600));

	is(madvise(p + PAGE, PAGE, MADV_WIPEONFORK), 0, "MADV_WIPEONFORK");
	if (must(fork()) == 0) {
		ok(all(p + PAGE, 0, PAGE), "a child has zeroes there");
		ok(all(p, 5, PAGE) && all(p + 2 * PAGE, 5, PAGE),
		    "and what lies around it");
		memset(p, 7, 3 * PAGE);
		if (must(fork()) == 0) {
			ok(all(p + PAGE, 0, PAGE) && all(p, 7, PAGE),
			    "as has a child of the child");
			_exit(0);
		}
		wait(NULL);
		ok(all(p, 7, 3 * PAGE), "whose parent keeps its own");
		_exit(0);
	}
	wait(NULL);
	ok(all(p, 5, 3 * PAGE), "the parent keeps all");
	is(madvise(p, 3 * PAGE, MADV_KEEPONFORK), 0, "MADV_KEEPONFORK");
	if (must(fork()) == 0) {
		ok(all(p, 5, 3 * PAGE), "now a child has it too");
		_exit(0);
	}
	wait(NULL);
	must(munmap(p, 3 * PAGE));
	q = shared(1);
	is_errno(
	    madvise(q, PAGE, MADV_WIPEONFORK), EINVAL, "not for shared memory");
	must(munmap(q, PAGE));
	must(ftruncate(fd, PAGE));
	q = must(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
	is_errno(madvise(q, PAGE, MADV_WIPEONFORK), EINVAL, "nor for files");
	must(munmap(q, PAGE));
	close(fd);
}

static int
resident(const char *p, int pages)
{
	unsigned char vec[64];
	int n = 0;

	must(mincore((void *)p, pages * PAGE, vec));
	for (int i = 0; i < pages; i++)
		n += vec[i] & 1;
	return n;
}

static void
test_populate(void)
{
	char *p = anon(8), *q;

	is(resident(p, 8), 0, "nothing is there yet");
	is(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE), 0, "MADV_POPULATE_WRITE");
	is(resident(p, 4), 4, "brings four pages");
	is(madvise(p + 4 * PAGE, 4 * PAGE, MADV_POPULATE_READ), 0,
	    "MADV_POPULATE_READ");
	is(resident(p + 4 * PAGE, 4), 4, "brings four more");
	ok(all(p, 0, 8 * PAGE), "all zero");
	memset(p, 3, PAGE);
	must(madvise(p, PAGE, MADV_POPULATE_WRITE));
	ok(all(p, 3, PAGE), "what is there is left alone");
	must(mprotect(p, PAGE, PROT_READ));
	is_errno(madvise(p, PAGE, MADV_POPULATE_WRITE), EINVAL,
	    "not to be written: no");
	is(madvise(p, PAGE, MADV_POPULATE_READ), 0, "but to be read");
	must(mprotect(p, PAGE, PROT_NONE));
	is_errno(madvise(p, PAGE, MADV_POPULATE_READ), EINVAL, "or not even");
	must(mprotect(p + 6 * PAGE, PAGE, PROT_WRITE));
	must(madvise(p + 5 * PAGE, 2 * PAGE, MADV_DONTNEED));
	is_errno(madvise(p + 5 * PAGE, 2 * PAGE, MADV_POPULATE_READ), EINVAL,
	    "nor what may be written alone");
	is(resident(p + 5 * PAGE, 2), 1, "but what lies before it is there");
	is(madvise(p + 6 * PAGE, PAGE, MADV_POPULATE_WRITE), 0,
	    "which can be asked for to be written");
	must(munmap(p + PAGE, PAGE));
	is_errno(madvise(p + PAGE, PAGE, MADV_POPULATE_READ), ENOMEM,
	    "where nothing is");
	must(munmap(p, 8 * PAGE));
	q = must(mmap(NULL, 4 * PAGE, RW, ANON | MAP_POPULATE, -1, 0));
	is(resident(q, 4), 4, "MAP_POPULATE brings them too");
	must(munmap(q, 4 * PAGE));
}

static void
test_refusals(void)
{
	char *p = filled(3);

	is_errno(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL, "within a page");
	is_errno(madvise(p, PAGE, 12345), EINVAL, "no such advice");
	is_errno(madvise(p, -PAGE, MADV_DONTNEED), EINVAL, "too much");
	is(madvise(p, 0, MADV_DONTNEED), 0, "none at all");
	ok(all(p, 5, 3 * PAGE), "changes nothing");
	must(munmap(p + PAGE, PAGE));
	is_errno(madvise(p, 3 * PAGE, MADV_DONTNEED), ENOMEM, "over a hole");
	ok(all(p, 0, PAGE) && all(p + 2 * PAGE, 0, PAGE),
	    "it is done around the hole all the same");
	must(munmap(p, 3 * PAGE));
}

/* Hints, which change nothing that a program could see. */
static void
test_hints(void)
{
	static const int hints[] = {
	    MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED};
	char *p = filled(2);

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		is(madvise(p, 2 * PAGE, hints[i]), 0, "hint %d", hints[i]);
	ok(madvise(p, 2 * PAGE, MADV_HUGEPAGE) == 0 || errno == EINVAL,
	    "MADV_HUGEPAGE is taken, or unknown");
	ok(madvise(p, 2 * PAGE, MADV_NOHUGEPAGE) == 0 || errno == EINVAL,
	    "MADV_NOHUGEPAGE too");
	ok(all(p, 5, 2 * PAGE), "none changes anything");
	must(munmap(p, 2 * PAGE));
}

TEST(mem_advise)
{
	test_dontneed();
	test_free();
	test_dontfork();
	test_wipeonfork();
	test_populate();
	test_refusals();
	test_hints();
}
