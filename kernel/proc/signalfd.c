/*
 * signalfd.  A read takes pending signals of a mask as sigtimedwait does; the
 * file has the mask and nothing else.  Whose signals are meant is told by who
 * reads, so one file may serve several processes after a fork.
 *
 * Who waits for a process's signals, in a read or a poll, stands in a queue
 * that is woken when it is sent one.  An epoll goes on standing there until the
 * file is closed, by when the process may be gone.  Hence the queues belong to
 * no process: each serves all those that a hash leads to it, and a wake-up that
 * is for another one finds nothing to read.
 */
#include "proc/signalfd.h"

#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/signal.h>
#include <linux/signalfd.h>

#include "core/thread.h"
#include "fs/file.h"
#include "lib/atomic.h"
#include "mm/slab.h"
#include "proc/signal_impl.h"

#define NR_QUEUES 32 /* arbitrary: few processes wait like this at a time */

static struct waitq queues[NR_QUEUES];

/*
 * struct signalfd: made and freed with its file.
 * Locks: a atomic
 */
struct signalfd {
	struct sigset mask; /* a */
};

static const struct file_ops signalfd_file_ops;

static struct waitq *
queue_of(const struct proc *p)
{
	return &queues[(u32)p->nr % NR_QUEUES];
}

void
signalfd_init(void)
{
	u32 i;

	for (i = 0; i < NR_QUEUES; i++)
		waitq_init(&queues[i]);
}

void
signalfd_notify(struct proc *p)
{
	waitq_wake_all(queue_of(p));
}

static struct sigset
mask_of(const struct file *f)
{
	const struct signalfd *s = f->private;

	return (struct sigset){atomic_load(&s->mask.bits)};
}

/* ---- reading ---------------------------------------------------------- */

/* What else info tells, by who made it: siginfo_t has a union there. */
static void
fill_rest(struct signalfd_siginfo *out, const struct sig_info *info)
{
	if (info->code == SI_TIMER) {
		out->ssi_tid = (u32)info->timer.id;
		out->ssi_overrun = (u32)info->timer.overrun;
		out->ssi_ptr = info->timer.value;
		out->ssi_int = (s32)info->timer.value;
	} else if (info->code <= SI_USER || info->code == SI_KERNEL) {
		out->ssi_pid = (u32)info->from.pid;
		out->ssi_uid = info->from.uid;
		if (info->code == SI_USER || info->code == SI_KERNEL)
			return;
		out->ssi_ptr = info->from.value;
		out->ssi_int = (s32)info->from.value;
	} else if (info->signo == SIGCHLD) {
		out->ssi_pid = (u32)info->child.pid;
		out->ssi_uid = info->child.uid;
		out->ssi_status = info->child.status;
		out->ssi_utime = (u64)info->child.utime_ticks;
		out->ssi_stime = (u64)info->child.stime_ticks;
	} else {
		out->ssi_addr = info->fault.addr;
	}
}

/* Errors: -ERESTARTSYS, -EAGAIN. */
static int
take(struct file *f, bool nonblock, struct sig_info *info)
{
	struct task *t = task_current();
	struct spinlock *lock = &t->proc->sig.lock;
	int err = 0;
	int signo;

	spin_lock(lock);
	for (;;) {
		signo = signal_take_locked(mask_of(f), info);
		if (signo != 0)
			break;
		if (nonblock)
			err = -EAGAIN;
		else if (signal_has_to_look_locked(t))
			err = -ERESTARTSYS;
		if (err < 0)
			break;
		/* As in signal_suspend: what is left of one that was taken. */
		signal_recalc_locked(t);
		(void)!waitq_wait_spin(queue_of(t->proc), lock,
		    PARK_INTERRUPTIBLE, NO_DEADLINE, "signalfd");
	}
	if (signo != 0)
		signal_recalc_locked(t);
	spin_unlock(lock);
	return err;
}

static s64
signalfd_read(struct file *f, struct iov_iter *to, u64 *pos)
{
	bool nonblock = (file_flags(f) & O_NONBLOCK) != 0;
	struct signalfd_siginfo out;
	struct sig_info info;
	s64 done = 0;

	(void)pos;
	if (to->left_bytes < sizeof(out))
		return -EINVAL;
	while (to->left_bytes >= sizeof(out)) {
		int err = take(f, nonblock || done > 0, &info);

		if (err < 0)
			return done > 0 ? done : err;
		out = (struct signalfd_siginfo){
		    .ssi_signo = (u32)info.signo,
		    .ssi_errno = info.error,
		    .ssi_code = info.code,
		};
		fill_rest(&out, &info);
		if (iov_put(to, &out, sizeof(out)) != sizeof(out))
			return done > 0 ? done : -EFAULT;
		done += sizeof(out);
	}
	return done;
}

/* ---- the file --------------------------------------------------------- */

static u32
signalfd_poll(struct file *f, struct poll_table *pt)
{
	struct task *t = task_current();
	struct spinlock *lock = &t->proc->sig.lock;
	struct sigset pending;

	poll_wait(pt, queue_of(t->proc));
	spin_lock(lock);
	pending = sigset_or(t->sig.pending.set, t->proc->sig.pending.set);
	spin_unlock(lock);
	return sigset_empty(sigset_and(pending, mask_of(f))) ? 0 : POLLIN;
}

static void
signalfd_release(struct file *f)
{
	kfree(f->private);
}

static const struct file_ops signalfd_file_ops = {
    .release = signalfd_release,
    .read = signalfd_read,
    .poll = signalfd_poll,
    .kind = "signalfd",
};

int
signalfd_create(struct sigset mask, u32 flags, struct file **out)
{
	struct signalfd *s = kmalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->mask = sigset_without(mask, signal_unstoppable());
	err = file_create_anon(
	    &signalfd_file_ops, NULL, O_RDWR | (flags & O_NONBLOCK), s, out);
	if (err < 0)
		kfree(s);
	return err;
}

int
signalfd_set_mask(struct file *f, struct sigset mask)
{
	struct signalfd *s = f->private;

	if (f->ops != &signalfd_file_ops)
		return -EINVAL;
	mask = sigset_without(mask, signal_unstoppable());
	atomic_store(&s->mask.bits, mask.bits);
	/* What was pending already may be meant now. */
	signalfd_notify(proc_current());
	return 0;
}
