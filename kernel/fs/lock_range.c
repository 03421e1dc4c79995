/*
 * Lists of locks: who is in whose way, and what a list becomes when somebody
 * takes a range or gives one back.
 *
 *	has      RRRRRRRRRRRR          a lock of one type is cut where the
 *	takes        WWWW              same owner takes the other, or none
 *	then     RRRRWWWWRRRR
 *
 * That may take two records more than there were, and they are there before
 * anything is changed: lock_plan says how many.
 */
#include <linux/fcntl.h>

#include "core/thread.h"
#include "fs/lock_impl.h"
#include "lib/assert.h"

/* Records are few, but a hostile program's need not be. */
#define LOOKS_IN_A_ROW 64

static void
count_look(u32 *nr)
{
	if (++*nr % LOOKS_IN_A_ROW == 0)
		thread_preempt_point();
}

static bool
overlaps(const struct lock_claim *a, const struct lock_claim *b)
{
	return a->start < b->end && b->start < a->end;
}

static bool
is_in_the_way(const struct lock_claim *has, const struct lock_claim *want)
{
	if (want->type == F_UNLCK)
		return has->owner == want->owner;
	return has->owner != want->owner &&
	    (has->type == F_WRLCK || want->type == F_WRLCK);
}

struct file_lock *
lock_find(struct list *locks, const struct lock_claim *want)
{
	struct file_lock *l;
	u32 nr = 0;

	list_for_each (l, locks, link) {
		if (l->claim.start >= want->end)
			break;
		if (overlaps(&l->claim, want) && is_in_the_way(&l->claim, want))
			return l;
		count_look(&nr);
	}
	return NULL;
}

/* ---- what a claim does to each of the owner's locks -----------------------
 */

enum effect {
	EFFECT_NONE,   /* another's, or elsewhere */
	EFFECT_ENOUGH, /* it has all that is claimed */
	EFFECT_JOIN,   /* of the same type: one lock from now on */
	EFFECT_COVER,  /* nothing is left of it */
	EFFECT_CUT,    /* something is left before it, or behind */
	EFFECT_SPLIT,  /* both */
};

static enum effect
effect_on(const struct lock_claim *has, const struct lock_claim *claim)
{
	bool before = has->start < claim->start;
	bool behind = has->end > claim->end;

	if (has->owner != claim->owner || has->end < claim->start ||
	    has->start > claim->end)
		return EFFECT_NONE;
	if (has->type == claim->type)
		return has->start <= claim->start && has->end >= claim->end
		    ? EFFECT_ENOUGH
		    : EFFECT_JOIN;
	if (!overlaps(has, claim))
		return EFFECT_NONE;
	if (before && behind)
		return EFFECT_SPLIT;
	return before || behind ? EFFECT_CUT : EFFECT_COVER;
}

struct lock_plan
lock_plan(struct list *locks, const struct lock_claim *claim)
{
	struct lock_plan plan = {.fresh = claim->type != F_UNLCK};
	struct file_lock *l;
	u32 nr = 0;

	list_for_each (l, locks, link) {
		enum effect effect = effect_on(&l->claim, claim);

		if (l->claim.start > claim->end)
			break;
		if (effect == EFFECT_ENOUGH)
			return (struct lock_plan){.fresh = false};
		if (effect == EFFECT_JOIN || effect == EFFECT_COVER)
			plan.nr_gone++;
		if (effect == EFFECT_SPLIT)
			plan.split = true;
		count_look(&nr);
	}
	return plan;
}

/* ---- the change -----------------------------------------------------------
 */

/* From the end on: most are taken in the order of the file. */
static void
insert(struct list *locks, struct file_lock *new)
{
	struct list *at = locks;
	u32 nr = 0;

	while (at->prev != locks &&
	    list_entry(at->prev, struct file_lock, link)->claim.start >
		new->claim.start) {
		at = at->prev;
		count_look(&nr);
	}
	list_insert_before(at, &new->link);
}

static struct file_lock *
use(struct file_lock **spare, const struct lock_claim *claim)
{
	struct file_lock *l = *spare;

	*spare = NULL;
	l->claim = *claim;
	list_init(&l->link);
	list_init(&l->waits);
	return l;
}

static void
remove(struct file_lock *l, struct lock_change *change)
{
	list_remove(&l->link);
	list_push_back(&change->gone, &l->link);
}

/* What claim takes is taken from l. */
static void
cut(struct list *locks, struct file_lock *l, const struct lock_claim *claim,
    struct lock_change *change)
{
	struct lock_claim rest = l->claim;

	if (l->claim.start < claim->start) {
		l->claim.end = claim->start;
		if (rest.end <= claim->end)
			return;
		rest.start = claim->end;
		insert(locks, use(&change->split, &rest));
		return;
	}
	l->claim.start = claim->end;
	list_remove(&l->link);
	insert(locks, l);
}

void
lock_apply(struct list *locks, const struct lock_claim *claim,
    struct lock_change *change)
{
	struct lock_claim all = *claim;
	struct file_lock *l, *next;
	u32 nr = 0;

	list_for_each_safe (l, next, locks, link) {
		enum effect effect = effect_on(&l->claim, claim);

		if (l->claim.start > claim->end)
			break;
		count_look(&nr);
		if (effect == EFFECT_NONE)
			continue;
		if (effect == EFFECT_ENOUGH)
			return;
		list_splice_back(&change->woken, &l->waits);
		if (effect == EFFECT_JOIN) {
			all.start = MIN(all.start, l->claim.start);
			all.end = MAX(all.end, l->claim.end);
		}
		if (effect == EFFECT_JOIN || effect == EFFECT_COVER)
			remove(l, change);
		else
			cut(locks, l, claim, change);
	}
	if (claim->type != F_UNLCK)
		insert(locks, use(&change->fresh, &all));
}
