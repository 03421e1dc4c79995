/*
 * What the store behind an object lacks, and how it gets it.
 *
 * A page that is written to by write(2) is PAGE_DIRTY once the bytes are there.
 * One that a program may write to at any moment, because some leaf of a shared
 * mapping has W, is PAGE_MAPPED_DIRTY; it is dirty when W is taken away again.
 * Who writes back takes dirty pages: they lose PAGE_DIRTY and are PAGE_WRITING
 * until they are in the store.  In this order, since bytes that arrive between
 * the two make the page dirty again, and are never taken for written.
 *
 *	write(2)       the bytes, then PAGE_DIRTY
 *	write fault    both bits, then W
 *	protection     W goes, on every hart, then PAGE_MAPPED_DIRTY
 *	write-back     PAGE_DIRTY goes, then the bytes are read
 *
 * A page that is PAGE_WRITING stays in its object: truncation waits for it, and
 * who ends an object has waited.  So it needs no reference of its own.
 */
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/mm_impl.h"

/* One queue for all objects: few wait, and not for long. */
static struct waitq written = WAITQ_INIT(written);

/* ---- the bits ------------------------------------------------------------ */

static bool
wants_writing(u8 bits)
{
	return (bits & (PAGE_DIRTY | PAGE_MAPPED_DIRTY)) != 0;
}

static void
count_bits(struct object *o, u8 bits, u64 by)
{
	if (wants_writing(bits))
		o->nr_dirty += by;
	if (bits & PAGE_MAPPED_DIRTY)
		o->nr_mapped_dirty += by;
	if (bits & PAGE_WRITING)
		o->nr_writing += by;
}

static void
set_bits(struct object *o, struct page *p, u8 bits)
{
	check(mutex_held(&o->lock) || refcount_read(&o->refs) == 0);
	check(p->object == o && object_is_written_back(o));
	count_bits(o, p->dirty, -1ul);
	if (o->nr_dirty == 0 && o->nr_writing == 0) {
		o->marked_from = p->index;
		o->marked_to = p->index + 1;
	}
	o->marked_from = MIN(o->marked_from, p->index);
	o->marked_to = MAX(o->marked_to, p->index + 1);
	count_bits(o, bits, 1);
	p->dirty = bits;
}

void
object_mark(struct object *o, struct page *p, u8 bits)
{
	bool first = o->nr_dirty == 0;
	bool first_mapped = o->nr_mapped_dirty == 0;

	if ((p->dirty & bits) == bits)
		return;
	if (!wants_writing(p->dirty) && wants_writing(bits))
		thread_current()->io.written_bytes += PAGE_SIZE;
	set_bits(o, p, p->dirty | bits);
	first = first && o->nr_dirty > 0;
	first_mapped = first_mapped && o->nr_mapped_dirty > 0;
	if ((first || first_mapped) && o->ops->dirtied != NULL)
		o->ops->dirtied(o);
}

void
object_unmark(struct object *o, struct page *p, u8 bits)
{
	if (p->dirty & bits)
		set_bits(o, p, p->dirty & ~bits);
}

void
object_forget_marks(struct object *o, struct page *p)
{
	if (!wants_writing(p->dirty))
		return;
	object_unmark(o, p, PAGE_DIRTY | PAGE_MAPPED_DIRTY);
	thread_current()->io.cancelled_bytes += PAGE_SIZE;
}

/* The first page from *index on with one of these bits; NULL: none. */
static struct page *
next_marked(struct object *o, u64 *index, u8 bits)
{
	struct page *p;

	if (o->nr_dirty == 0 && o->nr_writing == 0)
		return NULL;
	*index = MAX(*index, o->marked_from);
	while ((p = xmap_next(&o->pages, *index, index)) != NULL &&
	    *index < o->marked_to) {
		if (p->dirty & bits)
			return p;
		++*index;
	}
	return NULL;
}

/* ---- mappings ------------------------------------------------------------ */

static bool
has_page(const struct object *o, u64 index, const struct page *p)
{
	return index << PAGE_SHIFT < o->size_bytes &&
	    xmap_get(&o->pages, index) == p;
}

int
object_mark_mapped(struct object *o, u64 index, struct page *p)
{
	int err = -EFBIG;

	mutex_lock(&o->lock);
	if (has_page(o, index, p)) {
		object_mark(o, p, PAGE_DIRTY | PAGE_MAPPED_DIRTY);
		p->round = o->round;
		err = 0;
	}
	mutex_unlock(&o->lock);
	return err;
}

bool
object_dirty_page(struct object *o, u64 index, u8 bits)
{
	struct page *p;
	bool ok;

	mutex_lock(&o->lock);
	p = xmap_get(&o->pages, index);
	ok = p != NULL && index << PAGE_SHIFT < o->size_bytes &&
	    (p->dirty & bits) == bits;
	if (ok)
		object_mark(o, p, PAGE_DIRTY);
	mutex_unlock(&o->lock);
	return ok;
}

/* Rounds under way are threads', of which there are less than 2^15. */
static bool
is_before(u16 a, u16 b)
{
	return (s16)(a - b) < 0;
}

/* What was mapped with W before the round is not any more. */
static void
settle_mapped(struct object *o, u16 round)
{
	u64 index = 0;
	struct page *p;

	mutex_lock(&o->lock);
	for (; (p = next_marked(o, &index, PAGE_MAPPED_DIRTY)) != NULL; index++)
		if (is_before(p->round, round)) {
			object_mark(o, p, PAGE_DIRTY);
			object_unmark(o, p, PAGE_MAPPED_DIRTY);
		}
	mutex_unlock(&o->lock);
}

/*
 * Address spaces are visited one after the other, and those that have been may
 * fault again and get W.  Their pages must keep the bit when this is over:
 *
 *	object_protect          a space that was visited      write-back
 *	takes W in A, flushes
 *	                        A: write fault, bit, W
 *	takes W in B, flushes
 *	takes the bit
 *	                                                      takes the page
 *	                        A: writes, and nobody knows
 *
 * So each protection is a round of its own, and a fault puts the present one
 * into the page: what is of this round, or a later one, is let be.  Nor may the
 * bits go first and W then, or what B writes in between is lost likewise.
 */
void
object_protect(struct object *o)
{
	bool any;
	u16 round;

	mutex_lock(&o->lock);
	any = o->nr_mapped_dirty > 0;
	round = any ? ++o->round : 0;
	mutex_unlock(&o->lock);
	if (!any)
		return;
	mm_protect_object(o);
	settle_mapped(o, round);
}

void
object_settle(struct object *o)
{
	bool mapped;
	u16 round;

	mutex_lock(&o->lock);
	round = ++o->round;
	mapped = atomic_load(&o->nr_mapped) > 0;
	mutex_unlock(&o->lock);
	if (!mapped)
		settle_mapped(o, round);
}

/* ---- waiting ------------------------------------------------------------- */

static bool
is_being_written(struct object *o, u64 index)
{
	struct page *p = xmap_get(&o->pages, index);

	return p != NULL && (p->dirty & PAGE_WRITING);
}

/* Anything may have changed, for o's lock is given back meanwhile. */
static void
wait_for_page(struct object *o, u64 index) MUST_HOLD(&o->lock)
{
	struct waiter w;

	waiter_init(&w, false);
	/* Before the look, so that the wake-up is not missed. */
	waitq_add(&written, &w);
	while (is_being_written(o, index)) {
		mutex_unlock(&o->lock);
		(void)!thread_park(
		    PARK_DISK, NO_DEADLINE, "a page on its way to the disk");
		mutex_lock(&o->lock);
	}
	waitq_remove(&written, &w);
}

/*
 * The page before keep comes last: it may be taken once more while the others
 * are waited for, and those may not, since they lie beyond the size.
 */
void
object_wait_beyond(struct object *o, u64 keep)
{
	u64 index = keep;

	while (next_marked(o, &index, PAGE_WRITING) != NULL)
		wait_for_page(o, index);
	if (keep > 0)
		wait_for_page(o, keep - 1);
}

/* ---- taking -------------------------------------------------------------- */

/* The first that is dirty and not being written any more; NULL: none. */
static struct page *
first_to_take(struct object *o, u64 *index) MUST_HOLD(&o->lock)
{
	struct page *p;

	while ((p = next_marked(o, index, PAGE_DIRTY)) != NULL &&
	    (p->dirty & PAGE_WRITING))
		wait_for_page(o, *index);
	return p;
}

static bool
may_take(const struct object *o, const struct page *p, u64 index)
{
	/* Beyond the size: it is about to be cut off. */
	return index << PAGE_SHIFT < o->size_bytes &&
	    (p->dirty & (PAGE_DIRTY | PAGE_WRITING)) == PAGE_DIRTY;
}

/*
 * Bytes that write(2) brings beyond the size must not be wiped out before the
 * size says that they are there.  Then something of a mapping's may be left
 * beyond even those, so the page stays dirty.
 */
static void
take(struct object *o, struct page *p, u64 index)
{
	u64 start = index << PAGE_SHIFT;
	u64 end = MAX(o->size_bytes, o->arriving_to);
	bool arriving = o->arriving_to > o->size_bytes &&
	    o->arriving_to > start && o->size_bytes < start + PAGE_SIZE;

	if (end < start + PAGE_SIZE)
		memset((char *)page_kva(p) + (end - start), 0,
		    start + PAGE_SIZE - end);
	object_mark(o, p, PAGE_WRITING);
	if (!arriving)
		object_unmark(o, p, PAGE_DIRTY);
}

u32
object_take_dirty(struct object *o, u64 *from, struct page **pages, u32 max)
{
	u64 index = *from;
	struct page *p;
	u32 nr = 0;

	mutex_lock(&o->lock);
	p = first_to_take(o, &index);
	*from = index;
	while (nr < max && p != NULL && may_take(o, p, index)) {
		take(o, p, index);
		pages[nr++] = p;
		p = xmap_get(&o->pages, ++index);
	}
	mutex_unlock(&o->lock);
	return nr;
}

void
object_write_done(
    struct object *o, u64 index, struct page **pages, u32 nr, bool failed)
{
	u32 i;

	mutex_lock(&o->lock);
	for (i = 0; i < nr; i++) {
		check(pages[i] == xmap_get(&o->pages, index + i));
		check(pages[i]->dirty & PAGE_WRITING);
		if (failed)
			object_mark(o, pages[i], PAGE_DIRTY);
		object_unmark(o, pages[i], PAGE_WRITING);
	}
	mutex_unlock(&o->lock);
	waitq_wake_all(&written);
}
