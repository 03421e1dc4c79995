/*
 * Directories of ext2: files whose blocks are lists of names.  A name never
 * lies in two blocks, and those of one block fill it to its end.
 */
#include "core/thread.h"
#include "fs/ext2_impl.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "lib/string.h"

/*
 * Positions are those of the names on the disk, and two more: 0 and 1 are the
 * dots, which come from above.
 */
#define FIRST_POS 2

/* One name, as it lies in a buffer. */
struct found {
	const char *text;
	u32 len;
	u32 ino;
	u8 type;
	u64 next; /* byte of the directory that the next one begins at */
};

static struct ext2 *
disk_of(const struct inode *dir)
{
	return ext2_of(dir->fs);
}

/* The buffer with byte at of the directory; NULL for a hole. */
static int
get_block(struct inode *dir, u64 at, struct buf **out)
{
	struct ext2 *e = disk_of(dir);
	u32 block;
	int err = ext2_map(
	    e, ext2_inode_of(dir)->pointers, at / e->block_bytes, &block);

	*out = NULL;
	if (err < 0 || block == 0)
		return err;
	return ext2_block(e, block, out);
}

/* What a disk says about itself may be anything: it is looked at first. */
static int
read_name(struct inode *dir, const struct buf *b, u64 at, struct found *f)
{
	struct ext2 *e = disk_of(dir);
	u32 in_block = at % e->block_bytes;
	const struct ext2_raw_name *n =
	    (const struct ext2_raw_name *)(b->data + in_block);
	u32 left = e->block_bytes - in_block;

	if (left < EXT2_NAME_HEAD || n->len_bytes < EXT2_NAME_HEAD ||
	    n->len_bytes % 4 != 0 || n->len_bytes > left ||
	    (u32)n->name_bytes + EXT2_NAME_HEAD > n->len_bytes)
		return ext2_bad(e, "a name in the directory", dir->ino);
	f->text = (const char *)n + EXT2_NAME_HEAD;
	f->len = n->name_bytes;
	f->ino = n->ino;
	f->type = e->has_types ? n->type : 0;
	f->next = at + n->len_bytes;
	return 0;
}

static bool
is_dots(const struct found *f)
{
	return (f->len == 1 && f->text[0] == '.') ||
	    (f->len == 2 && f->text[0] == '.' && f->text[1] == '.');
}

/* Whoever wants the names of a block: false ends it. */
struct visitor {
	bool (*fn)(struct visitor *v, const struct found *f, u64 at);
};

/*
 * Every name from byte *at on, block by block, until the visitor has had
 * enough: *at is the name that it did not take.
 */
static int
visit_block(struct inode *dir, struct buf *b, u64 *at, u64 end,
    struct visitor *v, bool *more)
{
	struct found f;
	int err;

	while (*at < end) {
		err = read_name(dir, b, *at, &f);
		if (err < 0)
			return err;
		if (f.ino != 0 && !is_dots(&f) && !v->fn(v, &f, *at)) {
			*more = false;
			return 0;
		}
		*at = f.next;
	}
	return 0;
}

static int
visit(struct inode *dir, u64 *at, struct visitor *v)
{
	u32 bytes = disk_of(dir)->block_bytes;
	u64 size = align_down(dir->size_bytes, bytes);
	bool more = true;
	int err = 0;

	while (err == 0 && more && *at < size) {
		u64 end = align_down(*at, bytes) + bytes;
		struct buf *b;

		err = get_block(dir, *at, &b);
		if (err < 0)
			break;
		if (b)
			err = visit_block(dir, b, at, end, v, &more);
		else
			*at = end;
		buf_put(b);
		if (thread_must_end())
			return -EINTR;
	}
	return err;
}

/* ---- look-up ------------------------------------------------------------ */

struct search {
	struct visitor visitor;
	struct name name;
	u32 ino;
};

static bool
compare(struct visitor *v, const struct found *f, u64 at)
{
	struct search *s = container_of(v, struct search, visitor);

	(void)at;
	if (f->len != s->name.len || memcmp(f->text, s->name.text, f->len) != 0)
		return true;
	s->ino = f->ino;
	return false;
}

static int
lookup(struct inode *dir, struct name name, struct inode **out)
{
	struct search s = {.visitor = {compare}, .name = name};
	u64 at = 0;
	int err = visit(dir, &at, &s.visitor);

	if (err < 0)
		return err;
	if (s.ino == 0)
		return -ENOENT;
	return ext2_inode_get(disk_of(dir), s.ino, out);
}

const struct inode_ops ext2_dir_ops = {
    .lookup = lookup,
    .stat = ext2_inode_stat,
    .release = ext2_inode_release,
};

/* ---- reading ------------------------------------------------------------ */

struct listing {
	struct visitor visitor;
	struct dir_sink *sink;
};

static bool
emit(struct visitor *v, const struct found *f, u64 at)
{
	/* The disk's numbers of types and those that getdents gives. */
	static const u8 types[] = {0, 8, 4, 2, 6, 1, 12, 10};
	struct listing *l = container_of(v, struct listing, visitor);
	struct name name = {f->text, f->len, 0};
	u32 type = f->type < ARRAY_SIZE(types) ? types[f->type] : 0;

	(void)at;
	return l->sink->emit(l->sink, name, f->ino, type, f->next + FIRST_POS);
}

/* A position that is no name's is moved to the next one that is. */
static int
find_start(struct inode *dir, u64 want, u64 *at)
{
	u32 bytes = disk_of(dir)->block_bytes;
	struct found f;
	struct buf *b;
	int err = 0;

	*at = align_down(want, bytes);
	if (*at >= align_down(dir->size_bytes, bytes) || *at == want)
		return 0;
	err = get_block(dir, *at, &b);
	while (err == 0 && b && *at < want) {
		err = read_name(dir, b, *at, &f);
		if (err == 0)
			*at = f.next;
	}
	buf_put(b);
	return err;
}

static int
readdir(struct file *file, struct dir_sink *sink, u64 *pos)
{
	struct listing l = {.visitor = {emit}, .sink = sink};
	u64 at;
	int err = find_start(file->inode, *pos - FIRST_POS, &at);

	if (err == 0)
		err = visit(file->inode, &at, &l.visitor);
	/* What was given before an error is given. */
	*pos = at + FIRST_POS;
	return err;
}

static int
sync(struct file *f, bool data_only)
{
	(void)f;
	(void)data_only;
	return 0;
}

const struct file_ops ext2_dir_file_ops = {
    .readdir = readdir,
    .sync = sync,
    .seekable = true,
};
