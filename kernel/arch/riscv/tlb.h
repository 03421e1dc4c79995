/*
 * Translations that harts may hold, and how to be rid of them.
 *
 * A space has an address-space number (ASID) when a hart runs it first.  After
 * tlb_flush no hart holds a translation of the space made before the call:
 * harts that run it fence and acknowledge, harts that do not are marked and
 * fence before they run it again.
 */
#ifndef ARCH_RISCV_TLB_H
#define ARCH_RISCV_TLB_H

#include "lib/types.h"

/*
 * Locks: c fixed   a atomic   s the ASID lock
 */
struct tlb_space {
	pfn_t root;     /* c: the root table's frame */
	u64 asid;       /* a, written under s: generation << 16 | number */
	u64 may_hold;   /* a: harts that have run it */
	u64 must_flush; /* a: harts that fence before they run it again */
};

void tlb_space_init(struct tlb_space *s, pfn_t root);
/*
 * Makes this hart use s (NULL: the kernel's tables alone).
 * Locks: interrupts off.
 */
void tlb_switch(struct tlb_space *s);
/*
 * Locks: no spin lock, interrupts on: other harts may be flushing us.
 */
void tlb_flush(struct tlb_space *s);
/* The same for one leaf that changed; links need tlb_flush. */
void tlb_flush_page(struct tlb_space *s, uaddr_t va);
/* An entry became valid that was not: only this hart, the others will fault. */
void tlb_fence_local(struct tlb_space *s);
/* New code was written into pages of s: no hart fetches the old. */
void tlb_flush_code(struct tlb_space *s);
/* Kernel mappings went away, on all harts. */
void tlb_flush_kernel(void);
/* The flushing part of an interprocessor interrupt. */
void tlb_ipi(void);
void tlb_init(u64 kernel_satp);

#endif
