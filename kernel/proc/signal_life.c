/*
 * What fork, exec and exit do to signals.
 *
 *			fork	new thread	exec
 *	actions		copied	the same table	handlers to default
 *	mask		copied	copied		kept
 *	pending		none	none		kept
 *	alternate stack	copied	none		none
 */
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/signal_impl.h"

#include <linux/signal.h>

static void
proc_init_sig(struct sigproc *s, struct sighand *hand)
{
	spin_init(&s->lock, RANK_SIGNAL);
	s->hand = hand;
	sigqueue_init(&s->pending);
	waitq_init(&s->stop_wait);
}

/* On an error hand is gone. */
static int
clear_handlers(struct sighand *hand)
{
	int err = sighand_reset(hand);

	if (err != 0)
		sighand_put(hand);
	return err;
}

int
signal_fork_proc(
    struct proc *child, struct proc *parent, bool share, bool clear)
{
	struct sighand *hand;
	int err = 0;

	if (parent == NULL)
		err = sighand_create(&hand);
	else if (share)
		sighand_get(hand = parent->sig.hand);
	else
		err = sighand_fork(parent->sig.hand, &hand);
	if (err == 0 && clear)
		err = clear_handlers(hand);
	if (err != 0)
		return err;
	proc_init_sig(&child->sig, hand);
	return 0;
}

void
signal_abort_proc(struct proc *child)
{
	signal_exit_proc(child);
}

static void
altstack_reset(struct altstack *a)
{
	*a = (struct altstack){.flags = SS_DISABLE};
}

void
signal_fork_task(struct task *child, bool keep_altstack)
{
	struct sigtask *s = &child->sig;

	sigqueue_init(&s->pending);
	altstack_reset(&s->altstack);
	if (!thread_is_task(thread_current()))
		return;
	s->blocked = task_current()->sig.blocked;
	if (keep_altstack)
		s->altstack = task_current()->sig.altstack;
}

int
signal_fork_commit_locked(void)
{
	u32 notify = atomic_load(&thread_current()->notify);

	if (!thread_is_task(thread_current()))
		return 0;
	/*
	 * A new thread must not slip past a stop or an end that is under way,
	 * nor a new process past a signal to its group.
	 */
	if (!(notify & (NOTIFY_SIGNAL | NOTIFY_KILL)))
		return 0;
	/* What another thread has taken meanwhile need not delay us. */
	return signal_has_to_look_locked(task_current()) ? -ERESTARTNOINTR : 0;
}

int
signal_exec_begin(void)
{
	struct task *self = task_current();
	struct proc *p = self->proc;
	struct sigproc *s = &p->sig;
	struct task *t;
	bool late;

	spin_lock(&s->lock);
	late = s->group_exit || s->group_exec != NULL;
	if (!late) {
		s->group_exec = self;
		list_for_each (t, &p->tasks, link) {
			if (t == self)
				continue;
			t->sig.must_end = true;
			thread_notify(&t->thread, NOTIFY_KILL | NOTIFY_SIGNAL);
		}
	}
	spin_unlock(&s->lock);
	return late ? -EAGAIN : 0;
}

void
signal_exec_cancel(void)
{
	struct sigproc *s = &proc_current()->sig;

	spin_lock(&s->lock);
	s->group_exec = NULL;
	spin_unlock(&s->lock);
}

int
signal_exec_prepare(void)
{
	struct sigproc *s = &proc_current()->sig;
	struct sighand *old = s->hand;
	struct sighand *hand;

	int err;

	/* We are alone, so nobody here can share it anew meanwhile. */
	if (refcount_read(&old->refs) == 1)
		return sighand_prepare_reset(old);
	err = sighand_fork(old, &hand);
	if (err != 0)
		return err;
	spin_lock(&s->lock);
	s->hand = hand;
	spin_unlock(&s->lock);
	sighand_put(old);
	return sighand_prepare_reset(hand);
}

void
signal_exec_commit(void)
{
	struct task *t = task_current();
	struct sigproc *s = &t->proc->sig;

	int err = sighand_reset(s->hand);

	/* The table has been its own since signal_exec_prepare. */
	assert(err == 0);
	spin_lock(&s->lock);
	s->group_exec = NULL;
	spin_unlock(&s->lock);
	altstack_reset(&t->sig.altstack);
	t->sig.restart.fn = NULL;
}

void
signal_retarget_locked(struct task *from, struct sigset set)
{
	struct proc *p = from->proc;
	struct sigset left = sigset_and(p->sig.pending.set, set);
	struct task *t;

	list_for_each (t, &p->tasks, link) {
		struct sigset shut =
		    sigset_without(t->sig.blocked, t->sig.wanted);
		struct sigset takes = sigset_without(left, shut);

		if (t == from || t->sig.gone || t->sig.must_end)
			continue;
		if (sigset_empty(takes))
			continue;
		left = sigset_without(left, takes);
		thread_notify(&t->thread, NOTIFY_SIGNAL);
	}
}

static bool
has_live_thread(struct proc *p)
{
	struct task *t;

	list_for_each (t, &p->tasks, link)
		if (!t->sig.gone)
			return true;
	return false;
}

void
signal_exit_task(struct task *t)
{
	struct proc *p = t->proc;
	struct sigproc *s = &p->sig;
	int stopped_by = 0;

	spin_lock(&s->lock);
	t->sig.gone = true;
	sigqueue_discard(&t->sig.pending, (struct sigset){~0ul}, &s->quota);
	signal_retarget_locked(
	    t, sigset_without((struct sigset){~0ul}, t->sig.blocked));
	if (signal_stop_leave_locked(t) && has_live_thread(p))
		stopped_by = s->stop_signal;
	spin_unlock(&s->lock);
	if (stopped_by != 0)
		signal_tell_parent(p, CLD_STOPPED, stopped_by);
}

void
signal_exit_proc(struct proc *p)
{
	struct sigproc *s = &p->sig;
	struct sighand *hand;

	spin_lock(&s->lock);
	hand = s->hand;
	s->hand = NULL;
	sigqueue_discard(&s->pending, (struct sigset){~0ul}, &s->quota);
	s->stop_signal = 0;
	s->stopped = false;
	s->stop_report = 0;
	s->cont_report = false;
	check(s->quota.used == 0);
	spin_unlock(&s->lock);
	sighand_put(hand);
}
