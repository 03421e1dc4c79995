/*
 * Futexes.
 *
 * Who waits on a word stands in a bucket, found by a hash of what the word is
 * known by (mm_futex_key).  The bucket's lock makes "the word is still val"
 * and "I am in the bucket" one step:
 *
 *	waiter				waker, in user code or before the call
 *	lock bucket		(1)	change the word		(4)
 *	peek: word == val ?	(2)	lock bucket		(5)
 *	join the bucket			wake who is there	(6)
 *	unlock bucket		(3)	unlock bucket		(7)
 *	park
 *
 * The lock orders (1)..(3) and (5)..(7).  If the waiter is first, it is in the
 * bucket at (6) and is unparked; unparking leaves a permit, so it may as well
 * come before the park.  If the waker is first, (4) is before (7), which is
 * before (1), so the peek sees the change and the waiter does not wait.  There
 * is no third way, and no wake-up is spent on somebody who would not have
 * waited.
 *
 * The peek may not sleep, since a spin lock is held; if the page is not there
 * the lock is dropped, the word is loaded the ordinary way, which brings the
 * page, and all begins again.
 *
 * A waiter leaves under the lock of its bucket, whoever took it off: so a waker
 * that still unparks it keeps it, and its thread, from going away.  Requeueing
 * changes a waiter's bucket with both locks held; to lock "its bucket" is to
 * lock what it says, and to look again (lock_home).
 */
#include "proc/futex.h"

#include "core/clock.h"
#include "core/spinlock.h"
#include "lib/errno.h"
#include "mm/mm.h"
#include "mm/object.h"
#include "mm/usercopy.h"
#include "proc/futex_impl.h"
#include "proc/proc.h"
#include "proc/sleep.h"

/* Some for each hart and thread that may reasonably wait; arbitrary. */
#define NR_BUCKETS 256

static struct futex_bucket buckets[NR_BUCKETS];

void
futex_init(void)
{
	size_t i;

	for (i = 0; i < NR_BUCKETS; i++) {
		spin_init(&buckets[i].lock, RANK_FUTEX);
		list_init(&buckets[i].waiters);
	}
}

/* --- Keys ---------------------------------------------------------------- */

int
futex_key_get(struct futex_word word, struct mm_futex_key *out)
{
	if (!is_aligned(word.addr.val, sizeof(u32)))
		return -EINVAL;
	if (!user_range_ok(word.addr, sizeof(u32)))
		return -EFAULT;
	if (word.shared)
		return mm_futex_key(mm_current(), word.addr, out);
	*out =
	    (struct mm_futex_key){.mm = mm_current(), .offset = word.addr.val};
	return 0;
}

void
futex_key_put(struct mm_futex_key *key)
{
	if (key->object != NULL)
		object_put(key->object);
}

bool
futex_key_equal(const struct mm_futex_key *a, const struct mm_futex_key *b)
{
	return a->mm == b->mm && a->object == b->object &&
	    a->offset == b->offset;
}

/* Multiplication by 2^64 over the golden ratio mixes into the top bits. */
struct futex_bucket *
futex_bucket_of(const struct mm_futex_key *key)
{
	u64 who = (u64)key->mm + (u64)key->object;
	u64 mixed = (who + key->offset / sizeof(u32)) * 0x9e3779b97f4a7c15ul;

	return &buckets[(mixed >> 32) % NR_BUCKETS];
}

/* --- Waiting ------------------------------------------------------------- */

/* What is asked: the arguments of futex_wait, with its key. */
struct wait_args {
	struct futex_word word;
	struct mm_futex_key key;
	u32 val;
	u32 bits;
	u64 deadline_ns;
	bool real;
};

/*
 * Puts w into the bucket if the word is val.
 * Errors: -EAGAIN it is not; -EFAULT.
 */
static int
join(struct futex_waiter *w, const struct wait_args *a)
{
	struct futex_bucket *b = futex_bucket_of(&a->key);
	u32 now;
	int err;

	for (;;) {
		spin_lock(&b->lock);
		if (user_peek32(a->word.addr, &now) == 0)
			break;
		spin_unlock(&b->lock);
		err = user_load32(a->word.addr, &now);
		if (err != 0)
			return err;
	}
	if (now == a->val) {
		w->bucket = b;
		w->key = a->key;
		list_push_back(&b->waiters, &w->link);
	}
	spin_unlock(&b->lock);
	return now == a->val ? 0 : -EAGAIN;
}

/* Locks the bucket that w is in, which others may change until then. */
static struct futex_bucket *
lock_home(struct futex_waiter *w) NO_LOCK_CHECK
{
	for (;;) {
		struct futex_bucket *b = atomic_load(&w->bucket);

		spin_lock(&b->lock);
		if (atomic_load(&w->bucket) == b)
			return b;
		spin_unlock(&b->lock);
	}
}

/* When to look at the clock again, on the monotonic one. */
static u64
wake_up_time(const struct wait_args *a)
{
	u64 now_real;

	if (!a->real || a->deadline_ns == NO_DEADLINE)
		return a->deadline_ns;
	now_real = clock_real_ns();
	if (a->deadline_ns <= now_real)
		return 0;
	return clock_mono_ns() + (a->deadline_ns - now_real);
}

/*
 * One park.  True when that was the end: *result says how it went, and w is in
 * no bucket.  A wake-up that came together with a signal or the deadline wins:
 * the waker has counted it.
 */
static bool
park_once(struct futex_waiter *w, const struct wait_args *a,
    int *result) NO_LOCK_CHECK
{
	int err = thread_park(PARK_INTERRUPTIBLE, wake_up_time(a), "a futex");
	struct futex_bucket *b = lock_home(w);
	bool woken = list_empty(&w->link);

	/* The real-time clock may have been set back meanwhile. */
	if (err == -ETIMEDOUT && a->real && clock_real_ns() < a->deadline_ns)
		err = 0;
	if (!woken && err != 0)
		list_remove(&w->link);
	spin_unlock(&b->lock);
	*result = woken ? 0 : err;
	return woken || err != 0;
}

/* The key's reference is used up. */
static int
wait_take_key(struct wait_args *a)
{
	struct futex_waiter w = {.thread = thread_current(), .bits = a->bits};
	struct waiter clock;
	int result;

	list_init(&w.link);
	result = join(&w, a);
	if (result != 0) {
		futex_key_put(&a->key);
		return result;
	}
	if (a->real)
		sleep_watch_clock(&clock);
	while (!park_once(&w, a, &result))
		;
	if (a->real)
		sleep_unwatch_clock(&clock);
	futex_key_put(&w.key);
	return result;
}

static s64
restart_wait(struct restart *r)
{
	struct futex_word word = {
	    .addr = r->addr, .shared = (r->flags & 1) != 0};

	return futex_wait(
	    word, (u32)r->value, r->count, r->deadline_ns, (r->flags & 2) != 0);
}

static void
prepare_restart(const struct wait_args *a)
{
	task_current()->sig.restart = (struct restart){
	    .fn = restart_wait,
	    .deadline_ns = a->deadline_ns,
	    .addr = a->word.addr,
	    .count = a->bits,
	    .flags = (a->word.shared ? 1 : 0) | (a->real ? 2 : 0),
	    .value = a->val,
	};
}

s64
futex_wait(
    struct futex_word word, u32 val, u32 bits, u64 deadline_ns, bool real)
{
	struct wait_args a = {
	    .word = word,
	    .val = val,
	    .bits = bits,
	    .deadline_ns = deadline_ns,
	    .real = real,
	};
	int err;

	if (bits == 0)
		return -EINVAL;
	err = futex_key_get(word, &a.key);
	if (err != 0)
		return err;
	err = wait_take_key(&a);
	if (err != -EINTR)
		return err;
	if (deadline_ns == NO_DEADLINE)
		return -ERESTARTSYS;
	prepare_restart(&a);
	return -ERESTART_BLOCK;
}

/* --- Waking -------------------------------------------------------------- */

void
futex_wake_waiter(struct futex_waiter *w)
{
	list_remove(&w->link);
	thread_unpark(w->thread);
}

s32
futex_wake_matching(
    struct futex_bucket *b, const struct mm_futex_key *key, s32 nr, u32 bits)
{
	struct futex_waiter *w, *next;
	s32 woken = 0;

	list_for_each_safe (w, next, &b->waiters, link) {
		if (!futex_key_equal(&w->key, key) || !(w->bits & bits))
			continue;
		futex_wake_waiter(w);
		/* After the first: that 0 wakes one is what Linux does. */
		if (++woken >= nr)
			break;
	}
	return woken;
}

s64
futex_wake(struct futex_word word, s32 nr, u32 bits)
{
	struct mm_futex_key key;
	struct futex_bucket *b;
	s32 woken;
	int err;

	if (bits == 0)
		return -EINVAL;
	err = futex_key_get(word, &key);
	if (err != 0)
		return err;
	b = futex_bucket_of(&key);
	spin_lock(&b->lock);
	woken = futex_wake_matching(b, &key, nr, bits);
	spin_unlock(&b->lock);
	futex_key_put(&key);
	return woken;
}
