/*
 * tmpfs: a file system that is nothing but its inodes.
 *
 *	tmpfs --root--> tmpfs_dir --entries--> tmpfs_entry --> inode
 *
 * A directory is a tree of entries ordered by a cookie, which is made of the
 * name's hash and a number that tells names of the same hash apart.  The one
 * tree serves look-up by name and reading in a fixed order: a cookie stays what
 * it is while others come and go, so getdents can be taken up again anywhere.
 *
 * An entry holds a reference to its inode; an inode without entries lives as
 * long as it is open, and frees itself.  Every inode holds a reference to the
 * file system, for a mapping may outlive the mount.
 *
 * Pages are counted after the fact, since mappings fill holes on their own:
 * the limit may be passed by what is mapped, and is kept by what is written.
 */
#include "fs/tmpfs.h"

#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "fs/mount_options.h"
#include "fs/regular.h"
#include "fs/tmpfs_impl.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/slab.h"

struct tmpfs_regular {
	struct regular regular; /* first */
	u64 charged_pages;      /* the object's: of its pages, those counted */
};

struct tmpfs_symlink {
	struct inode inode; /* first */
	char target[];
};

/* ---- accounts --------------------------------------------------------- */

/* 0 stands for no limit, as in mount's options. */
static u64
limit_or_none(u64 limit)
{
	return limit ? limit : ~0ul >> 1;
}

static int
charge_inode(struct tmpfs *t, u64 *ino)
{
	int err = -ENOSPC;

	if (atomic_add(&t->nr_inodes, 1) <= atomic_load(&t->max_inodes))
		err = tmpfs_number_get(&t->numbers, ino);
	if (err < 0)
		atomic_sub(&t->nr_inodes, 1);
	else
		refcount_get(&t->fs.refs);
	return err;
}

static void
uncharge_inode(struct tmpfs *t, u64 ino)
{
	tmpfs_number_put(&t->numbers, ino);
	atomic_sub(&t->nr_inodes, 1);
	filesystem_put(&t->fs);
}

static struct tmpfs_regular *
tmpfs_regular_of(struct regular *r)
{
	return container_of(r, struct tmpfs_regular, regular);
}

/* Brings the account up to what the object has. */
static void
recharge(struct regular *r)
{
	struct tmpfs *t = tmpfs_of(r->inode.fs);
	struct tmpfs_regular *tr = tmpfs_regular_of(r);

	mutex_lock(&r->object.lock);
	atomic_add(&t->nr_pages, r->object.nr_pages - tr->charged_pages);
	tr->charged_pages = r->object.nr_pages;
	mutex_unlock(&r->object.lock);
}

/* Pages of [pos, pos + len) that would have to be made, up to max. */
static u64
missing_pages(struct object *o, u64 pos, u64 len, u64 max, u64 *end)
{
	u64 index = pos >> PAGE_SHIFT, next, missing = 0;

	for (; index << PAGE_SHIFT < pos + len; index++) {
		if (object_next_page(o, index, &next) && next == index)
			continue;
		if (missing == max)
			break;
		missing++;
	}
	*end = index << PAGE_SHIFT;
	return missing;
}

static s64
tmpfs_room(struct regular *r, u64 pos, u64 len)
{
	struct tmpfs *t = tmpfs_of(r->inode.fs);
	u64 used = atomic_load(&t->nr_pages), end;
	u64 max = atomic_load(&t->max_pages);
	u64 free = used < max ? max - used : 0;

	/* Far from the limit nothing needs to be looked at. */
	if (len >> PAGE_SHIFT < free && free - (len >> PAGE_SHIFT) > 1)
		return len;
	(void)missing_pages(&r->object, pos, len, free, &end);
	if (end <= pos)
		return -ENOSPC;
	return MIN(len, end - pos);
}

static const struct regular_ops tmpfs_regular_ops = {
    .room = tmpfs_room,
    .changed = recharge,
};

/* ---- inodes ----------------------------------------------------------- */

static void
object_released(struct object *o)
{
	struct regular *r = container_of(o, struct regular, object);
	struct tmpfs_regular *tr = tmpfs_regular_of(r);
	struct tmpfs *t = tmpfs_of(r->inode.fs);
	u64 ino = r->inode.ino;

	atomic_sub(&t->nr_pages, tr->charged_pages);
	regular_destroy(r);
	kfree(tr);
	uncharge_inode(t, ino);
}

static const struct object_ops tmpfs_object_ops = {
    .release = object_released,
    .describe = regular_describe,
};

static const struct inode_ops tmpfs_regular_inode_ops = {
    .setattr = regular_setattr,
    .release = regular_release,
};

static void
release_plain(struct inode *i)
{
	struct tmpfs *t = tmpfs_of(i->fs);
	u64 ino = i->ino;

	kfree(i);
	uncharge_inode(t, ino);
}

static const struct inode_ops tmpfs_special_ops = {.release = release_plain};

static int
read_symlink(struct inode *i, char *buf, size_t cap)
{
	struct tmpfs_symlink *s = container_of(i, struct tmpfs_symlink, inode);

	(void)!str_copy(buf, cap, s->target);
	return 0;
}

static const struct inode_ops tmpfs_symlink_ops = {
    .readlink = read_symlink,
    .release = release_plain,
};

static struct inode *
make_regular(struct tmpfs *t, u64 ino, const struct inode_new *new)
{
	struct tmpfs_regular *r = kmalloc(sizeof(*r));

	if (!r)
		return NULL;
	regular_init(&r->regular, &t->fs, ino, new, &tmpfs_regular_ops,
	    &tmpfs_object_ops);
	r->regular.inode.ops = &tmpfs_regular_inode_ops;
	r->charged_pages = 0;
	return &r->regular.inode;
}

static struct inode *
make_symlink(struct tmpfs *t, u64 ino, const struct inode_new *new)
{
	size_t len = strlen(new->target);
	struct tmpfs_symlink *s = kmalloc(sizeof(*s) + len + 1);

	if (!s)
		return NULL;
	inode_init(&s->inode, &t->fs, ino, new);
	s->inode.ops = &tmpfs_symlink_ops;
	s->inode.size_bytes = len;
	memcpy(s->target, new->target, len + 1);
	return &s->inode;
}

static struct inode *
make_special(struct tmpfs *t, u64 ino, const struct inode_new *new)
{
	struct inode *i = kmalloc(sizeof(*i));

	if (!i)
		return NULL;
	inode_init(i, &t->fs, ino, new);
	i->ops = &tmpfs_special_ops;
	return i;
}

int
tmpfs_create_inode(
    struct tmpfs *t, const struct inode_new *new, struct inode **out)
{
	u64 ino;
	int err = charge_inode(t, &ino);

	if (err < 0)
		return err;
	switch (new->mode &S_IFMT) {
	case S_IFREG:
		*out = make_regular(t, ino, new);
		break;
	case S_IFDIR:
		*out = tmpfs_make_dir(t, ino, new);
		break;
	case S_IFLNK:
		*out = make_symlink(t, ino, new);
		break;
	default:
		*out = make_special(t, ino, new);
	}
	if (*out)
		return 0;
	uncharge_inode(t, ino);
	return -ENOMEM;
}

void
tmpfs_release_dir(struct inode *i)
{
	assert(rb_empty(&tmpfs_dir_of(i)->entries));
	release_plain(i);
}

/* ---- the file system -------------------------------------------------- */

static void
tmpfs_statfs(struct filesystem *fs, struct fs_statfs *out)
{
	struct tmpfs *t = tmpfs_of(fs);
	u64 used = atomic_load(&t->nr_pages);
	u64 inodes = atomic_load(&t->nr_inodes);
	u64 max_pages = atomic_load(&t->max_pages);
	u64 max_inodes = atomic_load(&t->max_inodes);

	/* No limit is told as 0. */
	if (max_pages == limit_or_none(0))
		max_pages = 0;
	if (max_inodes == limit_or_none(0))
		max_inodes = 0;
	*out = (struct fs_statfs){
	    .type = TMPFS_MAGIC,
	    .block_size = PAGE_SIZE,
	    .nr_blocks = max_pages,
	    .nr_free = max_pages - MIN(used, max_pages),
	    .nr_files = max_inodes,
	    .nr_free_files = max_inodes - MIN(inodes, max_inodes),
	    .name_max = NAME_MAX_BYTES,
	    .dev = fs->dev,
	};
}

static void
tmpfs_release(struct filesystem *fs)
{
	struct tmpfs *t = tmpfs_of(fs);

	assert(t->nr_inodes == 0 && t->nr_pages == 0);
	tmpfs_numbers_destroy(&t->numbers);
	kfree(t);
}

/* ---- options ---------------------------------------------------------- */

#define USUAL_MODE 01777
#define NOT_SAID   (~0ul)

struct options {
	u64 size_bytes;
	u64 nr_inodes;
	u64 mode;
	u64 uid;
	u64 gid;
};

static u64
default_pages(void)
{
	return page_count / 2;
}

/* Adds to the text in buf; unit comes behind the number. */
static void
tell(char *buf, size_t cap, const char *name, u64 value, const char *unit)
{
	size_t len = strlen(buf);
	u64 shown = value == limit_or_none(0) ? 0 : value;

	fmt_snprint(buf + len, cap - len, ",%s=%lu%s", name, shown, unit);
}

/* Those that are not what they are when nothing is said. */
static void
tell_options(struct filesystem *fs, char *buf, size_t cap)
{
	const struct tmpfs *t = tmpfs_of(fs);
	u64 pages = atomic_load(&t->max_pages);
	u64 inodes = atomic_load(&t->max_inodes);
	bool limited = pages != limit_or_none(0);

	*buf = 0;
	if (pages != default_pages())
		tell(buf, cap, "size", limited ? pages * (PAGE_SIZE / 1024) : 0,
		    "k");
	if (inodes != default_pages())
		tell(buf, cap, "nr_inodes", inodes, "");
	if (t->mode != USUAL_MODE)
		fmt_snprint(
		    buf + strlen(buf), cap - strlen(buf), ",mode=%o", t->mode);
	if (t->uid != 0)
		tell(buf, cap, "uid", t->uid, "");
	if (t->gid != 0)
		tell(buf, cap, "gid", t->gid, "");
}

/* Sets those that text speaks of. */
static int
parse_options(struct options *o, const char *text)
{
	const struct mount_option known[] = {
	    {"size=", &o->size_bytes, BASE_OF_MEMORY},
	    {"nr_inodes=", &o->nr_inodes, 0},
	    {"mode=", &o->mode, 8},
	    {"uid=", &o->uid, 10},
	    {"gid=", &o->gid, 10},
	};

	return mount_options_parse(known, ARRAY_SIZE(known), text);
}

static u64
pages_of(const struct options *o)
{
	return limit_or_none(align_up(o->size_bytes, PAGE_SIZE) >> PAGE_SHIFT);
}

/*
 * A limit goes no lower than what is in use, and where there is none there will
 * be none.  Whose the root is, and its mode, is what the mount said.
 */
static int
tmpfs_remount(struct filesystem *fs, bool read_only, const char *text)
{
	struct tmpfs *t = tmpfs_of(fs);
	u64 had_pages = atomic_load(&t->max_pages), pages;
	u64 had_inodes = atomic_load(&t->max_inodes), inodes;
	struct options o = {.size_bytes = NOT_SAID, .nr_inodes = NOT_SAID};
	int err = parse_options(&o, text);

	(void)read_only;
	if (err < 0)
		return err;
	pages = o.size_bytes == NOT_SAID ? had_pages : pages_of(&o);
	inodes =
	    o.nr_inodes == NOT_SAID ? had_inodes : limit_or_none(o.nr_inodes);
	if (pages < had_pages &&
	    (had_pages == limit_or_none(0) ||
		pages < atomic_load(&t->nr_pages)))
		return -EINVAL;
	if (inodes < had_inodes &&
	    (had_inodes == limit_or_none(0) ||
		inodes < atomic_load(&t->nr_inodes)))
		return -EINVAL;
	atomic_store(&t->max_pages, pages);
	atomic_store(&t->max_inodes, inodes);
	return 0;
}

static const struct filesystem_ops tmpfs_ops = {
    .statfs = tmpfs_statfs,
    .options = tell_options,
    .remount = tmpfs_remount,
    .unmount = tmpfs_empty,
    .release = tmpfs_release,
};

int
tmpfs_create(const char *type, const char *data, struct filesystem **out)
{
	struct options o = {
	    .size_bytes = default_pages() * PAGE_SIZE,
	    .nr_inodes = default_pages(),
	    .mode = USUAL_MODE,
	};
	struct inode_new root = {};
	struct tmpfs *t;
	int err = parse_options(&o, data);

	if (err < 0)
		return err;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	refcount_init(&t->fs.refs, 1);
	tmpfs_numbers_init(&t->numbers);
	t->fs.ops = &tmpfs_ops;
	t->fs.type = type;
	t->fs.keeps_names = true;
	t->fs.dev = filesystem_new_dev();
	t->max_pages = pages_of(&o);
	t->max_inodes = limit_or_none(o.nr_inodes);
	t->mode = o.mode & 07777;
	t->uid = o.uid;
	t->gid = o.gid;
	root.mode = S_IFDIR | t->mode;
	root.uid = o.uid;
	root.gid = o.gid;
	err = tmpfs_create_inode(t, &root, &t->fs.root);
	if (err < 0) {
		tmpfs_numbers_destroy(&t->numbers);
		kfree(t);
		return err;
	}
	t->fs.root->nlink = 2;
	*out = &t->fs;
	return 0;
}

static int
open_tmpfs(const struct mount_request *request, struct filesystem **out)
{
	int err = tmpfs_create("tmpfs", request->data, out);

	if (err == 0)
		(*out)->read_only = request->flags & MS_RDONLY;
	return err;
}

static struct filesystem_type tmpfs_type = {
    .name = "tmpfs", .open = open_tmpfs};
static struct filesystem_type ramfs_type = {
    .name = "ramfs", .open = open_tmpfs};

void
tmpfs_init(void)
{
	filesystem_register(&ramfs_type);
	filesystem_register(&tmpfs_type);
}
