/* fcntl's locks: what bytes are meant, and who may lock them. */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "fs/file.h"
#include "fs/lock_impl.h"

#define LAST_BYTE ((s64)(LOCK_END - 1))

/* A file's position may be a directory's cookie, or a pipe's own affair. */
static s64
position(struct file *f)
{
	u64 pos = atomic_load(&f->pos);

	return (f->access & FILE_SEEKABLE) && pos < LOCK_END ? (s64)pos : 0;
}

static int
base_of(struct file *f, int whence, s64 *out)
{
	switch (whence) {
	case SEEK_SET:
		*out = 0;
		return 0;
	case SEEK_CUR:
		*out = position(f);
		return 0;
	case SEEK_END:
		*out = (s64)atomic_load(&f->inode->size_bytes);
		return 0;
	}
	return -EINVAL;
}

/*
 * len bytes from start on: all to the end of any file if it is 0, those before
 * start if it is negative.
 */
static int
set_range(struct lock_claim *c, s64 start, s64 len)
{
	if (start < 0)
		return -EINVAL;
	if (len > 0 && len - 1 > LAST_BYTE - start)
		return -EOVERFLOW;
	if (len < 0 && start + len < 0)
		return -EINVAL;
	c->start = (u64)start;
	c->end = len == 0 ? LOCK_END : c->start + (u64)len;
	if (len < 0) {
		c->end = c->start;
		c->start += (u64)len;
	}
	return 0;
}

static int
claim_fill(struct lock_claim *c, struct file *f, struct lock_owner *process,
    bool of_file, const struct flock *arg)
{
	s64 base;
	int err = base_of(f, arg->l_whence, &base);

	if (err < 0)
		return err;
	if (arg->l_start > LAST_BYTE - base)
		return -EOVERFLOW;
	err = set_range(c, base + arg->l_start, arg->l_len);
	if (err < 0)
		return err;
	c->owner = of_file ? &f->locks : process;
	c->kind = of_file ? LOCK_OF_FILE : LOCK_OF_PROCESS;
	c->type = arg->l_type;
	return c->type == F_RDLCK || c->type == F_WRLCK || c->type == F_UNLCK
	    ? 0
	    : -EINVAL;
}

static void
tell(const struct lock_claim *has, struct flock *out)
{
	out->l_type = has->type;
	out->l_whence = SEEK_SET;
	out->l_start = (s64)has->start;
	out->l_len = has->end == LOCK_END ? 0 : (s64)(has->end - has->start);
	out->l_pid = has->pid;
}

int
file_set_lock(struct file *f, struct lock_owner *process, s32 pid, int cmd,
    struct flock *arg)
{
	bool of_file = cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
	struct lock_claim c;
	int err = claim_fill(&c, f, process, of_file, arg);

	if (err < 0)
		return err;
	if ((c.type == F_RDLCK && !(f->access & FILE_READ)) ||
	    (c.type == F_WRLCK && !(f->access & FILE_WRITE)))
		return -EBADF;
	if (of_file && arg->l_pid != 0)
		return -EINVAL;
	c.pid = of_file ? -1 : pid;
	err = lock_claim(f->inode, &c, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	if (err == 0)
		tell(&c, arg);
	return err;
}

/* With F_UNLCK, F_OFD_GETLK tells what the file itself has there. */
int
file_get_lock(
    struct file *f, struct lock_owner *process, int cmd, struct flock *arg)
{
	bool of_file = cmd == F_OFD_GETLK;
	struct file_lock *l = NULL;
	struct lock_book *b;
	struct lock_claim c;
	int err;

	if (!of_file && arg->l_type != F_RDLCK && arg->l_type != F_WRLCK)
		return -EINVAL;
	err = claim_fill(&c, f, process, of_file, arg);
	if (err < 0)
		return err;
	if (of_file && arg->l_pid != 0)
		return -EINVAL;
	arg->l_type = F_UNLCK;
	b = lock_book_get(f->inode);
	if (b == NULL)
		return 0;
	mutex_lock(&b->lock);
	l = lock_find(&b->ranges, &c);
	if (l != NULL)
		tell(&l->claim, arg);
	mutex_unlock(&b->lock);
	lock_book_put(b);
	return 0;
}
