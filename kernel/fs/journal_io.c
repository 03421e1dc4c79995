#include "fs/journal_impl.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "mm/slab.h"

/* ---- coming and going --------------------------------------------------- */

int
journal_io_init(struct journal_io *io, struct blockdev *dev, u32 block_bytes)
{
	u32 i;

	memset(io, 0, sizeof(*io));
	io->dev = dev;
	io->block_bytes = block_bytes;
	spin_init(&io->lock, RANK_DEVICE);
	waitq_init(&io->q);
	io->slots = kzalloc(JOURNAL_NR_SLOTS * sizeof(*io->slots));
	if (io->slots == NULL)
		return -ENOMEM;
	for (i = 0; i < JOURNAL_NR_SLOTS; i++) {
		struct journal_slot *s = &io->slots[i];

		s->io = io;
		s->scratch = kmalloc(block_bytes);
		if (s->scratch == NULL) {
			journal_io_destroy(io);
			return -ENOMEM;
		}
		s->next = io->free;
		io->free = s;
	}
	return 0;
}

void
journal_io_destroy(struct journal_io *io)
{
	u32 i;

	assert(io->nr_busy == 0);
	for (i = 0; io->slots != NULL && i < JOURNAL_NR_SLOTS; i++)
		kfree(io->slots[i].scratch);
	kfree(io->slots);
	io->slots = NULL;
}

/* ---- requests ----------------------------------------------------------- */

static void
note_done(struct block_request *r)
{
	struct journal_slot *s = container_of(r, struct journal_slot, r);
	struct journal_io *io = s->io;

	spin_lock(&io->lock);
	if (r->err < 0 && io->err == 0)
		io->err = r->err;
	s->next = io->free;
	io->free = s;
	io->nr_busy--;
	waitq_wake_all(&io->q);
	spin_unlock(&io->lock);
}

static void
submit(struct journal_io *io)
{
	struct journal_slot *s = io->open;

	if (s == NULL)
		return;
	io->open = NULL;
	spin_lock(&io->lock);
	io->nr_busy++;
	spin_unlock(&io->lock);
	block_submit(io->dev, &s->r);
}

/* Waits for a slot that is free, and opens it. */
static void
open_slot(struct journal_io *io, u64 block)
{
	struct journal_slot *s;

	submit(io);
	spin_lock(&io->lock);
	while (io->free == NULL)
		(void)!waitq_wait_spin(&io->q, &io->lock, PARK_DISK,
		    NO_DEADLINE, "a journal's disk");
	s = io->free;
	io->free = s->next;
	spin_unlock(&io->lock);
	s->r.op = BLOCK_WRITE;
	s->r.sector = block * (io->block_bytes >> SECTOR_SHIFT);
	s->r.nr_segments = 0;
	s->r.err = 0;
	s->r.done = note_done;
	s->scratch_used = false;
	io->open = s;
	io->open_end = block;
}

static void
add(struct journal_io *io, void *data)
{
	struct block_request *r = &io->open->r;

	r->segments[r->nr_segments++] =
	    (struct block_segment){.at = data, .len_bytes = io->block_bytes};
	io->open_end++;
}

static bool
goes_on(const struct journal_io *io, u64 block)
{
	return io->open != NULL && io->open_end == block &&
	    io->open->r.nr_segments < io->dev->max_segments;
}

void
journal_io_write(struct journal_io *io, u64 block, void *data)
{
	if (!goes_on(io, block))
		open_slot(io, block);
	add(io, data);
}

u8 *
journal_io_make(struct journal_io *io, u64 block)
{
	u8 *scratch;

	if (!goes_on(io, block) || io->open->scratch_used)
		open_slot(io, block);
	scratch = io->open->scratch;
	io->open->scratch_used = true;
	memset(scratch, 0, io->block_bytes);
	add(io, scratch);
	return scratch;
}

int
journal_io_wait(struct journal_io *io)
{
	int err;

	submit(io);
	spin_lock(&io->lock);
	while (io->nr_busy > 0)
		(void)!waitq_wait_spin(&io->q, &io->lock, PARK_DISK,
		    NO_DEADLINE, "a journal's disk");
	err = io->err;
	spin_unlock(&io->lock);
	return err;
}

int
journal_io_flush(struct journal_io *io)
{
	int err = journal_io_wait(io);

	return err < 0 ? err : block_flush(io->dev);
}

int
journal_io_read(struct journal_io *io, u64 block, u8 *const data[], u32 nr)
{
	struct block_request *r;
	u32 i;
	int err;

	assert(nr <= io->dev->max_segments);
	r = kzalloc(sizeof(*r));
	if (r == NULL)
		return -ENOMEM;
	r->op = BLOCK_READ;
	r->sector = block * (io->block_bytes >> SECTOR_SHIFT);
	for (i = 0; i < nr; i++)
		r->segments[i] = (struct block_segment){
		    .at = data[i], .len_bytes = io->block_bytes};
	r->nr_segments = nr;
	err = block_do(io->dev, r);
	kfree(r);
	return err;
}
