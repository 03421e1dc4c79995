/*
 * A kernel that is wrong must stop and say where.  That can't be seen in one
 * that is right, so here are the ways to be wrong, each as small as it can be.
 */
#include "init/break.h"

#include "core/hart.h"
#include "core/panic.h"
#include "core/printk.h"
#include "core/spinlock.h"
#include "lib/string.h"
#include "mm/layout.h"

/* Kept from the compiler, which would see through the deed otherwise. */
static volatile u64 one = 1;

static void
break_assertion(void)
{
	assert(one == 0);
}

/* The page behind the kernel's own mappings. */
static void
store_nowhere(void)
{
	*(volatile u64 *)(KMAP_BASE + KMAP_SIZE) = one;
}

/* A user address outside the routines that may touch user memory. */
static void
store_to_user(void)
{
	*(volatile u64 *)(one << PAGE_SHIFT) = one;
}

static void
store_to_code(void)
{
	extern char kernel_start[];

	*(volatile char *)kernel_start = one;
}

static void
store_to_constant(void)
{
	extern char kernel_rodata[];

	*(volatile char *)kernel_rodata = one;
}

static void
run_data(void)
{
	static u32 just_return = 0x00008067; /* ret */
	/*
	 * Volatile, or the call names the place, and how long it is depends on
	 * how far that is: which the table of symbols in between changes.
	 */
	void (*volatile code)(void) = (void (*)(void))(u64)&just_return;

	code();
	one = 2; /* so that the call is one, and no jump */
}

static NOINLINE u64
sink(u64 depth)
{
	volatile u64 room[32];

	room[depth % ARRAY_SIZE(room)] = depth;
	if (one == 0)
		return depth;
	return sink(depth + 1) + room[0];
}

static void
overflow_stack(void)
{
	printk("came back from %lu calls\n", sink(0));
}

static void
take_twice(void) NO_LOCK_CHECK
{
	static struct spinlock lock = SPINLOCK_INIT(RANK_DEVICE);

	spin_lock(&lock);
	spin_lock(&lock);
	one = 2;
}

static void
take_out_of_order(void) NO_LOCK_CHECK
{
	static struct spinlock outer = SPINLOCK_INIT(RANK_DEVICE);
	static struct spinlock inner = SPINLOCK_INIT(RANK_UART);

	spin_lock(&inner);
	spin_lock(&outer);
	spin_unlock(&outer);
	spin_unlock(&inner);
}

static void
shift_too_far(void)
{
	printk("1 << 64 is %lu\n", one << (63 + one));
}

static void
index_too_far(void)
{
	static u64 room[4];

	printk("room[4] is %lu\n", room[3 + one]);
}

static const struct {
	const char *how;
	void (*run)(void);
	bool debug_only; /* the release build does not look for it */
} ways[] = {
    {"assert", break_assertion, false},
    {"nowhere", store_nowhere, false},
    {"user", store_to_user, false},
    {"code", store_to_code, false},
    {"constant", store_to_constant, false},
    {"run", run_data, false},
    {"stack", overflow_stack, false},
    {"twice", take_twice, true},
    {"order", take_out_of_order, true},
    {"shift", shift_too_far, true},
    {"index", index_too_far, true},
};

void
break_kernel(const char *how)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(ways[i].how, how) != 0)
			continue;
		if (CONFIG_DEBUG || !ways[i].debug_only)
			ways[i].run();
	}
	printk("panic_test=%s did not end the kernel\n", how);
}
