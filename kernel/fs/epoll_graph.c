/*
 * Who watches whom.
 *
 * Epolls that watch epolls are the edges of a graph, and what happens to a file
 * goes up along them, with a spin lock held for each epoll on the way (WAITQ).
 * So it must have no circles, no way up may be long, and there must not be many
 * of them; this is looked at whenever an edge is added, by a walk down from the
 * lower end of it, and from each epoll met there a walk up.  Both visit each
 * epoll once: a mark says by which walk it was visited last.
 */
#include "core/spinlock.h"
#include "fs/epoll_impl.h"
#include "lib/atomic.h"
#include "mm/frame.h"
#include "mm/slab.h"

/* Epolls above one another: what Linux allows. */
#define MAX_ABOVE 4
/* Ways that one event may have to take: arbitrary. */
#define MAX_WAYS 500

#define NR_BUCKETS 32 /* arbitrary: few machines have more users at a time */

/*
 * struct epoll_user: made with a user's first epoll, freed with the last.
 * Locks: EPOLL_GRAPH
 */
struct epoll_user {
	struct epoll_user *next;
	u32 uid;
	u64 nr_epolls;
	u64 nr_watches;
};

struct mutex epoll_graph_lock = MUTEX_INIT(epoll_graph_lock, RANK_EPOLL_GRAPH);

static struct epoll_user *buckets[NR_BUCKETS]; /* g */
static u64 last_mark;                          /* g */
static u64 max_watches;                        /* a: 0 is not yet known */

/* ---- users ------------------------------------------------------------ */

/* The twenty-fifth part of memory, as on Linux; a watch takes about so much. */
#define WATCH_BYTES  320
#define MEMORY_PART  25
#define MOST_WATCHES 65536 /* one wake-up may have to go over all of them */

u64
epoll_max_watches(void)
{
	u64 max = atomic_load(&max_watches);
	struct frame_stats s;

	if (max != 0)
		return max;
	frame_stats(&s);
	max = s.total * PAGE_SIZE / MEMORY_PART / WATCH_BYTES;
	return MIN(max, (u64)MOST_WATCHES);
}

void
epoll_set_max_watches(u64 nr)
{
	atomic_store(&max_watches, MAX(nr, 1ul));
}

static struct epoll_user **
find_user(u32 uid)
{
	struct epoll_user **at = &buckets[uid % NR_BUCKETS];

	while (*at && (*at)->uid != uid)
		at = &(*at)->next;
	return at;
}

int
epoll_user_get(u32 uid, struct epoll_user **out)
{
	struct epoll_user **at = find_user(uid);

	if (!*at) {
		struct epoll_user *u = kzalloc(sizeof(*u));

		if (!u)
			return -ENOMEM;
		u->uid = uid;
		*at = u;
	}
	(*at)->nr_epolls++;
	*out = *at;
	return 0;
}

void
epoll_user_put(struct epoll_user *u)
{
	struct epoll_user **at;

	if (--u->nr_epolls > 0)
		return;
	assert(u->nr_watches == 0);
	at = find_user(u->uid);
	assert(*at == u);
	*at = u->next;
	kfree(u);
}

/* ---- walks ------------------------------------------------------------ */

/* Does `to` come below `from`, or is it that?  Visits what has no mark yet. */
static bool
leads_to(struct epoll *from, const struct epoll *to, u64 mark)
{
	struct epoll_item *i;

	if (from == to)
		return true;
	if (from->down_mark == mark)
		return false;
	from->down_mark = mark;
	list_for_each (i, &from->inner, in_inner)
		if (leads_to(epoll_of(i->file), to, mark))
			return true;
	return false;
}

/* Finds height and nr_ways.  As deep as there are epolls above one another. */
static void
look_up(struct epoll *ep, u64 mark)
{
	struct epoll_item *i;
	u64 nr_ways = 0;
	u32 height = 0;

	if (ep->up_mark == mark)
		return;
	list_for_each (i, &ep->file->watches, in_file) {
		struct epoll *above = i->epoll;

		look_up(above, mark);
		height = MAX(height, above->height + 1);
		nr_ways = MIN(nr_ways + 1 + above->nr_ways, MAX_WAYS + 1ul);
	}
	ep->height = height;
	ep->nr_ways = (u32)nr_ways;
	ep->up_mark = mark;
}

/* Errors: -ELOOP, -EINVAL. */
static int
check_below(struct epoll *ep, u64 mark)
{
	struct epoll_item *i;
	int err = 0;

	if (ep->down_mark == mark)
		return 0;
	ep->down_mark = mark;
	look_up(ep, mark);
	if (ep->height > MAX_ABOVE)
		return -ELOOP;
	if (ep->nr_ways > MAX_WAYS)
		return -EINVAL;
	list_for_each (i, &ep->inner, in_inner) {
		err = check_below(epoll_of(i->file), mark);
		if (err < 0)
			break;
	}
	return err;
}

/* ---- edges ------------------------------------------------------------ */

static void
link(struct epoll_item *i, struct epoll *inner)
{
	i->epoll->user->nr_watches++;
	list_push_back(&i->file->watches, &i->in_file);
	atomic_store(&i->file->was_watched, true);
	if (inner)
		list_push_back(&i->epoll->inner, &i->in_inner);
}

int
epoll_graph_add(struct epoll_item *i)
{
	struct epoll *inner = epoll_of(i->file);
	int err;

	assert(mutex_held(&epoll_graph_lock));
	if (inner && leads_to(inner, i->epoll, ++last_mark))
		return -ELOOP;
	if (i->epoll->user->nr_watches >= epoll_max_watches())
		return -ENOSPC;
	link(i, inner);
	err = inner ? check_below(inner, ++last_mark) : 0;
	if (err < 0)
		epoll_graph_remove(i);
	return err;
}

void
epoll_graph_remove(struct epoll_item *i)
{
	assert(mutex_held(&epoll_graph_lock));
	assert(i->epoll->user->nr_watches > 0);
	i->epoll->user->nr_watches--;
	list_remove(&i->in_file);
	list_remove(&i->in_inner);
}
