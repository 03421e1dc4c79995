/*
 * The file system of pseudo-terminals.
 *
 *	devpts --nodes[n]--> node n --> pty --> its slave
 *	  +--ptmx                        |
 *	  ^------------------------------+
 *
 * A name is there while the master is open.  The number stays taken until
 * nobody uses either end: a slave that is still open, though hung up, is not
 * mistaken for the next one of that number.
 *
 * Names come and go by themselves, so none is kept (N2 in dentry.c), and one
 * that somebody still has is taken from him with the master's last close.
 */
#include <linux/magic.h>
#include <linux/stat.h>

#include "fs/devpts_impl.h"
#include "fs/mount_options.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/slab.h"

/* Positions in the directory: the dots have the first two. */
#define PTMX_POS  2
#define FIRST_POS 3

/* ---- inodes ----------------------------------------------------------- */

void
devpts_inode_begin(struct inode *i, struct devpts *d, u64 ino,
    const struct inode_new *new, const struct inode_ops *ops)
{
	inode_init(i, &d->fs, ino, new);
	refcount_get(&d->fs.refs);
	i->ops = ops;
}

static struct inode *
make_plain(struct devpts *d, u64 ino, const struct inode_new *new,
    const struct inode_ops *ops)
{
	struct inode *i = kmalloc(sizeof(*i));

	if (i)
		devpts_inode_begin(i, d, ino, new, ops);
	return i;
}

static void
release_plain(struct inode *i)
{
	struct filesystem *fs = i->fs;

	kfree(i);
	filesystem_put(fs);
}

static const struct inode_ops plain_ops = {.release = release_plain};

/* ---- the directory ---------------------------------------------------- */

/* A number as it is written, without zeroes before it. */
static bool
parse_index(struct name name, u32 *out)
{
	u32 n = 0, i;

	if (name.len == 0 || name.len > 4 ||
	    (name.text[0] == '0' && name.len > 1))
		return false;
	for (i = 0; i < name.len; i++) {
		if (name.text[i] < '0' || name.text[i] > '9')
			return false;
		n = 10 * n + (name.text[i] - '0');
	}
	*out = n;
	return n < MAX_PTYS;
}

static bool
is_ptmx(struct name name)
{
	return name.len == 4 && strncmp(name.text, "ptmx", 4) == 0;
}

static int
lookup(struct inode *dir, struct name name, struct inode **out)
{
	struct devpts *d = devpts_of(dir->fs);
	struct inode *found = NULL;
	u32 index;

	if (is_ptmx(name)) {
		*out = inode_get(d->ptmx);
		return 0;
	}
	if (!parse_index(name, &index))
		return -ENOENT;
	spin_lock(&d->lock);
	if (d->nodes[index])
		found = inode_get(&d->nodes[index]->inode);
	spin_unlock(&d->lock);
	*out = found;
	return found ? 0 : -ENOENT;
}

/* Only an open of ptmx makes a name. */
static int
refuse_name(struct inode *dir, struct name name, const struct inode_new *new,
    struct inode **out)
{
	(void)dir;
	(void)name;
	(void)out;
	return S_ISREG(new->mode) ? -EACCES : -EPERM;
}

static const struct inode_ops root_ops = {
    .lookup = lookup,
    .create = refuse_name,
    .release = release_plain,
};

static bool
has_node(struct devpts *d, u32 index)
{
	bool has;

	spin_lock(&d->lock);
	has = d->nodes[index] != NULL;
	spin_unlock(&d->lock);
	return has;
}

static bool
emit_number(struct dir_sink *sink, u32 index)
{
	char text[DEVPTS_NUMBER_CHARS];
	u32 len = fmt_snprint(text, sizeof(text), "%u", index);

	return sink->emit(sink, (struct name){text, len, 0},
	    index + DEVPTS_FIRST_INO, S_IFCHR >> 12, index + FIRST_POS + 1);
}

static int
readdir(struct file *f, struct dir_sink *sink, u64 *pos)
{
	struct devpts *d = devpts_of(f->inode->fs);
	struct name ptmx = {"ptmx", 4, 0};

	if (*pos <= PTMX_POS) {
		if (!sink->emit(
			sink, ptmx, DEVPTS_PTMX_INO, S_IFCHR >> 12, FIRST_POS))
			return 0;
		*pos = FIRST_POS;
	}
	for (; *pos < FIRST_POS + MAX_PTYS; ++*pos) {
		u32 index = *pos - FIRST_POS;

		if (has_node(d, index) && !emit_number(sink, index))
			return 0;
	}
	return 0;
}

static const struct file_ops root_files = {
    .readdir = readdir,
    .seekable = true,
};

/* ---- the file system -------------------------------------------------- */

static void
devpts_statfs(struct filesystem *fs, struct fs_statfs *out)
{
	*out = (struct fs_statfs){
	    .type = DEVPTS_SUPER_MAGIC,
	    .block_size = PAGE_SIZE,
	    .name_max = NAME_MAX_BYTES,
	    .dev = fs->dev,
	};
}

/* Those that text says, in place of those in o. */
static int
parse_options(struct devpts_options *o, const char *text)
{
	const struct mount_option known[] = {
	    {"uid=", &o->uid, 10},
	    {"gid=", &o->gid, 10},
	    {"mode=", &o->mode, 8},
	    {"ptmxmode=", &o->ptmx_mode, 8},
	    {"max=", &o->max, 10},
	    {"newinstance", NULL, 0},
	};
	int err = mount_options_parse(known, ARRAY_SIZE(known), text);

	o->mode &= MODE_BITS;
	o->ptmx_mode &= MODE_BITS;
	return err;
}

static void
devpts_options(struct filesystem *fs, char *buf, size_t cap)
{
	struct devpts *d = devpts_of(fs);
	struct devpts_options o;
	size_t len = 0;

	spin_lock(&d->lock);
	o = d->options;
	spin_unlock(&d->lock);
	if (o.uid != DEVPTS_NO_ID)
		len += fmt_snprint(buf + len, cap - len, ",uid=%lu", o.uid);
	if (o.gid != DEVPTS_NO_ID)
		len += fmt_snprint(buf + len, cap - len, ",gid=%lu", o.gid);
	len += fmt_snprint(buf + len, cap - len, ",mode=%03lo,ptmxmode=%03lo",
	    o.mode, o.ptmx_mode);
	if (o.max < MAX_PTYS)
		fmt_snprint(buf + len, cap - len, ",max=%lu", o.max);
}

static int
devpts_remount(struct filesystem *fs, bool read_only, const char *options)
{
	struct devpts *d = devpts_of(fs);
	struct devpts_options o = d->options;
	int err = parse_options(&o, options);

	(void)read_only;
	if (err < 0)
		return err;
	spin_lock(&d->lock);
	d->options = o;
	spin_unlock(&d->lock);
	mutex_lock(&d->ptmx->lock);
	atomic_store(&d->ptmx->mode, S_IFCHR | o.ptmx_mode);
	mutex_unlock(&d->ptmx->lock);
	return 0;
}

static void
devpts_unmount(struct filesystem *fs)
{
	struct devpts *d = devpts_of(fs);

	inode_put(d->ptmx);
	d->ptmx = NULL;
	inode_put(fs->root);
	fs->root = NULL;
}

static void
devpts_release(struct filesystem *fs)
{
	assert(devpts_of(fs)->nr_taken == 0);
	kfree(devpts_of(fs));
}

const struct filesystem_ops devpts_ops = {
    .statfs = devpts_statfs,
    .options = devpts_options,
    .remount = devpts_remount,
    .unmount = devpts_unmount,
    .release = devpts_release,
};

static int
make_tree(struct devpts *d)
{
	struct inode_new root = {.mode = S_IFDIR | 0755};
	struct inode_new ptmx = {
	    .mode = S_IFCHR | d->options.ptmx_mode, .rdev = PTMX_DEVICE};

	d->fs.root = make_plain(d, DEVPTS_ROOT_INO, &root, &root_ops);
	if (!d->fs.root)
		return -ENOMEM;
	d->fs.root->files = &root_files;
	d->fs.root->nlink = 2;
	d->ptmx = make_plain(d, DEVPTS_PTMX_INO, &ptmx, &plain_ops);
	if (d->ptmx)
		return 0;
	inode_put(d->fs.root);
	return -ENOMEM;
}

static int
devpts_open(const struct mount_request *request, struct filesystem **out)
{
	struct devpts_options o = {.uid = DEVPTS_NO_ID,
	    .gid = DEVPTS_NO_ID,
	    .mode = 0600,
	    .max = MAX_PTYS};
	struct devpts *d;
	int err = parse_options(&o, request->data);

	if (err < 0)
		return err;
	d = kzalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	refcount_init(&d->fs.refs, 1);
	d->fs.ops = &devpts_ops;
	d->fs.type = "devpts";
	d->fs.dev = filesystem_new_dev();
	spin_init(&d->lock, RANK_DEVPTS);
	d->options = o;
	err = make_tree(d);
	if (err < 0)
		filesystem_put(&d->fs);
	else
		*out = &d->fs;
	return err;
}

static struct filesystem_type devpts_type = {
    .name = "devpts", .open = devpts_open};

void
devpts_init(void)
{
	filesystem_register(&devpts_type);
}
