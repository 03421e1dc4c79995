/*
 * Writing to the bytes of files.
 *
 *	write(2)   promise: as many blocks as may be needed are put by
 *	           copy into the pages, which are dirty then
 *	           in handles: blocks for what was a hole, the size
 *	mmap       the page's blocks, in a handle, before it may be written
 *	commit     the dirty pages go to their blocks, before the log does
 *
 * So blocks, size and bytes come to the disk with one transaction, and no block
 * is in a file on the disk whose bytes are not.  Bytes are copied from user
 * memory with no handle open, since that may fault and wait for a commit.
 */
#include "core/thread.h"
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

/* What is promised at a time. */
#define CHUNK_BYTES (256u << 10)

/* Of one handle that maps blocks. */
#define WRITE_CREDITS (EXT2_MAP_CREDITS + 32u)

static struct ext2_inode *
of_regular(struct regular *r)
{
	return container_of(r, struct ext2_inode, regular);
}

static struct ext2_inode *
of_object(struct object *o)
{
	return of_regular(container_of(o, struct regular, object));
}

static int make_place(struct object *o, u64 index, u8 bits);

/* ---- a file that grows -------------------------------------------------- */

/*
 * A page that a mapping writes to has blocks up to the size that there was, so
 * the rest of it gets its own before i->writing says that what has none is not
 * needed.  If there are none left, the next write is to ask once more.
 */
static void
give_end_blocks(struct ext2_inode *i, u64 before)
{
	struct object *o = &i->regular.object;
	int err;

	/* A mapping that this does not see sees the new size. */
	fence_full();
	if (atomic_load(&o->nr_mapped) == 0 ||
	    align_up(before, ext2_disk_of(i)->block_bytes) % PAGE_SIZE == 0)
		return;
	err = make_place(o, before >> PAGE_SHIFT, PAGE_MAPPED_DIRTY);
	if (err < 0 && err != -EFBIG)
		object_protect(o);
}

/*
 * The last block, if the file ends within it, may have more than zeroes behind
 * the end: what was being written when the power failed.
 */
static int
clear_end(struct ext2_inode *i)
{
	u64 size = i->regular.inode.size_bytes;
	u32 bytes = ext2_disk_of(i)->block_bytes, block = 0;
	int err = 0;

	if (size % bytes != 0)
		err = ext2_map(i, size / bytes, &block);
	if (err < 0 || block == 0)
		return err;
	return object_clear_tail(&i->regular.object);
}

/* ---- write(2): before --------------------------------------------------- */

static u32
blocks_of(const struct ext2 *e, u64 pos, u64 len)
{
	u64 first = pos / e->block_bytes;

	return (u32)((pos + len + e->block_bytes - 1) / e->block_bytes - first);
}

/* True: all that is needed for so many bytes is promised to the file. */
static bool
promise(struct ext2_inode *i, u64 pos, u64 len)
{
	struct ext2 *e = ext2_disk_of(i);
	u32 needed =
	    ext2_blocks_needed(i, pos / e->block_bytes, blocks_of(e, pos, len));
	u32 got = needed > 0 ? ext2_reserve(e, needed) : 0;

	if (got < needed) {
		ext2_unreserve(e, got);
		return false;
	}
	i->promised = needed;
	return true;
}

/* Who writes faster than the disk does it himself. */
static int
keep_pace(struct ext2_inode *i)
{
	struct journal *j = ext2_disk_of(i)->journal;

	if (!object_is_too_dirty(&i->regular.object))
		return 0;
	/* A commit alone does not make those clean that mappings write to. */
	object_protect(&i->regular.object);
	return journal_commit(j, journal_running(j));
}

static s64
room(struct regular *r, u64 pos, u64 len)
{
	struct ext2_inode *i = of_regular(r);
	struct ext2 *e = ext2_disk_of(i);
	int err;

	if (!e->journal || journal_is_aborted(e->journal))
		return -EROFS;
	err = keep_pace(i);
	if (err < 0)
		return err;
	if (pos >= e->max_bytes)
		return -EFBIG;
	if (pos > r->inode.size_bytes)
		err = clear_end(i);
	if (err < 0)
		return err;
	len = MIN(len, e->max_bytes - pos);
	len = MIN(len, CHUNK_BYTES - pos % CHUNK_BYTES);
	while (!promise(i, pos, len)) {
		/* Half of the blocks, the last one whole. */
		u64 left = e->block_bytes - pos % e->block_bytes;

		if (len <= left)
			return -ENOSPC;
		len = MAX(align_down(len / 2, e->block_bytes), left);
	}
	atomic_store(&i->writing, true);
	return (s64)len;
}

/* ---- write(2): after ---------------------------------------------------- */

/* One handle: from byte *pos up to end, as far as it goes. */
static int
keep_some(struct ext2_inode *i, u64 *pos, u64 end)
{
	struct ext2 *e = ext2_disk_of(i);
	struct inode *inode = &i->regular.inode;
	struct ext2_hold hold;
	struct handle h;
	int err = ext2_hold(i, &hold);
	u32 block;
	bool fresh;

	if (err < 0)
		return err;
	err = ext2_begin(e, WRITE_CREDITS, &h);
	if (err < 0)
		goto out;
	while (*pos < end &&
	    h.credits >= EXT2_MAP_CREDITS + EXT2_STORE_CREDITS + 2) {
		err = ext2_map_create(
		    i, &h, *pos / e->block_bytes, true, &block, &fresh);
		if (err < 0)
			break;
		if (e->options.data_journal)
			journal_promise_data(&h, 1);
		*pos =
		    MIN(end, align_down(*pos, e->block_bytes) + e->block_bytes);
		if (*pos > inode->size_bytes)
			atomic_store(&inode->size_bytes, *pos);
	}
	ext2_store_held(&hold, &h);
	journal_end(&h);
out:
	ext2_unhold(&hold);
	return err;
}

static int
written(struct regular *r, u64 pos, u64 len)
{
	struct ext2_inode *i = of_regular(r);
	struct ext2 *e = ext2_disk_of(i);
	u64 end = pos + len, before = r->inode.size_bytes;
	int err = 0;

	while (err == 0 && pos < end)
		err = keep_some(i, &pos, end);
	if (r->inode.size_bytes > before)
		give_end_blocks(i, before);
	mutex_lock(&i->blocks);
	ext2_unreserve(e, i->promised);
	i->promised = 0;
	mutex_unlock(&i->blocks);
	atomic_store(&i->writing, false);
	if (r->object.size_bytes > r->inode.size_bytes)
		object_truncate(&r->object, r->inode.size_bytes);
	return err;
}

/* Run by run: what has a block is data. */
static int
seek(struct regular *r, u64 from, bool hole, u64 *out)
{
	struct ext2_inode *i = of_regular(r);
	u32 bytes = ext2_disk_of(i)->block_bytes, block, nr;
	u64 size = atomic_load(&r->inode.size_bytes), index = from / bytes;
	int err;

	while (index * bytes < size) {
		err = ext2_map_run(i, index, UINT32_MAX, &block, &nr);
		if (err < 0)
			return err;
		if ((block == 0) == hole)
			break;
		index += nr;
		if (thread_must_end())
			return -EINTR;
	}
	*out = MAX(from, index * bytes);
	return 0;
}

const struct regular_ops ext2_regular_ops = {
    .room = room,
    .written = written,
    .seek = seek,
};

/* ---- mmap --------------------------------------------------------------- */

static int
map_page(struct ext2_inode *i, struct handle *h, u64 index)
{
	struct ext2 *e = ext2_disk_of(i);
	u64 size = atomic_load(&i->regular.inode.size_bytes);
	u64 pos = index << PAGE_SHIFT, end = MIN(size, pos + PAGE_SIZE);
	struct ext2_hold hold;
	u32 block;
	bool fresh;
	int err;

	/* While write(2) brings bytes the object may be longer than the file.
	 */
	if (pos >= size)
		return -EFBIG;
	err = ext2_hold(i, &hold);
	if (err < 0)
		return err;
	for (; err == 0 && pos < end; pos += e->block_bytes) {
		err = ext2_map_create(
		    i, h, pos / e->block_bytes, false, &block, &fresh);
		if (err == 0 && e->options.data_journal)
			journal_promise_data(h, 1);
	}
	inode_touch(&i->regular.inode);
	/* What was mapped before an error is in the inode. */
	ext2_store_held(&hold, h);
	ext2_unhold(&hold);
	return err;
}

/*
 * A page with these bits gets blocks; -EFBIG: it has them not, or is gone.
 *
 * A block that is new has what somebody else left in it, until the page is
 * written there.  J4: so the page is dirty before the handle ends.  It stays:
 * the caller holds its address space's lock or the inode's, for which who cuts
 * the file off waits.
 */
static int
make_place(struct object *o, u64 index, u8 bits)
{
	struct ext2 *e = ext2_disk_of(of_object(o));
	struct handle h;
	bool tried = false;
	int err;

	do {
		err = ext2_begin(e,
		    PAGE_SIZE / e->block_bytes * (EXT2_MAP_CREDITS + 1) +
			EXT2_STORE_CREDITS + 1,
		    &h);
		if (err < 0)
			return err;
		err = -EFBIG;
		if (object_dirty_page(o, index, bits))
			err = map_page(of_object(o), &h, index);
		journal_end(&h);
	} while (ext2_commit_helps(e, err, &tried));
	return err;
}

static int
will_write(struct object *o, u64 index)
{
	return make_place(o, index, 0);
}

static void
dirtied(struct object *o)
{
	ext2_cache_dirtied(of_object(o));
}

const struct object_ops ext2_object_ops = {
    .fill = ext2_fill,
    .fill_many = ext2_fill_many,
    .will_write = will_write,
    .dirtied = dirtied,
    .unused = ext2_object_unused,
    .sync = regular_sync_object,
    .release = ext2_object_released,
    .describe = regular_describe,
};

/* ---- the size ----------------------------------------------------------- */

/* What is behind the end in its block is zero, for when the file grows. */
static int
clear_tail(struct ext2_inode *i, u64 size)
{
	struct ext2 *e = ext2_disk_of(i);
	u64 in_block = size % e->block_bytes;
	u32 block;
	int err;

	if (in_block == 0 || !i->has_object)
		return 0;
	err = ext2_map(i, size / e->block_bytes, &block);
	if (err < 0 || block == 0)
		return err;
	return object_write(&i->regular.object, size, page_kva(zero_page),
	    MIN(e->block_bytes - in_block, i->regular.inode.size_bytes - size));
}

static int
shrink(struct ext2_inode *i, u64 size)
{
	struct inode *inode = &i->regular.inode;
	u64 before = inode->size_bytes;
	struct handle h;
	int err = clear_tail(i, size);

	if (err == 0)
		err = ext2_begin(ext2_disk_of(i),
		    EXT2_ORPHAN_CREDITS + EXT2_STORE_CREDITS, &h);
	if (err < 0)
		return err;
	atomic_store(&inode->size_bytes, size);
	err = ext2_orphan_add(i, &h);
	if (err < 0)
		atomic_store(&inode->size_bytes, before);
	journal_end(&h);
	if (err < 0)
		return err;
	object_truncate(&i->regular.object, size);
	return ext2_truncate_blocks(i);
}

static int
grow(struct ext2_inode *i, u64 size)
{
	struct inode *inode = &i->regular.inode;
	u64 before = inode->size_bytes;
	int err;

	atomic_store(&i->writing, true);
	object_grow(&i->regular.object, size);
	atomic_store(&inode->size_bytes, size);
	err = ext2_store_alone(i);
	if (err == 0) {
		give_end_blocks(i, before);
	} else {
		atomic_store(&inode->size_bytes, before);
		object_truncate(&i->regular.object, before);
	}
	atomic_store(&i->writing, false);
	return err;
}

int
ext2_set_size(struct ext2_inode *i, u64 size)
{
	struct inode *inode = &i->regular.inode;
	int err;

	if (size > ext2_disk_of(i)->max_bytes)
		return -EFBIG;
	if (size <= inode->size_bytes)
		return size < inode->size_bytes ? shrink(i, size) : 0;
	err = clear_end(i);
	return err < 0 ? err : grow(i, size);
}

/* ---- commit ------------------------------------------------------------- */

#define MAX_PAGES BLOCK_SEGMENTS

/* One request under construction, of blocks in a row. */
struct ext2_batch {
	struct ext2 *e;
	struct block_request r;
	u64 next; /* the sector behind the last one */
};

struct ext2_batch *
ext2_batch_create(void)
{
	return kzalloc(sizeof(struct ext2_batch));
}

void
ext2_batch_destroy(struct ext2_batch *b)
{
	kfree(b);
}

static int
send(struct ext2_batch *b)
{
	int err = 0;

	if (b->r.nr_segments > 0)
		err = block_do(b->e->dev, &b->r);
	b->r.nr_segments = 0;
	return err;
}

static int
add_block(struct ext2_batch *b, u32 block, void *at)
{
	struct ext2 *e = b->e;
	u64 sector = (u64)block * (e->block_bytes >> SECTOR_SHIFT);
	int err = 0;

	if (b->r.nr_segments == e->dev->max_segments || sector != b->next)
		err = send(b);
	if (err < 0)
		return err;
	if (b->r.nr_segments == 0) {
		b->r.op = BLOCK_WRITE;
		b->r.sector = sector;
	}
	b->r.segments[b->r.nr_segments++] =
	    (struct block_segment){.at = at, .len_bytes = e->block_bytes};
	b->next = sector + (e->block_bytes >> SECTOR_SHIFT);
	return 0;
}

/* With data in the journal: the bytes as they are now, in a buffer. */
static int
log_block(struct ext2 *e, u32 block, const void *at)
{
	struct buf *b;
	int err = ext2_new_block(e, block, &b);

	if (err < 0)
		return err;
	memcpy(b->data, at, e->block_bytes);
	err = journal_write_data(e->journal, b);
	buf_put(b);
	return err;
}

static bool
is_in_log(struct ext2 *e, u32 block)
{
	struct buf *b = buf_find(e->dev, block);
	bool is = b && atomic_load(&b->journaled) != 0;

	buf_put(b);
	return is;
}

/*
 * What the log, or memory, has no room for goes to its block, as without data
 * in the journal (J4).  Not where the log has older bytes of the block, which
 * could be put over these; then the block is no new one, and can wait for the
 * next commit.
 */
static int
log_or_add(struct ext2_batch *b, u32 block, void *at)
{
	int err = log_block(b->e, block, at);

	if ((err != -ENOSPC && err != -ENOMEM) || is_in_log(b->e, block))
		return err;
	return add_block(b, block, at);
}

/* *whole false: a part of the page has no block yet. */
static int
write_page(struct ext2_inode *i, struct ext2_batch *b, u64 index,
    struct page *p, bool *whole)
{
	struct ext2 *e = b->e;
	u64 size = atomic_load(&i->regular.object.size_bytes);
	u64 pos = index << PAGE_SHIFT, end = MIN(size, pos + PAGE_SIZE);
	int err = 0;

	for (; err == 0 && pos < end; pos += e->block_bytes) {
		char *at = (char *)page_kva(p) + pos % PAGE_SIZE;
		u32 block;

		err = ext2_map(i, pos / e->block_bytes, &block);
		if (err < 0)
			break;
		if (block == 0)
			*whole = false;
		else if (e->options.data_journal)
			err = log_or_add(b, block, at);
		else
			err = add_block(b, block, at);
	}
	return err;
}

/* Pages in a row.  Those that have no blocks yet stay dirty. */
static int
write_pages(struct ext2_inode *i, struct ext2_batch *b, u64 index,
    struct page **pages, u32 nr)
{
	struct object *o = &i->regular.object;
	bool whole[MAX_PAGES], failed[MAX_PAGES] = {};
	int err = 0, sent;
	u32 n;

	for (n = 0; n < nr; n++) {
		whole[n] = true;
		if (err == 0)
			err = write_page(i, b, index + n, pages[n], &whole[n]);
		/* Not of a block that is new: memory has all it needs. */
		if (err == -ENOMEM || err == -ENOSPC) {
			failed[n] = true;
			b->e->is_short = true;
			err = 0;
		}
	}
	sent = send(b);
	if (err == 0)
		err = sent;
	for (n = 0; n < nr; n++)
		object_write_done(o, index + n, &pages[n], 1,
		    err < 0 || failed[n] ||
			(!whole[n] && atomic_load(&i->writing)));
	return err;
}

static int
write_file(struct ext2_inode *i, struct ext2_batch *b)
{
	struct object *o = &i->regular.object;
	struct page *pages[MAX_PAGES];
	u64 from = 0;
	u32 nr;
	int err = 0;

	while (err == 0 &&
	    (nr = object_take_dirty(o, &from, pages, MAX_PAGES)) > 0) {
		err = write_pages(i, b, from, pages, nr);
		from += nr;
	}
	return err;
}

int
ext2_write_data(void *arg)
{
	struct ext2 *e = arg;
	struct ext2_inode *i;
	int err = 0;

	e->batch->e = e;
	e->is_short = false;
	ext2_cache_begin_write(e);
	while ((i = ext2_cache_take_dirty(e))) {
		if (err == 0)
			err = write_file(i, e->batch);
		ext2_cache_written(
		    i, atomic_load(&i->regular.object.nr_dirty) > 0);
	}
	if (e->is_short)
		atomic_add(&e->nr_short, 1);
	return err;
}
