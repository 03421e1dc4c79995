/*
 * The journal of a disk's file system: what a system call changes in the
 * disk's structures is there as a whole after a crash, or not at all.
 *
 *	handle      one change: begins, says which buffers it changes, ends
 *	transaction the handles of some seconds together, written by one commit
 *
 *	running -> (no handle is open) data written in place -> log written,
 *	flushed -> commit block, flushed -> committed -> written in place at
 *	their own blocks, flushed (checkpoint) -> the log's place is free again
 *
 * A commit holds handles up while it writes: a buffer that a transaction has
 * changed does not change while it is being written.  It never waits for a lock
 * that who holds a handle, or waits for one, may have: only for open handles to
 * end.  So within a handle nobody waits for an inode's lock, for user memory,
 * or for another handle; what may be held while one begins stands in the order
 * of locks above JOURNAL.
 *
 * Disks without a log (ext2) have a journal too: a commit then writes data,
 * then the buffers at their own blocks, and flushes.
 */
#ifndef FS_JOURNAL_H
#define FS_JOURNAL_H

#include "fs/buf.h"
#include "lib/errno.h"

struct blockdev;
struct journal;

/*
 * What the file system does when a transaction is committed.  No handle is
 * open, none begins before it is back, and the lock JOURNAL is held.
 */
struct journal_ops {
	/*
	 * Before the log: the bytes of files whose blocks are new (ordered), or
	 * with data in the journal journal_write_data for each block.  Errors
	 * abort the journal.
	 */
	int (*write_data)(void *arg);
	/* The transaction is on the disk: blocks that it freed may be used. */
	void (*committed)(void *arg);
	/*
	 * Before the journal's thread commits what is old; NULL: nothing is to
	 * be done then.  Locks: none.
	 */
	void (*prepare)(void *arg);
	/*
	 * Once: the journal is aborted, nothing is written any more.  Whatever
	 * locks who found the error has are held.
	 */
	void (*aborted)(void *arg, int err);
};

struct journal_params {
	struct blockdev *dev;
	u32 block_bytes;
	/* The log's blocks on the disk, in order, copied; NULL: there is none.
	 */
	const u32 *log;
	u32 nr_log;
	const struct journal_ops *ops;
	void *arg;      /* for ops */
	u32 interval_s; /* of commits; 0: 5 */
};

/*
 * A log that has been recovered (or is clean), for writing.  Transaction
 * numbers go on where the log's superblock says.
 * Errors: -ENOMEM, -EIO, -EINVAL (no log that we know, and the kernel's log
 * says why).
 */
int journal_open(
    const struct journal_params *p, struct journal **out) MUST_CHECK;
/*
 * Commits, writes everything in place, and leaves the log empty, unless it is
 * paused and so is empty already.  No handle is open and none will be.  Frees
 * it in any case.  Errors: -EIO, the abort's.
 */
int journal_close(struct journal *j);

/*
 * Writes in place what a log has that was committed, and leaves the log empty:
 * before anything else of the disk is read.  *replayed: the log was not empty.
 * Errors: -EIO, -ENOMEM, -EROFS the disk cannot be written, -EINVAL (a form of
 * journal that we don't know), with a line in the kernel's log that says what.
 */
int journal_recover(struct blockdev *dev, u32 block_bytes, const u32 *log,
    u32 nr_log, bool *replayed) MUST_CHECK;

/*
 * No handle begins any more (-EROFS) until journal_resume.  Those that are open
 * end, and what they changed is committed as ever.
 */
void journal_pause(struct journal *j);
/*
 * While it is paused: all that was changed is in place, and the log is empty.
 * Sleeps.  Errors: -EIO aborted.
 */
int journal_empty(struct journal *j) MUST_CHECK;
void journal_resume(struct journal *j);
bool journal_is_paused(const struct journal *j);
/* How old changes become; 0: 5. */
void journal_set_interval(struct journal *j, u32 interval_s);

/* struct handle: one change under way, of the current thread, on its stack. */
struct handle {
	struct journal *j;
	u32 credits; /* blocks that it may still bring in */
};

/*
 * Begins a change of at most nr_blocks buffers.  Waits while a commit is under
 * way, or for one if there is no room; not while the thread has another handle.
 * Locks: takes JOURNAL.  Sleeps.
 * Errors: -EROFS aborted or paused, -ENOSPC more than any transaction has.
 */
int journal_begin(
    struct journal *j, u32 nr_blocks, struct handle *h) MUST_CHECK;
void journal_end(struct handle *h);
/* More blocks for a long change, if that is possible now: else end and begin.
 */
bool journal_extend(struct handle *h, u32 nr_blocks) MUST_CHECK;

/*
 * Before a buffer is changed: it is part of the transaction from now on, and
 * stays in memory until it is on the disk.  The caller has a reference of his
 * own, and keeps others from changing the same bytes.  Does not fail: a handle
 * has paid for the memory (asserts that there are credits, but for a buffer
 * that is in the running transaction already).
 * Locks: takes TRANSACTION, a spin lock.
 */
void journal_change(struct handle *h, struct buf *b);
/*
 * The block is freed: what the log has of it must not be replayed, and what is
 * in memory is not written any more.  It is not used again, for anything,
 * before ops->committed.  The caller's reference to a buffer stays his.
 * Sleeps.
 * Errors, with nothing done: -ENOMEM, -ENOSPC more than a transaction takes;
 * a handle that is open alone may count on 16,000 where the log has 1,024
 * blocks of 1 KiB.
 */
int journal_revoke(struct handle *h, u32 block) MUST_CHECK;

/*
 * So many of the handle's credits are for blocks that ops->write_data will
 * give to journal_write_data.
 */
void journal_promise_data(struct handle *h, u32 nr_blocks);
/*
 * Within ops->write_data only: the buffer's bytes go to the log as well, and
 * later to their own place.  Until then the buffer has them and the disk does
 * not: who reads the block looks for its buffer first (buf_find).
 * Errors: -ENOSPC the log has no room for what was not promised.
 */
int journal_write_data(struct journal *j, struct buf *b) MUST_CHECK;

/* The running transaction's number, which committed ones stay below. */
u32 journal_running(struct journal *j);
/*
 * Waits until all transactions up to that number are on the disk for good.
 * With nothing changed it still has ops->write_data write, and flushes.
 * Locks: no handle; takes JOURNAL.  Sleeps.  Errors: -EIO aborted.
 */
int journal_commit(struct journal *j, u32 number) MUST_CHECK;
/*
 * What was dirty, and changed, when journal_nr_begun was asked is on the disk
 * when this is back: a commit that had begun to write data before does not
 * count.
 */
u32 journal_nr_begun(struct journal *j);
int journal_commit_data(struct journal *j, u32 nr_begun) MUST_CHECK;
/* Something is to be committed, when it is old, that is in no handle. */
void journal_note(struct journal *j);
/* Something of the file system is broken: nothing is written any more. */
void journal_abort(struct journal *j, int err);
bool journal_is_aborted(const struct journal *j);
/* The most that journal_begin takes. */
u32 journal_max_credits(const struct journal *j);

#endif
