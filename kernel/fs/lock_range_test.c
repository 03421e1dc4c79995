/*
 * Lists of locks against the plainest there could be: for each owner an array
 * with a letter for each byte.  Random histories of claims, of which those that
 * nobody is in the way of are carried out.
 */
/* links: ../tests/host/fake_kernel.c lib/string.c */
#include "fake_kernel.h"

#include <string.h>

#include "fs/lock_impl.h"

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

#define NR_OWNERS 3
#define NR_BYTES  20 /* the last stands for all that follow */
#define NR_WAITS  8

static const char letters[] = "rw-";

static struct list locks;
static struct lock_owner owners[NR_OWNERS];
static char bytes[NR_OWNERS][NR_BYTES];

/* Somebody who waits, and for what. */
static struct {
	struct lock_wait wait;
	struct lock_claim blocker;
	bool waits;
} waiting[NR_WAITS];

/* ---- the array ------------------------------------------------------------
 */

static u32
to_byte(u64 offset)
{
	return offset == LOCK_END ? NR_BYTES : (u32)offset;
}

static bool
byte_is_in_the_way(const struct lock_claim *c, u32 owner, u32 at)
{
	char has = bytes[owner][at];

	if (c->type == F_UNLCK)
		return c->owner == &owners[owner] && has != '-';
	return c->owner != &owners[owner] && has != '-' &&
	    (has == 'w' || c->type == F_WRLCK);
}

static bool
somebody_is_in_the_way(const struct lock_claim *c)
{
	u32 owner, at;

	for (owner = 0; owner < NR_OWNERS; owner++)
		for (at = to_byte(c->start); at < to_byte(c->end); at++)
			if (byte_is_in_the_way(c, owner, at))
				return true;
	return false;
}

static void
claim_bytes(const struct lock_claim *c)
{
	memset(bytes[c->owner - owners] + to_byte(c->start), letters[c->type],
	    to_byte(c->end) - to_byte(c->start));
}

/* ---- the list -------------------------------------------------------------
 */

/* Writes what the list says over an empty array; L1 and L2 on the way. */
static void
read_list(char seen[NR_OWNERS][NR_BYTES])
{
	struct lock_claim *last[NR_OWNERS] = {NULL};
	struct file_lock *l;
	u64 start = 0;

	memset(seen, '-', NR_OWNERS * NR_BYTES);
	list_for_each (l, &locks, link) {
		struct lock_claim *c = &l->claim;
		struct lock_claim **before = &last[c->owner - owners];

		assert_true(c->start < c->end && c->end <= LOCK_END);
		assert_true(c->start >= start);
		start = c->start;
		if (*before != NULL) {
			assert_true((*before)->end <= c->start);
			assert_true((*before)->end < c->start ||
			    (*before)->type != c->type);
		}
		*before = c;
		memset(seen[c->owner - owners] + to_byte(c->start),
		    letters[c->type], to_byte(c->end) - to_byte(c->start));
	}
}

static void
compare(void)
{
	char seen[NR_OWNERS][NR_BYTES];

	read_list(seen);
	assert_memory_equal(seen, bytes, sizeof(seen));
}

static struct file_lock *
spare(bool wanted)
{
	struct file_lock *l = NULL;

	if (wanted)
		l = fake_alloc(sizeof(*l));
	return l;
}

static u32
free_all(struct list *gone)
{
	struct list *link;
	u32 nr = 0;

	while ((link = list_pop_front(gone)) != NULL) {
		fake_free(list_entry(link, struct file_lock, link),
		    sizeof(struct file_lock));
		nr++;
	}
	return nr;
}

/* Somebody comes to wait for some lock, if there are any. */
static void
add_wait(void)
{
	u32 n = fake_random() % NR_WAITS;
	u32 skip = fake_random() % 8;
	struct file_lock *l;

	if (waiting[n].waits)
		return;
	list_for_each (l, &locks, link) {
		if (skip-- > 0)
			continue;
		list_push_back(&l->waits, &waiting[n].wait.link);
		waiting[n].wait.blocker = l;
		waiting[n].blocker = l->claim;
		waiting[n].waits = true;
		return;
	}
}

static bool
is_listed(const struct file_lock *lock)
{
	struct file_lock *l;

	list_for_each (l, &locks, link)
		if (l == lock)
			return true;
	return false;
}

/* Who is not woken waits for just what he waited for before. */
static void
take_woken(struct list *woken)
{
	struct list *link;
	u32 n;

	while ((link = list_pop_front(woken)) != NULL)
		for (n = 0; n < NR_WAITS; n++)
			if (&waiting[n].wait.link == link)
				waiting[n].waits = false;
	for (n = 0; n < NR_WAITS; n++) {
		if (!waiting[n].waits)
			continue;
		assert_true(is_listed(waiting[n].wait.blocker));
		assert_memory_equal(&waiting[n].wait.blocker->claim,
		    &waiting[n].blocker, sizeof(struct lock_claim));
	}
}

static void
carry_out(const struct lock_claim *c)
{
	struct lock_plan plan = lock_plan(&locks, c);
	struct lock_change change = {
	    .fresh = spare(plan.fresh), .split = spare(plan.split)};
	u32 before = list_count(&locks);

	list_init(&change.gone);
	list_init(&change.woken);
	lock_apply(&locks, c, &change);
	assert_null(change.fresh);
	assert_null(change.split);
	take_woken(&change.woken);
	assert_int_equal(free_all(&change.gone), plan.nr_gone);
	assert_int_equal(list_count(&locks),
	    before + plan.fresh + plan.split - plan.nr_gone);
	claim_bytes(c);
	compare();
}

/* The first of those that are in the way, and one that is. */
static void
find(const struct lock_claim *c)
{
	struct file_lock *found = lock_find(&locks, c);
	struct lock_claim part = *c;

	assert_int_equal(found != NULL, somebody_is_in_the_way(c));
	if (found == NULL)
		return;
	part.start = MAX(c->start, found->claim.start);
	part.end = MIN(c->end, found->claim.end);
	assert_true(part.start < part.end);
	assert_true(somebody_is_in_the_way(&part));
	part = *c;
	part.end = MAX(c->start, found->claim.start);
	assert_false(somebody_is_in_the_way(&part));
}

/* ---- histories ------------------------------------------------------------
 */

static struct lock_claim
draw(void)
{
	u64 a = fake_random() % NR_BYTES, b = fake_random() % NR_BYTES;
	u64 end = MAX(a, b) + 1;
	struct lock_claim c;

	/* Its padding is compared as well. */
	memset(&c, 0, sizeof(c));
	c.owner = &owners[fake_random() % NR_OWNERS];
	c.start = MIN(a, b);
	c.end = end == NR_BYTES ? LOCK_END : end;
	c.type = fake_random() % 3;
	return c;
}

static void
drop_all(void)
{
	struct lock_claim c = {.end = LOCK_END, .type = F_UNLCK};
	u32 owner;

	for (owner = 0; owner < NR_OWNERS; owner++) {
		c.owner = &owners[owner];
		/* A file can always be closed. */
		assert_false(lock_plan(&locks, &c).fresh);
		assert_false(lock_plan(&locks, &c).split);
		carry_out(&c);
	}
	assert_true(list_empty(&locks));
}

static void
run_history(u32 nr_steps)
{
	struct lock_claim c;

	list_init(&locks);
	memset(bytes, '-', sizeof(bytes));
	memset(waiting, 0, sizeof(waiting));
	while (nr_steps-- > 0) {
		c = draw();
		find(&c);
		if (c.type == F_UNLCK || !somebody_is_in_the_way(&c))
			carry_out(&c);
		add_wait();
	}
	drop_all();
	assert_int_equal(fake_nr_allocated(), 0);
}

static void
test_histories(void **state)
{
	u64 seed;

	(void)state;
	for (seed = 1; seed <= 2000; seed++) {
		fake_random_seed(seed);
		run_history(100);
	}
}

/* Two locks, then one claim: every start, end and type there is. */
static void
test_all_of_two(void **state)
{
	struct lock_claim c[3];
	u32 nr = 5, all = nr * nr * 3, n, i;

	(void)state;
	memset(c, 0, sizeof(c));
	for (n = 0; n < all * all * all; n++) {
		u32 rest = n;

		list_init(&locks);
		memset(bytes, '-', sizeof(bytes));
		for (i = 0; i < 3; i++, rest /= all) {
			c[i].owner = &owners[0];
			c[i].start = rest % nr;
			c[i].end = c[i].start + 1 + rest / nr % nr;
			c[i].type = rest / (nr * nr) % 3;
			carry_out(&c[i]);
		}
		c[0] = (struct lock_claim){
		    .owner = &owners[0], .end = LOCK_END, .type = F_UNLCK};
		carry_out(&c[0]);
	}
	assert_int_equal(fake_nr_allocated(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_histories),
	    cmocka_unit_test(test_all_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
