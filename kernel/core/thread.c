#include "core/thread.h"

#include "core/clock.h"
#include "core/ipi.h"
#include "core/panic.h"
#include "core/printk.h"
#include "core/sched.h"
#include "core/timer.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Debug build: a wait that nothing may end is reported after this long. */
#define WATCHDOG_NS (20 * NSEC_PER_SEC)

static struct spinlock all_lock = SPINLOCK_INIT(RANK_ALL_THREADS);
static struct list all_threads = LIST_INIT(all_threads);

static void
first_run(void *arg)
{
	struct thread *t = arg;

	sched_finish_switch();
	t->entry(t->arg);
	thread_exit();
}

void
thread_init(struct thread *t, void *stack, void (*entry)(void *arg), void *arg,
    void (*release)(struct thread *))
{
	memset(t, 0, sizeof(*t));
	t->stack = stack;
	t->entry = entry;
	t->arg = arg;
	t->release = release;
	t->affinity = ~0ul;
	t->hart = hart_this()->nr;
	list_init(&t->link);
	list_init(&t->all);
	arch_context_init(&t->context, stack, first_run, t);
}

void
thread_start(struct thread *t) NO_LOCK_CHECK
{
	spin_lock(&all_lock);
	list_push_back(&all_threads, &t->all);
	spin_unlock(&all_lock);
	assert(t->state == THREAD_NEW);
	sched_place(sched_lock_of(t), t);
}

NORETURN void
thread_exit(void) NO_LOCK_CHECK
{
	struct thread *t = thread_current();

	check(t->held_mutexes == 0);
	spin_lock(&all_lock);
	list_remove(&t->all);
	spin_unlock(&all_lock);
	irq_push_off();
	spin_lock(&hart_this()->runq_lock);
	irq_pop_off();
	t->state = THREAD_DEAD;
	sched_switch();
	panic("a dead thread ran");
}

static bool
may_interrupt(const struct thread *t, u8 mode)
{
	u32 notify = atomic_load(&t->notify);

	switch (mode) {
	case PARK_INTERRUPTIBLE:
		return (notify & (NOTIFY_SIGNAL | NOTIFY_KILL)) != 0;
	case PARK_KILLABLE:
	case PARK_STOPPED:
		return (notify & NOTIFY_KILL) != 0;
	}
	return false;
}

/* A park's own timer, on its stack. */
struct alarm {
	struct timer timer;
	struct thread *thread;
	bool rang; /* a */
};

static void
ring(struct timer *timer)
{
	struct alarm *a = container_of(timer, struct alarm, timer);

	atomic_store_release(&a->rang, true);
	thread_unpark(a->thread);
}

/* Debug build only: tells of a wait that has lasted suspiciously long. */
static void
report(struct timer *timer)
{
	struct alarm *a = container_of(timer, struct alarm, timer);
	struct thread *t = a->thread;

	printk("watchdog: %s waits for %s without end\n",
	    t->name != NULL ? t->name : "thread",
	    t->wait_what != NULL ? t->wait_what : "?");
}

/*
 * Parks unless there is a permit already or something to interrupt it.
 * Returns whether the permit was used; if not, it was interrupted.
 */
static bool
park(struct thread *t, enum park_mode mode) NO_LOCK_CHECK
{
	struct hart *h;

	irq_push_off();
	h = hart_this();
	spin_lock(&h->runq_lock);
	irq_pop_off();
	if (!t->permit && !may_interrupt(t, mode)) {
		sched_note_park(h, t, mode);
		t->nr_voluntary++;
		sched_switch();
		spin_lock(&hart_this()->runq_lock);
		h = hart_this();
	}
	if (t->permit) {
		t->permit = false;
		spin_unlock(&h->runq_lock);
		return true;
	}
	spin_unlock(&h->runq_lock);
	return false;
}

int
thread_park(enum park_mode mode, u64 deadline_ns, const char *what)
{
	struct thread *t = thread_current();
	struct alarm a = {.thread = t};
	bool watched = CONFIG_DEBUG && deadline_ns == NO_DEADLINE &&
	    (mode == PARK_UNINTERRUPTIBLE || mode == PARK_DISK);
	bool woken;

	check(hart_this()->nr_spins == 0);
	t->wait_what = what;
	if (deadline_ns != NO_DEADLINE) {
		timer_init(&a.timer, ring);
		timer_arm(&a.timer, deadline_ns);
	} else if (watched) {
		timer_init(&a.timer, report);
		timer_arm(&a.timer, clock_mono_ns() + WATCHDOG_NS);
	}
	woken = park(t, mode);
	if (deadline_ns != NO_DEADLINE || watched)
		timer_cancel(&a.timer);
	t->wait_what = NULL;
	if (deadline_ns != NO_DEADLINE && atomic_load_acquire(&a.rang))
		return -ETIMEDOUT;
	return woken ? 0 : -EINTR;
}

static void
unpark_locked(struct hart *h, struct thread *t) NO_LOCK_CHECK
{
	if (t->state == THREAD_PARKED)
		sched_wake(h, t);
	else
		spin_unlock(&h->runq_lock);
}

void
thread_unpark(struct thread *t) NO_LOCK_CHECK
{
	struct hart *h = sched_lock_of(t);

	t->permit = true;
	unpark_locked(h, t);
}

void
thread_notify(struct thread *t, u32 bits) NO_LOCK_CHECK
{
	struct hart *h;

	atomic_or(&t->notify, bits);
	/*
	 * Under the lock of its queue t either has parked, and we see how, or
	 * has yet to look at notify, and sees the bits.
	 */
	h = sched_lock_of(t);
	if (t->state == THREAD_RUNNING && h != hart_this())
		ipi_send(h, IPI_RESCHED);
	if (t->state == THREAD_PARKED && may_interrupt(t, t->park_mode))
		sched_wake(h, t);
	else
		spin_unlock(&h->runq_lock);
}

void
thread_notify_clear(struct thread *t, u32 bits)
{
	atomic_and(&t->notify, ~bits);
}

void
thread_yield(void) NO_LOCK_CHECK
{
	struct thread *t = thread_current();

	irq_push_off();
	spin_lock(&hart_this()->runq_lock);
	irq_pop_off();
	t->state = THREAD_RUNNABLE;
	t->nr_preempted++;
	sched_switch();
}

void
thread_preempt_point(void)
{
	if (atomic_load(&thread_current()->notify) & NOTIFY_RESCHED)
		thread_yield();
}

bool
thread_must_end(void)
{
	return (atomic_load(&thread_current()->notify) & NOTIFY_KILL) != 0;
}

void
thread_set_affinity(struct thread *t, u64 mask) NO_LOCK_CHECK
{
	struct hart *h = sched_lock_of(t);
	bool misplaced;

	t->affinity = mask;
	misplaced = (mask >> h->nr & 1) == 0;
	/* Also to a hart that sleeps, for which it was no work before. */
	if (t->state == THREAD_RUNNABLE && !list_empty(&t->link)) {
		sched_move_away(h, t);
		return;
	}
	spin_unlock(&h->runq_lock);
	if (misplaced && t == thread_current())
		thread_yield();
	else if (misplaced)
		thread_notify(t, NOTIFY_RESCHED);
}

void
thread_sleep_ns(u64 duration_ns)
{
	u64 end = clock_mono_ns() + duration_ns;

	while (clock_mono_ns() < end)
		(void)thread_park(PARK_UNINTERRUPTIBLE, end, "sleep");
}

void
thread_account_now(void)
{
	irq_push_off();
	thread_account_system();
	irq_pop_off();
}

void
thread_use_space(struct tlb_space *space)
{
	struct thread *t = thread_current();

	irq_push_off();
	t->space = space;
	tlb_switch(space);
	irq_pop_off();
}

bool
thread_try_for_each(void (*fn)(struct thread *t, void *arg), void *arg)
{
	struct thread *t;

	if (!spin_trylock(&all_lock))
		return false;
	list_for_each (t, &all_threads, all)
		fn(t, arg);
	spin_unlock(&all_lock);
	return true;
}
