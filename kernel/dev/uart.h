/* The serial port: the kernel's console, and the terminal on it. */
#ifndef DEV_UART_H
#define DEV_UART_H

#include "lib/types.h"

struct fdt;

/*
 * Finds the port that the device tree chose for output, or the first there is,
 * and makes it the sink of the kernel's log.
 * Locks: none.  Errors: -ENODEV there is none that we know and can reach.
 */
int uart_init(
    const struct fdt *fdt, void *(*map)(paddr_t pa, u64 len_bytes)) MUST_CHECK;
/*
 * Once interrupts and device registration work: the terminal on it.
 * Errors: -ENOMEM, -ENODEV when uart_init found none.
 */
int uart_register(void) MUST_CHECK;

#endif
