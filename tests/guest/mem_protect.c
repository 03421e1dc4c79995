/* mprotect: what can be done with a page, before and after. */
#include "mem.h"

#include <sys/mount.h>
#include <sys/stat.h>

static void
test_each(void)
{
	char *p = anon(1);

	*p = 5;
	is(mprotect(p, PAGE, PROT_READ), 0, "PROT_READ");
	is(*p, 5, "keeps what is there");
	is(try_write(p), SIGSEGV, "and no write");
	is(mprotect(p, PAGE, PROT_NONE), 0, "PROT_NONE");
	is(try_read(p), SIGSEGV, "no read");
	is(try_write(p), SIGSEGV, "no write");
	is(mprotect(p, PAGE, RW), 0, "and back");
	is(*p, 5, "what was there still is");
	is(try_write(p), 0, "and can be written");
	is(mprotect(p, PAGE, PROT_WRITE), 0, "PROT_WRITE alone");
	is(try_write(p), 0, "can be written");
	is(try_read(p), 0, "and, as everywhere, read");
	must(munmap(p, PAGE));
}

static void
test_split(void)
{
	char *p = anon(5);

	memset(p, 1, 5 * PAGE);
	is(mprotect(p + 2 * PAGE, PAGE, PROT_READ), 0, "the midst of five");
	for (int i = 0; i < 5; i++)
		is(try_write(p + i * PAGE), i == 2 ? SIGSEGV : 0, "page %d", i);
	is(mprotect(p + PAGE, 3 * PAGE, RW), 0, "over the borders");
	for (int i = 0; i < 5; i++)
		is(try_write(p + i * PAGE), 0, "page %d", i);
	is(mprotect(p, PAGE, PROT_NONE), 0, "the first");
	is(mprotect(p + 4 * PAGE, 1, PROT_NONE), 0, "one byte of the last");
	for (int i = 0; i < 5; i++)
		is(try_read(p + i * PAGE), i % 4 ? 0 : SIGSEGV, "page %d", i);
	must(munmap(p, 5 * PAGE));
}

static void
test_untouched(void)
{
	char *p = anon(2);

	must(mprotect(p, PAGE, PROT_READ));
	is(*p, 0, "a page never touched reads as zero");
	is(try_write(p), SIGSEGV, "and cannot be written");
	must(mprotect(p, PAGE, RW));
	is(try_write(p), 0, "until it may be");
	is(*p, 1, "and is");
	must(munmap(p, 2 * PAGE));
}

static void
test_refusals(void)
{
	char *p = anon(3);

	is_errno(mprotect(p + 1, PAGE, RW), EINVAL, "within a page");
	is_errno(mprotect(p, PAGE, 0x40), EINVAL, "no such protection");
	is(mprotect(p, 0, PROT_NONE), 0, "no length is no change");
	is(try_read(p), 0, "indeed");
	must(munmap(p + PAGE, PAGE));
	is_errno(mprotect(p, 3 * PAGE, PROT_NONE), ENOMEM, "over a hole");
	is(try_read(p), SIGSEGV, "what lies before it is changed");
	is(try_read(p + 2 * PAGE), 0, "what lies behind it is not");
	is_errno(mprotect(p + PAGE, PAGE, RW), ENOMEM, "only a hole");
	is_errno(mprotect(p, -PAGE, RW), ENOMEM, "too much");
	is_errno(mprotect((void *)0xffffffff80000000, PAGE, RW), ENOMEM,
	    "the kernel's half");
	is_errno(mprotect(p + 2 * PAGE, 1ul << 50, PROT_NONE), ENOMEM,
	    "more than there are addresses");
	is(try_read(p + 2 * PAGE), SIGSEGV, "which changes what there is");
	must(munmap(p, 3 * PAGE));
}

/* The file's mode bounds what a shared mapping may do. */
static void
test_files(void)
{
	int rd, rw = must(open("f", O_RDWR | O_CREAT, 0600));
	char *p;

	must(ftruncate(rw, PAGE));
	rd = must(open("f", O_RDONLY));
	p = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, rd, 0));
	is_errno(mprotect(p, PAGE, RW), EACCES,
	    "a shared mapping of what was opened to be read");
	must(munmap(p, PAGE));
	p = must(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, rd, 0));
	is(mprotect(p, PAGE, RW), 0, "a private one may be written");
	is(try_write(p), 0, "it can");
	must(munmap(p, PAGE));
	p = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, rw, 0));
	is(mprotect(p, PAGE, RW), 0, "as may one of what can be written");
	is(try_write(p), 0, "it can");
	must(munmap(p, PAGE));
	close(rd);
	close(rw);
}

/* What must not be run from where a file lies is not run later either. */
static void
test_noexec(void)
{
	int fd, types[] = {MAP_PRIVATE, MAP_SHARED};
	char *p;

	must(mkdir("m", 0700));
	must(mount("none", "m", "tmpfs", MS_NOEXEC, NULL));
	fd = must(open("m/f", O_RDWR | O_CREAT, 0700));
	must(ftruncate(fd, PAGE));
	for (int i = 0; i < 2; i++) {
		is_errno(
		    mmap(NULL, PAGE, PROT_READ | PROT_EXEC, types[i], fd, 0),
		    EPERM, "a file on a MS_NOEXEC mount is not mapped to run");
		p = must(mmap(NULL, 2 * PAGE, PROT_READ, types[i], fd, 0));
		is_errno(mprotect(p, PAGE, PROT_READ | PROT_EXEC), EACCES,
		    "nor is it to be run after mprotect");
		is_errno(mprotect(p, PAGE, PROT_EXEC), EACCES, "or alone");
		is(mprotect(p, PAGE, RW), 0, "but it may be written");
		must(munmap(p + PAGE, PAGE));
		p = must(mremap(p, PAGE, 3 * PAGE, MREMAP_MAYMOVE));
		is_errno(mprotect(p + PAGE, PAGE, PROT_EXEC), EACCES,
		    "nor when it has grown");
		must(munmap(p, 3 * PAGE));
	}
	close(fd);
	is(umount("m"), 0, "umount");
}

/* To where the region ends that grows: the stack's, and no other one's. */
static void
test_growing(void)
{
	char *p = anon(3), *stack = __builtin_frame_address(0);
	char *page = (char *)((uintptr_t)stack & -PAGE);

	is(try_write(page - 8 * PAGE), 0, "the stack grows");
	is_errno(mprotect(p, PAGE, RW | PROT_GROWSDOWN), EINVAL,
	    "PROT_GROWSDOWN for what does not grow");
	is_errno(
	    mprotect(p, PAGE, RW | PROT_GROWSUP), EINVAL, "nothing grows up");
	is_errno(mprotect(page, PAGE, RW | PROT_GROWSUP), EINVAL,
	    "not the stack either");
	is_errno(mprotect(p + 1, PAGE, RW | PROT_GROWSDOWN | PROT_GROWSUP),
	    EINVAL, "both");
	is(mprotect(p, 0, RW | PROT_GROWSDOWN), 0, "no length is no change");
	must(munmap(p + PAGE, PAGE));
	is_errno(
	    mprotect(p + PAGE, PAGE, RW | PROT_GROWSDOWN), ENOMEM, "a hole");
	is_errno(mprotect(p + PAGE, PAGE, RW | PROT_GROWSUP), ENOMEM,
	    "which goes before");
	is_errno(mprotect(p + PAGE, 2 * PAGE, RW | PROT_GROWSDOWN), EINVAL,
	    "but not if something is behind it");
	is_errno(mprotect(p + PAGE, 2 * PAGE, RW | PROT_GROWSUP), ENOMEM,
	    "for the one");
	must(munmap(p, 3 * PAGE));
	p = page - 8 * PAGE;
	is(mprotect(page, PAGE, RW | PROT_EXEC | PROT_GROWSDOWN), 0,
	    "the stack from a page down");
	is(try_run(p + 64), SIGILL, "down to where it begins: zeroes are run");
	is(mprotect(page, PAGE, RW | PROT_GROWSDOWN), 0, "and back");
	is(try_run(p + 64), SIGSEGV, "they are not any more");
}

static void
test_sem(void)
{
	char *p = anon(1);

	is(mprotect(p, PAGE, PROT_READ | 8), 0, "PROT_SEM means nothing");
	is(try_read(p), 0, "here");
	is(try_write(p), SIGSEGV, "at all");
	must(munmap(p, PAGE));
}

/* Protection is each process's own, though its pages are shared. */
static void
test_fork(void)
{
	char *p = anon(2);
	pid_t pid;

	memset(p, 3, 2 * PAGE);
	must(mprotect(p, PAGE, PROT_READ));
	pid = must(fork());
	if (pid == 0) {
		is(try_write(p), SIGSEGV, "a child has its parent's");
		must(mprotect(p, PAGE, RW));
		is(try_write(p), 0, "and may change it");
		must(mprotect(p + PAGE, PAGE, PROT_NONE));
		is(try_read(p + PAGE), SIGSEGV, "both ways");
		_exit(0);
	}
	is(wait_status(pid), 0, "for itself");
	is(try_write(p), SIGSEGV, "the parent's remains");
	ok(*p == 3 && p[PAGE] == 3, "with what is there");
	is(try_write(p + PAGE), 0, "and may");
	must(munmap(p, 2 * PAGE));
}

/* Back and forth many times, as garbage collectors do. */
static void
test_often(void)
{
	char *p = anon(64);
	int good = 0;

	for (int i = 0; i < 64; i++) {
		p[i * PAGE] = i;
		must(mprotect(p + i * PAGE, PAGE, PROT_READ));
	}
	for (int i = 0; i < 64; i++)
		good += try_write(p + i * PAGE + 1) == SIGSEGV;
	for (int i = 63; i >= 0; i--)
		must(mprotect(p + i * PAGE, PAGE, RW));
	for (int i = 0; i < 64; i++)
		good += p[i * PAGE] == i && try_write(p + i * PAGE + 1) == 0;
	is(good, 128, "64 pages one by one");
	must(munmap(p, 64 * PAGE));
}

TEST(mem_protect)
{
	test_each();
	test_split();
	test_untouched();
	test_refusals();
	test_files();
	test_noexec();
	test_growing();
	test_sem();
	test_fork();
	test_often();
}
