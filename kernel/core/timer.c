/*
 * Each hart has a tree of the timers armed on it, the first of which the
 * hardware is set for.  A timer's hart field says whose tree it is in, and
 * changes only under that tree's lock.
 *
 * The function of a timer runs without the lock.  While it runs, the hart's
 * running field points to the timer; it is set before the timer leaves the
 * tree, so one who finds the timer in no tree and on no running field knows
 * that its function has returned.  After the function, nothing here looks at
 * the timer: its owner may have freed it.
 */
#include "core/timer.h"

#include "arch/riscv/arch.h"
#include "arch/riscv/upcall.h"
#include "core/clock.h"
#include "core/hart.h"
#include "core/irq.h"
#include "core/panic.h"
#include "lib/assert.h"
#include "lib/atomic.h"

/* Locks: q the lock   a atomic, written under the lock */
struct timer_queue {
	struct spinlock lock;  /* rank TIMER */
	struct rb_tree tree;   /* q: by deadline */
	struct timer *running; /* a: whose function this hart is in */
};

static struct timer_queue queues[MAX_HARTS] = {
    [0 ... MAX_HARTS - 1] = {.lock = SPINLOCK_INIT(RANK_TIMER)},
};

static int
by_deadline(const struct rb_node *a, const struct rb_node *b)
{
	u64 x = rb_entry(a, struct timer, node)->deadline_ns;
	u64 y = rb_entry(b, struct timer, node)->deadline_ns;

	return x < y ? -1 : x > y;
}

static struct timer *
first_of(struct timer_queue *q)
{
	struct rb_node *n = rb_first(&q->tree);

	return n != NULL ? rb_entry(n, struct timer, node) : NULL;
}

/* Locks the queue that t is in; NULL, and nothing locked, if it is in none. */
static struct timer_queue *
lock_queue_of(struct timer *t) NO_LOCK_CHECK
{
	for (;;) {
		/* Pairs with the release in detach. */
		s32 nr = atomic_load_acquire(&t->hart);
		struct timer_queue *q;

		if (nr < 0)
			return NULL;
		q = &queues[nr];
		spin_lock(&q->lock);
		if (atomic_load(&t->hart) == nr)
			return q;
		spin_unlock(&q->lock);
	}
}

static void
detach(struct timer_queue *q, struct timer *t) MUST_HOLD(&q->lock)
{
	rb_erase(&q->tree, &t->node);
	atomic_store_release(&t->hart, -1);
}

/* True if it was in a tree. */
static bool
disarm(struct timer *t) NO_LOCK_CHECK
{
	struct timer_queue *q = lock_queue_of(t);

	if (q == NULL)
		return false;
	detach(q, t);
	spin_unlock(&q->lock);
	return true;
}

void
timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	*t = (struct timer){.fn = fn, .hart = -1};
}

/* False if another hart armed it first. */
static bool
arm_here(struct timer *t, u64 deadline_ns)
{
	struct hart *h = hart_this();
	struct timer_queue *q = &queues[h->nr];
	s32 idle = -1;

	spin_lock(&q->lock);
	if (!atomic_cas(&t->hart, &idle, (s32)h->nr)) {
		spin_unlock(&q->lock);
		return false;
	}
	t->deadline_ns = deadline_ns;
	rb_insert(&q->tree, &t->node, by_deadline);
	if (first_of(q) == t)
		arch_timer_set(clock_ns_to_ticks(deadline_ns));
	spin_unlock(&q->lock);
	return true;
}

void
timer_arm(struct timer *t, u64 deadline_ns)
{
	irq_push_off();
	do
		disarm(t);
	while (!arm_here(t, deadline_ns));
	irq_pop_off();
}

static bool
running_elsewhere(const struct timer *t)
{
	u32 i;

	for (i = 0; i < nr_harts; i++)
		if (atomic_load_acquire(&queues[i].running) == t &&
		    &harts[i] != hart_this())
			return true;
	return false;
}

bool
timer_cancel(struct timer *t)
{
	bool was_armed = disarm(t);

	/* The function may arm the timer once more, so look again after it. */
	while (running_elsewhere(t)) {
		arch_pause();
		if (panic_in_progress())
			panic_stop_here();
		if (disarm(t))
			was_armed = true;
	}
	return was_armed | disarm(t);
}

u64
timer_left_ns(struct timer *t) NO_LOCK_CHECK
{
	struct timer_queue *q = lock_queue_of(t);
	u64 now = clock_mono_ns();
	u64 left;

	if (q == NULL)
		return 0;
	left = t->deadline_ns > now ? t->deadline_ns - now : 0;
	spin_unlock(&q->lock);
	/* Armed is never 0, or a caller would take it for idle. */
	return MAX(left, 1ul);
}

/*
 * Takes out a timer whose time has come, or sets the hardware for the first
 * of the others.
 */
static struct timer *
take_due(struct timer_queue *q)
{
	struct timer *t;

	spin_lock(&q->lock);
	t = first_of(q);
	if (t == NULL) {
		arch_timer_set(~0ul);
	} else if (t->deadline_ns > clock_mono_ns()) {
		arch_timer_set(clock_ns_to_ticks(t->deadline_ns));
		t = NULL;
	}
	atomic_store_release(&q->running, t);
	if (t != NULL)
		detach(q, t);
	spin_unlock(&q->lock);
	return t;
}

void
timer_interrupt(void)
{
	struct timer_queue *q = &queues[hart_this()->nr];
	struct timer *t;

	assert(!arch_irqs_on());
	while ((t = take_due(q)) != NULL)
		t->fn(t);
}

void
upcall_timer(void)
{
	struct hart *h = irq_begin();

	timer_interrupt();
	irq_end(h);
}
