/* mmap and munmap: what they give, and what they refuse. */
#include "mem.h"

static bool
is_zero(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void
test_anonymous(void)
{
	char *p = anon(3), *q;

	is((uintptr_t)p % PAGE, 0, "it begins with a page");
	ok(is_zero(p, 3 * PAGE), "it is zero");
	memset(p, 1, 3 * PAGE);
	is(munmap(p, 3 * PAGE), 0, "munmap");
	ok(!is_mapped(p), "it is gone");
	q = must(mmap(p, 3 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	ok(q == p && is_zero(p, 3 * PAGE), "what comes after is zero again");
	is(munmap(p, 3 * PAGE), 0, "munmap");
	p = must(mmap(NULL, 100, RW, ANON, -1, 0));
	ok(is_zero(p, PAGE), "100 bytes are a page");
	is(munmap(p, 1), 0, "and one byte to be unmapped is, too");
	ok(!is_mapped(p), "all of it is gone");
	p = must(mmap(NULL, PAGE, RW, ANON, 77, 12345 * PAGE));
	is(*p, 0, "the descriptor and offset do not matter");
	must(munmap(p, PAGE));
}

static void
test_hints(void)
{
	char *free_place = anon(4), *p;

	must(munmap(free_place, 4 * PAGE));
	p = must(mmap(free_place, PAGE, RW, ANON, -1, 0));
	ok(p == free_place, "a hint is followed where nothing is");
	p = must(mmap(free_place, PAGE, RW, ANON, -1, 0));
	ok(p != free_place, "and not where something is");
	must(munmap(p, PAGE));
	p = must(mmap(free_place + 2 * PAGE + 5, PAGE, RW, ANON, -1, 0));
	is((uintptr_t)p % PAGE, 0, "one within a page gives a whole one");
	must(munmap(free_place, 4 * PAGE));
	p = mmap((void *)0x7ffffffff000, PAGE, RW, ANON, -1, 0);
	ok(p != MAP_FAILED, "one that cannot be is no error");
}

static void
test_fixed(void)
{
	char *p = anon(5), *q;

	memset(p, 7, 5 * PAGE);
	q = mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	ok(q == p + PAGE, "MAP_FIXED in the midst of another");
	ok(p[0] == 7 && q[0] == 0 && q[PAGE] == 7, "replaces its own page");
	is_errno(mmap(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL,
	    "not within a page");
	is(q[PAGE], 7, "which changes nothing");
	is_errno(mmap(p, PAGE, RW, MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL,
	    "neither shared nor private");
	is(p[0], 7, "which changes nothing");
	is_errno(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_FIXED, 77, 0), EBADF,
	    "no such file");
	is(p[0], 7, "which changes nothing");
	is_errno(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST,
	    "MAP_FIXED_NOREPLACE where something is");
	is_errno(
	    mmap(p - PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0),
	    EEXIST, "or partly is");
	is(p[0], 7, "which changes nothing");
	must(munmap(p + 2 * PAGE, PAGE));
	q = mmap(p + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	ok(q == p + 2 * PAGE, "in a hole it is like MAP_FIXED");
	must(munmap(p, 5 * PAGE));
}

static void
map_page_0(void)
{
	must(setresuid(1000, 1000, 1000));
	is_errno(mmap(NULL, PAGE, RW, ANON | MAP_FIXED, -1, 0), EPERM,
	    "a user can't map the first page");
}

static void
test_refusals(void)
{
	void *top = (void *)-PAGE;

	is_errno(mmap(NULL, 0, RW, ANON, -1, 0), EINVAL, "no length");
	is_errno(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL, "no type");
	is_errno(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF, "no file");
	is_errno(mmap(NULL, PAGE, RW, MAP_SHARED, 77, 0), EBADF, "none such");
	is_errno(mmap(NULL, -PAGE, RW, ANON, -1, 0), ENOMEM, "all there is");
	is_errno(mmap(NULL, 1ul << 60, RW, ANON, -1, 0), ENOMEM, "too much");
	is_errno(mmap(NULL, -1ul, RW, ANON, -1, 0), ENOMEM,
	    "a length that becomes 0 when rounded up");
	is_errno(mmap(top, PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
	    "at the end of all addresses");
	is_errno(
	    mmap((void *)0xffffffff80000000, PAGE, RW, ANON | MAP_FIXED, -1, 0),
	    ENOMEM, "in the kernel's half");
	is(wait_status(spawn(map_page_0)), 0, "nor come to harm in trying");
	is_errno(syscall(SYS_mmap, 0, PAGE, RW, ANON, -1, 100), EINVAL,
	    "an offset within a page");
}

/* The type with which a flag that is not known is an error. */
static void
test_validate(void)
{
	int fd = must(open("f", O_RDWR | O_CREAT, 0600));
	int type = MAP_SHARED_VALIDATE;
	char *p;

	must(ftruncate(fd, PAGE));
	p = must(mmap(NULL, PAGE, RW, type | MAP_NORESERVE, fd, 0));
	is(try_write(p), 0, "MAP_SHARED_VALIDATE of a file");
	must(munmap(p, PAGE));
	is_errno(mmap(NULL, PAGE, RW, type | 1 << 25, fd, 0), EOPNOTSUPP,
	    "and not with an unknown flag");
	is_errno(mmap(NULL, PAGE, RW, type | MAP_SYNC, fd, 0), EOPNOTSUPP,
	    "nor with MAP_SYNC");
	is_errno(
	    mmap(NULL, PAGE, RW, type | 1 << 25, 77, 0), EBADF, "of no file");
	p = mmap(NULL, PAGE, RW, MAP_SHARED | 1 << 25, fd, 0);
	ok(p != MAP_FAILED, "which MAP_SHARED does not mind");
	must(munmap(p, PAGE));
	is_errno(mmap(NULL, PAGE, RW, type | MAP_ANONYMOUS, -1, 0), EINVAL,
	    "nor without a file");
	is_errno(mmap(NULL, PAGE, RW, type | MAP_ANONYMOUS | 1 << 25, -1, 0),
	    EINVAL, "with an unknown flag or not");
	is_errno(mmap(NULL, -PAGE, RW, type | MAP_ANONYMOUS, -1, 0), ENOMEM,
	    "once the length was looked at");
	is_errno(mmap(NULL, 0, RW, type | MAP_ANONYMOUS, -1, 0), EINVAL,
	    "or there is none");
	p = anon(1);
	must(munmap(p, PAGE));
	is_errno(mmap(p, PAGE, RW, type | MAP_FIXED_NOREPLACE, fd, 0),
	    EOPNOTSUPP, "MAP_FIXED_NOREPLACE is not known to it");
	is(close(fd), 0, "close");
}

static void
test_munmap(void)
{
	char *p = anon(6);

	memset(p, 3, 6 * PAGE);
	is_errno(munmap(p + 1, PAGE), EINVAL, "not within a page");
	is_errno(munmap(p, 0), EINVAL, "no length");
	is_errno(munmap(p, -PAGE), EINVAL, "too much");
	is_errno(munmap((void *)-PAGE, PAGE), EINVAL, "at the end of all");
	is(munmap(p + PAGE, PAGE), 0, "a page out of the midst");
	ok(is_mapped(p) && !is_mapped(p + PAGE) && is_mapped(p + 2 * PAGE),
	    "goes alone");
	is(munmap(p + PAGE, PAGE), 0, "where nothing is, it is no error");
	is(munmap(p, 4 * PAGE), 0, "over a hole");
	ok(!is_mapped(p) && !is_mapped(p + 3 * PAGE), "all of it goes");
	ok(p[4 * PAGE] == 3 && p[5 * PAGE] == 3, "and no more");
	is(try_read(p), SIGSEGV, "what went cannot be read");
	is(munmap(p, 6 * PAGE), 0, "the rest");
}

/* Many separate mappings, made and taken away in different orders. */
static void
test_many(void)
{
	enum {
		N = 200
	};
	char *p = anon(2 * N);
	int good = 0;

	for (int i = 0; i < N; i++)
		must(munmap(p + 2 * i * PAGE, PAGE));
	for (int i = 0; i < N; i++)
		p[(2 * i + 1) * PAGE] = i;
	for (int i = 0; i < N; i++)
		good += p[(2 * i + 1) * PAGE] == (char)i &&
		    !is_mapped(p + 2 * i * PAGE);
	is(good, N, "%d mappings with holes between", N);
	for (int i = N - 1; i >= 0; i--)
		must(mmap(p + 2 * i * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	good = 0;
	for (int i = 0; i < N; i++)
		good +=
		    p[(2 * i + 1) * PAGE] == (char)i && p[2 * i * PAGE] == 0;
	is(good, N, "and the holes filled again");
	is(munmap(p, 2 * N * PAGE), 0, "all of it at once");
}

/* Reserving costs nothing; large and sparse use is no trouble. */
static void
test_large(void)
{
	const size_t gib = 1ul << 30;
	char *p = mmap(NULL, 16 * gib, RW, ANON | MAP_NORESERVE, -1, 0);

	ok(p != MAP_FAILED, "16 GiB can be mapped");
	for (int i = 0; i < 16; i++)
		p[i * gib + 123] = i + 1;
	for (int i = 0; i < 16; i++)
		is(p[i * gib + 123], i + 1, "a page in each GiB");
	is(p[gib / 2], 0, "nothing between");
	is(munmap(p, 16 * gib), 0, "and taken away");
}

TEST(mem_map)
{
	test_anonymous();
	test_hints();
	test_fixed();
	test_refusals();
	test_validate();
	test_munmap();
	test_many();
	test_large();
}

/* Neighbours that differ, so that each stays a mapping of its own. */
static int
map_up_to(char *at, int most)
{
	int n = 0;

	while (n < most &&
	    mmap(at + n * PAGE, PAGE, n % 2 ? PROT_READ : RW, ANON | MAP_FIXED,
		-1, 0) != MAP_FAILED)
		n++;
	return n;
}

static void
map_too_many(void)
{
	enum {
		TOO_MANY = 70000
	};
	char *at = anon(TOO_MANY);
	int n;

	must(munmap(at, TOO_MANY * PAGE));
	n = map_up_to(at, TOO_MANY);
	is(errno, ENOMEM, "a mapping too many is refused");
	ok(n > 65000 && n < 65536, "the limit is Linux's: %d", n);
	at[0] = 1;
	is(at[(n - 1) / 2 * 2 * PAGE], 0, "what is there can be used");
	is(munmap(at, n * PAGE), 0, "and all of it be taken away");
	is(map_up_to(at, 1), 1, "then there is room again");
}

TEST_NEEDS(mem_map_limit, 24)
{
	is(wait_status(spawn(map_too_many)), 0, "too many mappings");
}
