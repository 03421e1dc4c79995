/*
 * The firmware below us, by the SBI specification 1.0.  What the rest of the
 * kernel needs of it is declared in arch.h; here is what boot code needs.
 */
#ifndef ARCH_RISCV_SBI_H
#define ARCH_RISCV_SBI_H

#include "lib/types.h"

/* Extension numbers are their names in ASCII. */
#define SBI_EXT_TIME 0x54494d45ul
#define SBI_EXT_IPI  0x735049ul
#define SBI_EXT_HSM  0x48534dul
#define SBI_EXT_SRST 0x53525354ul

/* What sbi_hart_status may say. */
#define SBI_HART_STARTED 0
#define SBI_HART_STOPPED 1

/* Whether the firmware offers an extension. */
bool sbi_has(u64 extension);
/* A state of the HSM extension, or a negative errno for an unknown hart. */
int sbi_hart_status(u32 hartid) MUST_CHECK;

/*
 * Set by boot code, before the first timer, when the ISA string of every hart
 * names Sstc: then the timer is a register of ours and needs no firmware.
 */
extern bool arch_has_sstc;

/*
 * The register by which the emulator can be told to end with a status, where
 * the kernel sees it; NULL (as at the start) when the machine has none.
 */
void arch_set_finisher(void *reg);

#endif
