/* mincore and msync. */
#include "mem.h"

static void
test_mincore(void)
{
	char *p = anon(4);
	unsigned char vec[4] = {0xff, 0xff, 0xff, 0xff};

	is(mincore(p, 4 * PAGE, vec), 0, "mincore");
	is(vec[0] | vec[1] | vec[2] | vec[3], 0, "nothing is there");
	p[2 * PAGE] = 1;
	must(mincore(p, 3 * PAGE + 1, vec));
	ok(!vec[0] && !vec[1] && (vec[2] & 1) && !vec[3],
	    "what was written is; lengths are rounded up");
	is(mincore(p, 0, NULL), 0, "no length, no answer");
	is_errno(mincore(p + 1, PAGE, vec), EINVAL, "within a page");
	is_errno(mincore(p, PAGE, NOWHERE), EFAULT, "an answer to nowhere");
	is_errno(mincore(p, -PAGE, vec), ENOMEM, "too much");
	must(munmap(p + PAGE, PAGE));
	is_errno(mincore(p, 4 * PAGE, vec), ENOMEM, "over a hole");
	is_errno(mincore(p + PAGE, PAGE, vec), ENOMEM, "only a hole");
	must(munmap(p, 4 * PAGE));
}

static void
test_mincore_file(void)
{
	int fd = must(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
	unsigned char vec;
	char *p;

	must(write(fd, "x", 1));
	p = must(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	(void)*(volatile char *)p;
	must(mincore(p, PAGE, &vec));
	is(vec & 1, 1, "a file's page that was read is there");
	must(munmap(p, PAGE));
	close(fd);
}

static void
test_msync(void)
{
	int fd = must(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
	char *p, buf[4] = "";

	must(ftruncate(fd, 3 * PAGE));
	p = must(mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0));
	memcpy(p, "abc", 3);
	is(msync(p, PAGE, MS_SYNC), 0, "MS_SYNC");
	must(pread(fd, buf, 3, 0));
	str_is(buf, "abc", "it is in the file");
	is(msync(p, 3 * PAGE, MS_ASYNC), 0, "MS_ASYNC");
	is(msync(p, 3 * PAGE, MS_SYNC | MS_INVALIDATE), 0, "MS_INVALIDATE");
	is(msync(p, 3 * PAGE, 0), 0, "no flag");
	is(msync(p, 0, MS_SYNC), 0, "no length");
	is_errno(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL, "both at once");
	is_errno(msync(p, PAGE, 0x80), EINVAL, "no such flag");
	is_errno(msync(p + 1, PAGE, MS_SYNC), EINVAL, "within a page");
	is_errno(msync(p, -PAGE, MS_SYNC), ENOMEM, "too much");
	must(munmap(p + PAGE, PAGE));
	is_errno(msync(p, 3 * PAGE, MS_SYNC), ENOMEM, "over a hole");
	is_errno(msync(p + PAGE, PAGE, MS_SYNC), ENOMEM, "only a hole");
	must(munmap(p, 3 * PAGE));
	p = anon(1);
	is(msync(p, PAGE, MS_SYNC), 0, "of memory: nothing to do");
	must(munmap(p, PAGE));
	close(fd);
}

TEST(mem_core)
{
	test_mincore();
	test_mincore_file();
	test_msync();
}
