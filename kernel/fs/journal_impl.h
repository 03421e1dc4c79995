/*
 * The inside of the journal: requests under way, the log, transactions.
 */
#ifndef FS_JOURNAL_IMPL_H
#define FS_JOURNAL_IMPL_H

#include "core/mutex.h"
#include "core/spinlock.h"
#include "dev/block.h"
#include "fs/journal.h"
#include "fs/journal_disk.h"

struct kthread;

/* ---- journal_io.c: many writes under way -------------------------------- */

/* Requests at a time.  Arbitrary: half of what the disk's driver hands over. */
#define JOURNAL_NR_SLOTS 16u

struct journal_io;

/*
 * struct journal_slot: one request, and a block of memory for what is made to
 * be written.
 * States  free -> open    blocks that lie in a row on the disk are added
 *         open -> busy    the device has it
 *         busy -> free    note_done
 */
struct journal_slot {
	struct block_request r;
	struct journal_io *io;     /* c */
	struct journal_slot *next; /* d: among the free */
	u8 *scratch;               /* c: a block */
	bool scratch_used;         /* of one that is open */
};

/*
 * struct journal_io: used by one thread at a time.
 * Locks: d lock   c fixed; the rest is the thread's
 */
struct journal_io {
	struct blockdev *dev; /* c */
	u32 block_bytes;      /* c */
	struct journal_slot *open;
	u64 open_end;               /* the block behind the last one of open */
	struct spinlock lock;       /* rank DEVICE: done may be an interrupt */
	struct waitq q;             /* a slot is free again */
	struct journal_slot *free;  /* d */
	u32 nr_busy;                /* d */
	int err;                    /* d: the first there was, and stays */
	struct journal_slot *slots; /* c: JOURNAL_NR_SLOTS */
};

int journal_io_init(
    struct journal_io *io, struct blockdev *dev, u32 block_bytes) MUST_CHECK;
/* None is under way.  One of zeroes only is fine. */
void journal_io_destroy(struct journal_io *io);
/*
 * Writes a block from data, which stays as it is until journal_io_wait; or from
 * memory of the slot's, zeroed, that is to be filled before the next call.
 * Writes may be done in any order.  Sleeps.
 */
void journal_io_write(struct journal_io *io, u64 block, void *data);
u8 *journal_io_make(struct journal_io *io, u64 block);
/* All are done.  Errors: the first there ever was. */
int journal_io_wait(struct journal_io *io) MUST_CHECK;
/* And on the disk for good. */
int journal_io_flush(struct journal_io *io) MUST_CHECK;
/* Reads nr blocks that lie in a row, at once.  Errors: -EIO. */
int journal_io_read(
    struct journal_io *io, u64 block, u8 *const data[], u32 nr) MUST_CHECK;

/* ---- the log ------------------------------------------------------------ */

/* Blocks of a log, at least.  Arbitrary; mke2fs makes none below 1,024. */
#define JOURNAL_MIN_BLOCKS 16u

/*
 * struct journal_log: the log's place on the disk.  [first, end) goes round.
 * Locks: c fixed   j JOURNAL
 */
struct journal_log {
	u32 *blocks;              /* c: on the disk; NULL: there is no log */
	u32 first;                /* c: index into blocks */
	u32 end;                  /* c */
	u32 head;                 /* j: where the next block goes */
	u32 used;                 /* j: blocks since the tail */
	bool started;             /* j: the superblock says where the tail is */
	struct journal_super *sb; /* c: a block; its contents j */
};

/*
 * The superblock as it is on the disk makes sense and is of a form that we
 * know; says in the kernel's log what is wrong.  Errors: -EINVAL.
 */
int journal_check_super(const struct blockdev *dev,
    const struct journal_super *sb, u32 block_bytes, u32 nr_log) MUST_CHECK;
/* Each block of the log is one of the disk's.  Errors: -EINVAL. */
int journal_check_blocks(const struct blockdev *dev, u32 block_bytes,
    const u32 *log, u32 nr_log) MUST_CHECK;

/* ---- transactions ------------------------------------------------------- */

/* A block of the log, filled with numbers of freed blocks as they come. */
struct journal_revokes {
	struct journal_revokes *next;
	u32 nr;
	be32 *blocks; /* behind the block's head */
	u8 *data;     /* the block */
};

/*
 * struct journal: one for each file system that is mounted for writing.
 * States  working <-> paused   journal_pause, journal_resume
 *         either -> aborted    journal_abort
 * Locks   j commit   t lock   c fixed   a atomic
 *         k j, and no handle is open; or t: see J2
 */
struct journal {
	struct mutex commit;           /* rank JOURNAL: see J1 */
	struct spinlock lock;          /* rank TRANSACTION */
	struct waitq idle;             /* nr_handles is 0 */
	struct journal_io io;          /* j */
	struct journal_log log;        /* j */
	const struct journal_ops *ops; /* c */
	void *arg;                     /* c */
	u64 interval_ns;               /* t */
	u32 max_credits;               /* c: blocks of a transaction */
	u32 max_revokes;               /* c: blocks of them in a transaction */
	u32 max_committed;             /* c: buffers, before a checkpoint */
	u32 aborted;                   /* a */
	bool paused;                   /* a: no handle begins; set under j */

	u32 nr_begun;          /* k, read by all: write_data was called */
	u32 running;           /* k, read by all: the transaction's number */
	u32 nr_handles;        /* t: that are open */
	u32 reserved;          /* t: credits that they have left */
	u32 promised;          /* t: blocks that write_data will bring */
	struct list changed;   /* k: the running transaction's buffers */
	u32 nr_changed;        /* k */
	struct list committed; /* k: in the log alone */
	u32 nr_committed;      /* k */
	struct journal_revokes *revokes; /* k: the one with room first */
	u32 nr_revokes;                  /* k: blocks of them */
	u64 since_ns; /* t: when the running transaction began; 0: not yet */

	struct waitq news;      /* for the thread: since_ns, stop */
	bool stop;              /* t */
	struct kthread *thread; /* c */
};

static inline u32
journal_revokes_in_block(const struct journal *j)
{
	return (j->io.block_bytes - sizeof(struct journal_revoke_head)) /
	    sizeof(be32);
}

/* Sequence numbers go round. */
static inline bool
journal_is_before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

/*
 * Of the log.  Reads the superblock; blocks and sb are there.
 * Errors: -EIO, -EINVAL.
 */
int journal_log_open(struct journal *j, u32 nr_log) MUST_CHECK;
/* Blocks of the log that a transaction takes, with all that it needs. */
u32 journal_log_need(const struct journal *j, u32 nr_blocks, u32 nr_revoked);
u32 journal_log_free(const struct journal *j);
/* The running transaction, for good.  Errors: -EIO. */
int journal_log_write(struct journal *j) MUST_CHECK MUST_HOLD(&j->commit);
/* All that was committed is in place.  empty: says that there is nothing. */
int journal_log_clear(struct journal *j, bool empty) MUST_CHECK
    MUST_HOLD(&j->commit);

/*
 * A thread that commits what is old enough.  journal_commit is all that it
 * needs, and that all the rest needs of it is nothing.  Errors: -ENOMEM.
 */
int journal_thread_start(struct journal *j) MUST_CHECK;
/* Waits until it has ended.  Fine if there is none. */
void journal_thread_stop(struct journal *j);

#endif
