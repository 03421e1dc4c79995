/*
 * What threads read and wrote, for /proc/PID/io and getrusage.  Calls count
 * here; what goes to and from disks where it does, for the current thread.
 */
#ifndef PROC_IO_COUNT_H
#define PROC_IO_COUNT_H

#include "core/thread.h"
#include "lib/errno.h"
#include "mm/iovec.h"

void io_counts_add(struct io_counts *to, const struct io_counts *more);

/*
 * A call of the current thread that moved done bytes, or failed with it, which
 * is also what they return.
 */
static inline s64
io_count_read(s64 done)
{
	struct io_counts *c = &thread_current()->io;

	c->nr_reads++;
	if (likely(done > 0))
		c->read_chars += done;
	return done;
}

static inline s64
io_count_write(s64 done)
{
	struct io_counts *c = &thread_current()->io;

	c->nr_writes++;
	if (likely(done > 0))
		c->written_chars += done;
	return done;
}

/* What was refused before the file was asked is no call. */
static inline bool
io_was_asked(const struct iov_iter *it, s64 done)
{
	return likely(done >= 0) || (done != -EBADF && !it->out_of_range);
}

static inline s64
io_count_read_of(const struct iov_iter *it, s64 done)
{
	return io_was_asked(it, done) ? io_count_read(done) : done;
}

static inline s64
io_count_write_of(const struct iov_iter *it, s64 done)
{
	return io_was_asked(it, done) ? io_count_write(done) : done;
}

#endif
