/*
 * splice, tee and vmsplice.  Nothing changes hands here but bytes: a page of a
 * file that lay in a pipe would have to be found again by whoever cuts the file
 * off.
 *
 * From a pipe to a pipe bytes go with both locked, the lower address first.
 * From a pipe to another file they stay in the pipe until they are written; who
 * reads the pipe meanwhile gets them as well.
 */
#include <linux/fcntl.h>

#include "core/thread.h"
#include "fs/pipe_impl.h"
#include "mm/slab.h"

/* Of the C library's headers; those of the kernel have none of it. */
#define SPLICE_NONBLOCK 2u

static bool
is_nonblock(const struct file *f, u32 flags)
{
	return (flags & SPLICE_NONBLOCK) || (file_flags(f) & O_NONBLOCK);
}

/* Until there are bytes or nobody who could write any; how many there are. */
static s64
wait_bytes(struct pipe *p, bool nonblock)
{
	s64 n;
	int err = 0;

	mutex_lock(&p->lock);
	while (err == 0 && pipe_used(p) == 0 && p->nr_writers > 0)
		err = nonblock ? -EAGAIN
			       : pipe_wait(p, &p->readable, "pipe read");
	n = (s64)pipe_used(p);
	mutex_unlock(&p->lock);
	return n > 0 ? n : err;
}

/* Until there is room; how much. */
static s64
wait_room(struct pipe *p, bool nonblock)
{
	s64 n;
	int err = 0;

	mutex_lock(&p->lock);
	while (err == 0 && pipe_room(p) == 0 && p->nr_readers > 0)
		err = nonblock ? -EAGAIN
			       : pipe_wait(p, &p->writable, "pipe write");
	n = (s64)pipe_room(p);
	if (p->nr_readers == 0)
		n = err = -EPIPE;
	mutex_unlock(&p->lock);
	return n > 0 ? n : err;
}

/* ---- from pipe to pipe ------------------------------------------------ */

static void
lock_two(struct pipe *a, struct pipe *b) NO_LOCK_CHECK
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock_second(a < b ? &b->lock : &a->lock);
}

/* The bytes of [at, at + len) that lie in one page. */
static u64
in_page(u64 at, u64 len)
{
	return MIN(len, PAGE_SIZE - (at & PAGE_MASK));
}

/* Locks: both. */
static int
copy_locked(struct pipe *in, struct pipe *out, u64 len, s64 *done)
{
	u64 at = in->head, end = at + MIN(len, pipe_used(in));
	int err = 0;

	end = at + MIN(end - at, pipe_room(out));
	while (err == 0 && at < end) {
		char *page = *pipe_slot(in, at);
		u64 n = in_page(at, end - at);
		struct iov_iter from;

		iov_init_kernel(&from, page + (at & PAGE_MASK), n);
		err = pipe_give(out, &from, n, done);
		at += n;
	}
	return err;
}

/* Locks: p's. */
static void
drop_locked(struct pipe *p, u64 len)
{
	while (len > 0) {
		u64 at = p->head, n = in_page(at, len);

		p->head += n;
		pipe_after_reading(p, at);
		len -= n;
	}
}

static s64
move_some(struct pipe *in, struct pipe *out, u64 len, bool take) NO_LOCK_CHECK
{
	s64 done = 0;
	int err = 0;

	lock_two(in, out);
	if (out->nr_readers == 0)
		err = -EPIPE;
	else
		err = copy_locked(in, out, len, &done);
	if (take)
		drop_locked(in, (u64)done);
	mutex_unlock(&in->lock);
	mutex_unlock(&out->lock);
	if (done > 0) {
		waitq_wake(&out->readable);
		if (take)
			waitq_wake(&in->writable);
	}
	return done > 0 ? done : err;
}

/* Somebody may be faster: then again. */
static s64
between_pipes(struct file *from, struct file *to, u64 len, u32 flags, bool take)
{
	bool nonblock = is_nonblock(from, flags) || is_nonblock(to, flags);
	struct pipe *in = from->private, *out = to->private;
	s64 n;

	if (in == out)
		return -EINVAL;
	do {
		n = wait_bytes(in, nonblock);
		if (n > 0)
			n = wait_room(out, nonblock);
		if (n <= 0)
			return n;
		n = move_some(in, out, len, take);
		thread_preempt_point();
	} while (n == 0);
	return n;
}

s64
pipe_tee(struct file *in, struct file *out, u64 len, u32 flags)
{
	if (!(in->access & FILE_READ) || !(out->access & FILE_WRITE))
		return -EBADF;
	if (!file_is_pipe(in) || !file_is_pipe(out))
		return -EINVAL;
	return len == 0 ? 0 : between_pipes(in, out, len, flags, false);
}

/* ---- to and from other files ------------------------------------------ */

static s64
write_at(const struct fs_who *who, struct file *f, u64 *pos, void *buf, u64 len)
{
	struct iov_iter it;
	s64 n;

	iov_init_kernel(&it, buf, len);
	if (!pos)
		return file_write(who, f, &it);
	n = file_pwrite(who, f, &it, (s64)*pos);
	*pos += (u64)MAX(n, 0l);
	return n;
}

static s64
read_at(struct file *f, u64 *pos, void *buf, u64 len)
{
	struct iov_iter it;
	s64 n;

	iov_init_kernel(&it, buf, len);
	if (!pos)
		return file_read(f, &it);
	n = file_pread(f, &it, (s64)*pos);
	*pos += (u64)MAX(n, 0l);
	return n;
}

/* What comes next in the pipe, into buf, as far as it lies in one page. */
static u64
look(struct pipe *p, void *buf, u64 len)
{
	struct iov_iter it;
	u64 n;

	mutex_lock(&p->lock);
	n = in_page(p->head, MIN(len, pipe_used(p)));
	if (n > 0) {
		char *page = *pipe_slot(p, p->head);

		iov_init_kernel(&it, buf, n);
		n = iov_put(&it, page + (p->head & PAGE_MASK), n);
	}
	mutex_unlock(&p->lock);
	return n;
}

static void
drop(struct pipe *p, u64 len)
{
	mutex_lock(&p->lock);
	drop_locked(p, MIN(len, pipe_used(p)));
	mutex_unlock(&p->lock);
	waitq_wake(&p->writable);
}

static s64
out_of_pipe(const struct fs_who *who, struct file *in, struct file *out,
    u64 *pos, u64 len, bool nonblock, void *buf)
{
	struct pipe *p = in->private;
	u64 done = 0, got;
	s64 n = wait_bytes(p, nonblock);

	if (n <= 0)
		return n;
	while (done < len && (got = look(p, buf, MIN(len - done, PAGE_SIZE)))) {
		n = write_at(who, out, pos, buf, got);
		if (n <= 0)
			break;
		drop(p, (u64)n);
		done += (u64)n;
		if ((u64)n < got || thread_must_end())
			break;
		thread_preempt_point();
	}
	return done > 0 ? (s64)done : n;
}

/*
 * Bytes are read when there is room for them.  Of what has no positions, once:
 * the next read might wait.
 */
static s64
into_pipe(const struct fs_who *who, struct file *in, u64 *pos, struct file *out,
    u64 len, bool nonblock, void *buf)
{
	struct pipe *p = out->private;
	u64 done = 0, want;
	s64 n;

	do {
		n = wait_room(p, nonblock || done > 0);
		if (n <= 0)
			break;
		want = MIN(MIN(len - done, (u64)n), PAGE_SIZE);
		n = read_at(in, pos, buf, want);
		if (n <= 0)
			break;
		n = write_at(who, out, NULL, buf, (u64)n);
		if (n <= 0)
			break;
		done += (u64)n;
		thread_preempt_point();
	} while (done < len && (u64)n == want && !thread_must_end() &&
	    (in->access & FILE_SEEKABLE));
	return done > 0 ? (s64)done : n;
}

static int
check_splice(
    struct file *in, const u64 *in_pos, struct file *out, const u64 *out_pos)
{
	bool in_pipe = file_is_pipe(in), out_pipe = file_is_pipe(out);

	if (!(in->access & FILE_READ) || !(out->access & FILE_WRITE))
		return -EBADF;
	if ((in_pipe && in_pos) || (out_pipe && out_pos))
		return -ESPIPE;
	if (!in_pipe && !out_pipe)
		return -EINVAL;
	if ((in_pos && !(in->access & FILE_SEEKABLE)) ||
	    (out_pos && !(out->access & FILE_SEEKABLE)))
		return -EINVAL;
	if ((in_pos && (s64)*in_pos < 0) || (out_pos && (s64)*out_pos < 0))
		return -EINVAL;
	return !out_pipe && (file_flags(out) & O_APPEND) ? -EINVAL : 0;
}

s64
pipe_splice(const struct fs_who *who, struct file *in, u64 *in_pos,
    struct file *out, u64 *out_pos, u64 len, u32 flags)
{
	bool in_pipe = file_is_pipe(in);
	bool nonblock = is_nonblock(in_pipe ? in : out, flags);
	void *buf;
	s64 n = check_splice(in, in_pos, out, out_pos);

	if (n < 0 || len == 0)
		return n;
	if (in_pipe && file_is_pipe(out))
		return between_pipes(in, out, len, flags, true);
	buf = kmalloc(PAGE_SIZE);
	if (!buf)
		return -ENOMEM;
	n = in_pipe ? out_of_pipe(who, in, out, out_pos, len, nonblock, buf)
		    : into_pipe(who, in, in_pos, out, len, nonblock, buf);
	kfree(buf);
	return n;
}

/* ---- to and from memory ----------------------------------------------- */

s64
pipe_vmsplice(
    const struct fs_who *who, struct file *f, struct iov_iter *it, u32 flags)
{
	bool nonblock = is_nonblock(f, flags);
	bool write = (f->access & FILE_WRITE) != 0;
	s64 n;

	if (!file_is_pipe(f) || !(f->access & (FILE_READ | FILE_WRITE)))
		return -EBADF;
	if (it->left_bytes == 0)
		return 0;
	n = write ? wait_room(f->private, nonblock)
		  : wait_bytes(f->private, nonblock);
	if (n <= 0)
		return n;
	it->left_bytes = MIN(it->left_bytes, (u64)n);
	return write ? file_write(who, f, it) : file_read(f, it);
}
