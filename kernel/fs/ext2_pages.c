/*
 * Pages of regular files, from the disk.  Blocks that lie there in a row come
 * in one request, whatever pages they belong to.
 */
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/string.h"
#include "mm/slab.h"

/* What is being asked for: blocks in a row, up to next. */
struct reading {
	struct ext2 *e;
	struct block_request *r;
	u64 next;
};

/* Reads what has been gathered. */
static int
finish(struct reading *g)
{
	int err = g->r->nr_segments > 0 ? block_do(g->e->dev, g->r) : 0;

	g->r->nr_segments = 0;
	return err;
}

/* One block more, to be read to that place. */
static int
add_block(struct reading *g, u32 block, char *at)
{
	struct block_request *r = g->r;
	int err = 0;

	if (block >= g->e->nr_blocks)
		return ext2_bad(g->e, "a file's block", block);
	if (block != g->next || r->nr_segments == g->e->dev->max_segments)
		err = finish(g);
	if (err < 0)
		return err;
	if (r->nr_segments == 0) {
		r->op = BLOCK_READ;
		r->sector = (u64)block * (g->e->block_bytes >> SECTOR_SHIFT);
	}
	r->segments[r->nr_segments++] =
	    (struct block_segment){.at = at, .len_bytes = g->e->block_bytes};
	g->next = (u64)block + 1;
	return 0;
}

/*
 * With data in the journal what is committed lies in a buffer until it is in
 * its place.
 */
static bool
take_from_buffer(struct ext2 *e, u32 block, void *at)
{
	struct buf *b =
	    e->options.data_journal ? buf_find(e->dev, block) : NULL;

	if (!b)
		return false;
	memcpy(at, b->data, e->block_bytes);
	buf_put(b);
	return true;
}

/* A hole leaves zeroes. */
static int
fill_page(struct reading *g, struct ext2_inode *i, u64 index, u64 size,
    struct page *p)
{
	u64 bytes = g->e->block_bytes, at;
	u64 start = index << PAGE_SHIFT;
	u32 block;
	int err = 0;

	/* Beyond the end, what the block has is nobody's. */
	for (at = 0; err == 0 && at < PAGE_SIZE && start + at < size;
	     at += bytes) {
		char *to = (char *)page_kva(p) + at;

		err = ext2_map(i, (start + at) / bytes, &block);
		if (err == 0 && block != 0 &&
		    !take_from_buffer(g->e, block, to))
			err = add_block(g, block, to);
	}
	return err;
}

static void
zero_beyond(u64 size, u64 index, struct page *p)
{
	u64 start = index << PAGE_SHIFT;

	if (size > start && size < start + PAGE_SIZE)
		memset((char *)page_kva(p) + (size - start), 0,
		    start + PAGE_SIZE - size);
}

int
ext2_fill_many(struct object *o, u64 index, u32 nr, struct page **pages)
{
	struct regular *regular = container_of(o, struct regular, object);
	struct reading g = {.e = ext2_of(regular->inode.fs)};
	u64 size = atomic_load(&regular->inode.size_bytes);
	u32 n;
	int err = 0;

	g.r = kzalloc(sizeof(*g.r));
	if (!g.r)
		return -ENOMEM;
	for (n = 0; err == 0 && n < nr; n++)
		err = fill_page(&g,
		    container_of(regular, struct ext2_inode, regular),
		    index + n, size, pages[n]);
	if (err == 0)
		err = finish(&g);
	kfree(g.r);
	for (n = 0; n < nr; n++)
		zero_beyond(size, index + n, pages[n]);
	return err;
}

int
ext2_fill(struct object *o, u64 index, struct page *p)
{
	return ext2_fill_many(o, index, 1, &p);
}
