/*
 * A pidfd holds its process: a zombie's few bytes, and after the process was
 * reaped the certainty that it is this one that is gone.
 */
#include "proc/pidfd.h"

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "fs/cred.h"
#include "fs/file.h"
#include "proc/fdtable.h"
#include "proc/proc.h"
#include "proc/rights.h"

static const struct file_ops pidfd_file_ops;

static u32
pidfd_poll(struct file *f, struct poll_table *t)
{
	struct proc *p = f->private;
	u32 ready = 0;

	poll_wait(t, &p->end_wait);
	spin_lock(&proc_tree_lock);
	if (p->state >= PROC_ZOMBIE)
		ready = POLLIN | POLLRDNORM;
	if (p->state == PROC_REAPED)
		ready |= POLLHUP;
	spin_unlock(&proc_tree_lock);
	return ready;
}

static void
pidfd_release(struct file *f)
{
	proc_put(f->private);
}

static const struct file_ops pidfd_file_ops = {
    .release = pidfd_release,
    .poll = pidfd_poll,
    .kind = "pidfd",
};

int
pidfd_create(struct proc *p, u32 flags, struct file **out)
{
	int err = file_create_anon(
	    &pidfd_file_ops, NULL, O_RDWR | (flags & O_NONBLOCK), p, out);

	if (err == 0)
		proc_get(p);
	return err;
}

int
pidfd_open(s32 pid, u32 flags, struct file **out)
{
	struct proc *p;
	bool is_thread;
	int err;

	if (pid <= 0)
		return -EINVAL;
	spin_lock(&proc_tree_lock);
	p = proc_find_locked(pid);
	if (p)
		proc_get(p);
	is_thread = task_find_locked(pid) != NULL;
	spin_unlock(&proc_tree_lock);
	if (!p)
		return is_thread ? -EINVAL : -ESRCH;
	err = pidfd_create(p, flags, out);
	proc_put(p);
	return err;
}

struct proc *
pidfd_proc(const struct file *f)
{
	return f->ops == &pidfd_file_ops ? f->private : NULL;
}

int
pidfd_getfd(struct proc *p, int n, struct file **out)
{
	struct task *t = NULL;
	int err;

	spin_lock(&proc_tree_lock);
	if (p->state == PROC_ALIVE)
		t = proc_leader_locked(p);
	if (!t)
		err = -ESRCH;
	else if (!rights_may_look_locked(p, t->cred, RIGHTS_LOOK_REAL))
		err = -EPERM;
	else
		err = fd_get_of_task_locked(t, n, out);
	spin_unlock(&proc_tree_lock);
	return err;
}
