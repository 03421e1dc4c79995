/*
 * Futex operations on two words: both buckets are locked, so a waiter that is
 * moved is always in one of them, and what is counted is exact.
 */
#include "core/thread.h"
#include "lib/errno.h"
#include "mm/object.h"
#include "mm/usercopy.h"
#include "proc/futex_impl.h"
#include "proc/futex_op.h"

struct pair {
	struct mm_futex_key key[2];
	struct futex_bucket *bucket[2];
};

static int
pair_get(struct pair *p, struct futex_word first, struct futex_word second)
{
	int err = futex_key_get(first, &p->key[0]);

	if (err != 0)
		return err;
	err = futex_key_get(second, &p->key[1]);
	if (err != 0) {
		futex_key_put(&p->key[0]);
		return err;
	}
	p->bucket[0] = futex_bucket_of(&p->key[0]);
	p->bucket[1] = futex_bucket_of(&p->key[1]);
	return 0;
}

static void
pair_put(struct pair *p)
{
	futex_key_put(&p->key[0]);
	futex_key_put(&p->key[1]);
}

/* Lower address first, as lock_rank.def has it. */
static void
pair_lock(struct pair *p) NO_LOCK_CHECK
{
	struct futex_bucket *low = MIN(p->bucket[0], p->bucket[1]);
	struct futex_bucket *high = MAX(p->bucket[0], p->bucket[1]);

	spin_lock(&low->lock);
	if (high != low)
		spin_lock_second(&high->lock);
}

static void
pair_unlock(struct pair *p) NO_LOCK_CHECK
{
	if (p->bucket[0] != p->bucket[1])
		spin_unlock(&p->bucket[1]->lock);
	spin_unlock(&p->bucket[0]->lock);
}

/*
 * Locks: the pair's.  References: the pair holds both objects meanwhile, so
 * the put here is never the last.
 */
static void
move_one(struct futex_waiter *w, struct pair *p)
{
	if (p->key[1].object != NULL)
		object_get(p->key[1].object);
	futex_key_put(&w->key);
	w->key = p->key[1];
	/* Within one bucket it keeps its place, or the walk would not end. */
	if (p->bucket[0] == p->bucket[1])
		return;
	list_remove(&w->link);
	list_push_back(&p->bucket[1]->waiters, &w->link);
	atomic_store(&w->bucket, p->bucket[1]);
}

/* Locks: the pair's. */
static s64
wake_and_move(struct pair *p, s32 nr_wake, s32 nr_move)
{
	struct futex_waiter *w, *next;
	s64 woken = 0;
	s64 moved = 0;

	list_for_each_safe (w, next, &p->bucket[0]->waiters, link) {
		if (!futex_key_equal(&w->key, &p->key[0]))
			continue;
		if (woken < nr_wake) {
			futex_wake_waiter(w);
			woken++;
		} else if (moved < nr_move) {
			move_one(w, p);
			moved++;
		} else {
			break;
		}
	}
	return woken + moved;
}

/*
 * Locks the pair with the word at addr equal to val.
 * Errors: -EAGAIN, -EFAULT; then nothing is locked.
 */
static int
pair_lock_if(struct pair *p, uaddr_t addr, u32 val) NO_LOCK_CHECK
{
	u32 now;
	int err;

	for (;;) {
		pair_lock(p);
		if (user_peek32(addr, &now) == 0)
			break;
		pair_unlock(p);
		err = user_load32(addr, &now);
		if (err != 0)
			return err;
	}
	if (now == val)
		return 0;
	pair_unlock(p);
	return -EAGAIN;
}

s64
futex_requeue(struct futex_word from, struct futex_word to, s32 nr_wake,
    s32 nr_move, const u32 *cmp) NO_LOCK_CHECK
{
	struct pair p;
	s64 result;

	if (nr_wake < 0 || nr_move < 0)
		return -EINVAL;
	result = pair_get(&p, from, to);
	if (result != 0)
		return result;
	if (cmp == NULL)
		pair_lock(&p);
	else
		result = pair_lock_if(&p, from.addr, *cmp);
	if (result == 0) {
		result = wake_and_move(&p, nr_wake, nr_move);
		pair_unlock(&p);
	}
	pair_put(&p);
	return result;
}

static int
change_word(uaddr_t addr, const struct futex_op *op, u32 *old)
{
	u32 expected;
	int err = user_load32(addr, old);

	while (err == 0) {
		expected = *old;
		err = user_cas32(addr, old, futex_op_apply(op, expected));
		if (err == 0 && *old == expected)
			return 0;
	}
	return err;
}

/*
 * The word changes before the locks are taken, as it does when a program
 * changes it itself and then calls futex_wake: see the head of this file.
 */
s64
futex_wake_op(struct futex_word first, struct futex_word second, s32 nr,
    s32 nr_second, u32 encoded)
{
	struct futex_op op;
	struct pair p;
	s64 result;
	u32 old;

	result = futex_op_decode(encoded, &op);
	if (result != 0)
		return result;
	result = pair_get(&p, first, second);
	if (result != 0)
		return result;
	result = change_word(second.addr, &op, &old);
	if (result == 0) {
		pair_lock(&p);
		result = futex_wake_matching(
		    p.bucket[0], &p.key[0], nr, FUTEX_ANY_BITS);
		if (futex_op_compare(&op, old))
			result += futex_wake_matching(
			    p.bucket[1], &p.key[1], nr_second, FUTEX_ANY_BITS);
		pair_unlock(&p);
	}
	pair_put(&p);
	return result;
}
