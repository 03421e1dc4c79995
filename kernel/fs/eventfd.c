/*
 * eventfd.  The number is at most MAX_COUNT; a write that would pass it waits
 * for a read, and a read of 0 for a write.
 */
#include "fs/eventfd.h"

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "fs/file.h"
#include "mm/slab.h"

#define MAX_COUNT (~0ul - 1)

/*
 * struct eventfd: made and freed with its file.
 * Locks: l lock   c fixed
 */
struct eventfd {
	struct spinlock lock; /* rank EVENT */
	u64 count;            /* l: at most MAX_COUNT */
	bool semaphore;       /* c */
	struct waitq readable;
	struct waitq writable;
};

static int
wait(struct file *f, struct waitq *q, struct spinlock *lock) MUST_HOLD(lock)
{
	int err;

	if (file_flags(f) & O_NONBLOCK)
		return -EAGAIN;
	err = waitq_wait_spin(
	    q, lock, PARK_INTERRUPTIBLE, NO_DEADLINE, "eventfd");
	return err == -EINTR ? -ERESTARTSYS : 0;
}

static int
take(struct file *f, struct eventfd *e, u64 *got)
{
	struct spinlock *lock = &e->lock;
	int err = 0;

	spin_lock(lock);
	while (err == 0 && e->count == 0)
		err = wait(f, &e->readable, lock);
	if (err == 0) {
		*got = e->semaphore ? 1 : e->count;
		e->count -= *got;
	}
	spin_unlock(lock);
	if (err == 0)
		waitq_wake(&e->writable);
	return err;
}

static int
give(struct file *f, struct eventfd *e, u64 nr)
{
	struct spinlock *lock = &e->lock;
	int err = 0;

	spin_lock(lock);
	while (err == 0 && MAX_COUNT - e->count < nr)
		err = wait(f, &e->writable, lock);
	if (err == 0)
		e->count += nr;
	spin_unlock(lock);
	if (err == 0)
		waitq_wake(&e->readable);
	return err;
}

static s64
eventfd_read(struct file *f, struct iov_iter *to, u64 *pos)
{
	u64 got;
	int err;

	(void)pos;
	if (to->left_bytes < sizeof(got))
		return -EINVAL;
	err = take(f, f->private, &got);
	if (err < 0)
		return err;
	return iov_put(to, &got, sizeof(got)) == sizeof(got) ? (s64)sizeof(got)
							     : -EFAULT;
}

static s64
eventfd_write(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	u64 nr;
	int err;

	(void)who;
	(void)pos;
	if (from->left_bytes != sizeof(nr))
		return -EINVAL;
	if (iov_get(from, &nr, sizeof(nr)) != sizeof(nr))
		return -EFAULT;
	if (nr > MAX_COUNT)
		return -EINVAL;
	err = give(f, f->private, nr);
	return err < 0 ? err : (s64)sizeof(nr);
}

static u32
eventfd_poll(struct file *f, struct poll_table *t)
{
	struct eventfd *e = f->private;
	u32 ready = 0;

	poll_wait_about(t, &e->readable, POLLIN | POLLRDNORM);
	poll_wait_about(t, &e->writable, POLLOUT | POLLWRNORM);
	spin_lock(&e->lock);
	if (e->count > 0)
		ready |= POLLIN;
	if (e->count < MAX_COUNT)
		ready |= POLLOUT;
	spin_unlock(&e->lock);
	return ready;
}

static void
eventfd_release(struct file *f)
{
	kfree(f->private);
}

static const struct file_ops eventfd_file_ops = {
    .release = eventfd_release,
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .kind = "eventfd",
};

int
eventfd_create(u32 count, bool semaphore, u32 flags, struct file **out)
{
	struct eventfd *e = kzalloc(sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	spin_init(&e->lock, RANK_EVENT);
	e->count = count;
	e->semaphore = semaphore;
	waitq_init(&e->readable);
	waitq_init(&e->writable);
	err = file_create_anon(
	    &eventfd_file_ops, NULL, O_RDWR | (flags & O_NONBLOCK), e, out);
	if (err < 0)
		kfree(e);
	return err;
}
