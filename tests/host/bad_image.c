#include "bad_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "fs/buf.h"
#include "fs/ext2_disk.h"

#define MAX_BLOCKS 64u
#define MAX_INODES 48u

/* struct base: a whole disk, and what is on it that may be of use. */
struct base {
	u64 len_bytes;
	u8 *bytes;
	u32 block_bytes, inode_bytes, nr_groups;
	u32 blocks[MAX_BLOCKS], nr_blocks;
	u32 inodes[MAX_INODES], nr_inodes;
};

static struct base bases[BAD_IMAGE_BASES];

/* ---- whole ones --------------------------------------------------------- */

/*
 * The same in each run: times, names and the seed of hashes are given.  One has
 * small groups, the second a log with something in it and files without names,
 * the third attributes and directories with a tree of hashes, and the last is
 * of the first revision.
 */
static const char make_disks[] =
    "set -e; PATH=$PATH:/usr/sbin:/sbin; cd '%s'; exec >/dev/null 2>&1\n"
    "export E2FSPROGS_FAKE_TIME=1700000000 TZ=UTC\n"
    "id=-Ehash_seed=a1b2c3d4-0000-4000-8000-000000000001\n"
    "id=\"$id -U a1b2c3d4-0000-4000-8000-000000000002\"\n"
    "mkdir -p tree/a/b tree/many tree/self; seq 1 5000 >tree/long\n"
    "seq 1 60 | while read -r n; do echo $n >tree/many/a-name-$n; done\n"
    "echo hello >tree/a/b/short; ln tree/long tree/a/other; mkfifo tree/fifo\n"
    "for at in 0 11 12 267 268 1035 65804; do echo $at |\n"
    "    dd of=tree/holes bs=1024 seek=$at conv=notrunc; done\n"
    "ln -s long tree/link; ln -s \"$(printf '%%0200d' 1)\" tree/a/link\n"
    "ln -s ../self tree/self/up\n"
    "touch tree/gone tree/cut; find tree -exec touch -hd @1700000000 {} +\n"
    "make() { out=$1; shift; mke2fs -q -F $id -d tree \"$@\"; }\n"
    "make 0 -t ext2 -b 1024 -I 128 -N 96 -g 256 0 640\n"
    "make 1 -t ext3 -b 1024 -I 256 -N 96 -J size=1 1 3072\n"
    "make 2 -t ext2 -b 4096 -I 256 -N 96 2 128\n"
    "make 3 -t ext2 -r 0 -b 2048 -N 96 3 320\n"
    "n=$(debugfs -R 'stat /gone' 1 2>&1 | sed -n 's/^Inode: \\([0-9]*\\).*/"
    "\\1/p')\n"
    "m=$(debugfs -R 'stat /cut' 1 2>&1 | sed -n 's/^Inode: \\([0-9]*\\).*/"
    "\\1/p')\n"
    "printf 'sif /gone links_count 0\\nsif /gone dtime %%s\\nunlink /gone\\n"
    "ssv last_orphan %%s\\n' $m $n | debugfs -w 1\n"
    "head -c 1024 tree/long >block; "
    "printf 'jo\\njw -b 2900 block\\njw -r 2901\\njc\\n' |\n"
    "    debugfs -w 1\n"
    "dumpe2fs -h 1 | grep -q needs_recovery\n"
    "debugfs -R 'logdump -a' 1 | grep -q 'FS block 2900'\n"
    "for f in long link a a/link; do echo ea_set $f user.x y; done |\n"
    "    debugfs -w 2\n"
    "e2fsck -fyD 2 || [ $? = 1 ]\n";

static const struct ext2_super *
super_of(const u8 *bytes)
{
	return (const struct ext2_super *)(bytes + EXT2_SUPER_AT);
}

static const struct ext2_group *
group_of(const struct base *b, u32 group)
{
	u64 at = (u64)(super_of(b->bytes)->first_block + 1) * b->block_bytes;

	return (const struct ext2_group *)(b->bytes + at) +
	    group % b->nr_groups;
}

/* The byte of the disk that it begins at. */
static u64
inode_at(const struct base *b, u32 ino)
{
	u32 per_group = super_of(b->bytes)->inodes_per_group;

	return (u64)group_of(b, (ino - 1) / per_group)->inode_table *
	    b->block_bytes +
	    (u64)((ino - 1) % per_group) * b->inode_bytes;
}

static const struct ext2_raw_inode *
inode_of(const struct base *b, u32 ino)
{
	return (const struct ext2_raw_inode *)(b->bytes + inode_at(b, ino));
}

static void
note_block(struct base *b, u32 block)
{
	if (b->nr_blocks < MAX_BLOCKS && block != 0 &&
	    block < super_of(b->bytes)->nr_blocks)
		b->blocks[b->nr_blocks++] = block;
}

/* Those in use, with their first block and those that lead to others. */
static void
note_inodes(struct base *b)
{
	u32 ino, nr = super_of(b->bytes)->nr_inodes;

	for (ino = 1; ino <= nr && b->nr_inodes < MAX_INODES; ino++) {
		const struct ext2_raw_inode *raw = inode_of(b, ino);

		if (raw->mode == 0 || (ino > 40 && ino % 4 != 0))
			continue;
		b->inodes[b->nr_inodes++] = ino;
		if (raw->nr_sectors == 0)
			continue;
		note_block(b, raw->pointers[0]);
		note_block(b, raw->pointers[EXT2_NR_DIRECT]);
		note_block(b, raw->attributes);
	}
}

static void
note_all(struct base *b)
{
	const struct ext2_super *s = super_of(b->bytes);
	u32 g;

	b->block_bytes = BUF_MIN_BYTES << s->log_block;
	b->inode_bytes = s->revision == 0 ? EXT2_OLD_INODE : s->inode_bytes;
	b->nr_groups =
	    (s->nr_blocks - s->first_block + s->blocks_per_group - 1) /
	    s->blocks_per_group;
	for (g = 0; g <= b->nr_groups; g++)
		note_block(b, s->first_block + g);
	for (g = 0; g < b->nr_groups; g++) {
		note_block(b, group_of(b, g)->block_bitmap);
		note_block(b, group_of(b, g)->inode_bitmap);
		note_block(b, group_of(b, g)->inode_table);
		note_block(b, group_of(b, g)->inode_table + 2);
	}
	note_block(b, s->nr_blocks - 1);
	note_inodes(b);
}

static int
load(const char *dir, u32 n)
{
	struct base *b = &bases[n];
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%u", dir, n);
	f = fopen(path, "rb");
	if (f == NULL)
		return -1;
	b->bytes = malloc(BAD_IMAGE_MAX);
	b->len_bytes = fread(b->bytes, 1, BAD_IMAGE_MAX, f);
	fclose(f);
	if (b->len_bytes < 2 * EXT2_SUPER_AT)
		return -1;
	note_all(b);
	return 0;
}

int
bad_image_make(void)
{
	char dir[] = "/tmp/bad_image.XXXXXX", command[4096];
	u32 n;
	int err;

	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(command, sizeof(command), make_disks, dir);
	err = system(command);
	for (n = 0; err == 0 && n < BAD_IMAGE_BASES; n++)
		err = load(dir, n);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command) != 0 || err != 0 ? -1 : 0;
}

/* ---- changes ------------------------------------------------------------ */

static u64
place_of(const struct base *b, const struct bad_change *c)
{
	u32 ino = b->inodes[(c->which & 0xff) % b->nr_inodes];
	const struct ext2_raw_inode *raw = inode_of(b, ino);
	const struct ext2_group *g = group_of(b, c->which / 2);
	u64 block;

	switch (c->place % NR_BAD_PLACES) {
	case BAD_SUPER:
		return EXT2_SUPER_AT + c->at % sizeof(struct ext2_super);
	case BAD_GROUP:
		g = group_of(b, c->which);
		return (u64)((const u8 *)g - b->bytes) + c->at % sizeof(*g);
	case BAD_INODE:
		return inode_at(b, ino) + c->at % b->inode_bytes;
	case BAD_BLOCK:
		block = raw->pointers[(c->which >> 8) % EXT2_NR_POINTERS];
		break;
	case BAD_BITMAP:
		block = c->which % 2 ? g->inode_bitmap : g->block_bitmap;
		break;
	case BAD_ATTRIBUTES:
		block = raw->attributes;
		break;
	default:
		return (u64)c->which << 16 | c->at;
	}
	return block * b->block_bytes + c->at % b->block_bytes;
}

static u32
odd_number(const struct base *b, u32 n)
{
	const struct ext2_super *s = super_of(b->bytes);
	const u32 numbers[] = {0, 1, ~0u, ~0u - 1, 0x7fffffff, 0x80000000,
	    0xffff, 0x8000, s->nr_blocks, s->nr_blocks - 1, s->nr_inodes,
	    s->nr_inodes + 1, b->block_bytes, b->block_bytes - 4,
	    b->block_bytes / 4, 0x41ed, 0x81a4, 0xa1ff, 12, 8};

	return numbers[n % ARRAY_SIZE(numbers)];
}

static u32
value_of(const struct base *b, const struct bad_change *c, u32 old)
{
	switch (c->how % NR_BAD_VALUES) {
	case BAD_BIG_ENDIAN:
		return __builtin_bswap32(c->value);
	case BAD_SUM:
		return old + c->value;
	case BAD_BIT:
		return old ^ 1u << c->value % 32;
	case BAD_ODD_NUMBER:
		return odd_number(b, c->value);
	case BAD_BLOCK_NUMBER:
		return b->blocks[c->value % b->nr_blocks];
	case BAD_INODE_NUMBER:
		return b->inodes[c->value % b->nr_inodes];
	default:
		return c->value;
	}
}

static void
change(const struct base *b, const struct bad_change *c, u8 *out)
{
	u32 size = 1u << (c->how >> 4) % 3, old = 0, value;
	u64 at = place_of(b, c) % b->len_bytes / size * size;
	u32 block;

	if (c->how % NR_BAD_VALUES == BAD_COPY) {
		block = b->blocks[c->value % b->nr_blocks];
		at = at / b->block_bytes * b->block_bytes;
		memmove(out + at, out + (u64)block * b->block_bytes,
		    b->block_bytes);
		return;
	}
	memcpy(&old, out + at, size);
	value = value_of(b, c, old);
	memcpy(out + at, &value, size);
}

u64
bad_image(
    u32 base, const struct bad_change *changes, u32 nr, u8 out[BAD_IMAGE_MAX])
{
	const struct base *b = &bases[base % BAD_IMAGE_BASES];
	u32 n;

	memcpy(out, b->bytes, b->len_bytes);
	for (n = 0; n < nr && n < BAD_IMAGE_CHANGES; n++)
		change(b, &changes[n], out);
	return b->len_bytes;
}

/* ---- drawing ------------------------------------------------------------ */

/* Fields of inodes and names lie at multiples of their size, most of 4. */
struct bad_change
bad_image_draw(void)
{
	static const u8 places[] = {BAD_SUPER, BAD_GROUP, BAD_INODE, BAD_INODE,
	    BAD_INODE, BAD_BLOCK, BAD_BLOCK, BAD_BLOCK, BAD_BITMAP,
	    BAD_ATTRIBUTES, BAD_ANYWHERE};
	u64 r = fake_random();
	u32 log = r % 4 < 2 ? 2 : r % 4 - 2;
	struct bad_change c = {
	    .place = places[(r >> 8) % ARRAY_SIZE(places)],
	    .how = (u8)((r >> 16) % NR_BAD_VALUES | log << 4),
	    .which = (u16)(r >> 24),
	    .at = (u16)(r >> 40),
	    .value = (u32)fake_random(),
	};

	if (fake_random() % 2 == 0)
		c.value %= 64;
	/* The first pointers and the beginnings of blocks mean most. */
	if (fake_random() % 2 == 0)
		c.which &= 0x3ff;
	if (fake_random() % 2 == 0)
		c.at %= 128;
	return c;
}
