#include "proc/priority.h"

#include "fs/cred.h"
#include "proc/caps.h"
#include "proc/proc.h"

#include <linux/resource.h>
#include <linux/sched.h>

#define NICE_MIN (-20)
#define NICE_MAX 19
#define NICE_ABI 20 /* getpriority's answer is this minus the nice value */

static bool
owns(const struct cred *theirs)
{
	const struct cred *mine = task_current()->cred;

	return cred_capable(mine, CAP_SYS_NICE) || mine->euid == theirs->euid ||
	    mine->euid == theirs->ruid;
}

/*
 * May the current thread change how fast it runs, as far as its rights go?  Who
 * may more than oneself is not to be slowed down.
 */
static bool
is_safe(const struct cred *theirs)
{
	const struct cred *mine = task_current()->cred;

	return cred_capable(mine, CAP_SYS_NICE) ||
	    caps_are_within(theirs->caps.permitted, mine->caps.permitted);
}

/* The thread with a reference, or NULL; *err says why. */
static struct task *
get_task(s32 tid, bool to_change, int *err)
{
	struct task *t;

	*err = tid < 0 ? -EINVAL : -ESRCH;
	spin_lock(&proc_tree_lock);
	t = tid == 0 ? task_current() : task_find_locked(tid);
	if (t != NULL && to_change && !(owns(t->cred) && is_safe(t->cred))) {
		*err = -EPERM;
		t = NULL;
	}
	if (t != NULL)
		task_get(t);
	spin_unlock(&proc_tree_lock);
	return t;
}

static u64
all_harts(void)
{
	return (1ul << nr_harts) - 1;
}

int
priority_set_affinity(s32 tid, u64 harts)
{
	int err;
	struct task *t = get_task(tid, true, &err);

	if (t == NULL)
		return err;
	err = -EINVAL;
	if ((harts & all_harts()) != 0) {
		thread_set_affinity(&t->thread, harts & all_harts());
		err = 0;
	}
	task_put(t);
	return err;
}

int
priority_get_affinity(s32 tid, u64 *harts)
{
	int err;
	struct task *t = get_task(tid, false, &err);

	if (t == NULL)
		return err;
	*harts = atomic_load(&t->thread.affinity) & all_harts();
	task_put(t);
	return 0;
}

/* Calls fn for whom which and who name; whether there was any. */
struct visit {
	int which;
	u32 who;
	int nice; /* to set; or the nicest seen */
	int err;
	bool any;
};

static bool
is_named(const struct visit *v, struct proc *p)
{
	switch (v->which) {
	case PRIO_PROCESS:
		return (u32)p->nr == v->who;
	case PRIO_PGRP:
		return (u32)p->pgrp->nr == v->who;
	}
	return proc_cred_locked(p)->ruid == v->who;
}

static void
visit(struct visit *v, void (*fn)(struct visit *v, struct proc *p))
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	list_for_each (p, &proc_all, all) {
		if (p->state != PROC_ALIVE || !is_named(v, p))
			continue;
		v->any = true;
		fn(v, p);
	}
	spin_unlock(&proc_tree_lock);
}

static void
see_nice(struct visit *v, struct proc *p)
{
	v->nice = MIN(v->nice, p->nice);
}

static void
set_nice(struct visit *v, struct proc *p)
{
	const struct cred *mine = task_current()->cred;
	const struct cred *theirs = proc_cred_locked(p);

	if (!owns(theirs))
		v->err = -EPERM;
	else if (v->nice < p->nice && !cred_capable(mine, CAP_SYS_NICE) &&
	    v->nice < NICE_ABI - (int)p->limits[RLIMIT_NICE].soft)
		v->err = -EACCES;
	else if (!is_safe(theirs))
		v->err = -EPERM;
	else
		p->nice = v->nice;
}

/* 0 is the caller; a thread's number is its process's here. */
static int
resolve(struct visit *v)
{
	struct task *t;

	if (v->which < PRIO_PROCESS || v->which > PRIO_USER)
		return -EINVAL;
	if (v->which == PRIO_USER && v->who == 0)
		v->who = task_current()->cred->ruid;
	spin_lock(&proc_tree_lock);
	if (v->which == PRIO_PGRP && v->who == 0)
		v->who = proc_current()->pgrp->nr;
	if (v->which == PRIO_PROCESS) {
		t = v->who == 0 ? task_current() : task_find_locked(v->who);
		if (t != NULL)
			v->who = t->proc->nr;
	}
	spin_unlock(&proc_tree_lock);
	return 0;
}

s64
priority_get(int which, s32 who)
{
	struct visit v = {.which = which, .who = who, .nice = NICE_MAX};
	int err = resolve(&v);

	if (err != 0)
		return err;
	visit(&v, see_nice);
	return v.any ? NICE_ABI - v.nice : -ESRCH;
}

int
priority_set(int which, s32 who, int nice)
{
	struct visit v = {
	    .which = which,
	    .who = who,
	    .nice = MIN(MAX(nice, NICE_MIN), NICE_MAX),
	};
	int err = resolve(&v);

	if (err != 0)
		return err;
	visit(&v, set_nice);
	return v.any ? v.err : -ESRCH;
}

int
priority_set_policy(s32 tid, int policy, int rt_priority)
{
	int err;
	struct task *t;

	if (policy < 0)
		return -EINVAL;
	t = get_task(tid, true, &err);
	if (t == NULL)
		return err;
	task_put(t);
	switch (policy & ~SCHED_RESET_ON_FORK) {
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
		return rt_priority == 0 ? 0 : -EINVAL;
	case SCHED_FIFO:
	case SCHED_RR:
		return rt_priority >= 1 && rt_priority <= 99 ? -EPERM : -EINVAL;
	}
	return -EINVAL;
}

s64
priority_get_policy(s32 tid)
{
	int err;
	struct task *t = get_task(tid, false, &err);

	if (t == NULL)
		return err;
	task_put(t);
	return SCHED_NORMAL;
}
