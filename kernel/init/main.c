/*
 * From the first C function to the first process.  The only file that knows
 * all folders.
 *
 *	boot_main       on the boot stack, interrupts off: memory, harts, log
 *	start_user      in the first thread, where one may sleep: devices,
 *	                files, the other harts, process 1
 *	boot_hart_main  on each other hart
 */
#include "arch/riscv/arch.h"
#include "arch/riscv/irqchip.h"
#include "arch/riscv/sbi.h"
#include "core/clock.h"
#include "core/hart.h"
#include "core/panic.h"
#include "core/printk.h"
#include "core/random.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/timer.h"
#include "core/watchdog.h"
#include "dev/rtc.h"
#include "dev/uart.h"
#include "dev/virtio.h"
#include "fs/initramfs.h"
#include "fs/namei.h"
#include "fs/vfs.h"
#include "init/break.h"
#include "init/machine.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/audit.h"
#include "mm/frame.h"
#include "mm/kmap.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "proc/futex.h"
#include "proc/proc.h"
#include "proc/procfs.h"
#include "proc/session.h"
#include "proc/signalfd.h"

void boot_main(u32 hartid, u64 fdt_pa);
void boot_hart_main(struct hart *h);

static struct machine machine;
static struct thread idle_threads[MAX_HARTS];
static struct thread init_thread;

/* ---- the other harts ---------------------------------------------------- */

static void
start_this_hart(struct hart *h)
{
	csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
	atomic_store_release(&h->online, true);
	sched_start();
}

void
boot_hart_main(struct hart *h)
{
	tlb_init_hart();
	start_this_hart(h);
}

static void
start_other_harts(void)
{
	extern char later_hart[];
	paddr_t entry = kva_paddr(later_hart);
	u32 i;
	int err;

	for (i = 1; i < nr_harts; i++) {
		err = arch_hart_start(harts[i].hartid, entry, (u64)&harts[i]);
		if (err < 0)
			printk(
			    "hart %u does not start: %s\n", i, errno_name(err));
	}
}

/* ---- the first thread --------------------------------------------------- */

static void
init_devices(void)
{
	u32 boot_hartid = harts[0].hartid;
	int err = irqchip_init(&machine.fdt, boot_hartid, machine_map);

	if (err < 0)
		printk("no interrupt controller that calf knows: %s\n",
		    errno_name(err));
	virtio_init(&machine.fdt, machine_map);
	if (uart_register() < 0)
		printk("no serial port that calf knows\n");
	if (rtc_init(&machine.fdt, machine_map) < 0)
		printk("no clock that calf knows: it is 1970\n");
}

/* Process 1 finds its console open, as on Linux. */
static void
mount_devices(void)
{
	const struct fs_who *who = fs_who_kernel();
	int err = namei_mkdir(who, fs_name(NULL, "/dev"), 0755);

	if (err == 0 || err == -EEXIST)
		err = namei_mount(who, "devtmpfs", fs_name(NULL, "/dev"),
		    "devtmpfs", 0, NULL);
	if (err < 0)
		printk("/dev can't be mounted: %s\n", errno_name(err));
}

static void
init_files(void)
{
	struct mem_range *rd = &machine.initrd;

	vfs_init();
	proc_procfs_init(machine.cmdline);
	if (rd->start == rd->end)
		panic("there is no initrd, and so nothing to run");
	initramfs_unpack(paddr_kva(paddr(rd->start)), rd->end - rd->start);
	mount_devices();
	/* Its whole pages are memory like any other from now on. */
	frame_add_ram(paddr(rd->start), paddr(align_down(rd->end, PAGE_SIZE)));
}

/* The thread that booted has done its work. */
static void
release_init(struct thread *t)
{
	kstack_free(t->stack);
}

/* `watchdog=SECONDS`: whoever runs us would rather know than wait. */
static void
start_watchdog(void)
{
	char value[16];
	u64 seconds;

	if (machine_word(&machine, "watchdog", value, sizeof(value)) &&
	    str_to_u64(value, 10, NULL, &seconds) == 0)
		watchdog_start(seconds);
}

static void
start_user(void *arg)
{
	char path[256] = "/init";
	char value[16];
	int err;

	(void)arg;
	start_watchdog();
	mm_init();
	init_devices();
	futex_init();
	signalfd_init();
	proc_init();
	job_init();
	init_files();
	start_other_harts();
	if (machine_word(&machine, "panic_test", value, sizeof(value)))
		break_kernel(value);
	/* "init", as on Linux, is that of a disk, and user/init/root.c's. */
	(void)!machine_word(&machine, "rdinit", path, sizeof(path));
	err = proc_start_init(path, machine.cmdline,
	    machine_word(&machine, "strace", value, sizeof(value)));
	if (err < 0)
		panic("%s can't be started: %s", path, errno_name(err));
}

/* ---- the first hart ----------------------------------------------------- */

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

/* Words of the command line that change how the kernel itself behaves. */
static void
read_words(void)
{
	char value[64];

	if (machine_word(&machine, "calf_exec", value, sizeof(value)))
		printk_set_frame(value);
	if (machine_word(&machine, "quiet", value, sizeof(value)))
		printk_set_quiet(true);
}

static void
find_finisher(void)
{
	const struct fdt_node *node =
	    fdt_find_compatible(&machine.fdt, NULL, "sifive,test0");
	u64 addr, size;

	if (node != NULL && fdt_reg(&machine.fdt, node, 0, &addr, &size) == 0)
		arch_set_finisher(machine_map(paddr(addr), size));
}

void
boot_main(u32 hartid, u64 fdt_pa)
{
	extern char boot_stack[];

	nr_harts = 1;
	harts[0].hartid = hartid;
	/* Until the idle thread's stack takes over; see trap.S. */
	harts[0].kernel_sp = (u64)boot_stack + 16384;
	machine_probe(&machine, hartid, paddr(fdt_pa));
	find_finisher();
	read_words();
	clock_init(machine.timebase_hz);
	arch_has_sstc = machine.has_sstc;
	kernel_map_init(&machine.mem);
	panic_set_describe(kmap_describe);
	(void)!uart_init(&machine.fdt, machine_map);
	slab_init();
	init_harts();
	random_init(&machine.fdt);
	if (CONFIG_DEBUG)
		mm_audit_at_power_off();
	printk("calf: %u harts, %lu MiB of memory\n", nr_harts,
	    page_count >> (20 - PAGE_SHIFT));
	thread_init(
	    &init_thread, kstack_alloc(), start_user, NULL, release_init);
	init_thread.name = "init";
	thread_start(&init_thread);
	start_this_hart(&harts[0]);
}
