/*
 * Who watches which file.
 *
 * A mark stands in a hash table under its inode, which it holds.  `watched` in
 * the inode says whether there is any, so what happens elsewhere while somebody
 * watches something costs a look at the file and at the directory it is in.
 *
 * NOTIFY, one spin lock, guards all of it: marks, and the events of all
 * instances, so that each hears what happens in one order.  With it held one
 * goes over the marks of a bucket: those of one inode are one for each
 * instance, the others come there by chance.
 */
#include "core/thread.h"
#include "fs/namei.h"
#include "fs/notify_impl.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"
#include "mm/slab.h"

#define NR_BUCKETS 256u /* arbitrary: of 4 KiB */

/* What happens to a file is told of to who watches its directory as well. */
#define TOLD_ABOVE (IN_ACCESS | IN_MODIFY | IN_ATTRIB | IN_CLOSE | IN_OPEN)

struct spinlock notify_lock = SPINLOCK_INIT(RANK_NOTIFY);
u32 notify_nr_marks;

static struct list buckets[NR_BUCKETS]; /* n; next NULL: not yet used */
static u32 last_cookie;                 /* a */

static struct list *
bucket_at(u32 i) MUST_HOLD(&notify_lock)
{
	if (!buckets[i].next)
		list_init(&buckets[i]);
	return &buckets[i];
}

/* Inodes are some hundred bytes apart. */
static struct list *
bucket_of(const struct inode *i) MUST_HOLD(&notify_lock)
{
	u32 hash = (u32)((u64)i >> 5) * 0x9e3779b1u;

	return bucket_at(hash >> 16 & (NR_BUCKETS - 1));
}

struct notify_mark *
notify_find_locked(const struct inotify *n, const struct inode *i)
{
	struct notify_mark *m;

	list_for_each (m, bucket_of(i), link)
		if (m->inode == i && m->owner == n)
			return m;
	return NULL;
}

void
notify_add_locked(struct notify_mark *m)
{
	inode_get(m->inode);
	list_push_back(bucket_of(m->inode), &m->link);
	atomic_store(&m->inode->watched, true);
	atomic_add(&notify_nr_marks, 1);
	inotify_enter_locked(m);
}

void
notify_remove_locked(struct notify_mark *m)
{
	const struct notify_mark *other;
	bool more = false;

	list_remove(&m->link);
	list_for_each (other, bucket_of(m->inode), link)
		more = more || other->inode == m->inode;
	atomic_store(&m->inode->watched, more);
	atomic_sub(&notify_nr_marks, 1);
	inotify_leave_locked(m);
}

void
notify_mark_free(struct notify_mark *m)
{
	inode_put(m->inode);
	kfree(m);
}

/* ---- telling ---------------------------------------------------------- */

/* Its end is told, whatever it was to hear; m goes to gone. */
static void
end_locked(struct notify_mark *m, struct list *gone) MUST_HOLD(&notify_lock)
{
	const struct notify_what what = {.mask = IN_IGNORED};

	inotify_tell_locked(m->owner, m->wd, &what);
	notify_remove_locked(m);
	list_push_back(gone, &m->link);
}

static void
free_gone(struct list *gone)
{
	struct notify_mark *m, *next;

	list_for_each_safe (m, next, gone, link) {
		list_remove(&m->link);
		notify_mark_free(m);
	}
}

/* unlinked: it was done to an open file that has lost its name. */
static void
tell(struct inode *i, const struct notify_what *what, bool unlinked)
{
	struct list gone = LIST_INIT(gone);
	struct notify_mark *m, *next;

	if (!atomic_load(&i->watched))
		return;
	spin_lock(&notify_lock);
	list_for_each_safe (m, next, bucket_of(i), link) {
		if (m->inode != i || !(m->mask & what->mask & IN_ALL_EVENTS) ||
		    (unlinked && (m->mask & IN_EXCL_UNLINK)))
			continue;
		inotify_tell_locked(m->owner, m->wd, what);
		if (m->mask & IN_ONESHOT)
			end_locked(m, &gone);
	}
	spin_unlock(&notify_lock);
	/* The caller has the inode as well: nothing sleeps here. */
	free_gone(&gone);
}

static u32
with_type(u32 mask, u32 mode)
{
	return S_ISDIR(mode) ? mask | IN_ISDIR : mask;
}

/*
 * The directory that d is in, with a reference, if somebody watches it, and the
 * name there into text, which has room for any.
 */
static struct dentry *
get_watched_parent(struct dentry *d, char *text, u32 *len)
{
	struct dentry *parent;

	spin_lock(&dentry_lock);
	parent = d->parent;
	if (parent && atomic_load(&parent->inode->watched)) {
		memcpy(text, d->name, d->len);
		*len = d->len;
		dentry_get(parent);
	} else {
		parent = NULL;
	}
	spin_unlock(&dentry_lock);
	return parent;
}

static void
tell_above(struct dentry *d, const struct notify_what *what, bool unlinked)
{
	struct notify_what above = *what;
	char text[NAME_MAX_BYTES];
	struct dentry *parent;

	above.name.text = text;
	parent = get_watched_parent(d, text, &above.name.len);
	if (!parent)
		return;
	tell(parent->inode, &above, unlinked);
	dentry_put(parent);
}

void
notify_dentry(struct dentry *d, u32 mask, bool is_open)
{
	struct inode *i = d->inode;
	const struct notify_what what = {.mask = with_type(mask, i->mode)};
	bool unlinked = is_open && atomic_load(&d->deleted);

	if (mask & TOLD_ABOVE)
		tell_above(d, &what, unlinked);
	tell(i, &what, unlinked);
}

void
notify_names(
    struct inode *dir, u32 mask, struct name name, u32 mode, u32 cookie)
{
	const struct notify_what what = {
	    .mask = with_type(mask, mode), .cookie = cookie, .name = name};

	tell(dir, &what, false);
}

/* Of these, that a directory was moved or is gone does not say it was one. */
void
notify_itself(struct inode *i, u32 mask)
{
	const struct notify_what what = {
	    .mask = mask == IN_ATTRIB ? with_type(mask, i->mode) : mask};

	tell(i, &what, false);
}

u32
notify_of_times(const struct file_times *times)
{
	if (times->atime_how == FILE_TIME_OMIT)
		return times->mtime_how == FILE_TIME_OMIT ? 0 : IN_MODIFY;
	return times->mtime_how == FILE_TIME_OMIT ? IN_ACCESS : IN_ATTRIB;
}

u32
notify_new_cookie(void)
{
	u32 cookie;

	/* 0 says that nothing belongs to it. */
	do
		cookie = atomic_add(&last_cookie, 1);
	while (cookie == 0);
	return cookie;
}

/* ---- ends ------------------------------------------------------------- */

/* The end of a mark that the end of its file is told to, by mask. */
static void
end_with_locked(struct notify_mark *m, u32 mask, struct list *gone)
    MUST_HOLD(&notify_lock)
{
	const struct notify_what what = {.mask = mask};

	if (m->mask & mask)
		inotify_tell_locked(m->owner, m->wd, &what);
	end_locked(m, gone);
}

void
notify_end(struct inode *i)
{
	struct list gone = LIST_INIT(gone);
	struct notify_mark *m, *next;

	if (!atomic_load(&i->watched))
		return;
	spin_lock(&notify_lock);
	list_for_each_safe (m, next, bucket_of(i), link)
		if (m->inode == i)
			end_with_locked(m, IN_DELETE_SELF, &gone);
	spin_unlock(&notify_lock);
	free_gone(&gone);
}

/* Nobody can come to the files any more, so no mark is added meanwhile. */
void
notify_unmounted(const struct filesystem *fs)
{
	struct list gone = LIST_INIT(gone);
	struct notify_mark *m, *next;
	u32 i;

	for (i = 0; i < NR_BUCKETS; i++) {
		spin_lock(&notify_lock);
		list_for_each_safe (m, next, bucket_at(i), link)
			if (m->inode->fs == fs)
				end_with_locked(m, IN_UNMOUNT, &gone);
		spin_unlock(&notify_lock);
		free_gone(&gone);
		thread_preempt_point();
	}
}
