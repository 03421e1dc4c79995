/*
 * Calls into the firmware.  An extension that is missing answers with an
 * error, so a caller that has another way simply tries.
 */
#include "arch/riscv/sbi.h"

#include "arch/riscv/arch.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/errno.h"

#define SBI_EXT_BASE       0x10ul
#define SBI_LEGACY_PUTCHAR 0x01ul

#define BASE_PROBE_EXTENSION 3
#define HSM_HART_START       0
#define HSM_HART_STATUS      2
#define IPI_SEND             0
#define TIME_SET_TIMER       0
#define SRST_RESET           0

#define RESET_SHUTDOWN       0
#define RESET_COLD_REBOOT    1
#define RESET_REASON_NONE    0
#define RESET_REASON_FAILURE 1

/* As many harts as we may start, and one more. */
#define START_ORDERS 9

/* What QEMU's test finisher understands. */
#define FINISHER_FAIL   0x3333
#define FINISHER_PASS   0x5555
#define FINISHER_REBOOT 0x7777
/* The emulator's exit status after a failure. */
#define FAIL_STATUS 1u

bool arch_has_sstc;

static volatile u32 *finisher;

struct sbi_result {
	s64 error;
	u64 value;
};

static struct sbi_result
call(u64 extension, u64 function, u64 arg0, u64 arg1, u64 arg2)
{
	register u64 a0 __asm__("a0") = arg0;
	register u64 a1 __asm__("a1") = arg1;
	register u64 a2 __asm__("a2") = arg2;
	register u64 a6 __asm__("a6") = function;
	register u64 a7 __asm__("a7") = extension;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbi_result){.error = a0, .value = a1};
}

/* The specification's error numbers, negated, as ours. */
static int
error_to_errno(s64 error)
{
	static const u8 errnos[] = {
	    [1] = EIO,      /* failed */
	    [2] = ENOSYS,   /* not supported */
	    [3] = EINVAL,   /* invalid parameter */
	    [4] = EPERM,    /* denied */
	    [5] = EFAULT,   /* invalid address */
	    [6] = EALREADY, /* already available */
	    [7] = EALREADY, /* already started */
	    [8] = EALREADY, /* already stopped */
	};

	if (error >= 0)
		return 0;
	if (error <= -(s64)ARRAY_SIZE(errnos))
		return -EIO;
	return -errnos[-error];
}

bool
sbi_has(u64 extension)
{
	struct sbi_result r =
	    call(SBI_EXT_BASE, BASE_PROBE_EXTENSION, extension, 0, 0);

	return r.error == 0 && r.value != 0;
}

int
sbi_hart_status(u32 hartid)
{
	struct sbi_result r = call(SBI_EXT_HSM, HSM_HART_STATUS, hartid, 0, 0);

	return r.error < 0 ? error_to_errno(r.error) : (int)r.value;
}

/* For lost_hart in boot.S; the last one stays zero. */
struct start_order {
	u64 hartid;
	u64 arg; /* a, never 0: says that the order is whole */
} start_orders[START_ORDERS];

static void
note_order(u32 hartid, u64 arg)
{
	static u32 nr;

	assert(nr < START_ORDERS - 1 && arg != 0);
	start_orders[nr].hartid = hartid;
	/* Pairs with the fence in lost_hart. */
	atomic_store_release(&start_orders[nr].arg, arg);
	nr++;
}

int
arch_hart_start(u32 hartid, paddr_t entry, u64 arg)
{
	note_order(hartid, arg);
	return error_to_errno(
	    call(SBI_EXT_HSM, HSM_HART_START, hartid, entry.val, arg).error);
}

void
arch_ipi_send(u32 hartid)
{
	assert(!arch_irqs_on());
	/* A mask of one hart, counted from hartid. */
	call(SBI_EXT_IPI, IPI_SEND, 1, hartid, 0);
}

void
arch_timer_set(u64 ticks)
{
	if (arch_has_sstc)
		__asm__ volatile("csrw %0, %1" ::"i"(CSR_STIMECMP), "r"(ticks));
	else
		call(SBI_EXT_TIME, TIME_SET_TIMER, ticks, 0, 0);
}

void
arch_putchar_early(char c)
{
	call(SBI_LEGACY_PUTCHAR, 0, (u8)c, 0, 0);
}

void
arch_set_finisher(void *reg)
{
	finisher = reg;
}

/*
 * Forgets the register before it writes: if that faults, the panic which
 * follows comes here again and must not do the same.
 */
static void
finish(u32 word)
{
	volatile u32 *reg = finisher;

	finisher = NULL;
	if (reg != NULL)
		*reg = word;
}

static NORETURN void
halt(void)
{
	arch_irqs_disable();
	for (;;)
		arch_wait_for_interrupt();
}

NORETURN void
arch_power_off(void)
{
	call(SBI_EXT_SRST, SRST_RESET, RESET_SHUTDOWN, RESET_REASON_NONE, 0);
	finish(FINISHER_PASS);
	halt();
}

NORETURN void
arch_reboot(void)
{
	call(SBI_EXT_SRST, SRST_RESET, RESET_COLD_REBOOT, RESET_REASON_NONE, 0);
	finish(FINISHER_REBOOT);
	halt();
}

/* The finisher first: the firmware's way has no room for a status. */
NORETURN void
arch_fail(void)
{
	finish(FINISHER_FAIL | FAIL_STATUS << 16);
	call(SBI_EXT_SRST, SRST_RESET, RESET_SHUTDOWN, RESET_REASON_FAILURE, 0);
	halt();
}
