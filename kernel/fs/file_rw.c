/*
 * Reading, writing and seeking, as far as it is the same for every kind of
 * file: access modes and positions.
 *
 * Calls that use the file's own position hold pos_lock over the transfer, so
 * that two which share it never get the same bytes.  Files without a position
 * (pipes, terminals) may block for ever in a transfer and do not take it.
 */
#include <linux/fs.h>

#include "core/thread.h"
#include "fs/blockdev.h"
#include "fs/notify.h"
#include "fs/pipe.h"
#include "fs/vfs_impl.h"
#include "mm/slab.h"

/* Errors: -EFAULT, -EINVAL it would end where no position can be told. */
static int
check_transfer(const struct iov_iter *it, u64 pos)
{
	if (it->out_of_range)
		return -EFAULT;
	return (s64)(pos + it->left_bytes) < 0 ? -EINVAL : 0;
}

static inline s64
do_read(struct file *f, struct iov_iter *to, u64 *pos)
{
	s64 n;
	int err;

	if (!(f->access & FILE_READ))
		return -EBADF;
	err = check_transfer(to, *pos);
	if (err < 0)
		return err;
	if (unlikely(!f->ops->read))
		return inode_is_dir(f->inode) ? -EISDIR : -EINVAL;
	n = f->ops->read(f, to, pos);
	if (n > 0)
		notify_file(f, IN_ACCESS);
	return n;
}

/* Of a file that was opened so, what is written is safe when the call is back.
 */
static int
keep(struct file *f)
{
	u32 flags = file_flags(f);

	if (likely(!(flags & O_DSYNC)) || !f->ops->sync)
		return 0;
	return f->ops->sync(f, (flags & O_SYNC) != O_SYNC);
}

static s64
do_write(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	u64 before = *pos;
	s64 n;
	int err;

	if (!(f->access & FILE_WRITE))
		return -EBADF;
	err = check_transfer(from, *pos);
	if (err < 0)
		return err;
	if (!f->ops->write)
		return -EINVAL;
	n = f->ops->write(who, f, from, pos);
	if (n <= 0)
		return n;
	notify_file(f, IN_MODIFY);
	err = keep(f);
	if (err == 0)
		return n;
	*pos = before;
	return err;
}

s64
file_read(struct file *f, struct iov_iter *to)
{
	u64 none = 0;
	s64 n;

	if (!(f->access & FILE_SEEKABLE))
		return do_read(f, to, &none);
	mutex_lock(&f->pos_lock);
	n = do_read(f, to, &f->pos);
	mutex_unlock(&f->pos_lock);
	return n;
}

s64
file_write(const struct fs_who *who, struct file *f, struct iov_iter *from)
{
	u64 none = 0;
	s64 n;

	if (!(f->access & FILE_SEEKABLE))
		return do_write(who, f, from, &none);
	mutex_lock(&f->pos_lock);
	n = do_write(who, f, from, &f->pos);
	mutex_unlock(&f->pos_lock);
	return n;
}

static int
check_position(const struct file *f, s64 pos)
{
	if (pos < 0)
		return -EINVAL;
	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	return (f->access & FILE_SEEKABLE) ? 0 : -ESPIPE;
}

s64
file_pread(struct file *f, struct iov_iter *to, s64 pos)
{
	u64 at = pos;
	int err = check_position(f, pos);

	return err < 0 ? err : do_read(f, to, &at);
}

s64
file_pwrite(
    const struct fs_who *who, struct file *f, struct iov_iter *from, s64 pos)
{
	u64 at = pos;
	int err = check_position(f, pos);

	return err < 0 ? err : do_write(who, f, from, &at);
}

int
file_read_kernel(struct file *f, u64 pos, void *buf, size_t len, size_t *done)
{
	struct iov_iter it;
	s64 n = 1;

	*done = 0;
	if (!f->ops->read)
		return -EINVAL;
	iov_init_kernel(&it, buf, len);
	while (n > 0 && it.left_bytes > 0) {
		n = f->ops->read(f, &it, &pos);
		if (n > 0)
			*done += n;
	}
	if (*done > 0)
		notify_file(f, IN_ACCESS);
	return n < 0 ? (int)n : 0;
}

/* ---- copying between files --------------------------------------------------
 */

static s64
read_at(struct file *f, u64 *pos, void *buf, u64 len)
{
	struct iov_iter it;
	s64 n;

	iov_init_kernel(&it, buf, len);
	if (!pos)
		return file_read(f, &it);
	n = file_pread(f, &it, *pos);
	*pos += MAX(n, 0l);
	return n;
}

static s64
write_at(const struct fs_who *who, struct file *f, u64 *pos, void *buf, u64 len)
{
	struct iov_iter it;
	s64 n;

	iov_init_kernel(&it, buf, len);
	if (!pos)
		return file_write(who, f, &it);
	n = file_pwrite(who, f, &it, *pos);
	*pos += MAX(n, 0l);
	return n;
}

/* Bytes that were read but found no room are given back. */
static void
unread(struct file *in, u64 *pos, u64 bytes)
{
	if (pos)
		*pos -= bytes;
	else if (in->access & FILE_SEEKABLE)
		(void)!file_seek(in, -(s64)bytes, SEEK_CUR);
}

static s64
copy(const struct fs_who *who, struct file *in, u64 *in_pos, struct file *out,
    u64 *out_pos, u64 len_bytes)
{
	void *buf;
	s64 got = 0, put = 0;
	u64 done = 0;

	buf = kmalloc(PAGE_SIZE);
	if (!buf)
		return -ENOMEM;
	while (done < len_bytes) {
		got =
		    read_at(in, in_pos, buf, MIN(len_bytes - done, PAGE_SIZE));
		if (got <= 0)
			break;
		put = write_at(who, out, out_pos, buf, got);
		done += MAX(put, 0l);
		if (put < got) {
			unread(in, in_pos, got - MAX(put, 0l));
			break;
		}
		if (thread_must_end())
			break;
		thread_preempt_point();
	}
	kfree(buf);
	if (done > 0)
		return done;
	return got < 0 ? got : MIN(put, 0l);
}

static int
check_send(const struct file *in, const u64 *in_pos, const struct file *out)
{
	if (!(in->access & FILE_READ))
		return -EBADF;
	if (in_pos && !(in->access & FILE_SEEKABLE))
		return -ESPIPE;
	if (!(out->access & FILE_WRITE))
		return -EBADF;
	/* A terminal's end, once read, could not be read again. */
	if (!(in->access & FILE_SEEKABLE) || inode_is_dir(in->inode))
		return -EINVAL;
	return (file_flags(out) & O_APPEND) && !file_is_pipe(out) ? -EINVAL : 0;
}

s64
file_send(const struct fs_who *who, struct file *in, u64 *in_pos,
    struct file *out, u64 len_bytes)
{
	int err = check_send(in, in_pos, out);

	return err < 0 ? err : copy(who, in, in_pos, out, NULL, len_bytes);
}

static int
check_range_files(const struct file *in, const struct file *out)
{
	if (inode_is_dir(in->inode) || inode_is_dir(out->inode))
		return -EISDIR;
	if (!inode_is_regular(in->inode) || !inode_is_regular(out->inode))
		return -EINVAL;
	if (!(in->access & FILE_READ) || !(out->access & FILE_WRITE) ||
	    (file_flags(out) & O_APPEND))
		return -EBADF;
	return 0;
}

/* Makes *len what there is to copy. */
static int
check_range(
    const struct file *in, u64 from, const struct file *out, u64 to, u64 *len)
{
	u64 size = atomic_load(&in->inode->size_bytes);

	if (from + *len < from || to + *len < to)
		return -EOVERFLOW;
	*len = from < size ? MIN(*len, size - from) : 0;
	if (in->inode == out->inode && to + *len > from && to < from + *len)
		return -EINVAL;
	return 0;
}

s64
file_copy_range(const struct fs_who *who, struct file *in, u64 *in_pos,
    struct file *out, u64 *out_pos, u64 len_bytes)
{
	int err = check_range_files(in, out);

	if (err == 0)
		err = check_range(in, in_pos ? *in_pos : atomic_load(&in->pos),
		    out, out_pos ? *out_pos : atomic_load(&out->pos),
		    &len_bytes);
	return err < 0 ? err : copy(who, in, in_pos, out, out_pos, len_bytes);
}

/* ---- positions --------------------------------------------------------------
 */

static int
seek_extent(struct file *f, u64 from, bool hole, u64 *out)
{
	u64 size = atomic_load(&f->inode->size_bytes);

	if (from >= size)
		return -ENXIO;
	if (f->ops->seek_extent)
		return f->ops->seek_extent(f, from, hole, out);
	*out = hole ? size : from;
	return 0;
}

/* What whence and offset mean; may come out negative. */
static int
seek_target(struct file *f, s64 offset, int whence, s64 *out)
{
	u64 base = 0, to;
	int err;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		if (inode_is_dir(f->inode))
			return -EINVAL;
		base = S_ISBLK(f->inode->mode)
		    ? blockdev_size(f)
		    : atomic_load(&f->inode->size_bytes);
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (!inode_is_regular(f->inode))
			return -EINVAL;
		err = seek_extent(f, offset, whence == SEEK_HOLE, &to);
		*out = err < 0 ? 0 : (s64)to;
		return err;
	default:
		return -EINVAL;
	}
	*out = (s64)(base + (u64)offset);
	return 0;
}

s64
file_seek(struct file *f, s64 offset, int whence)
{
	s64 to;
	int err;

	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	if (whence < SEEK_SET || whence > SEEK_HOLE)
		return -EINVAL;
	if (!(f->access & FILE_SEEKABLE))
		return -ESPIPE;
	mutex_lock(&f->pos_lock);
	err = seek_target(f, offset, whence, &to);
	if (err == 0 && to < 0)
		err = -EINVAL;
	if (err == 0 && S_ISCHR(f->inode->mode))
		to = 0; /* endless sources have but one place */
	if (err == 0)
		f->pos = to;
	mutex_unlock(&f->pos_lock);
	return err < 0 ? err : to;
}

int
file_allocate(
    const struct fs_who *who, struct file *f, u32 mode, s64 pos, s64 len)
{
	int err;

	if (pos < 0 || len <= 0)
		return -EINVAL;
	if (!(f->access & FILE_WRITE))
		return -EBADF;
	if (!f->ops->allocate)
		return -EOPNOTSUPP;
	if (pos > INT64_MAX - len)
		return -EFBIG;
	err = f->ops->allocate(who, f, mode, pos, len);
	if (err == 0)
		notify_file(f, IN_MODIFY);
	return err;
}
