/*
 * Kernel memory by the byte.  Any size: small ones share pages, a page's worth
 * is a frame, larger ones are mapped page by page.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "lib/types.h"

/* NULL when there is no memory.  Over PAGE_SIZE: no spin lock may be held. */
void *kmalloc(size_t len_bytes) MUST_CHECK;
void *kzalloc(size_t len_bytes) MUST_CHECK;
/* NULL is fine. */
void kfree(void *p);
void *kmemdup(const void *src, size_t len_bytes) MUST_CHECK;
char *kstrdup(const char *s) MUST_CHECK;

void slab_init(void);
/* Walks all slabs and panics at the first object that was written over. */
void slab_check(void);
/* Bytes in use by small objects, and the frames that hold them. */
void slab_stats(u64 *used_bytes, u64 *nr_frames);

#endif
