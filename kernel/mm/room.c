/*
 * What to do when memory seems to have run out.  An allocation takes back what
 * nobody uses (mm/reclaim.c); what spaces have mapped, what has to be written
 * first and what somebody is busy with takes more than an allocation may do.
 * Faults and system calls come here, holding nothing, and then try once more.
 */
#include "core/thread.h"
#include "lib/errno.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"

/* How often that is done before memory has run out. */
#define ROOM_TRIES 8

/*
 * A page of the object's that it could get again, mapped without W.  Whether it
 * is dirty is a guess; a dirty one would not go, but come to no harm.
 */
static bool
may_leave(const struct region *r, u64 word)
{
	const struct page *p = pfn_page(pt_pfn(word));

	return !(word & PTE_W) && p->kind == PAGE_CACHE &&
	    atomic_load(&p->object) == r->object && atomic_load(&p->dirty) == 0;
}

/* Where tables are shared it would take memory, and they are let alone. */
static u64
empty_region(struct mm *mm, const struct region *r, struct tree_gather *g)
{
	uaddr_t at = uaddr(r->start);
	struct tree_path path;
	u64 word, nr = 0;

	while (tree_next_leaf(mm->root, &at, uaddr(r->end), &word)) {
		uaddr_t next = uaddr(at.val + PAGE_SIZE);

		(void)tree_look(mm->root, at, &path);
		if (path.owned && may_leave(r, word)) {
			tree_zap(mm->root, at, next, g);
			nr++;
		}
		at = next;
	}
	return nr;
}

static u64
empty_mm(struct mm *mm)
{
	const struct region *r;
	struct tree_gather g;
	u64 nr = 0;
	u32 i;

	mm_lock(mm);
	mm_gather_init(mm, &g);
	for (i = 0; i < mm->block->nr; i++) {
		r = &mm->block->regions[i];
		if (r->object != NULL && r->object->ops->sync != NULL)
			nr += empty_region(mm, r, &g);
	}
	gather_finish(&g);
	mm_unlock(mm);
	return nr;
}

/* Leaves that all who made room have taken away. */
static u64 nr_taken;

/*
 * What was written goes to its stores, and pages that a store has leave the
 * spaces that map them, so that the cache can let go of them.  True when some
 * did, be it for somebody else who is short meanwhile, and the thread may go
 * on.
 */
static bool
make_room(void)
{
	u64 before = atomic_load(&nr_taken);
	struct mm *mm = NULL;

	mm_write_back();
	while ((mm = mm_next(mm)) != NULL)
		atomic_add(&nr_taken, empty_mm(mm));
	return atomic_load(&nr_taken) != before && !thread_must_end();
}

/* ---- faults ------------------------------------------------------------- */

/* At last: it waits for what is busy, and keeps what it gets there. */
static int
fault_from_busy(struct mm *mm, u64 addr, enum fault_access access)
{
	struct mm_stock stock = {.nr_pages = 0};
	int err;

	/* The stock is in nobody's books. */
	audit_enter();
	err = stock_fill_from_busy(&stock, 1, TREE_SPARE_MAX);
	if (err == 0) {
		err = mm_fault_once(mm, addr, access, &stock);
		stock_drop(&stock);
	}
	audit_leave();
	return err;
}

/*
 * What harts have put by is there for all only when nothing else is: it may be
 * what somebody has just taken back from a busy file, and who loses that has to
 * take it back again.  As often as there was something.
 */
static int
fault_at_last(struct mm *mm, u64 addr, enum fault_access access)
{
	u32 tries = 0;
	bool more;
	int err;

	do {
		more = false;
		err = fault_from_busy(mm, addr, access);
		if (err == -ENOMEM) {
			more = frame_collect() > 0;
			err = mm_fault_once(mm, addr, access, NULL);
		}
	} while (err == -ENOMEM && more && !thread_must_end() &&
	    ++tries < ROOM_TRIES);
	return err;
}

/*
 * Once more in any case: what the first try wanted somebody else may have made
 * before this one came to look, and left nothing to take.
 */
int
mm_fault_with_room(struct mm *mm, u64 addr, enum fault_access access)
{
	u32 tries = 0;
	bool more;
	int err;

	do {
		more = make_room();
		err = mm_fault_once(mm, addr, access, NULL);
	} while (err == -ENOMEM && more && ++tries < ROOM_TRIES);
	if (err != -ENOMEM || thread_must_end())
		return err;
	return fault_at_last(mm, addr, access);
}

/* ---- system calls ------------------------------------------------------- */

/* Waits for what is busy, until something is free. */
static bool
wait_for_busy(void)
{
	bool more = false;
	struct object *o;
	u64 left = 0;

	while (!more && !thread_must_end() &&
	    (o = object_next_in_use(&left)) != NULL) {
		mutex_lock(&o->lock);
		more = object_reclaim_locked(o);
		mutex_unlock(&o->lock);
		object_put(o);
	}
	return more;
}

bool
mm_find_room(u32 *tries)
{
	struct thread *self = thread_current();

	if (!self->lacked_frame || *tries >= ROOM_TRIES || thread_must_end())
		return false;
	self->lacked_frame = false;
	++*tries;
	/* As for a fault: somebody else may have made some meanwhile. */
	return make_room() || wait_for_busy() || frame_collect() > 0 ||
	    *tries == 1;
}
