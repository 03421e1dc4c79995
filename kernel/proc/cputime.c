#include "proc/cputime.h"

#include "core/clock.h"
#include "lib/errno.h"
#include "proc/proc.h"

#include <linux/time.h>

/*
 * A negative clock id is the complement of a number, above three bits: one for
 * a thread instead of a process, two for what is counted.
 */
#define CLOCK_OF_THREAD 4
#define CLOCK_WHAT      3
#define CLOCK_NR_SHIFT  3
#define COUNT_ALL       0 /* user and system time */
#define COUNT_USER      1
#define COUNT_SCHEDULED 2 /* the same as all: nothing else is known */

void
cputime_task(struct task *t, struct cputime *out)
{
	if (&t->thread == thread_current())
		thread_account_now();
	out->user_ns = clock_ticks_to_ns(atomic_load(&t->thread.user_ticks));
	out->system_ns =
	    clock_ticks_to_ns(atomic_load(&t->thread.system_ticks));
}

void
cputime_proc_locked(struct proc *p, struct cputime *out)
{
	struct cputime one;
	struct task *t;

	out->user_ns = p->ended.user_ns;
	out->system_ns = p->ended.system_ns;
	list_for_each (t, &p->tasks, link) {
		cputime_task(t, &one);
		out->user_ns += one.user_ns;
		out->system_ns += one.system_ns;
	}
}

void
cputime_proc(struct proc *p, struct cputime *out)
{
	spin_lock(&p->sig.lock);
	cputime_proc_locked(p, out);
	spin_unlock(&p->sig.lock);
}

/* Errors: -EINVAL. */
static int
read_thread(s32 tid, struct cputime *out)
{
	struct task *t;
	int err = 0;

	spin_lock(&proc_tree_lock);
	t = tid == 0 ? task_current() : task_find_locked(tid);
	/* Of other processes' threads nothing is told. */
	if (t == NULL || t->proc != proc_current())
		err = -EINVAL;
	else
		cputime_task(t, out);
	spin_unlock(&proc_tree_lock);
	return err;
}

/* Errors: -EINVAL. */
static int
read_proc(s32 pid, struct cputime *out)
{
	struct proc *p;
	int err = 0;

	spin_lock(&proc_tree_lock);
	p = pid == 0 ? proc_current() : proc_find_locked(pid);
	if (p == NULL)
		err = -EINVAL;
	else
		cputime_proc(p, out);
	spin_unlock(&proc_tree_lock);
	return err;
}

bool
cputime_is_own_thread(int clock)
{
	s32 nr = ~(clock >> CLOCK_NR_SHIFT);

	return clock < 0 && (clock & CLOCK_OF_THREAD) &&
	    (nr == 0 || nr == task_current()->tid);
}

int
cputime_clock(int clock, u64 *ns)
{
	bool thread = clock == CLOCK_THREAD_CPUTIME_ID;
	u32 what = COUNT_ALL;
	struct cputime spent;
	s32 nr = 0;
	int err;

	if (clock < 0) {
		nr = ~(clock >> CLOCK_NR_SHIFT);
		thread = (clock & CLOCK_OF_THREAD) != 0;
		what = clock & CLOCK_WHAT;
	} else if (!thread && clock != CLOCK_PROCESS_CPUTIME_ID) {
		return -EINVAL;
	}
	if (what > COUNT_SCHEDULED || nr < 0)
		return -EINVAL;
	err = thread ? read_thread(nr, &spent) : read_proc(nr, &spent);
	if (err != 0)
		return err;
	*ns = spent.user_ns + (what == COUNT_USER ? 0 : spent.system_ns);
	return 0;
}
