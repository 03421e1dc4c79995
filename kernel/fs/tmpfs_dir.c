/* Directories of tmpfs; tmpfs.c says how they are built. */
#include <linux/stat.h>

#include "core/thread.h"
#include "fs/file.h"
#include "fs/tmpfs_impl.h"
#include "lib/string.h"
#include "mm/slab.h"

/*
 * A cookie is 51 bits of hash above 12 bits that number the names with that
 * hash; it is positive as a signed number and above the positions of the dots.
 * Names are hashed with a secret start, so 4096 that collide do not happen.
 */
#define NUMBER_BITS 12
#define NR_SAME     (1u << NUMBER_BITS)

#define ENTRY_STAT_BYTES 20 /* what an entry adds to st_size; arbitrary */

static u64
first_cookie(struct name name)
{
	return (name.hash >> (NUMBER_BITS + 1) | 1) << NUMBER_BITS;
}

static bool
same_hash(u64 a, u64 b)
{
	return a >> NUMBER_BITS == b >> NUMBER_BITS;
}

static struct tmpfs_entry *
entry_of(struct rb_node *node)
{
	return rb_entry(node, struct tmpfs_entry, node);
}

static struct tmpfs_entry *
entry_after(struct tmpfs_entry *e)
{
	struct rb_node *next = rb_next(&e->node);

	return next ? entry_of(next) : NULL;
}

/* The first entry whose cookie is not below, or NULL. */
static struct tmpfs_entry *
entry_from(struct tmpfs_dir *dir, u64 cookie)
{
	struct rb_node *node = dir->entries.root;
	struct tmpfs_entry *found = NULL;

	while (node) {
		struct tmpfs_entry *e = entry_of(node);

		if (e->cookie >= cookie) {
			found = e;
			node = node->child[RB_LEFT];
		} else {
			node = node->child[RB_RIGHT];
		}
	}
	return found;
}

static struct tmpfs_entry *
find(struct tmpfs_dir *dir, struct name name)
{
	u64 cookie = first_cookie(name);
	struct tmpfs_entry *e = entry_from(dir, cookie);

	for (; e && same_hash(e->cookie, cookie); e = entry_after(e))
		if (e->len == name.len &&
		    memcmp(e->name, name.text, name.len) == 0)
			return e;
	return NULL;
}

/* A cookie for the name that nobody has.  Errors: -ENOSPC. */
static int
choose_cookie(struct tmpfs_dir *dir, struct name name, u64 *out)
{
	u64 cookie = first_cookie(name);
	u64 end = cookie + NR_SAME;
	struct tmpfs_entry *e = entry_from(dir, cookie);

	for (; e && e->cookie == cookie; e = entry_after(e))
		cookie++;
	if (cookie == end)
		return -ENOSPC;
	*out = cookie;
	return 0;
}

/* An entry for a name that dir lacks, not in it yet. */
static int
entry_create(struct tmpfs_dir *dir, struct name name, struct tmpfs_entry **out)
{
	struct tmpfs_entry *e;
	u64 cookie;
	int err = choose_cookie(dir, name, &cookie);

	if (err < 0)
		return err;
	e = kmalloc(sizeof(*e) + name.len);
	if (!e)
		return -ENOMEM;
	e->cookie = cookie;
	e->len = name.len;
	memcpy(e->name, name.text, name.len);
	*out = e;
	return 0;
}

static void
resize(struct tmpfs_dir *dir, s64 change)
{
	dir->nr_entries += change;
	dir->inode.size_bytes = (dir->nr_entries + 2) * ENTRY_STAT_BYTES;
}

static void
entry_insert(struct tmpfs_dir *dir, struct tmpfs_entry *e, struct inode *inode)
{
	struct rb_node **link = &dir->entries.root, *parent = NULL;

	while (*link) {
		bool right = entry_of(*link)->cookie < e->cookie;

		parent = *link;
		link = &parent->child[right ? RB_RIGHT : RB_LEFT];
	}
	rb_insert_at(&dir->entries, &e->node, parent, link);
	e->inode = inode;
	resize(dir, 1);
}

/* The inode's reference is the caller's then. */
static void
entry_erase(struct tmpfs_dir *dir, struct tmpfs_entry *e)
{
	rb_erase(&dir->entries, &e->node);
	kfree(e);
	resize(dir, -1);
}

/* ---- inode_ops -------------------------------------------------------------
 */

static int
lookup(struct inode *dir, struct name name, struct inode **out)
{
	struct tmpfs_entry *e = find(tmpfs_dir_of(dir), name);

	if (!e)
		return -ENOENT;
	*out = inode_get(e->inode);
	return 0;
}

static int
create(struct inode *dir, struct name name, const struct inode_new *new,
    struct inode **out)
{
	struct tmpfs_dir *d = tmpfs_dir_of(dir);
	struct tmpfs_entry *e;
	int err = entry_create(d, name, &e);

	if (err < 0)
		return err;
	err = tmpfs_create_inode(tmpfs_of(dir->fs), new, out);
	if (err < 0) {
		kfree(e);
		return err;
	}
	/* commit */
	if (S_ISDIR(new->mode)) {
		(*out)->nlink = 2;
		dir->nlink++;
	}
	entry_insert(d, e, inode_get(*out));
	inode_touch(dir);
	return 0;
}

static int
tmpfile(struct inode *dir, const struct inode_new *new, struct inode **out)
{
	int err = tmpfs_create_inode(tmpfs_of(dir->fs), new, out);

	if (err == 0)
		(*out)->nlink = 0;
	return err;
}

static int
link(struct inode *dir, struct name name, struct inode *inode)
{
	struct tmpfs_dir *d = tmpfs_dir_of(dir);
	struct tmpfs_entry *e;
	int err = entry_create(d, name, &e);

	if (err < 0)
		return err;
	/* commit */
	entry_insert(d, e, inode_get(inode));
	inode->nlink++;
	inode_touch(dir);
	inode->ctime_ns = dir->ctime_ns;
	return 0;
}

static bool
has_entries(struct inode *i)
{
	return inode_is_dir(i) && !rb_empty(&tmpfs_dir_of(i)->entries);
}

/* One name less; the entry that named it is gone or names another. */
static void
lost_name(struct inode *dir, struct inode *inode)
{
	if (inode_is_dir(inode)) {
		inode->nlink = 0;
		dir->nlink--;
	} else {
		inode->nlink--;
	}
	inode->ctime_ns = inode_now_ns();
	inode_put(inode);
}

static int
unlink(struct inode *dir, struct name name, struct inode *inode)
{
	struct tmpfs_dir *d = tmpfs_dir_of(dir);

	if (has_entries(inode))
		return -ENOTEMPTY;
	/* commit */
	entry_erase(d, find(d, name));
	lost_name(dir, inode);
	inode_touch(dir);
	return 0;
}

/* A directory has moved from one to another; for exchange both ways. */
static void
moved(struct inode *inode, struct inode *from_dir, struct inode *to_dir)
{
	if (inode_is_dir(inode)) {
		from_dir->nlink--;
		to_dir->nlink++;
	}
	inode->ctime_ns = inode_now_ns();
	inode_touch(from_dir);
	inode_touch(to_dir);
}

static int
rename_to_new(struct tmpfs_dir *from, struct tmpfs_entry *e,
    struct tmpfs_dir *to, struct name name)
{
	struct tmpfs_entry *news;
	int err = entry_create(to, name, &news);

	if (err < 0)
		return err;
	/* commit */
	entry_insert(to, news, e->inode);
	entry_erase(from, e);
	return 0;
}

static int
rename(struct inode *from_dir, struct name from, struct inode *inode,
    struct inode *to_dir, struct name to, struct inode *victim, bool exchange)
{
	struct tmpfs_dir *from_d = tmpfs_dir_of(from_dir);
	struct tmpfs_dir *to_d = tmpfs_dir_of(to_dir);
	struct tmpfs_entry *e = find(from_d, from);
	int err = 0;

	if (victim && !exchange && has_entries(victim))
		return -ENOTEMPTY;
	if (!victim)
		err = rename_to_new(from_d, e, to_d, to);
	if (err < 0)
		return err;
	/* commit: a name that stays only gets another inode */
	if (victim)
		find(to_d, to)->inode = inode;
	if (exchange) {
		e->inode = victim;
		moved(victim, to_dir, from_dir);
	} else if (victim) {
		entry_erase(from_d, e);
		lost_name(to_dir, victim);
	}
	moved(inode, from_dir, to_dir);
	return 0;
}

static const struct inode_ops dir_ops = {
    .lookup = lookup,
    .create = create,
    .tmpfile = tmpfile,
    .link = link,
    .unlink = unlink,
    .rename = rename,
    .release = tmpfs_release_dir,
};

/* ---- reading ---------------------------------------------------------- */

static int
readdir(struct file *f, struct dir_sink *sink, u64 *pos)
{
	struct tmpfs_entry *e = entry_from(tmpfs_dir_of(f->inode), *pos);

	for (; e; e = entry_after(e)) {
		struct name name = {e->name, e->len, 0};
		u32 type = (e->inode->mode & S_IFMT) >> 12;

		if (!sink->emit(sink, name, e->inode->ino, type, e->cookie + 1))
			break;
		*pos = e->cookie + 1;
	}
	return 0;
}

static int
sync(struct file *f, bool data_only)
{
	(void)f;
	(void)data_only;
	return 0;
}

static const struct file_ops dir_file_ops = {
    .readdir = readdir,
    .sync = sync,
    .seekable = true,
};

struct inode *
tmpfs_make_dir(struct tmpfs *t, u64 ino, const struct inode_new *new)
{
	struct tmpfs_dir *d = kmalloc(sizeof(*d));

	if (!d)
		return NULL;
	inode_init(&d->inode, &t->fs, ino, new);
	d->inode.ops = &dir_ops;
	d->inode.files = &dir_file_ops;
	rb_init(&d->entries);
	d->nr_entries = 0;
	d->above = NULL;
	resize(d, 0);
	return &d->inode;
}

/*
 * No mount is left, so nobody looks a name up any more, and no locks are
 * needed.  Directories are emptied depth first, without recursion: a path can
 * be longer than the stack.
 */
void
tmpfs_empty(struct filesystem *fs)
{
	struct tmpfs_dir *d = tmpfs_dir_of(fs->root);

	while (d) {
		struct rb_node *node = rb_first(&d->entries);
		struct inode *inode;

		if (!node) {
			d = d->above;
			continue;
		}
		inode = entry_of(node)->inode;
		if (has_entries(inode)) {
			tmpfs_dir_of(inode)->above = d;
			d = tmpfs_dir_of(inode);
			continue;
		}
		entry_erase(d, entry_of(node));
		lost_name(&d->inode, inode);
		thread_preempt_point();
	}
	inode_put(fs->root);
	fs->root = NULL;
}
