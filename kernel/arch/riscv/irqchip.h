/*
 * The interrupt controller for devices: a PLIC, as the RISC-V PLIC
 * specification 1.0 describes it.
 */
#ifndef ARCH_RISCV_IRQCHIP_H
#define ARCH_RISCV_IRQCHIP_H

#include "lib/types.h"

struct fdt;

/*
 * Finds the controller and silences it.  All devices will interrupt one hart,
 * known to the device tree as hartid; map says where the kernel sees a
 * device's registers, or NULL.
 * Errors: -ENODEV the machine has none that we know or can reach, -EINVAL the
 * device tree's words about it make no sense.
 */
int irqchip_init(const struct fdt *fdt, u32 hartid,
    void *(*map)(paddr_t pa, u64 len_bytes)) MUST_CHECK;
/* Lets an interrupt through.  Errors: -EINVAL there is no such number. */
int irqchip_enable(u32 nr) MUST_CHECK;
/* The number that this hart is to handle now, 0 for none. */
u32 irqchip_claim(void);
void irqchip_complete(u32 nr);

#endif
