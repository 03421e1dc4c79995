/*
 * Each hart has a queue of runnable threads, first in, first out, and a lock.
 * That lock is held across a switch: taken by the thread that leaves, released
 * by the one that comes (sched_finish_switch).  So whoever gets the lock of a
 * parked thread's hart knows that the thread's registers are saved.
 *
 * A hart with an empty queue takes a thread from another's before it sleeps.
 * A hart that sleeps has said so (idling), and who gives it work sends an
 * interrupt.  That nobody sleeps with work in its queue:
 *
 *	idle hart                      waker, holding the queue's lock
 *	idling = true        (1)       nr_runnable++         (3)
 *	full fence                     full fence
 *	nr_runnable == 0 ?   (2)       idling ? interrupt it (4)
 *	wfi
 *
 * If (2) sees 0, then (4) comes after (1) and sends the interrupt; it stays
 * pending until wfi, because interrupts are off from before (1).
 */
#include "core/sched.h"

#include "arch/riscv/arch.h"
#include "core/clock.h"
#include "core/hart.h"
#include "core/ipi.h"
#include "core/load.h"
#include "core/panic.h"
#include "core/timer.h"
#include "core/times.h"

/* A thread runs this long before others on its hart get their turn. */
#define SLICE_NS (10 * NSEC_PER_MSEC)

struct hart harts[MAX_HARTS];
u32 nr_harts;

static_assert(offsetof(struct hart, kernel_sp) == 0, "HART_KERNEL_SP");
static_assert(offsetof(struct hart, scratch) == 8, "HART_SCRATCH0");

static struct timer ticks[MAX_HARTS];

static bool
may_run(const struct thread *t, const struct hart *h)
{
	return (t->affinity >> h->nr & 1) != 0;
}

static void
enqueue(struct hart *h, struct thread *t)
{
	check(t->state == THREAD_RUNNABLE);
	t->hart = h->nr;
	list_push_back(&h->runq, &t->link);
	atomic_store(&h->nr_runnable, h->nr_runnable + 1);
}

static struct thread *
dequeue_for(struct hart *from, const struct hart *to)
{
	struct thread *t;

	list_for_each (t, &from->runq, link) {
		if (!may_run(t, to))
			continue;
		list_remove(&t->link);
		atomic_store(&from->nr_runnable, from->nr_runnable - 1);
		return t;
	}
	return NULL;
}

/*
 * Two queues' locks are held, and two harts may do this to each other; so the
 * second is only tried.
 */
static struct thread *
steal(struct hart *h) NO_LOCK_CHECK
{
	struct thread *t = NULL;
	u32 i;

	for (i = 1; i < nr_harts && t == NULL; i++) {
		struct hart *from = &harts[(h->nr + i) % nr_harts];

		if (atomic_load(&from->nr_runnable) == 0)
			continue;
		if (!spin_trylock(&from->runq_lock))
			continue;
		t = dequeue_for(from, h);
		if (t != NULL)
			t->hart = h->nr;
		spin_unlock(&from->runq_lock);
	}
	return t;
}

static struct thread *
pick(struct hart *h)
{
	struct thread *t = dequeue_for(h, h);

	if (t == NULL)
		t = steal(h);
	return t != NULL ? t : h->idle;
}

/* A thread that waits uses no time: its clock stands still meanwhile. */
static void
leave(struct hart *h, struct thread *t)
{
	thread_account_system();
	times_settle(h);
	if (t->tell_switch)
		atomic_or(&t->notify, NOTIFY_SWITCHED);
	if (t->space != NULL)
		arch_fpu_switch_out(arch_user_frame(t->stack), &t->fpu);
}

static void
arrive(struct hart *h, struct thread *t)
{
	h->current = t;
	times_start(h);
	t->stamp_ticks = arch_ticks();
	h->kernel_sp = (u64)t->stack + KSTACK_SIZE;
	tlb_switch(t->space);
	if (t->space != NULL)
		arch_fpu_switch_in(arch_user_frame(t->stack), &t->fpu);
}

static void
start_tick(struct hart *h)
{
	if (ticks[h->nr].hart < 0)
		timer_arm(&ticks[h->nr], clock_mono_ns() + SLICE_NS);
}

void
sched_move_away(struct hart *h, struct thread *t) NO_LOCK_CHECK
{
	list_remove(&t->link);
	atomic_store(&h->nr_runnable, h->nr_runnable - 1);
	sched_place(h, t);
}

void
sched_finish_switch(void) NO_LOCK_CHECK
{
	struct hart *h = hart_this();
	struct thread *dying = h->dying;
	struct thread *misplaced = h->misplaced;
	struct thread *t = h->current;

	h->dying = NULL;
	h->misplaced = NULL;
	t->state = THREAD_RUNNING;
	if (!t->is_idle)
		start_tick(h);
	if (misplaced != NULL)
		sched_move_away(h, misplaced);
	else
		spin_unlock(&h->runq_lock);
	if (dying != NULL && dying->release != NULL)
		dying->release(dying);
}

void
sched_switch(void) NO_LOCK_CHECK
{
	struct hart *h = hart_this();
	struct thread *prev = h->current;
	struct thread *next;

	assert(spin_held(&h->runq_lock) && h->irq_depth == 1);
	if (prev->state == THREAD_RUNNABLE && !prev->is_idle) {
		enqueue(h, prev);
		/* It can go elsewhere only once its registers are saved. */
		if (!may_run(prev, h))
			h->misplaced = prev;
	}
	if (prev->state == THREAD_DEAD)
		h->dying = prev;
	next = pick(h);
	h->slice_end_ns = 0;
	thread_notify_clear(prev, NOTIFY_RESCHED);
	if (next != prev) {
		h->nr_switches++;
		leave(h, prev);
		arrive(h, next);
		arch_switch(&prev->context, &next->context);
	}
	sched_finish_switch();
}

struct hart *
sched_lock_of(struct thread *t) NO_LOCK_CHECK
{
	for (;;) {
		s16 nr = atomic_load(&t->hart);
		struct hart *h = &harts[nr];

		spin_lock(&h->runq_lock);
		if (atomic_load(&t->hart) == nr)
			return h;
		spin_unlock(&h->runq_lock);
	}
}

static struct hart *
idle_hart_for(const struct thread *t)
{
	u32 i;

	for (i = 0; i < nr_harts; i++)
		if (atomic_load(&harts[i].idling) && may_run(t, &harts[i]))
			return &harts[i];
	return NULL;
}

static struct hart *
any_hart_for(const struct thread *t)
{
	u32 i;

	for (i = 0; i < nr_harts; i++)
		if (may_run(t, &harts[i]))
			return &harts[i];
	panic("a thread may run nowhere");
}

/* Where it ran last if that sleeps or nobody does; else who sleeps. */
static struct hart *
choose(struct hart *last, const struct thread *t)
{
	struct hart *h;

	if (may_run(t, last) && atomic_load(&last->idling))
		return last;
	h = idle_hart_for(t);
	if (h != NULL)
		return h;
	return may_run(t, last) ? last : any_hart_for(t);
}

/*
 * Between the two locks t is runnable and in no queue: others that wake it see
 * a runnable thread and leave it alone.  It belongs to the new hart already, so
 * that whoever gets the old one's lock goes on to the new one's
 * (sched_lock_of). Who changes its affinity there leaves it to us: nobody would
 * take it from the queue of a hart where it may not run.
 */
static struct hart *
lock_place(struct hart *h, struct thread *t) NO_LOCK_CHECK
{
	struct hart *to;

	for (;;) {
		to = choose(h, t);
		if (to == h)
			return h;
		atomic_store(&t->hart, to->nr);
		spin_unlock(&h->runq_lock);
		spin_lock(&to->runq_lock);
		if (may_run(t, to))
			return to;
		h = to;
	}
}

void
sched_place(struct hart *h, struct thread *t) NO_LOCK_CHECK
{
	struct hart *to;

	t->state = THREAD_RUNNABLE;
	to = lock_place(h, t);
	enqueue(to, t);
	/* Pairs with the fence in idle_once: see the head of this file. */
	fence_full();
	if (atomic_load(&to->idling) && to != hart_this())
		ipi_send(to, IPI_RESCHED);
	spin_unlock(&to->runq_lock);
}

/* Who waits for a signal is no load, nor who was stopped. */
static bool
is_load(u8 park_mode)
{
	return park_mode != PARK_INTERRUPTIBLE && park_mode != PARK_STOPPED;
}

void
sched_note_park(struct hart *h, struct thread *t, u8 mode)
{
	t->state = THREAD_PARKED;
	t->park_mode = mode;
	if (is_load(mode))
		atomic_store(&h->nr_waiting, h->nr_waiting + 1);
	if (mode == PARK_DISK)
		atomic_store(&h->nr_disk_waits, h->nr_disk_waits + 1);
}

void
sched_wake(struct hart *h, struct thread *t) NO_LOCK_CHECK
{
	if (is_load(t->park_mode))
		atomic_store(&h->nr_waiting, h->nr_waiting - 1);
	if (t->park_mode == PARK_DISK)
		atomic_store(&h->nr_disk_waits, h->nr_disk_waits - 1);
	sched_place(h, t);
}

/* What must run elsewhere is no work for this hart. */
static bool
has_work_for(struct hart *from, const struct hart *h) NO_LOCK_CHECK
{
	struct thread *t;
	bool any = false;

	if (atomic_load(&from->nr_runnable) == 0)
		return false;
	spin_lock(&from->runq_lock);
	list_for_each (t, &from->runq, link)
		any = any || may_run(t, h);
	spin_unlock(&from->runq_lock);
	return any;
}

static bool
work_elsewhere(const struct hart *h)
{
	u32 i;

	for (i = 0; i < nr_harts; i++)
		if (i != h->nr && has_work_for(&harts[i], h))
			return true;
	return false;
}

/* Interrupts are off: what wakes it is still to come. */
static void
sleep(struct hart *h)
{
	bool disk = atomic_load(&h->nr_disk_waits) > 0;
	enum hart_time what = disk ? TIME_IOWAIT : TIME_IDLE;

	thread_account_system();
	times_settle(h);
	times_sleep_begin(h, what, h->idle->stamp_ticks);
	arch_wait_for_interrupt();
	(void)thread_lap(h->idle);
	times_sleep_end(h, what, h->idle->stamp_ticks);
	load_note(clock_mono_ns());
}

static void
idle_once(struct hart *h) NO_LOCK_CHECK
{
	arch_irqs_disable();
	atomic_store(&h->idling, true);
	fence_full();
	if (atomic_load(&h->nr_runnable) == 0 && !work_elsewhere(h))
		sleep(h);
	atomic_store(&h->idling, false);
	/* Pending interrupts are taken here. */
	arch_irqs_enable();
	spin_lock(&h->runq_lock);
	sched_switch();
}

/*
 * The time slice: while a hart is busy its tick asks the running thread to
 * make room, if anybody wants it.
 */
static void
tick(struct timer *timer)
{
	struct hart *h = hart_this();
	struct thread *t = h->current;
	u64 now = clock_mono_ns();

	load_note(now);
	times_settle(h);
	if (t->is_idle)
		return;
	if (atomic_load(&h->nr_runnable) > 0)
		__atomic_fetch_or(&t->notify, NOTIFY_RESCHED, __ATOMIC_RELAXED);
	timer_arm(timer, now + SLICE_NS);
}

void
sched_ipi(void)
{
	/* Being interrupted was the message: idle_once looks at the queue. */
}

static void
idle_entry(void *arg)
{
	(void)arg;
	for (;;)
		idle_once(hart_this());
}

NORETURN void
sched_start(void) NO_LOCK_CHECK
{
	struct hart *h = hart_this();
	struct arch_context boot;

	spin_lock(&h->runq_lock);
	arch_switch(&boot, &h->idle->context);
	panic("the boot context was switched to");
}

void
sched_init_hart(struct hart *h, struct thread *idle, void *stack)
{
	thread_init(idle, stack, idle_entry, NULL, NULL);
	idle->is_idle = true;
	idle->name = "idle";
	idle->state = THREAD_RUNNING;
	idle->hart = h->nr;
	idle->stamp_ticks = arch_ticks();
	h->idle = idle;
	h->current = idle;
	h->kernel_sp = (u64)stack + KSTACK_SIZE;
	spin_init(&h->runq_lock, RANK_RUNQ);
	list_init(&h->runq);
	timer_init(&ticks[h->nr], tick);
}
