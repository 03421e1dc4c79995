/*
 * Which file system is seen where.
 *
 * Mounts are few, so one list holds them all.  What covers a place is found by
 * (mount, dentry), and only for dentries whose count of mounts is not zero.
 * Mounts form a tree: each stands on a dentry of its parent's, or on a root of
 * another one that stands there already.
 */
#include <linux/fs.h>

#include "dev/chardev.h"
#include "fs/notify.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"
#include "mm/slab.h"

struct spinlock mount_lock = SPINLOCK_INIT(RANK_MOUNT);
static struct list mounts = LIST_INIT(mounts); /* by age, MOUNT */
static u32 last_id;                            /* MOUNT */
static u32 last_dev;                           /* atomic */
static struct filesystem_type *types;          /* boot */

void
filesystem_register(struct filesystem_type *type)
{
	type->next = types;
	types = type;
}

struct filesystem_type *
filesystem_find(const char *name)
{
	struct filesystem_type *t;

	for (t = types; t; t = t->next)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

u32
filesystem_new_dev(void)
{
	/* Major 0 is for what lives on no device. */
	return dev_make(0, atomic_add(&last_dev, 1));
}

void
filesystem_put(struct filesystem *fs)
{
	if (refcount_put(&fs->refs))
		fs->ops->release(fs);
}

void
filesystem_put_opened(struct filesystem *fs)
{
	bool unused;

	spin_lock(&mount_lock);
	/* Without a root: a mount that came and went has taken it down. */
	unused = fs->nr_mounts == 0 && fs->root;
	spin_unlock(&mount_lock);
	if (unused && fs->ops->unmount)
		fs->ops->unmount(fs);
	filesystem_put(fs);
}

/*
 * The dentry of a file system's root, with a reference: there is but one,
 * however many mounts show it.
 */
static int
get_top(struct filesystem *fs, struct dentry **out)
{
	struct dentry *d;
	int err = dentry_create_root_take("", inode_get(fs->root), &d);

	if (err < 0) {
		inode_put(fs->root);
		return err;
	}
	spin_lock(&mount_lock);
	if (!fs->top)
		fs->top = dentry_get(d);
	*out = dentry_get(fs->top);
	spin_unlock(&mount_lock);
	dentry_put(d);
	return 0;
}

static int
mount_new(struct filesystem *fs, const char *source, struct mount **out)
{
	struct mount *m = kzalloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->source = kstrdup(source ? source : "none");
	if (!m->source) {
		kfree(m);
		return -ENOMEM;
	}
	refcount_init(&m->refs, 1);
	refcount_get(&fs->refs);
	m->fs = fs;
	list_init(&m->all);
	spin_lock(&mount_lock);
	m->id = ++last_id;
	fs->nr_mounts++;
	spin_unlock(&mount_lock);
	*out = m;
	return 0;
}

int
mount_create(struct filesystem *fs, struct dentry *root, const char *source,
    u32 flags, struct mount **out)
{
	struct mount *m;
	int err = mount_new(fs, source, &m);

	if (err < 0)
		return err;
	m->flags = flags;
	if (root)
		m->root = dentry_get(root);
	else
		err = get_top(fs, &m->root);
	if (err < 0)
		mount_put(m);
	else
		*out = m;
	return err;
}

void
mount_free(struct mount *m)
{
	struct filesystem *fs = m->fs;
	struct dentry *top = NULL;
	bool last;

	spin_lock(&mount_lock);
	last = --fs->nr_mounts == 0;
	if (last) {
		top = fs->top;
		fs->top = NULL;
	}
	spin_unlock(&mount_lock);
	dentry_put(m->root);
	dentry_put(top);
	if (last && fs->keeps_names)
		dentry_forget(fs);
	if (last && notify_any())
		notify_unmounted(fs);
	if (last && fs->ops->unmount)
		fs->ops->unmount(fs);
	filesystem_put(fs);
	kfree(m->source);
	kfree(m);
}

bool
filesystem_is_read_only(const struct filesystem *fs)
{
	return atomic_load(&fs->read_only) || atomic_load(&fs->broken);
}

bool
mount_is_read_only(const struct mount *m)
{
	return (atomic_load(&m->flags) & MS_RDONLY) ||
	    filesystem_is_read_only(m->fs);
}

int
mount_may_write(const struct mount *m)
{
	return mount_is_read_only(m) ? -EROFS : 0;
}

int
mount_get_write(struct mount *m)
{
	int err;

	spin_lock(&mount_lock);
	err = mount_may_write(m);
	if (err == 0) {
		m->nr_writers++;
		m->fs->nr_writers++;
	}
	spin_unlock(&mount_lock);
	return err;
}

void
mount_put_write(struct mount *m)
{
	spin_lock(&mount_lock);
	assert(m->nr_writers > 0 && m->fs->nr_writers > 0);
	m->nr_writers--;
	m->fs->nr_writers--;
	spin_unlock(&mount_lock);
}

struct mount *
mount_covering_locked(struct path p)
{
	struct mount *m;

	list_for_each (m, &mounts, all)
		if (m->parent == p.mount && m->at == p.dentry)
			return m;
	return NULL;
}

bool
mount_covering(struct path p, struct path *out)
{
	struct mount *m;

	spin_lock(&mount_lock);
	m = mount_covering_locked(p);
	if (m)
		*out = path_get((struct path){m, m->root});
	spin_unlock(&mount_lock);
	return m != NULL;
}

bool
mount_covered(struct mount *m, struct path *out)
{
	bool found;

	spin_lock(&mount_lock);
	found = m->parent != NULL;
	if (found)
		*out = path_get((struct path){m->parent, m->at});
	spin_unlock(&mount_lock);
	return found;
}

u32
mount_parent_id(const struct mount *m)
{
	u32 id;

	spin_lock(&mount_lock);
	id = m->parent ? m->parent->id : m->id;
	spin_unlock(&mount_lock);
	return id;
}

static bool
is_attached_locked(const struct mount *m)
{
	return !list_empty(&m->all);
}

bool
mount_is_attached(const struct mount *m)
{
	bool attached;

	spin_lock(&mount_lock);
	attached = is_attached_locked(m);
	spin_unlock(&mount_lock);
	return attached;
}

/* Boot calls it with no place: the first mount is the root of all. */
int
mount_attach(struct mount *m, struct path at)
{
	int err = 0;

	mount_get(m);
	path_get(at);
	spin_lock(&mount_lock);
	if (at.mount && !is_attached_locked(at.mount))
		err = -EINVAL;
	else if (at.dentry && at.dentry->deleted)
		err = -ENOENT;
	if (err == 0) {
		m->parent = at.mount;
		m->at = at.dentry;
		if (at.dentry)
			atomic_add(&at.dentry->nr_mounts, 1);
		list_push_back(&mounts, &m->all);
	}
	spin_unlock(&mount_lock);
	if (err < 0) {
		path_put(at);
		mount_put(m);
	}
	return err;
}

/* Takes m from the tree; what it held there is returned to be put. */
static struct path
unlink_locked(struct mount *m)
{
	struct path was = {m->parent, m->at};

	list_remove(&m->all);
	m->parent = NULL;
	m->at = NULL;
	if (was.dentry)
		atomic_sub(&was.dentry->nr_mounts, 1);
	return was;
}

static struct mount *
child_locked(struct mount *m)
{
	struct mount *c;

	list_for_each (c, &mounts, all)
		if (c->parent == m)
			return c;
	return NULL;
}

/*
 * The tree has a reference and the caller another; any more are users.
 */
#define REFS_IDLE 2

static int
take_out(struct mount *m, bool lazy, struct path *was)
{
	int err = -EBUSY;

	spin_lock(&mount_lock);
	if (!is_attached_locked(m)) {
		err = -EINVAL;
	} else if (lazy ||
	    (!child_locked(m) && refcount_read(&m->refs) <= REFS_IDLE)) {
		*was = unlink_locked(m);
		err = 0;
	}
	spin_unlock(&mount_lock);
	return err;
}

/* A mount below m, the deepest that comes first, with a reference. */
static struct mount *
get_leaf_below(struct mount *m)
{
	struct mount *leaf = NULL, *c;

	spin_lock(&mount_lock);
	for (c = child_locked(m); c; c = child_locked(c))
		leaf = c;
	if (leaf)
		mount_get(leaf);
	spin_unlock(&mount_lock);
	return leaf;
}

static int
detach_one(struct mount *m, bool lazy)
{
	struct path was;
	int err = take_out(m, lazy, &was);

	if (err < 0)
		return err;
	path_put(was);
	mount_put(m); /* the tree's */
	return 0;
}

int
mount_detach(struct mount *m, bool lazy)
{
	struct mount *below;

	while (lazy && (below = get_leaf_below(m))) {
		int err = detach_one(below, true);

		mount_put(below);
		/* Somebody else may have been faster. */
		if (err < 0 && err != -EINVAL)
			return err;
	}
	return detach_one(m, lazy);
}

struct mount *
mount_next(u32 after)
{
	struct mount *m, *next = NULL;

	spin_lock(&mount_lock);
	list_for_each (m, &mounts, all)
		if (m->id > after && (!next || m->id < next->id))
			next = m;
	if (next)
		mount_get(next);
	spin_unlock(&mount_lock);
	return next;
}

int
mount_sync_all(void)
{
	struct mount *m;
	u32 id = 0;
	int first = 0;

	while ((m = mount_next(id))) {
		int err = m->fs->ops->sync ? m->fs->ops->sync(m->fs) : 0;

		if (first == 0)
			first = err;
		id = m->id;
		mount_put(m);
	}
	return first;
}

void
mount_check(void)
{
	struct mount *m;

	spin_lock(&mount_lock);
	list_for_each (m, &mounts, all) {
		assert(refcount_read(&m->refs) > 0);
		assert(!m->parent == !m->at);
		assert(!m->parent || is_attached_locked(m->parent));
		assert(!m->at || atomic_load(&m->at->nr_mounts) > 0);
		assert(m->fs->nr_mounts > 0);
	}
	spin_unlock(&mount_lock);
}
