/* The size of a kernel stack, for C and assembly alike. */
#ifndef ARCH_RISCV_KSTACK_H
#define ARCH_RISCV_KSTACK_H

/* Debug code is bigger: the sanitizer's checks need room. */
#define KSTACK_PAGES (2 + 2 * CONFIG_DEBUG)
#define KSTACK_SIZE  (KSTACK_PAGES * 4096)

#endif
