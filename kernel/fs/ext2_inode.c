/* The files of an ext2 disk, in memory while somebody uses them. */
#include <linux/stat.h>

#include "dev/block.h"
#include "dev/chardev.h"
#include "fs/ext2_impl.h"
#include "fs/vfs_impl.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/slab.h"

#define NS_PER_S 1000000000l

/* ---- reading one from the disk ------------------------------------------ */

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

/* The block of the table of inodes, and the place in it. */
static int
find_raw(struct ext2 *e, u32 ino, struct buf **out, u32 *at)
{
	u32 group = (ino - 1) / e->inodes_per_group;
	u64 byte = (u64)((ino - 1) % e->inodes_per_group) * e->inode_bytes;
	u64 per_block = e->block_bytes / sizeof(struct ext2_group);
	const struct ext2_group *g;
	struct buf *b;
	u64 table;
	int err;

	err = ext2_block(e, e->first_block + 1 + group / per_block, &b);
	if (err < 0)
		return err;
	g = (const struct ext2_group *)b->data + group % per_block;
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

/* ---- the bytes of regular files ----------------------------------------- */

/* The part of page p that one block fills; a hole leaves zeroes. */
static int
fill_block(struct ext2 *e, const struct ext2_inode *i, u64 index,
    struct page *p, u32 offset, struct block_request *r)
{
	u32 block;
	int err = ext2_map(e, i->pointers, index, &block);

	if (err < 0 || block == 0)
		return err;
	if (block >= e->nr_blocks)
		return ext2_bad(e, "a file's block", block);
	r->op = BLOCK_READ;
	r->sector = (u64)block * (e->block_bytes >> SECTOR_SHIFT);
	r->nr_segments = 1;
	r->segments[0] = (struct block_segment){
	    .at = (char *)page_kva(p) + offset, .len_bytes = e->block_bytes};
	return block_do(e->dev, r);
}

static int
fill_page(struct object *o, u64 index, struct page *p)
{
	struct regular *regular = container_of(o, struct regular, object);
	struct ext2_inode *i =
	    container_of(regular, struct ext2_inode, regular);
	struct ext2 *e = ext2_of(regular->inode.fs);
	u64 per_page = PAGE_SIZE / e->block_bytes, n;
	u64 size = atomic_load(&regular->inode.size_bytes);
	struct block_request *r = kzalloc(sizeof(*r));
	int err = r ? 0 : -ENOMEM;

	for (n = 0; err == 0 && n < per_page; n++) {
		u64 block = index * per_page + n;

		/* Beyond the end, what the block has is nobody's. */
		if (block * e->block_bytes >= size)
			break;
		err = fill_block(e, i, block, p, n * e->block_bytes, r);
	}
	kfree(r);
	if (err == 0 && (index + 1) << PAGE_SHIFT > size &&
	    index << PAGE_SHIFT < size)
		memset((char *)page_kva(p) + size % PAGE_SIZE, 0,
		    PAGE_SIZE - size % PAGE_SIZE);
	return err;
}

static void
object_released(struct object *o)
{
	struct regular *r = container_of(o, struct regular, object);
	struct filesystem *fs = r->inode.fs;

	regular_destroy(r);
	kfree(container_of(r, struct ext2_inode, regular));
	filesystem_put(fs);
}

static const struct object_ops object_ops = {
    .fill = fill_page,
    .release = object_released,
    .describe = regular_describe,
};

static const struct regular_ops regular_ops = {};

/* ---- those in use ------------------------------------------------------- */

static struct ext2_inode **
bucket_of(struct ext2 *e, u64 ino)
{
	return &e->inodes[ino % EXT2_NR_BUCKETS];
}

static struct ext2_inode *
find_locked(struct ext2 *e, u64 ino) MUST_HOLD(&e->lock)
{
	struct ext2_inode *i;

	for (i = *bucket_of(e, ino); i; i = i->next)
		if (i->regular.inode.ino == ino &&
		    refcount_get_unless_zero(&i->regular.inode.refs))
			return i;
	return NULL;
}

void
ext2_inode_release(struct inode *inode)
{
	struct ext2 *e = ext2_of(inode->fs);
	struct ext2_inode *i = ext2_inode_of(inode);
	struct ext2_inode **at = bucket_of(e, inode->ino);

	spin_lock(&e->lock);
	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	spin_unlock(&e->lock);
	if (i->has_object) {
		regular_release(inode);
		return;
	}
	kfree(i);
	filesystem_put(&e->fs);
}

void
ext2_inode_stat(struct inode *inode, struct file_stat *out)
{
	out->blocks = ext2_inode_of(inode)->nr_sectors;
	out->block_size = ext2_of(inode->fs)->block_bytes;
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

static const struct inode_ops file_ops = {
    .stat = ext2_inode_stat, .release = ext2_inode_release};

static const struct inode_ops symlink_ops = {.readlink = read_symlink,
    .stat = ext2_inode_stat,
    .release = ext2_inode_release};

/* ---- making one --------------------------------------------------------- */

static void
set_kind(struct ext2_inode *i, struct filesystem *fs, u64 ino,
    const struct inode_new *new, u64 size)
{
	struct inode *inode = &i->regular.inode;

	i->has_object = S_ISREG(new->mode);
	if (i->has_object) {
		regular_init(
		    &i->regular, fs, ino, new, &regular_ops, &object_ops);
		object_grow(&i->regular.object, size);
		inode->ops = &file_ops;
		return;
	}
	inode_init(inode, fs, ino, new);
	inode->ops = &file_ops;
	if (S_ISDIR(new->mode)) {
		inode->ops = &ext2_dir_ops;
		inode->files = &ext2_dir_file_ops;
	} else if (S_ISLNK(new->mode)) {
		inode->ops = &symlink_ops;
	}
}

static int
check_raw(const struct ext2 *e, const struct ext2_raw_inode *raw, u32 ino)
{
	if (!is_known_type(raw->mode))
		return ext2_bad(e, "the type of inode", ino);
	if (raw->nr_links == 0)
		return ext2_bad(e, "a name of the deleted inode", ino);
	if (size_of(raw) > e->max_bytes)
		return ext2_bad(e, "the size of inode", ino);
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
make_inode(struct ext2 *e, u32 ino, const struct ext2_raw_inode *raw,
    struct ext2_inode **out)
{
	struct inode_new new = {
	    .mode = raw->mode,
	    .uid = (u32)raw->uid_high << 16 | raw->uid_low,
	    .gid = (u32)raw->gid_high << 16 | raw->gid_low,
	    .rdev = device_of(raw),
	};
	int err = check_raw(e, raw, ino);
	struct ext2_inode *i;
	struct inode *inode;

	if (err < 0)
		return err;
	i = kzalloc(sizeof(*i));
	if (!i)
		return -ENOMEM;
	if (!S_ISCHR(raw->mode) && !S_ISBLK(raw->mode))
		new.rdev = 0;
	set_kind(i, &e->fs, ino, &new, size_of(raw));
	inode = &i->regular.inode;
	inode->nlink = raw->nr_links;
	inode->size_bytes = size_of(raw);
	read_times(e, raw, inode);
	memcpy(i->pointers, raw->pointers, sizeof(i->pointers));
	i->nr_sectors = raw->nr_sectors;
	i->is_short_link = S_ISLNK(raw->mode) && !has_blocks(e, raw);
	refcount_get(&e->fs.refs);
	*out = i;
	return 0;
}

static int
read_inode(struct ext2 *e, u32 ino, struct ext2_inode **out)
{
	struct ext2_raw_inode raw = {};
	struct buf *b;
	u32 at;
	int err = find_raw(e, ino, &b, &at);

	if (err < 0)
		return err;
	memcpy(&raw, b->data + at, MIN(sizeof(raw), (size_t)e->inode_bytes));
	buf_put(b);
	return make_inode(e, ino, &raw, out);
}

int
ext2_inode_get(struct ext2 *e, u32 ino, struct inode **out)
{
	struct ext2_inode *i, *there;
	int err;

	if (ino == 0 || ino > e->nr_inodes ||
	    (ino < e->first_ino && ino != EXT2_ROOT_INO))
		return ext2_bad(e, "the number of an inode", ino);
	spin_lock(&e->lock);
	i = find_locked(e, ino);
	spin_unlock(&e->lock);
	if (!i) {
		err = read_inode(e, ino, &i);
		if (err < 0)
			return err;
		spin_lock(&e->lock);
		there = find_locked(e, ino);
		/* In any case, so that its release finds it. */
		i->next = *bucket_of(e, ino);
		*bucket_of(e, ino) = i;
		spin_unlock(&e->lock);
		if (there) {
			inode_put(&i->regular.inode);
			i = there;
		}
	}
	*out = &i->regular.inode;
	return 0;
}
