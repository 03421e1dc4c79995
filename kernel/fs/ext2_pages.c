/* Pages of regular files, from the disk. */
#include "dev/block.h"
#include "fs/ext2_impl.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

/*
 * With data in the journal what is committed lies in a buffer until it is in
 * its place.
 */
static bool
take_from_buffer(struct ext2 *e, u32 block, void *at)
{
	struct buf *b = e->options.data_journal ? buf_find(e->dev, block) : NULL;

	if (!b)
		return false;
	memcpy(at, b->data, e->block_bytes);
	buf_put(b);
	return true;
}

/* The part of page p that one block fills; a hole leaves zeroes. */
static int
fill_block(struct ext2_inode *i, u64 index, struct page *p, u32 offset,
    struct block_request *r)
{
	struct ext2 *e = ext2_disk_of(i);
	char *at = (char *)page_kva(p) + offset;
	u32 block;
	int err = ext2_map(i, index, &block);

	if (err < 0 || block == 0 || take_from_buffer(e, block, at))
		return err;
	r->op = BLOCK_READ;
	r->sector = (u64)block * (e->block_bytes >> SECTOR_SHIFT);
	r->nr_segments = 1;
	r->segments[0] =
	    (struct block_segment){.at = at, .len_bytes = e->block_bytes};
	return block_do(e->dev, r);
}

int
ext2_fill_page(struct object *o, u64 index, struct page *p)
{
	struct regular *regular = container_of(o, struct regular, object);
	struct ext2_inode *i =
	    container_of(regular, struct ext2_inode, regular);
	struct ext2 *e = ext2_disk_of(i);
	u64 per_page = PAGE_SIZE / e->block_bytes, n;
	u64 size = atomic_load(&regular->inode.size_bytes);
	struct block_request *r;
	int err = 0;

	if (index << PAGE_SHIFT >= size)
		return 0;
	r = kzalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	for (n = 0; err == 0 && n < per_page; n++) {
		u64 block = index * per_page + n;

		/* Beyond the end, what the block has is nobody's. */
		if (block * e->block_bytes >= size)
			break;
		err = fill_block(i, block, p, n * e->block_bytes, r);
	}
	kfree(r);
	if (err == 0 && (index + 1) << PAGE_SHIFT > size)
		memset((char *)page_kva(p) + size % PAGE_SIZE, 0,
		    PAGE_SIZE - size % PAGE_SIZE);
	return err;
}
