/*
 * Kernel memory that is contiguous only to look at: stacks, which have an
 * unmapped page below them, and large buffers.
 */
#ifndef MM_KMAP_H
#define MM_KMAP_H

#include "lib/types.h"

/* NULL when there is no memory.  Locks: no spin lock held. */
void *kmap_alloc(size_t nr_pages) MUST_CHECK;
void kmap_free(void *p);
bool kmap_contains(const void *p);

/* A stack of KSTACK_SIZE; freeing keeps some for the next.  May be called
 * with interrupts off. */
void *kstack_alloc(void) MUST_CHECK;
void kstack_free(void *stack);
/* Frees stacks kept beyond a sensible number.  Locks: interrupts on. */
void kstack_trim(void);
/* What an address in the kernel's half belongs to, for panic messages. */
const char *kmap_describe(u64 addr);

#endif
