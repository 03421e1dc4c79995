#include "proc/procfs_view.h"

#include "dev/tty.h"
#include "fs/cred.h"
#include "fs/fs_context.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/fdtable.h"
#include "proc/rights.h"
#include "proc/usage.h"

static const struct {
	char letter;
	const char *name;
} states[] = {
    {'R', "running"},
    {'S', "sleeping"},
    {'D', "disk sleep"},
    {'T', "stopped"},
    {'Z', "zombie"},
    {'X', "dead"},
};

static char
thread_state(const struct task *t)
{
	if (t->proc->sig.stopped)
		return 'T';
	if (t->thread.state != THREAD_PARKED)
		return 'R';
	return t->thread.park_mode == PARK_INTERRUPTIBLE ? 'S' : 'D';
}

static void
take_state(struct proc_view *v, const struct proc *p, const struct task *t)
{
	size_t i;

	if (t != NULL)
		v->state = thread_state(t);
	else
		v->state = p->state == PROC_ZOMBIE ? 'Z' : 'X';
	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (states[i].letter == v->state)
			v->state_name = states[i].name;
}

static void
take_place(struct proc_view *v, const struct proc *p)
{
	const struct session *s = p->pgrp->session;

	v->tgid = p->nr;
	v->tid = p->nr;
	v->ppid = p->parent != NULL ? p->parent->nr : 0;
	v->pgid = p->pgrp->nr;
	v->sid = s->nr;
	v->foreground = -1;
	if (s->tty != NULL) {
		v->tty_device = s->tty->device;
		if (s->tty->foreground != NULL)
			v->foreground = s->tty->foreground->nr;
	}
}

static void
take_cred(struct proc_view *v, const struct cred *c)
{
	const u32 uids[4] = {c->ruid, c->euid, c->suid, c->fsuid};
	const u32 gids[4] = {c->rgid, c->egid, c->sgid, c->fsgid};

	memcpy(v->uids, uids, sizeof(uids));
	memcpy(v->gids, gids, sizeof(gids));
	v->caps = c->caps;
}

static void
take_proc(struct proc_view *v, struct proc *p)
{
	v->nr_threads = p->nr_tasks;
	v->nice = p->nice;
	v->oom_score_adj = p->oom_score_adj;
	v->exit_signal = p->exit_signal;
	v->exit_status = p->exit_status & 0xffff;
	v->start_ns = p->start_ns;
	v->children = p->children_usage;
	memcpy(v->comm, p->comm, sizeof(v->comm));
	memcpy(v->limits, p->limits, sizeof(v->limits));
	v->mm = p->mm;
	if (v->mm != NULL)
		mm_get(v->mm);
}

static void
take_task(struct proc_view *v, const struct task *t)
{
	v->tid = t->tid;
	memcpy(v->comm, t->comm, sizeof(v->comm));
	v->no_new_privs = t->no_new_privs;
	v->has_umask = t->fs != NULL;
	if (v->has_umask)
		v->umask = fs_context_umask(t->fs);
	v->hart = t->thread.hart;
	v->affinity = t->thread.affinity;
}

static void
take_actions(struct proc_view *v, struct sighand *hand)
{
	int i;

	for (i = 1; i <= NR_SIGNALS; i++) {
		u64 handler = sighand_action(hand, i).handler;

		if (handler == HANDLER_IGNORE)
			sigset_add(&v->ignored, i);
		else if (handler != HANDLER_DEFAULT)
			sigset_add(&v->caught, i);
	}
}

static void
take_signals(struct proc_view *v, struct proc *p, struct task *t)
{
	spin_lock(&p->sig.lock);
	v->shared_pending = p->sig.pending.set;
	v->nr_queued = p->sig.quota.used;
	if (t != NULL) {
		v->pending = t->sig.pending.set;
		v->blocked = t->sig.blocked;
	}
	if (p->sig.hand != NULL)
		take_actions(v, p->sig.hand);
	spin_unlock(&p->sig.lock);
}

/* Who key is about; *t is NULL for a process without threads. */
static struct proc *
find_locked(struct procfs_key key, struct task **t)
{
	struct proc *p = proc_find_locked(key.id);

	*t = task_find_locked(key.id);
	if (p == NULL)
		return *t != NULL ? (*t)->proc : NULL;
	if (view_scope(key) == VIEW_PROCESS)
		*t = proc_leader_locked(p);
	return *t == NULL && view_scope(key) == VIEW_THREAD ? NULL : p;
}

static int
take_locked(struct proc_view *v, struct procfs_key key)
{
	const struct cred *cred;
	struct task *t;
	struct proc *p = find_locked(key, &t);

	if (p == NULL)
		return -ESRCH;
	cred = t != NULL ? t->cred : p->last_cred;
	v->may_look = rights_may_look_locked(p, cred, RIGHTS_LOOK_FILES);
	take_place(v, p);
	take_state(v, p, t);
	take_proc(v, p);
	take_cred(v, cred);
	take_signals(v, p, t);
	if (t != NULL)
		take_task(v, t);
	if (view_scope(key) == VIEW_THREAD)
		usage_add_task(&v->usage, t);
	else
		usage_get_proc(p, &v->usage);
	return 0;
}

int
view_take(struct procfs_key key, struct proc_view **out)
{
	struct proc_view *v = kzalloc(sizeof(*v));
	struct task *t;
	int err;

	if (v == NULL)
		return -ENOMEM;
	spin_lock(&proc_tree_lock);
	err = take_locked(v, key);
	spin_unlock(&proc_tree_lock);
	if (err != 0) {
		kfree(v);
		return err;
	}
	if (v->mm != NULL) {
		mm_usage(v->mm, &v->memory);
		mm_get_places(v->mm, &v->places);
	}
	if (view_task(key, &t) == 0) {
		v->fd_slots = fd_slots_of_task(t);
		task_put(t);
	}
	*out = v;
	return 0;
}

void
view_free(struct proc_view *v)
{
	if (v->mm != NULL)
		mm_put(v->mm);
	kfree(v);
}

int
view_task(struct procfs_key key, struct task **out)
{
	spin_lock(&proc_tree_lock);
	(void)find_locked(key, out);
	if (*out != NULL)
		task_get(*out);
	spin_unlock(&proc_tree_lock);
	return *out != NULL ? 0 : -ESRCH;
}

int
view_private_locked(struct procfs_key key, struct task **out)
{
	struct proc *p = find_locked(key, out);

	if (p == NULL || *out == NULL)
		return -ESRCH;
	if (!rights_may_look_locked(p, (*out)->cred, RIGHTS_LOOK_FILES))
		return -EACCES;
	return 0;
}

int
view_task_private(struct procfs_key key, struct task **out)
{
	int err;

	spin_lock(&proc_tree_lock);
	err = view_private_locked(key, out);
	if (err == 0)
		task_get(*out);
	spin_unlock(&proc_tree_lock);
	return err;
}

int
view_mm_private(struct procfs_key key, struct mm **out)
{
	struct task *t;
	int err;

	spin_lock(&proc_tree_lock);
	err = view_private_locked(key, &t);
	if (err == 0 && t->proc->mm == NULL)
		err = -ESRCH;
	if (err == 0) {
		*out = t->proc->mm;
		mm_get(*out);
	}
	spin_unlock(&proc_tree_lock);
	return err;
}

int
view_owner(struct procfs_key key, u32 *uid, u32 *gid)
{
	const struct cred *c;
	struct task *t;
	struct proc *p;

	spin_lock(&proc_tree_lock);
	p = find_locked(key, &t);
	if (p != NULL) {
		c = t != NULL ? t->cred : p->last_cred;
		/* What may not be dumped belongs to root. */
		*uid = p->dumpable == 1 ? c->euid : 0;
		*gid = p->dumpable == 1 ? c->egid : 0;
	}
	spin_unlock(&proc_tree_lock);
	return p != NULL ? 0 : -ENOENT;
}

bool
view_is_own(struct procfs_key key)
{
	struct task *t;
	bool own;

	spin_lock(&proc_tree_lock);
	own = find_locked(key, &t) == proc_current();
	spin_unlock(&proc_tree_lock);
	return own;
}
