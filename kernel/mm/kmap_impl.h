/* What boot and the threads' owner need of kmap.c beside mm/kmap.h. */
#ifndef MM_KMAP_IMPL_H
#define MM_KMAP_IMPL_H

#include "lib/types.h"

/* Boot: the level-1 table that every root table links at KMAP_BASE. */
void kmap_init(u64 *table);

#endif
