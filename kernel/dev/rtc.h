/* The clock that runs while the machine is off. */
#ifndef DEV_RTC_H
#define DEV_RTC_H

#include "lib/types.h"

struct fdt;

/*
 * Sets the time of day from the machine's clock device.
 * Errors: -ENODEV there is none that we know and can reach: it is 1970.
 */
int rtc_init(
    const struct fdt *fdt, void *(*map)(paddr_t pa, u64 len_bytes)) MUST_CHECK;

#endif
