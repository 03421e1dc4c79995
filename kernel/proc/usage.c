#include "proc/usage.h"

#include "core/clock.h"
#include "lib/atomic.h"
#include "mm/mm.h"
#include "proc/io_count.h"

void
usage_add(struct proc_usage *to, const struct proc_usage *more)
{
	to->user_ns += more->user_ns;
	to->system_ns += more->system_ns;
	to->nr_voluntary += more->nr_voluntary;
	to->nr_preempted += more->nr_preempted;
	to->nr_minor_faults += more->nr_minor_faults;
	to->nr_major_faults += more->nr_major_faults;
	to->peak_pages = MAX(to->peak_pages, more->peak_pages);
	io_counts_add(&to->io, &more->io);
}

/* Whole words that only the thread itself writes; a moment old if it runs. */
void
usage_add_task(struct proc_usage *to, const struct task *t)
{
	to->user_ns += clock_ticks_to_ns(atomic_load(&t->thread.user_ticks));
	to->system_ns +=
	    clock_ticks_to_ns(atomic_load(&t->thread.system_ticks));
	to->nr_voluntary += atomic_load(&t->thread.nr_voluntary);
	to->nr_preempted += atomic_load(&t->thread.nr_preempted);
	to->nr_minor_faults += atomic_load(&t->nr_minor_faults);
	to->nr_major_faults += atomic_load(&t->nr_major_faults);
	io_counts_add(&to->io, &t->thread.io);
}

void
usage_get_proc(struct proc *p, struct proc_usage *out)
{
	struct task *t;

	spin_lock(&p->sig.lock);
	*out = p->ended;
	list_for_each (t, &p->tasks, link)
		usage_add_task(out, t);
	spin_unlock(&p->sig.lock);
}

void
usage_get_both_locked(struct proc *p, struct proc_usage *out)
{
	usage_get_proc(p, out);
	usage_add(out, &p->children_usage);
}

void
usage_add_child_locked(struct proc *p, struct proc *child)
{
	usage_add(&p->children_usage, &child->ended);
	usage_add(&p->children_usage, &child->children_usage);
}

/*
 * The most pages that the current process has had.  Nobody counts them one by
 * one: they are looked at when somebody asks, and at the end of a process
 * taken to be as many as its faults brought in (usage_note_end_locked).
 */
static void
note_peak(struct proc *p)
{
	struct mm_usage u;

	mm_usage(p->mm, &u);
	spin_lock(&p->sig.lock);
	p->ended.peak_pages = MAX(p->ended.peak_pages, u.resident);
	spin_unlock(&p->sig.lock);
}

void
usage_note_end_locked(struct proc *p)
{
	struct proc_usage *u = &p->ended;

	u->peak_pages = MAX(u->peak_pages, u->nr_minor_faults);
}

void
usage_get(enum usage_whose whose, struct proc_usage *out)
{
	struct proc *p = proc_current();

	thread_account_now();
	note_peak(p);
	switch (whose) {
	case USAGE_SELF:
		usage_get_proc(p, out);
		break;
	case USAGE_CHILDREN:
		spin_lock(&proc_tree_lock);
		*out = p->children_usage;
		spin_unlock(&proc_tree_lock);
		break;
	case USAGE_THREAD:
		*out = (struct proc_usage){0};
		usage_add_task(out, task_current());
		out->peak_pages = p->ended.peak_pages;
		break;
	}
}
