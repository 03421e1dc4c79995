/* Many processes and threads that share one memory. */
#include "cowtest.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* ---- every order ----------------------------------------------------------
 */

/*
 * A chain of eight forks: the first process makes the memory, its descendants
 * write to it, each to every page, once.  They do so in eight rounds, and which
 * of them writes to a page in which round is told by the page's number: each
 * page is written in an order of its own.  The first process writes nothing.
 *
 * All 8! orders would take most of a minute on an emulated machine, so every
 * 11th is tried, numbered so that the last digits tell who writes first; and
 * every 59th once more with each page under tables of its own.  As 11 and 59
 * divide none of the numbers to 8, everybody comes in every place, after
 * anybody.
 */
enum {
	WRITERS = 8,
	ORDERS = 40320, /* 8! */
	STEP = 11,
	STEP_APART = 59,
	TABLE_SPAN = 2 * 1024 * 1024,
};

static unsigned char turns[ORDERS][WRITERS];

/* The k-th order: who is the r-th to write. */
static void
make_order(unsigned int k, unsigned char *turn)
{
	unsigned char left[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		left[i] = i;
	for (int round = 0, n = WRITERS; n > 0; round++, n--) {
		int pick = k % n;

		k /= n;
		turn[left[pick]] = round;
		memmove(left + pick, left + pick + 1, n - pick - 1);
	}
}

struct batch {
	pthread_barrier_t *barrier;
	char *at;
	size_t stride; /* from page to page */
	unsigned int first, step, nr;
};

static volatile unsigned int *
word(const struct batch *b, unsigned int i)
{
	return (volatile unsigned int *)(b->at + i * b->stride);
}

/* What page i has before anybody writes; not what a writer writes. */
static unsigned int
original(unsigned int i)
{
	return i + 1000;
}

static void
check_all(const struct batch *b, int me)
{
	for (unsigned int i = 0; i < b->nr; i++) {
		unsigned int want = me < 0 ? original(i) : (unsigned int)me;

		if (*word(b, i) != want)
			fail("process %d of the chain sees %u, not %u, in the "
			     "page of order %u",
			    me + 1, *word(b, i), want, b->first + i * b->step);
	}
}

static void
write_round(const struct batch *b, int me, int round)
{
	for (unsigned int i = 0; i < b->nr; i++) {
		unsigned int order = b->first + i * b->step;

		if (turns[order][me] != round)
			continue;
		if (*word(b, i) != original(i))
			fail("process %d of the chain sees %u before it "
			     "writes, in the page of order %u",
			    me + 1, *word(b, i), order);
		*word(b, i) = me;
	}
}

/* me: -1 for the first process. */
static void
play(const struct batch *b, int me)
{
	for (int round = 0; round < WRITERS; round++) {
		pthread_barrier_wait(b->barrier);
		if (me >= 0)
			write_round(b, me, round);
	}
	pthread_barrier_wait(b->barrier);
	check_all(b, me);
}

static void
chain(const struct batch *b, int me)
{
	pid_t child = 0;

	if (me + 1 < WRITERS) {
		child = start();
		if (child == 0) {
			chain(b, me + 1);
			_exit(0);
		}
	}
	play(b, me);
	if (child != 0)
		must_succeed(child, "the next of the chain");
}

static void
run_batch(struct batch *b)
{
	size_t len = b->nr * b->stride;

	b->at = area(len);
	for (unsigned int i = 0; i < b->nr; i++)
		*word(b, i) = original(i);
	chain(b, -1);
	area_free(b->at, len);
}

/* Each page ends up once for each process, with frames_each frames. */
static void
run_orders(struct batch *b, size_t frames_each)
{
	size_t each = (WRITERS + 1) * frames_each * PAGE;
	unsigned int end = ORDERS / b->step + 1;

	for (unsigned int done = 0; done < end; done += b->nr) {
		size_t room = free_bytes() / 2 / each;

		b->first = done * b->step;
		b->nr = end - done < room ? end - done : room;
		if (b->nr == 0)
			fail("no memory for a single page of every process");
		run_batch(b);
	}
}

void
test_orders(void)
{
	pthread_barrierattr_t attr;
	struct batch b = {.barrier = shared_area(PAGE)};

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (pthread_barrier_init(b.barrier, &attr, WRITERS + 1))
		fail("pthread_barrier_init");
	for (unsigned int k = 0; k < ORDERS; k++)
		make_order(k, turns[k]);
	b.stride = PAGE;
	b.step = STEP;
	run_orders(&b, 1);
	b.stride = TABLE_SPAN;
	b.step = STEP_APART;
	run_orders(&b, 2);
	note("chains of 8 forks, %d of the %d orders of writing, %d also with "
	     "tables apart",
	    ORDERS / STEP + 1, ORDERS, ORDERS / STEP_APART + 1);
}

/* ---- idle children --------------------------------------------------------
 */

enum {
	IDLE_CHILDREN = 1000,
	LOOKS = 16,       /* pages that each child looks at in the end */
	WRITE_EVERY = 64, /* pages; the parent writes while they wait */
};

static void
idle_child(struct gate *gate, const char *at, size_t len, int nr)
{
	gate_wait(gate);
	for (int i = 0; i < LOOKS; i++) {
		size_t page = (nr + i * (len / PAGE / LOOKS)) % (len / PAGE);

		if (at[page * PAGE] != 1)
			fail("child %d sees the parent's write to page %zu", nr,
			    page);
	}
	_exit(0);
}

void
test_idle(void)
{
	static pid_t children[IDLE_CHILDREN];
	size_t had = free_bytes();
	size_t len = had / 2 & -PAGE;
	/* For the parent's copies, and some so that nobody is killed. */
	size_t keep = len / WRITE_EVERY * 3 + had / 16;
	char *at = area(len);
	struct gate gate;
	int nr = 0;

	for (size_t i = 0; i < len; i += PAGE)
		at[i] = 1;
	gate_init(&gate);
	while (nr < IDLE_CHILDREN && free_bytes() > keep) {
		children[nr] = start();
		if (children[nr] == 0)
			idle_child(&gate, at, len, nr);
		nr++;
	}
	for (size_t i = 0; i < len; i += WRITE_EVERY * PAGE)
		at[i] = 2;
	gate_open(&gate);
	for (int i = 0; i < nr; i++)
		must_succeed(children[i], "an idle child");
	for (size_t i = 0; i < len; i += PAGE)
		if (at[i] != (i % (WRITE_EVERY * PAGE) == 0 ? 2 : 1))
			fail("the parent's page %zu has changed", i / PAGE);
	area_free(at, len);
	note("%d children of a process of %zu MiB", nr, len / MIB);
}

/* ---- threads that fork ----------------------------------------------------
 */

enum {
	THREADS = 4,
	FORKS = 32,     /* of each thread */
	PAGES_EACH = 64 /* pages of a thread lie between those of the others */
};

struct forker {
	pthread_t thread;
	char *at; /* the first of its pages */
	int nr;
};

static void
fill(struct forker *f, char value)
{
	for (int i = 0; i < PAGES_EACH; i++)
		*(volatile char *)(f->at + i * THREADS * PAGE) = value;
}

static void
check_filled(struct forker *f, char value, const char *who)
{
	for (int i = 0; i < PAGES_EACH; i++) {
		char got = *(volatile char *)(f->at + i * THREADS * PAGE);

		if (got != value)
			fail("%s of thread %d: page %d has %d, not %d", who,
			    f->nr, i, got, value);
	}
}

static void *
fork_much(void *arg)
{
	struct forker *f = arg;

	for (int i = 0; i < FORKS; i++) {
		pid_t child;

		fill(f, i);
		child = start();
		if (child == 0) {
			check_filled(f, i, "child");
			fill(f, -1);
			check_filled(f, -1, "child, after writing,");
			_exit(0);
		}
		check_filled(f, i, "parent");
		fill(f, 100 + i);
		must_succeed(child, "a thread's child");
		check_filled(f, 100 + i, "parent, after writing,");
	}
	return NULL;
}

/* Reads until it sees the other thread's write; never, if its page is old. */
static void *
wait_for_write(void *arg)
{
	volatile int *at = arg;

	at[1] = 1;
	while (at[0] == 0)
		;
	return NULL;
}

/* A write after a fork gives this process a new page: on every hart. */
static void
check_siblings(void)
{
	volatile int *at = (volatile int *)area(PAGE);
	struct gate gate;
	pthread_t reader;
	pid_t child;

	if (pthread_create(&reader, NULL, wait_for_write, (void *)at))
		fail("no thread");
	while (at[1] == 0)
		;
	gate_init(&gate);
	child = start();
	if (child == 0) {
		gate_wait(&gate);
		if (at[0] != 0)
			fail("a child sees a write after the fork");
		_exit(0);
	}
	at[0] = 1;
	pthread_join(reader, NULL);
	gate_open(&gate);
	must_succeed(child, "the reader's sibling's child");
	area_free((void *)at, PAGE);
}

void
test_threads(void)
{
	struct forker forkers[THREADS];
	size_t len = THREADS * PAGES_EACH * PAGE;
	char *at = area(len);

	for (int i = 0; i < THREADS; i++) {
		forkers[i].nr = i;
		forkers[i].at = at + i * PAGE;
		if (pthread_create(
			&forkers[i].thread, NULL, fork_much, &forkers[i]))
			fail("no thread");
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(forkers[i].thread, NULL);
	area_free(at, len);
	check_siblings();
	note("%d threads, %d forks each", THREADS, FORKS);
}
