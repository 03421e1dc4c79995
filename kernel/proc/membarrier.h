/* membarrier: fences on other harts, for who would rather not fence himself. */
#ifndef PROC_MEMBARRIER_H
#define PROC_MEMBARRIER_H

#include "lib/errno.h"
#include "lib/types.h"

/*
 * cmd: MEMBARRIER_CMD_* of the ABI.  0, or for a query what there is.
 * Errors: -EINVAL there is no such, -EPERM it was not registered for.
 */
int proc_membarrier(int cmd) MUST_CHECK;

#endif
