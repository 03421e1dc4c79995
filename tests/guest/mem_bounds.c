/*
 * Ranges that are longer than memory, begin beyond it, or have holes: what
 * comes first of what can be wrong with them, and what is done all the same.
 */
#include "mem.h"

#define FAR   ((char *)(1ul << 61)) /* of no machine's */
#define LONG  (1ul << 61)
#define WRAPS (~0ul) /* rounded up to pages, nothing */
#define TOP   ((void *)~0xffful)

/* Five pages like that, one that can't be used, one to read, one like that, a
 * hole. */
static char *
patchwork(void)
{
	char *p = anon(16);

	must(mprotect(p + 5 * PAGE, PAGE, PROT_NONE));
	must(mprotect(p + 6 * PAGE, PAGE, PROT_READ));
	must(munmap(p + 8 * PAGE, PAGE));
	return p;
}

static void
test_populate(void)
{
	char *p = patchwork();

	is_errno(madvise(p, 16 * PAGE, MADV_POPULATE_READ), EINVAL,
	    "what may not be read comes before the hole");
	is_errno(madvise(p + 6 * PAGE, 4 * PAGE, MADV_POPULATE_READ), ENOMEM,
	    "where all may be read the hole counts");
	is_errno(madvise(p + 6 * PAGE, 4 * PAGE, MADV_POPULATE_WRITE), EINVAL,
	    "what may not be written comes before the hole");
	is_errno(madvise(p + 7 * PAGE, 4 * PAGE, MADV_POPULATE_WRITE), ENOMEM,
	    "where all may be written the hole counts");
	is_errno(madvise(p + 8 * PAGE, PAGE, MADV_POPULATE_READ), ENOMEM,
	    "nothing but a hole");
	must(munmap(p, 16 * PAGE));
}

static void
test_advise(void)
{
	char *p = anon(2);
	unsigned char vec[2];

	is_errno(madvise(p, WRAPS, MADV_NORMAL), EINVAL, "advice on too much");
	is_errno(madvise(p, -PAGE, MADV_NORMAL), EINVAL, "or around the end");
	is_errno(madvise(FAR, PAGE, MADV_NORMAL), ENOMEM, "or on nothing");
	is_errno(madvise(TOP, PAGE, MADV_NORMAL), EINVAL, "or at the end");
	is(madvise(FAR, 0, MADV_NORMAL), 0, "nothing of nothing");
	must(madvise(p, 2 * PAGE, MADV_NOHUGEPAGE));
	is(madvise(p, LONG, MADV_POPULATE_READ), -1, "more than there is");
	must(mincore(p, 2 * PAGE, vec));
	is((vec[0] & 1) + (vec[1] & 1), 2, "is done to what there is");
	must(munmap(p, 2 * PAGE));
}

static void
test_mincore(void)
{
	char *p = patchwork();
	unsigned char vec[64];

	is(mincore(p, 8 * PAGE, vec), 0, "mincore of regions");
	is_errno(mincore(p, 9 * PAGE, vec), ENOMEM, "and a hole");
	is_errno(mincore(p, 9 * PAGE, TOP), EFAULT,
	    "an answer that has no place comes before the hole");
	is_errno(mincore(p, 9 * PAGE, NULL), EFAULT, "wherever it has none");
	is_errno(mincore(p, 0, TOP), EFAULT, "even an empty one");
	is(mincore(p, 0, NULL), 0, "which needs no place");
	is_errno(mincore(p + 8 * PAGE, PAGE, NULL), ENOMEM,
	    "unless the hole is first");
	is_errno(mincore(p, WRAPS, vec), ENOMEM, "of too much");
	is_errno(mincore(p, LONG, TOP), ENOMEM, "which comes first");
	is_errno(mincore(FAR, 0, vec), ENOMEM, "of nothing out there");
	must(munmap(p, 16 * PAGE));
}

static void
test_sync(void)
{
	char *p = anon(2);

	is(msync(p, WRAPS, MS_SYNC), 0, "what wraps is nothing to be synced");
	is(msync(NULL, WRAPS, MS_SYNC), 0, "wherever");
	is_errno(msync(p, -PAGE, MS_SYNC), ENOMEM, "around the end");
	is_errno(msync(p, LONG, MS_SYNC), ENOMEM, "more than there is");
	is_errno(msync(TOP, PAGE, MS_SYNC), ENOMEM, "at the end");
	is(msync(TOP, 0, MS_SYNC), 0, "nothing of nothing");
	must(munmap(p, 2 * PAGE));
}

static void
test_remap(void)
{
	char *p = anon(2), *q = shared(2);
	char *other;

	is_errno(mremap(p, WRAPS, PAGE, 0), EINVAL, "no length, of private");
	q[0] = 7;
	other = mremap(q, WRAPS, PAGE, MREMAP_MAYMOVE);
	ok(other != MAP_FAILED && other[0] == 7, "of shared, its double");
	is_errno(mremap(p, LONG, PAGE, 0), EINVAL, "too much to cut off");
	is_errno(mremap(p, -PAGE, PAGE, 0), EINVAL, "around the end");
	is_errno(
	    mremap(p, -PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + PAGE),
	    EINVAL, "or to be moved");
	is_errno(mremap(p, LONG, 2 * LONG, MREMAP_MAYMOVE), EFAULT,
	    "too much that grows");
	ok(mremap(p, LONG, LONG, 0) == p, "or stays, is left as it is");
	is_errno(mremap(FAR, PAGE, PAGE, 0), EFAULT, "nothing out there");
	is_errno(mremap(TOP, 2 * PAGE, PAGE, 0), EFAULT, "nor at the end");
	is_errno(mremap(p, PAGE, WRAPS, MREMAP_MAYMOVE), EINVAL, "to nothing");
	ok(is_mapped(p) && is_mapped(p + PAGE), "it is all there");
	must(munmap(p, 2 * PAGE));
}

static void
test_lock(void)
{
	char *p = patchwork();

	is(mlock(p, WRAPS), 0, "what wraps is nothing to be locked");
	is(munlock(p, WRAPS), 0, "nor unlocked");
	is_errno(mlock(p, -PAGE), EINVAL, "around the end");
	is_errno(munlock(p, -PAGE), EINVAL, "likewise");
	is_errno(mlock(p, LONG), ENOMEM, "more than there is");
	is_errno(munlock(p, LONG), ENOMEM, "likewise");
	is_errno(munlock(p + 8 * PAGE, 1), ENOMEM, "a hole");
	must(munmap(p, 16 * PAGE));
}

TEST(mem_bounds)
{
	test_populate();
	test_advise();
	test_mincore();
	test_sync();
	test_remap();
	test_lock();
}
