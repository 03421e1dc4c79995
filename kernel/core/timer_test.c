#include "fake.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/irq.h"
#include "core/panic.h"
#include "core/timer.h"

/* links: lib/rbtree.c */

/* --- A machine of two harts whose time goes when told to ----------------- */

struct hart harts[MAX_HARTS];
u32 nr_harts = 2;
static u32 this_hart;
static u64 now_ns;
static u64 alarm_ns[2]; /* what each hart's timer was set to */
static int nr_locked;

struct hart *
hart_this(void)
{
	return &harts[this_hart];
}

bool
arch_irqs_on(void)
{
	return false;
}

bool
arch_irqs_disable(void)
{
	return false;
}

void
irq_push_off(void)
{
}

void
irq_pop_off(void)
{
}

void
arch_pause(void)
{
}

void
arch_timer_set(u64 ticks)
{
	alarm_ns[this_hart] = ticks;
}

u64
clock_mono_ns(void)
{
	return now_ns;
}

u64
clock_ns_to_ticks(u64 ns)
{
	return ns;
}

void
spin_lock(struct spinlock *l)
{
	assert_int_equal(l->locked, 0);
	l->locked = 1;
	nr_locked++;
}

void
spin_unlock(struct spinlock *l)
{
	assert_int_equal(l->locked, 1);
	l->locked = 0;
	nr_locked--;
}

struct hart *
irq_begin(void)
{
	return hart_this();
}

void
irq_end(struct hart *h)
{
	(void)h;
}

bool
panic_in_progress(void)
{
	return false;
}

void
panic_stop_here(void)
{
	abort();
}

/* --- Timers that write down when they ran -------------------------------- */

#define MAX_RUNS 10000

static struct timer *runs[MAX_RUNS];
static u64 run_times[MAX_RUNS];
static int nr_runs;

static void
note(struct timer *t)
{
	assert_int_equal(nr_locked, 0);
	assert_int_equal(t->hart, -1);
	assert_true(nr_runs < MAX_RUNS);
	runs[nr_runs] = t;
	run_times[nr_runs++] = now_ns;
}

static int
setup(void **state)
{
	(void)state;
	for (u32 i = 0; i < nr_harts; i++) {
		harts[i].nr = i;
		alarm_ns[i] = ~0ul;
	}
	this_hart = 0;
	now_ns = 1000;
	nr_runs = 0;
	return 0;
}

/* Lets time pass; each hart is interrupted when its timer said. */
static void
run_until(u64 end_ns)
{
	for (;;) {
		u32 h = alarm_ns[1] < alarm_ns[0];

		if (alarm_ns[h] > end_ns)
			break;
		now_ns = MAX(now_ns, alarm_ns[h]);
		this_hart = h;
		timer_interrupt();
		assert_true(alarm_ns[h] > now_ns);
	}
	now_ns = end_ns;
	this_hart = 0;
}

static void
test_in_order(void **state)
{
	struct timer t[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		timer_init(&t[i], note);
	timer_arm(&t[0], 3000);
	timer_arm(&t[1], 2000);
	timer_arm(&t[2], 4000);
	assert_int_equal(alarm_ns[0], 2000);
	assert_int_equal(timer_left_ns(&t[2]), 3000);
	run_until(3500);
	assert_int_equal(nr_runs, 2);
	assert_ptr_equal(runs[0], &t[1]);
	assert_ptr_equal(runs[1], &t[0]);
	assert_int_equal(timer_left_ns(&t[0]), 0);
	run_until(5000);
	assert_ptr_equal(runs[2], &t[2]);
	assert_int_equal(run_times[2], 4000);
	assert_int_equal(alarm_ns[0], ~0ul);
}

static void
test_equal_times_in_order_of_arming(void **state)
{
	struct timer t[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		timer_init(&t[i], note);
		timer_arm(&t[i], 2000);
	}
	run_until(2000);
	assert_int_equal(nr_runs, 3);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(runs[i], &t[i]);
}

static void
test_moved_and_cancelled(void **state)
{
	struct timer a, b;

	(void)state;
	timer_init(&a, note);
	timer_init(&b, note);
	assert_false(timer_cancel(&a));
	timer_arm(&a, 2000);
	timer_arm(&b, 2500);
	timer_arm(&a, 3000);
	run_until(2700);
	assert_int_equal(nr_runs, 1);
	assert_ptr_equal(runs[0], &b);
	assert_true(timer_cancel(&a));
	assert_false(timer_cancel(&a));
	run_until(9000);
	assert_int_equal(nr_runs, 1);
}

static void
test_past_is_at_once(void **state)
{
	struct timer t;

	(void)state;
	timer_init(&t, note);
	timer_arm(&t, 5);
	run_until(now_ns);
	assert_int_equal(nr_runs, 1);
}

static void
test_other_hart(void **state)
{
	struct timer t;

	(void)state;
	timer_init(&t, note);
	this_hart = 1;
	timer_arm(&t, 2000);
	assert_int_equal(alarm_ns[1], 2000);
	this_hart = 0;
	/* Armed again here, it moves here. */
	timer_arm(&t, 3000);
	assert_int_equal(t.hart, 0);
	run_until(2500);
	assert_int_equal(nr_runs, 0);
	run_until(3000);
	assert_int_equal(nr_runs, 1);
	/* And can be cancelled from elsewhere. */
	timer_arm(&t, 4000);
	this_hart = 1;
	assert_true(timer_cancel(&t));
	run_until(5000);
	assert_int_equal(nr_runs, 1);
}

static void
again(struct timer *t)
{
	note(t);
	if (nr_runs < 5)
		timer_arm(t, now_ns + 100);
}

static void
test_arms_itself(void **state)
{
	struct timer t;

	(void)state;
	timer_init(&t, again);
	timer_arm(&t, 2000);
	run_until(10000);
	assert_int_equal(nr_runs, 5);
	assert_int_equal(run_times[4], 2400);
}

static struct timer *victim;

static void
cancel_victim(struct timer *t)
{
	note(t);
	assert_true(timer_cancel(victim));
}

static void
test_cancels_another(void **state)
{
	struct timer t, other;

	(void)state;
	timer_init(&t, cancel_victim);
	timer_init(&other, note);
	victim = &other;
	timer_arm(&t, 2000);
	timer_arm(&other, 2000);
	run_until(3000);
	assert_int_equal(nr_runs, 1);
}

/* Against the simplest of all models: an array of deadlines. */
static void
test_random(void **state)
{
	enum {
		N = 50,
		STEPS = 5000
	};
	static struct timer t[N];
	u64 want[N] = {0};

	(void)state;
	for (int i = 0; i < N; i++)
		timer_init(&t[i], note);
	for (int step = 0; step < STEPS; step++) {
		u32 i = fake_random() % N;
		int seen = nr_runs;

		this_hart = fake_random() % 2;
		if (fake_random() % 4 == 0) {
			assert_int_equal(timer_cancel(&t[i]), want[i] != 0);
			want[i] = 0;
		} else {
			want[i] = now_ns + fake_random() % 1000;
			timer_arm(&t[i], want[i]);
		}
		run_until(now_ns + fake_random() % 50);
		for (int r = seen; r < nr_runs; r++) {
			u64 *w = &want[runs[r] - t];

			assert_true(*w != 0 && *w <= run_times[r]);
			*w = 0;
		}
		for (i = 0; i < N; i++)
			assert_true(want[i] == 0 || want[i] > now_ns);
		if (nr_runs > MAX_RUNS / 2)
			nr_runs = 0;
	}
}

#define TEST(fn) cmocka_unit_test_setup(fn, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_in_order),
	    TEST(test_equal_times_in_order_of_arming),
	    TEST(test_moved_and_cancelled),
	    TEST(test_past_is_at_once),
	    TEST(test_other_hart),
	    TEST(test_arms_itself),
	    TEST(test_cancels_another),
	    TEST(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
