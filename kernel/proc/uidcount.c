/*
 * How many threads each user has, and all together.  A handful of users share a
 * handful of lists; a user without threads has no entry.
 */
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/proc_impl.h"

#define NR_BUCKETS 32 /* arbitrary: few machines have more users at a time */

/*
 * struct uidcount: made with a user's first thread, freed with the last.
 * Locks: PROC_TREE
 */
struct uidcount {
	struct uidcount *next;
	u32 uid;
	u64 nr_threads;
};

static struct uidcount *buckets[NR_BUCKETS]; /* PROC_TREE */
static u32 nr_threads;                       /* a, written with PROC_TREE */

/* To begin with, as many as there are numbers to begin with. */
static u32 max_threads = PID_MAX_DEFAULT; /* a */

u32
threads_max(void)
{
	return atomic_load(&max_threads);
}

void
threads_set_max(u32 max)
{
	atomic_store(&max_threads, max);
}

bool
threads_are_too_many(void)
{
	return atomic_load(&nr_threads) >= atomic_load(&max_threads);
}

/* Where the pointer to uid's entry is, or would be. */
static struct uidcount **
find_locked(u32 uid)
{
	struct uidcount **at = &buckets[uid % NR_BUCKETS];

	while (*at != NULL && (*at)->uid != uid)
		at = &(*at)->next;
	return at;
}

static int
create_locked(struct uidcount **at, u32 uid)
{
	struct uidcount *c = kzalloc(sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->uid = uid;
	*at = c;
	return 0;
}

int
uidcount_charge(u32 uid, u64 limit)
{
	struct uidcount **at;
	int err = 0;

	spin_lock(&proc_tree_lock);
	at = find_locked(uid);
	if (*at == NULL)
		err = create_locked(at, uid);
	if (err == 0 && (*at)->nr_threads >= limit)
		err = -EAGAIN;
	if (err == 0) {
		(*at)->nr_threads++;
		atomic_store(&nr_threads, nr_threads + 1);
	}
	spin_unlock(&proc_tree_lock);
	return err;
}

void
uidcount_uncharge(u32 uid)
{
	struct uidcount **at;
	struct uidcount *c;

	spin_lock(&proc_tree_lock);
	at = find_locked(uid);
	c = *at;
	assert(c != NULL && c->nr_threads > 0);
	atomic_store(&nr_threads, nr_threads - 1);
	if (--c->nr_threads == 0) {
		*at = c->next;
		kfree(c);
	}
	spin_unlock(&proc_tree_lock);
}
