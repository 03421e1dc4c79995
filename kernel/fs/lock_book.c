/*
 * The locks on one file: the book that has them, and the one way in which they
 * change.
 *
 * A lock is a record of some 64 bytes, and users may take as many as they like;
 * so one owner has OWNER_MAX of them at most, and all together PER_PAGE for
 * each page of memory and ALL_MAX.  Who wants more gets ENOLCK.  To give up a
 * range may need a record too, if it is in the middle of one; to give up all
 * never does, so a file can always be closed.
 */
#include <linux/fcntl.h>

#include "core/thread.h"
#include "fs/lock_impl.h"
#include "fs/vfs.h"
#include "lib/assert.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define OWNER_MAX 4096u
#define PER_PAGE  1u
#define ALL_MAX   65536u

static struct spinlock books_lock = SPINLOCK_INIT(RANK_LOCK_BOOKS);
static struct list books = LIST_INIT(books); /* books_lock */
static u32 nr_locks_all;                     /* atomic */

/* ---- books ----------------------------------------------------------------
 */

static struct lock_book *
book_create(struct inode *inode)
{
	struct lock_book *b = kzalloc(sizeof(*b));

	if (b == NULL)
		return NULL;
	b->inode = inode;
	list_init(&b->all);
	list_init(&b->ranges);
	list_init(&b->wholes);
	mutex_init(&b->lock, RANK_FILE_LOCKS);
	return b;
}

struct lock_book *
lock_book_get(struct inode *inode)
{
	struct lock_book *b;

	spin_lock(&books_lock);
	b = inode->locks;
	if (b != NULL)
		b->nr_users++;
	spin_unlock(&books_lock);
	return b;
}

/* The inode's, made if need be.  Errors: -ENOLCK. */
static int
book_get_or_create(struct inode *inode, struct lock_book **out)
{
	struct lock_book *new;

	*out = lock_book_get(inode);
	if (*out != NULL)
		return 0;
	new = book_create(inode);
	if (new == NULL)
		return -ENOLCK;
	spin_lock(&books_lock);
	if (inode->locks == NULL) {
		inode->locks = new;
		list_push_back(&books, &new->all);
		new = NULL;
	}
	*out = inode->locks;
	(*out)->nr_users++;
	spin_unlock(&books_lock);
	kfree(new);
	return 0;
}

/*
 * Locks come and go only while somebody uses the book, so who is the last to
 * use it sees whether there are any without its lock.  Unless it stays, b is
 * out of the list and of the inode, and to be freed.
 */
static bool
put_locked(struct lock_book *b) MUST_HOLD(&books_lock)
{
	if (--b->nr_users > 0 || !list_empty(&b->ranges) ||
	    !list_empty(&b->wholes))
		return false;
	b->inode->locks = NULL;
	list_remove(&b->all);
	return true;
}

void
lock_book_put(struct lock_book *b)
{
	bool gone;

	spin_lock(&books_lock);
	gone = put_locked(b);
	spin_unlock(&books_lock);
	if (gone)
		kfree(b);
}

struct lock_book *
lock_book_take_next(struct lock_book *b)
{
	struct inode *inode = b != NULL ? b->inode : NULL;
	struct list *at = b != NULL ? &b->all : &books;
	struct lock_book *next = NULL;
	bool gone = false;

	spin_lock(&books_lock);
	if (at->next != &books) {
		next = list_entry(at->next, struct lock_book, all);
		next->nr_users++;
		inode_get(next->inode);
	}
	if (b != NULL)
		gone = put_locked(b);
	spin_unlock(&books_lock);
	if (gone)
		kfree(b);
	if (inode != NULL)
		inode_put(inode);
	return next;
}

/* ---- how many there may be ------------------------------------------------
 */

static int
charge(struct lock_owner *owner, u32 nr)
{
	u32 max = MIN(page_count * PER_PAGE, (u64)ALL_MAX);

	if (atomic_add(&owner->nr_locks, nr) > OWNER_MAX)
		goto too_many;
	if (atomic_add(&nr_locks_all, nr) <= max)
		return 0;
	atomic_sub(&nr_locks_all, nr);
too_many:
	atomic_sub(&owner->nr_locks, nr);
	return -ENOLCK;
}

static void
uncharge(struct lock_owner *owner, u32 nr)
{
	atomic_sub(&nr_locks_all, nr);
	atomic_sub(&owner->nr_locks, nr);
}

/* ---- changes --------------------------------------------------------------
 */

static void
change_init(struct lock_change *c)
{
	c->fresh = c->split = NULL;
	list_init(&c->gone);
	list_init(&c->woken);
}

/* Frees what was not used, and what is gone. */
static void
change_end(struct lock_change *c)
{
	struct file_lock *l, *next;

	kfree(c->fresh);
	kfree(c->split);
	list_for_each_safe (l, next, &c->gone, link)
		kfree(l);
}

static int
change_alloc(struct lock_change *c, const struct lock_plan *plan)
{
	if (plan->fresh)
		c->fresh = kmalloc(sizeof(*c->fresh));
	if (plan->split)
		c->split = kmalloc(sizeof(*c->split));
	return (plan->fresh && c->fresh == NULL) ||
		(plan->split && c->split == NULL)
	    ? -ENOLCK
	    : 0;
}

/* Nobody is in the way.  Errors: -ENOLCK. */
static int
apply(struct lock_book *b, const struct lock_claim *claim) MUST_HOLD(&b->lock)
{
	struct list *locks = lock_book_list(b, claim->kind);
	struct lock_plan plan = lock_plan(locks, claim);
	u32 nr_new = plan.fresh + plan.split;
	struct lock_change change;
	int err = 0;

	change_init(&change);
	if (nr_new > plan.nr_gone)
		err = charge(claim->owner, nr_new - plan.nr_gone);
	if (err < 0)
		return err;
	err = change_alloc(&change, &plan);
	if (err < 0) {
		if (nr_new > plan.nr_gone)
			uncharge(claim->owner, nr_new - plan.nr_gone);
		change_end(&change);
		return err;
	}
	/* commit */
	lock_apply(locks, claim, &change);
	lock_wake(&change.woken);
	if (nr_new < plan.nr_gone)
		uncharge(claim->owner, plan.nr_gone - nr_new);
	change_end(&change);
	return 0;
}

/* Until nobody is in the way of claim. */
static int
wait_for_others(struct lock_book *b, const struct lock_claim *claim, bool wait)
    MUST_HOLD(&b->lock)
{
	struct file_lock *l;
	int err = 0;

	while (err == 0 &&
	    (l = lock_find(lock_book_list(b, claim->kind), claim)) != NULL)
		err = wait ? lock_wait(b, l, claim) : -EAGAIN;
	return err;
}

/*
 * flock does not change a lock but gives it up and takes the other: who waits
 * meanwhile has none, and who may not wait has lost it.
 */
static int
give_up_other_type(struct lock_book *b, const struct lock_claim *claim)
    MUST_HOLD(&b->lock)
{
	struct lock_claim none = *claim;
	struct file_lock *has;

	none.type = F_UNLCK;
	has = lock_find(&b->wholes, &none);
	return has != NULL && has->claim.type != claim->type ? apply(b, &none)
							     : 0;
}

int
lock_claim(struct inode *inode, const struct lock_claim *claim, bool wait)
{
	struct lock_book *b;
	int err = 0;

	if (claim->type == F_UNLCK)
		b = lock_book_get(inode);
	else
		err = book_get_or_create(inode, &b);
	if (err < 0 || b == NULL)
		return err;
	mutex_lock(&b->lock);
	if (claim->kind == LOCK_WHOLE)
		err = give_up_other_type(b, claim);
	if (err == 0 && claim->type != F_UNLCK)
		err = wait_for_others(b, claim, wait);
	if (err == 0)
		err = apply(b, claim);
	mutex_unlock(&b->lock);
	lock_book_put(b);
	return err;
}

void
lock_drop_all(struct lock_owner *owner, struct inode *inode)
{
	struct lock_claim claim = {
	    .owner = owner, .end = LOCK_END, .type = F_UNLCK};
	struct lock_book *b = lock_book_get(inode);
	u8 kind;
	int err;

	if (b == NULL)
		return;
	mutex_lock(&b->lock);
	for (kind = LOCK_OF_PROCESS; kind <= LOCK_WHOLE; kind++) {
		claim.kind = kind;
		err = apply(b, &claim);
		/* It needs no record. */
		assert(err == 0);
	}
	mutex_unlock(&b->lock);
	lock_book_put(b);
}
