#include <asm/unistd.h>

#include "sys/syscall.h"

#include "arch/riscv/upcall.h"
#include "core/printk.h"
#include "core/thread.h"
#include "lib/errno.h"
#include "mm/mm.h"
#include "sys/syscalls_gen.h"

#include "sys/syscalls_gen.c.h"

/* Numbers beyond the table that were logged are not remembered one by one. */
#define NR_LOGGED 512

static u64 logged[NR_LOGGED / 64]; /* a: a bit for each number */

static s64
unknown(u64 nr)
{
	u64 bit = 1ul << (nr & 63);

	if (nr < NR_LOGGED && !(atomic_or(&logged[nr / 64], bit) & bit))
		printk("system call %lu is not offered\n", nr);
	return -ENOSYS;
}

static const struct syscall *
find(u64 nr)
{
	if (nr >= ARRAY_SIZE(syscalls) || syscalls[nr].call == NULL)
		return NULL;
	return &syscalls[nr];
}

/* A call that found no memory has changed nothing, and can be made again. */
static NOINLINE s64
again(const struct syscall *call, const u64 *args)
{
	s64 result = -ENOMEM;
	u32 tries = 0;

	while (result == -ENOMEM && mm_find_room(&tries))
		result = call->call(args);
	return result;
}

static inline s64
run(const struct syscall *call, const u64 *args)
{
	s64 result = call->call(args);

	return unlikely(result == -ENOMEM) ? again(call, args) : result;
}

static NOINLINE s64
traced(const struct syscall *call, const u64 *args)
{
	s64 result;

	trace_enter(call, args);
	result = run(call, args);
	trace_exit(call, result);
	return result;
}

void
upcall_syscall(struct trap_frame *f)
{
	const u64 *args = &f->regs[REG_A0];
	const struct syscall *call = find(f->regs[REG_A7]);
	s64 result;

	f->orig_a0 = args[0];
	if (unlikely(call == NULL))
		result = unknown(f->regs[REG_A7]);
	else if (unlikely(
		     atomic_load(&thread_current()->notify) & NOTIFY_TRACE))
		result = traced(call, args);
	else
		result = run(call, args);
	f->regs[REG_A0] = result;
}
