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

static struct ext2 *
disk_of(const struct inode *dir)
{
	return ext2_of(dir->fs);
}

int
ext2_dir_block(struct inode *dir, u64 at, struct buf **out)
{
	struct ext2 *e = disk_of(dir);
	u32 block;
	int err = ext2_map(ext2_inode_of(dir), at / e->block_bytes, &block);

	*out = NULL;
	if (err < 0 || block == 0)
		return err;
	return ext2_block(e, block, out);
}

/* What a disk says about itself may be anything: it is looked at first. */
int
ext2_dir_read_name(
    struct inode *dir, const struct buf *b, u64 at, struct ext2_found *f)
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
is_dots(const struct ext2_found *f)
{
	return (f->len == 1 && f->text[0] == '.') ||
	    (f->len == 2 && f->text[0] == '.' && f->text[1] == '.');
}

static bool
is_wanted(const struct ext2_visitor *v, const struct ext2_found *f)
{
	if (f->ino == 0)
		return v->gaps;
	return v->dots || !is_dots(f);
}

/*
 * Every name from byte *at on, block by block, until the visitor has had
 * enough: *at is the name that it did not take.
 */
static int
visit_block(struct inode *dir, struct buf *b, u64 *at, u64 end,
    struct ext2_visitor *v, bool *more)
{
	struct ext2_found f;
	int err;

	while (*at < end) {
		err = ext2_dir_read_name(dir, b, *at, &f);
		if (err < 0)
			return err;
		if (is_wanted(v, &f) && !v->fn(v, &f, *at)) {
			*more = false;
			return 0;
		}
		*at = f.next;
	}
	return 0;
}

int
ext2_dir_visit(struct inode *dir, u64 *at, struct ext2_visitor *v)
{
	u32 bytes = disk_of(dir)->block_bytes;
	u64 size = align_down(dir->size_bytes, bytes);
	bool more = true;
	int err = 0;

	while (err == 0 && more && *at < size) {
		u64 end = align_down(*at, bytes) + bytes;
		struct buf *b;

		err = ext2_dir_block(dir, *at, &b);
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
	struct ext2_visitor visitor;
	struct name name;
	u32 ino;
	u64 at;
};

static bool
compare(struct ext2_visitor *v, const struct ext2_found *f, u64 at)
{
	struct search *s = container_of(v, struct search, visitor);

	if (f->len != s->name.len || memcmp(f->text, s->name.text, f->len) != 0)
		return true;
	s->ino = f->ino;
	s->at = at;
	return false;
}

int
ext2_dir_find(struct inode *dir, struct name name, u64 *at, u32 *ino)
{
	struct search s = {
	    .visitor = {.fn = compare, .dots = true},
	    .name = name,
	};
	u64 from = 0;
	int err = ext2_dir_visit(dir, &from, &s.visitor);

	if (err < 0)
		return err;
	*at = s.at;
	*ino = s.ino;
	return s.ino == 0 ? -ENOENT : 0;
}

int
ext2_lookup(struct inode *dir, struct name name, struct inode **out)
{
	u64 at;
	u32 ino;
	int err = ext2_dir_find(dir, name, &at, &ino);

	return err < 0 ? err : ext2_inode_get(disk_of(dir), ino, out);
}

struct emptiness {
	struct ext2_visitor visitor;
	bool found;
};

/* One name is enough to know. */
static bool
note_found(struct ext2_visitor *v, const struct ext2_found *f, u64 at)
{
	(void)f;
	(void)at;
	container_of(v, struct emptiness, visitor)->found = true;
	return false;
}

int
ext2_dir_check_empty(struct inode *dir)
{
	struct emptiness e = {.visitor = {.fn = note_found}};
	u64 at = 0;
	int err = ext2_dir_visit(dir, &at, &e.visitor);

	if (err < 0)
		return err;
	return e.found ? -ENOTEMPTY : 0;
}

/* ---- reading ------------------------------------------------------------ */

struct listing {
	struct ext2_visitor visitor;
	struct dir_sink *sink;
	bool bad; /* there was a name that is none */
};

/*
 * Nobody could use it, and who puts it behind a path would be elsewhere.  Not
 * looked at in look-up, which compares it with a name that is one.
 */
static bool
is_name(const struct ext2_found *f)
{
	u32 n;

	for (n = 0; n < f->len; n++)
		if (f->text[n] == '/' || f->text[n] == 0)
			return false;
	return f->len > 0;
}

static bool
emit(struct ext2_visitor *v, const struct ext2_found *f, u64 at)
{
	/* The disk's numbers of types and those that getdents gives. */
	static const u8 types[] = {0, 8, 4, 2, 6, 1, 12, 10};
	struct listing *l = container_of(v, struct listing, visitor);
	struct name name = {f->text, f->len, 0};
	u32 type = f->type < ARRAY_SIZE(types) ? types[f->type] : 0;

	(void)at;
	l->bad = !is_name(f);
	return !l->bad &&
	    l->sink->emit(l->sink, name, f->ino, type, f->next + FIRST_POS);
}

/* A position that is no name's is moved to the next one that is. */
static int
find_start(struct inode *dir, u64 want, u64 *at)
{
	u32 bytes = disk_of(dir)->block_bytes;
	struct ext2_found f;
	struct buf *b;
	int err = 0;

	*at = align_down(want, bytes);
	if (*at >= align_down(dir->size_bytes, bytes) || *at == want)
		return 0;
	err = ext2_dir_block(dir, *at, &b);
	while (err == 0 && b && *at < want) {
		err = ext2_dir_read_name(dir, b, *at, &f);
		if (err == 0)
			*at = f.next;
	}
	buf_put(b);
	return err;
}

static int
readdir(struct file *file, struct dir_sink *sink, u64 *pos)
{
	struct listing l = {.visitor = {.fn = emit}, .sink = sink};
	u64 at;
	int err = find_start(file->inode, *pos - FIRST_POS, &at);

	if (err == 0)
		err = ext2_dir_visit(file->inode, &at, &l.visitor);
	if (err == 0 && l.bad)
		err = ext2_bad(disk_of(file->inode), "a name in the directory",
		    file->inode->ino);
	/* What was given before an error is given. */
	*pos = at + FIRST_POS;
	return err;
}

static int
sync(struct file *f, bool data_only)
{
	(void)data_only;
	return ext2_sync(f->inode->fs);
}

const struct file_ops ext2_dir_file_ops = {
    .readdir = readdir,
    .sync = sync,
    .seekable = true,
};
