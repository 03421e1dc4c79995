/* System calls of epoll. */
#include <linux/fcntl.h>

#include "core/clock.h"
#include "fs/epoll.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

s64
sys_epoll_create1(u32 flags)
{
	struct file *file;
	int err, n;

	if (flags & ~(u32)EPOLL_CLOEXEC)
		return -EINVAL;
	err = epoll_create(task_current()->cred->ruid, &file);
	if (err < 0)
		return err;
	err = fd_open_take(file, (flags & EPOLL_CLOEXEC) != 0, &n);
	if (err == 0)
		return n;
	file_put(file);
	return err;
}

/* O_PATH gives a place to look at, not a file to watch. */
static int
get_file(int n, struct fd *fd)
{
	int err = fd_get(n, fd);

	if (err == 0 && (fd->file->access & FILE_PATH_ONLY)) {
		fd_put(fd);
		err = -EBADF;
	}
	return err;
}

s64
sys_epoll_ctl(int epoll, int op, int n, uaddr_t user)
{
	struct epoll_event event = {0};
	struct fd ep, fd;
	int err;

	if (op != EPOLL_CTL_DEL && user_read(&event, user, sizeof(event)) < 0)
		return -EFAULT;
	err = get_file(epoll, &ep);
	if (err < 0)
		return err;
	err = get_file(n, &fd);
	if (err == 0) {
		err = epoll_ctl(ep.file, op, fd.file, n, &event);
		fd_put(&fd);
	}
	fd_put(&ep);
	return err;
}

/* ---- waiting ------------------------------------------------------------ */

/* Where the events go, for how long, and a mask meanwhile. */
struct wait_args {
	uaddr_t out;
	int max;
	u64 deadline_ns;
	bool has_mask;
	struct sigset mask;
};

static int
get_mask(struct wait_args *a, uaddr_t mask, u64 size)
{
	a->has_mask = mask.val != 0;
	return a->has_mask ? sys_sigset_get(mask, size, &a->mask) : 0;
}

static s64
wait_masked(struct file *epoll, const struct wait_args *a)
{
	s64 got;

	if (a->has_mask)
		signal_mask_push(a->mask);
	got = epoll_wait(epoll, a->out, (u32)a->max, a->deadline_ns);
	/* Never gone on with, whatever SA_RESTART says. */
	if (a->has_mask)
		signal_mask_pop_unless(got == -EINTR);
	return got;
}

static s64
wait_for_events(int epoll, const struct wait_args *a)
{
	struct fd fd;
	s64 got;

	if (a->max <= 0 || (u64)a->max > INT32_MAX / sizeof(struct epoll_event))
		return -EINVAL;
	if (!user_range_ok(a->out, (u64)a->max * sizeof(struct epoll_event)))
		return -EFAULT;
	got = get_file(epoll, &fd);
	if (got < 0)
		return got;
	got = wait_masked(fd.file, a);
	fd_put(&fd);
	return got;
}

static u64
deadline_of_ms(int timeout_ms)
{
	if (timeout_ms < 0)
		return NO_DEADLINE;
	if (timeout_ms == 0)
		return 0;
	return clock_mono_ns() + (u64)timeout_ms * NSEC_PER_MSEC;
}

s64
sys_epoll_pwait(
    int epoll, uaddr_t out, int max, int timeout_ms, uaddr_t mask, u64 size)
{
	struct wait_args a = {.out = out, .max = max};
	int err = get_mask(&a, mask, size);

	if (err < 0)
		return err;
	a.deadline_ns = deadline_of_ms(timeout_ms);
	return wait_for_events(epoll, &a);
}

s64
sys_epoll_pwait2(
    int epoll, uaddr_t out, int max, uaddr_t timeout, uaddr_t mask, u64 size)
{
	struct wait_args a = {.out = out, .max = max};
	int err = sys_deadline_get(timeout, &a.deadline_ns);

	if (err == 0)
		err = get_mask(&a, mask, size);
	return err < 0 ? err : wait_for_events(epoll, &a);
}
