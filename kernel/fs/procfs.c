/*
 * /proc: inodes that are made by looking at them.
 *
 *	procfs_inode = entry of a table + key + directory whose table it is
 *
 * Nothing is kept from one look-up to the next, and nothing that is shown is
 * stored here: what a file says is printed when it is read from its start, and
 * whom a directory belongs to is asked when it matters.
 */
#include "fs/procfs.h"

#include <linux/magic.h>
#include <linux/stat.h>

#include "core/thread.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/slab.h"

/*
 * struct procfs_inode
 * Locks: c fixed
 */
struct procfs_inode {
	struct inode inode;               /* first */
	const struct procfs_entry *entry; /* c */
	struct procfs_dir *above;         /* c: whose entry it is, or NULL */
	struct procfs_key key;            /* c */
};

struct procfs_dir procfs_root;
struct procfs_dir procfs_calf;

static const struct procfs_entry root_entry = {
    .mode = S_IFDIR | 0555, .dir = &procfs_root};

static const struct procfs_entry calf_entries[] = {
    {.name = "calf", .mode = S_IFDIR | 0555, .dir = &procfs_calf},
};
static struct procfs_table calf_table = {
    calf_entries, ARRAY_SIZE(calf_entries), NULL};

void
procfs_add(struct procfs_dir *dir, struct procfs_table *table)
{
	table->next = dir->tables;
	dir->tables = table;
}

static struct procfs_inode *
procfs_of(struct inode *i)
{
	return container_of(i, struct procfs_inode, inode);
}

/* ---- inodes ----------------------------------------------------------- */

static const struct inode_ops procfs_inode_ops;
static const struct inode_ops procfs_dir_ops;
static const struct inode_ops procfs_link_ops;
static const struct inode_ops procfs_magic_ops;
static const struct file_ops procfs_file_ops;
static const struct file_ops procfs_dir_files;

/* The same for the same thing each time; which bits is arbitrary. */
static u64
ino_of(const struct procfs_entry *entry, struct procfs_key key)
{
	u64 mixed = (u64)entry + key.id * 0x9e3779b97f4a7c15ul +
	    key.sub * 0xc2b2ae3d27d4eb4ful;

	return (mixed ^ mixed >> 29) & 0x7ffffffffffful;
}

static void
set_ops(struct inode *i, const struct procfs_entry *entry)
{
	switch (entry->mode & S_IFMT) {
	case S_IFDIR:
		i->ops = &procfs_dir_ops;
		i->files = &procfs_dir_files;
		break;
	case S_IFLNK:
		i->ops = entry->follow ? &procfs_magic_ops : &procfs_link_ops;
		break;
	default:
		i->ops = &procfs_inode_ops;
		i->files = &procfs_file_ops;
	}
}

static int
make_inode(struct filesystem *fs, const struct procfs_entry *entry,
    struct procfs_dir *above, struct procfs_key key, struct inode **out)
{
	struct inode_new new = {.mode = entry->mode};
	struct procfs_inode *p;

	if (above && above->owner) {
		int err = above->owner(key, &new.uid, &new.gid);

		if (err < 0)
			return err;
	}
	p = kmalloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	inode_init(&p->inode, fs, ino_of(entry, key), &new);
	refcount_get(&fs->refs);
	set_ops(&p->inode, entry);
	p->inode.nlink = S_ISDIR(entry->mode) ? 2 : 1;
	p->entry = entry;
	p->above = above;
	p->key = key;
	*out = &p->inode;
	return 0;
}

static void
release(struct inode *i)
{
	struct filesystem *fs = i->fs;

	kfree(procfs_of(i));
	filesystem_put(fs);
}

/* Whom it belongs to now; what is gone belongs to root. */
static void
current_owner(struct procfs_inode *p, u32 *uid, u32 *gid)
{
	*uid = *gid = 0;
	if (p->above && p->above->owner &&
	    p->above->owner(p->key, uid, gid) < 0)
		*uid = *gid = 0;
}

static int
permission(struct inode *i, const struct cred *cred, u32 want)
{
	struct procfs_inode *p = procfs_of(i);
	const struct procfs_dir *dir = p->entry->dir;
	u32 uid, gid;

	if (dir && dir->is_own && dir->is_own(p->key))
		return 0;
	current_owner(p, &uid, &gid);
	return cred_may(cred, i->mode, uid, gid, want);
}

static void
stat(struct inode *i, struct file_stat *out)
{
	current_owner(procfs_of(i), &out->uid, &out->gid);
	out->block_size = 1024;
}

static int
setattr(struct inode *i, const struct inode_attr *attr)
{
	(void)i;
	/* Opening with O_TRUNC, as shells do, is fine and changes nothing. */
	return (attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID)) ? -EPERM : 0;
}

static const struct inode_ops procfs_inode_ops = {
    .permission = permission,
    .stat = stat,
    .setattr = setattr,
    .release = release,
};

/* ---- links ------------------------------------------------------------ */

static int
readlink(struct inode *i, char *buf, size_t cap)
{
	struct procfs_inode *p = procfs_of(i);

	return p->entry->readlink(p->key, buf, cap);
}

static int
follow(struct inode *i, struct path *out)
{
	struct procfs_inode *p = procfs_of(i);

	return p->entry->follow(p->key, out);
}

static const struct inode_ops procfs_link_ops = {
    .readlink = readlink,
    .permission = permission,
    .stat = stat,
    .setattr = setattr,
    .release = release,
};

static const struct inode_ops procfs_magic_ops = {
    .readlink = readlink,
    .follow = follow,
    .permission = permission,
    .stat = stat,
    .setattr = setattr,
    .release = release,
};

/* ---- directories ------------------------------------------------------ */

static bool
name_is(struct name name, const char *text)
{
	return strncmp(name.text, text, name.len) == 0 &&
	    text[name.len] == '\0';
}

static const struct procfs_entry *
find_entry(const struct procfs_dir *dir, struct name name)
{
	const struct procfs_table *t;
	u32 i;

	for (t = dir->tables; t; t = t->next)
		for (i = 0; i < t->nr; i++)
			if (name_is(name, t->entries[i].name))
				return &t->entries[i];
	return NULL;
}

static int
lookup_child(struct inode *i, struct name name, struct inode **out)
{
	struct procfs_inode *p = procfs_of(i);
	struct procfs_dir *dir = p->entry->dir;
	struct procfs_child child;
	char text[sizeof(child.name)];
	int err;

	if (!dir->children || name.len >= sizeof(text))
		return -ENOENT;
	memcpy(text, name.text, name.len);
	text[name.len] = '\0';
	err = dir->children->lookup(p->key, text, &child);
	if (err < 0)
		return err;
	return make_inode(i->fs, child.entry, dir, child.key, out);
}

static int
lookup(struct inode *i, struct name name, struct inode **out)
{
	struct procfs_inode *p = procfs_of(i);
	const struct procfs_entry *e = find_entry(p->entry->dir, name);

	if (!e)
		return lookup_child(i, name, out);
	return make_inode(i->fs, e, p->entry->dir, p->key, out);
}

static const struct inode_ops procfs_dir_ops = {
    .lookup = lookup,
    .permission = permission,
    .stat = stat,
    .setattr = setattr,
    .release = release,
};

/*
 * Positions: the dots, then the tables' entries from 2 on, then, from
 * FIRST_CHILD on, the children's own positions.
 */
#define FIRST_ENTRY 2
#define FIRST_CHILD (1ul << 32)

static bool
emit(struct dir_sink *sink, const char *name, const struct procfs_entry *entry,
    struct procfs_key key, u64 next_pos)
{
	struct name n = {name, strlen(name), 0};

	return sink->emit(sink, n, ino_of(entry, key),
	    (entry->mode & S_IFMT) >> 12, next_pos);
}

static bool
list_entries(struct procfs_inode *p, struct dir_sink *sink, u64 *pos)
{
	const struct procfs_table *t;
	u64 at = FIRST_ENTRY;
	u32 i;

	for (t = p->entry->dir->tables; t; t = t->next)
		for (i = 0; i < t->nr; i++, at++) {
			const struct procfs_entry *e = &t->entries[i];

			if (at < *pos)
				continue;
			if (!emit(sink, e->name, e, p->key, at + 1))
				return false;
			*pos = at + 1;
		}
	return true;
}

static void
list_children(struct procfs_inode *p, struct dir_sink *sink, u64 *pos)
{
	const struct procfs_children *c = p->entry->dir->children;
	struct procfs_child child;
	u64 at = *pos - FIRST_CHILD;

	while (c && c->next(p->key, &at, &child)) {
		if (!emit(sink, child.name, child.entry, child.key,
			at + FIRST_CHILD))
			return;
		*pos = at + FIRST_CHILD;
	}
}

static int
readdir(struct file *f, struct dir_sink *sink, u64 *pos)
{
	struct procfs_inode *p = procfs_of(f->inode);

	if (*pos < FIRST_CHILD) {
		if (!list_entries(p, sink, pos))
			return 0;
		*pos = FIRST_CHILD;
	}
	list_children(p, sink, pos);
	return 0;
}

static const struct file_ops procfs_dir_files = {
    .readdir = readdir,
    .seekable = true,
};

/* ---- files ------------------------------------------------------------ */

/* What an open file has of its own.  Locks: i inode->lock   c fixed */
struct procfs_file {
	struct seq text; /* i: as it was when it was last read from its start */
	bool by_admin;   /* c: who has CAP_SYS_ADMIN opened it */
};

static int
file_open(struct file *f)
{
	const struct procfs_entry *e = procfs_of(f->inode)->entry;
	const struct cred *cred = cred_current();
	struct procfs_file *own;

	if ((f->access & FILE_READ) && !e->show && !e->read)
		return -EACCES;
	if ((f->access & FILE_WRITE) && !e->write)
		return -EACCES;
	own = kmalloc(sizeof(*own));
	if (!own)
		return -ENOMEM;
	seq_init(&own->text);
	own->by_admin = cred && cred_capable(cred, CAP_SYS_ADMIN);
	f->private = own;
	return 0;
}

static void
file_release(struct file *f)
{
	struct procfs_file *own = f->private;

	seq_free(&own->text);
	kfree(own);
}

static int
generate(struct file *f)
{
	struct procfs_inode *p = procfs_of(f->inode);
	struct seq *s = &((struct procfs_file *)f->private)->text;
	int err;

	seq_free(s);
	seq_init(s);
	err = p->entry->show(s, p->key);
	return s->lost ? -ENOMEM : err;
}

/* Each reading from the start sees the state of that moment, and whole. */
static s64
file_read_text(struct file *f, struct iov_iter *to, u64 *pos)
{
	struct seq *s = &((struct procfs_file *)f->private)->text;
	u64 len, n;
	int err = 0;

	mutex_lock(&f->inode->lock);
	/* Many may have waited, and a text can take a while: not for the dead.
	 */
	if (thread_must_end())
		err = -EINTR;
	else if (*pos == 0 || !s->buf || procfs_of(f->inode)->entry->live)
		err = generate(f);
	len = err == 0 && *pos < s->len_bytes
	    ? MIN(s->len_bytes - *pos, to->left_bytes)
	    : 0;
	/* A position far behind the end is not even an address. */
	n = len > 0 ? iov_put(to, s->buf + *pos, len) : 0;
	mutex_unlock(&f->inode->lock);
	if (err < 0)
		return err;
	*pos += n;
	return n > 0 || len == 0 ? (s64)n : -EFAULT;
}

static s64
file_read_procfs(struct file *f, struct iov_iter *to, u64 *pos)
{
	struct procfs_inode *p = procfs_of(f->inode);
	struct procfs_file *own = f->private;

	if (!p->entry->read)
		return file_read_text(f, to, pos);
	return p->entry->read(p->key, own->by_admin, to, pos);
}

static s64
file_write_text(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	struct procfs_inode *p = procfs_of(f->inode);
	u64 len = from->left_bytes;
	char *text;
	int err;

	(void)who;
	if (len >= PAGE_SIZE)
		return -EINVAL;
	text = kmalloc(len + 1);
	if (!text)
		return -ENOMEM;
	err = iov_get(from, text, len) == len ? 0 : -EFAULT;
	text[len] = '\0';
	if (err == 0)
		err = p->entry->write(p->key, text, len);
	kfree(text);
	if (err < 0)
		return err;
	*pos += len;
	return len;
}

static const struct file_ops procfs_file_ops = {
    .open = file_open,
    .release = file_release,
    .read = file_read_procfs,
    .write = file_write_text,
    .seekable = true,
};

/* ---- the file system -------------------------------------------------- */

static void
procfs_statfs(struct filesystem *fs, struct fs_statfs *out)
{
	*out = (struct fs_statfs){
	    .type = PROC_SUPER_MAGIC,
	    .block_size = PAGE_SIZE,
	    .name_max = NAME_MAX_BYTES,
	    .dev = fs->dev,
	};
}

static void
procfs_unmount(struct filesystem *fs)
{
	inode_put(fs->root);
	fs->root = NULL;
}

static void
procfs_release(struct filesystem *fs)
{
	kfree(fs);
}

static const struct filesystem_ops procfs_ops = {
    .statfs = procfs_statfs,
    .unmount = procfs_unmount,
    .release = procfs_release,
};

static int
open_procfs(const struct mount_request *request, struct filesystem **out)
{
	struct filesystem *fs = kzalloc(sizeof(*fs));
	int err;

	(void)request;
	if (!fs)
		return -ENOMEM;
	refcount_init(&fs->refs, 1);
	fs->ops = &procfs_ops;
	fs->type = "proc";
	fs->dev = filesystem_new_dev();
	err = make_inode(
	    fs, &root_entry, NULL, (struct procfs_key){0, 0}, &fs->root);
	if (err < 0)
		kfree(fs);
	else
		*out = fs;
	return err;
}

static struct filesystem_type procfs_type = {
    .name = "proc", .open = open_procfs};

void
procfs_init(void)
{
	procfs_add(&procfs_root, &calf_table);
	filesystem_register(&procfs_type);
}
