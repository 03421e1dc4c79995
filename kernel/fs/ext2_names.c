/*
 * Changing directories: entries lie in a block one behind the other, and each
 * says where the next one begins, so room is what an entry has beyond its name.
 *
 * A directory with a tree of hashes (dir_index) is one with such entries too,
 * and is used as that; what changes it takes the mark off, since the tree is
 * not kept.
 */
#include <linux/stat.h>

#include "fs/ext2_impl.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct ext2_raw_name *
raw_at(const struct buf *b, u32 at)
{
	return (struct ext2_raw_name *)(b->data + at);
}

/* The disk's numbers of types. */
static u8
type_of(const struct ext2 *e, u32 mode)
{
	static const struct {
		u32 mode;
		u8 type;
	} types[] = {
	    {S_IFREG, 1},
	    {S_IFDIR, 2},
	    {S_IFCHR, 3},
	    {S_IFBLK, 4},
	    {S_IFIFO, 5},
	    {S_IFSOCK, 6},
	    {S_IFLNK, 7},
	};
	u32 n;

	for (n = 0; e->has_types && n < ARRAY_SIZE(types); n++)
		if ((mode & S_IFMT) == types[n].mode)
			return types[n].type;
	return 0;
}

static void
set_inode(const struct ext2 *e, struct ext2_raw_name *n, const struct inode *i)
{
	n->ino = (u32)i->ino;
	n->type = type_of(e, i->mode);
}

static void
set_name(const struct ext2 *e, struct ext2_raw_name *n, const char *text,
    u32 len, const struct inode *i)
{
	n->name_bytes = (u8)len;
	memcpy((char *)n + EXT2_NAME_HEAD, text, len);
	set_inode(e, n, i);
}

/* The caller stores the directory, with its new times and perhaps flags. */
static void
changes(struct inode *dir, struct handle *h, struct ext2_entry *e)
{
	journal_change(h, e->b);
	ext2_inode_of(dir)->flags &= ~EXT2_FLAG_INDEX;
}

void
ext2_entry_put(struct ext2_entry *e)
{
	buf_put(e->b);
	e->b = NULL;
}

/* ---- finding ------------------------------------------------------------ */

static int
entry_at(struct inode *dir, u64 at, struct ext2_entry *out)
{
	int err = ext2_dir_block(dir, at, &out->b);

	out->at = at % ext2_of(dir->fs)->block_bytes;
	if (err < 0)
		out->b = NULL;
	/* It was there; others have changed what says where, by its alias. */
	else if (!out->b)
		err = ext2_broken(
		    ext2_of(dir->fs), "a block of the directory", dir->ino);
	return err;
}

int
ext2_entry_find(struct inode *dir, struct name name, struct ext2_entry *out)
{
	u64 at;
	u32 ino;
	int err = ext2_dir_find(dir, name, &at, &ino);

	out->b = NULL;
	return err < 0 ? err : entry_at(dir, at, out);
}

struct room {
	struct ext2_visitor visitor;
	u32 need;
	bool found;
	u64 at;
};

static bool
has_room(struct ext2_visitor *v, const struct ext2_found *f, u64 at)
{
	struct room *r = container_of(v, struct room, visitor);
	u32 used = f->ino != 0 ? EXT2_NAME_BYTES(f->len) : 0;

	if (f->next - at < used + r->need)
		return true;
	r->found = true;
	r->at = at;
	return false;
}

/* One more block, all of it room. */
static int
lengthen(struct inode *dir, struct handle *h, struct ext2_entry *out)
{
	struct ext2 *e = ext2_of(dir->fs);
	struct ext2_inode *i = ext2_inode_of(dir);
	u64 at = align_up(dir->size_bytes, e->block_bytes);
	struct ext2_hold hold;
	bool fresh;
	int err;

	if (at + e->block_bytes > INT32_MAX)
		return -ENOSPC;
	err = ext2_hold(i, &hold);
	if (err < 0)
		return err;
	err = ext2_map_create_buf(i, h, at / e->block_bytes, &fresh, &out->b);
	if (err == 0 && !fresh)
		err = ext2_broken(e, "a block behind the directory", dir->ino);
	if (err == 0) {
		raw_at(out->b, 0)->len_bytes = (u16)e->block_bytes;
		out->at = 0;
		dir->size_bytes = at + e->block_bytes;
	}
	/* Indirect blocks may have come even where that is all. */
	ext2_store_held(&hold, h);
	ext2_unhold(&hold);
	return err;
}

int
ext2_entry_find_room(struct inode *dir, struct handle *h, struct name name,
    struct ext2_entry *out)
{
	struct room r = {
	    .visitor = {.fn = has_room, .dots = true, .gaps = true},
	    .need = EXT2_NAME_BYTES(name.len),
	};
	u64 from = 0;
	int err = ext2_dir_visit(dir, &from, &r.visitor);

	out->b = NULL;
	if (err < 0)
		return err;
	err = r.found ? entry_at(dir, r.at, out) : lengthen(dir, h, out);
	if (err < 0)
		ext2_entry_put(out);
	return err;
}

/* ---- changing, which does not fail -------------------------------------- */

/*
 * All of the block was looked at when the entry was found.  But on a broken
 * disk it may be somebody else's as well, an inode's that was stored since:
 * then nothing of the change comes to the disk.
 */
static bool
is_as_found(struct inode *dir, const struct ext2_entry *e, u32 need)
{
	struct ext2 *d = ext2_of(dir->fs);
	const struct ext2_raw_name *n = raw_at(e->b, e->at);
	u32 used = n->ino != 0 ? EXT2_NAME_BYTES(n->name_bytes) : 0;

	if (n->len_bytes >= EXT2_NAME_HEAD && n->len_bytes % 4 == 0 &&
	    used + need <= n->len_bytes &&
	    e->at + n->len_bytes <= d->block_bytes)
		return true;
	(void)ext2_broken(d, "a block of the directory", dir->ino);
	return false;
}

void
ext2_entry_add(struct inode *dir, struct handle *h, struct ext2_entry *e,
    struct name name, const struct inode *inode)
{
	struct ext2_raw_name *n = raw_at(e->b, e->at);
	u32 used = n->ino != 0 ? EXT2_NAME_BYTES(n->name_bytes) : 0;
	u16 len_bytes = n->len_bytes;

	if (!is_as_found(dir, e, EXT2_NAME_BYTES(name.len)))
		return;
	changes(dir, h, e);
	if (used > 0) {
		n->len_bytes = (u16)used;
		n = raw_at(e->b, e->at + used);
		n->len_bytes = (u16)(len_bytes - used);
	}
	set_name(ext2_of(dir->fs), n, name.text, name.len, inode);
}

/* The entry before it in its block; NULL: it is the first. */
static struct ext2_raw_name *
find_before(const struct ext2_entry *e)
{
	struct ext2_raw_name *before = NULL;
	u32 at = 0;

	while (at < e->at) {
		before = raw_at(e->b, at);
		if (before->len_bytes < EXT2_NAME_HEAD)
			return NULL;
		at += before->len_bytes;
	}
	return at == e->at ? before : NULL;
}

/* The one before it takes the room; the first becomes a gap. */
void
ext2_entry_remove(struct inode *dir, struct handle *h, struct ext2_entry *e)
{
	struct ext2_raw_name *gone = raw_at(e->b, e->at), *before;

	if (!is_as_found(dir, e, 0))
		return;
	changes(dir, h, e);
	before = find_before(e);
	gone->ino = 0;
	if (before)
		before->len_bytes += gone->len_bytes;
}

void
ext2_entry_set(struct inode *dir, struct handle *h, struct ext2_entry *e,
    const struct inode *inode)
{
	changes(dir, h, e);
	set_inode(ext2_of(dir->fs), raw_at(e->b, e->at), inode);
}

/* ---- what new files begin with ------------------------------------------ */

static int
first_block(struct inode *i, struct handle *h, struct buf **out)
{
	bool fresh;

	return ext2_map_create_buf(ext2_inode_of(i), h, 0, &fresh, out);
}

int
ext2_dir_begin(struct inode *dir, struct handle *h, const struct inode *parent)
{
	struct ext2 *e = ext2_of(dir->fs);
	struct ext2_raw_name *n;
	struct buf *b;
	int err = first_block(dir, h, &b);

	if (err < 0)
		return err;
	n = raw_at(b, 0);
	n->len_bytes = EXT2_NAME_BYTES(1);
	set_name(e, n, ".", 1, dir);
	n = raw_at(b, EXT2_NAME_BYTES(1));
	n->len_bytes = (u16)(e->block_bytes - EXT2_NAME_BYTES(1));
	set_name(e, n, "..", 2, parent);
	dir->size_bytes = e->block_bytes;
	buf_put(b);
	return 0;
}

int
ext2_symlink_begin(struct inode *i, struct handle *h, const char *target)
{
	struct buf *b;
	int err = first_block(i, h, &b);

	if (err < 0)
		return err;
	memcpy(b->data, target, i->size_bytes);
	buf_put(b);
	return 0;
}
