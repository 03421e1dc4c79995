#include "schedule.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "sim.h"

#define STACK_BYTES (256ul << 10)
/* One place in so many, some hart loads an entry that nobody asked for. */
#define PLACES_PER_LOAD 6

struct fiber {
	ucontext_t context;
	void *stack;
	bool done;
	const void *waits; /* for this lock; NULL: can go on */
	u32 priority;
};

void (*schedule_load)(u32 hart);

static struct fiber fibers[SIM_HARTS];
static ucontext_t ending;
static ucontext_t template; /* what a new one starts from */
static u32 nr_fibers;
static u32 running;
static void (*work)(u32 hart);

static u32 nr_places;
static u32 changes[MAX_CHANGES]; /* at which places */
static u32 nr_changes;
static u32 lowest; /* the next priority to fall to */

/* The hart to run now; nr_fibers when none can. */
static u32
best(void)
{
	u32 i, found = nr_fibers;

	for (i = 0; i < nr_fibers; i++) {
		if (fibers[i].done || fibers[i].waits != NULL)
			continue;
		if (found == nr_fibers ||
		    fibers[i].priority > fibers[found].priority)
			found = i;
	}
	return found;
}

static bool
all_done(void)
{
	u32 i;

	for (i = 0; i < nr_fibers; i++)
		if (!fibers[i].done)
			return false;
	return true;
}

/* Goes on with whoever's turn it is. */
static void
change_over(void)
{
	u32 from = running;
	u32 to = best();

	if (to == from)
		return;
	if (to == nr_fibers) {
		if (!all_done())
			sim_fail("deadlock: each hart waits for a lock");
		setcontext(&ending);
	}
	running = to;
	sim_hart = to;
	swapcontext(&fibers[from].context, &fibers[to].context);
}

static void
place(void)
{
	u32 i;

	nr_places++;
	if (sim_whim(PLACES_PER_LOAD) == 0)
		schedule_load(sim_whim(nr_fibers));
	for (i = 0; i < nr_changes; i++)
		if (changes[i] == nr_places)
			fibers[running].priority = --lowest;
	change_over();
}

static void
wait_for(const void *lock)
{
	fibers[running].waits = lock;
	change_over();
}

static void
wake(const void *lock)
{
	u32 i;

	for (i = 0; i < nr_fibers; i++)
		if (fibers[i].waits == lock)
			fibers[i].waits = NULL;
}

static void
start(void)
{
	work(running);
	fibers[running].done = true;
	change_over();
}

static void
draw(u64 seed, u32 places)
{
	u64 lot = seed;
	u32 i, j, swap;

	/* Priorities above MAX_CHANGES, in any order. */
	for (i = 0; i < nr_fibers; i++)
		fibers[i].priority = MAX_CHANGES + 1 + i;
	for (i = nr_fibers; i-- > 1;) {
		j = sim_next(&lot) % (i + 1);
		swap = fibers[i].priority;
		fibers[i].priority = fibers[j].priority;
		fibers[j].priority = swap;
	}
	lowest = MAX_CHANGES + 1;
	nr_changes = sim_next(&lot) % (MAX_CHANGES + 1);
	for (i = 0; i < nr_changes; i++)
		changes[i] = 1 + sim_next(&lot) % MAX(places, 1u);
}

static void
make_template(void)
{
	getcontext(&template);
}

static void
prepare(struct fiber *f)
{
	if (f->stack == NULL)
		f->stack = malloc(STACK_BYTES);
	f->done = false;
	f->waits = NULL;
	f->context = template;
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = STACK_BYTES;
	f->context.uc_link = NULL;
	makecontext(&f->context, start, 0);
}

u32
schedule_run(u32 n, void (*body)(u32 hart), u64 seed, u32 places)
{
	u32 i;

	make_template();
	nr_fibers = n;
	work = body;
	for (i = 0; i < n; i++)
		prepare(&fibers[i]);
	draw(seed, places);
	nr_places = 0;
	sim_point_hook = place;
	sim_wait_hook = wait_for;
	sim_wake_hook = wake;
	running = best();
	sim_hart = running;
	swapcontext(&ending, &fibers[running].context);
	sim_point_hook = NULL;
	sim_wait_hook = NULL;
	sim_wake_hook = NULL;
	return nr_places;
}
