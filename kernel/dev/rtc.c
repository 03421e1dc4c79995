/* The goldfish RTC: two registers that together count nanoseconds since 1970.
 */
#include "dev/rtc.h"

#include "core/clock.h"
#include "lib/errno.h"
#include "lib/fdt.h"

/* Reading the low half latches the high one. */
#define TIME_LOW  0x00
#define TIME_HIGH 0x04
#define LEN_BYTES 0x08

int
rtc_init(const struct fdt *fdt, void *(*map)(paddr_t pa, u64 len_bytes))
{
	const struct fdt_node *n =
	    fdt_find_compatible(fdt, NULL, "google,goldfish-rtc");
	volatile u8 *regs;
	u64 pa, len_bytes, low, high;

	if (n == NULL || !fdt_enabled(fdt, n) ||
	    fdt_reg(fdt, n, 0, &pa, &len_bytes) < 0 || len_bytes < LEN_BYTES)
		return -ENODEV;
	regs = map(paddr(pa), len_bytes);
	if (regs == NULL)
		return -ENODEV;
	low = *(volatile u32 *)(regs + TIME_LOW);
	high = *(volatile u32 *)(regs + TIME_HIGH);
	clock_set_real(high << 32 | low);
	return 0;
}
