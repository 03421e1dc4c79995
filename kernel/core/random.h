/* Random bytes that nobody can guess, after enough was stirred in. */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include "lib/types.h"

struct fdt;

/* Boot: stirs in what the firmware left for this in the device tree. */
void random_init(const struct fdt *fdt);
void random_bytes(void *dst, size_t len);
u64 random_u64(void);
/* Stirs in something: device-tree seed, interrupt times, a device's bytes. */
void random_mix(const void *src, size_t len);
/* When an interrupt came: cheap, stirred in by and by.  Locks: any. */
void random_note_time(u64 ticks);

#endif
