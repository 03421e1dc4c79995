/*
 * What processes and threads are made of, references to them, and the walk
 * that checks the whole tree.
 */
#include "proc/proc.h"

#include "core/power.h"
#include "core/thread.h"
#include "fs/cred.h"
#include "mm/kmap.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/proc_impl.h"
#include "proc/session.h"

struct spinlock proc_tree_lock = SPINLOCK_INIT(RANK_PROC_TREE);
struct list proc_all = LIST_INIT(proc_all);
struct proc *proc_init1;
u64 nr_forks_total;

/* The debug build leaves no machine whose books are wrong. */
static struct power_hook check_hook = {.before_off = proc_check};

static const struct cred *
current_cred(void)
{
	struct thread *t = thread_current();

	return thread_is_task(t) ? task_of(t)->cred : NULL;
}

void
proc_init(void)
{
	pid_init();
	limits_init();
	cred_set_current(current_cred);
	usercopy_set_no_memory(trap_out_of_memory);
	if (CONFIG_DEBUG)
		power_add_hook(&check_hook);
}

bool
thread_is_task(const struct thread *t)
{
	return t->release == task_release;
}

void
task_release(struct thread *thread)
{
	kstack_free(thread->stack);
	task_put(task_of(thread));
}

void
task_put(struct task *t)
{
	if (!refcount_put(&t->refs))
		return;
	check(t->pid == NULL && t->files == NULL && t->fs == NULL);
	proc_put(t->proc);
	kfree(t);
}

void
proc_put(struct proc *p)
{
	if (!refcount_put(&p->refs))
		return;
	check(p->state == PROC_REAPED && p->mm == NULL);
	if (p->last_cred != NULL)
		cred_put(p->last_cred);
	kfree(p);
}

struct task *
proc_leader_locked(struct proc *p)
{
	if (p->pid != NULL && p->pid->task != NULL)
		return p->pid->task;
	return list_first(&p->tasks, struct task, link);
}

const struct cred *
proc_cred_locked(struct proc *p)
{
	struct task *t = proc_leader_locked(p);

	return t != NULL ? t->cred : p->last_cred;
}

struct mm *
proc_get_mm(struct proc *p)
{
	struct mm *mm;

	spin_lock(&proc_tree_lock);
	mm = p->mm;
	if (mm != NULL)
		mm_get(mm);
	spin_unlock(&proc_tree_lock);
	return mm;
}

s32
proc_ppid(struct proc *p)
{
	s32 nr;

	spin_lock(&proc_tree_lock);
	nr = p->parent != NULL ? p->parent->nr : 0;
	spin_unlock(&proc_tree_lock);
	return nr;
}

void
proc_for_each(void (*fn)(struct proc *p, void *arg), void *arg)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	list_for_each (p, &proc_all, all)
		fn(p, arg);
	spin_unlock(&proc_tree_lock);
}

static void
check_tasks(struct proc *p)
{
	struct task *t;
	u32 nr = 0;

	list_for_each (t, &p->tasks, link) {
		assert(t->proc == p);
		assert(t->pid != NULL && t->pid->task == t);
		assert(t->tid == t->pid->nr);
		nr++;
	}
	assert(nr == p->nr_tasks);
	assert((nr == 0) == (p->state != PROC_ALIVE));
}

static void
check_family(struct proc *p)
{
	struct proc *child;

	list_for_each (child, &p->children, sibling)
		assert(child->parent == p);
	if (p == proc_init1)
		assert(p->parent == NULL);
	else
		assert(p->parent != NULL && p->parent->state <= PROC_EXITING);
}

static void
check_group(struct proc *p)
{
	struct proc *member;
	bool found = false;

	assert(p->pgrp->pid->pgrp == p->pgrp);
	assert(p->pgrp->session->pid->session == p->pgrp->session);
	list_for_each (member, &p->pgrp->members, pgrp_link)
		found |= member == p;
	assert(found);
}

void
proc_check(void)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	list_for_each (p, &proc_all, all) {
		assert(p->state != PROC_REAPED);
		assert(p->pid->proc == p && p->pid->nr == p->nr);
		if (p->state == PROC_ALIVE)
			assert(p->mm != NULL);
		if (p->state > PROC_EXITING)
			assert(p->mm == NULL);
		check_tasks(p);
		check_family(p);
		check_group(p);
	}
	spin_unlock(&proc_tree_lock);
}
