/*
 * Pipes.
 *
 * The contents are a stream of bytes numbered from 0: [head, tail) is what was
 * written and not yet read.  Byte n lies in page (n / PAGE_SIZE) of a ring of
 * page slots; pages come when something is written into their slot and go when
 * it has been read out, so an idle pipe costs no memory.
 *
 * One mutex guards all of it.  User memory is copied under it: who faults
 * there keeps the other end waiting, and nobody else.
 *
 * A FIFO is the same with a name.  Its struct pipe exists while somebody has it
 * open; the inode's mutex guards the pointer to it.
 */
#include "fs/pipe_impl.h"

#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/poll.h>

#include "core/thread.h"
#include "mm/slab.h"
#include "mm/usercopy.h"

/* ---- waiting ---------------------------------------------------------- */

int
pipe_wait(struct pipe *p, struct waitq *q, const char *what)
{
	struct waiter w;
	int err;

	waiter_init(&w, false);
	waitq_add(q, &w);
	mutex_unlock(&p->lock);
	err = thread_park(PARK_INTERRUPTIBLE, NO_DEADLINE, what);
	waitq_remove(q, &w);
	mutex_lock(&p->lock);
	return err == -EINTR ? -ERESTARTSYS : 0;
}

/* ---- bytes ------------------------------------------------------------ */

static u64
to_page_end(u64 at)
{
	return PAGE_SIZE - (at & PAGE_MASK);
}

/*
 * Bytes up to the head were read, from the page of at.  A pipe that is empty
 * goes back to the start of that page: so a short message after another finds
 * memory, and a place that is aligned.  Else a page that was read to its end
 * goes, unless the ring's end is in it already.
 */
void
pipe_after_reading(struct pipe *p, u64 at)
{
	void **slot = pipe_slot(p, at);

	if (pipe_used(p) == 0) {
		p->head = p->tail = align_down(at, PAGE_SIZE);
	} else if (is_aligned(p->head, PAGE_SIZE) &&
	    slot != pipe_slot(p, p->tail - 1)) {
		kfree(*slot);
		*slot = NULL;
	}
}

static int
take_bytes(struct pipe *p, struct iov_iter *to, s64 *done)
{
	while (to->left_bytes > 0 && pipe_used(p) > 0) {
		u64 at = p->head;
		char *from = (char *)*pipe_slot(p, at) + (at & PAGE_MASK);
		u64 n = MIN(to_page_end(at), MIN(pipe_used(p), to->left_bytes));
		u64 moved = iov_put(to, from, n);

		p->head += moved;
		*done += moved;
		if (moved > 0)
			pipe_after_reading(p, at);
		if (moved < n)
			return -EFAULT;
	}
	return 0;
}

int
pipe_give(struct pipe *p, struct iov_iter *from, u64 len, s64 *done)
{
	while (len > 0) {
		u64 at = p->tail, n = MIN(to_page_end(at), len), moved;
		void **slot = pipe_slot(p, at);

		if (!*slot)
			*slot = kmalloc(PAGE_SIZE);
		if (!*slot)
			return -ENOMEM;
		moved = iov_get(from, (char *)*slot + (at & PAGE_MASK), n);
		p->tail += moved;
		*done += moved;
		len -= moved;
		if (moved < n)
			return -EFAULT;
	}
	return 0;
}

/* ---- reading ---------------------------------------------------------- */

/* 0 when there is something, or nobody who could write it. */
static int
wait_for_bytes(struct pipe *p, struct file *f) MUST_HOLD(&p->lock)
{
	int err = 0;

	while (err == 0 && pipe_used(p) == 0 && p->nr_writers > 0) {
		if (file_flags(f) & O_NONBLOCK)
			return -EAGAIN;
		err = pipe_wait(p, &p->readable, "pipe read");
	}
	return err;
}

s64
pipe_read(struct file *f, struct iov_iter *to, u64 *pos)
{
	struct pipe *p = f->private;
	s64 done = 0;
	int err;

	(void)pos;
	if (to->left_bytes == 0)
		return 0;
	mutex_lock(&p->lock);
	err = wait_for_bytes(p, f);
	if (err == 0)
		err = take_bytes(p, to, &done);
	mutex_unlock(&p->lock);
	if (done > 0)
		waitq_wake(&p->writable);
	return done > 0 ? done : err;
}

/* ---- writing ---------------------------------------------------------- */

/* What can be written now, so that a short write stays in one piece. */
static u64
acceptable(const struct pipe *p, u64 len, u64 whole)
{
	u64 free = pipe_room(p);

	if (whole <= PIPE_BUF && free < len)
		return 0;
	return MIN(free, len);
}

static int
write_some(struct pipe *p, struct file *f, struct iov_iter *from, u64 whole,
    s64 *done) MUST_HOLD(&p->lock)
{
	u64 len;

	if (p->nr_readers == 0)
		return -EPIPE;
	len = acceptable(p, from->left_bytes, whole);
	if (len > 0) {
		int err = pipe_give(p, from, len, done);

		waitq_wake(&p->readable);
		return err;
	}
	if (file_flags(f) & O_NONBLOCK)
		return -EAGAIN;
	return pipe_wait(p, &p->writable, "pipe write");
}

s64
pipe_write(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	struct pipe *p = f->private;
	u64 whole = from->left_bytes;
	s64 done = 0;
	int err = 0;

	(void)who;
	(void)pos;
	if (whole == 0)
		return 0;
	mutex_lock(&p->lock);
	while (err == 0 && from->left_bytes > 0)
		err = write_some(p, f, from, whole, &done);
	mutex_unlock(&p->lock);
	from->lost_reader = err == -EPIPE;
	return done > 0 ? done : err;
}

/* ---- asking ----------------------------------------------------------- */

u32
pipe_poll(struct file *f, struct poll_table *t)
{
	struct pipe *p = f->private;
	u32 ready = 0;

	if (f->access & FILE_READ)
		poll_wait(t, &p->readable);
	if (f->access & FILE_WRITE)
		poll_wait(t, &p->writable);
	mutex_lock(&p->lock);
	if (f->access & FILE_READ) {
		if (pipe_used(p) > 0)
			ready |= POLLIN | POLLRDNORM;
		if (p->nr_writers == 0 && p->writer_opens != f->pos)
			ready |= POLLHUP;
	}
	if (f->access & FILE_WRITE) {
		if (pipe_room(p) >= PIPE_BUF)
			ready |= POLLOUT | POLLWRNORM;
		if (p->nr_readers == 0)
			ready |= POLLERR;
	}
	mutex_unlock(&p->lock);
	return ready;
}

s64
pipe_ioctl(const struct fs_who *who, struct file *f, u32 cmd, u64 arg)
{
	struct pipe *p = f->private;
	s32 bytes;

	(void)who;
	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	bytes = (s32)pipe_used(p);
	mutex_unlock(&p->lock);
	return user_write(uaddr(arg), &bytes, sizeof(bytes));
}
