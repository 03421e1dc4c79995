/* The kernel's own symbols, for its backtraces. */
#ifndef CORE_KSYMS_H
#define CORE_KSYMS_H

#include "lib/types.h"

/*
 * The function that addr lies in, and how far; NULL when it is not code of
 * the kernel or there is no table.
 */
const char *ksyms_find(u64 addr, u64 *offset);

#endif
