/* System calls on capabilities, and fences on other harts. */
#include "mm/usercopy.h"
#include "proc/caps.h"
#include "proc/membarrier.h"
#include "proc/proc.h"
#include "proc/rights.h"
#include "sys/syscalls_gen.h"

s64
sys_membarrier(int cmd, u32 flags, int hart)
{
	(void)hart;
	return flags != 0 ? -EINVAL : proc_membarrier(cmd);
}

/* ---- capabilities ------------------------------------------------------- */

/*
 * How many words each set has in the version that a header begins with; if it
 * is not known, the newest is told, whatever follows.
 */
static int
get_version(uaddr_t user, u32 *words)
{
	u32 newest = _LINUX_CAPABILITY_VERSION_3;
	u32 version;

	if (user_read(&version, user, sizeof(version)) < 0)
		return -EFAULT;
	switch (version) {
	case _LINUX_CAPABILITY_VERSION_1:
		*words = _LINUX_CAPABILITY_U32S_1;
		return 0;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		*words = _LINUX_CAPABILITY_U32S_3;
		return 0;
	}
	if (user_write(user, &newest, sizeof(newest)) < 0)
		return -EFAULT;
	return -EINVAL;
}

static int
get_pid(uaddr_t user, s32 *pid)
{
	uaddr_t at =
	    uaddr(user.val + offsetof(struct __user_cap_header_struct, pid));

	return user_read(pid, at, sizeof(*pid)) < 0 ? -EFAULT : 0;
}

s64
sys_capget(uaddr_t header, uaddr_t data)
{
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {0};
	struct cred_caps caps;
	u32 words = 0, i;
	s32 pid = 0;
	int err = get_version(header, &words);

	/* So one asks which version there is. */
	if (data.val == 0 && (err == 0 || err == -EINVAL))
		return 0;
	if (err == 0)
		err = get_pid(header, &pid);
	if (err == 0 && pid < 0)
		err = -EINVAL;
	if (err == 0)
		err = rights_get_caps(pid, &caps);
	if (err < 0)
		return err;
	for (i = 0; i < words; i++) {
		d[i].effective = (u32)(caps.effective >> 32 * i);
		d[i].permitted = (u32)(caps.permitted >> 32 * i);
		d[i].inheritable = (u32)(caps.inheritable >> 32 * i);
	}
	return user_write(data, d, words * sizeof(d[0]));
}

/* Those that there are not are not asked for. */
static u64
get_set(u32 low, u32 high)
{
	return (low | (u64)high << 32) & CAPS_ALL;
}

s64
sys_capset(uaddr_t header, uaddr_t data)
{
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {0};
	struct caps_asked asked;
	u32 words = 0;
	s32 pid = 0;
	int err = get_version(header, &words);

	if (err == 0)
		err = get_pid(header, &pid);
	if (err < 0)
		return err;
	if (pid != 0 && pid != task_current()->tid)
		return -EPERM;
	if (user_read(d, data, words * sizeof(d[0])) < 0)
		return -EFAULT;
	asked.effective = get_set(d[0].effective, d[1].effective);
	asked.permitted = get_set(d[0].permitted, d[1].permitted);
	asked.inheritable = get_set(d[0].inheritable, d[1].inheritable);
	return rights_set_caps(&asked);
}
