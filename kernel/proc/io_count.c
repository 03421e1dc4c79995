#include "proc/io_count.h"

#include "lib/atomic.h"

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
