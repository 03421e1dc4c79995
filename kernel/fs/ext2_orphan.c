/*
 * Orphans: files without a name that are still open, and files that are being
 * cut off.  They are in a list on the disk, from the superblock on and in each
 * inode from the place where else the time of its deletion stands, so that what
 * a crash interrupts is ended at the next mount.
 */
#include <linux/stat.h>

#include "core/printk.h"
#include "core/thread.h"
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/errno.h"

/* Where something was short, a commit makes some free. */
#define MAX_RETRIES 8u

/* For want of memory, or of room in the log for numbers of freed blocks. */
static bool
may_try_again(int err, u32 *tries)
{
	return (err == -ENOMEM || err == -ENOSPC) && (*tries)++ < MAX_RETRIES;
}

static int
commit(struct ext2 *e)
{
	return journal_commit(e->journal, journal_running(e->journal));
}

/*
 * What cannot be ended is left to the next mount, which finds the file in the
 * list; in between nobody may see what is behind its end, nor take others out
 * of the list past it.  So nothing is written any more.
 */
static int
give_up(struct ext2_inode *i, int err)
{
	struct ext2 *e = ext2_disk_of(i);

	if (err == 0 || journal_is_aborted(e->journal))
		return err;
	return ext2_broken(e, "what is to be freed of inode", ext2_ino(i));
}

/* ---- the list ----------------------------------------------------------- */

static int
add_locked(struct ext2 *e, struct ext2_inode *i, struct handle *h)
{
	int err;

	i->deleted_s = e->disk->last_orphan;
	err = ext2_store(i, h);
	if (err < 0) {
		i->deleted_s = 0;
		return err;
	}
	journal_change(h, e->super_buf);
	e->disk->last_orphan = ext2_ino(i);
	list_push_front(&e->orphans, &i->orphan);
	return 0;
}

int
ext2_orphan_add(struct ext2_inode *i, struct handle *h)
{
	struct ext2 *e = ext2_disk_of(i);
	int err = 0;

	mutex_lock(&e->orphan_lock);
	if (list_empty(&i->orphan))
		err = add_locked(e, i, h);
	mutex_unlock(&e->orphan_lock);
	return err;
}

/* The one before it in the list, or the superblock, leads past it. */
static int
remove_locked(struct ext2 *e, struct ext2_inode *i, struct handle *h)
{
	struct ext2_inode *before;
	int err;

	if (i->orphan.prev == &e->orphans) {
		journal_change(h, e->super_buf);
		e->disk->last_orphan = i->deleted_s;
	} else {
		before = list_entry(i->orphan.prev, struct ext2_inode, orphan);
		before->deleted_s = i->deleted_s;
		err = ext2_store(before, h);
		if (err < 0) {
			before->deleted_s = ext2_ino(i);
			return err;
		}
	}
	list_remove(&i->orphan);
	i->deleted_s = 0;
	return 0;
}

/* The caller stores the inode. */
int
ext2_orphan_remove(struct ext2_inode *i, struct handle *h)
{
	struct ext2 *e = ext2_disk_of(i);
	int err = 0;

	mutex_lock(&e->orphan_lock);
	if (!list_empty(&i->orphan))
		err = remove_locked(e, i, h);
	mutex_unlock(&e->orphan_lock);
	return err;
}

/* ---- cutting off -------------------------------------------------------- */

static u64
blocks_of_size(const struct ext2_inode *i)
{
	u32 bytes = ext2_disk_of(i)->block_bytes;

	return (i->regular.inode.size_bytes + bytes - 1) / bytes;
}

/* One change of many. */
static int
trim_some(struct ext2_inode *i, u64 keep, bool *more)
{
	struct ext2_hold hold;
	struct handle h;
	int err;

	*more = false;
	err = ext2_hold(i, &hold);
	if (err < 0)
		return err;
	err = ext2_begin(ext2_disk_of(i),
	    EXT2_TRIM_CREDITS + EXT2_STORE_CREDITS + EXT2_ORPHAN_CREDITS, &h);
	if (err < 0)
		goto out;
	/* What storing needs is kept from what trimming may use. */
	h.credits -= EXT2_STORE_CREDITS + EXT2_ORPHAN_CREDITS;
	err = ext2_trim(i, &h, keep, more);
	h.credits += EXT2_STORE_CREDITS + EXT2_ORPHAN_CREDITS;
	/* Whatever was freed: no number of it stays on the disk. */
	ext2_store_held(&hold, &h);
	journal_end(&h);
out:
	ext2_unhold(&hold);
	return err;
}

static int
trim_all(struct ext2_inode *i, u64 keep)
{
	bool more = true;
	u32 tries = 0;
	int err = 0;

	while (more && err == 0) {
		err = trim_some(i, keep, &more);
		if (may_try_again(err, &tries)) {
			err = commit(ext2_disk_of(i));
			more = true;
		}
		thread_preempt_point();
	}
	return give_up(i, err);
}

static int
try_leave_list(struct ext2_inode *i)
{
	struct ext2_hold hold;
	struct handle h;
	int err = ext2_hold(i, &hold);

	if (err < 0)
		return err;
	err = ext2_begin(
	    ext2_disk_of(i), EXT2_ORPHAN_CREDITS + EXT2_STORE_CREDITS, &h);
	if (err < 0)
		goto out;
	err = ext2_orphan_remove(i, &h);
	if (err == 0)
		ext2_store_held(&hold, &h);
	journal_end(&h);
out:
	ext2_unhold(&hold);
	return err;
}

static int
leave_list(struct ext2_inode *i)
{
	u32 tries = 0;
	int err = try_leave_list(i);

	while (may_try_again(err, &tries)) {
		err = commit(ext2_disk_of(i));
		if (err == 0)
			err = try_leave_list(i);
	}
	return give_up(i, err);
}

int
ext2_truncate_blocks(struct ext2_inode *i)
{
	int err = trim_all(i, blocks_of_size(i));

	/* Without a name it stays in the list until it goes. */
	if (err == 0 && i->regular.inode.nlink > 0)
		err = leave_list(i);
	return err;
}

/* ---- the end of a file -------------------------------------------------- */

/* A block of attributes may be others' too. */
static int
drop_attributes(struct ext2_inode *i, struct handle *h)
{
	struct ext2 *e = ext2_disk_of(i);
	struct ext2_attributes *a;
	struct buf *b;
	int err = ext2_block(e, i->attributes, &b);

	if (err < 0)
		return err;
	a = (struct ext2_attributes *)b->data;
	if (a->magic != EXT2_ATTRIBUTES_MAGIC || a->refs == 0) {
		buf_put(b);
		return ext2_broken(e, "attributes of inode", ext2_ino(i));
	}
	if (a->refs > 1) {
		journal_change(h, b);
		a->refs--;
		buf_put(b);
	} else {
		buf_put(b);
		err = ext2_free_block(e, h, i->attributes, true);
	}
	if (err == 0) {
		i->attributes = 0;
		i->nr_sectors -=
		    MIN(e->block_bytes >> SECTOR_SHIFT, i->nr_sectors);
	}
	return err;
}

static bool
has_pointers(const struct ext2_inode *i)
{
	u32 mode = i->regular.inode.mode;

	return S_ISREG(mode) || S_ISDIR(mode) ||
	    (S_ISLNK(mode) && !i->is_short_link);
}

/*
 * Off the list, and its number is free.  -ENOMEM, -ENOSPC: it is as it was, but
 * perhaps without its attributes.
 */
static int
free_number(struct ext2_hold *hold, struct handle *h)
{
	struct ext2_inode *i = hold->i;
	struct ext2 *e = ext2_disk_of(i);
	int err = 0;

	if (i->attributes != 0)
		err = drop_attributes(i, h);
	if (err == 0)
		err = ext2_orphan_remove(i, h);
	if (err == 0) {
		i->regular.inode.size_bytes = 0;
		i->deleted_s = (u32)(inode_now_ns() / 1000000000l);
	}
	ext2_store_held(hold, h);
	return err < 0 ? err
		       : ext2_free_inode(
			     e, h, ext2_ino(i), S_ISDIR(i->regular.inode.mode));
}

static int
delete_number(struct ext2_inode *i)
{
	struct ext2 *e = ext2_disk_of(i);
	struct ext2_number_hold number = {};
	struct ext2_hold hold;
	struct handle h;
	int err = ext2_hold(i, &hold);

	if (err < 0)
		return err;
	err = ext2_hold_number(e, ext2_ino(i), &number);
	if (err == 0)
		err = ext2_begin(e,
		    2 * EXT2_ALLOC_CREDITS + EXT2_ORPHAN_CREDITS +
			EXT2_STORE_CREDITS + 2,
		    &h);
	if (err == 0) {
		err = free_number(&hold, &h);
		/* Half of it must not come to the disk. */
		if (err < 0 && err != -ENOMEM && err != -ENOSPC)
			err = ext2_broken(e, "the end of inode", ext2_ino(i));
		journal_end(&h);
	}
	ext2_unhold_number(&number);
	ext2_unhold(&hold);
	return err;
}

/* What fails is done at the next mount. */
void
ext2_delete(struct ext2_inode *i)
{
	u32 tries = 0;
	int err = 0;

	if (has_pointers(i))
		err = trim_all(i, 0);
	if (err == 0)
		err = delete_number(i);
	while (may_try_again(err, &tries)) {
		err = commit(ext2_disk_of(i));
		if (err == 0)
			err = delete_number(i);
	}
	(void)!give_up(i, err);
}

/* It goes from memory: on the disk it is in the list, if it still was here. */
void
ext2_orphan_forget(struct ext2_inode *i)
{
	struct ext2 *e = ext2_disk_of(i);

	mutex_lock(&e->orphan_lock);
	list_remove(&i->orphan);
	mutex_unlock(&e->orphan_lock);
}

/* ---- at mount ----------------------------------------------------------- */

static void
enter_list(struct ext2 *e, struct ext2_inode *i, u32 next)
{
	i->deleted_s = next;
	mutex_lock(&e->orphan_lock);
	list_push_back(&e->orphans, &i->orphan);
	mutex_unlock(&e->orphan_lock);
}

/* With a name it may be open already, where a disk was only read before. */
static int
cut_off(struct ext2 *e, u32 ino, u32 next)
{
	struct ext2_inode *i;
	struct inode *inode;
	int err = ext2_inode_get(e, ino, &inode);

	if (err < 0)
		return err;
	i = ext2_inode_of(inode);
	mutex_lock(&inode->lock);
	enter_list(e, i, next);
	err = i->has_object ? ext2_truncate_blocks(i)
			    : ext2_bad(e, "an orphan", ino);
	ext2_orphan_forget(i);
	mutex_unlock(&inode->lock);
	inode_put(inode);
	return err;
}

static int
clean_one(struct ext2 *e, u32 ino, u32 *next)
{
	struct ext2_inode *i;
	int err = ext2_inode_read(e, ino, EXT2_AS_ORPHAN, &i);
	bool linked;

	if (err < 0)
		return err;
	*next = i->next_orphan;
	linked = i->regular.inode.nlink > 0;
	if (!linked) {
		enter_list(e, i, *next);
		ext2_delete(i);
		ext2_orphan_forget(i);
	}
	ext2_cache_discard(i);
	return linked ? cut_off(e, ino, *next) : 0;
}

/* Each step makes the list on the disk shorter, or it is broken. */
int
ext2_orphans_clean(struct ext2 *e)
{
	u32 ino = e->disk->last_orphan, next, nr = 0;
	int err = 0;

	while (err == 0 && ino != 0) {
		err = clean_one(e, ino, &next);
		if (err == 0 && e->disk->last_orphan != next)
			err = ext2_broken(e, "the list of orphans at", ino);
		ino = next;
		nr++;
	}
	if (nr > 0)
		printk("ext2: %s: %u files were left without a name, or half "
		       "cut off\n",
		    e->dev->name, nr);
	return err;
}
