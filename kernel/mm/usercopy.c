/*
 * Copies between kernel and user memory.  The range is checked here, the bytes
 * move in arch/riscv/usercopy.S, and what faults on the way is handled like
 * any fault of the user's own (upcall_kernel_fault).
 */
#include "mm/usercopy.h"

#include "core/hart.h"
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/layout.h"
#include "mm/mm.h"

bool
user_range_ok(uaddr_t addr, size_t len)
{
	return addr.val <= USER_TOP && len <= USER_TOP - addr.val;
}

/* A copy may wait for memory: nowhere that must not. */
static void
may_sleep(void)
{
	check(hart_this()->nr_spins == 0 && arch_irqs_on());
}

/*
 * How much of the range may be tried: up to the end of the user's half, so
 * that a range which runs beyond it fails where Linux has it fail.
 */
static size_t
part_in_user_half(uaddr_t addr, size_t len)
{
	if (addr.val >= USER_TOP)
		return 0;
	return len < USER_TOP - addr.val ? len : USER_TOP - addr.val;
}

static NOINLINE size_t
read_part(void *dst, uaddr_t src, size_t len)
{
	size_t part = part_in_user_half(src, len);

	return len - part + arch_user_read(dst, src.val, part);
}

static NOINLINE size_t
write_part(uaddr_t dst, const void *src, size_t len)
{
	size_t part = part_in_user_half(dst, len);

	return len - part + arch_user_write(dst.val, src, part);
}

size_t
user_read_some(void *dst, uaddr_t src, size_t len)
{
	may_sleep();
	return likely(user_range_ok(src, len))
	    ? arch_user_read(dst, src.val, len)
	    : read_part(dst, src, len);
}

size_t
user_write_some(uaddr_t dst, const void *src, size_t len)
{
	may_sleep();
	return likely(user_range_ok(dst, len))
	    ? arch_user_write(dst.val, src, len)
	    : write_part(dst, src, len);
}

int
user_read(void *dst, uaddr_t src, size_t len)
{
	may_sleep();
	if (!user_range_ok(src, len))
		return -EFAULT;
	return arch_user_read(dst, src.val, len) == 0 ? 0 : -EFAULT;
}

int
user_write(uaddr_t dst, const void *src, size_t len)
{
	may_sleep();
	if (!user_range_ok(dst, len))
		return -EFAULT;
	return arch_user_write(dst.val, src, len) == 0 ? 0 : -EFAULT;
}

int
user_read_string(char *dst, size_t cap, uaddr_t src, size_t *len_out)
{
	size_t part = part_in_user_half(src, cap);
	s64 len;

	may_sleep();
	len = arch_user_read_string(dst, src.val, part);
	if (len >= 0) {
		*len_out = len;
		return 0;
	}
	return len == -1 && part == cap ? -ENAMETOOLONG : -EFAULT;
}

int
user_load32(uaddr_t src, u32 *out)
{
	may_sleep();
	if (!user_range_ok(src, sizeof(u32)) || !arch_user_load32(src.val, out))
		return -EFAULT;
	return 0;
}

int
user_peek32(uaddr_t src, u32 *out)
{
	bool done;

	if (!user_range_ok(src, sizeof(u32)))
		return -EFAULT;
	/* With interrupts off the trap code mends nothing: see trap.c. */
	irq_push_off();
	done = arch_user_load32(src.val, out);
	irq_pop_off();
	return done ? 0 : -EFAULT;
}

int
user_cas32(uaddr_t dst, u32 *old, u32 new)
{
	may_sleep();
	if (!user_range_ok(dst, sizeof(u32)) ||
	    !arch_user_cas32(dst.val, old, new))
		return -EFAULT;
	return 0;
}

static void (*no_memory)(void);

void
usercopy_set_no_memory(void (*fn)(void))
{
	no_memory = fn;
}

bool
upcall_kernel_fault(uaddr_t addr, enum fault_access access)
{
	struct mm *mm = mm_current();
	int err = mm != NULL ? mm_fault(mm, addr, access) : -EFAULT;

	/* The call will say EFAULT, to a process that does not live to see it.
	 */
	if (err == -ENOMEM && no_memory != NULL)
		no_memory();
	return err == 0;
}
