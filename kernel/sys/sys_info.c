/* System calls about the machine and the kernel. */
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>

#include "core/clock.h"
#include "core/load.h"
#include "core/power.h"
#include "core/printk.h"
#include "core/random.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/uts.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* ---- names -------------------------------------------------------------- */

s64
sys_uname(uaddr_t out)
{
	struct new_utsname names;

	uts_read(&names);
	return user_write(out, &names, sizeof(names));
}

static s64
set_name(uaddr_t in, int len, void (*set)(const char *name, size_t len_bytes))
{
	char name[__NEW_UTS_LEN];

	if (!cred_capable(task_current()->cred, CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > __NEW_UTS_LEN)
		return -EINVAL;
	if (user_read(name, in, (size_t)len) < 0)
		return -EFAULT;
	set(name, (size_t)len);
	return 0;
}

s64
sys_sethostname(uaddr_t in, int len)
{
	return set_name(in, len, uts_set_host);
}

s64
sys_setdomainname(uaddr_t in, int len)
{
	return set_name(in, len, uts_set_domain);
}

/* ---- figures ------------------------------------------------------------ */

static void
count_tasks(struct proc *p, void *arg)
{
	u32 *n = arg;

	*n += p->nr_tasks;
}

static_assert(SI_LOAD_SHIFT >= LOAD_SHIFT, "loads are shifted up");

s64
sys_sysinfo(uaddr_t out)
{
	struct load_averages loads;
	struct frame_stats s;
	struct sysinfo info;
	u32 nr_tasks = 0;
	u32 i;

	proc_for_each(count_tasks, &nr_tasks);
	frame_stats(&s);
	load_read(&loads);
	memset(&info, 0, sizeof(info));
	info.uptime = (long)(clock_mono_ns() / NSEC_PER_SEC);
	for (i = 0; i < NR_LOADS; i++)
		info.loads[i] = loads.of[i] << (SI_LOAD_SHIFT - LOAD_SHIFT);
	info.totalram = s.total - s.kinds[PAGE_RESERVED];
	info.freeram = s.free;
	/* Not bufferram: what files have is Cached in /proc/meminfo. */
	info.procs = (u16)nr_tasks;
	info.mem_unit = PAGE_SIZE;
	return user_write(out, &info, sizeof(info));
}

#define RANDOM_CHUNK 256

s64
sys_getrandom(uaddr_t out, u64 len, u32 flags)
{
	u8 bytes[RANDOM_CHUNK];
	u64 done = 0;

	if (flags & ~(u32)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & GRND_RANDOM) && (flags & GRND_INSECURE))
		return -EINVAL;
	len = MIN(len, 0x1fffffful);
	while (done < len) {
		size_t n = MIN(len - done, sizeof(bytes));
		size_t left;

		random_bytes(bytes, n);
		left = user_write_some(uaddr(out.val + done), bytes, n);
		done += n - left;
		if (left > 0)
			return done > 0 ? (s64)done : -EFAULT;
		if (signal_pending())
			break;
	}
	return (s64)done;
}

/* ---- power -------------------------------------------------------------- */

static bool
is_magic2(u32 magic)
{
	return magic == LINUX_REBOOT_MAGIC2 || magic == LINUX_REBOOT_MAGIC2A ||
	    magic == LINUX_REBOOT_MAGIC2B || magic == LINUX_REBOOT_MAGIC2C;
}

s64
sys_reboot(u32 magic, u32 magic2, u32 cmd, uaddr_t arg)
{
	(void)arg;
	if (!cred_capable(task_current()->cred, CAP_SYS_BOOT))
		return -EPERM;
	if (magic != LINUX_REBOOT_MAGIC1 || !is_magic2(magic2))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;
	case LINUX_REBOOT_CMD_RESTART:
		power_reboot();
	case LINUX_REBOOT_CMD_HALT:
	case LINUX_REBOOT_CMD_POWER_OFF:
		power_off();
	}
	return -EINVAL;
}

/* ---- the kernel's log --------------------------------------------------- */

enum {
	SYSLOG_READ_ALL = 3,
	SYSLOG_READ_CLEAR = 4,
	SYSLOG_CONSOLE_LEVEL = 8,
	SYSLOG_SIZE_BUFFER = 10,
};

#define LOG_MAX 65536

static s64
read_log(uaddr_t out, int len)
{
	char chunk[256];
	u64 pos = 0;
	s64 done = 0;
	size_t n;

	while (done < len) {
		n = printk_read(
		    &pos, chunk, MIN((size_t)(len - done), sizeof(chunk)));
		if (n == 0)
			break;
		if (user_write(uaddr(out.val + (u64)done), chunk, n) < 0)
			return -EFAULT;
		done += (s64)n;
	}
	return done;
}

s64
sys_syslog(int type, uaddr_t out, int len)
{
	if (!cred_capable(task_current()->cred, CAP_SYSLOG))
		return -EPERM;
	switch (type) {
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		return len < 0 ? -EINVAL : read_log(out, len);
	case SYSLOG_SIZE_BUFFER:
		return LOG_MAX;
	}
	return type < 0 || type > SYSLOG_SIZE_BUFFER ? -EINVAL : 0;
}
