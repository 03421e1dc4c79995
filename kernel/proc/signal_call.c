/*
 * The system calls about the current thread's and process's own signals.
 */
#include "core/clock.h"
#include "lib/assert.h"
#include "proc/signal_impl.h"

#include <linux/signal.h>

#define ACTION_FLAGS                                                           \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |  \
	    SA_NODEFER | SA_RESETHAND | SA_EXPOSE_TAGBITS)

bool
signal_pending(void)
{
	u32 notify = atomic_load(&thread_current()->notify);

	return (notify & (NOTIFY_SIGNAL | NOTIFY_KILL)) != 0;
}

struct sigset
signal_deliverable_locked(const struct task *t)
{
	const struct sigproc *s = &t->proc->sig;

	return sigset_without(
	    sigset_or(t->sig.pending.set, s->pending.set), t->sig.blocked);
}

bool
signal_has_to_look_locked(const struct task *t)
{
	const struct sigproc *s = &t->proc->sig;

	return t->sig.must_end || s->stop_signal != 0 || s->cont_tell ||
	    !sigset_empty(signal_deliverable_locked(t));
}

void
signal_recalc_locked(struct task *t)
{
	assert(t == task_current() && spin_held(&t->proc->sig.lock));
	if (!signal_has_to_look_locked(t))
		thread_notify_clear(&t->thread, NOTIFY_SIGNAL);
}

void
signal_set_mask(struct sigset mask)
{
	struct task *t = task_current();
	struct spinlock *lock = &t->proc->sig.lock;
	struct sigset old = t->sig.blocked;

	mask = sigset_without(mask, signal_unstoppable());
	spin_lock(lock);
	t->sig.blocked = mask;
	signal_retarget_locked(t, sigset_without(mask, old));
	if (signal_has_to_look_locked(t))
		thread_notify(&t->thread, NOTIFY_SIGNAL);
	spin_unlock(lock);
}

void
signal_mask_push(struct sigset mask)
{
	struct sigtask *s = &task_current()->sig;

	assert(!s->has_saved);
	s->saved = s->blocked;
	s->has_saved = true;
	signal_set_mask(mask);
}

void
signal_mask_pop_unless(bool interrupted)
{
	struct sigtask *s = &task_current()->sig;

	if (interrupted || !s->has_saved)
		return;
	s->has_saved = false;
	signal_set_mask(s->saved);
}

static int
set_action_locked(struct proc *p, int signo, const struct sig_action *act)
{
	struct sig_action set = {
	    .handler = act->handler,
	    .flags = act->flags & ACTION_FLAGS,
	    .mask = sigset_without(act->mask, signal_unstoppable()),
	};
	int err = sighand_set(p->sig.hand, signo, &set);

	/* POSIX: to ignore a signal discards it, blocked or not. */
	if (err == 0 && signal_ignored_locked(p, signo))
		signal_discard_locked(p, sigset_of(signo));
	return err;
}

int
signal_action(int signo, const struct sig_action *act, struct sig_action *old)
{
	struct proc *p = proc_current();
	int err = 0;

	if (!signo_valid(signo))
		return -EINVAL;
	if (act != NULL && sigset_has(signal_unstoppable(), signo))
		return -EINVAL;
	if (act != NULL)
		err = sighand_own(p->sig.hand);
	if (err != 0)
		return err;
	spin_lock(&p->sig.lock);
	if (old != NULL)
		*old = sighand_action(p->sig.hand, signo);
	if (act != NULL)
		err = set_action_locked(p, signo, act);
	spin_unlock(&p->sig.lock);
	return err;
}

int
signal_mask(int how, const struct sigset *set, struct sigset *old)
{
	struct sigset now = task_current()->sig.blocked;

	if (old != NULL)
		*old = now;
	if (set == NULL)
		return 0;
	switch (how) {
	case SIG_BLOCK:
		signal_set_mask(sigset_or(now, *set));
		return 0;
	case SIG_UNBLOCK:
		signal_set_mask(sigset_without(now, *set));
		return 0;
	case SIG_SETMASK:
		signal_set_mask(*set);
		return 0;
	}
	return -EINVAL;
}

struct sigset
signal_pending_set(void)
{
	struct task *t = task_current();
	struct sigproc *s = &t->proc->sig;
	struct sigset set;

	spin_lock(&s->lock);
	set = sigset_or(t->sig.pending.set, s->pending.set);
	spin_unlock(&s->lock);
	return sigset_and(set, t->sig.blocked);
}

int
signal_suspend(struct sigset mask)
{
	struct task *t = task_current();
	struct spinlock *lock = &t->proc->sig.lock;

	signal_mask_push(mask);
	spin_lock(lock);
	while (!signal_has_to_look_locked(t)) {
		/*
		 * A signal that came and was taken by another thread may have
		 * left the notification; it would end every park at once.
		 */
		thread_notify_clear(&t->thread, NOTIFY_SIGNAL);
		spin_unlock(lock);
		if (thread_park(PARK_INTERRUPTIBLE, NO_DEADLINE, "sigsuspend"))
			check(signal_pending());
		spin_lock(lock);
	}
	spin_unlock(lock);
	return -ERESTARTNOHAND;
}

int
signal_take_locked(struct sigset set, struct sig_info *info)
{
	struct task *t = task_current();
	struct sigproc *s = &t->proc->sig;
	int signo = sigqueue_take(&t->sig.pending, set, info, &s->quota);

	if (signo == 0)
		signo = sigqueue_take(&s->pending, set, info, &s->quota);
	if (signo != 0 && info->pad == SIG_INFO_OF_TIMER)
		ptimer_taken_locked(t->proc, info);
	return signo;
}

/*
 * Locks: the process's sig.lock, released meanwhile.
 * Errors: -EAGAIN, -EINTR.
 */
static int
wait_for(struct proc *p, struct sigset set, u64 deadline_ns,
    struct sig_info *info) MUST_HOLD(&p->sig.lock)
{
	struct task *t = task_current();
	int err = 0;
	int signo;

	for (;;) {
		signo = signal_take_locked(set, info);
		if (signo != 0)
			return signo;
		if (signal_has_to_look_locked(t))
			return -EINTR;
		if (err == -ETIMEDOUT || deadline_ns <= clock_mono_ns())
			return -EAGAIN;
		thread_notify_clear(&t->thread, NOTIFY_SIGNAL);
		spin_unlock(&p->sig.lock);
		err = thread_park(
		    PARK_INTERRUPTIBLE, deadline_ns, "sigtimedwait");
		spin_lock(&p->sig.lock);
	}
}

int
signal_timedwait(struct sigset set, u64 deadline_ns, struct sig_info *info)
{
	struct task *t = task_current();
	struct proc *p = t->proc;
	int result;

	set = sigset_without(set, signal_unstoppable());
	spin_lock(&p->sig.lock);
	t->sig.wanted = set;
	result = wait_for(p, set, deadline_ns, info);
	t->sig.wanted = (struct sigset){0};
	/* What came too late for us and is blocked here, others may want. */
	signal_retarget_locked(t, sigset_and(set, t->sig.blocked));
	signal_recalc_locked(t);
	spin_unlock(&p->sig.lock);
	return result;
}

bool
signal_on_altstack(const struct altstack *a, u64 sp)
{
	/* One that disarms itself is never in use while it is in force. */
	if (a->flags & SS_AUTODISARM)
		return false;
	return sp > a->base && sp - a->base <= a->size_bytes;
}

static u32
altstack_state(const struct altstack *a, u64 sp)
{
	u32 state = 0;

	if (a->size_bytes == 0)
		state = SS_DISABLE;
	else if (signal_on_altstack(a, sp))
		state = SS_ONSTACK;
	return state | (a->flags & SS_AUTODISARM);
}

int
signal_altstack(const struct altstack *new, u64 sp, struct altstack *old)
{
	struct altstack *a = &task_current()->sig.altstack;
	struct altstack was = *a;
	u32 mode;

	if (old != NULL) {
		*old = was;
		old->flags = altstack_state(&was, sp);
	}
	if (new == NULL)
		return 0;
	if (signal_on_altstack(&was, sp))
		return -EPERM;
	mode = new->flags & ~SS_AUTODISARM;
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		*a = (struct altstack){.flags = new->flags};
		return 0;
	}
	if (new->size_bytes < MINSIGSTKSZ)
		return -ENOMEM;
	*a = *new;
	return 0;
}

s64
signal_restart(void)
{
	struct restart *r = &task_current()->sig.restart;
	s64 (*fn)(struct restart * r) = r->fn;

	/* The program may call restart_syscall out of the blue. */
	if (fn == NULL)
		return -EINTR;
	r->fn = NULL;
	return fn(r);
}
