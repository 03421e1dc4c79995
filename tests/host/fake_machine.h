/*
 * Included before everything else in kernel code that asks for the hart it
 * runs on, which is answered by instructions that only RISC-V has: here they
 * are functions, which the test defines.
 */
#ifndef HOST_FAKE_MACHINE_H
#define HOST_FAKE_MACHINE_H

#define hart_this         riscv_hart_this
#define arch_irqs_on      riscv_irqs_on
#define arch_irqs_disable riscv_irqs_disable
#define arch_irqs_enable  riscv_irqs_enable
#define arch_ticks        riscv_ticks
#define arch_pause        riscv_pause

#include "arch/riscv/arch.h"
#include "core/hart.h"

#undef hart_this
#undef arch_irqs_on
#undef arch_irqs_disable
#undef arch_irqs_enable
#undef arch_ticks
#undef arch_pause

struct hart *hart_this(void);
bool arch_irqs_on(void);
bool arch_irqs_disable(void);
void arch_irqs_enable(void);
u64 arch_ticks(void);
void arch_pause(void);

#endif
