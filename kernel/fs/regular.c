#include "fs/regular.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "core/thread.h"
#include "fs/vfs_impl.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/audit.h"
#include "mm/slab.h"

/* The end of the longest file: positions are signed. */
#define MAX_BYTES ((u64)INT64_MAX)

static struct regular *
of_object(struct object *o)
{
	return container_of(o, struct regular, object);
}

void
regular_init(struct regular *r, struct filesystem *fs, u64 ino,
    const struct inode_new *new, const struct regular_ops *ops,
    const struct object_ops *object_ops)
{
	inode_init(&r->inode, fs, ino, new);
	object_init(&r->object, object_ops, 0);
	r->inode.object = &r->object;
	r->inode.files = &regular_file_ops;
	r->ops = ops;
	r->mapped_as = NULL;
	r->seals = ops->written ? 0 : F_SEAL_SEAL;
	r->sealable = false;
}

void
regular_release(struct inode *i)
{
	object_put(i->object);
}

void
regular_destroy(struct regular *r)
{
	kfree(r->mapped_as);
}

/* ---- reading and writing ---------------------------------------------------
 */

static s64
regular_read(struct file *f, struct iov_iter *to, u64 *pos)
{
	u64 size = atomic_load(&f->inode->size_bytes);
	size_t done = 0;
	int err = 0;

	if (*pos < size && to->left_bytes > 0)
		err = iov_put_object(to, f->inode->object, *pos,
		    MIN(to->left_bytes, size - *pos), &done);
	/* Cut off since the look at its size: that is its end. */
	if (unlikely(err == -EFBIG))
		err = 0;
	*pos += done;
	file_accessed(f);
	return done > 0 ? (s64)done : err;
}

/* How much of it the limits allow, -EFBIG if nothing. */
static s64
within_limits(const struct fs_who *who, u64 pos, u64 len)
{
	u64 limit = MIN(who->fsize_limit, MAX_BYTES);

	if (pos >= limit)
		return -EFBIG;
	return MIN(len, limit - pos);
}

/* Sealed against growing, nothing is written of what would pass the end. */
static int
check_seals(const struct regular *r, u64 end)
{
	if (r->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	return (r->seals & F_SEAL_GROW) && end > r->inode.size_bytes ? -EPERM
								     : 0;
}

/* Everything that can forbid a write; how much of it may be done. */
static s64
prepare(const struct fs_who *who, struct regular *r, u64 pos, u64 len)
{
	s64 room = within_limits(who, pos, len);
	int err;

	if (room < 0)
		return room;
	/* It was not yet when the file was opened. */
	if (r->inode.flags & INODE_IMMUTABLE)
		return -EPERM;
	err = check_seals(r, pos + (u64)room);
	if (err == 0)
		err = inode_drop_privileges(who, &r->inode);
	if (err < 0)
		return err;
	/* Last: who has been given room must write. */
	return r->ops->room ? r->ops->room(r, pos, room) : room;
}

static s64
write_locked(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	struct regular *r = regular_of(f->inode);
	u64 at = (file_flags(f) & O_APPEND) ? r->inode.size_bytes : *pos;
	size_t done = 0;
	s64 len;
	int err;

	len = prepare(who, r, at, from->left_bytes);
	if (len < 0)
		return len;
	err = iov_get_object(from, &r->object, at, len, &done);
	if (done > 0)
		inode_touch(&r->inode);
	if (r->ops->written) {
		int kept = r->ops->written(r, at, done);

		if (kept < 0)
			return kept;
	} else if (done > 0 && at + done > r->inode.size_bytes) {
		atomic_store(&r->inode.size_bytes, at + done);
	}
	if (r->ops->changed)
		r->ops->changed(r);
	if (done == 0)
		return err;
	*pos = at + done;
	return done;
}

/* As much at a time as the file system has room for. */
static s64
write_all_locked(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	s64 total = 0, n;

	do {
		n = write_locked(who, f, from, pos);
		total += MAX(n, 0l);
	} while (n > 0 && regular_of(f->inode)->ops->written &&
	    from->left_bytes > 0 && !thread_must_end());
	return total > 0 ? total : n;
}

static s64
regular_write(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	s64 n;

	if (from->left_bytes == 0)
		return 0;
	mutex_lock(&f->inode->lock);
	n = write_all_locked(who, f, from, pos);
	mutex_unlock(&f->inode->lock);
	return n;
}

/* ---- sizes and holes --------------------------------------------------------
 */

static void
set_size(struct regular *r, u64 size)
{
	if (size < r->inode.size_bytes) {
		atomic_store(&r->inode.size_bytes, size);
		object_truncate(&r->object, size);
	} else {
		object_grow(&r->object, size);
		atomic_store(&r->inode.size_bytes, size);
	}
	if (r->ops->changed)
		r->ops->changed(r);
}

int
regular_setattr(struct inode *i, const struct inode_attr *attr)
{
	struct regular *r = regular_of(i);
	u64 size = attr->size_bytes;

	if (!(attr->valid & ATTR_SIZE))
		return 0;
	if ((size < i->size_bytes && (r->seals & F_SEAL_SHRINK)) ||
	    (size > i->size_bytes && (r->seals & F_SEAL_GROW)))
		return -EPERM;
	set_size(r, size);
	return 0;
}

static u64
next_hole(struct object *o, u64 index)
{
	u64 next;

	while (object_next_page(o, index, &next) && next == index)
		index++;
	return index;
}

static int
seek_pages(struct regular *r, u64 from, bool hole, u64 *out)
{
	struct object *o = &r->object;
	u64 index = from >> PAGE_SHIFT;

	*out = ~0ul;
	if (hole)
		index = next_hole(o, index);
	else if (!object_next_page(o, index, &index))
		return 0;
	*out = MAX(from, index << PAGE_SHIFT);
	return 0;
}

static int
regular_seek_extent(struct file *f, u64 from, bool hole, u64 *out)
{
	struct regular *r = regular_of(f->inode);
	u64 size = atomic_load(&f->inode->size_bytes);
	int err = r->ops->seek ? r->ops->seek(r, from, hole, out)
			       : seek_pages(r, from, hole, out);

	if (err < 0)
		return err;
	if (*out >= size && !hole)
		return -ENXIO;
	*out = MIN(*out, size);
	return 0;
}

/* Memory for pages that are only to be there; nothing is written to them. */
static int
fill_pages(struct regular *r, u64 pos, u64 end)
{
	u64 index;

	for (index = pos >> PAGE_SHIFT; index << PAGE_SHIFT < end; index++) {
		struct page *p;
		int err;

		audit_enter();
		err = object_page(&r->object, index, &p);
		if (err == 0)
			page_put(p);
		audit_leave();
		if (err < 0)
			return err;
		if (thread_must_end())
			return -EINTR;
		thread_preempt_point();
	}
	return 0;
}

/* Gives back, on a failure, the size; pages below it that came may stay. */
static int
allocate_locked(struct regular *r, u64 pos, u64 end, bool keep_size)
{
	s64 len = (s64)(end - pos);
	int err;

	if ((r->seals & F_SEAL_GROW) && end > r->inode.size_bytes)
		return -EPERM;
	if (r->ops->room && r->ops->room(r, pos, len) < len)
		return -ENOSPC;
	object_grow(&r->object, end);
	err = fill_pages(r, pos, end);
	if (err == 0 && !keep_size && end > r->inode.size_bytes)
		atomic_store(&r->inode.size_bytes, end);
	if (r->inode.size_bytes < end)
		object_truncate(&r->object, r->inode.size_bytes);
	if (r->ops->changed)
		r->ops->changed(r);
	inode_touch(&r->inode);
	return err;
}

static int
regular_allocate(
    const struct fs_who *who, struct file *f, u32 mode, u64 pos, u64 len)
{
	struct regular *r = regular_of(f->inode);
	u64 end = pos + len;
	int err = -EFBIG;

	/* Blocks without bytes are not known to the formats that we write. */
	if ((mode & ~(u32)FALLOC_FL_KEEP_SIZE) || r->ops->written)
		return -EOPNOTSUPP;
	mutex_lock(&r->inode.lock);
	if (end <= MAX(r->inode.size_bytes, who->fsize_limit)) {
		err = inode_drop_privileges(who, &r->inode);
		if (err == 0)
			err = allocate_locked(
			    r, pos, end, mode & FALLOC_FL_KEEP_SIZE);
	}
	mutex_unlock(&r->inode.lock);
	return err;
}

/* ---- mapping ----------------------------------------------------------------
 */

/*
 * What is mapped has no name of its own: a mapping keeps the pages, not the
 * place.  So the first one leaves the name by which it was opened.
 */
static void
note_name(struct regular *r, struct file *f)
{
	char *buf, *text, *name = NULL, *old = NULL;

	if (r->mapped_as && atomic_load(&r->object.nr_mapped) > 0)
		return;
	buf = kmalloc(PATH_MAX_BYTES);
	if (!buf)
		return;
	if (path_text(f->path, vfs_root(), false, buf, PATH_MAX_BYTES, &text) ==
	    0)
		name = kstrdup(text);
	kfree(buf);
	mutex_lock(&r->object.lock);
	if (name) {
		old = r->mapped_as;
		r->mapped_as = name;
	}
	mutex_unlock(&r->object.lock);
	kfree(old);
}

static int
regular_map(struct file *f, struct object **out)
{
	note_name(regular_of(f->inode), f);
	object_get(f->inode->object);
	*out = f->inode->object;
	file_accessed(f);
	return 0;
}

void
regular_describe(struct object *o, char *buf, size_t cap, u64 *dev, u64 *ino)
{
	struct regular *r = of_object(o);
	bool gone = atomic_load(&r->inode.nlink) == 0;

	mutex_lock(&o->lock);
	fmt_snprint(buf, cap, "%s%s", r->mapped_as ? r->mapped_as : "?",
	    gone ? " (deleted)" : "");
	mutex_unlock(&o->lock);
	*dev = r->inode.fs->dev;
	*ino = r->inode.ino;
}

static int
regular_sync(struct file *f, bool data_only)
{
	struct filesystem *fs = f->inode->fs;

	(void)data_only;
	return fs->ops->sync ? fs->ops->sync(fs) : 0;
}

int
regular_sync_object(struct object *o)
{
	struct filesystem *fs = of_object(o)->inode.fs;

	return fs->ops->sync ? fs->ops->sync(fs) : 0;
}

const struct file_ops regular_file_ops = {
    .read = regular_read,
    .write = regular_write,
    .map = regular_map,
    .seek_extent = regular_seek_extent,
    .sync = regular_sync,
    .allocate = regular_allocate,
    .seekable = true,
};
