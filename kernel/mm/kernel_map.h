/* Boot: physical memory as the kernel sees it from then on. */
#ifndef MM_KERNEL_MAP_H
#define MM_KERNEL_MAP_H

#include "lib/types.h"

struct mem_range {
	u64 start; /* physical, bytes */
	u64 end;
};

#define MEM_RANGES 32

/*
 * What the machine has: RAM, and the parts of it that somebody uses.  Both
 * lists are sorted and free of overlaps once mem_map_init has run.
 */
struct mem_map {
	struct mem_range ram[MEM_RANGES];
	u32 nr_ram;
	struct mem_range used[MEM_RANGES];
	u32 nr_used;
};

void mem_add(struct mem_range *list, u32 *nr, u64 start, u64 end);

/*
 * Sets up page_array, the kernel's tables (which it switches to) and the
 * frame allocator; everything in used stays untouched, and can be given to
 * frame_add_ram later.
 */
void kernel_map_init(struct mem_map *map);

/*
 * Where the kernel sees a device's registers; NULL when they lie where it maps
 * no devices.
 */
void *kernel_map_device(paddr_t pa, u64 len_bytes);

#endif
