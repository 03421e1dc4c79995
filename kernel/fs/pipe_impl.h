/* What pipe.c and pipe_ends.c share. */
#ifndef FS_PIPE_IMPL_H
#define FS_PIPE_IMPL_H

#include "fs/pipe.h"

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

static inline u64
pipe_used(const struct pipe *p)
{
	return p->tail - p->head;
}

static inline u64
pipe_room(const struct pipe *p)
{
	return p->nr_slots * PAGE_SIZE - pipe_used(p);
}

static inline void **
pipe_slot(const struct pipe *p, u64 at)
{
	return &p->slots[(at >> PAGE_SHIFT) & (p->nr_slots - 1)];
}

/*
 * Lets go of the pipe until q is woken.  Errors: -ERESTARTSYS.
 * Locks: p's held, and held again.
 */
int pipe_wait(struct pipe *p, struct waitq *q, const char *what) MUST_CHECK
    MUST_HOLD(&p->lock);

/* Up to len bytes, for which there is room.  Locks: p's. */
int pipe_give(struct pipe *p, struct iov_iter *from, u64 len, s64 *done);
/* The head has moved on from at.  Locks: p's. */
void pipe_after_reading(struct pipe *p, u64 at);

/* What its ends do, for fifo_file_ops. */
s64 pipe_read(struct file *f, struct iov_iter *to, u64 *pos);
s64 pipe_write(
    const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos);
u32 pipe_poll(struct file *f, struct poll_table *t);
s64 pipe_ioctl(const struct fs_who *who, struct file *f, u32 cmd, u64 arg);

#endif
