/* What goes as a whole table goes without memory, shared or not. */
#include "fail.h"
#include "mem.h"

/*
 * A gibibyte with a page on each side, all of it shared with the parent: its
 * level-1 table is dropped as a whole, and nothing is copied for that.
 */
static void
drop_whole_table(bool unmap)
{
	size_t gib = 1ul << 30;
	char *at = (char *)0x2000000000;
	int err;

	must(mmap(at - PAGE, gib + 2 * PAGE, RW,
	    ANON | MAP_FIXED | MAP_NORESERVE, -1, 0));
	at[-1] = at[0] = at[gib - 1] = at[gib] = 1;
	if (must(fork()) == 0) {
		/* The list of regions, and the stack, are its own. */
		anon(1);
		fail_after(1, true);
		err = unmap ? munmap(at, gib) : madvise(at, gib, MADV_DONTNEED);
		fail_after(0, false);
		if (at[-1] != 1 || at[gib] != 1)
			_exit(2);
		if (unmap ? is_mapped(at) : at[0] || at[gib - 1])
			_exit(3);
		_exit(err != 0);
	}
	is(wait_status(-1), 0, "a whole table is %s without memory",
	    unmap ? "unmapped" : "emptied");
	must(munmap(at - PAGE, gib + 2 * PAGE));
}

TEST(calf_fail_drop)
{
	if (fail_after(0, false) < 0) {
		skip("only the debug build fails on purpose");
		return;
	}
	drop_whole_table(false);
	drop_whole_table(true);
	fail_audit();
}
