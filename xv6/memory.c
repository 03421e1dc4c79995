/*
 * The program's memory: pointers that may be bad, and the heap.
 *
 * The heap begins behind the stack and is one piece up to the break.  What
 * sbrk gives is there at once, or it fails and nothing has changed; with the
 * kernel's reserve (start.c) that is so before other programs want for memory.
 */
#include "layer.h"

#include <linux/mman.h>
#include <linux/signal.h>

/* What rt_sigprocmask does not know; it reads the new mask before it says so.
 */
#define NO_SUCH_HOW 99

/* Nothing of calf's may be mapped from here on. */
#define HEAP_END 0x3fff000000ul

static uint64 heap_break = (uint64)xv6_stack_end;

static uint64
page_up(uint64 at)
{
	return (at + PAGE - 1) & ~(PAGE - 1);
}

int
xv6_can_read(uint64 word)
{
	return word != 0 &&
	    LINUX4(__NR_rt_sigprocmask, NO_SUCH_HOW, word, 0, 8) == -EINVAL;
}

/* The mask that is written there is nobody's business.  0 would ask for none.
 */
static int
can_write_word(uint64 at)
{
	return at != 0 && LINUX4(__NR_rt_sigprocmask, SIG_BLOCK, 0, at, 8) == 0;
}

int
xv6_can_write(uint64 at, uint64 len)
{
	uint64 last = at + len - 8;

	for (; at < last; at += 8)
		if (!can_write_word(at))
			return 0;
	return can_write_word(last);
}

long
xv6_string_length(const char *s, long cap)
{
	uint64 at = (uint64)s;
	long len;

	for (len = 0; len < cap; len++, at++) {
		if ((len == 0 || at % PAGE == 0) && !xv6_can_read(at & ~7ul))
			return -1;
		if (*(volatile const char *)at == '\0')
			return len;
	}
	return -1;
}

static int
map(uint64 from, uint64 to, int lazy)
{
	long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

	if (from == to)
		return 0;
	if (LINUX6(__NR_mmap, from, to - from, PROT_READ | PROT_WRITE, flags,
		-1, 0) != (long)from)
		return -1;
	if (lazy ||
	    LINUX3(__NR_madvise, from, to - from, MADV_POPULATE_WRITE) == 0)
		return 0;
	LINUX2(__NR_munmap, from, to - from);
	return -1;
}

/* A size that wraps round is no smaller one, and changes nothing. */
static uint64
shrink(uint64 to)
{
	uint64 old = heap_break;

	if (to >= old)
		return old;
	heap_break = to;
	if (page_up(to) < page_up(old))
		LINUX2(__NR_munmap, page_up(to), page_up(old) - page_up(to));
	return old;
}

CALL char *
sys_sbrk(int n, int how)
{
	uint64 old = heap_break;
	uint64 want = old + (long)n;

	if (n < 0)
		return (char *)shrink(want);
	if (want > HEAP_END ||
	    map(page_up(old), page_up(want), how == LAZY) < 0)
		return (char *)-1;
	heap_break = want;
	return (char *)old;
}

CALL char *
sbrk(int n)
{
	return sys_sbrk(n, SBRK_KIND);
}
