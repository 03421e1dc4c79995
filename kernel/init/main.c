/*
 * From the first C function to the first process.  The only file that knows
 * all folders.
 */
#include "arch/riscv/arch.h"
#include "arch/riscv/sbi.h"
#include "core/clock.h"
#include "core/hart.h"
#include "core/panic.h"
#include "core/printk.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/timer.h"
#include "init/machine.h"
#include "lib/string.h"
#include "mm/audit.h"
#include "mm/frame.h"
#include "mm/kmap.h"
#include "mm/mm.h"
#include "mm/slab.h"

void boot_main(u32 hartid, u64 fdt_pa);
void boot_hart_main(struct hart *h);

static struct machine machine;
static struct thread idle_threads[MAX_HARTS];
static struct thread init_thread;

static void
selftest(void)
{
	struct audit_result r;
	struct mm *mm, *child;
	uaddr_t at;
	u64 v = 0x1234;
	struct mm_map_args a = {.len_bytes = 4 << 20, .prot = 3};
	int err;

	err = mm_create(&mm);
	printk("create %d\n", err);
	err = mm_map(mm, &a, &at);
	printk("map %d %lx\n", err, at.val);
	mm_use(mm);
	err = mm_write(mm, at, &v, 8, false);
	printk("write %d\n", err);
	err = mm_fork(mm, &child);
	printk("fork %d\n", err);
	v = 5;
	err = mm_write(mm, at, &v, 8, false);
	err = mm_read(child, at, &v, 8);
	printk("child reads %d %lx\n", err, v);
	err = mm_read(mm, at, &v, 8);
	printk("parent reads %d %lx\n", err, v);
	err = mm_audit(&r);
	printk("audit %d mism %lu spaces %lu tables %lu pages %lu: %s\n", err,
	    r.mismatches, r.spaces, r.tables, r.pages, r.first);
	mm_use(NULL);
	mm_put(child);
	mm_put(mm);
	err = mm_audit(&r);
	printk("audit %d mism %lu spaces %lu tables %lu pages %lu: %s\n", err,
	    r.mismatches, r.spaces, r.tables, r.pages, r.first);
}

static void
start_user(void *arg)
{
	(void)arg;
	mm_init();
	selftest();
	panic("the end");
}

static void
start_this_hart(struct hart *h)
{
	csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
	atomic_store(&h->online, true);
	sched_start();
}

static void
init_harts(void)
{
	u32 i;

	nr_harts = machine.nr_harts;
	for (i = 0; i < nr_harts; i++) {
		void *stack = kstack_alloc();

		if (stack == NULL)
			panic("no memory for the stack of hart %u", i);
		harts[i].nr = i;
		harts[i].hartid = machine.hartids[i];
		sched_init_hart(&harts[i], &idle_threads[i], stack);
	}
}

void
boot_main(u32 hartid, u64 fdt_pa)
{
	nr_harts = 1;
	harts[0].hartid = hartid;
	harts[0].kernel_sp = (u64)__builtin_frame_address(0) + 64;
	machine_probe(&machine, hartid, paddr(fdt_pa));
	clock_init(machine.timebase_hz);
	arch_has_sstc = machine.has_sstc;
	kernel_map_init(&machine.mem);
	slab_init();
	init_harts();
	mm_audit_at_power_off();
	printk("calf: %u harts, %lu MiB\n", nr_harts, page_count >> 8);
	thread_init(&init_thread, kstack_alloc(), start_user, NULL, NULL);
	init_thread.name = "init";
	thread_start(&init_thread);
	start_this_hart(&harts[0]);
}

void
boot_hart_main(struct hart *h)
{
	tlb_init_hart();
	start_this_hart(h);
}
