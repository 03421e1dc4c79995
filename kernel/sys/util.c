#include "sys/util.h"

#include <asm/resource.h>
#include <asm/siginfo.h>
#include <linux/fcntl.h>
#include <linux/signal.h>

#include "core/clock.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/limits.h"
#include "proc/proc.h"

int
sys_path_get(uaddr_t user, char **out)
{
	char *path = kmalloc(PATH_MAX_BYTES);
	size_t len;
	int err;

	if (path == NULL)
		return -ENOMEM;
	err = user_read_string(path, PATH_MAX_BYTES, user, &len);
	if (err < 0) {
		kfree(path);
		return err;
	}
	*out = path;
	return 0;
}

void
sys_path_free(char *path)
{
	kfree(path);
}

/* The directory, unless the path does not need one. */
static int
get_base(struct sys_name *n, int dirfd)
{
	int err;

	n->has_fd = dirfd != AT_FDCWD && n->path[0] != '/';
	if (!n->has_fd) {
		n->name = fs_name(NULL, n->path);
		return 0;
	}
	err = fd_get(dirfd, &n->fd);
	if (err == 0)
		n->name = fs_name(n->fd.file, n->path);
	return err;
}

static int
get_path(struct sys_name *n, uaddr_t user)
{
	size_t len;
	int err =
	    user_read_string(n->short_path, sizeof(n->short_path), user, &len);

	n->path = n->short_path;
	return err == -ENAMETOOLONG ? sys_path_get(user, &n->path) : err;
}

static void
put_path(struct sys_name *n)
{
	if (n->path != n->short_path)
		sys_path_free(n->path);
}

int
sys_name_get(struct sys_name *n, int dirfd, uaddr_t path)
{
	int err = get_path(n, path);

	if (err < 0)
		return err;
	err = get_base(n, dirfd);
	if (err < 0)
		put_path(n);
	return err;
}

int
sys_name_get_empty(struct sys_name *n, int dirfd, uaddr_t path, bool empty_ok)
{
	if (path.val != 0 || !empty_ok)
		return sys_name_get(n, dirfd, path);
	n->path = n->short_path;
	n->short_path[0] = '\0';
	return get_base(n, dirfd);
}

void
sys_name_put(struct sys_name *n)
{
	if (n->has_fd)
		fd_put(&n->fd);
	put_path(n);
}

void
sys_vector_free(struct sys_vector *v)
{
	if (v->segments != v->few)
		kfree(v->segments);
}

int
sys_vector_get(struct sys_vector *v, uaddr_t user, int nr)
{
	int err;

	if (nr < 0 || nr > IOV_MAX_SEGMENTS)
		return -EINVAL;
	v->segments = v->few;
	if (nr > SYS_FEW_SEGMENTS)
		v->segments = kmalloc(nr * sizeof(*v->segments));
	if (v->segments == NULL)
		return -ENOMEM;
	err = user_read(v->segments, user, nr * sizeof(*v->segments));
	if (err == 0)
		err = iov_init_vector(&v->it, v->segments, nr);
	if (err < 0)
		sys_vector_free(v);
	return err;
}

/*
 * Half of what u64 nanoseconds hold, as on Linux: a time since boot or an
 * interval can be added without a wrap.  Later is as good as never.
 */
#define MAX_SECONDS ((u64)INT64_MAX / NSEC_PER_SEC)

static int
to_ns(s64 sec, s64 nsec, u64 *ns)
{
	if (sec < 0 || nsec < 0 || nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	if ((u64)sec > MAX_SECONDS)
		sec = MAX_SECONDS;
	*ns = (u64)sec * NSEC_PER_SEC + (u64)nsec;
	return 0;
}

int
sys_timespec_get(uaddr_t user, u64 *ns)
{
	struct __kernel_timespec ts;

	if (user_read(&ts, user, sizeof(ts)) < 0)
		return -EFAULT;
	return to_ns(ts.tv_sec, ts.tv_nsec, ns);
}

struct __kernel_timespec
sys_timespec(u64 ns)
{
	return (struct __kernel_timespec){.tv_sec = (s64)(ns / NSEC_PER_SEC),
	    .tv_nsec = (s64)(ns % NSEC_PER_SEC)};
}

struct __kernel_old_timeval
sys_timeval(u64 ns)
{
	return (struct __kernel_old_timeval){.tv_sec = (s64)(ns / NSEC_PER_SEC),
	    .tv_usec = (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC)};
}

int
sys_timespec_put(uaddr_t user, u64 ns)
{
	struct __kernel_timespec ts = sys_timespec(ns);

	return user_write(user, &ts, sizeof(ts));
}

int
sys_timeval_get(uaddr_t user, u64 *ns)
{
	struct __kernel_old_timeval tv;

	if (user_read(&tv, user, sizeof(tv)) < 0)
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EINVAL;
	return to_ns(tv.tv_sec, tv.tv_usec * (s64)NSEC_PER_USEC, ns);
}

int
sys_deadline_get(uaddr_t user, u64 *deadline_ns)
{
	u64 now = clock_mono_ns();
	u64 ns;
	int err;

	*deadline_ns = NO_DEADLINE;
	if (user.val == 0)
		return 0;
	err = sys_timespec_get(user, &ns);
	if (err == 0 && ns < NO_DEADLINE - now)
		*deadline_ns = now + ns;
	return err;
}

int
sys_sigset_get(uaddr_t user, u64 size, struct sigset *out)
{
	if (size != sizeof(*out))
		return -EINVAL;
	return user_read(out, user, sizeof(*out));
}

/* For the thread that wrote, as if it had sent the signal to itself. */
static void
signal_oneself(int signo)
{
	struct task *t = task_current();
	struct sig_info info = {.signo = signo,
	    .code = SI_USER,
	    .from = {.pid = t->proc->nr, .uid = t->cred->ruid}};

	(void)signal_send_task(t, &info);
}

s64
sys_write_done(const struct iov_iter *it, s64 result)
{
	if (unlikely(it->lost_reader) && result > 0)
		signal_oneself(SIGPIPE);
	return sys_write_result(result);
}

/* A file system's own end gives EFBIG too, and no signal. */
s64
sys_write_result(s64 result)
{
	if (unlikely(result == -EPIPE_QUIET))
		return -EPIPE;
	if (unlikely(result == -EPIPE))
		signal_oneself(SIGPIPE);
	else if (unlikely(result == -EFBIG) &&
	    limit_current(RLIMIT_FSIZE) != RLIM_INFINITY)
		signal_oneself(SIGXFSZ);
	return result;
}

int
sys_get_two(int in, int out, struct fd *from, struct fd *to)
{
	int err = fd_get(in, from);

	if (err < 0)
		return err;
	err = fd_get(out, to);
	if (err < 0)
		fd_put(from);
	return err;
}
