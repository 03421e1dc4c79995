#include "proc/io_count.h"

#include "lib/errno.h"
#include "mm/iovec.h"

void
io_counts_add(struct io_counts *to, const struct io_counts *more)
{
	to->read_chars += atomic_load(&more->read_chars);
	to->written_chars += atomic_load(&more->written_chars);
	to->nr_reads += atomic_load(&more->nr_reads);
	to->nr_writes += atomic_load(&more->nr_writes);
	to->read_bytes += atomic_load(&more->read_bytes);
	to->written_bytes += atomic_load(&more->written_bytes);
	to->cancelled_bytes += atomic_load(&more->cancelled_bytes);
}

s64
io_count_read(s64 done)
{
	struct io_counts *c = &thread_current()->io;

	c->nr_reads++;
	c->read_chars += MAX(done, 0l);
	return done;
}

s64
io_count_write(s64 done)
{
	struct io_counts *c = &thread_current()->io;

	c->nr_writes++;
	c->written_chars += MAX(done, 0l);
	return done;
}

static bool
was_asked(const struct iov_iter *it, s64 done)
{
	return done != -EBADF && !it->out_of_range;
}

s64
io_count_read_of(const struct iov_iter *it, s64 done)
{
	return was_asked(it, done) ? io_count_read(done) : done;
}

s64
io_count_write_of(const struct iov_iter *it, s64 done)
{
	return was_asked(it, done) ? io_count_write(done) : done;
}
