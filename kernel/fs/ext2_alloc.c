/*
 * Free blocks and inodes: a bit each, in the bitmaps of their group, and counts
 * in the group's descriptor and the superblock, which change together.
 *
 * What was freed is not used again before the transaction that freed it is on
 * the disk: a crash before that brings the old owner back, with the block.
 */
#include <linux/stat.h>

#include "core/thread.h"
#include "fs/ext2_impl.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

/*
 * In place of the bits of the blocks of one group that were freed since the
 * last commit, where there is no memory for them: the whole group is left
 * alone until then.
 */
static u8 all_freed[1];

/* One bitmap and what belongs to it, for the time of a change. */
struct group_view {
	u32 group;
	u32 nr_bits;             /* of the bitmap, that mean something */
	struct buf *desc_buf;    /* counted */
	struct ext2_group *desc; /* in it */
	struct buf *bitmap;      /* counted */
};

static bool
bit_get(const u8 *bits, u32 bit)
{
	return bits[bit / 8] >> (bit % 8) & 1;
}

static void
bit_set(u8 *bits, u32 bit)
{
	bits[bit / 8] |= (u8)(1u << (bit % 8));
}

static void
bit_clear(u8 *bits, u32 bit)
{
	bits[bit / 8] &= (u8) ~(1u << (bit % 8));
}

/* ---- one group ---------------------------------------------------------- */

u32
ext2_group_start(const struct ext2 *e, u32 ino)
{
	return e->first_block +
	    (ino - 1) / e->inodes_per_group * e->blocks_per_group;
}

u32
ext2_blocks_in_group(const struct ext2 *e, u32 group)
{
	u32 start = e->first_block + group * e->blocks_per_group;

	return MIN(e->blocks_per_group, e->nr_blocks - start);
}

static void
view_end(struct group_view *v)
{
	buf_put(v->bitmap);
	buf_put(v->desc_buf);
}

static int
view_begin(struct ext2 *e, u32 group, bool inodes, struct group_view *v)
{
	int err;

	*v = (struct group_view){.group = group};
	err = ext2_group(e, group, &v->desc_buf, &v->desc);
	if (err < 0)
		return err;
	v->nr_bits =
	    inodes ? e->inodes_per_group : ext2_blocks_in_group(e, group);
	err = ext2_block(e,
	    inodes ? v->desc->inode_bitmap : v->desc->block_bitmap, &v->bitmap);
	if (err < 0) {
		v->bitmap = NULL;
		view_end(v);
	}
	return err;
}

/* All three are part of the transaction. */
static void
view_change(struct ext2 *e, struct handle *h, struct group_view *v)
{
	journal_change(h, v->bitmap);
	journal_change(h, v->desc_buf);
	journal_change(h, e->super_buf);
}

/* Blocks of one group's inodes. */
static u32
table_blocks(const struct ext2 *e)
{
	return (u32)(((u64)e->inodes_per_group * e->inode_bytes +
			 e->block_bytes - 1) /
	    e->block_bytes);
}

/* The last block of the superblock's and the descriptors'. */
static u32
last_descriptors(const struct ext2 *e)
{
	u32 per_block = e->block_bytes / sizeof(struct ext2_group);

	return e->first_block + (e->nr_groups + per_block - 1) / per_block;
}

static bool
overlaps(u32 a, u32 nr_a, u32 b, u32 nr_b)
{
	return a < b + nr_b && b < a + nr_a;
}

/*
 * What a group has of its own lies in it, apart from each other.  So no bitmap
 * is another one too, nor inodes, nor the superblock.
 */
static bool
group_makes_sense(const struct ext2 *e, u32 group, const struct ext2_group *g)
{
	u32 table = table_blocks(e), nr = ext2_blocks_in_group(e, group);
	u32 start = e->first_block + group * e->blocks_per_group;
	u32 end = start + nr;

	if (group == 0)
		start = last_descriptors(e) + 1;
	return nr > table && g->inode_table >= start &&
	    g->inode_table <= end - table && g->block_bitmap >= start &&
	    g->block_bitmap < end && g->inode_bitmap >= start &&
	    g->inode_bitmap < end && g->block_bitmap != g->inode_bitmap &&
	    !overlaps(g->block_bitmap, 1, g->inode_table, table) &&
	    !overlaps(g->inode_bitmap, 1, g->inode_table, table);
}

int
ext2_check_groups(struct ext2 *e, struct ext2_sums *sums)
{
	u32 group;

	*sums = (struct ext2_sums){};
	if (last_descriptors(e) >= e->nr_blocks)
		return -EINVAL;
	for (group = 0; group < e->nr_groups; group++) {
		struct ext2_group *g;
		struct buf *b;
		bool ok;
		int err = ext2_group(e, group, &b, &g);

		if (err < 0)
			return err;
		ok = group_makes_sense(e, group, g);
		sums->blocks +=
		    MIN((u32)g->nr_free_blocks, ext2_blocks_in_group(e, group));
		sums->inodes +=
		    MIN((u32)g->nr_free_inodes, e->inodes_per_group);
		buf_put(b);
		if (!ok) {
			(void)ext2_bad(e, "the descriptor of group", group);
			return -EINVAL;
		}
		thread_preempt_point();
	}
	return 0;
}

bool
ext2_has_system_block(const struct ext2 *e, u32 group,
    const struct ext2_group *g, u32 block, u32 nr)
{
	return overlaps(block, nr, g->block_bitmap, 1) ||
	    overlaps(block, nr, g->inode_bitmap, 1) ||
	    overlaps(block, nr, g->inode_table, table_blocks(e)) ||
	    (group == 0 && block <= last_descriptors(e));
}

static bool
is_power_of(u32 n, u32 base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

/* A copy of the superblock and the descriptors. */
static bool
has_copy(const struct ext2 *e, u32 group)
{
	bool sparse = e->super.revision > 0 &&
	    (e->super.ro_compat & EXT2_RO_SPARSE_SUPER);

	return !sparse || group <= 1 || is_power_of(group, 3) ||
	    is_power_of(group, 5) || is_power_of(group, 7);
}

u32
ext2_nr_own_blocks(const struct ext2 *e)
{
	u32 copy = last_descriptors(e) - e->first_block + 1;
	u64 nr = e->first_block;
	u32 group;

	if (e->super.revision > 0 && (e->super.compat & EXT2_COMPAT_RESIZE))
		copy += e->super.nr_reserved_groups;
	for (group = 0; group < e->nr_groups; group++)
		nr += 2 + table_blocks(e) + (has_copy(e, group) ? copy : 0);
	return (u32)MIN(nr, (u64)e->nr_blocks);
}

/* ---- blocks ------------------------------------------------------------- */

static bool
was_freed(const struct ext2 *e, u32 group, u32 bit)
{
	const u8 *bits = e->freed[group];

	return bits != NULL && (bits == all_freed || bit_get(bits, bit));
}

/* Bits that are all set are gone over by eight. */
static bool
find_free(const struct ext2 *e, const struct group_view *v, u32 from, u32 *out)
{
	const u8 *bits = v->bitmap->data;
	u32 bit = from;

	while (bit < v->nr_bits) {
		if (bit % 8 == 0 && bits[bit / 8] == 0xff) {
			bit += 8;
			continue;
		}
		if (!bit_get(bits, bit) && !was_freed(e, v->group, bit)) {
			*out = bit;
			return true;
		}
		bit++;
	}
	return false;
}

/* From the goal on, then from a place with eight free ones, then anywhere. */
static bool
choose_block(
    const struct ext2 *e, const struct group_view *v, u32 goal, u32 *out)
{
	const u8 *bits = v->bitmap->data;
	u32 byte;

	if (goal < v->nr_bits && !bit_get(bits, goal) &&
	    !was_freed(e, v->group, goal)) {
		*out = goal;
		return true;
	}
	for (byte = goal / 8; byte < v->nr_bits / 8; byte++)
		if (bits[byte] == 0 && find_free(e, v, byte * 8, out))
			return true;
	return find_free(e, v, goal, out) || find_free(e, v, 0, out);
}

static int
take_block(struct ext2 *e, struct handle *h, u32 group, u32 goal, u32 *out)
{
	struct group_view v;
	u32 bit;
	int err = view_begin(e, group, false, &v);

	if (err < 0)
		return err;
	err = -ENOSPC;
	if (v.desc->nr_free_blocks == 0 || e->freed[group] == all_freed ||
	    !choose_block(e, &v, goal, &bit))
		goto out;
	*out = e->first_block + group * e->blocks_per_group + bit;
	if (ext2_has_system_block(e, group, v.desc, *out, 1)) {
		err = ext2_broken(e, "a free block", *out);
		goto out;
	}
	view_change(e, h, &v);
	bit_set(v.bitmap->data, bit);
	v.desc->nr_free_blocks--;
	e->disk->nr_free_blocks--;
	err = 0;
out:
	view_end(&v);
	return err;
}

/* Are the last blocks, which the disk keeps for some, for who asks, too? */
static bool
may_take_last(const struct ext2 *e)
{
	const struct ext2_super *s = &e->super;
	const struct cred *c = cred_current();

	return !c || cred_capable(c, CAP_SYS_RESOURCE) ||
	    c->fsuid == s->reserved_uid ||
	    (s->reserved_gid != 0 && cred_in_group(c, s->reserved_gid));
}

/* Blocks that may be had now by who has no promise. */
static u32
nr_available(const struct ext2 *e)
{
	u64 taken = (u64)e->nr_reserved + e->nr_freed;

	if (!may_take_last(e))
		taken += e->super.nr_reserved;

	return (u32)(e->disk->nr_free_blocks -
	    MIN(taken, (u64)e->disk->nr_free_blocks));
}

int
ext2_alloc_block(
    struct ext2 *e, struct handle *h, u32 goal, bool reserved, u32 *out)
{
	u32 group, at, n;
	int err = -ENOSPC;

	if (!ext2_is_block(e, goal))
		goal = e->first_block;
	group = (goal - e->first_block) / e->blocks_per_group;
	at = (goal - e->first_block) % e->blocks_per_group;
	mutex_lock(&e->alloc);
	if (!reserved && nr_available(e) == 0)
		goto out;
	for (n = 0; n < e->nr_groups && err == -ENOSPC; n++) {
		err = take_block(e, h, group, at, out);
		group = group + 1 < e->nr_groups ? group + 1 : 0;
		at = 0;
	}
	if (err == 0 && reserved)
		e->nr_reserved--;
out:
	mutex_unlock(&e->alloc);
	return err;
}

/* Without the memory for bits the group itself is marked. */
static void
note_freed(struct ext2 *e, u32 group, u32 bit)
{
	u8 *bits = e->freed[group];

	if (bits == NULL) {
		bits = kzalloc(e->block_bytes);
		e->freed[group] = bits != NULL ? bits : all_freed;
	}
	if (bits != NULL && bits != all_freed)
		bit_set(bits, bit);
	e->nr_freed++;
}

/* revoke: the log has had it, so J9.  After that nothing can fail. */
static int
free_block_locked(struct ext2 *e, struct handle *h, u32 block, bool revoke)
{
	u32 group = (block - e->first_block) / e->blocks_per_group;
	u32 bit = (block - e->first_block) % e->blocks_per_group;
	struct group_view v;
	int err = view_begin(e, group, false, &v);

	if (err < 0)
		return err;
	if (ext2_has_system_block(e, group, v.desc, block, 1) ||
	    !bit_get(v.bitmap->data, bit))
		err = ext2_broken(e, "a block that is freed", block);
	else if (revoke)
		err = journal_revoke(h, block);
	if (err == 0) {
		view_change(e, h, &v);
		bit_clear(v.bitmap->data, bit);
		v.desc->nr_free_blocks++;
		e->disk->nr_free_blocks++;
		note_freed(e, group, bit);
	}
	view_end(&v);
	return err;
}

int
ext2_free_block(struct ext2 *e, struct handle *h, u32 block, bool in_log)
{
	int err;

	if (!ext2_is_block(e, block))
		return ext2_broken(e, "a block that is freed", block);
	mutex_lock(&e->alloc);
	err = free_block_locked(e, h, block, in_log);
	mutex_unlock(&e->alloc);
	return err;
}

void
ext2_use_freed(struct ext2 *e)
{
	u32 group;

	mutex_lock(&e->alloc);
	for (group = 0; group < e->nr_groups && e->nr_freed > 0; group++) {
		if (e->freed[group] != all_freed)
			kfree(e->freed[group]);
		e->freed[group] = NULL;
	}
	e->nr_freed = 0;
	mutex_unlock(&e->alloc);
}

static bool
is_wanted(const struct ext2 *e, const struct group_view *v, u32 bit, bool freed)
{
	return !bit_get(v->bitmap->data, bit) &&
	    was_freed(e, v->group, bit) == freed;
}

int
ext2_next_free(
    struct ext2 *e, u32 group, bool freed, u32 end, u32 *from, u32 *nr)
{
	struct group_view v;
	u32 first, bit;
	int err = view_begin(e, group, false, &v);

	if (err < 0)
		return err;
	end = MIN(end, v.nr_bits);
	for (first = *from; first < end && !is_wanted(e, &v, first, freed);)
		first++;
	for (bit = first; bit < end && is_wanted(e, &v, bit, freed);)
		bit++;
	*from = first;
	*nr = bit - MIN(first, bit);
	view_end(&v);
	return 0;
}

/* ---- promises ----------------------------------------------------------- */

static u32
reserve_now(struct ext2 *e, u32 nr, bool *wait)
{
	u32 got;

	mutex_lock(&e->alloc);
	got = MIN(nr, nr_available(e));
	*wait = got < nr && e->nr_freed > 0;
	e->nr_reserved += got;
	mutex_unlock(&e->alloc);
	return got;
}

u32
ext2_reserve(struct ext2 *e, u32 nr)
{
	bool wait;
	u32 got = reserve_now(e, nr, &wait);

	if (wait &&
	    journal_commit(e->journal, journal_running(e->journal)) == 0)
		got += reserve_now(e, nr - got, &wait);
	return got;
}

void
ext2_unreserve(struct ext2 *e, u32 nr)
{
	mutex_lock(&e->alloc);
	check(e->nr_reserved >= nr);
	e->nr_reserved -= nr;
	mutex_unlock(&e->alloc);
}

/* ---- inodes ------------------------------------------------------------- */

/*
 * Directories go apart, to the group with most room that has more inodes free
 * than others have: what will be in them has room beside them.
 */
static int
choose_dir_group(struct ext2 *e, u32 *out)
{
	u32 average = e->disk->nr_free_inodes / e->nr_groups;
	u32 best = 0, group;
	bool found = false;

	for (group = 0; group < e->nr_groups; group++) {
		struct ext2_group *g;
		struct buf *b;
		int err = ext2_group(e, group, &b, &g);

		if (err < 0)
			return err;
		if (g->nr_free_inodes > 0 && g->nr_free_inodes >= average &&
		    (!found || g->nr_free_blocks > best)) {
			found = true;
			best = g->nr_free_blocks;
			*out = group;
		}
		buf_put(b);
	}
	return 0;
}

static int
take_inode(struct ext2 *e, struct handle *h, u32 group, bool is_dir, u32 *ino)
{
	struct group_view v;
	u32 bit, first = group == 0 ? e->first_ino - 1 : 0;
	int err = view_begin(e, group, true, &v);

	if (err < 0)
		return err;
	err = -ENOSPC;
	for (bit = first; v.desc->nr_free_inodes > 0 && bit < v.nr_bits; bit++)
		if (!bit_get(v.bitmap->data, bit)) {
			view_change(e, h, &v);
			bit_set(v.bitmap->data, bit);
			v.desc->nr_free_inodes--;
			v.desc->nr_dirs += is_dir;
			e->disk->nr_free_inodes--;
			*ino = group * e->inodes_per_group + bit + 1;
			err = 0;
			break;
		}
	view_end(&v);
	return err;
}

int
ext2_alloc_inode(
    struct ext2 *e, struct handle *h, struct inode *dir, u32 mode, u32 *ino)
{
	u32 group = ((u32)dir->ino - 1) / e->inodes_per_group, n;
	int err = 0;

	mutex_lock(&e->alloc);
	if (S_ISDIR(mode))
		err = choose_dir_group(e, &group);
	if (err == 0)
		err = -ENOSPC;
	for (n = 0; n < e->nr_groups && err == -ENOSPC; n++) {
		err = take_inode(e, h, group, S_ISDIR(mode), ino);
		group = group + 1 < e->nr_groups ? group + 1 : 0;
	}
	mutex_unlock(&e->alloc);
	return err;
}

int
ext2_hold_number(struct ext2 *e, u32 ino, struct ext2_number_hold *out)
{
	struct group_view v;
	int err = view_begin(e, (ino - 1) / e->inodes_per_group, true, &v);

	if (err == 0)
		*out = (struct ext2_number_hold){v.desc_buf, v.bitmap};
	return err;
}

void
ext2_unhold_number(struct ext2_number_hold *p)
{
	buf_put(p->desc);
	buf_put(p->bitmap);
}

static int
free_inode_locked(struct ext2 *e, struct handle *h, u32 ino, bool is_dir)
{
	u32 bit = (ino - 1) % e->inodes_per_group;
	struct group_view v;
	int err = view_begin(e, (ino - 1) / e->inodes_per_group, true, &v);

	if (err < 0)
		return err;
	if (!bit_get(v.bitmap->data, bit)) {
		err = ext2_broken(e, "an inode that is freed", ino);
	} else {
		view_change(e, h, &v);
		bit_clear(v.bitmap->data, bit);
		v.desc->nr_free_inodes++;
		if (is_dir && v.desc->nr_dirs > 0)
			v.desc->nr_dirs--;
		e->disk->nr_free_inodes++;
	}
	view_end(&v);
	return err;
}

int
ext2_free_inode(struct ext2 *e, struct handle *h, u32 ino, bool is_dir)
{
	int err;

	mutex_lock(&e->alloc);
	err = free_inode_locked(e, h, ino, is_dir);
	mutex_unlock(&e->alloc);
	return err;
}
