/*
 * Pages that can be had again from a store, for who is short of memory.
 *
 * Objects that have such pages stand in a ring.  A hand goes round: through the
 * pages of the first object, some at a time, and then on to the next.  A page
 * that nothing but its object holds, and whose bytes the store has, is let go
 * when the hand comes by and finds that nobody has asked for it since the last
 * time.
 *
 * Who is short of memory may hold any mutex, so an object whose lock is taken
 * is passed over; if it is his own, because a page of it is wanted, he takes
 * some of that one's others then.  A fault that would have to kill waits for
 * those that were passed over: who reads a large file has its lock almost all
 * the time, and its pages are all that there is.  The ring's lock is held while
 * the hand moves, for moments: an object that leaves it has no hand in it
 * afterwards.
 */
#include "lib/assert.h"
#include "mm/mm_impl.h"
#include "mm/stat.h"

/* Pages that are looked at with interrupts off. */
#define LOOK 64

/* Once for what has been used, and once more to find it unused. */
#define MOST_ROUNDS 2

/* What an object that wants a page gives of its own, if others have none. */
#define OWN_FRAMES 32

static struct spinlock lock = SPINLOCK_INIT(RANK_CACHE);
static struct list ring = LIST_INIT(ring); /* lock */
static u64 nr_objects;                     /* lock */

void
object_join_cache(struct object *o)
{
	/*
	 * One whose pages had all gone is there still; and who moves the hand
	 * on takes it out for a moment, so it is only looked at under the lock.
	 */
	spin_lock(&lock);
	if (list_empty(&o->in_cache)) {
		list_push_back(&ring, &o->in_cache);
		nr_objects++;
	}
	spin_unlock(&lock);
}

void
object_leave_cache(struct object *o)
{
	spin_lock(&lock);
	if (!list_empty(&o->in_cache))
		nr_objects--;
	list_remove(&o->in_cache);
	spin_unlock(&lock);
}

/* One page at the hand; true when it went. */
static bool
let_go(struct object *o, struct page *p)
{
	if (!page_is_sole(p) || p->dirty != 0)
		return false;
	if (p->used) {
		p->used = 0;
		return false;
	}
	object_drop_page(o, p->index);
	mm_count(MM_STAT_RECLAIMED);
	return true;
}

/* Some pages of an object; false when the hand has come to its end. */
static bool
sweep_locked(struct object *o, u64 nr_frames, u64 *freed)
{
	struct page *p = NULL;
	u32 n;

	audit_enter();
	for (n = 0; n < LOOK && *freed < nr_frames; n++) {
		p = xmap_next(&o->pages, o->sweep_next, &o->sweep_next);
		if (p == NULL)
			break;
		*freed += let_go(o, p);
		o->sweep_next++;
	}
	if (p == NULL)
		o->sweep_next = 0;
	audit_leave();
	return p != NULL;
}

static bool
sweep(struct object *o, u64 nr_frames, u64 *freed)
{
	bool more;

	if (!mutex_trylock(&o->lock))
		return false;
	more = sweep_locked(o, nr_frames, freed);
	mutex_unlock(&o->lock);
	return more;
}

bool
object_reclaim_locked(struct object *o)
{
	u64 freed = 0;
	u32 ends = 0;

	/* Once more than it takes to find unused what has been used. */
	while (freed < OWN_FRAMES && ends <= MOST_ROUNDS)
		ends += !sweep_locked(o, OWN_FRAMES, &freed);
	return freed > 0;
}

/* To the next object; false when the hand has been everywhere in vain. */
static bool
move_on(struct object *o, u64 *passed)
{
	list_remove(&o->in_cache);
	list_push_back(&ring, &o->in_cache);
	return ++*passed < MOST_ROUNDS * nr_objects;
}

struct object *
object_next_in_use(u64 *left)
{
	struct object *o = NULL;

	spin_lock(&lock);
	if (*left == 0)
		*left = nr_objects + 1;
	while (o == NULL && --*left > 0 && !list_empty(&ring)) {
		o = list_first(&ring, struct object, in_cache);
		list_remove(&o->in_cache);
		list_push_back(&ring, &o->in_cache);
		if (!refcount_get_unless_zero(&o->refs))
			o = NULL;
	}
	spin_unlock(&lock);
	return o;
}

static u64
reclaim(u64 nr_frames)
{
	u64 freed = 0, before = 0, passed = 0;
	bool more = true;
	struct object *o;

	while (more && freed < nr_frames && spin_trylock(&lock)) {
		o = list_first(&ring, struct object, in_cache);
		more = o != NULL;
		if (more && !sweep(o, nr_frames, &freed))
			more = move_on(o, &passed);
		if (freed > before)
			passed = 0;
		before = freed;
		spin_unlock(&lock);
	}
	return freed;
}

void
mm_init_reclaim(void)
{
	static struct frame_reclaimer reclaimer = {.reclaim = reclaim};

	frame_add_reclaimer(&reclaimer);
}
