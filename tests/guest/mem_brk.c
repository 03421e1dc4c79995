/* brk: the heap's end, which answers with where it is, never with an error. */
#include "mem.h"

static char *
brk_raw(void *to)
{
	return (char *)syscall(SYS_brk, to);
}

static bool
zero(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void
test_grow(char *start)
{
	char *end = brk_raw(start + 3 * PAGE);

	ok(end == start + 3 * PAGE, "growing");
	ok(zero(start, 3 * PAGE), "gives zeroes");
	memset(start, 1, 3 * PAGE);
	ok(brk_raw(start + PAGE) == start + PAGE, "shrinking");
	ok(*start == 1, "keeps the rest");
	is(try_read(start + 2 * PAGE), SIGSEGV, "and takes away");
	ok(brk_raw(start + 3 * PAGE) == start + 3 * PAGE, "growing again");
	ok(zero(start + PAGE, 2 * PAGE), "gives zeroes again");
	ok(brk_raw(start + 3 * PAGE + 5) == start + 3 * PAGE + 5,
	    "it need not be a page's end");
	is(try_write(start + 3 * PAGE + 4), 0, "up to there at least");
	ok(brk_raw(start + 3 * PAGE + 9) == start + 3 * PAGE + 9,
	    "nor when growing within a page");
	is(start[3 * PAGE + 4], 1, "which keeps what is there");
}

static void
test_refusals(char *start)
{
	char *end = brk_raw(NULL), *block;

	ok(brk_raw((void *)PAGE) == end, "not below where it began");
	ok(brk_raw((void *)-PAGE) == end, "not into the kernel's half");
	ok(brk_raw((void *)(1ul << 50)) == end, "not beyond all memory");
	ok(brk_raw(NULL) == end, "and where it is remains");
	end = (char *)(((uintptr_t)end + PAGE - 1) & -PAGE);
	block = must(
	    mmap(end + 4 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	*block = 7;
	ok(brk_raw(end + 5 * PAGE) == brk_raw(NULL), "not into a mapping");
	is(*block, 7, "which is not touched");
	ok(brk_raw(end + 2 * PAGE) == end + 2 * PAGE, "up to near it");
	must(munmap(block, PAGE));
	ok(brk_raw(end + 6 * PAGE) == end + 6 * PAGE, "and on when it is gone");
	ok(brk_raw(start) == start, "all the way back");
}

static void
test_fork(char *start)
{
	pid_t pid;

	must(brk_raw(start + 2 * PAGE));
	start[5] = 5;
	pid = must(fork());
	if (pid == 0) {
		ok(brk_raw(NULL) == start + 2 * PAGE, "a child's is the same");
		is(start[5], 5, "with what is there");
		ok(brk_raw(start + 4 * PAGE) == start + 4 * PAGE, "it grows");
		start[3 * PAGE] = 1;
		ok(brk_raw(start) == start, "and shrinks");
		_exit(0);
	}
	is(wait_status(pid), 0, "by itself");
	ok(brk_raw(NULL) == start + 2 * PAGE, "the parent's stays");
	is(start[5], 5, "with what is there");
	is(try_read(start + 3 * PAGE), SIGSEGV, "and no more");
	brk_raw(start);
}

/* A hole made in the heap, and the heap's end moved across it. */
static void
test_hole(char *start)
{
	must(brk_raw(start + 6 * PAGE));
	memset(start, 2, 6 * PAGE);
	must(munmap(start + 2 * PAGE, PAGE));
	is(try_read(start + 2 * PAGE), SIGSEGV, "a hole in the heap");
	is(start[3 * PAGE], 2, "leaves what is behind it");
	must(mprotect(start + 4 * PAGE, PAGE, PROT_READ));
	is(try_write(start + 4 * PAGE), SIGSEGV, "a page can be protected");
	ok(brk_raw(start + PAGE) == start + PAGE, "shrinking across both");
	is(*start, 2, "leaves the rest");
	ok(brk_raw(start + 6 * PAGE) == start + 6 * PAGE, "and growing");
	ok(zero(start + PAGE, 5 * PAGE), "fills it all again");
	is(try_write(start + 4 * PAGE), 0, "to be written");
	brk_raw(start);
}

static void
test_large(char *start)
{
	enum {
		MIBS = 64
	};
	char *end = start + (MIBS << 20);
	int good = 0;

	ok(brk_raw(end) == end, "64 MiB");
	for (int i = 0; i < MIBS; i++)
		start[(i << 20) + 99] = i;
	for (int i = 0; i < MIBS; i++)
		good += start[(i << 20) + 99] == i && !start[(i << 20) + 5000];
	is(good, MIBS, "sparsely used");
	ok(brk_raw(start) == start, "and given back");
	is(try_read(start + 99), SIGSEGV, "wholly");
}

TEST(mem_brk)
{
	/* Above what the library's malloc may have, from a page's start. */
	char *start = (char *)(((uintptr_t)brk_raw(NULL) + PAGE - 1) & -PAGE);

	ok(brk_raw(start) == start, "brk says where the end is");
	test_grow(start);
	test_refusals(start);
	test_fork(start);
	test_hole(start);
	test_large(start);
}
