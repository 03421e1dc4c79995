/*
 * How threads and processes end.
 *
 *	every thread    tells futexes (robust list, cleared tid), gives up its
 *	                files, leaves the list of its process
 *	the last one    gives up timers, memory, handlers, the terminal; finds
 *	                other parents for the children; becomes a zombie and
 *	                tells its own parent
 *
 * The process's hold on its memory is gone before the parent can know.  If it
 * was the last one, the pages and tables are free by then, and what the parent
 * does next may count on it; others who have the memory, too (CLONE_VM, a look
 * at it in /proc), free it when they let go.  The stack and struct task go a
 * moment later, on another stack.
 */
#include "proc/exit.h"

#include <asm/siginfo.h>

#include "core/power.h"
#include "core/printk.h"
#include "fs/cred.h"
#include "fs/fs_context.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/mm.h"
#include "proc/fdtable.h"
#include "proc/futex.h"
#include "proc/proc_impl.h"
#include "proc/session.h"
#include "proc/usage.h"
#include "proc/wait.h"

#define STATUS_OF_CODE(code) ((s64)(code)*0x100)

/*
 * What the program asked to be done to its memory.  Nobody is left to see a
 * cleared tid when this is the last thread and the memory its own; then the
 * write would only copy a page.
 */
void
task_leave_memory(struct task *t)
{
	bool seen = t->proc->nr_tasks > 1 || t->proc->mm_shared;

	if (t->robust_list.val != 0)
		futex_exit_robust(t->robust_list, t->tid);
	if (seen && t->clear_child_tid.val != 0)
		futex_clear_tid(t->clear_child_tid);
	t->robust_list = uaddr(0);
	t->clear_child_tid = uaddr(0);
	rseq_forget(t);
}

static void
leave_files(struct task *t)
{
	struct fdtable *files = t->files;
	struct fs_context *fs = t->fs;

	spin_lock(&proc_tree_lock);
	t->files = NULL;
	t->fs = NULL;
	spin_unlock(&proc_tree_lock);
	fdtable_put(files);
	fs_context_put(fs);
}

void
proc_vfork_done_locked(struct task *t)
{
	struct vfork_wait *w = t->vfork;

	if (w == NULL)
		return;
	t->vfork = NULL;
	w->done = true;
	/* Under the lock: w is gone as soon as its owner gets it. */
	waitq_wake_all(&w->wait);
}

/*
 * Children that t made are another thread's now, for __WNOTHREAD, and those
 * that wanted to know of its death do.
 */
static void
hand_over_children_locked(struct task *t)
{
	struct proc *p = t->proc;
	struct task *heir = list_first(&p->tasks, struct task, link);
	struct proc *child;

	list_for_each (child, &p->children, sibling) {
		if (child->parent_tid != t->tid)
			continue;
		child->parent_tid = heir->tid;
		if (child->pdeath_signal != 0)
			signal_send_kernel(child, child->pdeath_signal);
	}
}

/* Off the list of threads; true for the last one. */
static bool
leave_list(struct task *t, s64 status)
{
	struct proc *p = t->proc;
	const struct cred *cred = t->cred;
	bool leads = t->tid == p->nr;
	bool last;

	thread_account_now();
	signal_exit_task(t);
	spin_lock(&proc_tree_lock);
	spin_lock(&p->sig.lock);
	usage_add_task(&p->ended, t);
	task_unlink_locked(t);
	last = p->nr_tasks == 0;
	t->cred = NULL;
	if (last) {
		usage_note_end_locked(p);
		p->state = PROC_EXITING;
		p->last_cred = cred;
		memcpy(p->comm, t->comm, sizeof(p->comm));
	}
	spin_unlock(&p->sig.lock);
	if (leads)
		p->exit_status = status;
	/* The leader may have left before somebody ended the whole. */
	if (last)
		(void)signal_group_status(p, &p->exit_status);
	if (!last) {
		hand_over_children_locked(t);
		proc_vfork_done_locked(t);
	}
	if (p->nr_tasks == 1)
		waitq_wake_all(&p->alone_wait);
	spin_unlock(&proc_tree_lock);
	uidcount_uncharge(cred->ruid);
	if (!last)
		cred_put(cred);
	return last;
}

static void
leave_memory(struct task *t)
{
	struct proc *p = t->proc;
	struct mm *mm = p->mm;
	struct file *exe = p->exe;

	spin_lock(&proc_tree_lock);
	p->mm = NULL;
	p->exe = NULL;
	proc_vfork_done_locked(t);
	spin_unlock(&proc_tree_lock);
	mm_put(mm);
	exe_put(exe);
}

/* Who takes the children of p: the nearest that asked for it, or init. */
static struct proc *
find_reaper_locked(struct proc *p)
{
	struct proc *q;

	for (q = p->parent; q != NULL; q = q->parent)
		if (q->is_subreaper && q->state == PROC_ALIVE)
			return q;
	return proc_init1;
}

/*
 * p and watcher, its parent, part: one of them leaves.  If watcher was the last
 * who could have continued p's group from outside, what is stopped in it would
 * stay stopped for ever.
 */
static void
free_orphaned_group_locked(
    struct proc *p, struct proc *watcher, struct proc *leaving)
{
	struct sig_info info = {.code = SI_KERNEL};
	struct pgrp *g = p->pgrp;

	if (watcher->pgrp == g || watcher->pgrp->session != g->session)
		return;
	if (!pgrp_is_orphaned_locked(g, leaving) || !pgrp_has_stopped_locked(g))
		return;
	info.signo = SIGHUP;
	(void)signal_send_pgrp_locked(g->nr, &info);
	info.signo = SIGCONT;
	(void)signal_send_pgrp_locked(g->nr, &info);
}

static void
give_child_locked(struct proc *child, struct proc *to, struct list *reaped)
{
	struct proc *from = child->parent;

	list_remove(&child->sibling);
	list_push_back(&to->children, &child->sibling);
	child->parent = to;
	child->parent_tid = to->nr;
	child->exit_signal = SIGCHLD;
	if (child->pdeath_signal != 0)
		signal_send_kernel(child, child->pdeath_signal);
	if (child->state == PROC_ZOMBIE) {
		wait_wake_parent(to);
		if (signal_child_exited_locked(
			child, SIGCHLD, child->exit_status)) {
			proc_reap_locked(child);
			list_push_back(reaped, &child->sibling);
		}
		return;
	}
	free_orphaned_group_locked(child, from, from);
}

static void
leave_children_locked(struct proc *p, struct list *reaped)
{
	struct proc *to = find_reaper_locked(p);
	struct proc *child;
	struct proc *next;

	list_for_each_safe (child, next, &p->children, sibling)
		give_child_locked(child, to, reaped);
}

void
proc_reap_locked(struct proc *p)
{
	struct pid *pid = p->pid;

	assert(p->state == PROC_ZOMBIE || p->state == PROC_CLAIMED);
	p->state = PROC_REAPED;
	waitq_wake_all(&p->end_wait);
	list_remove(&p->sibling);
	list_remove(&p->all);
	pgrp_leave_locked(p);
	p->pid = NULL;
	pid->proc = NULL;
	pid_free_if_unused_locked(pid);
}

/* What it was made with may be more than may be sent to another program. */
static int
exit_signal_locked(const struct proc *p)
{
	bool is_same = p->maker_execs == p->parent->nr_execs;

	return is_same ? p->exit_signal : SIGCHLD;
}

/* Becomes a zombie, and maybe not even that. */
static void
leave_tree(struct proc *p)
{
	struct list reaped = LIST_INIT(reaped);
	struct list *link;

	spin_lock(&proc_tree_lock);
	leave_children_locked(p, &reaped);
	free_orphaned_group_locked(p, p->parent, p);
	p->state = PROC_ZOMBIE;
	waitq_wake_all(&p->end_wait);
	wait_wake_parent(p->parent);
	if (signal_child_exited_locked(
		p, exit_signal_locked(p), p->exit_status)) {
		proc_reap_locked(p);
		list_push_back(&reaped, &p->sibling);
	}
	spin_unlock(&proc_tree_lock);
	while ((link = list_pop_front(&reaped)) != NULL)
		proc_put(list_entry(link, struct proc, sibling));
}

/*
 * Without process 1 nobody adopts orphans, so its end is the machine's.  That
 * is the user's doing, and no panic.
 */
static NORETURN void
end_machine(s64 status)
{
	if ((status & 0x7f) != 0)
		printk("init was killed by signal %d; power off\n",
		    (int)status & 0x7f);
	else
		printk("init exited with status %d; power off\n",
		    (int)(status >> 8));
	power_off();
}

static NORETURN void
leave(s64 status)
{
	struct task *t = task_current();
	struct proc *p = t->proc;

	task_leave_memory(t);
	leave_files(t);
	/*
	 * Before we leave the list: from then on the last thread may free the
	 * tables, and no hart may run with them.
	 */
	mm_use(NULL);
	if (!leave_list(t, status)) {
		frame_fail_end();
		thread_exit();
	}
	if (p == proc_init1)
		end_machine(p->exit_status);
	itimer_exit(p);
	ptimer_drop_all(p);
	leave_memory(t);
	signal_exit_proc(p);
	session_leave(p);
	frame_fail_end();
	leave_tree(p);
	thread_exit();
}

void
proc_exit_thread(int code)
{
	leave(STATUS_OF_CODE(code));
}

void
proc_exit_group(int code)
{
	signal_begin_exit(STATUS_OF_CODE(code));
	proc_exit_now();
}

void
proc_exit_now(void)
{
	s64 status = 0;

	/* Otherwise it is another thread's exec that wants us gone. */
	(void)signal_group_status(proc_current(), &status);
	leave(status);
}
