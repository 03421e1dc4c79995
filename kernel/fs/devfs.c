/*
 * /dev: a tmpfs with a node for every device that was registered by name, and
 * for every disk, and what opening a character device anywhere means.
 */
#include "fs/devfs.h"

#include <linux/poll.h>

#include "dev/block.h"
#include "dev/chardev.h"
#include "fs/devpts.h"
#include "fs/tmpfs.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"
#include "mm/slab.h"

/* ---- opening devices -------------------------------------------------- */

/* What file.private points to. */
struct open_device {
	const struct chardev_ops *ops;
	struct chardev_open open;
};

int
device_open_as(struct file *f, const struct chardev_ops *ops,
    int (*open)(struct chardev_open *o, void *arg), void *arg)
{
	struct open_device *d = kzalloc(sizeof(*d));
	int err = 0;

	if (!d)
		return -ENOMEM;
	d->ops = ops;
	d->open.dev = f->inode->rdev;
	d->open.flags = f->flags;
	if (open)
		err = open(&d->open, arg);
	else if (ops->open)
		err = ops->open(&d->open);
	if (err < 0) {
		kfree(d);
		return err;
	}
	if (ops->seekable)
		f->access |= FILE_SEEKABLE;
	f->ops = &chardev_file_ops;
	f->private = d;
	return 0;
}

void *
device_private(struct file *f, const struct chardev_ops *ops)
{
	struct open_device *d = f->private;

	if (f->ops != &chardev_file_ops || d->ops != ops)
		return NULL;
	return d->open.private;
}

static int
device_open(struct file *f)
{
	const struct chardev *dev;

	if (!S_ISCHR(f->inode->mode))
		return -ENXIO;
	if (f->inode->rdev == PTMX_DEVICE)
		return devpts_open_master(f);
	dev = chardev_find(f->inode->rdev);
	return dev ? device_open_as(f, dev->ops, NULL, NULL) : -ENXIO;
}

static void
device_release(struct file *f)
{
	struct open_device *d = f->private;

	if (d->ops->release)
		d->ops->release(&d->open);
	kfree(d);
}

/* The driver's view, with the flags as they are now. */
static struct chardev_open *
open_of(struct file *f)
{
	struct open_device *d = f->private;

	d->open.flags = file_flags(f);
	return &d->open;
}

static const struct chardev_ops *
ops_of(struct file *f)
{
	return ((struct open_device *)f->private)->ops;
}

static s64
device_read(struct file *f, struct iov_iter *to, u64 *pos)
{
	s64 n;

	if (!ops_of(f)->read)
		return -EINVAL;
	n = ops_of(f)->read(open_of(f), to, *pos);
	if (n > 0)
		*pos += n;
	return n;
}

static s64
device_write(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	s64 n;

	(void)who;
	if (!ops_of(f)->write)
		return -EINVAL;
	n = ops_of(f)->write(open_of(f), from, *pos);
	if (n > 0)
		*pos += n;
	return n;
}

static u32
device_poll(struct file *f, struct poll_table *t)
{
	if (!ops_of(f)->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return ops_of(f)->poll(open_of(f), t);
}

bool
chardev_can_poll(const struct file *f)
{
	return ((const struct open_device *)f->private)->ops->poll != NULL;
}

static s64
device_ioctl(const struct fs_who *who, struct file *f, u32 cmd, u64 arg)
{
	(void)who;
	if (!ops_of(f)->ioctl)
		return -ENOTTY;
	return ops_of(f)->ioctl(open_of(f), cmd, arg);
}

static int
device_map(struct file *f, struct object **out)
{
	if (!ops_of(f)->map)
		return -ENODEV;
	return ops_of(f)->map(open_of(f), out);
}

const struct file_ops chardev_file_ops = {
    .open = device_open,
    .release = device_release,
    .read = device_read,
    .write = device_write,
    .poll = device_poll,
    .ioctl = device_ioctl,
    .map = device_map,
};

/* ---- the tree --------------------------------------------------------- */

/*
 * Made at the first mount, and kept by a mount that stands nowhere.
 */
static struct mount *devfs_mount;
static struct mutex devfs_lock = MUTEX_INIT(devfs_lock, RANK_INODE);

/* What the walk over all devices needs. */
struct filling {
	struct inode *dir;
	int err; /* the first there was */
};

static void
make_node(struct filling *f, const char *name, const struct inode_new *new)
{
	struct inode *dir = f->dir, *inode;
	int err;

	mutex_lock_second(&dir->lock);
	err = dir->ops->create(dir, name_make(name, strlen(name)), new, &inode);
	mutex_unlock(&dir->lock);
	if (err == 0)
		inode_put(inode);
	if (f->err == 0)
		f->err = err;
}

static void
make_device_node(const struct chardev *dev, void *arg)
{
	struct inode_new new = {.mode = S_IFCHR | dev->mode, .rdev = dev->dev};

	if (dev->name)
		make_node(arg, dev->name, &new);
}

static void
make_disk_node(struct blockdev *dev, void *arg)
{
	struct inode_new new = {.mode = S_IFBLK | 0660, .rdev = dev->dev};

	make_node(arg, dev->name, &new);
}

static void
make_links(struct filling *f)
{
	static const struct {
		const char *name;
		const char *target;
	} links[] = {
	    {"fd", "/proc/self/fd"},
	    {"stdin", "/proc/self/fd/0"},
	    {"stdout", "/proc/self/fd/1"},
	    {"stderr", "/proc/self/fd/2"},
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(links); i++) {
		struct inode_new new = {
		    .mode = S_IFLNK | 0777, .target = links[i].target};

		make_node(f, links[i].name, &new);
	}
}

static int
make_tree(void)
{
	struct filesystem *fs;
	struct inode_new ptmx = {.mode = S_IFCHR | 0666, .rdev = PTMX_DEVICE};
	struct filling f = {.err = 0};
	struct mount *m;
	int err = tmpfs_create("devtmpfs", "mode=755", &fs);

	if (err < 0)
		return err;
	err = mount_create(fs, NULL, "devtmpfs", 0, &m);
	filesystem_put_opened(fs);
	if (err < 0)
		return err;
	f.dir = fs->root;
	chardev_for_each(make_device_node, &f);
	make_node(&f, "ptmx", &ptmx);
	block_for_each(make_disk_node, &f);
	make_links(&f);
	if (f.err < 0)
		mount_put(m);
	else
		devfs_mount = m;
	return f.err;
}

static int
open_devfs(const struct mount_request *request, struct filesystem **out)
{
	int err = 0;

	(void)request;
	mutex_lock(&devfs_lock);
	if (!devfs_mount)
		err = make_tree();
	if (err == 0) {
		*out = devfs_mount->fs;
		refcount_get(&(*out)->refs);
	}
	mutex_unlock(&devfs_lock);
	return err;
}

static struct filesystem_type devfs_type = {
    .name = "devtmpfs", .open = open_devfs};

void
devfs_init(void)
{
	filesystem_register(&devfs_type);
}
