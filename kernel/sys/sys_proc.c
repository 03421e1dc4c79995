/* System calls on processes and threads. */
#include <asm/siginfo.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/times.h>
#include <linux/wait.h>

#include "core/clock.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "proc/exec.h"
#include "proc/exit.h"
#include "proc/fork.h"
#include "proc/pidfd.h"
#include "proc/prctl.h"
#include "proc/proc.h"
#include "proc/session.h"
#include "proc/usage.h"
#include "proc/wait.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* ---- beginnings and ends ------------------------------------------------ */

s64
sys_clone(u64 flags, u64 stack, uaddr_t parent_tid, u64 tls, uaddr_t child_tid)
{
	/* All of it, so that nothing is cleared first. */
	struct clone_request req = {
	    .flags = (u32)flags & ~(u64)CSIGNAL,
	    .exit_signal = (int)(flags & CSIGNAL),
	    .stack = uaddr(stack),
	    .stack_size_bytes = 0,
	    .tls = tls,
	    .parent_tid = parent_tid,
	    .child_tid = child_tid,
	    .pidfd = parent_tid,
	    .set_tid_count = 0,
	    .is_clone3 = false,
	};

	return proc_clone(&req);
}

/*
 * A structure that grows with the ABI: shorter than ours is filled up with
 * zeroes, longer must have only zeroes in what we do not know.
 */
static int
get_growing(void *dst, size_t known, uaddr_t src, u64 size)
{
	u64 at;
	u8 byte;

	memset(dst, 0, known);
	if (user_read(dst, src, MIN(size, known)) < 0)
		return -EFAULT;
	for (at = known; at < size; at++) {
		if (user_read(&byte, uaddr(src.val + at), 1) < 0)
			return -EFAULT;
		if (byte != 0)
			return -E2BIG;
	}
	return 0;
}

s64
sys_clone3(uaddr_t user, u64 size)
{
	struct clone_args a;
	struct clone_request req;
	s32 tids[CLONE_MAX_SET_TIDS];
	int err;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	err = get_growing(&a, sizeof(a), user, size);
	if (err < 0)
		return err;
	if (a.exit_signal > 64 || (a.set_tid == 0) != (a.set_tid_size == 0) ||
	    a.set_tid_size > CLONE_MAX_SET_TIDS)
		return -EINVAL;
	/* The numbers themselves are refused below, but have to be there. */
	if (user_read(tids, uaddr(a.set_tid), a.set_tid_size * sizeof(s32)) < 0)
		return -EFAULT;
	req = (struct clone_request){
	    .flags = a.flags,
	    .exit_signal = (int)a.exit_signal,
	    .stack = uaddr(a.stack),
	    .stack_size_bytes = a.stack_size,
	    .tls = a.tls,
	    .parent_tid = uaddr(a.parent_tid),
	    .child_tid = uaddr(a.child_tid),
	    .pidfd = uaddr(a.pidfd),
	    .set_tid_count = a.set_tid_size,
	    .is_clone3 = true,
	};
	return proc_clone(&req);
}

static s64
exec(int dirfd, uaddr_t path, uaddr_t argv, uaddr_t envp, u32 flags)
{
	char *text;
	s64 err = sys_path_get(path, &text);

	if (err < 0)
		return err;
	err = proc_exec(dirfd, text, argv, envp, (int)flags);
	sys_path_free(text);
	return err;
}

/* A new program begins with zero in every register, a0 among them. */
s64
sys_execve(uaddr_t path, uaddr_t argv, uaddr_t envp)
{
	return exec(AT_FDCWD, path, argv, envp, 0);
}

s64
sys_execveat(int dirfd, uaddr_t path, uaddr_t argv, uaddr_t envp, u32 flags)
{
	if (flags & ~(u32)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return exec(dirfd, path, argv, envp, flags);
}

s64
sys_exit(int code)
{
	proc_exit_thread(code);
}

s64
sys_exit_group(int code)
{
	proc_exit_group(code);
}

s64
sys_set_tid_address(uaddr_t addr)
{
	return proc_set_tid_address(addr);
}

s64
sys_unshare(u64 flags)
{
	return proc_unshare(flags);
}

/* ---- waiting ------------------------------------------------------------ */

#define RUSAGE_BLOCK_SHIFT 9

static void
fill_rusage(struct rusage *r, const struct proc_usage *u)
{
	memset(r, 0, sizeof(*r));
	r->ru_utime = sys_timeval(u->user_ns);
	r->ru_stime = sys_timeval(u->system_ns);
	r->ru_maxrss = (long)(u->peak_pages * (PAGE_SIZE / 1024));
	r->ru_minflt = (long)u->nr_minor_faults;
	r->ru_majflt = (long)u->nr_major_faults;
	/* In blocks of 512 bytes, whatever those of a disk are. */
	r->ru_inblock = (long)(u->io.read_bytes >> RUSAGE_BLOCK_SHIFT);
	r->ru_oublock = (long)(u->io.written_bytes >> RUSAGE_BLOCK_SHIFT);
	r->ru_nvcsw = (long)u->nr_voluntary;
	r->ru_nivcsw = (long)u->nr_preempted;
}

static int
put_rusage(uaddr_t user, const struct proc_usage *u)
{
	struct rusage r;

	if (user.val == 0)
		return 0;
	fill_rusage(&r, u);
	return user_write(user, &r, sizeof(r));
}

/* Where one wait call wants its results. */
struct wait_out {
	uaddr_t status;
	uaddr_t info;
	uaddr_t usage;
};

static int
deliver_wait4(const struct wait_result *res, void *arg)
{
	const struct wait_out *out = arg;

	/* WNOHANG, and nothing to tell. */
	if (res->pid == 0)
		return 0;
	if (out->status.val != 0 &&
	    user_write(out->status, &res->status, sizeof(res->status)) < 0)
		return -EFAULT;
	return put_rusage(out->usage, &res->usage);
}

s64
sys_wait4(int pid, uaddr_t status, u32 options, uaddr_t usage)
{
	struct wait_out out = {.status = status, .usage = usage};
	struct wait_request req = {.options = options | WEXITED};

	if (options &
	    ~(u32)(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE |
		__WALL))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0) {
		req.kind = WAIT_PID;
		req.nr = pid;
	} else if (pid != -1) {
		req.kind = WAIT_PGID;
		req.nr = -pid;
	}
	return proc_wait(&req, deliver_wait4, &out);
}

static int
deliver_waitid(const struct wait_result *res, void *arg)
{
	const struct wait_out *out = arg;
	struct sig_info info = {.signo = res->pid != 0 ? SIGCHLD : 0,
	    .code = res->code,
	    .child = {.pid = res->pid, .uid = res->uid, .status = res->value}};

	/* Linux writes these fields and leaves the rest alone. */
	if (out->info.val != 0 && user_write(out->info, &info, 28) < 0)
		return -EFAULT;
	return put_rusage(out->usage, &res->usage);
}

/* Later headers have it, and those of the C library. */
#define WAITID_PIDFD 3

static s64
wait_and_tell(const struct wait_request *req, struct wait_out *out)
{
	struct wait_result none = {0};
	s64 pid = proc_wait(req, deliver_waitid, out);

	out->usage = uaddr(0);
	if (pid == 0)
		return deliver_waitid(&none, out);
	return pid < 0 ? pid : 0;
}

/* One that does not block says so, as other files do. */
static s64
wait_pidfd(int n, struct wait_request *req, struct wait_out *out)
{
	bool nonblock;
	struct fd fd;
	s64 err;

	if (n < 0)
		return -EINVAL;
	err = fd_get(n, &fd);
	if (err < 0)
		return err;
	req->kind = WAIT_PROC;
	req->proc = pidfd_proc(fd.file);
	nonblock =
	    !(req->options & WNOHANG) && (file_flags(fd.file) & O_NONBLOCK);
	if (nonblock)
		req->options |= WNOHANG;
	err = -EBADF;
	if (req->proc)
		err = nonblock ? proc_wait(req, deliver_waitid, out)
			       : wait_and_tell(req, out);
	if (nonblock && err == 0)
		err = -EAGAIN;
	fd_put(&fd);
	return err < 0 ? err : 0;
}

s64
sys_waitid(int kind, int nr, uaddr_t info, u32 options, uaddr_t usage)
{
	struct wait_out out = {.info = info, .usage = usage};
	struct wait_request req = {.nr = nr, .options = options};

	if (options &
	    ~(u32)(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED |
		WAIT_WHOLE_VALUE | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (kind == WAITID_PIDFD)
		return wait_pidfd(nr, &req, &out);
	if (kind == P_PID && nr > 0)
		req.kind = WAIT_PID;
	else if (kind == P_PGID && nr >= 0)
		req.kind = WAIT_PGID;
	else if (kind != P_ALL)
		return -EINVAL;
	return wait_and_tell(&req, &out);
}

s64
sys_getrusage(int whose, uaddr_t user)
{
	struct proc_usage u;
	struct rusage r;

	if (whose == RUSAGE_SELF)
		usage_get(USAGE_SELF, &u);
	else if (whose == RUSAGE_CHILDREN)
		usage_get(USAGE_CHILDREN, &u);
	else if (whose == RUSAGE_THREAD)
		usage_get(USAGE_THREAD, &u);
	else
		return -EINVAL;
	fill_rusage(&r, &u);
	return user_write(user, &r, sizeof(r));
}

/* A hundredth of a second: USER_HZ of the ABI. */
#define NSEC_PER_TICK (NSEC_PER_SEC / 100)

s64
sys_times(uaddr_t user)
{
	struct proc_usage self, children;
	struct tms t;

	usage_get(USAGE_SELF, &self);
	usage_get(USAGE_CHILDREN, &children);
	t.tms_utime = (long)(self.user_ns / NSEC_PER_TICK);
	t.tms_stime = (long)(self.system_ns / NSEC_PER_TICK);
	t.tms_cutime = (long)(children.user_ns / NSEC_PER_TICK);
	t.tms_cstime = (long)(children.system_ns / NSEC_PER_TICK);
	if (user.val != 0 && user_write(user, &t, sizeof(t)) < 0)
		return -EFAULT;
	return (s64)(clock_mono_ns() / NSEC_PER_TICK);
}

/* ---- numbers ------------------------------------------------------------ */

s64
sys_gettid(void)
{
	return task_current()->tid;
}

s64
sys_getpid(void)
{
	return proc_current()->nr;
}

s64
sys_getppid(void)
{
	return proc_ppid(proc_current());
}

s64
sys_getpgid(int pid)
{
	return proc_getpgid(pid);
}

s64
sys_setpgid(int pid, int pgid)
{
	return proc_setpgid(pid, pgid);
}

s64
sys_getsid(int pid)
{
	return proc_getsid(pid);
}

s64
sys_setsid(void)
{
	return proc_setsid();
}

/* ---- settings ----------------------------------------------------------- */

s64
sys_prctl(int option, u64 a2, u64 a3, u64 a4, u64 a5)
{
	return proc_prctl(option, a2, a3, a4, a5);
}

s64
sys_personality(u32 persona)
{
	return proc_personality(persona);
}

s64
sys_prlimit64(int pid, u32 which, uaddr_t new, uaddr_t old)
{
	struct rlimit_value want, was;
	int err;

	if (new.val != 0 && user_read(&want, new, sizeof(want)) < 0)
		return -EFAULT;
	err = limits_prlimit(pid, which, new.val != 0 ? &want : NULL, &was);
	if (err < 0 || old.val == 0)
		return err;
	return user_write(old, &was, sizeof(was));
}

s64
sys_getrlimit(u32 which, uaddr_t out)
{
	return out.val == 0 ? -EFAULT : sys_prlimit64(0, which, uaddr(0), out);
}

s64
sys_setrlimit(u32 which, uaddr_t new)
{
	return new.val == 0 ? -EFAULT : sys_prlimit64(0, which, new, uaddr(0));
}
