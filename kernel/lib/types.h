/*
 * The words of the whole kernel: fixed-width integers, the three kinds of
 * address, and arithmetic on sizes that cannot surprise.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/*
 * Addresses are types of their own: a user address, a physical address and a
 * frame number can be neither mixed nor dereferenced.  A kernel pointer is the
 * only real pointer.
 */
typedef struct {
	u64 val;
} uaddr_t;

typedef struct {
	u64 val;
} paddr_t;

typedef struct {
	u64 val;
} pfn_t;

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ul << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)

static inline uaddr_t
uaddr(u64 val)
{
	return (uaddr_t){val};
}

static inline paddr_t
paddr(u64 val)
{
	return (paddr_t){val};
}

static inline pfn_t
pfn(u64 val)
{
	return (pfn_t){val};
}

static inline pfn_t
paddr_pfn(paddr_t pa)
{
	return pfn(pa.val >> PAGE_SHIFT);
}

static inline paddr_t
pfn_paddr(pfn_t f)
{
	return paddr(f.val << PAGE_SHIFT);
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member)                                        \
	((type *)((char *)(ptr)-offsetof(type, member)))

#define MIN(a, b)                                                              \
	({                                                                     \
		__typeof__(a) min_a = (a);                                     \
		__typeof__(b) min_b = (b);                                     \
		min_a < min_b ? min_a : min_b;                                 \
	})

#define MAX(a, b)                                                              \
	({                                                                     \
		__typeof__(a) max_a = (a);                                     \
		__typeof__(b) max_b = (b);                                     \
		max_a > max_b ? max_a : max_b;                                 \
	})

/* Both need a power of two for their unit; align_up may wrap to 0. */
static inline u64
align_down(u64 val, u64 unit)
{
	return val & ~(unit - 1);
}

static inline u64
align_up(u64 val, u64 unit)
{
	return (val + unit - 1) & ~(unit - 1);
}

static inline bool
is_aligned(u64 val, u64 unit)
{
	return (val & (unit - 1)) == 0;
}

#endif
