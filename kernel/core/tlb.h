/*
 * Translations that harts may hold, and how to be rid of them.
 *
 * A space gets an address-space number (ASID) when a hart runs it first.
 * After tlb_flush no hart holds a translation of the space made before the
 * call: harts that run it fence and acknowledge; harts that do not are marked
 * and fence before they run it again.
 */
#ifndef CORE_TLB_H
#define CORE_TLB_H

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
 * s, which has not run yet, has the pages of from: a hart that has yet to
 * forget old code before it runs the one must do so for the other.
 */
void tlb_space_inherit(struct tlb_space *s, const struct tlb_space *from);
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
/*
 * An entry became valid, or wider: only this hart's old view goes, another
 * hart that holds the old one faults and comes to the same place.
 */
void tlb_fence_local(struct tlb_space *s);
/* New code was written into pages of s: no hart fetches the old. */
void tlb_flush_code(struct tlb_space *s);
/* Kernel mappings went away, on all harts. */
void tlb_flush_kernel(void);
/* The flushing part of an interprocessor interrupt. */
void tlb_ipi(void);
/* Boot: what satp is for the kernel's own tables, how many bits an ASID has. */
void tlb_init(u64 kernel_satp);
/* On each hart, at its start. */
void tlb_init_hart(void);

#endif
