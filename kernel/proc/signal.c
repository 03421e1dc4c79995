/*
 * Sending signals.
 *
 * A signal is sent to a thread or to a process.  It is dropped at once if it
 * would do nothing; else it is queued, and one thread that does not block it is
 * told to look (NOTIFY_SIGNAL).  That thread takes it on its way back to user
 * code (signal_deliver.c); if meanwhile it blocks the signal or leaves, it
 * shows it to others (signal_retarget_locked).  So:
 *
 * Laws   S1  a pending signal that some thread would take has such a thread
 *            with NOTIFY_SIGNAL set
 *        S2  NOTIFY_SIGNAL is set with the lock held, and cleared with the lock
 *            held only by the thread itself after it looked
 *        S3  stop signals and SIGCONT are never pending together
 *
 * A signal that ends the process does so here, when it is sent: every thread is
 * told to leave (NOTIFY_KILL) whatever it is doing.
 */
#include "proc/signal.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "proc/signal_impl.h"
#include "proc/signalfd.h"

#include <asm/siginfo.h>
#include <linux/resource.h>

#define BIT(signo) (1ul << ((signo)-1))

static const struct sigset stop_signals = {
    BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU)};

/* Those not named end the process without a core. */
static const u8 defaults[NR_SIGNALS + 1] = {
    [SIGQUIT] = DEFAULT_CORE,
    [SIGILL] = DEFAULT_CORE,
    [SIGTRAP] = DEFAULT_CORE,
    [SIGABRT] = DEFAULT_CORE,
    [SIGBUS] = DEFAULT_CORE,
    [SIGFPE] = DEFAULT_CORE,
    [SIGSEGV] = DEFAULT_CORE,
    [SIGXCPU] = DEFAULT_CORE,
    [SIGXFSZ] = DEFAULT_CORE,
    [SIGSYS] = DEFAULT_CORE,
    [SIGCHLD] = DEFAULT_IGNORE,
    [SIGURG] = DEFAULT_IGNORE,
    [SIGWINCH] = DEFAULT_IGNORE,
    [SIGSTOP] = DEFAULT_STOP,
    [SIGTSTP] = DEFAULT_STOP,
    [SIGTTIN] = DEFAULT_STOP,
    [SIGTTOU] = DEFAULT_STOP,
    [SIGCONT] = DEFAULT_CONTINUE,
};

enum signal_default
signal_default(int signo)
{
	assert(signo_valid(signo));
	return defaults[signo];
}

struct sigset
signal_unstoppable(void)
{
	return (struct sigset){BIT(SIGKILL) | BIT(SIGSTOP)};
}

struct sig_action
signal_get_action_locked(struct proc *p, int signo)
{
	assert(spin_held(&p->sig.lock) && p->sig.hand != NULL);
	return sighand_action(p->sig.hand, signo);
}

bool
signal_ignored_locked(struct proc *p, int signo)
{
	struct sig_action act = signal_get_action_locked(p, signo);

	if (act.handler == HANDLER_IGNORE)
		return true;
	if (act.handler != HANDLER_DEFAULT)
		return false;
	return p->sig.protect || signal_default(signo) == DEFAULT_IGNORE ||
	    signal_default(signo) == DEFAULT_CONTINUE;
}

/* It may look useless now and yet be taken after the mask has changed. */
static bool
held_back(struct proc *p, struct task *only, int signo)
{
	struct task *t;

	list_for_each (t, &p->tasks, link) {
		if (only != NULL && t != only)
			continue;
		if (sigset_has(sigset_or(t->sig.blocked, t->sig.wanted), signo))
			return true;
	}
	return false;
}

void
signal_discard_locked(struct proc *p, struct sigset set)
{
	struct task *t;

	sigqueue_discard(&p->sig.pending, set, &p->sig.quota);
	list_for_each (t, &p->tasks, link)
		sigqueue_discard(&t->sig.pending, set, &p->sig.quota);
}

/* What sending does even if the signal is then ignored, blocked or handled. */
static void
stop_or_continue(struct proc *p, int signo)
{
	struct task *t;

	if (sigset_has(stop_signals, signo))
		signal_discard_locked(p, sigset_of(SIGCONT));
	if (signo != SIGCONT)
		return;
	signal_discard_locked(p, stop_signals);
	list_for_each (t, &p->tasks, link)
		t->sig.stop_taken = false;
	signal_continue_locked(p);
}

static bool
would_take(const struct task *t, int signo)
{
	const struct sigtask *s = &t->sig;

	if (s->gone || s->must_end)
		return false;
	return !sigset_has(s->blocked, signo) || sigset_has(s->wanted, signo);
}

/* Prefers a thread that has nothing else to handle, the oldest first. */
static struct task *
choose(struct proc *p, int signo)
{
	struct task *busy = NULL;
	struct task *t;

	list_for_each (t, &p->tasks, link) {
		if (!would_take(t, signo))
			continue;
		if (!(atomic_load(&t->thread.notify) & NOTIFY_SIGNAL))
			return t;
		if (busy == NULL)
			busy = t;
	}
	return busy;
}

static bool
ends_process(struct proc *p, const struct task *t, int signo)
{
	enum signal_default what = signal_default(signo);
	struct sig_action act = signal_get_action_locked(p, signo);

	return act.handler == HANDLER_DEFAULT && !p->sig.protect &&
	    (what == DEFAULT_END || what == DEFAULT_CORE) &&
	    !sigset_has(t->sig.wanted, signo);
}

int
signal_send_locked(struct proc *p, struct task *t, const struct sig_info *info)
{
	struct sigqueue *q = t != NULL ? &t->sig.pending : &p->sig.pending;
	int signo = info->signo;
	int err;

	assert(spin_held(&p->sig.lock));
	if (p->sig.hand == NULL || p->sig.group_exit)
		return 0;
	if (t != NULL && t->sig.gone)
		return 0;
	stop_or_continue(p, signo);
	if (signal_ignored_locked(p, signo) && !held_back(p, t, signo))
		return 0;
	p->sig.quota.limit = p->limits[RLIMIT_SIGPENDING].soft;
	err = sigqueue_put(q, info, &p->sig.quota);
	if (err != 0)
		return err;
	signalfd_notify(p);
	if (t == NULL)
		t = choose(p, signo);
	else if (!would_take(t, signo))
		t = NULL;
	if (t == NULL)
		return 0;
	/* A stopped process dies of nothing but SIGKILL until it goes on. */
	if (ends_process(p, t, signo) &&
	    (p->sig.stop_signal == 0 || signo == SIGKILL))
		signal_end_locked(p, signo);
	else
		thread_notify(&t->thread, NOTIFY_SIGNAL);
	return 0;
}

void
signal_end_locked(struct proc *p, s64 status)
{
	struct task *t;

	assert(spin_held(&p->sig.lock));
	if (p->sig.group_exit)
		return;
	p->sig.group_exit = true;
	p->sig.group_status = status;
	p->sig.stop_signal = 0;
	p->sig.stop_left = 0;
	p->sig.stopped = false;
	list_for_each (t, &p->tasks, link) {
		t->sig.stop_owed = false;
		t->sig.must_end = true;
		thread_notify(&t->thread, NOTIFY_KILL | NOTIFY_SIGNAL);
	}
}

int
signal_send_task(struct task *t, const struct sig_info *info)
{
	struct proc *p = t->proc;
	int err;

	spin_lock(&p->sig.lock);
	err = signal_send_locked(p, t, info);
	spin_unlock(&p->sig.lock);
	return err;
}

int
signal_send_proc(struct proc *p, const struct sig_info *info)
{
	int err;

	spin_lock(&p->sig.lock);
	err = signal_send_locked(p, NULL, info);
	spin_unlock(&p->sig.lock);
	return err;
}

int
signal_send_pgrp_locked(s32 pgid, const struct sig_info *info)
{
	struct pgrp *g = pgrp_find_locked(pgid);
	int result = -ESRCH;
	struct proc *p;

	if (g == NULL)
		return -ESRCH;
	list_for_each (p, &g->members, pgrp_link) {
		int err = signal_send_proc(p, info);

		if (result != 0)
			result = err;
	}
	return result;
}

void
signal_send_kernel(struct proc *p, int signo)
{
	struct sig_info info = {.signo = signo, .code = SI_KERNEL};

	/* Only a signal that a program queues can fail. */
	(void)signal_send_proc(p, &info);
}

/*
 * A blocked or ignored fault would only happen again, for ever: the handler
 * goes, and nothing protects from it any more.
 */
static void
unblock_fault(struct proc *p, struct task *t, int signo)
{
	struct sig_action act = sighand_action(p->sig.hand, signo);

	bool useless =
	    act.handler == HANDLER_IGNORE || sigset_has(t->sig.blocked, signo);

	sigset_del(&t->sig.blocked, signo);
	if (useless || act.handler == HANDLER_DEFAULT)
		p->sig.protect = false;
	act.handler = HANDLER_DEFAULT;
	/* Without memory for that, the default is what there is. */
	if (useless && sighand_set(p->sig.hand, signo, &act) != 0)
		signal_end_locked(p, signo);
}

void
signal_force(const struct sig_info *info)
{
	struct task *t = task_current();
	struct proc *p = t->proc;

	spin_lock(&p->sig.lock);
	unblock_fault(p, t, info->signo);
	/* With an older one still pending, that one is delivered: as bad. */
	(void)signal_send_locked(p, t, info);
	spin_unlock(&p->sig.lock);
}

void
signal_force_fault(int signo, int code, u64 addr)
{
	struct sig_info info = {
	    .signo = signo, .code = code, .fault.addr = addr};

	signal_force(&info);
}

void
signal_force_kill(void)
{
	signal_begin_exit(SIGKILL);
}

void
signal_begin_exit(s64 status)
{
	struct task *t = task_current();
	struct sigproc *s = &t->proc->sig;

	spin_lock(&s->lock);
	/* An exec that began first goes on without us. */
	if (s->group_exec == NULL || s->group_exec == t)
		signal_end_locked(t->proc, status);
	spin_unlock(&s->lock);
}

bool
signal_group_status(struct proc *p, s64 *status)
{
	bool ending;

	spin_lock(&p->sig.lock);
	ending = p->sig.group_exit;
	if (ending)
		*status = p->sig.group_status;
	spin_unlock(&p->sig.lock);
	return ending;
}
