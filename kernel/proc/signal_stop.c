/*
 * Stopping and continuing a process, and telling its parent.
 *
 *	running -- a thread takes a stop signal --> stopping
 *	stopping -- the last thread has parked or left --> stopped, parent told
 *	stopping, stopped -- SIGCONT is sent --> running, parent told by the
 *	    first thread to look (the sender may hold any lock)
 *	stopping, stopped -- the process is to end --> running, to end
 *
 * stop_left counts the threads with stop_owed; each gives its due up once.
 */
#include "fs/cred.h"
#include "lib/assert.h"
#include "proc/cputime.h"
#include "proc/session.h"
#include "proc/signal_impl.h"
#include "proc/wait.h"

#include <linux/signal.h>

/* The unit of times in siginfo: USER_HZ is 100. */
#define NSEC_PER_TICK 10000000ul

static void
fill_child_info(
    struct sig_info *info, int signo, struct proc *child, int code, int status)
{
	struct cputime spent;

	cputime_proc(child, &spent);
	*info = (struct sig_info){
	    .signo = signo,
	    .code = code,
	    .child.pid = child->nr,
	    .child.uid = proc_cred_locked(child)->ruid,
	    .child.status = status,
	    .child.utime_ticks = spent.user_ns / NSEC_PER_TICK,
	    .child.stime_ticks = spent.system_ns / NSEC_PER_TICK,
	};
}

/* False when p has no handlers any more, that is, when it is ending. */
static bool
get_action(struct proc *p, int signo, struct sig_action *act)
{
	bool alive;

	spin_lock(&p->sig.lock);
	alive = p->sig.hand != NULL;
	if (alive)
		*act = signal_get_action_locked(p, signo);
	spin_unlock(&p->sig.lock);
	return alive;
}

void
signal_tell_parent(struct proc *p, int code, int signo)
{
	struct sig_action act;
	struct sig_info info;

	spin_lock(&proc_tree_lock);
	if (p->parent != NULL) {
		fill_child_info(&info, SIGCHLD, p, code, signo);
		if (get_action(p->parent, SIGCHLD, &act) &&
		    act.handler != HANDLER_IGNORE &&
		    !(act.flags & SA_NOCLDSTOP))
			(void)signal_send_proc(p->parent, &info);
		wait_wake_parent(p->parent);
	}
	spin_unlock(&proc_tree_lock);
}

bool
signal_child_exited_locked(struct proc *child, int signo, s64 status)
{
	struct proc *parent = child->parent;
	int ended_by = status & 0x7f;
	struct sig_action act;
	struct sig_info info;
	bool unwanted = false;
	/* clone takes any number, and sends nothing that is no signal. */
	bool silent = !signo_valid(signo);

	assert(spin_held(&proc_tree_lock));
	if (signo == SIGCHLD && get_action(parent, SIGCHLD, &act)) {
		silent = act.handler == HANDLER_IGNORE;
		unwanted = silent || (act.flags & SA_NOCLDWAIT);
	}
	if (!silent) {
		fill_child_info(&info, signo, child,
		    ended_by != 0 ? CLD_KILLED : CLD_EXITED,
		    ended_by != 0 ? ended_by : (int)(status >> 8) & 0xff);
		(void)signal_send_proc(parent, &info);
	}
	return unwanted;
}

void
signal_continue_locked(struct proc *p)
{
	struct sigproc *s = &p->sig;
	struct task *t;

	if (s->stop_signal == 0)
		return;
	s->stop_signal = 0;
	s->stop_left = 0;
	s->stopped = false;
	s->stop_report = 0;
	s->cont_report = true;
	s->cont_tell = true;
	list_for_each (t, &p->tasks, link)
		t->sig.stop_owed = false;
	waitq_wake_all(&s->stop_wait);
}

bool
signal_stop_leave_locked(struct task *t)
{
	struct sigproc *s = &t->proc->sig;

	if (!t->sig.stop_owed)
		return false;
	t->sig.stop_owed = false;
	assert(s->stop_left > 0);
	if (--s->stop_left > 0)
		return false;
	s->stopped = true;
	s->stop_report = s->stop_signal;
	return true;
}

/* A group that no shell watches is not stopped from the terminal. */
static bool
orphaned(struct proc *p)
{
	bool yes;

	spin_lock(&proc_tree_lock);
	yes = pgrp_is_orphaned_locked(p->pgrp, NULL);
	spin_unlock(&proc_tree_lock);
	return yes;
}

static void
ask_all_to_park(struct proc *p)
{
	struct task *t;

	list_for_each (t, &p->tasks, link) {
		if (t->sig.gone || t->sig.must_end)
			continue;
		t->sig.stop_owed = true;
		p->sig.stop_left++;
		thread_notify(&t->thread, NOTIFY_SIGNAL);
	}
}

void
signal_stop_begin(int signo)
{
	struct task *t = task_current();
	struct proc *p = t->proc;
	struct sigproc *s = &p->sig;

	if (signo != SIGSTOP && orphaned(p))
		return;
	spin_lock(&s->lock);
	/* A SIGCONT since the signal was taken has undone it. */
	if (t->sig.stop_taken && !t->sig.must_end && s->stop_signal == 0) {
		s->stop_signal = signo;
		s->cont_report = false;
		ask_all_to_park(p);
	}
	t->sig.stop_taken = false;
	spin_unlock(&s->lock);
}

bool
signal_stop_locked(struct proc *p)
{
	struct sigproc *s = &p->sig;
	int signo = s->stop_signal;
	int err;

	if (s->cont_tell) {
		s->cont_tell = false;
		spin_unlock(&p->sig.lock);
		signal_tell_parent(p, CLD_CONTINUED, SIGCONT);
		spin_lock(&p->sig.lock);
		return true;
	}
	if (signo == 0)
		return false;
	if (signal_stop_leave_locked(task_current())) {
		spin_unlock(&p->sig.lock);
		signal_tell_parent(p, CLD_STOPPED, signo);
		spin_lock(&p->sig.lock);
		return true;
	}
	err = waitq_wait_spin(
	    &s->stop_wait, &p->sig.lock, PARK_STOPPED, NO_DEADLINE, "SIGCONT");
	check(err == 0 || task_current()->sig.must_end);
	return true;
}

bool
signal_child_stopped(struct proc *child, bool take, int *signo)
{
	struct sigproc *s = &child->sig;

	spin_lock(&s->lock);
	*signo = s->stopped ? s->stop_report : 0;
	if (take)
		s->stop_report = 0;
	spin_unlock(&s->lock);
	return *signo != 0;
}

bool
signal_child_continued(struct proc *child, bool take)
{
	struct sigproc *s = &child->sig;
	bool yes;

	spin_lock(&s->lock);
	yes = s->cont_report;
	if (take)
		s->cont_report = false;
	spin_unlock(&s->lock);
	return yes;
}
