/*
 * Addresses that memory calls are given to work on, not to look at: ranges
 * that wrap, lie outside, or are not there.  And pointers that are only used
 * later: handlers, words to clear at exit.  (Stacks: sigframe_hostile.)
 */
#include "files.h"

#include <sched.h>

#define PAGE 4096L

static char *mine; /* four pages of ours, the third of them taken out */

static const unsigned long outside[] = {0x8000000000000000, 0xffffffc000000000,
    0xffffffff80000000, 0xfffffffffffff000};

/* ------------------------------------------------ ranges */

static void
unaligned(void)
{
	is_errno(raw(munmap, mine + 1, PAGE), EINVAL, "munmap");
	is_errno(raw(mprotect, mine + 1, PAGE, PROT_READ), EINVAL, "mprotect");
	is_errno(raw(madvise, mine + 1, PAGE, MADV_NORMAL), EINVAL, "madvise");
	is_errno(raw(msync, mine + 1, PAGE, MS_SYNC), EINVAL, "msync");
	is_errno(raw(mremap, mine + 1, PAGE, PAGE, 0), EINVAL, "mremap");
	is_errno(raw(mincore, mine + 1, PAGE, mine), EINVAL, "mincore");
	is_errno(raw(mmap, mine + 1, PAGE, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
	    EINVAL, "mmap of a fixed place");
}

static void
lengths(void)
{
	int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

	is_errno(raw(munmap, mine, 0), EINVAL, "munmap of nothing");
	is(raw(mprotect, mine, 0, PROT_READ), 0, "mprotect of nothing");
	is(raw(madvise, mine, 0, MADV_NORMAL), 0, "madvise of nothing");
	is(raw(msync, mine, 0, MS_SYNC), 0, "msync of nothing");
	is_errno(raw(mremap, mine, PAGE, 0, 0), EINVAL, "mremap to nothing");
	is_errno(raw(munmap, mine, SIZE_MAX), EINVAL, "munmap of -1 bytes");
	is_errno(raw(munmap, mine, 1L << 62), EINVAL, "of too many");
	is_errno(raw(mprotect, mine, SIZE_MAX, PROT_READ), ENOMEM,
	    "mprotect of -1 bytes");
	is_errno(raw(madvise, mine, SIZE_MAX, MADV_NORMAL), EINVAL,
	    "madvise of -1 bytes");
	is_errno(raw(mmap, 0, SIZE_MAX, PROT_READ, anonymous, -1, 0), ENOMEM,
	    "mmap of -1 bytes");
	is_errno(raw(mmap, 0, 1L << 62, PROT_READ, anonymous, -1, 0), ENOMEM,
	    "of more than there are");
	is_errno(raw(mremap, mine, PAGE, 1L << 62, MREMAP_MAYMOVE), ENOMEM,
	    "mremap to more than there are");
}

static void
holes(void)
{
	char *gap = mine + 2 * PAGE;

	is(raw(munmap, gap, PAGE), 0, "munmap of what is not there");
	is_errno(raw(mprotect, mine, 4 * PAGE, PROT_READ), ENOMEM,
	    "mprotect across a gap");
	is_errno(raw(madvise, mine, 4 * PAGE, MADV_NORMAL), ENOMEM,
	    "madvise across a gap");
	is_errno(
	    raw(msync, mine, 4 * PAGE, MS_SYNC), ENOMEM, "msync across a gap");
	is_errno(raw(mincore, mine, 4 * PAGE, mine + 3 * PAGE), ENOMEM,
	    "mincore across a gap");
	is_errno(raw(mremap, gap, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT,
	    "mremap of a gap");
	is_errno(raw(mremap, mine, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE), EFAULT,
	    "mremap across a gap");
}

static void
beyond(unsigned long at)
{
	int fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	is_errno(raw(munmap, at, PAGE), EINVAL, "munmap at %#lx", at);
	is_errno(
	    raw(mprotect, at, PAGE, PROT_READ), ENOMEM, "mprotect at %#lx", at);
	ok(raw(madvise, at, PAGE, MADV_NORMAL) == -1, "madvise at %#lx", at);
	is_errno(raw(mremap, at, PAGE, PAGE, 0), EFAULT, "mremap at %#lx", at);
	is_errno(raw(msync, at, PAGE, MS_SYNC), ENOMEM, "msync at %#lx", at);
	ok(raw(mincore, at, PAGE, mine) == -1, "mincore at %#lx", at);
	is_errno(raw(mmap, at, PAGE, PROT_READ, fixed, -1, 0), ENOMEM,
	    "mmap at %#lx", at);
	ok(raw(mmap, at, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		-1,
	    "mmap near %#lx is put elsewhere", at);
	is(raw(brk, at), raw(brk, 0), "brk to %#lx does nothing", at);
}

/* ------------------------------------------------ for later */

static unsigned long later;

static void
cleared_at_exit(void)
{
	raw(set_tid_address, later);
	_exit(0);
}

static void
walked_at_exit(void)
{
	must(raw(set_robust_list, later, 24));
	_exit(0);
}

static void
handler_there(void)
{
	unsigned long sa[3] = {later, 0, 0};

	must(raw(rt_sigaction, SIGUSR1, sa, 0, 8));
	raise(SIGUSR1);
}

static void
for_later(unsigned long at)
{
	later = at;
	lives(cleared_at_exit, "a word to clear at exit, at %#lx", at);
	lives(walked_at_exit, "a list to walk at exit, at %#lx", at);
	dies(SIGSEGV, handler_there, "a handler at %#lx", at);
}

/* clone's words are for the new process to find, and may not be there. */
static void
clone_words(unsigned long at)
{
	long flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
	    CLONE_CHILD_CLEARTID | SIGCHLD;
	long pid = raw(clone, flags, 0, at, 0, at);

	if (pid == 0)
		raw(exit_group, 0);
	ok(pid > 0, "clone with its words at %#lx", at);
	is(wait_status(pid), 0, "and the child ends well");
}

TEST(hostile_memory)
{
	mine = pages(4 * PAGE, PROT_READ | PROT_WRITE);
	must(munmap(mine + 2 * PAGE, PAGE));
	unaligned();
	lengths();
	holes();
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
		beyond(outside[i]);
		for_later(outside[i]);
		clone_words(outside[i]);
	}
	for_later(8);
	for_later((unsigned long)mine + 2 * PAGE + 16);
	clone_words(8);
}
