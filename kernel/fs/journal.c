/*
 * Handles, transactions, and what becomes of them.
 *
 *	    handles                 who commits               the disk
 *
 *	journal_begin  }
 *	journal_change } running
 *	journal_end    }            JOURNAL taken
 *	                            no handle is open
 *	(who begins one             ops->write_data           data in place
 *	waits for JOURNAL)          journal_log_write         log, flush
 *	                                                      commit, flush
 *	                            ops->committed
 *	                            checkpoint, if due        buffers in place,
 *	                                                      flush, tail, flush
 *	journal_begin ...           JOURNAL released
 *
 * The rules, each of which stands where it is kept as well:
 *
 *	J1   No handle begins while a commit has JOURNAL, and the commit waits
 *	     until none is open: what is being written does not change.
 *	J2   The lists of buffers are changed within handles, under TRANSACTION,
 *	     or by who has JOURNAL while no handle is open.
 *	J3   A buffer is changed only after journal_change.  From then on until
 *	     its bytes are at its own block the journal keeps it in memory.
 *	J4   The data of files is on the disk, or in the log, before the commit
 *	     block of the transaction that makes it theirs.
 *	J5   A commit block is written when all before it has been flushed, and
 *	     a transaction is committed when it has been flushed as well.
 *	J6   A buffer is written at its own block only right after a commit:
 *	     then all its changes are committed.
 *	J7   A block in the log that begins with the magic is escaped.
 *	J8   A transaction begins with half of the log free, and takes less.
 *	J9   A freed block is revoked in the log, its buffer is not written any
 *	     more, and it is not used before its transaction is committed.
 *	J10  The tail moves on when what lies before it is in place and flushed;
 *	     the superblock says where the log starts before the first commit
 *	     block does.
 *	J11  Numbers of transactions never start again.
 *	J12  After an error nothing is written any more.
 *
 * Why a checkpoint is made only while handles are held up: a buffer that a new
 * transaction has changed could not be written, and would need a second copy.
 * This way there is never more than one of a block in memory.  It costs a pause
 * each time that half of the log is full.
 */
#include "fs/journal.h"

#include "core/clock.h"
#include "core/printk.h"
#include "fs/journal_impl.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define INTERVAL_S 5u /* as Linux's ext3 */

/* Parts of the log.  For J8 they must be a half together, with descriptors. */
#define CREDITS_SHARE 4u /* blocks of a transaction */
#define REVOKES_SHARE 8u /* and its blocks of revoked numbers */
/* Parts of memory that buffers may take which nothing else can use. */
#define CHANGED_SHARE   16u /* and as much for numbers of freed blocks */
#define COMMITTED_SHARE 8u
/* A transaction of so many blocks has a place in any memory. */
#define MIN_CREDITS 64u

/* ---- the end ------------------------------------------------------------ */

bool
journal_is_aborted(const struct journal *j)
{
	return atomic_load(&j->aborted) != 0;
}

void
journal_abort(struct journal *j, int err)
{
	u32 not_yet = 0;

	if (!atomic_cas(&j->aborted, &not_yet, 1))
		return;
	printk("journal: %s: error %d; nothing is written any more\n",
	    j->io.dev->name, err);
	j->ops->aborted(j->arg, err);
}

/* ---- buffers in transactions -------------------------------------------- */

/* The thread's clock starts with the first change. */
static void
note_change_locked(struct journal *j) MUST_HOLD(&j->lock)
{
	if (j->since_ns != 0)
		return;
	j->since_ns = clock_mono_ns();
	waitq_wake_all(&j->news);
}

/* J3: into the running transaction. */
static void
add_locked(struct journal *j, struct buf *b) MUST_HOLD(&j->lock)
{
	if (b->journaled & BUF_COMMITTED) {
		list_remove(&b->in);
		j->nr_committed--;
	} else {
		buf_hold(b);
	}
	atomic_store(&b->journaled, b->journaled | BUF_CHANGED);
	list_push_back(&j->changed, &b->in);
	j->nr_changed++;
	note_change_locked(j);
}

/* Out of everything; true: the journal's reference is the caller's now. */
static bool
remove_locked(struct journal *j, struct buf *b) MUST_HOLD(&j->lock)
{
	if (b->journaled == 0)
		return false;
	list_remove(&b->in);
	if (b->journaled & BUF_CHANGED)
		j->nr_changed--;
	else
		j->nr_committed--;
	atomic_store(&b->journaled, 0);
	return true;
}

/* They are where they belong, or will never be. */
static void
release(struct journal *j, struct list *l)
{
	struct buf *b;

	while ((b = list_first(l, struct buf, in)) != NULL) {
		spin_lock(&j->lock);
		(void)remove_locked(j, b);
		spin_unlock(&j->lock);
		buf_put(b);
	}
}

static void
free_revokes(struct journal *j)
{
	struct journal_revokes *r;

	while ((r = j->revokes) != NULL) {
		j->revokes = r->next;
		kfree(r->data);
		kfree(r);
	}
	j->nr_revokes = 0;
}

/* ---- in place ----------------------------------------------------------- */

/* Puts the buffers of b, which are in order, among those of a. */
static void
merge(struct list *a, struct list *b)
{
	struct list *at = a->next, *item;

	while ((item = b->next) != b) {
		u64 block = list_entry(item, struct buf, in)->block;

		while (at != a && list_entry(at, struct buf, in)->block < block)
			at = at->next;
		list_remove(item);
		list_insert_before(at, item);
	}
}

/* By block, so that neighbours go in one request.  rows[i]: 2^i of them. */
static void
sort(struct list *l)
{
	struct list rows[32], row, *item;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		list_init(&rows[i]);
	while ((item = list_pop_front(l)) != NULL) {
		list_init(&row);
		list_push_back(&row, item);
		for (i = 0; !list_empty(&rows[i]); i++)
			merge(&row, &rows[i]);
		list_splice_back(&rows[i], &row);
	}
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		merge(l, &rows[i]);
}

/* J6: no handle is open, and nothing of these is uncommitted. */
static int
write_in_place(struct journal *j, struct list *l) MUST_HOLD(&j->commit)
{
	struct buf *b;

	sort(l);
	list_for_each (b, l, in)
		journal_io_write(&j->io, b->block, b->data);
	return journal_io_flush(&j->io);
}

/* empty: for the last time. */
static int
checkpoint(struct journal *j, bool empty) MUST_HOLD(&j->commit)
{
	int err;

	assert(j->nr_changed == 0);
	err = write_in_place(j, &j->committed);
	/* J10 */
	if (err == 0)
		err = journal_log_clear(j, empty);
	if (err == 0)
		release(j, &j->committed);
	return err;
}

static bool
checkpoint_is_due(const struct journal *j)
{
	u32 nr_log = j->log.end - j->log.first;

	return journal_log_free(j) < nr_log / 2 + nr_log % 2 ||
	    j->nr_committed > j->max_committed;
}

/* ---- commit ------------------------------------------------------------- */

static void
wait_for_handles(struct journal *j) MUST_HOLD(&j->commit)
{
	spin_lock(&j->lock);
	while (j->nr_handles > 0)
		(void)!waitq_wait_spin(&j->idle, &j->lock, PARK_UNINTERRUPTIBLE,
		    NO_DEADLINE, "a journal's handles");
	spin_unlock(&j->lock);
	check(j->reserved == 0);
}

/* The transaction is on the disk: begins the next one. */
static void
finish(struct journal *j) MUST_HOLD(&j->commit)
{
	struct buf *b;

	spin_lock(&j->lock);
	list_for_each (b, &j->changed, in)
		atomic_store(&b->journaled, BUF_COMMITTED);
	list_splice_back(&j->committed, &j->changed);
	j->nr_committed += j->nr_changed;
	j->nr_changed = 0;
	/* J11 */
	atomic_store(&j->running, j->running + 1);
	spin_unlock(&j->lock);
	free_revokes(j);
	if (j->log.blocks == NULL)
		release(j, &j->committed);
}

static int
write_transaction(struct journal *j) MUST_HOLD(&j->commit)
{
	bool empty = j->nr_changed == 0 && j->nr_revokes == 0;
	int err;

	/* What write_data wrote is to be there for good, all the same. */
	if (empty)
		err = journal_io_flush(&j->io);
	else if (j->log.blocks == NULL)
		err = write_in_place(j, &j->changed);
	else
		err = journal_log_write(j);
	if (err < 0)
		return err;
	spin_lock(&j->lock);
	j->promised = 0;
	j->since_ns = 0;
	spin_unlock(&j->lock);
	if (!empty)
		finish(j);
	return 0;
}

/* J12 is in the order of these: each comes only if all before it went well. */
static int
try_commit(struct journal *j) MUST_HOLD(&j->commit)
{
	int err;

	/* J4; before the first page is looked at, for journal_commit_data. */
	atomic_store(&j->nr_begun, j->nr_begun + 1);
	err = j->ops->write_data(j->arg);
	if (err == 0 && journal_is_aborted(j))
		err = -EIO;
	if (err == 0)
		err = write_transaction(j);
	if (err < 0)
		return err;
	/* J9: nothing of before can come back. */
	j->ops->committed(j->arg);
	if (j->log.blocks != NULL && checkpoint_is_due(j))
		err = checkpoint(j, false);
	return err;
}

static int
commit_locked(struct journal *j) MUST_HOLD(&j->commit)
{
	int err;

	/* J1 */
	wait_for_handles(j);
	if (journal_is_aborted(j))
		return -EIO;
	err = try_commit(j);
	if (err == 0)
		return 0;
	journal_abort(j, err);
	return -EIO;
}

u32
journal_running(struct journal *j)
{
	return atomic_load(&j->running);
}

int
journal_commit(struct journal *j, u32 number)
{
	int err = 0;

	mutex_lock(&j->commit);
	/* Others may have committed it while this one waited. */
	if (!journal_is_before(number, j->running))
		err = commit_locked(j);
	else if (journal_is_aborted(j))
		err = -EIO;
	mutex_unlock(&j->commit);
	return err;
}

u32
journal_nr_begun(struct journal *j)
{
	return atomic_load(&j->nr_begun);
}

int
journal_commit_data(struct journal *j, u32 nr_begun)
{
	int err = 0;

	mutex_lock(&j->commit);
	if (j->nr_begun == nr_begun)
		err = commit_locked(j);
	else if (journal_is_aborted(j))
		err = -EIO;
	mutex_unlock(&j->commit);
	return err;
}

void
journal_note(struct journal *j)
{
	spin_lock(&j->lock);
	note_change_locked(j);
	spin_unlock(&j->lock);
}

/* ---- handles ------------------------------------------------------------ */

/* J8: what handles may still bring in is as good as there. */
static bool
has_room_locked(struct journal *j, u32 nr_blocks) MUST_HOLD(&j->lock)
{
	u64 nr = (u64)j->nr_changed + j->reserved + j->promised + nr_blocks;

	/* The other half is for those that are open. */
	return nr <= j->max_credits && j->nr_revokes <= j->max_revokes / 2;
}

bool
journal_extend(struct handle *h, u32 nr_blocks)
{
	struct journal *j = h->j;
	bool ok;

	spin_lock(&j->lock);
	ok = has_room_locked(j, nr_blocks);
	if (ok) {
		h->credits += nr_blocks;
		j->reserved += nr_blocks;
	}
	spin_unlock(&j->lock);
	return ok;
}

static bool
open_handle(struct journal *j, u32 nr_blocks, struct handle *h)
    MUST_HOLD(&j->commit)
{
	bool ok;

	h->j = j;
	h->credits = 0;
	ok = journal_extend(h, nr_blocks);
	if (!ok)
		return false;
	spin_lock(&j->lock);
	j->nr_handles++;
	spin_unlock(&j->lock);
	return true;
}

int
journal_begin(struct journal *j, u32 nr_blocks, struct handle *h)
{
	int err = 0;

	if (nr_blocks > j->max_credits)
		return -ENOSPC;
	/* J1: who commits has it. */
	mutex_lock(&j->commit);
	if (journal_is_aborted(j) || journal_is_paused(j))
		err = -EROFS;
	if (err == 0 && !open_handle(j, nr_blocks, h)) {
		err = commit_locked(j) < 0 ? -EROFS : 0;
		if (err == 0 && !open_handle(j, nr_blocks, h))
			assert(!"an empty transaction has room");
	}
	mutex_unlock(&j->commit);
	return err;
}

void
journal_end(struct handle *h)
{
	struct journal *j = h->j;

	spin_lock(&j->lock);
	assert(j->nr_handles > 0 && j->reserved >= h->credits);
	j->reserved -= h->credits;
	if (--j->nr_handles == 0)
		waitq_wake_all(&j->idle);
	spin_unlock(&j->lock);
	h->j = NULL;
}

void
journal_change(struct handle *h, struct buf *b)
{
	struct journal *j = h->j;

	/* While a handle is open, no commit takes it out again. */
	if (atomic_load(&b->journaled) & BUF_CHANGED)
		return;
	check(b->dev == j->io.dev && b->len_bytes == j->io.block_bytes);
	spin_lock(&j->lock);
	if (!(b->journaled & BUF_CHANGED)) {
		assert(h->credits > 0);
		h->credits--;
		j->reserved--;
		add_locked(j, b);
	}
	spin_unlock(&j->lock);
}

/* ---- freed blocks ------------------------------------------------------- */

static struct journal_revokes *
create_revokes(const struct journal *j)
{
	struct journal_revokes *r = kzalloc(sizeof(*r));

	if (r == NULL)
		return NULL;
	r->data = kzalloc(j->io.block_bytes);
	if (r->data == NULL) {
		kfree(r);
		return NULL;
	}
	r->blocks = (be32 *)(r->data + sizeof(struct journal_revoke_head));
	return r;
}

/* 0, -ENOSPC, or 1: there must be another block for numbers. */
static int
try_revoke_locked(struct journal *j, u32 block) MUST_HOLD(&j->lock)
{
	struct journal_revokes *r = j->revokes;

	if (r == NULL || r->nr == journal_revokes_in_block(j))
		return j->nr_revokes < j->max_revokes ? 1 : -ENOSPC;
	r->blocks[r->nr++] = be32_make(block);
	note_change_locked(j);
	return 0;
}

static int
note_revoked(struct journal *j, u32 block)
{
	struct journal_revokes *fresh = NULL;
	int err;

	for (;;) {
		spin_lock(&j->lock);
		err = try_revoke_locked(j, block);
		if (err > 0 && fresh != NULL) {
			fresh->next = j->revokes;
			j->revokes = fresh;
			j->nr_revokes++;
			fresh = NULL;
			err = try_revoke_locked(j, block);
		}
		spin_unlock(&j->lock);
		if (err <= 0)
			break;
		fresh = create_revokes(j);
		if (fresh == NULL)
			return -ENOMEM;
	}
	/* Another thread was faster. */
	if (fresh != NULL) {
		kfree(fresh->data);
		kfree(fresh);
	}
	return err;
}

int
journal_revoke(struct handle *h, u32 block)
{
	struct journal *j = h->j;
	struct buf *b;
	bool mine;
	int err = 0;

	/* J9: the log may have it from an earlier transaction. */
	if (j->log.blocks != NULL)
		err = note_revoked(j, block);
	if (err < 0)
		return err;
	b = buf_find(j->io.dev, block);
	if (b == NULL)
		return 0;
	spin_lock(&j->lock);
	mine = remove_locked(j, b);
	spin_unlock(&j->lock);
	if (mine)
		buf_put(b);
	buf_put(b);
	return 0;
}

/* ---- data in the log ---------------------------------------------------- */

void
journal_promise_data(struct handle *h, u32 nr_blocks)
{
	struct journal *j = h->j;

	assert(h->credits >= nr_blocks);
	spin_lock(&j->lock);
	h->credits -= nr_blocks;
	j->reserved -= nr_blocks;
	j->promised += nr_blocks;
	note_change_locked(j);
	spin_unlock(&j->lock);
}

int
journal_write_data(struct journal *j, struct buf *b)
{
	assert(mutex_held(&j->commit));
	if (b->journaled & BUF_CHANGED)
		return 0;
	if (j->log.blocks != NULL &&
	    journal_log_need(j, j->nr_changed + 1, j->nr_revokes) >
		journal_log_free(j))
		return -ENOSPC;
	spin_lock(&j->lock);
	add_locked(j, b);
	spin_unlock(&j->lock);
	return 0;
}

/* ---- coming and going --------------------------------------------------- */

u32
journal_max_credits(const struct journal *j)
{
	return j->max_credits;
}

static void
set_limits(struct journal *j)
{
	u64 memory = page_count * PAGE_SIZE / j->io.block_bytes;
	u32 nr_log = j->log.end - j->log.first;

	j->max_credits = (u32)MIN(
	    MAX(memory / CHANGED_SHARE, (u64)MIN_CREDITS), (u64)1 << 24);
	j->max_committed = (u32)MIN(memory / COMMITTED_SHARE, (u64)1 << 30);
	if (j->log.blocks == NULL)
		return;
	j->max_credits = MIN(j->max_credits, nr_log / CREDITS_SHARE);
	j->max_revokes = (u32)MIN(MAX(memory / CHANGED_SHARE, (u64)MIN_CREDITS),
	    (u64)nr_log / REVOKES_SHARE);
	/* J8 */
	assert(journal_log_need(j, j->max_credits, j->max_revokes) <=
	    nr_log / 2 + nr_log % 2);
}

static void
destroy(struct journal *j)
{
	release(j, &j->changed);
	release(j, &j->committed);
	free_revokes(j);
	journal_io_destroy(&j->io);
	kfree(j->log.blocks);
	kfree(j->log.sb);
	kfree(j);
}

static int
open_log(struct journal *j, const struct journal_params *p)
{
	struct journal_log *log = &j->log;

	log->blocks = kmemdup(p->log, p->nr_log * sizeof(*p->log));
	log->sb = kmalloc(p->block_bytes);
	if (log->blocks == NULL || log->sb == NULL)
		return -ENOMEM;
	return journal_log_open(j, p->nr_log);
}

void
journal_set_interval(struct journal *j, u32 interval_s)
{
	spin_lock(&j->lock);
	j->interval_ns =
	    (interval_s > 0 ? interval_s : INTERVAL_S) * NSEC_PER_SEC;
	waitq_wake_all(&j->news);
	spin_unlock(&j->lock);
}

static struct journal *
create(const struct journal_params *p)
{
	struct journal *j = kzalloc(sizeof(*j));

	if (j == NULL)
		return NULL;
	mutex_init(&j->commit, RANK_JOURNAL);
	spin_init(&j->lock, RANK_TRANSACTION);
	waitq_init(&j->idle);
	waitq_init(&j->news);
	list_init(&j->changed);
	list_init(&j->committed);
	j->ops = p->ops;
	j->arg = p->arg;
	j->running = 1;
	journal_set_interval(j, p->interval_s);
	return j;
}

int
journal_open(const struct journal_params *p, struct journal **out)
{
	struct journal *j = create(p);
	int err;

	if (j == NULL)
		return -ENOMEM;
	err = journal_io_init(&j->io, p->dev, p->block_bytes);
	if (err == 0 && p->log != NULL)
		err = open_log(j, p);
	if (err == 0) {
		set_limits(j);
		err = journal_thread_start(j);
	}
	if (err < 0)
		destroy(j);
	else
		*out = j;
	return err;
}

static int
empty_locked(struct journal *j) MUST_HOLD(&j->commit)
{
	int err = commit_locked(j);

	if (err == 0 && j->log.blocks != NULL) {
		err = checkpoint(j, true);
		if (err < 0)
			journal_abort(j, err);
	}
	return err < 0 ? -EIO : 0;
}

int
journal_close(struct journal *j)
{
	int err = 0;

	journal_thread_stop(j);
	assert(j->nr_handles == 0);
	mutex_lock(&j->commit);
	if (!journal_is_paused(j))
		err = empty_locked(j);
	mutex_unlock(&j->commit);
	destroy(j);
	return err;
}

/* ---- pauses ------------------------------------------------------------- */

bool
journal_is_paused(const struct journal *j)
{
	return atomic_load(&j->paused);
}

void
journal_pause(struct journal *j)
{
	mutex_lock(&j->commit);
	atomic_store(&j->paused, true);
	mutex_unlock(&j->commit);
}

int
journal_empty(struct journal *j)
{
	int err;

	assert(journal_is_paused(j));
	mutex_lock(&j->commit);
	err = empty_locked(j);
	mutex_unlock(&j->commit);
	return err;
}

void
journal_resume(struct journal *j)
{
	mutex_lock(&j->commit);
	atomic_store(&j->paused, false);
	/* What was changed meanwhile grows old from now on. */
	spin_lock(&j->lock);
	waitq_wake_all(&j->news);
	spin_unlock(&j->lock);
	mutex_unlock(&j->commit);
}
