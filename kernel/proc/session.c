/*
 * Process groups and sessions.  A group exists while it has members, a session
 * while it has groups; both outlive the process whose number they bear, which
 * is why a number is more than a process (pid.h).
 */
#include "proc/session.h"

#include "mm/slab.h"

static int
session_create(struct session **out)
{
	struct session *s = kzalloc(sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	refcount_init(&s->refs, 1);
	list_init(&s->groups);
	*out = s;
	return 0;
}

void
session_put(struct session *s)
{
	if (!refcount_put(&s->refs))
		return;
	check(list_empty(&s->groups) && s->tty == NULL);
	kfree(s);
}

void
pgrp_put(struct pgrp *g)
{
	if (!refcount_put(&g->refs))
		return;
	check(list_empty(&g->members));
	session_put(g->session);
	kfree(g);
}

/* A group of p's number in session s.  Locks: PROC_TREE. */
static void
pgrp_set_up_locked(struct pgrp *g, struct proc *p, struct session *s)
{
	/* The caller's reference, until the first member has joined. */
	refcount_init(&g->refs, 1);
	g->nr = p->nr;
	g->pid = p->pid;
	g->pid->pgrp = g;
	refcount_get(&s->refs);
	g->session = s;
	list_init(&g->members);
	list_push_back(&s->groups, &g->link);
}

void
pgrp_join_locked(struct proc *p, struct pgrp *g)
{
	check(spin_held(&proc_tree_lock));
	refcount_get(&g->refs);
	p->pgrp = g;
	list_push_back(&g->members, &p->pgrp_link);
}

static void
session_end_locked(struct session *s)
{
	struct pid *pid = s->pid;

	s->pid = NULL;
	pid->session = NULL;
	pid_free_if_unused_locked(pid);
}

void
pgrp_leave_locked(struct proc *p)
{
	struct pgrp *g = p->pgrp;
	struct pid *pid = g->pid;

	check(spin_held(&proc_tree_lock));
	list_remove(&p->pgrp_link);
	p->pgrp = NULL;
	if (list_empty(&g->members)) {
		g->pid = NULL;
		pid->pgrp = NULL;
		pid_free_if_unused_locked(pid);
		list_remove(&g->link);
		if (list_empty(&g->session->groups))
			session_end_locked(g->session);
	}
	pgrp_put(g);
}

static void
pgrp_change_locked(struct proc *p, struct pgrp *g)
{
	if (p->pgrp == g)
		return;
	pgrp_leave_locked(p);
	pgrp_join_locked(p, g);
}

bool
pgrp_is_orphaned_locked(struct pgrp *g, const struct proc *except)
{
	struct proc *p;

	check(spin_held(&proc_tree_lock));
	list_for_each (p, &g->members, pgrp_link) {
		struct proc *parent = p->parent;

		if (p == except || p->state > PROC_EXITING || parent == NULL ||
		    parent == proc_init1)
			continue;
		if (parent->pgrp != g && parent->pgrp->session == g->session)
			return false;
	}
	return true;
}

bool
pgrp_has_stopped_locked(struct pgrp *g)
{
	struct proc *p;

	list_for_each (p, &g->members, pgrp_link)
		if (atomic_load(&p->sig.stopped))
			return true;
	return false;
}

/* Whom setpgid(pid) is about: the caller or a child of its.  */
static int
find_for_setpgid_locked(s32 pid, struct proc **out)
{
	struct proc *self = proc_current();
	struct proc *p = pid == 0 ? self : proc_find_locked(pid);

	if (p == NULL || (p != self && p->parent != self))
		return -ESRCH;
	if (p != self && p->pgrp->session != self->pgrp->session)
		return -EPERM;
	if (p != self && p->nr_execs > 0)
		return -EACCES;
	/* The leader's number is the session's, and stays its group's. */
	if (p->pgrp->session->leader == p)
		return -EPERM;
	*out = p;
	return 0;
}

/*
 * fresh is a group to be set up if there is none of that number; *used says
 * whether it was.
 */
static int
setpgid_locked(s32 pid, s32 pgid, struct pgrp *fresh, bool *used)
{
	struct proc *p;
	struct pgrp *g;
	int err = find_for_setpgid_locked(pid, &p);

	if (err != 0)
		return err;
	g = pgrp_find_locked(pgid == 0 ? p->nr : pgid);
	if (g == NULL && pgid != 0 && pgid != p->nr)
		return -EPERM;
	if (g != NULL && g->session != p->pgrp->session)
		return -EPERM;
	/* commit */
	if (g == NULL) {
		pgrp_set_up_locked(fresh, p, p->pgrp->session);
		*used = true;
		g = fresh;
	}
	pgrp_change_locked(p, g);
	return 0;
}

int
proc_setpgid(s32 pid, s32 pgid)
{
	struct pgrp *fresh;
	bool used = false;
	int err;

	if (pgid < 0 || (pgid == 0 && pid < 0))
		return -EINVAL;
	fresh = kzalloc(sizeof(*fresh));
	if (fresh == NULL)
		return -ENOMEM;
	spin_lock(&proc_tree_lock);
	err = setpgid_locked(pid, pgid, fresh, &used);
	if (used)
		pgrp_put(fresh);
	spin_unlock(&proc_tree_lock);
	if (!used)
		kfree(fresh);
	return err;
}

/* Gives what() of the process pid, or of the current one. */
static s64
ask(s32 pid, s32 (*what)(const struct proc *p))
{
	s64 res = -ESRCH;
	struct proc *p;

	spin_lock(&proc_tree_lock);
	p = pid == 0 ? proc_current() : proc_find_locked(pid);
	if (p != NULL)
		res = what(p);
	spin_unlock(&proc_tree_lock);
	return res;
}

static s32
pgid_of(const struct proc *p)
{
	return p->pgrp->nr;
}

static s32
sid_of(const struct proc *p)
{
	return p->pgrp->session->nr;
}

s64
proc_getpgid(s32 pid)
{
	return ask(pid, pgid_of);
}

s64
proc_getsid(s32 pid)
{
	return ask(pid, sid_of);
}

/* p begins a session of its own, whose first group is g. */
static void
session_begin_locked(struct proc *p, struct session *s, struct pgrp *g)
{
	s->nr = p->nr;
	s->pid = p->pid;
	s->pid->session = s;
	s->leader = p;
	pgrp_set_up_locked(g, p, s);
	if (p->pgrp != NULL)
		pgrp_leave_locked(p);
	pgrp_join_locked(p, g);
	pgrp_put(g);
	session_put(s);
}

static s64
session_begin(struct proc *p)
{
	struct pgrp *g = kzalloc(sizeof(*g));
	struct session *s;
	s64 res = -ENOMEM;

	if (g == NULL || session_create(&s) != 0)
		goto fail;
	spin_lock(&proc_tree_lock);
	if (p->pid->pgrp == NULL && p->pid->session == NULL) {
		/* commit */
		session_begin_locked(p, s, g);
		spin_unlock(&proc_tree_lock);
		return p->nr;
	}
	spin_unlock(&proc_tree_lock);
	/* It leads a group: its number would mean two groups. */
	res = -EPERM;
	kfree(s);
fail:
	kfree(g);
	return res;
}

s64
proc_setsid(void)
{
	return session_begin(proc_current());
}

int
session_first(struct proc *p)
{
	s64 res = session_begin(p);

	return res < 0 ? (int)res : 0;
}
