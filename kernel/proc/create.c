/*
 * Threads and processes that do not run yet: made piece by piece, so that
 * whoever makes one can stop at any piece and discard what there is.
 */
#include "arch/riscv/upcall.h"
#include "core/clock.h"
#include "fs/cred.h"
#include "fs/file.h"
#include "fs/fs_context.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "proc/fdtable.h"
#include "proc/proc_impl.h"

int
task_create(void (*entry)(void *task), struct task **out)
{
	struct task *t = kmalloc(sizeof(*t));
	void *stack = kstack_alloc();
	int err = -ENOMEM;

	if (t == NULL || stack == NULL)
		goto fail;
	memset(
	    (char *)t + sizeof(t->thread), 0, sizeof(*t) - sizeof(t->thread));
	err = pid_alloc(&t->pid);
	if (err != 0)
		goto fail;
	thread_init(&t->thread, stack, entry, t, task_release);
	t->thread.name = t->comm;
	t->tid = t->pid->nr;
	refcount_init(&t->refs, 1);
	list_init(&t->link);
	t->start_ns = clock_mono_ns();
	*out = t;
	return 0;
fail:
	if (stack != NULL)
		kstack_free(stack);
	kfree(t);
	return err;
}

void
task_discard(struct task *t)
{
	if (t->files != NULL)
		fdtable_put(t->files);
	if (t->fs != NULL)
		fs_context_put(t->fs);
	if (t->cred != NULL) {
		uidcount_uncharge(t->cred->ruid);
		cred_put(t->cred);
	}
	spin_lock(&proc_tree_lock);
	pid_free_if_unused_locked(t->pid);
	spin_unlock(&proc_tree_lock);
	kstack_free(t->thread.stack);
	kfree(t);
}

int
proc_create(struct proc **out)
{
	struct proc *p = kzalloc(sizeof(*p));

	if (p == NULL)
		return -ENOMEM;
	refcount_init(&p->refs, 1);
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->all);
	list_init(&p->tasks);
	list_init(&p->pgrp_link);
	waitq_init(&p->child_wait);
	waitq_init(&p->alone_wait);
	waitq_init(&p->end_wait);
	p->start_ns = clock_mono_ns();
	itimer_init(p);
	ptimer_init(p);
	*out = p;
	return 0;
}

void
proc_discard(struct proc *p)
{
	if (p->sig.hand != NULL)
		signal_abort_proc(p);
	exe_put(p->exe);
	if (p->mm != NULL)
		mm_put(p->mm);
	kfree(p);
}

void
task_link_locked(struct task *t, struct proc *p)
{
	proc_get(p);
	t->proc = p;
	t->thread.nice = &p->nice;
	t->pid->task = t;
	list_push_back(&p->tasks, &t->link);
	p->nr_tasks++;
}

void
task_unlink_locked(struct task *t)
{
	struct proc *p = t->proc;

	list_remove(&t->link);
	p->nr_tasks--;
	t->pid->task = NULL;
	pid_free_if_unused_locked(t->pid);
	t->pid = NULL;
}

void
task_enter_user(struct task *t)
{
	struct trap_frame *f = arch_user_frame(t->thread.stack);

	(void)arch_irqs_disable();
	upcall_user_return(f);
	arch_enter_user(f);
}

struct file *
exe_get(struct file *exe)
{
	/* It is denied already, so it cannot be open for writing. */
	if (exe == NULL || file_deny_write(exe) != 0)
		return NULL;
	return file_get(exe);
}

void
exe_put(struct file *exe)
{
	if (exe == NULL)
		return;
	file_allow_write(exe);
	file_put(exe);
}
