/*
 * clone.  A thread, and a process with its first thread, are made in the same
 * three steps: check what is asked for, make everything (which may fail and is
 * then discarded), and commit, which changes the tree and cannot fail but for
 * one reason: a signal that came in between goes first, and clone is tried
 * again after it.
 *
 * Memory is shared or copied by mm/fork.c; this file never looks at a page.
 */
#include "proc/fork.h"

#include <linux/resource.h>
#include <linux/sched.h>

#include "fs/cred.h"
#include "fs/file.h"
#include "fs/fs_context.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "proc/pidfd.h"
#include "proc/proc_impl.h"
#include "proc/session.h"

#define CLONE_NAMESPACES                                                       \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |           \
	    CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME)

/* clone has 32 bits of flags, clone3 one more that we know. */
#define CLONE3_FLAGS                                                           \
	((0xffffffffull & ~(CLONE_DETACHED | CSIGNAL)) | CLONE_CLEAR_SIGHAND)

/* Those that mean nothing without one another. */
static const struct {
	u64 with;    /* when all of these are asked for */
	u64 need;    /* these have to be, all */
	u64 exclude; /* and none of these may */
} flag_rules[] = {
    {CLONE_THREAD, CLONE_SIGHAND, CLONE_NEWUSER | CLONE_NEWPID},
    {CLONE_SIGHAND, CLONE_VM, CLONE_CLEAR_SIGHAND},
    {CLONE_NEWNS, 0, CLONE_FS},
    {CLONE_NEWUSER, 0, CLONE_FS},
    {CLONE_PIDFD, 0, CLONE_DETACHED | CLONE_THREAD},
};

static int
check_flags(u64 flags)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flag_rules); i++) {
		if ((flags & flag_rules[i].with) != flag_rules[i].with)
			continue;
		if ((flags & flag_rules[i].need) != flag_rules[i].need ||
		    (flags & flag_rules[i].exclude) != 0)
			return -EINVAL;
	}
	return 0;
}

/* What clone3 refuses and clone lets pass, and the other way round. */
static int
check_form(const struct clone_request *req)
{
	u64 flags = req->flags;

	if (!req->is_clone3)
		return (flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID)
		    ? -EINVAL
		    : 0;
	if (flags & ~CLONE3_FLAGS)
		return -EINVAL;
	if (flags & ~(0xfffffffful | CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((flags & (CLONE_THREAD | CLONE_PARENT)) && req->exit_signal != 0)
		return -EINVAL;
	if (req->exit_signal != 0 && !signo_valid(req->exit_signal))
		return -EINVAL;
	if ((req->stack.val == 0) != (req->stack_size_bytes == 0))
		return -EINVAL;
	if (req->stack.val != 0 &&
	    !user_range_ok(req->stack, req->stack_size_bytes))
		return -EINVAL;
	return 0;
}

static bool
may_choose_tid(const struct cred *c)
{
	return cred_capable(c, CAP_CHECKPOINT_RESTORE) ||
	    cred_capable(c, CAP_SYS_ADMIN);
}

static int
check_request(const struct clone_request *req)
{
	const struct cred *cred = task_current()->cred;
	int err = check_form(req);

	if (err == 0)
		err = check_flags(req->flags);
	if (err != 0)
		return err;
	/* A sibling of process 1 would have no parent. */
	if ((req->flags & CLONE_PARENT) && proc_current() == proc_init1)
		return -EINVAL;
	if (req->flags & CLONE_NAMESPACES)
		return cred_capable(cred, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (req->set_tid_count > CLONE_MAX_SET_TIDS)
		return -EINVAL;
	if (req->set_tid_count > 0)
		return may_choose_tid(cred) ? -EINVAL : -EPERM;
	return 0;
}

/* The first and only thing a new thread does in the kernel. */
static void
child_entry(void *arg)
{
	struct task *t = arg;
	u32 tid = t->tid;

	/* As on Linux, a place that can't be written to is the caller's. */
	if (t->set_child_tid.val != 0)
		(void)!user_write(t->set_child_tid, &tid, sizeof(tid));
	task_enter_user(t);
}

static void
copy_registers(struct task *t, const struct clone_request *req)
{
	struct thread *cur = thread_current();
	struct trap_frame *from = arch_user_frame(cur->stack);
	struct trap_frame *to = arch_user_frame(t->thread.stack);

	arch_fpu_sync(from, &cur->fpu);
	t->thread.fpu = cur->fpu;
	*to = *from;
	to->regs[REG_A0] = 0;
	if (req->stack.val != 0)
		to->regs[REG_SP] = req->stack.val + req->stack_size_bytes;
	if (req->flags & CLONE_SETTLS)
		to->regs[REG_TP] = req->tls;
}

/* One of the three things that CLONE_ flags share. */
static int
share_files(struct task *t, u64 flags)
{
	struct fdtable *files = task_current()->files;

	if (!(flags & CLONE_FILES))
		return fdtable_copy(files, &t->files);
	fdtable_get(files);
	t->files = files;
	return 0;
}

static int
share_fs(struct task *t, u64 flags)
{
	struct fs_context *fs = task_current()->fs;

	if (!(flags & CLONE_FS))
		return fs_context_copy(fs, &t->fs);
	fs_context_get(fs);
	t->fs = fs;
	return 0;
}

/* How many threads its user may have. */
static u64
threads_limit(const struct cred *c)
{
	if (c->ruid == 0 || cred_capable(c, CAP_SYS_RESOURCE) ||
	    cred_capable(c, CAP_SYS_ADMIN))
		return LIMIT_INFINITY;
	return limit_current(RLIMIT_NPROC);
}

static int
share_cred(struct task *t)
{
	const struct cred *cred = task_current()->cred;
	int err = threads_are_too_many() ? -EAGAIN : 0;

	if (err == 0)
		err = uidcount_charge(cred->ruid, threads_limit(cred));
	if (err != 0)
		return err;
	t->cred = cred_get(cred);
	return 0;
}

/* The thread that both forms need. */
static int
make_task(const struct clone_request *req, struct task **out)
{
	struct task *cur = task_current();
	bool own_stack = (req->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM;
	struct task *t;
	int err = task_create(child_entry, &t);

	if (err != 0)
		return err;
	memcpy(t->task_copy_start, cur->task_copy_start,
	    offsetof(struct task, task_copy_end) -
		offsetof(struct task, task_copy_start));
	t->thread.affinity = cur->thread.affinity;
	t->thread.notify = atomic_load(&cur->thread.notify) & NOTIFY_TRACE;
	if (req->flags & CLONE_VM)
		rseq_forget(t);
	else
		rseq_inherit(t);
	if (req->flags & CLONE_CHILD_SETTID)
		t->set_child_tid = req->child_tid;
	if (req->flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = req->child_tid;
	copy_registers(t, req);
	signal_fork_task(t, !own_stack);
	err = share_cred(t);
	if (err == 0)
		err = share_files(t, req->flags);
	if (err == 0)
		err = share_fs(t, req->flags);
	if (err != 0)
		task_discard(t);
	else
		*out = t;
	return err;
}

static int
share_memory(struct proc *p, u64 flags)
{
	struct proc *cur = proc_current();
	struct trap_frame *f = arch_user_frame(thread_current()->stack);

	if (!(flags & CLONE_VM))
		return mm_fork(cur->mm, uaddr(f->pc), &p->mm);
	mm_get(cur->mm);
	p->mm = cur->mm;
	p->mm_shared = true;
	atomic_store(&cur->mm_shared, true);
	return 0;
}

/* The process around the thread, when it is to have one of its own. */
static int
make_proc(const struct clone_request *req, struct proc **out)
{
	struct proc *cur = proc_current();
	struct proc *p;
	int err = proc_create(&p);

	if (err != 0)
		return err;
	memcpy(p->proc_copy_start, cur->proc_copy_start,
	    offsetof(struct proc, proc_copy_end) -
		offsetof(struct proc, proc_copy_start));
	p->exit_signal = req->exit_signal;
	p->parent_tid = task_current()->tid;
	p->exe = exe_get(cur->exe);
	err = signal_fork_proc(p, cur, req->flags & CLONE_SIGHAND,
	    req->flags & CLONE_CLEAR_SIGHAND);
	if (err == 0)
		err = share_memory(p, req->flags);
	if (err != 0)
		proc_discard(p);
	else
		*out = p;
	return err;
}

/* p enters the tree.  Locks: PROC_TREE. */
static void
link_proc_locked(struct proc *p, struct task *first, u64 flags)
{
	struct proc *cur = proc_current();

	p->pid = first->pid;
	p->nr = first->tid;
	p->pid->proc = p;
	p->parent = cur;
	p->maker_execs = cur->nr_execs;
	if (flags & CLONE_PARENT) {
		p->parent = cur->parent;
		p->maker_execs = cur->maker_execs;
		p->parent_tid = cur->parent_tid;
		p->exit_signal = cur->exit_signal;
	}
	list_push_back(&p->parent->children, &p->sibling);
	list_push_back(&proc_all, &p->all);
	pgrp_join_locked(p, cur->pgrp);
	atomic_count(&nr_forks_total);
}

static int
commit_proc(struct task *t, struct proc *p, u64 flags)
{
	struct proc *cur = proc_current();
	int err;

	spin_lock(&proc_tree_lock);
	spin_lock(&cur->sig.lock);
	err = signal_fork_commit_locked();
	spin_unlock(&cur->sig.lock);
	if (err == 0) {
		/* commit */
		link_proc_locked(p, t, flags);
		task_link_locked(t, p);
	}
	spin_unlock(&proc_tree_lock);
	return err;
}

static int
commit_thread(struct task *t)
{
	struct proc *cur = proc_current();
	int err;

	spin_lock(&proc_tree_lock);
	spin_lock(&cur->sig.lock);
	err = signal_fork_commit_locked();
	if (err == 0) {
		/* commit */
		task_link_locked(t, cur);
	}
	spin_unlock(&cur->sig.lock);
	spin_unlock(&proc_tree_lock);
	return err;
}

static int
make_thread(const struct clone_request *req, struct task **out)
{
	int err = make_task(req, out);

	if (err != 0)
		return err;
	(*out)->thread.space = mm_space(proc_current()->mm);
	err = commit_thread(*out);
	if (err != 0)
		task_discard(*out);
	return err;
}

/* CLONE_PIDFD: the caller's descriptor of the child; file NULL: none. */
struct new_pidfd {
	struct file *file;
	int nr;
};

static void
drop_pidfd(struct new_pidfd *d)
{
	if (d->file == NULL)
		return;
	fd_unreserve(d->nr);
	file_put(d->file);
}

/* The number is told before the child begins, so that it may be refused. */
static int
prepare_pidfd(
    const struct clone_request *req, struct proc *p, struct new_pidfd *d)
{
	int err;

	if (!(req->flags & CLONE_PIDFD))
		return 0;
	err = pidfd_create(p, 0, &d->file);
	if (err != 0)
		return err;
	err = fd_reserve(true, &d->nr);
	if (err != 0) {
		file_put(d->file);
		return err;
	}
	err = user_write(req->pidfd, &d->nr, sizeof(d->nr));
	if (err != 0)
		drop_pidfd(d);
	return err;
}

static int
make_process(const struct clone_request *req, struct task **out)
{
	struct new_pidfd pidfd = {NULL, -1};
	struct proc *p;
	int err = make_proc(req, &p);

	if (err != 0)
		return err;
	err = make_task(req, out);
	if (err != 0)
		goto no_task;
	err = prepare_pidfd(req, p, &pidfd);
	if (err != 0)
		goto no_pidfd;
	(*out)->thread.space = mm_space(p->mm);
	err = commit_proc(*out, p, req->flags);
	if (err == 0) {
		if (pidfd.file != NULL)
			fd_install_take(pidfd.nr, pidfd.file);
		return 0;
	}
	drop_pidfd(&pidfd);
no_pidfd:
	task_discard(*out);
no_task:
	proc_discard(p);
	return err;
}

/*
 * Until the child has given the memory back.  A parent that is killed does not
 * wait for that: it then takes its place on the stack away from the child.
 */
static void
wait_for_vfork(struct task *child, struct vfork_wait *w)
{
	int err = 0;

	spin_lock(&proc_tree_lock);
	while (!w->done && err == 0)
		err = waitq_wait_spin(&w->wait, &proc_tree_lock, PARK_KILLABLE,
		    NO_DEADLINE, "vfork");
	if (!w->done)
		child->vfork = NULL;
	spin_unlock(&proc_tree_lock);
}

static void
start(struct task *t, const struct clone_request *req)
{
	struct vfork_wait w = {.done = false};
	bool is_vfork = req->flags & CLONE_VFORK;
	u32 tid = t->tid;

	if (req->flags & CLONE_PARENT_SETTID)
		(void)!user_write(req->parent_tid, &tid, sizeof(tid));
	if (is_vfork) {
		waitq_init(&w.wait);
		t->vfork = &w;
		task_get(t);
	}
	thread_start(&t->thread);
	if (is_vfork) {
		wait_for_vfork(t, &w);
		task_put(t);
	}
}

s64
proc_clone(const struct clone_request *req)
{
	struct task *t = NULL;
	int err = check_request(req);
	s32 tid;

	if (err == 0)
		err = (req->flags & CLONE_THREAD) ? make_thread(req, &t)
						  : make_process(req, &t);
	if (err != 0)
		return err;
	/* It may be gone, and t with it, as soon as it has started. */
	tid = t->tid;
	start(t, req);
	return tid;
}

int
proc_unshare(u64 flags)
{
	/* What a thread has for itself already, or alone if it is alone. */
	const u64 alone = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
	struct task *t = task_current();
	struct fs_context *own;
	struct fs_context *old;
	int err;

	if (flags &
	    ~(alone | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM |
		CLONE_NAMESPACES))
		return -EINVAL;
	if (flags & CLONE_NAMESPACES)
		return cred_capable(t->cred, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if ((flags & alone) &&
	    (t->proc->nr_tasks > 1 ||
		((flags & CLONE_VM) && t->proc->mm_shared)))
		return -EINVAL;
	if (flags & CLONE_FS) {
		err = fs_context_copy(t->fs, &own);
		if (err != 0)
			return err;
		spin_lock(&proc_tree_lock);
		old = t->fs;
		t->fs = own;
		spin_unlock(&proc_tree_lock);
		fs_context_put(old);
	}
	return (flags & CLONE_FILES) ? fd_unshare() : 0;
}

s32
proc_set_tid_address(uaddr_t addr)
{
	struct task *t = task_current();

	t->clear_child_tid = addr;
	return t->tid;
}
