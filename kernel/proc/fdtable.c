/*
 * The table itself: making, copying, growing, and the slots.  What descriptors
 * mean to the current thread is in fd.c.
 */
#include "proc/fdtable.h"

#include "fs/file.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/fdtable_impl.h"

#define BITS 64u

static_assert(FDTABLE_INLINE <= BITS, "its bitmaps are one word each");

/* Words of one bitmap. */
static u32
nr_words(u32 nr_slots)
{
	return (nr_slots + BITS - 1) / BITS;
}

static void
init(struct fdtable *t)
{
	refcount_init(&t->refs, 1);
	spin_init(&t->lock, RANK_FDTABLE);
	t->nr_slots = FDTABLE_INLINE;
	t->open = &t->inline_open;
	t->cloexec = &t->inline_cloexec;
	t->files = t->inline_files;
}

int
fdtable_create(struct fdtable **out)
{
	struct fdtable *t = kzalloc(sizeof(*t));

	if (t == NULL)
		return -ENOMEM;
	init(t);
	*out = t;
	return 0;
}

/* One block: the files, then both bitmaps. */
static struct file **
block_alloc(u32 nr_slots)
{
	return kzalloc(nr_slots * sizeof(struct file *) +
	    2 * nr_words(nr_slots) * sizeof(u64));
}

static void
use_block(struct fdtable *t, struct file **block, u32 nr_slots)
{
	t->files = block;
	t->open = (u64 *)(block + nr_slots);
	t->cloexec = t->open + nr_words(nr_slots);
	t->nr_slots = nr_slots;
}

static void
block_free(struct fdtable *t, struct file **block)
{
	if (block != t->inline_files)
		kfree(block);
}

int
fdtable_grow(struct fdtable *t, u32 nr_needed)
{
	u32 nr = align_up(MAX(nr_needed, 2 * t->nr_slots), BITS);
	struct file **block = block_alloc(nr);
	struct file **old = block;
	u32 words;

	if (block == NULL)
		return -ENOMEM;
	spin_lock(&t->lock);
	if (t->nr_slots < nr) {
		u64 *open = t->open;
		u64 *cloexec = t->cloexec;

		words = nr_words(t->nr_slots);
		old = t->files;
		memcpy(block, old, t->nr_slots * sizeof(*block));
		use_block(t, block, nr);
		memcpy(t->open, open, words * sizeof(u64));
		memcpy(t->cloexec, cloexec, words * sizeof(u64));
	}
	spin_unlock(&t->lock);
	block_free(t, old);
	return 0;
}

int
fdtable_next_open_locked(const struct fdtable *t, u32 n)
{
	u32 word;
	u64 bits;

	if (n >= t->nr_slots)
		return -1;
	word = n / BITS;
	bits = t->open[word] & (~0ul << n % BITS);
	while (bits == 0) {
		if (++word >= nr_words(t->nr_slots))
			return -1;
		bits = t->open[word];
	}
	return word * BITS + __builtin_ctzl(bits);
}

u32
fdtable_next_free_locked(const struct fdtable *t, u32 n)
{
	u32 word = n / BITS;
	u64 bits;

	if (n >= t->nr_slots)
		return n;
	bits = ~t->open[word] & (~0ul << n % BITS);
	while (bits == 0) {
		if (++word >= nr_words(t->nr_slots))
			return t->nr_slots;
		bits = ~t->open[word];
	}
	return MIN(word * BITS + __builtin_ctzl(bits), t->nr_slots);
}

static u32
last_open_locked(const struct fdtable *t)
{
	u32 word = nr_words(t->nr_slots);

	while (word-- > 0)
		if (t->open[word] != 0)
			return word * BITS + BITS - 1 -
			    __builtin_clzl(t->open[word]);
	return 0;
}

/*
 * A descriptor that is only reserved is not the copy's.  Slot by slot: what the
 * bitmaps would tell costs more than the look.
 *
 * This is the one part of fork that grows with the process.  To share the table
 * until somebody changes it would save that, and make close fail for want of
 * memory to copy it then; close must not fail.
 */
static void
copy_slots_locked(struct fdtable *from, struct fdtable *to, u32 nr)
{
	u32 n;

	memcpy(to->open, from->open, nr_words(nr) * sizeof(u64));
	memcpy(to->cloexec, from->cloexec, nr_words(nr) * sizeof(u64));
	to->first_free = MIN(from->first_free, to->nr_slots);
	for (n = 0; n < nr; n++) {
		struct file *f = from->files[n];

		to->files[n] = f;
		if (likely(f != NULL))
			file_get(f);
		else if (to->open[n / BITS] >> n % BITS & 1)
			fdtable_clear_locked(to, n);
	}
}

/* Makes room for nr slots in a table that is empty and nobody else's. */
static int
make_room(struct fdtable *t, u32 nr)
{
	return nr <= t->nr_slots ? 0 : fdtable_grow(t, nr);
}

int
fdtable_copy(struct fdtable *from, struct fdtable **out)
{
	struct fdtable *t;
	u32 nr;
	int err = fdtable_create(&t);

	if (err != 0)
		return err;
	for (;;) {
		spin_lock(&from->lock);
		nr = last_open_locked(from) + 1;
		if (nr <= t->nr_slots)
			break;
		spin_unlock(&from->lock);
		err = make_room(t, nr);
		if (err != 0) {
			fdtable_put(t);
			return err;
		}
	}
	copy_slots_locked(from, t, nr);
	spin_unlock(&from->lock);
	*out = t;
	return 0;
}

void
fdtable_get(struct fdtable *t)
{
	refcount_get(&t->refs);
}

void
fdtable_put(struct fdtable *t)
{
	u32 n = 0;
	int next;

	if (!refcount_put(&t->refs))
		return;
	while ((next = fdtable_next_open_locked(t, n)) >= 0) {
		n = next + 1;
		/* One that is only reserved is on nothing yet. */
		if (t->files[next] != NULL)
			fdtable_drop_file(t, t->files[next]);
	}
	block_free(t, t->files);
	kfree(t);
}

void
fdtable_clear_locked(struct fdtable *t, u32 n)
{
	u64 bit = 1ul << n % BITS;

	t->open[n / BITS] &= ~bit;
	t->cloexec[n / BITS] &= ~bit;
	t->files[n] = NULL;
	t->first_free = MIN(t->first_free, n);
}

void
fdtable_set_locked(struct fdtable *t, u32 n, bool cloexec)
{
	u64 bit = 1ul << n % BITS;

	t->open[n / BITS] |= bit;
	if (cloexec)
		t->cloexec[n / BITS] |= bit;
	else
		t->cloexec[n / BITS] &= ~bit;
}

bool
fdtable_cloexec_locked(const struct fdtable *t, u32 n)
{
	return t->cloexec[n / BITS] >> n % BITS & 1;
}
