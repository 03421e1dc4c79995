/*
 * Job control: the part of a terminal's rules that is about sessions and
 * groups.  A session has at most one controlling terminal, a terminal is that
 * of at most one session; each holds a reference to the other, set and cleared
 * together under PROC_TREE.  One group of the session is in the foreground.
 */
#include "dev/tty.h"
#include "fs/cred.h"
#include "proc/session.h"

#include <asm/siginfo.h>

static struct session *
current_session(void)
{
	return proc_current()->pgrp->session;
}

static void
send_locked(struct pgrp *g, int signo)
{
	struct sig_info info = {.signo = signo, .code = SI_KERNEL};

	if (g != NULL)
		(void)signal_send_pgrp_locked(g->nr, &info);
}

static void
set_foreground_locked(struct tty *t, struct pgrp *g)
{
	struct pgrp *old = t->foreground;

	if (g != NULL)
		refcount_get(&g->refs);
	t->foreground = g;
	if (old != NULL)
		pgrp_put(old);
}

static void
join_locked(struct session *s, struct tty *t)
{
	refcount_get(&s->refs);
	t->session = s;
	tty_get(t);
	s->tty = t;
	set_foreground_locked(t, proc_current()->pgrp);
}

/* True when the caller has a reference to t to drop, outside the lock. */
static MUST_CHECK bool
part_locked(struct tty *t)
{
	struct session *s = t->session;

	set_foreground_locked(t, NULL);
	if (s == NULL)
		return false;
	t->session = NULL;
	s->tty = NULL;
	session_put(s);
	return true;
}

static void
job_signal(struct tty *t, int signo)
{
	spin_lock(&proc_tree_lock);
	send_locked(t->foreground, signo);
	spin_unlock(&proc_tree_lock);
}

static bool
is_shut_out(int signo)
{
	struct sig_action act;

	if (sigset_has(task_current()->sig.blocked, signo))
		return true;
	return signal_action(signo, NULL, &act) == 0 &&
	    act.handler == (u64)SIG_IGN;
}

static int
check_background_locked(struct pgrp *g, int signo, bool shut_out)
{
	if (shut_out)
		return signo == SIGTTIN ? -EIO : 0;
	if (pgrp_is_orphaned_locked(g, NULL))
		return -EIO;
	send_locked(g, signo);
	return -ERESTARTSYS;
}

static int
job_may_use(struct tty *t, int signo)
{
	bool shut_out = is_shut_out(signo);
	struct pgrp *g;
	int err = 0;

	spin_lock(&proc_tree_lock);
	g = proc_current()->pgrp;
	if (t->session == g->session && t->foreground != NULL &&
	    t->foreground != g)
		err = check_background_locked(g, signo, shut_out);
	spin_unlock(&proc_tree_lock);
	return err;
}

static void
job_opened(struct tty *t)
{
	struct session *s;

	spin_lock(&proc_tree_lock);
	s = current_session();
	if (s->leader == proc_current() && s->tty == NULL && t->session == NULL)
		join_locked(s, t);
	spin_unlock(&proc_tree_lock);
}

static int
job_set_controlling(struct tty *t, bool steal)
{
	bool may_steal =
	    steal && cred_capable(task_current()->cred, CAP_SYS_ADMIN);
	bool lost = false;
	struct session *s;
	int err = 0;

	spin_lock(&proc_tree_lock);
	s = current_session();
	if (s->leader == proc_current() && t->session == s)
		goto out;
	if (s->leader != proc_current() || s->tty != NULL ||
	    (t->session != NULL && !may_steal)) {
		err = -EPERM;
		goto out;
	}
	lost = part_locked(t);
	join_locked(s, t);
out:
	spin_unlock(&proc_tree_lock);
	if (lost)
		tty_put(t);
	return err;
}

/*
 * Only the leader can give it up for the session; for others it stays what it
 * is, because it is the session's and not theirs.
 */
static int
job_give_up(struct tty *t)
{
	struct session *s;
	bool lost = false;
	int err = 0;

	spin_lock(&proc_tree_lock);
	s = current_session();
	if (t->session != s) {
		err = -ENOTTY;
	} else if (s->leader == proc_current()) {
		send_locked(t->foreground, SIGHUP);
		send_locked(t->foreground, SIGCONT);
		lost = part_locked(t);
	}
	spin_unlock(&proc_tree_lock);
	if (lost)
		tty_put(t);
	return err;
}

static int
job_get_foreground(struct tty *t, bool any, s32 *pgid)
{
	int err = 0;

	spin_lock(&proc_tree_lock);
	if (t->session != current_session() && !any)
		err = -ENOTTY;
	else
		*pgid = t->foreground != NULL ? t->foreground->nr : 0;
	spin_unlock(&proc_tree_lock);
	return err;
}

static int
job_set_foreground(struct tty *t, s32 pgid)
{
	struct pgrp *g;
	int err = 0;

	if (pgid < 0)
		return -EINVAL;
	spin_lock(&proc_tree_lock);
	g = pgrp_find_locked(pgid);
	if (t->session != current_session())
		err = -ENOTTY;
	else if (g == NULL)
		err = -ESRCH;
	else if (g->session != t->session)
		err = -EPERM;
	else
		set_foreground_locked(t, g);
	spin_unlock(&proc_tree_lock);
	return err;
}

static int
job_get_session(struct tty *t, bool any, s32 *sid)
{
	int err = 0;

	spin_lock(&proc_tree_lock);
	if (t->session == NULL || (t->session != current_session() && !any))
		err = -ENOTTY;
	else
		*sid = t->session->nr;
	spin_unlock(&proc_tree_lock);
	return err;
}

static void
job_hung_up(struct tty *t)
{
	struct session *s;
	bool lost;

	spin_lock(&proc_tree_lock);
	s = t->session;
	if (s != NULL && s->leader != NULL) {
		signal_send_kernel(s->leader, SIGHUP);
		signal_send_kernel(s->leader, SIGCONT);
	} else if (s != NULL) {
		/* The leader's death is what hung it up. */
		send_locked(t->foreground, SIGHUP);
	}
	lost = part_locked(t);
	spin_unlock(&proc_tree_lock);
	if (lost)
		tty_put(t);
}

static struct tty *
job_get_controlling(void)
{
	struct tty *t;

	spin_lock(&proc_tree_lock);
	t = current_session()->tty;
	if (t != NULL)
		tty_get(t);
	spin_unlock(&proc_tree_lock);
	return t;
}

static void
job_caller(struct tty_caller *out)
{
	const struct cred *cred = task_current()->cred;

	*out = (struct tty_caller){
	    .uid = cred->fsuid,
	    .gid = cred->fsgid,
	    .is_admin = cred_capable(cred, CAP_SYS_ADMIN),
	};
}

static const struct tty_job_ops job_ops = {
    .signal = job_signal,
    .may_use = job_may_use,
    .opened = job_opened,
    .set_controlling = job_set_controlling,
    .give_up = job_give_up,
    .get_foreground = job_get_foreground,
    .set_foreground = job_set_foreground,
    .get_session = job_get_session,
    .hung_up = job_hung_up,
    .get_controlling = job_get_controlling,
    .caller = job_caller,
};

void
job_init(void)
{
	tty_set_job_ops(&job_ops);
}

/* The session's end is told, but who has the terminal open keeps it. */
static MUST_CHECK bool
leave_locked(struct tty *t)
{
	send_locked(t->foreground, SIGHUP);
	return part_locked(t);
}

void
session_leave(struct proc *p)
{
	struct tty *t = NULL;
	struct session *s;
	bool lost = false;

	spin_lock(&proc_tree_lock);
	s = p->pgrp->session;
	if (s->leader == p) {
		s->leader = NULL;
		t = s->tty;
	}
	if (t != NULL)
		tty_get(t);
	if (t != NULL && t->driver->outlives_session)
		lost = leave_locked(t);
	spin_unlock(&proc_tree_lock);
	if (t == NULL)
		return;
	if (!t->driver->outlives_session)
		tty_hangup(t);
	if (lost)
		tty_put(t);
	tty_put(t);
}
