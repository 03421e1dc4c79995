/* System calls that make files without a name: of events, and of memory. */
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/signalfd.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "fs/eventfd.h"
#include "fs/memfd.h"
#include "fs/timerfd.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/signalfd.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* The headers of the C library have it, those of the kernel do not. */
#define EFD_SEMAPHORE 1u

/* A descriptor for a new file; err is what making it came to. */
static s64
open_new(int err, struct file *file, u32 flags)
{
	int n;

	if (err < 0)
		return err;
	err = fd_open_take(file, (flags & O_CLOEXEC) != 0, &n);
	if (err == 0)
		return n;
	file_put(file);
	return err;
}

s64
sys_eventfd2(u32 count, u32 flags)
{
	struct file *file = NULL;
	int err;

	if (flags & ~(u32)(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = eventfd_create(count, (flags & EFD_SEMAPHORE) != 0, flags, &file);
	return open_new(err, file, flags);
}

/* ---- memfd -------------------------------------------------------------- */

/* MFD_EXEC of later headers: what is the case without it, too. */
#define MFD_MAY_EXEC 0x10u

/* Errors: -EINVAL it is too long. */
static int
get_memfd_name(char *name, uaddr_t user)
{
	size_t len;
	int err = user_read_string(name, MEMFD_NAME_MAX + 1, user, &len);

	return err == -ENAMETOOLONG ? -EINVAL : err;
}

s64
sys_memfd_create(uaddr_t user, u32 flags)
{
	struct fs_who who = who_current();
	char name[MEMFD_NAME_MAX + 1];
	struct file *file = NULL;
	int err;

	if (flags & ~(u32)(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_MAY_EXEC))
		return -EINVAL;
	err = get_memfd_name(name, user);
	if (err == 0)
		err = memfd_create(
		    name, (flags & MFD_ALLOW_SEALING) != 0, who.cred, &file);
	return open_new(err, file, (flags & MFD_CLOEXEC) ? O_CLOEXEC : 0);
}

/* ---- timerfd ------------------------------------------------------------ */

s64
sys_timerfd_create(int clock, u32 flags)
{
	struct file *file = NULL;
	int err;

	if (flags & ~(u32)(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	err = timerfd_create(clock, flags, &file);
	return open_new(err, file, flags);
}

#define VALUE_OFFSET sizeof(struct __kernel_timespec)

static int
put_value(uaddr_t user, const struct timerfd_value *v)
{
	struct __kernel_itimerspec it = {
	    .it_interval = sys_timespec(v->interval_ns),
	    .it_value = sys_timespec(v->value_ns),
	};

	return user_write(user, &it, sizeof(it));
}

s64
sys_timerfd_settime(int n, u32 flags, uaddr_t new, uaddr_t old)
{
	struct timerfd_value want, was;
	struct fd fd;
	int err = sys_timespec_get(new, &want.interval_ns);

	if (err == 0)
		err = sys_timespec_get(
		    uaddr(new.val + VALUE_OFFSET), &want.value_ns);
	if (err == 0 &&
	    (flags & ~(u32)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)))
		err = -EINVAL;
	if (err == 0)
		err = fd_get(n, &fd);
	if (err < 0)
		return err;
	err = timerfd_set(fd.file, flags, &want, &was);
	fd_put(&fd);
	if (err < 0 || old.val == 0)
		return err;
	return put_value(old, &was);
}

s64
sys_timerfd_gettime(int n, uaddr_t out)
{
	struct timerfd_value v;
	struct fd fd;
	int err = fd_get(n, &fd);

	if (err < 0)
		return err;
	err = timerfd_get(fd.file, &v);
	fd_put(&fd);
	return err < 0 ? err : put_value(out, &v);
}

/* ---- signalfd ----------------------------------------------------------- */

static s64
change_mask(int n, struct sigset mask)
{
	struct fd fd;
	int err = fd_get(n, &fd);

	if (err < 0)
		return err;
	err = signalfd_set_mask(fd.file, mask);
	fd_put(&fd);
	return err < 0 ? err : n;
}

s64
sys_signalfd4(int n, uaddr_t user, u64 size, u32 flags)
{
	struct file *file = NULL;
	struct sigset mask;
	int err = sys_sigset_get(user, size, &mask);

	if (err == 0 && (flags & ~(u32)(SFD_CLOEXEC | SFD_NONBLOCK)))
		err = -EINVAL;
	if (err < 0)
		return err;
	if (n != -1)
		return change_mask(n, mask);
	err = signalfd_create(mask, flags, &file);
	return open_new(err, file, flags);
}
