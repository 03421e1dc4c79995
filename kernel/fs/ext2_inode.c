/*
 * Inodes: how a file lies in the tables of the disk, and in memory.  A change
 * of the one in memory is stored by who makes it, within the same handle.
 */
#include <linux/stat.h>

#include "dev/block.h"
#include "dev/chardev.h"
#include "fs/ext2_impl.h"
#include "fs/vfs_impl.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/slab.h"

#define NS_PER_S 1000000000l

/* ---- fields ------------------------------------------------------------- */

/* What a raw inode holds beyond the 128 bytes that all have. */
static bool
has_extra(const struct ext2 *e, const struct ext2_raw_inode *raw, size_t end)
{
	return e->inode_bytes >= sizeof(*raw) &&
	    raw->extra_bytes >=
	    end - offsetof(struct ext2_raw_inode, extra_bytes);
}

#define HAS_EXTRA(e, raw, field)                                               \
	has_extra(e, raw,                                                      \
	    offsetof(struct ext2_raw_inode, field) + sizeof((raw)->field))

/*
 * Two bits of extra are more of the seconds, the rest are nanoseconds.  Our
 * times end in the year 2262, those of the disk two centuries later.
 */
static s64
time_of(u32 seconds, u32 extra)
{
	s64 s = (s32)seconds + ((s64)(extra & 3) << 32);

	s = MIN(s, INT64_MAX / NS_PER_S - 1);
	return s * NS_PER_S + MIN(extra >> 2, (u32)NS_PER_S - 1);
}

static void
read_times(
    const struct ext2 *e, const struct ext2_raw_inode *raw, struct inode *i)
{
	bool extra = HAS_EXTRA(e, raw, btime_extra);

	i->atime_ns = time_of(raw->atime_s, extra ? raw->atime_extra : 0);
	i->mtime_ns = time_of(raw->mtime_s, extra ? raw->mtime_extra : 0);
	i->ctime_ns = time_of(raw->ctime_s, extra ? raw->ctime_extra : 0);
	i->btime_ns = extra ? time_of(raw->btime_s, raw->btime_extra) : 0;
}

/* Old device numbers have 16 bits, new ones are in the second pointer. */
static u32
device_of(const struct ext2_raw_inode *raw)
{
	u32 old = raw->pointers[0];

	return old != 0 ? dev_make(old >> 8 & 0xff, old & 0xff)
			: raw->pointers[1];
}

static u64
size_of(const struct ext2_raw_inode *raw)
{
	if (S_ISREG(raw->mode))
		return (u64)raw->size_high << 32 | raw->size_low;
	return raw->size_low;
}

static u32
old_device(u32 dev)
{
	u32 major = dev_major(dev), minor = dev_minor(dev);

	return major < 256 && minor < 256 ? major << 8 | minor : 0;
}

static void
store_time(s64 ns, u32 *seconds, u32 *extra)
{
	s64 s = ns / NS_PER_S;
	s64 rest = ns % NS_PER_S;

	if (rest < 0) {
		s--;
		rest += NS_PER_S;
	}
	/* Without those bits the last time that there is. */
	if (extra == NULL)
		s = MAX((s64)INT32_MIN, MIN(s, (s64)INT32_MAX));
	*seconds = (u32)s;
	if (extra != NULL)
		*extra = (u32)rest << 2 | (((s - (s32)s) >> 32) & 3);
}

static void
store_times(
    const struct ext2 *e, struct ext2_raw_inode *raw, const struct inode *i)
{
	bool extra = HAS_EXTRA(e, raw, btime_extra);

	store_time(
	    i->atime_ns, &raw->atime_s, extra ? &raw->atime_extra : NULL);
	store_time(
	    i->mtime_ns, &raw->mtime_s, extra ? &raw->mtime_extra : NULL);
	store_time(
	    i->ctime_ns, &raw->ctime_s, extra ? &raw->ctime_extra : NULL);
	if (extra)
		store_time(i->btime_ns, &raw->btime_s, &raw->btime_extra);
}

/* ---- its place ---------------------------------------------------------- */

int
ext2_find_raw(struct ext2 *e, u32 ino, struct buf **out, u32 *at)
{
	u64 byte = (u64)((ino - 1) % e->inodes_per_group) * e->inode_bytes;
	struct ext2_group *g;
	struct buf *b;
	u64 table;
	int err = ext2_group(e, (ino - 1) / e->inodes_per_group, &b, &g);

	if (err < 0)
		return err;
	table = g->inode_table;
	buf_put(b);
	*at = byte % e->block_bytes;
	return ext2_block(e, table + byte / e->block_bytes, out);
}

static bool
is_known_type(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return true;
	default:
		return false;
	}
}

/* ---- storing ------------------------------------------------------------ */

static void
store_fields(struct ext2_inode *i, struct ext2_raw_inode *raw)
{
	const struct inode *inode = &i->regular.inode;

	raw->mode = (u16)inode->mode;
	raw->uid_low = (u16)inode->uid;
	raw->uid_high = (u16)(inode->uid >> 16);
	raw->gid_low = (u16)inode->gid;
	raw->gid_high = (u16)(inode->gid >> 16);
	raw->nr_links = (u16)inode->nlink;
	raw->size_low = (u32)inode->size_bytes;
	if (S_ISREG(inode->mode))
		raw->size_high = (u32)(inode->size_bytes >> 32);
	raw->nr_sectors = i->nr_sectors;
	raw->flags = i->flags;
	raw->generation = i->generation;
	raw->attributes = i->attributes;
	raw->deleted_s = i->deleted_s;
	memcpy(raw->pointers, i->pointers, sizeof(raw->pointers));
}

/* A file that only numbers of more than 31 bits can measure: the disk says so.
 */
static void
note_large(struct ext2 *e, struct handle *h, const struct inode *inode)
{
	if (!S_ISREG(inode->mode) || inode->size_bytes <= INT32_MAX ||
	    e->disk->revision == 0 || (e->disk->ro_compat & EXT2_RO_LARGE_FILE))
		return;
	journal_change(h, e->super_buf);
	e->disk->ro_compat |= EXT2_RO_LARGE_FILE;
}

int
ext2_hold(struct ext2_inode *i, struct ext2_hold *out)
{
	out->i = i;
	return ext2_find_raw(ext2_disk_of(i), ext2_ino(i), &out->b, &out->at);
}

void
ext2_unhold(struct ext2_hold *p)
{
	buf_put(p->b);
	p->b = NULL;
}

void
ext2_store_held(struct ext2_hold *p, struct handle *h)
{
	struct ext2_inode *i = p->i;
	struct ext2 *e = ext2_disk_of(i);
	struct ext2_raw_inode *raw =
	    (struct ext2_raw_inode *)(p->b->data + p->at);

	mutex_lock(&i->blocks);
	journal_change(h, p->b);
	store_fields(i, raw);
	store_times(e, raw, &i->regular.inode);
	note_large(e, h, &i->regular.inode);
	mutex_unlock(&i->blocks);
}

int
ext2_store(struct ext2_inode *i, struct handle *h)
{
	struct ext2_hold p;
	int err = ext2_hold(i, &p);

	if (err < 0)
		return err;
	ext2_store_held(&p, h);
	ext2_unhold(&p);
	return 0;
}

int
ext2_store_alone(struct ext2_inode *i)
{
	struct handle h;
	int err = ext2_begin(ext2_disk_of(i), EXT2_STORE_CREDITS + 1, &h);

	if (err < 0)
		return err;
	err = ext2_store(i, &h);
	journal_end(&h);
	return err;
}

static int
change_atime(struct ext2_inode *i, struct handle *h)
{
	struct ext2_raw_inode *raw;
	struct ext2_hold p;
	bool extra;
	int err = ext2_hold(i, &p);

	if (err < 0)
		return err;
	raw = (struct ext2_raw_inode *)(p.b->data + p.at);
	extra = HAS_EXTRA(ext2_disk_of(i), raw, btime_extra);
	mutex_lock(&i->blocks);
	journal_change(h, p.b);
	store_time(atomic_load(&i->regular.inode.atime_ns), &raw->atime_s,
	    extra ? &raw->atime_extra : NULL);
	mutex_unlock(&i->blocks);
	ext2_unhold(&p);
	return 0;
}

int
ext2_store_atime(struct ext2_inode *i)
{
	struct handle h;
	int err = ext2_begin(ext2_disk_of(i), EXT2_STORE_CREDITS, &h);

	if (err < 0)
		return err;
	err = change_atime(i, &h);
	journal_end(&h);
	return err;
}

static int
keep(struct inode *inode)
{
	return ext2_store_alone(ext2_inode_of(inode));
}

/* ---- what can be done with one ------------------------------------------ */

/* Whole seconds, before 1970 as well. */
static s64
without_ns(s64 ns)
{
	s64 rest = ns % NS_PER_S;

	return ns - rest - (rest < 0 ? NS_PER_S : 0);
}

/* What is not on the disk is not seen: it would be gone some time later. */
static void
show_what_is_kept(const struct ext2 *e, struct file_stat *out)
{
	if (e->inode_bytes > EXT2_OLD_INODE)
		return;
	out->atime_ns = without_ns(out->atime_ns);
	out->mtime_ns = without_ns(out->mtime_ns);
	out->ctime_ns = without_ns(out->ctime_ns);
	out->btime_ns = 0;
}

void
ext2_inode_stat(struct inode *inode, struct file_stat *out)
{
	show_what_is_kept(ext2_of(inode->fs), out);
	out->blocks = ext2_inode_of(inode)->nr_sectors;
	out->block_size = ext2_of(inode->fs)->block_bytes;
}

/* Whoever changes nothing but numbers: is there anywhere to put them? */
static int
check_writable(const struct inode *inode)
{
	const struct ext2 *e = ext2_of(inode->fs);

	return e->journal && !journal_is_aborted(e->journal) ? 0 : -EROFS;
}

int
ext2_setattr(struct inode *inode, const struct inode_attr *attr)
{
	int err = check_writable(inode);

	if (err == 0 && (attr->valid & ATTR_SIZE))
		err = ext2_set_size(ext2_inode_of(inode), attr->size_bytes);
	return err;
}

/* What of the disk's flags is heeded. */
static void
heed_flags(struct ext2_inode *i)
{
	u32 flags = 0;

	if (i->flags & EXT2_FLAG_IMMUTABLE)
		flags |= INODE_IMMUTABLE;
	if (i->flags & EXT2_FLAG_APPEND)
		flags |= INODE_APPEND;
	atomic_store(&i->regular.inode.flags, flags);
}

static u32
get_flags(struct inode *inode)
{
	return ext2_inode_of(inode)->flags & EXT2_FLAGS_SEEN;
}

static int
set_flags(struct inode *inode, u32 flags)
{
	struct ext2_inode *i = ext2_inode_of(inode);
	u32 may = EXT2_FLAGS_CHANGED, was = i->flags;
	int err;

	if (flags & ~EXT2_FLAGS_SEEN)
		return -EOPNOTSUPP;
	if (S_ISREG(inode->mode))
		may &= ~EXT2_FLAGS_DIRECTORY;
	else if (!S_ISDIR(inode->mode))
		may &= EXT2_FLAGS_OTHER;
	i->flags = (was & ~may) | (flags & may);
	inode->ctime_ns = inode_now_ns();
	err = ext2_store_alone(i);
	if (err < 0)
		i->flags = was;
	heed_flags(i);
	return err;
}

static int
read_symlink(struct inode *inode, char *buf, size_t cap)
{
	struct ext2_inode *i = ext2_inode_of(inode);
	struct ext2 *e = ext2_of(inode->fs);
	u64 len = inode->size_bytes;
	struct buf *b;
	int err;

	if (len == 0 || len >= cap || len >= e->block_bytes)
		return ext2_bad(e, "the length of a link", len);
	if (i->is_short_link) {
		if (len > sizeof(i->pointers))
			return ext2_bad(e, "the length of a short link", len);
		memcpy(buf, i->pointers, len);
	} else {
		err = ext2_block(e, i->pointers[0], &b);
		if (err < 0)
			return err;
		memcpy(buf, b->data, len);
		buf_put(b);
	}
	buf[len] = 0;
	return 0;
}

const struct inode_ops ext2_file_ops = {
    .setattr = ext2_setattr,
    .keep = keep,
    .accessed = ext2_cache_accessed,
    .get_flags = get_flags,
    .set_flags = set_flags,
    .stat = ext2_inode_stat,
    .release = ext2_inode_release,
};

static const struct inode_ops symlink_ops = {
    .readlink = read_symlink,
    .setattr = ext2_setattr,
    .keep = keep,
    .accessed = ext2_cache_accessed,
    .get_flags = get_flags,
    .set_flags = set_flags,
    .stat = ext2_inode_stat,
    .release = ext2_inode_release,
};

const struct inode_ops ext2_dir_ops = {
    .lookup = ext2_lookup,
    .create = ext2_create,
    .tmpfile = ext2_tmpfile,
    .link = ext2_link,
    .unlink = ext2_unlink,
    .rename = ext2_rename,
    .setattr = ext2_setattr,
    .keep = keep,
    .accessed = ext2_cache_accessed,
    .get_flags = get_flags,
    .set_flags = set_flags,
    .stat = ext2_inode_stat,
    .release = ext2_inode_release,
};

/* ---- making one in memory ----------------------------------------------- */

static void
set_kind(struct ext2_inode *i, struct filesystem *fs, u64 ino,
    const struct inode_new *new)
{
	struct inode *inode = &i->regular.inode;

	i->has_object = S_ISREG(new->mode);
	if (i->has_object)
		regular_init(&i->regular, fs, ino, new, &ext2_regular_ops,
		    &ext2_object_ops);
	else
		inode_init(inode, fs, ino, new);
	inode->ops = &ext2_file_ops;
	if (S_ISDIR(new->mode)) {
		inode->ops = &ext2_dir_ops;
		inode->files = &ext2_dir_file_ops;
	} else if (S_ISLNK(new->mode)) {
		inode->ops = &symlink_ops;
	}
}

static struct ext2_inode *
make(struct ext2 *e, u32 ino, const struct inode_new *new)
{
	struct ext2_inode *i = kzalloc(sizeof(*i));

	if (!i)
		return NULL;
	set_kind(i, &e->fs, ino, new);
	mutex_init(&i->blocks, RANK_DISK_BLOCKS);
	list_init(&i->idle);
	list_init(&i->dirty);
	list_init(&i->mapped);
	list_init(&i->accessed);
	list_init(&i->orphan);
	refcount_get(&e->fs.refs);
	return i;
}

void
ext2_inode_destroy(struct ext2_inode *i)
{
	struct filesystem *fs = i->regular.inode.fs;

	if (i->has_object) {
		object_destroy(&i->regular.object);
		return;
	}
	kfree(i);
	filesystem_put(fs);
}

void
ext2_object_released(struct object *o)
{
	struct regular *r = container_of(o, struct regular, object);
	struct filesystem *fs = r->inode.fs;

	regular_destroy(r);
	kfree(container_of(r, struct ext2_inode, regular));
	filesystem_put(fs);
}

/* orphan: it may have lost its last name. */
static int
check_raw(const struct ext2 *e, const struct ext2_raw_inode *raw, u32 ino,
    bool orphan)
{
	if (!is_known_type(raw->mode))
		return ext2_bad(e, "the type of inode", ino);
	if (raw->nr_links == 0 && !orphan)
		return ext2_bad(e, "a name of the deleted inode", ino);
	if (size_of(raw) > e->max_bytes)
		return ext2_bad(e, "the size of inode", ino);
	/* It has no holes, and is gone through from end to end. */
	if (S_ISDIR(raw->mode) && raw->size_low / e->block_bytes > e->nr_blocks)
		return ext2_bad(e, "the size of directory", ino);
	/* Whoever reads one gets memory for it first. */
	if (S_ISLNK(raw->mode) && raw->size_low >= e->block_bytes)
		return ext2_bad(e, "the length of the link", ino);
	return 0;
}

/* A file takes blocks of its own, and not only one of extended attributes. */
static bool
has_blocks(const struct ext2 *e, const struct ext2_raw_inode *raw)
{
	u32 others = raw->attributes != 0 ? e->block_bytes >> SECTOR_SHIFT : 0;

	return raw->nr_sectors != others;
}

static int
make_from_raw(struct ext2 *e, u32 ino, const struct ext2_raw_inode *raw,
    struct ext2_inode **out)
{
	struct inode_new new = {
	    .mode = raw->mode,
	    .uid = (u32)raw->uid_high << 16 | raw->uid_low,
	    .gid = (u32)raw->gid_high << 16 | raw->gid_low,
	};
	struct ext2_inode *i;
	struct inode *inode;

	if (S_ISCHR(raw->mode) || S_ISBLK(raw->mode))
		new.rdev = device_of(raw);
	i = make(e, ino, &new);
	if (!i)
		return -ENOMEM;
	inode = &i->regular.inode;
	inode->nlink = raw->nr_links;
	inode->size_bytes = size_of(raw);
	if (i->has_object)
		object_grow(&i->regular.object, inode->size_bytes);
	read_times(e, raw, inode);
	memcpy(i->pointers, raw->pointers, sizeof(i->pointers));
	i->nr_sectors = raw->nr_sectors;
	i->flags = raw->flags;
	heed_flags(i);
	i->attributes = raw->attributes;
	i->generation = raw->generation;
	i->next_orphan = raw->deleted_s;
	i->is_short_link = S_ISLNK(raw->mode) && !has_blocks(e, raw);
	*out = i;
	return 0;
}

/* The journal's has no name and is no orphan: its blocks are the log's. */
static bool
is_number_for(const struct ext2 *e, u32 ino, enum ext2_use use)
{
	if (ino == 0 || ino > e->nr_inodes)
		return false;
	switch (use) {
	case EXT2_AS_NAMED:
		return ino >= e->first_ino || ino == EXT2_ROOT_INO;
	case EXT2_AS_ORPHAN:
		return ino >= e->first_ino;
	case EXT2_AS_LOG:
		return ino == EXT2_JOURNAL_INO;
	}
	return false;
}

int
ext2_inode_read(
    struct ext2 *e, u32 ino, enum ext2_use use, struct ext2_inode **out)
{
	struct ext2_raw_inode raw = {};
	struct buf *b;
	u32 at;
	int err;

	if (!is_number_for(e, ino, use))
		return ext2_bad(e, "the number of an inode", ino);
	err = ext2_find_raw(e, ino, &b, &at);
	if (err < 0)
		return err;
	memcpy(&raw, b->data + at, MIN(sizeof(raw), (size_t)e->inode_bytes));
	buf_put(b);
	err = check_raw(e, &raw, ino, use == EXT2_AS_ORPHAN);
	return err < 0 ? err : make_from_raw(e, ino, &raw, out);
}

static void
begin_pointers(struct ext2_inode *i, const struct inode_new *new)
{
	size_t len;

	if (S_ISCHR(new->mode) || S_ISBLK(new->mode)) {
		i->pointers[0] = old_device(new->rdev);
		i->pointers[1] = i->pointers[0] != 0 ? 0 : new->rdev;
	} else if (S_ISLNK(new->mode)) {
		len = strlen(new->target);
		i->regular.inode.size_bytes = len;
		i->is_short_link = len < sizeof(i->pointers);
		if (i->is_short_link)
			memcpy(i->pointers, new->target, len);
	}
}

int
ext2_inode_create(struct ext2 *e, struct handle *h, u32 ino,
    const struct inode_new *new, struct ext2_inode **out)
{
	struct ext2_inode *i;
	struct buf *b;
	u32 at;
	int err = ext2_find_raw(e, ino, &b, &at);

	if (err < 0)
		return err;
	i = make(e, ino, new);
	err = -ENOMEM;
	if (i) {
		i->generation = atomic_add(&e->next_generation, 1);
		begin_pointers(i, new);
		err = ext2_cache_enter(e, i);
	}
	if (err < 0)
		goto out;
	/* commit */
	journal_change(h, b);
	memset(b->data + at, 0, e->inode_bytes);
	if (e->inode_bytes >= sizeof(struct ext2_raw_inode))
		((struct ext2_raw_inode *)(b->data + at))->extra_bytes =
		    EXT2_EXTRA_BYTES;
	*out = i;
out:
	if (err < 0 && i)
		ext2_cache_discard(i);
	buf_put(b);
	return err;
}
