#include "core/ksyms.h"

/* What tools/mksyms writes: offsets from kernel_start, rising. */
struct ksym {
	u32 offset;
	u32 name; /* where it begins in ksyms_names */
};

extern const u32 ksyms_count;
extern const struct ksym ksyms_table[];
extern const char ksyms_names[];
extern const char kernel_start[];
extern const char kernel_rodata[]; /* where code ends */

const char *
ksyms_find(u64 addr, u64 *offset)
{
	u64 at = addr - (u64)kernel_start;
	u32 lo = 0;
	u32 hi = ksyms_count;

	if (at >= (u64)(kernel_rodata - kernel_start))
		return NULL;
	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (ksyms_table[mid].offset <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return NULL;
	*offset = at - ksyms_table[lo - 1].offset;
	return &ksyms_names[ksyms_table[lo - 1].name];
}
