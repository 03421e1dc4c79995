/*
 * Where things lie (Sv39; the kernel has the upper half).
 *
 *	0000_0000_0000_0000  page 0, never mapped
 *	0000_003f_ffff_0000  end of what a user may map; 64 KiB stay empty
 *	0000_0040_0000_0000  end of the user's half
 *	ffff_ffc0_0000_0000  all physical memory, at its address plus this
 *	ffff_ffe0_0000_0000  kernel stacks and large buffers, page by page
 */
#ifndef MM_LAYOUT_H
#define MM_LAYOUT_H

#define USER_TOP      0x0000003fffff0000ul
#define USER_HALF_END 0x0000004000000000ul
#define DIRECT_BASE   0xffffffc000000000ul
#define DIRECT_SIZE   (96ul << 30)
#define KMAP_BASE     0xffffffe000000000ul
#define KMAP_SIZE     (1ul << 30)
/* Physical: devices lie below, RAM begins here or above. */
#define DEVICE_END 0x80000000ul

#endif
