/* What proc/ puts into /proc. */
#ifndef PROC_PROCFS_H
#define PROC_PROCFS_H

/* What uname and /proc/version say. */
#define KERNEL_RELEASE "6.12.0-calf"
#define KERNEL_VERSION "#1 calf"

/*
 * Boot, before /proc is first mounted: hands fs/procfs the tables of
 * processes, of the machine, and of /proc/calf.  cmdline is kept.
 */
void proc_procfs_init(const char *cmdline);

#endif
