/* What the device tree says of the machine, for the boot to begin with. */
#ifndef INIT_MACHINE_H
#define INIT_MACHINE_H

#include "core/hart.h"
#include "lib/fdt.h"
#include "mm/kernel_map.h"

#define CMDLINE_MAX 2048

/*
 * struct machine: filled once at boot, by one hart, then only read.
 */
struct machine {
	struct mem_map mem;
	struct mem_range initrd; /* empty when there is none */
	struct fdt fdt;
	u32 hartids[MAX_HARTS]; /* of the harts that we use, this one first */
	u32 nr_harts;
	u64 timebase_hz;
	bool has_sstc;
	char cmdline[CMDLINE_MAX];
};

/* Panics with a full sentence when something is missing to go on with. */
void machine_probe(struct machine *m, u32 boot_hartid, paddr_t fdt);

/*
 * The value of a word `name=value` of the command line, cut to fit; false
 * when it is not there.  A word without a value has the empty one.
 */
bool machine_word(
    const struct machine *m, const char *name, char *value, size_t cap);

/* Where the kernel sees a device's registers; NULL if it does not. */
void *machine_map(paddr_t pa, u64 len_bytes);

#endif
