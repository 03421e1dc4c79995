/*
 * What threads read and wrote, for /proc/PID/io and getrusage.  Calls count
 * here; what goes to and from disks where it does, for the current thread.
 */
#ifndef PROC_IO_COUNT_H
#define PROC_IO_COUNT_H

#include "core/thread.h"

struct iov_iter;

void io_counts_add(struct io_counts *to, const struct io_counts *more);

/*
 * A call of the current thread that moved done bytes, or failed with it, which
 * is also what they return.
 */
s64 io_count_read(s64 done);
s64 io_count_write(s64 done);
/* The same, but what was refused before the file was asked is no call. */
s64 io_count_read_of(const struct iov_iter *it, s64 done);
s64 io_count_write_of(const struct iov_iter *it, s64 done);

#endif
