/*
 * On the way back to user code: what the current thread's signals do to it.
 *
 * Those without a handler are done with here; the others each get a frame on
 * the user's stack, one on top of the other, so the last one's handler runs
 * first and returns into the one before.
 *
 * A system call that was cut short left one of the codes of lib/errno.h in a0.
 * It is settled before the first frame is built, so that the frame, when the
 * handler returns, either repeats the ecall or goes on with -EINTR.
 */
#include "arch/riscv/arch.h"
#include "core/printk.h"
#include "lib/assert.h"
#include "proc/exit.h"
#include "proc/signal_impl.h"

#include <asm/unistd.h>
#include <linux/signal.h>

#define ECALL_BYTES 4

struct due {
	int signo;
	struct sig_action act;
	struct sig_info info;
};

static void
repeat_call(struct trap_frame *f)
{
	f->regs[REG_A0] = f->orig_a0;
	f->pc -= ECALL_BYTES;
}

/* act NULL: no handler is entered. */
static void
settle_call(struct trap_frame *f, const struct sig_action *act)
{
	if (f->cause != CAUSE_USER_ECALL)
		return;
	f->cause = CAUSE_SETTLED;
	switch (-(s64)f->regs[REG_A0]) {
	case ERESTART_BLOCK:
		if (act == NULL) {
			repeat_call(f);
			f->regs[REG_A7] = __NR_restart_syscall;
			return;
		}
		f->regs[REG_A0] = -EINTR;
		return;
	case ERESTARTNOHAND:
		if (act != NULL) {
			f->regs[REG_A0] = -EINTR;
			return;
		}
		break;
	case ERESTARTSYS:
		if (act != NULL && !(act->flags & SA_RESTART)) {
			f->regs[REG_A0] = -EINTR;
			return;
		}
		break;
	case ERESTARTNOINTR:
		break;
	default:
		return;
	}
	repeat_call(f);
}

static int
take(struct task *t, struct due *d)
{
	struct sigset open = {~t->sig.blocked.bits};

	return signal_take_locked(open, &d->info);
}

/* Locks: p's sig.lock, released meanwhile to stop. */
static void
do_default(struct proc *p, int signo) MUST_HOLD(&p->sig.lock)
{
	if (p->sig.protect)
		return;
	switch (signal_default(signo)) {
	case DEFAULT_END:
	case DEFAULT_CORE:
		signal_end_locked(p, signo);
		break;
	case DEFAULT_STOP:
		task_current()->sig.stop_taken = true;
		spin_unlock(&p->sig.lock);
		signal_stop_begin(signo);
		spin_lock(&p->sig.lock);
		break;
	case DEFAULT_IGNORE:
	case DEFAULT_CONTINUE:
		break;
	}
}

/* A handler that cannot be forgotten must not run again: that ends it all. */
static void
reset_handler_locked(struct proc *p, int signo)
{
	struct sig_action act = sighand_action(p->sig.hand, signo);

	act.handler = HANDLER_DEFAULT;
	if (sighand_set(p->sig.hand, signo, &act) != 0)
		signal_end_locked(p, SIGKILL);
}

/*
 * The next signal that has a handler, after doing what others ask for; false
 * if there is none.  Does not return if the thread has to leave.
 * Locks: the process's sig.lock, released meanwhile.
 */
static bool
next_handled(struct proc *p, struct due *d) MUST_HOLD(&p->sig.lock)
{
	struct task *t = task_current();

	for (;;) {
		if (t->sig.must_end) {
			spin_unlock(&p->sig.lock);
			proc_exit_now();
		}
		if (signal_stop_locked(p))
			continue;
		d->signo = take(t, d);
		if (d->signo == 0)
			return false;
		d->act = signal_get_action_locked(p, d->signo);
		if (d->act.handler == HANDLER_DEFAULT)
			do_default(p, d->signo);
		else if (d->act.handler != HANDLER_IGNORE)
			break;
	}
	if (d->act.flags & SA_RESETHAND)
		reset_handler_locked(p, d->signo);
	return true;
}

/* There is no way to tell the program, and no way around it. */
static void
frame_failed(struct task *t, int signo, int err)
{
	struct proc *p = t->proc;

	if (err == -ENOMEM) {
		printk_limited("%s[%d]: no memory for a signal, killed\n",
		    t->comm, t->tid);
		signal_force_kill();
		return;
	}
	/* If it is SIGSEGV's own handler that has no stack, that is the end. */
	if (signo == SIGSEGV) {
		spin_lock(&p->sig.lock);
		reset_handler_locked(p, signo);
		spin_unlock(&p->sig.lock);
	}
	signal_force_fault(SIGSEGV, SI_KERNEL, 0);
}

static void
enter_handler(struct task *t, struct trap_frame *f, const struct due *d)
{
	struct sigset mask = sigset_or(t->sig.blocked, d->act.mask);
	int err;

	rseq_interrupted(t, f);
	err = signal_frame_push(f, d->signo, &d->act, &d->info);
	if (err != 0) {
		frame_failed(t, d->signo, err);
		return;
	}
	/* The mask to return to is in the frame. */
	t->sig.has_saved = false;
	if (!(d->act.flags & SA_NODEFER))
		sigset_add(&mask, d->signo);
	signal_set_mask(mask);
}

void
signal_deliver(struct trap_frame *f)
{
	struct task *t = task_current();
	struct proc *p = t->proc;
	struct due d;

	assert(arch_irqs_on());
	spin_lock(&p->sig.lock);
	while (next_handled(p, &d)) {
		spin_unlock(&p->sig.lock);
		settle_call(f, &d.act);
		enter_handler(t, f, &d);
		spin_lock(&p->sig.lock);
	}
	signal_recalc_locked(t);
	spin_unlock(&p->sig.lock);
	settle_call(f, NULL);
	signal_mask_pop_unless(false);
}
