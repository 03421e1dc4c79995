/* System calls on capabilities, and fences on other harts. */
#include <linux/capability.h>

#include "mm/usercopy.h"
#include "proc/membarrier.h"
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
 * How many words each set has in this version; with one that is not known, the
 * newest is told.
 */
static int
get_header(uaddr_t user, struct __user_cap_header_struct *h, u32 *words)
{
	u32 newest = _LINUX_CAPABILITY_VERSION_3;

	if (user_read(h, user, sizeof(*h)) < 0)
		return -EFAULT;
	switch (h->version) {
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

s64
sys_capget(uaddr_t header, uaddr_t data)
{
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {0};
	struct __user_cap_header_struct h;
	struct rights_caps caps;
	u32 words = 0;
	int err = get_header(header, &h, &words);

	/* So one asks which version there is. */
	if (err == -EINVAL && data.val == 0)
		return 0;
	if (err == 0 && h.pid < 0)
		err = -EINVAL;
	if (err == 0)
		err = rights_get_caps(h.pid, &caps);
	if (err < 0 || data.val == 0)
		return err;
	d[0].effective = (u32)caps.effective;
	d[0].permitted = (u32)caps.permitted;
	d[1].effective = (u32)(caps.effective >> 32);
	d[1].permitted = (u32)(caps.permitted >> 32);
	return user_write(data, d, words * sizeof(d[0]));
}

s64
sys_capset(uaddr_t header, uaddr_t data)
{
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {0};
	struct __user_cap_header_struct h;
	struct rights_caps caps;
	u32 words = 0;
	int err = get_header(header, &h, &words);

	if (err < 0)
		return err;
	if (user_read(d, data, words * sizeof(d[0])) < 0)
		return -EFAULT;
	caps.effective = d[0].effective | (u64)d[1].effective << 32;
	caps.permitted = d[0].permitted | (u64)d[1].permitted << 32;
	caps.inheritable = d[0].inheritable | (u64)d[1].inheritable << 32;
	return rights_set_caps(h.pid, &caps);
}
