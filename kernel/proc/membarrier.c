/*
 * What a fence on another hart has to do, a flush of translations does already:
 * each hart that runs the process, or is about to, is interrupted, and what its
 * thread did before is seen by who asked when he goes on, and what he did
 * before he asked is seen by it afterwards (core/tlb.c: the release of the
 * acknowledgement pairs with the acquire of who waits, and the same in the
 * request).  A hart that runs something else has a full fence in its switch to
 * the process.
 */
#include "proc/membarrier.h"

#include <linux/membarrier.h>

#include "core/tlb.h"
#include "lib/atomic.h"
#include "mm/mm.h"
#include "proc/proc.h"

#define OFFERED                                                                \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |             \
	    MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |                         \
	    MEMBARRIER_CMD_PRIVATE_EXPEDITED |                                 \
	    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |                        \
	    MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |                       \
	    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

static bool
is_registered(u32 what)
{
	return (atomic_load(&proc_current()->membarrier) & what) != 0;
}

int
proc_membarrier(int cmd)
{
	struct proc *p = proc_current();

	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return OFFERED;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		/* All harts, whatever they run: who registered is one of them.
		 */
		tlb_flush_kernel();
		return 0;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		atomic_or(&p->membarrier, (u32)cmd);
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		if (!is_registered(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
			return -EPERM;
		tlb_flush(mm_space(p->mm));
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		if (!is_registered(
			MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE))
			return -EPERM;
		tlb_flush(mm_space(p->mm));
		tlb_flush_code(mm_space(p->mm));
		return 0;
	}
	return -EINVAL;
}
