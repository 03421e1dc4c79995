/*
 * Waiting for any of many files; poll, select and epoll are built on it.
 */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "core/poll_table.h"
#include "lib/errno.h"
#include "lib/types.h"

struct file;

/* One of the files; they are borrowed and must stay open meanwhile. */
struct poll_entry {
	struct file *file; /* NULL: not looked at, revents is kept */
	u16 events;        /* POLL* bits that count, beside the errors */
	u16 revents;       /* out: those that hold */
};

/*
 * Waits until one of the entries has something to report, or the deadline; one
 * in the past (0) only looks.
 * Returns how many entries have revents (kept ones count), 0 at the deadline.
 * Errors: -EINTR a signal came first, -ENOMEM.
 */
int poll_wait_many(
    struct poll_entry *entries, u32 nr, u64 deadline_ns) MUST_CHECK;

#endif
