/*
 * Who called: the chain of frame pointers.  A function keeps its caller's
 * frame pointer at fp - 16 and its return address at fp - 8; stacks grow
 * down, so the chain only ever goes up, and never further than a stack.
 */
#include "arch/riscv/arch.h"
#include "lib/assert.h"

/* The largest stack there is: the one that the first hart boots on. */
#define MAX_STACK_BYTES 16384

static_assert(KSTACK_SIZE <= MAX_STACK_BYTES, "a backtrace would end early");

static bool
read_frame(u64 fp, u64 *caller_fp, u64 *ra)
{
	return is_aligned(fp, 8) && arch_probe_read(fp - 16, caller_fp) &&
	    arch_probe_read(fp - 8, ra);
}

/*
 * A function that calls nobody may keep only its caller's frame pointer, where
 * others keep the return address; then the chain goes on from there.
 */
size_t
arch_backtrace(u64 fp, u64 *pcs, size_t max)
{
	u64 end = fp + MAX_STACK_BYTES;
	u64 caller_fp, ra;
	size_t n = 0;

	while (n < max && read_frame(fp, &caller_fp, &ra) && ra != 0) {
		if (ra > fp && ra <= end) {
			fp = ra;
			continue;
		}
		pcs[n++] = ra;
		if (caller_fp <= fp || caller_fp > end)
			break;
		fp = caller_fp;
	}
	return n;
}
