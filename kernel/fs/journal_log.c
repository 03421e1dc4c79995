/*
 * Writing the log.  A transaction in it, each column a block:
 *
 *	revoke ... | descriptor | data | data ... | descriptor ... | commit
 *	           |            |<- up to 124 ->|   with blocks of 1 KiB,
 *	                                            508 with 4 KiB
 *
 * All of it but the commit block is written with many requests under way, in
 * whatever order the disk likes.
 */
#include "core/printk.h"
#include "fs/journal_impl.h"
#include "lib/assert.h"
#include "lib/string.h"

/* ---- what is on the disk ------------------------------------------------ */

static const struct {
	u32 bit;
	const char *name;
} incompat_names[] = {
    {0x02, "64bit"},
    {0x04, "async_commit"},
    {0x08, "checksum_v2"},
    {0x10, "checksum_v3"},
    {0x20, "fast_commit"},
};

static int
refuse(const struct blockdev *dev, const char *what, u32 number)
{
	printk(
	    "journal: %s: %s (%#x) makes no sense\n", dev->name, what, number);
	return -EINVAL;
}

static int
refuse_feature(const struct blockdev *dev, const char *name, u32 bits)
{
	printk("journal: %s: the journal has the feature %s (%#x), which calf "
	       "does not know\n",
	    dev->name, name, bits);
	return -EINVAL;
}

static int
check_features(const struct blockdev *dev, const struct journal_super *sb)
{
	u32 incompat = be32_get(sb->incompat) & ~JOURNAL_INCOMPAT_REVOKE, i;

	for (i = 0; i < ARRAY_SIZE(incompat_names); i++)
		if (incompat & incompat_names[i].bit)
			return refuse_feature(
			    dev, incompat_names[i].name, incompat);
	if (incompat != 0)
		return refuse_feature(dev, "(incompatible)", incompat);
	/* Commit blocks with sums that replay would have to look at. */
	if (sb->compat.raw != 0)
		return refuse_feature(dev, "checksum", be32_get(sb->compat));
	if (sb->ro_compat.raw != 0)
		return refuse_feature(
		    dev, "(read-only)", be32_get(sb->ro_compat));
	return 0;
}

int
journal_check_super(const struct blockdev *dev, const struct journal_super *sb,
    u32 block_bytes, u32 nr_log)
{
	u32 type = be32_get(sb->head.type), start = be32_get(sb->start);
	u32 nr = be32_get(sb->nr_blocks), first = be32_get(sb->first);
	int err = 0;

	if (be32_get(sb->head.magic) != JOURNAL_MAGIC)
		return refuse(
		    dev, "the journal's magic", be32_get(sb->head.magic));
	if (type != JOURNAL_SUPER_V1 && type != JOURNAL_SUPER_V2)
		return refuse(dev, "the journal's version", type);
	if (type == JOURNAL_SUPER_V2)
		err = check_features(dev, sb);
	if (err < 0)
		return err;
	if (be32_get(sb->block_bytes) != block_bytes)
		return refuse(dev, "the size of the journal's blocks",
		    be32_get(sb->block_bytes));
	if (nr > nr_log || nr < JOURNAL_MIN_BLOCKS)
		return refuse(dev, "the journal's number of blocks", nr);
	if (first == 0 || first > nr - JOURNAL_MIN_BLOCKS + 1)
		return refuse(dev, "the journal's first block", first);
	if (start != 0 && (start < first || start >= nr))
		return refuse(dev, "the journal's start", start);
	if (type == JOURNAL_SUPER_V2 && be32_get(sb->nr_users) > 1)
		return refuse(dev, "a journal of several file systems",
		    be32_get(sb->nr_users));
	return 0;
}

int
journal_check_blocks(
    const struct blockdev *dev, u32 block_bytes, const u32 *log, u32 nr_log)
{
	u64 nr_disk = dev->nr_sectors / (block_bytes >> SECTOR_SHIFT);
	u32 i;

	if (nr_log < JOURNAL_MIN_BLOCKS)
		return refuse(dev, "the journal's length", nr_log);
	for (i = 0; i < nr_log; i++)
		if (log[i] == 0 || log[i] >= nr_disk)
			return refuse(dev, "a block of the journal", log[i]);
	return 0;
}

/* Version 1 ends before the features: what lies behind it may be anything. */
static void
make_version_2(struct journal_super *sb)
{
	size_t old_bytes = offsetof(struct journal_super, compat);

	if (be32_get(sb->head.type) != JOURNAL_SUPER_V1)
		return;
	memset((u8 *)sb + old_bytes, 0, sizeof(*sb) - old_bytes);
	sb->head.type = be32_make(JOURNAL_SUPER_V2);
	sb->nr_users = be32_make(1);
}

int
journal_log_open(struct journal *j, u32 nr_log)
{
	struct journal_log *log = &j->log;
	struct journal_super *sb = log->sb;
	u8 *const data[] = {(u8 *)sb};
	u32 bytes = j->io.block_bytes;
	int err = journal_check_blocks(j->io.dev, bytes, log->blocks, nr_log);

	if (err == 0)
		err = journal_io_read(&j->io, log->blocks[0], data, 1);
	if (err == 0)
		err = journal_check_super(j->io.dev, sb, bytes, nr_log);
	if (err == 0 && sb->start.raw != 0)
		err = refuse(j->io.dev, "a journal that was not recovered",
		    be32_get(sb->start));
	if (err < 0)
		return err;
	make_version_2(sb);
	sb->incompat = be32_make(JOURNAL_INCOMPAT_REVOKE);
	log->first = be32_get(sb->first);
	log->end = be32_get(sb->nr_blocks);
	log->head = log->first;
	/* J11: numbers never start again. */
	j->running = be32_get(sb->sequence);
	return 0;
}

/* ---- room --------------------------------------------------------------- */

/* The first tag has the UUID behind it. */
static u32
tags_in_block(const struct journal *j)
{
	return (j->io.block_bytes - sizeof(struct journal_head) -
		   JOURNAL_UUID_BYTES) /
	    sizeof(struct journal_tag);
}

u32
journal_log_need(const struct journal *j, u32 nr_blocks, u32 nr_revokes)
{
	u32 tags = tags_in_block(j);

	return nr_blocks + (nr_blocks + tags - 1) / tags + nr_revokes + 1;
}

u32
journal_log_free(const struct journal *j)
{
	return j->log.end - j->log.first - j->log.used;
}

/* The disk's block for the next one of the log. */
static u64
take_place(struct journal_log *log)
{
	u64 block = log->blocks[log->head];

	if (++log->head == log->end)
		log->head = log->first;
	log->used++;
	return block;
}

/* ---- the blocks of a transaction ---------------------------------------- */

static void
fill_head(const struct journal *j, void *block, enum journal_block_type type)
{
	*(struct journal_head *)block = (struct journal_head){
	    .magic = be32_make(JOURNAL_MAGIC),
	    .type = be32_make(type),
	    .sequence = be32_make(j->running),
	};
}

static void
write_revokes(struct journal *j) MUST_HOLD(&j->commit)
{
	struct journal_revokes *r;

	for (r = j->revokes; r != NULL; r = r->next) {
		struct journal_revoke_head *head = (void *)r->data;

		fill_head(j, head, JOURNAL_REVOKE);
		head->len_bytes =
		    be32_make(sizeof(*head) + r->nr * sizeof(be32));
		journal_io_write(&j->io, take_place(&j->log), r->data);
	}
}

/* J7: a block of data must not look like one of the log's own. */
static bool
must_escape(const struct buf *b)
{
	be32 first;

	memcpy(&first, b->data, sizeof(first));
	return be32_get(first) == JOURNAL_MAGIC;
}

static void
fill_tag(u8 *at, const struct buf *b, bool first, bool last)
{
	u16 flags = 0;
	struct journal_tag tag = {.block = be32_make((u32)b->block)};

	if (!first)
		flags |= JOURNAL_TAG_SAME_UUID;
	if (last)
		flags |= JOURNAL_TAG_LAST;
	if (must_escape(b))
		flags |= JOURNAL_TAG_ESCAPED;
	tag.flags = be16_make(flags);
	memcpy(at, &tag, sizeof(tag));
}

static struct buf *
next_of(const struct buf *b)
{
	return list_entry(b->in.next, struct buf, in);
}

/* Tags for nr buffers from b on. */
static void
write_descriptor(struct journal *j, const struct buf *b, u32 nr)
    MUST_HOLD(&j->commit)
{
	u8 *data = journal_io_make(&j->io, take_place(&j->log));
	u8 *at = data + sizeof(struct journal_head);
	u32 i;

	fill_head(j, data, JOURNAL_DESCRIPTOR);
	for (i = 0; i < nr; i++, b = next_of(b)) {
		fill_tag(at, b, i == 0, i == nr - 1);
		at += sizeof(struct journal_tag);
		if (i == 0) {
			memcpy(at, j->log.sb->uuid, JOURNAL_UUID_BYTES);
			at += JOURNAL_UUID_BYTES;
		}
	}
}

static void
write_data(struct journal *j, struct buf *b) MUST_HOLD(&j->commit)
{
	u64 place = take_place(&j->log);
	u8 *copy;

	if (!must_escape(b)) {
		journal_io_write(&j->io, place, b->data);
		return;
	}
	copy = journal_io_make(&j->io, place);
	memcpy(copy, b->data, b->len_bytes);
	memset(copy, 0, sizeof(be32));
}

static void
write_changed(struct journal *j) MUST_HOLD(&j->commit)
{
	u32 left = j->nr_changed, most = tags_in_block(j);
	struct buf *b = list_first(&j->changed, struct buf, in);

	while (left > 0) {
		u32 nr = MIN(left, most), i;

		write_descriptor(j, b, nr);
		for (i = 0; i < nr; i++, b = next_of(b))
			write_data(j, b);
		left -= nr;
	}
}

/* ---- for good ----------------------------------------------------------- */

/* Where the tail is.  The superblock's memory stays as it is until a wait. */
static void
write_super(struct journal *j, u32 start) MUST_HOLD(&j->commit)
{
	j->log.sb->start = be32_make(start);
	j->log.sb->sequence = be32_make(j->running);
	journal_io_write(&j->io, j->log.blocks[0], j->log.sb);
}

int
journal_log_write(struct journal *j)
{
	struct journal_log *log = &j->log;
	int err;

	/* J8: it fits behind the head without reaching the tail. */
	assert(journal_log_need(j, j->nr_changed, j->nr_revokes) <=
	    journal_log_free(j));
	/*
	 * J10: if only this gets to the disk, nothing with the transaction's
	 * number is found where it points to.
	 */
	if (!log->started)
		write_super(j, log->head);
	write_revokes(j);
	write_changed(j);
	/* J5: the commit block says that all of the rest is on the disk. */
	err = journal_io_flush(&j->io);
	if (err < 0)
		return err;
	log->started = true;
	fill_head(j, journal_io_make(&j->io, take_place(log)), JOURNAL_COMMIT);
	return journal_io_flush(&j->io);
}

int
journal_log_clear(struct journal *j, bool empty)
{
	struct journal_log *log = &j->log;

	if (!log->started)
		return 0;
	write_super(j, empty ? 0 : log->head);
	log->used = 0;
	log->started = !empty;
	return journal_io_flush(&j->io);
}
