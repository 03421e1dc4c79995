/*
 * Page-table words of Sv39, and what calf writes into them.
 *
 *	 63..54  53..10  9..8  7  6  5  4  3  2  1  0
 *	 zero    frame   soft  D  A  G  U  X  W  R  V
 *
 * V=1, any of RWX   leaf: a mapped page
 * V=1, none of RWX  link: a table one level down
 * all zero          empty
 * V=0, bit 8        cold link: a table one level down that hardware must not
 *                   walk, because it may hold writable leaves and is shared
 * V=0, bit 9        hidden leaf: a page that is there and may not be touched
 *                   (PROT_NONE); Sv39 has no leaf without any right
 *
 * This file knows the encoding and decides nothing.
 */
#ifndef ARCH_RISCV_PT_H
#define ARCH_RISCV_PT_H

#include "lib/atomic.h"
#include "lib/types.h"

#define PTE_V      (1ul << 0)
#define PTE_R      (1ul << 1)
#define PTE_W      (1ul << 2)
#define PTE_X      (1ul << 3)
#define PTE_U      (1ul << 4)
#define PTE_G      (1ul << 5)
#define PTE_A      (1ul << 6)
#define PTE_D      (1ul << 7)
#define PTE_COLD   (1ul << 8)
#define PTE_HIDDEN (1ul << 9)

#define PTE_RWX       (PTE_R | PTE_W | PTE_X)
#define PTE_PFN_SHIFT 10
#define PTE_PFN_MASK  (((1ul << 44) - 1) << PTE_PFN_SHIFT)

#define PT_LEVELS       3 /* level 2 is the root, leaves of 4 KiB are at level 0 */
#define PT_ENTRIES      512
#define PT_USER_ENTRIES 256 /* of the root: the lower half is the user's */

/* Bytes that one entry of a table at this level covers. */
static inline u64
pt_span(int level)
{
	return PAGE_SIZE << (9 * level);
}

static inline u32
pt_index(uaddr_t va, int level)
{
	return (va.val >> (PAGE_SHIFT + 9 * level)) & (PT_ENTRIES - 1);
}

/* rwx 0 makes a hidden leaf.  A is preset, and D wherever W is: some harts trap
 * instead of setting them. */
static inline u64
pt_leaf(pfn_t f, u64 rwx)
{
	if (rwx == 0)
		return f.val << PTE_PFN_SHIFT | PTE_HIDDEN;
	return f.val << PTE_PFN_SHIFT | rwx | PTE_U | PTE_A | PTE_V |
	    ((rwx & PTE_W) ? PTE_D : 0);
}

static inline u64
pt_kernel_leaf(pfn_t f, u64 rwx)
{
	return f.val << PTE_PFN_SHIFT | rwx | PTE_G | PTE_A | PTE_D | PTE_V;
}

static inline u64
pt_link(pfn_t f)
{
	return f.val << PTE_PFN_SHIFT | PTE_V;
}

static inline u64
pt_cold(pfn_t f)
{
	return f.val << PTE_PFN_SHIFT | PTE_COLD;
}

/* A link, cold already or not, made cold. */
static inline u64
pt_chill(u64 word)
{
	return (word & ~PTE_V) | PTE_COLD;
}

static inline pfn_t
pt_pfn(u64 word)
{
	return pfn((word & PTE_PFN_MASK) >> PTE_PFN_SHIFT);
}

static inline bool
pt_is_empty(u64 word)
{
	return word == 0;
}

static inline bool
pt_is_leaf(u64 word)
{
	return (word & PTE_V) && (word & PTE_RWX);
}

static inline bool
pt_is_hidden(u64 word)
{
	return (word & (PTE_V | PTE_HIDDEN)) == PTE_HIDDEN;
}

static inline bool
pt_is_link(u64 word)
{
	return (word & (PTE_V | PTE_RWX)) == PTE_V;
}

static inline bool
pt_is_cold(u64 word)
{
	return (word & (PTE_V | PTE_COLD)) == PTE_COLD;
}

static inline u64
pt_load(const u64 *entry)
{
	return atomic_load_acquire(entry);
}

/* What the entry leads to was filled before; walkers see it filled. */
static inline void
pt_store(u64 *entry, u64 word)
{
	atomic_store_release(entry, word);
}

/*
 * Takes a leaf's W away and tells what it is then; other words stay.  Atomic,
 * because hardware may set A and D in the same word at any time.  D goes too:
 * it means nothing without W.  Relaxed: who says afterwards that W is gone, or
 * relies on it, fences.
 */
static inline u64
pt_write_protect(u64 *entry)
{
	return atomic_and_relaxed(entry, ~(PTE_W | PTE_D)) & ~(PTE_W | PTE_D);
}

#endif
