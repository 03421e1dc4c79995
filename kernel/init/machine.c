#include "init/machine.h"
void
machine_probe(struct machine *m, u32 boot_hartid, paddr_t fdt)
{
	(void)fdt;
	mem_add(m->mem.ram, &m->mem.nr_ram, 0x80000000, 0x88000000);
	m->hartids[0] = boot_hartid;
	m->nr_harts = 1;
	m->timebase_hz = 10000000;
	m->has_sstc = true;
}
