/*
 * wait4 and waitid.  A dead child is claimed, told of, and only then reaped:
 * if the caller's memory cannot take the news, the child is given back and the
 * next wait finds it.
 */
#include "proc/wait.h"

#include <asm/siginfo.h>
#include <linux/wait.h>

#include "fs/cred.h"
#include "proc/exit.h"
#include "proc/session.h"
#include "proc/usage.h"

void
wait_wake_parent(struct proc *parent)
{
	waitq_wake_all(&parent->child_wait);
}

static bool
is_meant(const struct proc *child, const struct wait_request *req)
{
	bool is_clone = child->exit_signal != SIGCHLD;

	if (req->kind == WAIT_PID && child->nr != req->nr)
		return false;
	if (req->kind == WAIT_PROC && child != req->proc)
		return false;
	if (req->kind == WAIT_PGID && child->pgrp->nr != req->nr)
		return false;
	if ((req->options & __WNOTHREAD) &&
	    child->parent_tid != task_current()->tid)
		return false;
	return (req->options & __WALL) ||
	    is_clone == ((req->options & __WCLONE) != 0);
}

static void
tell_dead(struct proc *child, bool whole, struct wait_result *res)
{
	int signo = child->exit_status & 0x7f;

	res->status = child->exit_status & 0xffff;
	res->value = (int)(child->exit_status >> 8);
	if (!whole)
		res->value &= 0xff;
	if (signo != 0)
		res->value = signo;
	res->code = CLD_EXITED;
	if (signo != 0)
		res->code =
		    (child->exit_status & 0x80) ? CLD_DUMPED : CLD_KILLED;
}

/*
 * Has child something to tell that was asked for?  What is told of a stop or a
 * continuation is taken at once; a dead child is claimed unless it is to stay.
 */
static bool
has_news_locked(
    struct proc *child, const struct wait_request *req, struct wait_result *res)
{
	bool take = !(req->options & WNOWAIT);
	int signo;

	if (child->state == PROC_ZOMBIE && (req->options & WEXITED)) {
		tell_dead(child, req->options & WAIT_WHOLE_VALUE, res);
		if (take)
			child->state = PROC_CLAIMED;
	} else if (child->state > PROC_EXITING) {
		return false;
	} else if ((req->options & WSTOPPED) &&
	    signal_child_stopped(child, take, &signo)) {
		res->status = signo << 8 | 0x7f;
		res->code = CLD_STOPPED;
		res->value = signo;
	} else if ((req->options & WCONTINUED) &&
	    signal_child_continued(child, take)) {
		res->status = 0xffff;
		res->code = CLD_CONTINUED;
		res->value = SIGCONT;
	} else {
		return false;
	}
	res->pid = child->nr;
	res->uid = proc_cred_locked(child)->ruid;
	usage_get_both_locked(child, &res->usage);
	return true;
}

/*
 * The first child with news, with a reference; *any says whether there is a
 * child that could have some.
 */
static struct proc *
find_locked(const struct wait_request *req, struct wait_result *res, bool *any)
{
	struct proc *self = proc_current();
	struct proc *child;

	*any = false;
	list_for_each (child, &self->children, sibling) {
		if (!is_meant(child, req))
			continue;
		*any = true;
		if (!has_news_locked(child, req, res))
			continue;
		proc_get(child);
		return child;
	}
	return NULL;
}

/* The news has been told, or could not be. */
static void
settle(struct proc *child, bool told)
{
	struct proc *self = proc_current();
	bool reap;

	spin_lock(&proc_tree_lock);
	reap = told && child->state == PROC_CLAIMED;
	if (reap) {
		usage_add_child_locked(self, child);
		proc_reap_locked(child);
	} else if (child->state == PROC_CLAIMED) {
		child->state = PROC_ZOMBIE;
	}
	/* Other threads may wait for what has gone, or has come back. */
	wait_wake_parent(self);
	spin_unlock(&proc_tree_lock);
	if (reap)
		proc_put(child);
	proc_put(child);
}

/* Waits until find_locked has something; NULL and *err else. */
static struct proc *
wait_for_news(const struct wait_request *req, struct wait_result *res, int *err)
{
	struct proc *self = proc_current();
	struct proc *child;
	bool any;

	*err = 0;
	spin_lock(&proc_tree_lock);
	for (;;) {
		child = find_locked(req, res, &any);
		if (child != NULL)
			break;
		if (!any)
			*err = -ECHILD;
		if (!any || (req->options & WNOHANG) || *err != 0)
			break;
		*err = waitq_wait_spin(&self->child_wait, &proc_tree_lock,
		    PARK_INTERRUPTIBLE, NO_DEADLINE, "a child");
	}
	spin_unlock(&proc_tree_lock);
	/* News that came together with a signal are told: they are taken. */
	if (child != NULL)
		*err = 0;
	return child;
}

s64
proc_wait(const struct wait_request *req,
    int (*deliver)(const struct wait_result *res, void *arg), void *arg)
{
	struct wait_request meant = *req;
	struct wait_result res = {0};
	struct proc *child;
	int err;

	if (meant.kind == WAIT_PGID && meant.nr == 0)
		meant.nr = (s32)proc_getpgid(0);
	child = wait_for_news(&meant, &res, &err);
	if (err != 0)
		return err == -EINTR ? -ERESTARTSYS : err;
	err = deliver(&res, arg);
	if (child != NULL)
		settle(child, err == 0);
	return err != 0 ? err : res.pid;
}
