/* The ends of pipes and FIFOs, as they come and go, and how much fits between.
 */
#include "fs/pipe_impl.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"
#include "mm/slab.h"

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

/* ---- opening and closing ---------------------------------------------- */

static void
wake_all(struct pipe *p)
{
	waitq_wake_all(&p->readable);
	waitq_wake_all(&p->writable);
}

/*
 * A reader who comes when there is no writer has not been hung up on before
 * one came and went: pos, which a pipe has no other use for, remembers how many
 * there had been.
 */
static void
join_locked(struct pipe *p, struct file *f) MUST_HOLD(&p->lock)
{
	if (f->access & FILE_READ) {
		p->nr_readers++;
		p->reader_opens++;
	}
	if (f->access & FILE_WRITE) {
		p->nr_writers++;
		p->writer_opens++;
	}
	f->pos = p->nr_writers == 0 ? p->writer_opens : ~0ul;
	wake_all(p);
}

static void
leave_locked(struct pipe *p, u32 access) MUST_HOLD(&p->lock)
{
	if (access & FILE_READ)
		p->nr_readers--;
	if (access & FILE_WRITE)
		p->nr_writers--;
	wake_all(p);
}

/*
 * Waits for a first opener of the other end; one that came and went since the
 * wait began counts as well.  The lock is not let go of between joining and
 * this: a writer that waited could be woken by the one, write, and be gone
 * before the other, and the reader would wait for the next.
 */
static int
wait_for_partner_locked(struct pipe *p, const u32 *nr, const u64 *opens,
    struct waitq *q) MUST_HOLD(&p->lock)
{
	u64 before = *opens;
	int err = 0;

	while (err == 0 && *nr == 0 && *opens == before)
		err = pipe_wait(p, q, "fifo open");
	return err;
}

static int
meet_partner_locked(struct pipe *p, struct file *f) MUST_HOLD(&p->lock)
{
	switch (f->access & (FILE_READ | FILE_WRITE)) {
	case FILE_READ:
		return wait_for_partner_locked(
		    p, &p->nr_writers, &p->writer_opens, &p->readable);
	case FILE_WRITE:
		return wait_for_partner_locked(
		    p, &p->nr_readers, &p->reader_opens, &p->writable);
	default:
		return 0;
	}
}

static int
fifo_open_locked(struct pipe *p, struct file *f) MUST_HOLD(&p->lock)
{
	bool nonblock = file_flags(f) & O_NONBLOCK;
	/* Without one it is a pipe, perhaps opened once more through /proc. */
	bool named = f->path.dentry->parent != NULL;
	int err = 0;

	if (named && nonblock && !(f->access & FILE_READ) && p->nr_readers == 0)
		return -ENXIO;
	join_locked(p, f);
	if (named && !nonblock)
		err = meet_partner_locked(p, f);
	if (err < 0)
		leave_locked(p, f->access);
	return err;
}

static int
fifo_open(struct file *f)
{
	struct pipe *p;
	int err = pipe_get(f->inode, &p);

	if (err < 0)
		return err;
	f->private = p;
	mutex_lock(&p->lock);
	err = fifo_open_locked(p, f);
	mutex_unlock(&p->lock);
	if (err < 0)
		pipe_put(f->inode);
	return err;
}

static void
fifo_release(struct file *f)
{
	struct pipe *p = f->private;

	mutex_lock(&p->lock);
	leave_locked(p, f->access);
	mutex_unlock(&p->lock);
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
/* ---- capacity ---------------------------------------------------------- */

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
	if (pipe_used(p) == 0)
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
	void *first = *pipe_slot(p, at);

	for (; at < p->tail; at += PAGE_SIZE) {
		void **to = &slots[(at >> PAGE_SHIFT) & (nr - 1)];

		*to = *pipe_slot(p, at);
		*pipe_slot(p, at) = NULL;
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

/* A ring that is too large already may be made less so. */
static int
resize_locked(const struct cred *cred, struct pipe *p, u32 nr)
{
	void **slots;
	int err;

	if (nr > p->nr_slots && nr * PAGE_SIZE > PIPE_MAX_BYTES &&
	    !cred_capable(cred, CAP_SYS_RESOURCE))
		return -EPERM;
	slots = kzalloc(nr * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	err = change_ring(p, slots, nr);
	if (err < 0)
		kfree(slots);
	return err;
}

s64
pipe_set_capacity(const struct fs_who *who, struct file *f, u64 bytes)
{
	struct pipe *p = f->private;
	u64 nr;
	int err;

	if (!file_is_pipe(f))
		return -EBADF;
	if (bytes > INT32_MAX)
		return -EINVAL;
	nr = round_up_power((MAX(bytes, 1ul) + PAGE_SIZE - 1) >> PAGE_SHIFT);
	mutex_lock(&p->lock);
	err = resize_locked(who->cred, p, (u32)nr);
	mutex_unlock(&p->lock);
	if (err < 0)
		return err;
	waitq_wake_all(&p->writable);
	return (s64)(nr * PAGE_SIZE);
}
