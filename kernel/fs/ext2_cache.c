/*
 * The files of a disk that are in memory.
 *
 *	           the last            the last             taken for
 *	           file closed         mapping gone         memory, or no name
 *	in use  ------------> released ------------> idle ------------> going
 *	   ^                     |                    |
 *	   +---------------------+--------------------+   somebody looks it up
 *
 * The inode's count falls to zero without this file's lock, so there is a
 * moment in which it is zero and the state does not say so yet: who finds an
 * inode like that waits until it is settled.  An inode whose last name is gone
 * is found by nobody: it goes, and its blocks with it.
 */
#include "core/printk.h"
#include "core/spinlock.h"
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/assert.h"
#include "lib/errno.h"

static struct ext2_inode **
bucket_of(struct ext2 *e, u64 ino)
{
	return &e->inodes[ino % EXT2_NR_BUCKETS];
}

static struct ext2_inode *
find_locked(struct ext2 *e, u64 ino) MUST_HOLD(&e->lock)
{
	struct ext2_inode *i = *bucket_of(e, ino);

	while (i && i->regular.inode.ino != ino)
		i = i->next;
	return i;
}

static void
unlink_locked(struct ext2 *e, struct ext2_inode *i) MUST_HOLD(&e->lock)
{
	struct ext2_inode **at = bucket_of(e, i->regular.inode.ino);

	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
}

static void
leave_idle_locked(struct ext2 *e, struct ext2_inode *i) MUST_HOLD(&e->lock)
{
	list_remove(&i->idle);
	e->nr_idle--;
}

/* ---- finding ------------------------------------------------------------ */

/* In use again; false when it is not settled what becomes of it. */
static bool
revive_locked(struct ext2 *e, struct ext2_inode *i) MUST_HOLD(&e->lock)
{
	struct inode *inode = &i->regular.inode;

	switch (i->state) {
	case EXT2_IN_USE:
		return refcount_get_unless_zero(&inode->refs);
	case EXT2_RELEASED:
		/* Mapped, or about to be dropped; others are about to be idle.
		 */
		if (!i->has_object)
			return false;
		break;
	case EXT2_IDLE:
		leave_idle_locked(e, i);
		break;
	case EXT2_GOING:
		return false;
	}
	if (i->has_object)
		object_revive(&i->regular.object);
	i->state = EXT2_IN_USE;
	refcount_init(&inode->refs, 1);
	return true;
}

/* The one in the table, in use; NULL: there is none. */
static struct ext2_inode *
find_revived_locked(struct ext2 *e, u64 ino) MUST_HOLD(&e->lock)
{
	struct ext2_inode *i;

	while ((i = find_locked(e, ino)) && !revive_locked(e, i))
		(void)!waitq_wait_spin(&e->settled, &e->lock,
		    PARK_UNINTERRUPTIBLE, NO_DEADLINE, "a file that is let go");
	return i;
}

/* One that goes was freed on the disk before: its number may be another's. */
int
ext2_cache_enter(struct ext2 *e, struct ext2_inode *i)
{
	struct ext2_inode **at = bucket_of(e, i->regular.inode.ino), *other;
	bool ok;

	spin_lock(&e->lock);
	other = find_locked(e, i->regular.inode.ino);
	ok = !other || other->state == EXT2_GOING;
	if (ok) {
		i->next = *at;
		*at = i;
	}
	spin_unlock(&e->lock);
	if (ok)
		return 0;
	return ext2_broken(e, "a free inode", ext2_ino(i));
}

int
ext2_inode_get(struct ext2 *e, u32 ino, struct inode **out)
{
	struct ext2_inode *i, *mine;
	int err;

	spin_lock(&e->lock);
	i = find_revived_locked(e, ino);
	spin_unlock(&e->lock);
	if (!i) {
		err = ext2_inode_read(e, ino, EXT2_AS_NAMED, &mine);
		if (err < 0)
			return err;
		spin_lock(&e->lock);
		i = find_revived_locked(e, ino);
		if (!i) {
			i = mine;
			i->next = *bucket_of(e, ino);
			*bucket_of(e, ino) = i;
		}
		spin_unlock(&e->lock);
		if (i != mine)
			ext2_cache_discard(mine);
	}
	*out = &i->regular.inode;
	return 0;
}

/* ---- letting go --------------------------------------------------------- */

/* One that is in no table, and that nobody else knows. */
void
ext2_cache_discard(struct ext2_inode *i)
{
	bool last = !i->has_object || object_drop(&i->regular.object);

	assert(last);
	ext2_inode_destroy(i);
}

/* Nobody is left who could be given an error. */
static void
tell_lost(const struct ext2 *e, const struct ext2_inode *i)
{
	u64 nr = i->has_object ? i->regular.object.nr_dirty : 0;

	if (nr > 0 && i->regular.inode.nlink > 0)
		printk_limited("ext2: %s: %lu pages of inode %u are lost\n",
		    e->dev->name, nr, ext2_ino(i));
}

/*
 * Bytes that are not on the disk are nobody's any more.  A commit that writes
 * some at this moment ends first: then it finds the file no more.
 */
static void
go(struct ext2 *e, struct ext2_inode *i)
{
	bool accessed;

	spin_lock(&e->lock);
	list_remove(&i->dirty);
	list_remove(&i->mapped);
	accessed = !list_empty(&i->accessed);
	list_remove(&i->accessed);
	while (i->busy)
		(void)!waitq_wait_spin(&e->settled, &e->lock,
		    PARK_UNINTERRUPTIBLE, NO_DEADLINE, "a file's bytes");
	spin_unlock(&e->lock);
	tell_lost(e, i);
	if (i->regular.inode.nlink == 0)
		ext2_delete(i);
	else if (accessed)
		/* The time alone is lost if it cannot be. */
		(void)!ext2_store_atime(i);
	ext2_orphan_forget(i);
	spin_lock(&e->lock);
	unlink_locked(e, i);
	waitq_wake_all(&e->settled);
	spin_unlock(&e->lock);
	ext2_inode_destroy(i);
}

/* Nobody has the file or its pages; true: and nobody will. */
static bool
settle_locked(struct ext2 *e, struct ext2_inode *i) MUST_HOLD(&e->lock)
{
	bool going = i->regular.inode.nlink == 0 && e->journal;

	check(i->state == EXT2_RELEASED);
	i->state = going ? EXT2_GOING : EXT2_IDLE;
	if (!going) {
		list_push_back(&e->idle, &i->idle);
		e->nr_idle++;
	}
	waitq_wake_all(&e->settled);
	return going;
}

/* After the unmount nothing stays but what is still mapped. */
static void
tidy(struct ext2 *e)
{
	bool all = atomic_load(&e->unmounted);

	if (all && e->journal)
		(void)!ext2_commit_all(e);
	ext2_cache_trim(e, all);
}

/* Locks: none that a commit needs.  i may be gone when this is back. */
void
ext2_inode_release(struct inode *inode)
{
	struct ext2 *e = ext2_of(inode->fs);
	struct ext2_inode *i = ext2_inode_of(inode);
	bool going = false;

	/* The file system stays while this goes on, whatever becomes of i. */
	refcount_get(&e->fs.refs);
	spin_lock(&e->lock);
	i->state = EXT2_RELEASED;
	if (!i->has_object)
		going = settle_locked(e, i);
	else
		waitq_wake_all(&e->settled);
	spin_unlock(&e->lock);
	if (going)
		go(e, i);
	else if (i->has_object)
		regular_release(inode);
	tidy(e);
	filesystem_put(&e->fs);
}

/* The last mapping and the inode itself come here; see object_put. */
void
ext2_object_unused(struct object *o)
{
	struct regular *r = container_of(o, struct regular, object);
	struct ext2 *e = ext2_of(r->inode.fs);
	struct ext2_inode *i = ext2_inode_of(&r->inode);
	bool going = false;

	refcount_get(&e->fs.refs);
	/* What mappings wrote is for the commit that may be its last. */
	if (atomic_load(&o->nr_mapped_dirty) > 0)
		object_settle(o);
	spin_lock(&e->lock);
	if (object_drop(o))
		going = settle_locked(e, i);
	spin_unlock(&e->lock);
	if (going)
		go(e, i);
	tidy(e);
	filesystem_put(&e->fs);
}

/* ---- idle ones ---------------------------------------------------------- */

/*
 * The one that has been idle for longest; with dirty pages it has to wait, and
 * so it has while a commit writes them: that may fail, and they are dirty
 * again.  All are taken after they have been written, or could not be.
 */
static struct ext2_inode *
take_idle(struct ext2 *e, bool all)
{
	struct ext2_inode *i, *found = NULL;

	spin_lock(&e->lock);
	if (all || e->nr_idle > EXT2_MAX_IDLE)
		list_for_each (i, &e->idle, idle)
			if (all || (list_empty(&i->dirty) && !i->busy)) {
				found = i;
				break;
			}
	if (found) {
		leave_idle_locked(e, found);
		found->state = EXT2_GOING;
	}
	spin_unlock(&e->lock);
	return found;
}

void
ext2_cache_trim(struct ext2 *e, bool all)
{
	struct ext2_inode *i;

	while ((i = take_idle(e, all)))
		go(e, i);
}

/* ---- those with bytes that the disk lacks ------------------------------- */

/* The object's lock is held. */
void
ext2_cache_dirtied(struct ext2_inode *i)
{
	struct ext2 *e = ext2_disk_of(i);

	spin_lock(&e->lock);
	if (list_empty(&i->dirty))
		list_push_back(&e->dirty, &i->dirty);
	if (i->regular.object.nr_mapped_dirty > 0 && list_empty(&i->mapped))
		list_push_back(&e->mapped, &i->mapped);
	spin_unlock(&e->lock);
}

void
ext2_cache_begin_write(struct ext2 *e)
{
	spin_lock(&e->lock);
	list_splice_back(&e->to_write, &e->dirty);
	spin_unlock(&e->lock);
}

/* The object tells again when it has dirty pages after this. */
struct ext2_inode *
ext2_cache_take_dirty(struct ext2 *e)
{
	struct ext2_inode *i = NULL;

	spin_lock(&e->lock);
	if (!list_empty(&e->to_write)) {
		i = list_first(&e->to_write, struct ext2_inode, dirty);
		list_remove(&i->dirty);
		i->busy = true;
	}
	spin_unlock(&e->lock);
	return i;
}

void
ext2_cache_written(struct ext2_inode *i, bool still_dirty)
{
	struct ext2 *e = ext2_disk_of(i);

	spin_lock(&e->lock);
	i->busy = false;
	if (still_dirty && i->state != EXT2_GOING && list_empty(&i->dirty))
		list_push_back(&e->dirty, &i->dirty);
	waitq_wake_all(&e->settled);
	spin_unlock(&e->lock);
}

/* ---- those that mappings may write to ----------------------------------- */

struct inode *
ext2_cache_next_mapped(struct ext2 *e, u32 *nr)
{
	struct ext2_inode *i = NULL;

	spin_lock(&e->lock);
	if (*nr == 0)
		*nr = list_count(&e->mapped) + 1;
	while (--*nr > 0 && !list_empty(&e->mapped)) {
		i = list_first(&e->mapped, struct ext2_inode, mapped);
		list_remove(&i->mapped);
		list_push_back(&e->mapped, &i->mapped);
		/* Nobody has one that is being let go of. */
		if (revive_locked(e, i))
			break;
		i = NULL;
	}
	spin_unlock(&e->lock);
	return i ? &i->regular.inode : NULL;
}

void
ext2_cache_unmapped(struct ext2_inode *i)
{
	struct ext2 *e = ext2_disk_of(i);
	struct object *o = &i->regular.object;

	/* With it nobody says at this moment that there is one. */
	mutex_lock(&o->lock);
	spin_lock(&e->lock);
	if (o->nr_mapped_dirty == 0)
		list_remove(&i->mapped);
	spin_unlock(&e->lock);
	mutex_unlock(&o->lock);
}

bool
ext2_cache_has_mapped(struct ext2 *e)
{
	bool any;

	spin_lock(&e->lock);
	any = !list_empty(&e->mapped);
	spin_unlock(&e->lock);
	return any;
}

/* ---- those that were read ----------------------------------------------- */

void
ext2_cache_accessed(struct inode *inode)
{
	struct ext2 *e = ext2_of(inode->fs);
	struct ext2_inode *i = ext2_inode_of(inode);
	bool first;

	if (!e->journal)
		return;
	spin_lock(&e->lock);
	first = list_empty(&i->accessed);
	if (first)
		list_push_back(&e->accessed, &i->accessed);
	spin_unlock(&e->lock);
	if (first)
		journal_note(e->journal);
}

struct inode *
ext2_cache_next_accessed(struct ext2 *e, u32 *nr)
{
	struct ext2_inode *i = NULL;

	spin_lock(&e->lock);
	if (*nr == 0)
		*nr = list_count(&e->accessed) + 1;
	while (--*nr > 0 && !list_empty(&e->accessed)) {
		i = list_first(&e->accessed, struct ext2_inode, accessed);
		list_remove(&i->accessed);
		if (revive_locked(e, i))
			break;
		/* Who lets go of it sees to that. */
		list_push_back(&e->accessed, &i->accessed);
		i = NULL;
	}
	spin_unlock(&e->lock);
	return i ? &i->regular.inode : NULL;
}

/* ---- before writing ends ------------------------------------------------ */

static bool
is_writable_locked(struct ext2 *e) MUST_HOLD(&e->lock)
{
	struct ext2_inode *i;
	u32 n;

	for (n = 0; n < EXT2_NR_BUCKETS; n++)
		for (i = e->inodes[n]; i; i = i->next)
			if (i->has_object &&
			    atomic_load(&i->regular.object.nr_writable) > 0)
				return true;
	return false;
}

int
ext2_cache_may_stop(struct ext2 *e)
{
	bool busy;

	mutex_lock(&e->orphan_lock);
	busy = !list_empty(&e->orphans);
	mutex_unlock(&e->orphan_lock);
	spin_lock(&e->lock);
	busy = busy || is_writable_locked(e);
	spin_unlock(&e->lock);
	return busy ? -EBUSY : 0;
}
