#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include "core/panic.h"
#include "core/spinlock.h"
#include "core/thread.h"
#include "mm/frame.h"

/* links: lib/page.c */

/* --- A machine of two harts, on which interrupts may come when they can --- */

#define NR_FRAMES 300
#define BATCH     32 /* frames that move under the lock at once */
#define KEPT      64 /* the most that a hart keeps */

struct hart harts[MAX_HARTS];
u32 nr_harts = 2;
static struct thread threads[2]; /* who runs on them */
static u32 this_hart;
static bool irqs_on;
static u32 nr_pushed;
static u32 nr_locked;
static char *arena;

/* Whoever asks wants to go on with the answer, and not on another hart. */
struct hart *
hart_this(void)
{
	assert_false(irqs_on);
	return &harts[this_hart];
}

bool
arch_irqs_on(void)
{
	return irqs_on;
}

bool
arch_irqs_disable(void)
{
	bool were_on = irqs_on;

	irqs_on = false;
	return were_on;
}

void
arch_irqs_enable(void)
{
	irqs_on = true;
}

void
irq_push_off(void)
{
	irqs_on = false;
	nr_pushed++;
}

void
irq_pop_off(void)
{
	irqs_on = --nr_pushed == 0;
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
}

void
panic(const char *fmt, ...)
{
	fail_msg("panic: %s", fmt);
	abort();
}

static u64
nr_free(void)
{
	struct frame_stats s;

	frame_stats(&s);
	return s.free;
}

/* --- All frames, and no more ---------------------------------------------- */

static struct page *had[NR_FRAMES];
static u32 nr_had;

static void
take_all(void)
{
	struct page *p;

	while ((p = frame_alloc(PAGE_ANON)) != NULL) {
		assert_int_equal(refcount_read(&p->refs), 1);
		assert_int_equal(p->kind, PAGE_ANON);
		assert_true(nr_had < NR_FRAMES);
		had[nr_had++] = p;
	}
}

static u64
give_back(u64 nr)
{
	u64 n;

	for (n = 0; n < nr && nr_had > 0; n++)
		page_put(had[--nr_had]);
	return n;
}

static void
test_each_frame_is_had_once(void **state)
{
	u32 i;

	(void)state;
	assert_false(threads[0].lacked_frame);
	take_all();
	assert_int_equal(nr_had, NR_FRAMES);
	assert_int_equal(nr_free(), 0);
	assert_true(threads[0].lacked_frame);
	assert_false(threads[1].lacked_frame);
	for (i = 0; i < NR_FRAMES; i++) {
		assert_int_equal(had[i]->index, 0);
		had[i]->index = 1; /* twice would be seen */
	}
	give_back(NR_FRAMES);
	assert_int_equal(nr_free(), NR_FRAMES);
	assert_true(irqs_on);
}

static void
test_the_lock_is_taken_once_a_batch(void **state)
{
	u32 before, i;

	(void)state;
	take_all();
	give_back(NR_FRAMES);
	/* The hart keeps some; the rest of what it takes comes in batches. */
	before = nr_locked;
	take_all();
	assert_in_range(nr_locked - before, (NR_FRAMES - KEPT) / BATCH,
	    NR_FRAMES / BATCH + 1);
	before = nr_locked;
	for (i = 0; i < KEPT; i++)
		give_back(1);
	assert_int_equal(nr_locked, before);
	give_back(BATCH);
	assert_int_equal(nr_locked, before + 1);
	give_back(NR_FRAMES);
}

/* What another hart has put by is nobody's, until it is everybody's. */
static void
test_what_others_keep_can_be_had(void **state)
{
	(void)state;
	take_all();
	this_hart = 1;
	give_back(KEPT / 2);
	this_hart = 0;
	assert_null(frame_alloc(PAGE_ANON));
	irqs_on = false;
	assert_int_equal(frame_uncache(&harts[1]), KEPT / 2);
	assert_int_equal(frame_uncache(&harts[1]), 0);
	irqs_on = true;
	assert_int_equal(nr_free(), KEPT / 2);
	take_all();
	assert_int_equal(nr_had, NR_FRAMES);
	give_back(NR_FRAMES);
}

static void
test_a_hart_keeps_no_more_than_it_may(void **state)
{
	(void)state;
	take_all();
	give_back(NR_FRAMES);
	this_hart = 1;
	take_all();
	assert_in_range(nr_had, NR_FRAMES - KEPT, NR_FRAMES - 1);
	give_back(NR_FRAMES);
	this_hart = 0;
	assert_int_equal(nr_free(), NR_FRAMES);
}

/* --- What a frame is like --------------------------------------------------
 */

static void
test_a_frame_has_nothing_of_its_last_life(void **state)
{
	struct page *p, *q;
	u32 i;

	(void)state;
	p = frame_alloc(PAGE_TABLE);
	p->level = 2;
	p->frozen = 1;
	p->groups = ~0ul;
	p->index = 7;
	memset(page_kva(p), 1, PAGE_SIZE);
	assert_true(refcount_put(&p->refs));
	frame_free(p);
	q = frame_alloc_zero(PAGE_CACHE);
	assert_ptr_equal(p, q); /* the last one is still warm */
	assert_int_equal(q->level, 0);
	assert_int_equal(q->frozen, 0);
	assert_int_equal(q->dirty, 0);
	assert_null(q->object);
	assert_int_equal(q->index, 0);
	for (i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((char *)page_kva(q))[i], 0);
	page_get(q);
	page_put(q);
	assert_int_equal(q->kind, PAGE_CACHE);
	page_put(q);
	assert_int_equal(q->kind, PAGE_FREE);
}

/* --- Frames that are zeroed already (P3) -----------------------------------
 */

#define NR_TABLES   120
#define ZEROED_KEPT 16 /* the most that a hart keeps of them */

static struct page *tables[NR_TABLES];

/* As the tree gives tables back: empty again, which it says. */
static void
make_and_give_tables(void)
{
	u32 i;

	for (i = 0; i < NR_TABLES; i++) {
		tables[i] = frame_alloc_zero(PAGE_TABLE);
		assert_non_null(tables[i]);
	}
	for (i = 0; i < NR_TABLES; i++) {
		tables[i]->zeroed = 1;
		assert_true(refcount_put(&tables[i]->refs));
		frame_free(tables[i]);
	}
	assert_int_equal(nr_free(), NR_FRAMES);
}

static void
test_zeroed_frames_are_for_tables(void **state)
{
	struct page *first, *second, *other;

	(void)state;
	make_and_give_tables();
	first = frame_alloc(PAGE_TABLE);
	second = frame_alloc(PAGE_TABLE);
	other = frame_alloc(PAGE_ANON);
	assert_true(first->zeroed && second->zeroed);
	assert_ptr_not_equal(first, second);
	assert_false(other->zeroed);
	assert_int_equal(nr_free(), NR_FRAMES - 3);
	page_put(other);
	assert_true(refcount_put(&first->refs) && refcount_put(&second->refs));
	frame_free(first);
	frame_free(second);
}

static void
test_zeroed_frames_are_had_when_nothing_else_is(void **state)
{
	u32 i;

	(void)state;
	make_and_give_tables();
	take_all();
	assert_int_equal(nr_had, NR_FRAMES);
	for (i = 0; i < nr_had; i++) {
		assert_false(had[i]->zeroed);
		memset(page_kva(had[i]), 1, PAGE_SIZE);
	}
	give_back(NR_FRAMES);
}

static void
test_a_hart_keeps_few_zeroed_frames(void **state)
{
	(void)state;
	make_and_give_tables();
	this_hart = 1;
	take_all();
	assert_true(nr_had >= NR_FRAMES - KEPT - ZEROED_KEPT);
	give_back(NR_FRAMES);
	this_hart = 0;
}

/* --- When none is left -----------------------------------------------------
 */

static u32 nr_asked;

static u64
reclaim_some(u64 nr)
{
	nr_asked++;
	return give_back(MIN(nr, 5u));
}

static struct frame_reclaimer reclaimer = {.reclaim = reclaim_some};

static void
test_caches_are_asked_before_memory_is_out(void **state)
{
	struct page *p;

	(void)state;
	take_all();
	frame_add_reclaimer(&reclaimer);
	threads[0].lacked_frame = false;
	p = frame_alloc(PAGE_KERNEL);
	assert_non_null(p);
	assert_false(threads[0].lacked_frame);
	assert_int_equal(nr_asked, 1);
	/* With interrupts off a lock may be held that a reclaimer needs. */
	irq_push_off();
	while (frame_alloc(PAGE_KERNEL) != NULL)
		;
	irq_pop_off();
	assert_int_equal(nr_asked, 1);
}

static int
set_up(void **state)
{
	(void)state;
	arena = aligned_alloc(PAGE_SIZE, NR_FRAMES * PAGE_SIZE);
	page_first = 0x80000;
	page_count = NR_FRAMES;
	page_array = calloc(NR_FRAMES, sizeof(*page_array));
	direct_base = (u64)arena - (page_first << PAGE_SHIFT);
	irqs_on = true;
	harts[0].current = &threads[0];
	harts[1].current = &threads[1];
	frame_add_ram(paddr(page_first << PAGE_SHIFT),
	    paddr((page_first + NR_FRAMES) << PAGE_SHIFT));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(arena);
	free(page_array);
	return 0;
}

int
main(void)
{
	/* Those that want all frames come before hart 1 keeps some. */
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_frame_is_had_once),
	    cmocka_unit_test(test_the_lock_is_taken_once_a_batch),
	    cmocka_unit_test(test_zeroed_frames_are_had_when_nothing_else_is),
	    cmocka_unit_test(test_what_others_keep_can_be_had),
	    cmocka_unit_test(test_a_hart_keeps_no_more_than_it_may),
	    cmocka_unit_test(test_a_frame_has_nothing_of_its_last_life),
	    cmocka_unit_test(test_zeroed_frames_are_for_tables),
	    cmocka_unit_test(test_a_hart_keeps_few_zeroed_frames),
	    cmocka_unit_test(test_caches_are_asked_before_memory_is_out),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
