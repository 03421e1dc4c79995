/*
 * Pairs of a devpts: their numbers, opening a master, opening a slave.
 */
#include <linux/stat.h>

#include "fs/devfs.h"
#include "fs/devpts_impl.h"
#include "lib/fmt.h"
#include "mm/slab.h"

static const struct file_ops slave_files;

static struct devpts_node *
node_of(struct inode *i)
{
	return container_of(i, struct devpts_node, inode);
}

/* ---- numbers ---------------------------------------------------------- */

/* The lowest that is free.  Errors: -ENOSPC. */
static int
take_number(struct devpts *d, u32 *out)
{
	u32 i = 0;
	int err = -ENOSPC;

	spin_lock(&d->lock);
	if (d->nr_taken < MIN(d->options.max, (u64)MAX_PTYS)) {
		while (d->taken[i])
			i++;
		d->taken[i] = true;
		d->nr_taken++;
		*out = i;
		err = 0;
	}
	spin_unlock(&d->lock);
	return err;
}

static void
give_number_back(struct devpts *d, u32 index)
{
	spin_lock(&d->lock);
	assert(d->taken[index] && !d->nodes[index]);
	d->taken[index] = false;
	d->nr_taken--;
	spin_unlock(&d->lock);
}

/* ---- pairs ------------------------------------------------------------ */

/* The name that somebody may have looked up goes with what it stood for. */
static void
forget_name(struct devpts *d, u32 index)
{
	char text[DEVPTS_NUMBER_CHARS];
	u32 len = fmt_snprint(text, sizeof(text), "%u", index);
	struct name name = name_make(text, len);
	struct dentry *top, *known;

	spin_lock(&mount_lock);
	top = d->fs.top ? dentry_get(d->fs.top) : NULL;
	spin_unlock(&mount_lock);
	if (!top)
		return;
	mutex_lock(&top->inode->lock);
	spin_lock(&dentry_lock);
	known = dentry_find_locked(top, name);
	if (known && !refcount_get_unless_zero(&known->refs))
		known = NULL;
	spin_unlock(&dentry_lock);
	if (known)
		dentry_delete(known);
	mutex_unlock(&top->inode->lock);
	dentry_put(known);
	dentry_put(top);
}

static void
master_closed(struct pty *p, void *arg)
{
	struct devpts *d = arg;
	u32 index = pty_index(p);
	struct devpts_node *node;

	spin_lock(&d->lock);
	node = d->nodes[index];
	d->nodes[index] = NULL;
	if (node)
		node->pty = NULL;
	spin_unlock(&d->lock);
	if (!node)
		return;
	forget_name(d, index);
	atomic_store(&node->inode.nlink, 0);
	inode_put(&node->inode);
}

static void
pair_released(u32 index, void *arg)
{
	struct devpts *d = arg;

	give_number_back(d, index);
	filesystem_put(&d->fs);
}

static const struct pty_owner owner = {
    .closed = master_closed,
    .released = pair_released,
};

static void
release_node(struct inode *i)
{
	struct filesystem *fs = i->fs;

	kfree(node_of(i));
	filesystem_put(fs);
}

static const struct inode_ops node_ops = {.release = release_node};

static struct devpts_node *
make_node(struct devpts *d, u32 index, struct pty *p)
{
	struct devpts_node *node = kzalloc(sizeof(*node));
	struct devpts_options o;
	struct tty_caller caller;
	struct inode_new new;

	if (!node)
		return NULL;
	spin_lock(&d->lock);
	o = d->options;
	spin_unlock(&d->lock);
	tty_caller(&caller);
	new = (struct inode_new){
	    .mode = S_IFCHR | (u32)o.mode,
	    .uid = o.uid == DEVPTS_NO_ID ? caller.uid : (u32)o.uid,
	    .gid = o.gid == DEVPTS_NO_ID ? caller.gid : (u32)o.gid,
	    .rdev = pty_slave(p)->device,
	};
	devpts_inode_begin(
	    &node->inode, d, index + DEVPTS_FIRST_INO, &new, &node_ops);
	node->inode.files = &slave_files;
	node->pty = p;
	return node;
}

/* A pair and its name.  Once there is a pair, its end gives the number back. */
static int
create_pair(struct devpts *d, struct pty **out)
{
	struct devpts_node *node;
	struct pty *p;
	u32 index;
	int err = take_number(d, &index);

	if (err < 0)
		return err;
	err = pty_create(&owner, d, index, &p);
	if (err < 0) {
		give_number_back(d, index);
		return err;
	}
	refcount_get(&d->fs.refs);
	node = make_node(d, index, p);
	if (!node) {
		pty_close_master(p);
		return -ENOMEM;
	}
	/* commit */
	spin_lock(&d->lock);
	d->nodes[index] = node;
	spin_unlock(&d->lock);
	*out = p;
	return 0;
}

static int
open_pair(struct chardev_open *o, void *arg)
{
	struct pty *p;
	int err = create_pair(arg, &p);

	if (err == 0)
		o->private = p;
	return err;
}

/* ---- which devpts ----------------------------------------------------- */

static bool
is_devpts_root(struct path p)
{
	return p.mount->fs->ops == &devpts_ops && p.dentry == p.mount->root;
}

/*
 * The root of the devpts that a node PTMX_DEVICE belongs to, with references.
 * Who may open the node need not have a right to what lies on the way.
 */
static int
find_root(struct path ptmx, struct path *out)
{
	struct file dir = {.path.mount = ptmx.mount};
	int err;

	dir.path.dentry = dentry_get_parent(ptmx.dentry);
	if (is_devpts_root(dir.path)) {
		*out = path_get(dir.path);
		err = 0;
	} else {
		err =
		    namei_lookup(fs_who_kernel(), fs_name(&dir, "pts"), 0, out);
	}
	dentry_put(dir.path.dentry);
	if (err < 0)
		return err == -ENOMEM ? err : -ENODEV;
	if (is_devpts_root(*out))
		return 0;
	path_put(*out);
	return -ENODEV;
}

int
devpts_open_master(struct file *f)
{
	struct path root;
	int err = find_root(f->path, &root);

	if (err < 0)
		return err;
	err = device_open_as(
	    f, &pty_master_ops, open_pair, devpts_of(root.mount->fs));
	path_put(root);
	return err;
}

/* ---- slaves ----------------------------------------------------------- */

static int
open_terminal(struct chardev_open *o, void *arg)
{
	return tty_open_device(o, arg);
}

static int
slave_open(struct file *f)
{
	struct devpts *d = devpts_of(f->inode->fs);
	struct tty *t = NULL;
	struct pty *p;
	int err;

	spin_lock(&d->lock);
	p = node_of(f->inode)->pty;
	if (p) {
		t = pty_slave(p);
		tty_get(t);
	}
	spin_unlock(&d->lock);
	if (!t)
		return -EIO;
	err = device_open_as(f, &tty_chardev_ops, open_terminal, t);
	tty_put(t);
	return err;
}

static const struct file_ops slave_files = {.open = slave_open};

bool
devpts_is_master(struct file *f)
{
	return device_private(f, &pty_master_ops) != NULL;
}

int
devpts_open_peer(struct file *master, u32 flags, struct file **out)
{
	struct pty *p = device_private(master, &pty_master_ops);
	char text[DEVPTS_NUMBER_CHARS];
	struct path root, slave;
	int err;

	err = find_root(master->path, &root);
	if (err < 0)
		return err;
	slave.mount = root.mount;
	err = dentry_lookup(root.dentry,
	    name_make(
		text, fmt_snprint(text, sizeof(text), "%u", pty_index(p))),
	    &slave.dentry);
	if (err == 0 && slave.dentry->inode->rdev != pty_slave(p)->device)
		err = -EIO;
	if (err == 0)
		err = file_create(slave, flags, out);
	dentry_put(slave.dentry);
	path_put(root);
	return err;
}
