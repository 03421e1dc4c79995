/*
 * What proc/ does at the border of user mode: coming in, faults that memory
 * cannot mend, and the last look round before going out.
 */
#include "arch/riscv/upcall.h"
#include "core/printk.h"
#include "mm/audit.h"
#include "mm/mm.h"
#include "proc/proc_impl.h"

#include <asm/siginfo.h>
#include <linux/resource.h>

void
upcall_user_enter(void)
{
	thread_account_user();
}

/*
 * A fault that has no cure is killed for, and said: nobody else can tell.  Who
 * ends already has given up looking for memory because of that.
 */
void
trap_out_of_memory(void)
{
	struct task *t = task_current();

	if (thread_must_end())
		return;
	printk("out of memory: killed %s[%d]\n", t->comm, t->tid);
	signal_force_kill();
}

void
upcall_user_fault(struct trap_frame *f, uaddr_t addr, enum fault_access access)
{
	struct task *t = task_current();
	int err = mm_fault(t->proc->mm, addr, access);

	(void)f;
	t->nr_minor_faults++;
	if (likely(err == 0))
		return;
	switch (err) {
	case -EACCES:
		signal_force_fault(SIGSEGV, SEGV_ACCERR, addr.val);
		break;
	case -EIO:
	case -ERANGE:
		signal_force_fault(SIGBUS, BUS_ADRERR, addr.val);
		break;
	case -ENOMEM:
		trap_out_of_memory();
		break;
	default:
		signal_force_fault(SIGSEGV, SEGV_MAPERR, addr.val);
	}
}

/* What the hart refuses, as a signal; at: the address is that of the code. */
static const struct {
	u8 signo;
	u8 code;
	bool at_pc;
} exceptions[] = {
    [CAUSE_FETCH_MISALIGNED] = {SIGBUS, BUS_ADRALN, false},
    [CAUSE_FETCH_ACCESS] = {SIGSEGV, SEGV_ACCERR, false},
    [CAUSE_ILLEGAL] = {SIGILL, ILL_ILLOPC, true},
    [CAUSE_BREAKPOINT] = {SIGTRAP, TRAP_BRKPT, true},
    [CAUSE_LOAD_MISALIGNED] = {SIGBUS, BUS_ADRALN, false},
    [CAUSE_LOAD_ACCESS] = {SIGSEGV, SEGV_ACCERR, false},
    [CAUSE_STORE_MISALIGNED] = {SIGBUS, BUS_ADRALN, false},
    [CAUSE_STORE_ACCESS] = {SIGSEGV, SEGV_ACCERR, false},
};

void
upcall_user_exception(struct trap_frame *f)
{
	u64 cause = f->cause;

	if (cause >= ARRAY_SIZE(exceptions) || exceptions[cause].signo == 0)
		cause = CAUSE_ILLEGAL;
	signal_force_fault(exceptions[cause].signo, exceptions[cause].code,
	    exceptions[cause].at_pc ? f->pc : f->tval);
}

/* Both are only hints here; to miss a change is to be a tick late. */
static bool
counts_cpu_time(void)
{
	struct proc *p = proc_current();

	return atomic_load(&p->itimers.cpu_armed) ||
	    atomic_load(&p->limits[RLIMIT_CPU].soft) != LIMIT_INFINITY;
}

static NOINLINE void
do_what_is_due(struct trap_frame *f, u32 due)
{
	struct thread *t = thread_current();
	u32 notify;

	if (counts_cpu_time())
		itimer_charge();
	while ((notify = atomic_load(&t->notify) & due) != 0) {
		arch_irqs_enable();
		if (notify & NOTIFY_RESCHED)
			thread_yield();
		if (notify & (NOTIFY_SIGNAL | NOTIFY_KILL))
			signal_deliver(f);
		if (notify & NOTIFY_SWITCHED)
			rseq_switched(task_current(), f);
		if (notify & NOTIFY_SETTLE)
			audit_stand_aside(t);
		(void)arch_irqs_disable();
	}
	thread_account_system();
}

void
upcall_user_return(struct trap_frame *f)
{
	const u32 due = NOTIFY_SIGNAL | NOTIFY_KILL | NOTIFY_RESCHED |
	    NOTIFY_SWITCHED | NOTIFY_SETTLE;

	if (unlikely(counts_cpu_time() ||
		(atomic_load(&thread_current()->notify) & due) != 0))
		do_what_is_due(f, due);
	else
		thread_account_system();
}
