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
#include "fs/pipe.h"

#include <asm/ioctls.h>
#include <linux/limits.h>
#include <linux/poll.h>

#include "core/thread.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "mm/usercopy.h"

/*
 * struct pipe
 * Laws   Q1  tail - head <= nr_slots * PAGE_SIZE
 *        Q2  a slot has a page if it has bytes of [head, tail); one more
 *            may keep its page to be used again
 *        Q3  nr_users is the number of files open on it
 * Locks  l lock   i the inode's   c fixed
 */
struct pipe {
	struct mutex lock;     /* rank PIPE */
	struct waitq readable; /* woken when a reader may go on */
	struct waitq writable; /* woken when a writer may go on */
	u32 nr_users;          /* i */
	u32 nr_readers;        /* l */
	u32 nr_writers;        /* l */
	u64 reader_opens;      /* l: how many there have ever been */
	u64 writer_opens;      /* l */
	u64 head;              /* l */
	u64 tail;              /* l */
	u32 nr_slots;          /* l: a power of two */
	void **slots;          /* l */
};

static u64
used(const struct pipe *p)
{
	return p->tail - p->head;
}

static u64
room(const struct pipe *p)
{
	return p->nr_slots * PAGE_SIZE - used(p);
}

static void **
slot_of(const struct pipe *p, u64 at)
{
	return &p->slots[(at >> PAGE_SHIFT) & (p->nr_slots - 1)];
}

/* ---- life ------------------------------------------------------------- */

static int
pipe_new(struct pipe **out)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->nr_slots = PIPE_DEFAULT_BYTES / PAGE_SIZE;
	p->slots = kzalloc(p->nr_slots * sizeof(*p->slots));
	if (!p->slots) {
		kfree(p);
		return -ENOMEM;
	}
	mutex_init(&p->lock, RANK_PIPE);
	waitq_init(&p->readable);
	waitq_init(&p->writable);
	*out = p;
	return 0;
}

static void
pipe_free(struct pipe *p)
{
	u32 i;

	for (i = 0; i < p->nr_slots; i++)
		kfree(p->slots[i]);
	kfree(p->slots);
	kfree(p);
}

/* The inode's pipe, made if need be, with one user more. */
static int
pipe_get(struct inode *i, struct pipe **out)
{
	int err = 0;

	mutex_lock(&i->lock);
	if (!i->pipe)
		err = pipe_new(&i->pipe);
	if (err == 0) {
		i->pipe->nr_users++;
		*out = i->pipe;
	}
	mutex_unlock(&i->lock);
	return err;
}

static void
pipe_put(struct inode *i)
{
	struct pipe *p = i->pipe;

	mutex_lock(&i->lock);
	if (--p->nr_users == 0)
		i->pipe = NULL;
	else
		p = NULL;
	mutex_unlock(&i->lock);
	if (p)
		pipe_free(p);
}

/* ---- waiting ---------------------------------------------------------- */

/*
 * Lets go of the pipe until q is woken.  Errors: -ERESTARTSYS.
 * Locks: p's held, and held again.
 */
static int
wait(struct pipe *p, struct waitq *q, const char *what) MUST_HOLD(&p->lock)
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
static void
after_reading(struct pipe *p, u64 at)
{
	void **slot = slot_of(p, at);

	if (used(p) == 0) {
		p->head = p->tail = align_down(at, PAGE_SIZE);
	} else if (is_aligned(p->head, PAGE_SIZE) &&
	    slot != slot_of(p, p->tail - 1)) {
		kfree(*slot);
		*slot = NULL;
	}
}

static int
take_bytes(struct pipe *p, struct iov_iter *to, s64 *done)
{
	while (to->left_bytes > 0 && used(p) > 0) {
		u64 at = p->head;
		char *from = (char *)*slot_of(p, at) + (at & PAGE_MASK);
		u64 n = MIN(to_page_end(at), MIN(used(p), to->left_bytes));
		u64 moved = iov_put(to, from, n);

		p->head += moved;
		*done += moved;
		if (moved > 0)
			after_reading(p, at);
		if (moved < n)
			return -EFAULT;
	}
	return 0;
}

/* Up to len bytes, for which there is room. */
static int
give_bytes(struct pipe *p, struct iov_iter *from, u64 len, s64 *done)
{
	while (len > 0) {
		u64 at = p->tail, n = MIN(to_page_end(at), len), moved;
		void **slot = slot_of(p, at);

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

	while (err == 0 && used(p) == 0 && p->nr_writers > 0) {
		if (file_flags(f) & O_NONBLOCK)
			return -EAGAIN;
		err = wait(p, &p->readable, "pipe read");
	}
	return err;
}

static s64
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
		waitq_wake_all(&p->writable);
	return done > 0 ? done : err;
}

/* ---- writing ---------------------------------------------------------- */

/* What can be written now, so that a short write stays in one piece. */
static u64
acceptable(const struct pipe *p, u64 len, u64 whole)
{
	u64 free = room(p);

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
		int err = give_bytes(p, from, len, done);

		waitq_wake_all(&p->readable);
		return err;
	}
	if (file_flags(f) & O_NONBLOCK)
		return -EAGAIN;
	return wait(p, &p->writable, "pipe write");
}

static s64
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
	return done > 0 ? done : err;
}

/* ---- asking ----------------------------------------------------------- */

static u32
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
		if (used(p) > 0)
			ready |= POLLIN | POLLRDNORM;
		if (p->nr_writers == 0 && p->writer_opens != f->pos)
			ready |= POLLHUP;
	}
	if (f->access & FILE_WRITE) {
		if (room(p) >= PIPE_BUF)
			ready |= POLLOUT | POLLWRNORM;
		if (p->nr_readers == 0)
			ready |= POLLERR;
	}
	mutex_unlock(&p->lock);
	return ready;
}

static s64
pipe_ioctl(const struct fs_who *who, struct file *f, u32 cmd, u64 arg)
{
	struct pipe *p = f->private;
	s32 bytes;

	(void)who;
	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	bytes = (s32)used(p);
	mutex_unlock(&p->lock);
	return user_write(uaddr(arg), &bytes, sizeof(bytes));
}

bool
file_is_pipe(const struct file *f)
{
	return f->ops == &fifo_file_ops;
}

s64
pipe_capacity(struct file *f)
{
	struct pipe *p = f->private;
	s64 bytes;

	if (!file_is_pipe(f))
		return -EBADF;
	mutex_lock(&p->lock);
	bytes = (s64)(p->nr_slots * PAGE_SIZE);
	mutex_unlock(&p->lock);
	return bytes;
}

/* How many slots the contents touch; the first and last may be partial. */
static u64
slots_touched(const struct pipe *p)
{
	if (used(p) == 0)
		return 0;
	return (align_up(p->tail, PAGE_SIZE) -
		   align_down(p->head, PAGE_SIZE)) >>
	    PAGE_SHIFT;
}

/*
 * Moves the pages with contents to where the other ring wants them.  A full
 * ring may have its end in the same page as its start: spare is for that end.
 */
static void
move_pages(struct pipe *p, void **slots, u32 nr, void *spare)
{
	u64 at = align_down(p->head, PAGE_SIZE);
	void *first = *slot_of(p, at);

	for (; at < p->tail; at += PAGE_SIZE) {
		void **to = &slots[(at >> PAGE_SHIFT) & (nr - 1)];

		*to = *slot_of(p, at);
		*slot_of(p, at) = NULL;
		if (!*to)
			*to = memcpy(spare, first, p->tail - at);
	}
}

static int
change_ring(struct pipe *p, void **slots, u32 nr)
{
	void **old = p->slots, *spare = NULL;
	u32 i;

	if (slots_touched(p) > nr)
		return -EBUSY;
	if (slots_touched(p) > p->nr_slots) {
		spare = kmalloc(PAGE_SIZE);
		if (!spare)
			return -ENOMEM;
	}
	/* commit */
	move_pages(p, slots, nr, spare);
	for (i = 0; i < p->nr_slots; i++)
		kfree(old[i]);
	kfree(old);
	p->slots = slots;
	p->nr_slots = nr;
	return 0;
}

static u64
round_up_power(u64 val)
{
	u64 power = 1;

	while (power < val)
		power <<= 1;
	return power;
}

s64
pipe_set_capacity(const struct fs_who *who, struct file *f, u64 bytes)
{
	struct pipe *p = f->private;
	void **slots;
	u64 nr;
	int err;

	if (!file_is_pipe(f))
		return -EBADF;
	if (bytes > INT32_MAX)
		return -EINVAL;
	nr = round_up_power((MAX(bytes, 1ul) + PAGE_SIZE - 1) >> PAGE_SHIFT);
	if (nr * PAGE_SIZE > PIPE_MAX_BYTES && !cred_is_root(who->cred))
		return -EPERM;
	slots = kzalloc(nr * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	mutex_lock(&p->lock);
	err = change_ring(p, slots, nr);
	mutex_unlock(&p->lock);
	if (err < 0) {
		kfree(slots);
		return err;
	}
	waitq_wake_all(&p->writable);
	return (s64)(nr * PAGE_SIZE);
}

/* ---- opening and closing ---------------------------------------------- */

/*
 * A reader who comes when there is no writer has not been hung up on before
 * one came and went: pos, which a pipe has no other use for, remembers how many
 * there had been.
 */
static void
join(struct pipe *p, struct file *f)
{
	mutex_lock(&p->lock);
	if (f->access & FILE_READ) {
		p->nr_readers++;
		p->reader_opens++;
	}
	if (f->access & FILE_WRITE) {
		p->nr_writers++;
		p->writer_opens++;
	}
	f->pos = p->nr_writers == 0 ? p->writer_opens : ~0ul;
	mutex_unlock(&p->lock);
	waitq_wake_all(&p->readable);
	waitq_wake_all(&p->writable);
}

static void
leave(struct pipe *p, u32 access)
{
	mutex_lock(&p->lock);
	if (access & FILE_READ)
		p->nr_readers--;
	if (access & FILE_WRITE)
		p->nr_writers--;
	mutex_unlock(&p->lock);
	waitq_wake_all(&p->readable);
	waitq_wake_all(&p->writable);
}

/*
 * Waits for a first opener of the other end; one that came and went since the
 * wait began counts as well.
 */
static int
wait_for_partner(
    struct pipe *p, const u32 *nr, const u64 *opens, struct waitq *q)
{
	u64 before;
	int err = 0;

	mutex_lock(&p->lock);
	before = *opens;
	while (err == 0 && *nr == 0 && *opens == before)
		err = wait(p, q, "fifo open");
	mutex_unlock(&p->lock);
	return err;
}

static int
meet_partner(struct pipe *p, struct file *f)
{
	bool nonblock = file_flags(f) & O_NONBLOCK;

	/* One without a name, opened once more through /proc. */
	if (!f->path.dentry->parent)
		return 0;
	switch (f->access & (FILE_READ | FILE_WRITE)) {
	case FILE_READ:
		if (nonblock)
			return 0;
		return wait_for_partner(
		    p, &p->nr_writers, &p->writer_opens, &p->readable);
	case FILE_WRITE:
		if (nonblock)
			return atomic_load(&p->nr_readers) > 0 ? 0 : -ENXIO;
		return wait_for_partner(
		    p, &p->nr_readers, &p->reader_opens, &p->writable);
	default:
		return 0;
	}
}

static int
fifo_open(struct file *f)
{
	struct pipe *p;
	int err = pipe_get(f->inode, &p);

	if (err < 0)
		return err;
	f->private = p;
	join(p, f);
	err = meet_partner(p, f);
	if (err < 0) {
		leave(p, f->access);
		pipe_put(f->inode);
	}
	return err;
}

static void
fifo_release(struct file *f)
{
	leave(f->private, f->access);
	pipe_put(f->inode);
}

const struct file_ops fifo_file_ops = {
    .open = fifo_open,
    .release = fifo_release,
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
};

/* A pipe is a FIFO in no directory, opened twice. */
static int
open_ends(struct path path, u32 flags, struct file *ends[2])
{
	int err = file_create(path, O_RDONLY | flags, &ends[0]);

	if (err < 0)
		return err;
	err = file_create(path, O_WRONLY | flags, &ends[1]);
	if (err < 0)
		file_put(ends[0]);
	return err;
}

int
pipe_create(const struct fs_who *who, u32 flags, struct file *ends[2])
{
	struct inode *inode;
	struct path path;
	int err;

	if (flags & ~(u32)O_NONBLOCK)
		return -EINVAL;
	err = inode_create_anon(S_IFIFO | 0600, who->cred, &inode);
	if (err < 0)
		return err;
	err = path_create_anon_take("pipe", inode, &path);
	if (err < 0) {
		inode_put(inode);
		return err;
	}
	err = open_ends(path, flags, ends);
	path_put(path);
	return err;
}
