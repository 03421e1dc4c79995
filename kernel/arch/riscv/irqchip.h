/*
 * The interrupt controller for devices: a PLIC, as the RISC-V PLIC
 * specification 1.0 describes it.
 */
#ifndef ARCH_RISCV_IRQCHIP_H
#define ARCH_RISCV_IRQCHIP_H

#include "lib/types.h"

struct fdt;

/*
 * Finds the controller and silences it.  hartids[i] is hart i's number; map
 * says where the kernel sees a device's registers.
 * Errors: -ENODEV when the machine has none that we know, -EINVAL when its
 * description makes no sense.
 */
int irqchip_init(const struct fdt *fdt, const u32 *hartids, u32 nr_harts,
    void *(*map)(paddr_t pa, size_t len)) MUST_CHECK;
/* Lets the hart be interrupted; on each, at its start. */
void irqchip_init_hart(u32 hart);
/* -EINVAL for a number that it does not have, -ENODEV without a controller. */
int irqchip_enable(u32 nr) MUST_CHECK;
/* The number that the hart is to handle now, 0 for none. */
u32 irqchip_claim(u32 hart);
void irqchip_complete(u32 hart, u32 nr);

#endif
