/*
 * Putting a handler's frame on the user's stack, and taking it off again.
 * User memory is touched once, whole frames at a time, by the ordinary copy
 * routines: a stack that cannot hold the frame is the program's fault.
 */
#include "arch/riscv/sigframe.h"
#include "core/printk.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/signal_impl.h"

#include <linux/signal.h>

#define STACK_ALIGN 16

static_assert(sizeof(struct sig_info) <= SIGFRAME_INFO_SIZE, "its beginning");
static_assert(sizeof(sigset_t) == sizeof(struct sigset), "64 signals");

/*
 * Where the frame begins.
 * Errors: -EFAULT it would run over the lower end of the alternate stack.
 */
static int
place(const struct altstack *a, u64 sp, bool want_alt, u64 *out)
{
	bool on_alt = signal_on_altstack(a, sp);

	if (want_alt && !on_alt && a->size_bytes > 0)
		sp = a->base + a->size_bytes;
	*out = align_down(sp - sizeof(struct sigframe), STACK_ALIGN);
	if (on_alt && !signal_on_altstack(a, *out))
		return -EFAULT;
	return 0;
}

static void
fill(struct sigframe *frame, struct task *t, struct trap_frame *f,
    const struct sig_info *info)
{
	const struct sigtask *s = &t->sig;
	struct sigset mask = s->has_saved ? s->saved : s->blocked;

	memcpy(frame->info, info, sizeof(*info));
	frame->uc.uc_stack.ss_sp = (void *)s->altstack.base;
	frame->uc.uc_stack.ss_flags = (int)s->altstack.flags;
	frame->uc.uc_stack.ss_size = s->altstack.size_bytes;
	memcpy(&frame->uc.uc_sigmask, &mask, sizeof(mask));
	arch_fpu_sync(f, &t->thread.fpu);
	sigframe_save(frame, f, &t->thread.fpu);
}

int
signal_frame_push(struct trap_frame *f, int signo, const struct sig_action *act,
    const struct sig_info *info)
{
	struct task *t = task_current();
	struct sigframe *frame;
	u64 sp;
	int err;

	err = place(&t->sig.altstack, f->regs[REG_SP],
	    (act->flags & SA_ONSTACK) != 0, &sp);
	if (err != 0)
		return err;
	frame = kzalloc(sizeof(*frame));
	if (frame == NULL)
		return -ENOMEM;
	fill(frame, t, f, info);
	err = user_write(uaddr(sp), frame, sizeof(*frame));
	kfree(frame);
	if (err != 0)
		return err;
	if (t->sig.altstack.flags & SS_AUTODISARM)
		t->sig.altstack = (struct altstack){.flags = SS_DISABLE};
	sigframe_enter(f, signo, sp, act->handler, mm_vdso(t->proc->mm).val);
	return 0;
}

static int
pop(struct task *t, struct trap_frame *f, struct sigframe *frame)
{
	struct sigset mask;
	struct altstack alt;
	int err;

	err = user_read(frame, uaddr(f->regs[REG_SP]), sizeof(*frame));
	if (err != 0)
		return err;
	err = sigframe_restore(frame, f, &t->thread.fpu);
	if (err != 0)
		return err;
	/* Before anything that may switch and save the old ones over these. */
	arch_fpu_load(f, &t->thread.fpu);
	memcpy(&mask, &frame->uc.uc_sigmask, sizeof(mask));
	signal_set_mask(mask);
	alt.base = (u64)frame->uc.uc_stack.ss_sp;
	alt.flags = (u32)frame->uc.uc_stack.ss_flags;
	alt.size_bytes = frame->uc.uc_stack.ss_size;
	/* If the handler wrote nonsense there, or returns onto it: no change.
	 */
	err = signal_altstack(&alt, f->regs[REG_SP], NULL);
	(void)err;
	return 0;
}

s64
signal_return(struct trap_frame *f)
{
	struct task *t = task_current();
	struct sigframe *frame = kmalloc(sizeof(*frame));
	int err;

	if (frame == NULL) {
		printk_limited("%s[%d]: no memory for sigreturn, killed\n",
		    t->comm, t->tid);
		signal_force_kill();
		return 0;
	}
	err = pop(t, f, frame);
	kfree(frame);
	/* a0 is what it was, whatever that looks like, and no call's result. */
	f->cause = CAUSE_SETTLED;
	t->sig.restart.fn = NULL;
	if (err != 0)
		signal_force_fault(SIGSEGV, SI_KERNEL, 0);
	return (s64)f->regs[REG_A0];
}
