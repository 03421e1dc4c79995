/*
 * Recovery: what was committed and is perhaps not in place is written there.
 * The log is read three times, from the tail on:
 *
 *	scan    which transactions are committed: those that follow each other
 *	        without a gap in their numbers and end with a commit block
 *	revoke  which blocks were freed in them, and when at the latest; whether
 *	        all that they say makes sense, before anything is written
 *	replay  the blocks are written in place, in the order of the log
 *
 * The rules, as e2fsck and Linux have them:
 *
 *	J13  The log ends at the first block that is not of the transaction
 *	     whose turn it is.  What follows the last commit block never was.
 *	J14  A block is not replayed from a transaction if that one, or a later
 *	     one, has revoked it.
 *	J15  Of two writes of a block the later one is done after the earlier.
 *	J16  The log is said to be empty when all is in place and flushed.  The
 *	     next number is that behind the first that was not committed:
 *	     blocks of it may be in the log.
 *
 * The log may say anything.  A pass looks at each of its blocks once at most,
 * so it ends; numbers of blocks are compared with the disk.
 */
#include "core/printk.h"
#include "fs/journal_impl.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "lib/xmap.h"
#include "mm/slab.h"

enum pass {
	PASS_SCAN,
	PASS_REVOKE,
	PASS_REPLAY,
};

/*
 * struct recovery: one under way, of one thread.
 *
 * The log is read by windows, of as many blocks in a row as a request takes.
 * Blocks that are replayed are written from the window's memory.
 */
struct recovery {
	struct blockdev *dev;
	u32 block_bytes;
	u64 nr_disk; /* blocks of the disk */
	const u32 *log;
	u32 first, end, start; /* of the log, as indexes */
	struct journal_super *sb;
	struct journal_io io;

	enum pass pass;
	u32 number;          /* of the transaction that is looked at */
	u32 stop;            /* the first one that is not committed */
	u32 at;              /* next index */
	u32 left;            /* blocks that this pass may still look at */
	struct xmap revoked; /* number | KNOWN by block */
	u32 nr_revoked, nr_replayed;

	u8 *window[BLOCK_SEGMENTS];
	u32 window_at, window_nr, window_max;
	u32 under_way[BLOCK_SEGMENTS]; /* blocks written from the window */
	u32 nr_under_way;
};

/* What is in the map is not NULL: a bit above all numbers. */
#define KNOWN (1ul << 32)

static void
free_node(void *p, size_t len_bytes)
{
	(void)len_bytes;
	kfree(p);
}

static const struct xmap_ops map_ops = {.alloc = kmalloc, .free = free_node};

static int
bad(const struct recovery *r, const char *what, u32 number)
{
	printk("journal: %s: %s (%u) in transaction %u makes no sense\n",
	    r->dev->name, what, number, r->number);
	return -EIO;
}

/* ---- reading the log ---------------------------------------------------- */

static int
settle(struct recovery *r)
{
	r->nr_under_way = 0;
	return journal_io_wait(&r->io);
}

/* As many from index on as lie in a row on the disk. */
static int
fill_window(struct recovery *r, u32 index)
{
	u32 nr = 1;
	int err = settle(r);

	while (nr < r->window_max && index + nr < r->end &&
	    r->log[index + nr] == r->log[index] + nr)
		nr++;
	if (err == 0)
		err = journal_io_read(&r->io, r->log[index], r->window, nr);
	if (err < 0)
		return err;
	r->window_at = index;
	r->window_nr = nr;
	return 0;
}

/*
 * The next block of the log, which stays until the next call.  NULL when this
 * pass has seen all of it.
 */
static int
next_block(struct recovery *r, u8 **out)
{
	int err;

	*out = NULL;
	if (r->left == 0)
		return 0;
	if (r->at < r->window_at || r->at - r->window_at >= r->window_nr) {
		err = fill_window(r, r->at);
		if (err < 0)
			return err;
	}
	*out = r->window[r->at - r->window_at];
	r->left--;
	if (++r->at == r->end)
		r->at = r->first;
	return 0;
}

/* True when there are so many. */
static bool
skip_blocks(struct recovery *r, u32 nr)
{
	if (nr > r->left)
		return false;
	r->left -= nr;
	r->at += nr;
	if (r->at >= r->end)
		r->at -= r->end - r->first;
	return true;
}

/* ---- revoked blocks ----------------------------------------------------- */

static int
revoke(struct recovery *r, u32 block)
{
	u64 was = (u64)xmap_get(&r->revoked, block);

	/* What no disk has is replayed nowhere. */
	if (block >= r->nr_disk)
		return 0;
	r->nr_revoked++;
	if (was != 0 && !journal_is_before((u32)was, r->number))
		return 0;
	return xmap_set(&r->revoked, block, (void *)(KNOWN | r->number));
}

/* J14 */
static bool
is_revoked(const struct recovery *r, u32 block)
{
	u64 when = (u64)xmap_get(&r->revoked, block);

	return when != 0 && !journal_is_before((u32)when, r->number);
}

static int
read_revokes(struct recovery *r, const u8 *data)
{
	const struct journal_revoke_head *head = (const void *)data;
	u32 len_bytes = be32_get(head->len_bytes), at;
	be32 block;
	int err = 0;

	if (len_bytes > r->block_bytes)
		return bad(r, "the length of revoked blocks", len_bytes);
	for (at = sizeof(*head); at + sizeof(block) <= len_bytes && err == 0;
	     at += sizeof(block)) {
		memcpy(&block, data + at, sizeof(block));
		err = revoke(r, be32_get(block));
	}
	return err;
}

/* ---- descriptors -------------------------------------------------------- */

/* struct tags: going through those of one descriptor. */
struct tags {
	const u8 *data;
	u32 at, end;
	u32 block, flags; /* of the current one */
	bool last;
};

static struct tags
tags_of(const struct recovery *r, const u8 *data)
{
	return (struct tags){
	    .data = data,
	    .at = sizeof(struct journal_head),
	    .end = r->block_bytes,
	};
}

/* False behind the last one, which may be the last that fits. */
static bool
tags_next(struct tags *t)
{
	struct journal_tag tag;

	if (t->last || t->at + sizeof(tag) > t->end)
		return false;
	memcpy(&tag, t->data + t->at, sizeof(tag));
	t->block = be32_get(tag.block);
	t->flags = be16_get(tag.flags);
	t->last = (t->flags & JOURNAL_TAG_LAST) != 0;
	t->at += sizeof(tag);
	if (!(t->flags & JOURNAL_TAG_SAME_UUID))
		t->at += JOURNAL_UUID_BYTES;
	return true;
}

static u32
count_tags(const struct recovery *r, const u8 *data)
{
	struct tags t = tags_of(r, data);
	u32 nr = 0;

	while (tags_next(&t))
		nr++;
	return nr;
}

/* Before anything is written: the tags of what is committed make sense. */
static int
check_tags(const struct recovery *r, const u8 *data)
{
	struct tags t = tags_of(r, data);

	while (tags_next(&t))
		if (t.block >= r->nr_disk)
			return bad(r, "the number of a block", t.block);
	return 0;
}

/* J15: the device may do what is under way in any order. */
static int
wait_for_same(struct recovery *r, u32 block)
{
	u32 i;

	for (i = 0; i < r->nr_under_way; i++)
		if (r->under_way[i] == block)
			return settle(r);
	return 0;
}

static int
replay_block(struct recovery *r, const struct tags *t, u8 *data)
{
	be32 magic = be32_make(JOURNAL_MAGIC);
	int err;

	if (is_revoked(r, t->block))
		return 0;
	if (t->block >= r->nr_disk)
		return bad(r, "the number of a block", t->block);
	err = wait_for_same(r, t->block);
	if (err < 0)
		return err;
	/* J7 */
	if (t->flags & JOURNAL_TAG_ESCAPED)
		memcpy(data, &magic, sizeof(magic));
	journal_io_write(&r->io, t->block, data);
	r->under_way[r->nr_under_way++] = t->block;
	r->nr_replayed++;
	return 0;
}

/* The descriptor is a copy: the window moves on. */
static int
replay(struct recovery *r, const u8 *descriptor)
{
	struct tags t = tags_of(r, descriptor);
	int err = 0;
	u8 *data;

	while (err == 0 && tags_next(&t)) {
		err = next_block(r, &data);
		if (err == 0 && data == NULL)
			err = bad(r, "the number of tags", r->at);
		if (err == 0)
			err = replay_block(r, &t, data);
	}
	return err;
}

static int
read_descriptor(struct recovery *r, const u8 *data)
{
	u8 *copy;
	int err = 0;

	if (r->pass == PASS_REPLAY) {
		copy = kmemdup(data, r->block_bytes);
		if (copy == NULL)
			return -ENOMEM;
		err = replay(r, copy);
		kfree(copy);
		return err;
	}
	if (r->pass == PASS_REVOKE)
		err = check_tags(r, data);
	/* 1: it cannot have been committed with more than the log has. */
	if (err == 0 && !skip_blocks(r, count_tags(r, data)))
		err = 1;
	return err;
}

/* ---- a pass ------------------------------------------------------------- */

/* 0, an error, or 1: the log ends here. */
static int
read_one(struct recovery *r, u8 *data)
{
	const struct journal_head *head = (const void *)data;

	/* J13 */
	if (be32_get(head->magic) != JOURNAL_MAGIC ||
	    be32_get(head->sequence) != r->number)
		return 1;
	switch (be32_get(head->type)) {
	case JOURNAL_DESCRIPTOR:
		return read_descriptor(r, data);
	case JOURNAL_REVOKE:
		return r->pass == PASS_REVOKE ? read_revokes(r, data) : 0;
	case JOURNAL_COMMIT:
		r->number++;
		return 0;
	default:
		return 1;
	}
}

static int
run_pass(struct recovery *r, enum pass pass)
{
	int err = 0;
	u8 *data;

	r->pass = pass;
	r->number = be32_get(r->sb->sequence);
	r->at = r->start;
	r->left = r->end - r->first;
	while (err == 0 && (pass == PASS_SCAN || r->number != r->stop)) {
		err = next_block(r, &data);
		if (err == 0)
			err = data == NULL ? 1 : read_one(r, data);
	}
	if (err < 0)
		return err;
	if (pass == PASS_SCAN)
		r->stop = r->number;
	else if (r->number != r->stop)
		return bad(r, "the end of the log", r->number);
	return settle(r);
}

static int
run_passes(struct recovery *r)
{
	int err = run_pass(r, PASS_SCAN);

	if (err == 0)
		err = run_pass(r, PASS_REVOKE);
	if (err == 0)
		err = run_pass(r, PASS_REPLAY);
	return err < 0 ? err : journal_io_flush(&r->io);
}

/* J16.  A log with nothing in it goes on one number further, too. */
static int
leave_empty(struct recovery *r)
{
	r->sb->start = be32_make(0);
	r->sb->sequence = be32_make(r->stop + 1);
	journal_io_write(&r->io, r->log[0], r->sb);
	return journal_io_flush(&r->io);
}

/* ---- coming and going --------------------------------------------------- */

static void
destroy(struct recovery *r)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(r->window); i++)
		kfree(r->window[i]);
	if (r->revoked.ops != NULL)
		xmap_clear(&r->revoked);
	journal_io_destroy(&r->io);
	kfree(r->sb);
	kfree(r);
}

static int
create(struct blockdev *dev, u32 block_bytes, const u32 *log,
    struct recovery **out)
{
	struct recovery *r = kzalloc(sizeof(*r));
	int err;

	if (r == NULL)
		return -ENOMEM;
	xmap_init(&r->revoked, &map_ops);
	r->dev = dev;
	r->block_bytes = block_bytes;
	r->nr_disk = dev->nr_sectors / (block_bytes >> SECTOR_SHIFT);
	r->log = log;
	err = journal_io_init(&r->io, dev, block_bytes);
	r->sb = kmalloc(block_bytes);
	if (err < 0 || r->sb == NULL) {
		destroy(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

static int
read_super(struct recovery *r, u32 nr_log)
{
	u8 *const data[] = {(u8 *)r->sb};
	int err = journal_check_blocks(r->dev, r->block_bytes, r->log, nr_log);

	if (err == 0)
		err = journal_io_read(&r->io, r->log[0], data, 1);
	if (err == 0)
		err =
		    journal_check_super(r->dev, r->sb, r->block_bytes, nr_log);
	if (err < 0)
		return err;
	r->first = be32_get(r->sb->first);
	r->end = be32_get(r->sb->nr_blocks);
	r->start = be32_get(r->sb->start);
	return 0;
}

/* One block at least; more as there is memory. */
static int
create_window(struct recovery *r)
{
	u32 most = MIN(r->dev->max_segments, BLOCK_SEGMENTS);

	while (r->window_max < most) {
		u8 *block = kmalloc(r->block_bytes);

		if (block == NULL)
			break;
		r->window[r->window_max++] = block;
	}
	return r->window_max > 0 ? 0 : -ENOMEM;
}

int
journal_recover(struct blockdev *dev, u32 block_bytes, const u32 *log,
    u32 nr_log, bool *replayed)
{
	struct recovery *r;
	int err = create(dev, block_bytes, log, &r);

	*replayed = false;
	if (err < 0)
		return err;
	err = read_super(r, nr_log);
	if (err < 0)
		goto out;
	r->stop = be32_get(r->sb->sequence);
	if (r->start != 0) {
		err = create_window(r);
		if (err == 0)
			err = run_passes(r);
	}
	if (err == 0)
		err = leave_empty(r);
	if (err < 0 || r->start == 0)
		goto out;
	*replayed = true;
	printk("journal: %s: recovered: %u blocks written, %u revoked, up to "
	       "transaction %u\n",
	    dev->name, r->nr_replayed, r->nr_revoked, r->stop - 1);
out:
	destroy(r);
	return err;
}
