/* The files of /proc that are about the whole machine. */
#include <linux/stat.h>

#include "core/clock.h"
#include "core/irq.h"
#include "core/load.h"
#include "core/times.h"
#include "dev/block.h"
#include "dev/chardev.h"
#include "fs/fs_context.h"
#include "fs/lock.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "proc/procfs.h"
#include "proc/procfs_view.h"
#include "proc/uts.h"

#define NS_PER_TICK (NSEC_PER_SEC / 100) /* USER_HZ */
#define PAGE_KIB    (PAGE_SIZE / 1024)

static const char *boot_cmdline = "";

/* ---- memory and time ----------------------------------------------------- */

static void
print_kib(struct seq *s, const char *name, u64 pages)
{
	char label[24];

	fmt_snprint(label, sizeof(label), "%s:", name);
	seq_print(s, "%-16s%8lu kB\n", label, pages * PAGE_KIB);
}

static int
show_meminfo(struct seq *s, struct procfs_key key)
{
	struct frame_stats f;
	u64 stored;

	(void)key;
	frame_stats(&f);
	stored = MIN(object_nr_stored(), f.kinds[PAGE_CACHE]);
	print_kib(s, "MemTotal", f.total - f.kinds[PAGE_RESERVED]);
	print_kib(s, "MemFree", f.free);
	print_kib(s, "MemAvailable", f.free + stored);
	print_kib(s, "Buffers", 0);
	print_kib(s, "Cached", f.kinds[PAGE_CACHE]);
	print_kib(s, "SwapCached", 0);
	print_kib(s, "SwapTotal", 0);
	print_kib(s, "SwapFree", 0);
	print_kib(s, "AnonPages", f.kinds[PAGE_ANON]);
	/* What no disk has: files of tmpfs, and shared memory. */
	print_kib(s, "Shmem", f.kinds[PAGE_CACHE] - stored);
	print_kib(s, "Slab", f.kinds[PAGE_SLAB]);
	print_kib(s, "SReclaimable", 0);
	print_kib(s, "SUnreclaim", f.kinds[PAGE_SLAB]);
	print_kib(s, "PageTables", f.kinds[PAGE_TABLE]);
	return 0;
}

/* Of all harts. */
static u64
total_ns(enum hart_time what)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < nr_harts; i++)
		sum += times_read_ns(&harts[i], what);
	return sum;
}

static void
print_seconds(struct seq *s, u64 ns, char end)
{
	seq_print(s, "%lu.%02lu%c", ns / NSEC_PER_SEC,
	    ns % NSEC_PER_SEC / NS_PER_TICK, end);
}

static int
show_uptime(struct seq *s, struct procfs_key key)
{
	(void)key;
	print_seconds(s, clock_mono_ns(), ' ');
	print_seconds(s, total_ns(TIME_IDLE), '\n');
	return 0;
}

/* The hart's times are Linux's columns; of the last four there is nothing. */
static void
print_times(struct seq *s)
{
	u32 i, what;

	seq_puts(s, "cpu ");
	for (what = 0; what < NR_HART_TIMES; what++)
		seq_print(s, " %lu", total_ns(what) / NS_PER_TICK);
	seq_puts(s, " 0 0 0 0\n");
	for (i = 0; i < nr_harts; i++) {
		seq_print(s, "cpu%u", i);
		for (what = 0; what < NR_HART_TIMES; what++)
			seq_print(s, " %lu",
			    times_read_ns(&harts[i], what) / NS_PER_TICK);
		seq_puts(s, " 0 0 0 0\n");
	}
}

/* All, timers and messages too; then each number of the controller's. */
static void
print_interrupts(struct seq *s)
{
	u64 sum = 0, one;
	u32 i;

	for (i = 0; i < nr_harts; i++)
		sum += atomic_load(&harts[i].nr_interrupts);
	seq_print(s, "intr %lu", sum);
	for (i = 0; irq_count(i, &one); i++)
		seq_print(s, " %lu", one);
	seq_puts(s, "\n");
}

static int
show_stat(struct seq *s, struct procfs_key key)
{
	u64 switches = 0;
	u32 disk_waits = 0;
	u32 i;

	(void)key;
	print_times(s);
	print_interrupts(s);
	for (i = 0; i < nr_harts; i++) {
		switches += atomic_load(&harts[i].nr_switches);
		disk_waits += atomic_load(&harts[i].nr_disk_waits);
	}
	seq_print(s, "ctxt %lu\nbtime %lu\nprocesses %lu\n", switches,
	    clock_boot_real_ns() / NSEC_PER_SEC,
	    atomic_load(&nr_forks_total) + 1);
	seq_print(s, "procs_running %u\nprocs_blocked %u\n", load_nr_running(),
	    disk_waits);
	return 0;
}

/*
 * As Linux has it: requests, those that were merged, sectors, milliseconds, of
 * reads, writes and discards; then flushes.  Times are not kept, nor what is
 * under way; nothing is merged.
 */
static void
print_disk(struct blockdev *dev, void *arg)
{
	const u64 *nr = dev->nr_requests, *bytes = dev->nr_bytes;

	seq_print(arg,
	    "%4u %7u %s %lu 0 %lu 0 %lu 0 %lu 0 0 0 0 %lu 0 %lu 0 %lu 0\n",
	    dev_major(dev->dev), dev_minor(dev->dev), dev->name,
	    atomic_load(&nr[BLOCK_READ]),
	    atomic_load(&bytes[BLOCK_READ]) >> SECTOR_SHIFT,
	    atomic_load(&nr[BLOCK_WRITE]),
	    atomic_load(&bytes[BLOCK_WRITE]) >> SECTOR_SHIFT,
	    atomic_load(&nr[BLOCK_DISCARD]),
	    atomic_load(&bytes[BLOCK_DISCARD]) >> SECTOR_SHIFT,
	    atomic_load(&nr[BLOCK_FLUSH]));
}

static int
show_diskstats(struct seq *s, struct procfs_key key)
{
	(void)key;
	block_for_each(print_disk, s);
	return 0;
}

static int
show_locks(struct seq *s, struct procfs_key key)
{
	(void)key;
	locks_show(s);
	return 0;
}

/* ---- load ---------------------------------------------------------------- */

static u32
nr_tasks(void)
{
	struct proc *p;
	u32 nr = 0;

	spin_lock(&proc_tree_lock);
	list_for_each (p, &proc_all, all)
		nr += p->nr_tasks;
	spin_unlock(&proc_tree_lock);
	return nr;
}

/* With two digits behind the point, to the nearest. */
static void
print_load(struct seq *s, u64 load)
{
	u64 cents = (load * 100 + (1ul << LOAD_SHIFT) / 2) >> LOAD_SHIFT;

	seq_print(s, "%lu.%02lu ", cents / 100, cents % 100);
}

static int
show_loadavg(struct seq *s, struct procfs_key key)
{
	struct load_averages loads;
	u32 i;

	(void)key;
	load_read(&loads);
	for (i = 0; i < NR_LOADS; i++)
		print_load(s, loads.of[i]);
	seq_print(s, "%u/%u %d\n", load_nr_running(), nr_tasks(), pid_last());
	return 0;
}

/* ---- what machine, what kernel ------------------------------------------- */

static int
show_cpuinfo(struct seq *s, struct procfs_key key)
{
	u32 i;

	(void)key;
	for (i = 0; i < nr_harts; i++)
		seq_print(s,
		    "processor\t: %u\nhart\t\t: %u\nisa\t\t: rv64imafdc\n"
		    "mmu\t\t: sv39\n\n",
		    i, harts[i].hartid);
	return 0;
}

static int
show_version(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(
	    s, "Linux version %s (calf) %s\n", KERNEL_RELEASE, KERNEL_VERSION);
	return 0;
}

static int
show_cmdline(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(s, "%s\n", boot_cmdline);
	return 0;
}

static int
show_filesystems(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_puts(s,
	    "nodev\tproc\nnodev\ttmpfs\nnodev\tdevtmpfs\n"
	    "\text3\n\text2\n");
	return 0;
}

/* ---- links and settings -------------------------------------------------- */

static int
read_self(struct procfs_key key, char *buf, size_t cap)
{
	(void)key;
	fmt_snprint(buf, cap, "%d", proc_current()->nr);
	return 0;
}

static int
read_thread_self(struct procfs_key key, char *buf, size_t cap)
{
	(void)key;
	fmt_snprint(
	    buf, cap, "%d/task/%d", proc_current()->nr, task_current()->tid);
	return 0;
}

static const struct procfs_entry root_entries[] = {
    {.name = "cmdline", .mode = S_IFREG | 0444, .show = show_cmdline},
    {.name = "cpuinfo", .mode = S_IFREG | 0444, .show = show_cpuinfo},
    {.name = "diskstats", .mode = S_IFREG | 0444, .show = show_diskstats},
    {.name = "filesystems", .mode = S_IFREG | 0444, .show = show_filesystems},
    {.name = "loadavg", .mode = S_IFREG | 0444, .show = show_loadavg},
    {.name = "locks", .mode = S_IFREG | 0444, .show = show_locks},
    {.name = "meminfo", .mode = S_IFREG | 0444, .show = show_meminfo},
    {.name = "mounts", .mode = S_IFREG | 0444, .show = procfs_show_mounts},
    {.name = "self", .mode = S_IFLNK | 0777, .readlink = read_self},
    {.name = "stat", .mode = S_IFREG | 0444, .show = show_stat},
    {.name = "sys", .mode = S_IFDIR | 0555, .dir = &procfs_sys_dir},
    {.name = "thread-self",
	.mode = S_IFLNK | 0777,
	.readlink = read_thread_self},
    {.name = "uptime", .mode = S_IFREG | 0444, .show = show_uptime},
    {.name = "version", .mode = S_IFREG | 0444, .show = show_version},
};
static struct procfs_table root_table = {
    root_entries, ARRAY_SIZE(root_entries), NULL};

void
procfs_system_init(void)
{
	procfs_add(&procfs_root, &root_table);
}

void
proc_procfs_init(const char *cmdline)
{
	boot_cmdline = cmdline;
	procfs_pid_init();
	procfs_dirs_init();
	procfs_system_init();
	procfs_calf_init();
	procfs_weigh_init();
	procfs_pagemap_init();
}
