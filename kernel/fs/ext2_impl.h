/* The inside of ext2: what its files have in common. */
#ifndef FS_EXT2_IMPL_H
#define FS_EXT2_IMPL_H

#include "core/spinlock.h"
#include "core/waitq.h"
#include "fs/buf.h"
#include "fs/ext2_disk.h"
#include "fs/journal.h"
#include "fs/regular.h"

struct blockdev;

/* A quarter of the idle ones, a sixteenth of those with a kept name. */
#define EXT2_NR_BUCKETS 256u

/* Idle files that are kept, of one disk: their pages are kept with them. */
#define EXT2_MAX_IDLE 1024u

struct ext2_inode;

/* What mount(2)'s options say. */
struct ext2_options {
	bool data_journal; /* data=journal */
	u32 commit_s;      /* commit=N */
	bool discard;      /* discard: the disk forgets what a commit frees */
};

/*
 * struct ext2: one mounted disk.
 * Laws   E1  for each number there is at most one inode in the table, and who
 *            finds one that is just being let go of waits for what becomes of
 * it E2  nr_free_blocks = free bits of all bitmaps, as in the superblock; of
 * these nr_freed are not to be used before the next commit, and nr_reserved are
 * promised to who writes E3  in the list of orphans on the disk are those
 * files, and no others, that have lost their last name or are being cut off
 * Locks  e lock   m alloc   c fixed   a atomic
 */
struct ext2 {
	struct filesystem fs;
	struct blockdev *dev; /* c */
	u32 block_bytes;      /* c */
	u32 pointers_log;     /* c: block numbers in a block, as a power of 2 */
	u32 nr_blocks;        /* c */
	u32 nr_inodes;        /* c */
	u32 nr_groups;        /* c */
	u32 first_block;      /* c */
	u32 first_ino;        /* c */
	u32 blocks_per_group; /* c */
	u32 inodes_per_group; /* c */
	u32 inode_bytes;      /* c */
	u32 nr_overhead;      /* c: blocks that files can't have */
	u64 max_bytes;        /* c: of a file */
	u32 next_generation;  /* a: of inodes; begins anywhere at each mount */
	bool has_types;       /* c: names say what they lead to */
	struct ext2_options options; /* c, but for data_journal: a */
	struct ext2_super super;     /* c: as it was mounted */

	/* The table of those in memory. */
	struct spinlock lock;                       /* rank DISK_FILES */
	struct ext2_inode *inodes[EXT2_NR_BUCKETS]; /* e */
	struct waitq settled;                       /* e: one's state changed */
	struct list idle;                           /* e: longest idle first */
	u32 nr_idle;                                /* e */
	struct list dirty;                          /* e: have dirty pages */
	struct list to_write; /* e: of these, a commit's */
	struct list mapped;   /* e: have pages that mappings may write to */
	struct mutex sync;    /* rank DISK_SYNC: who takes that right away */
	struct list accessed; /* e: have a time of access that the disk lacks */
	bool unmounted;       /* a: nothing stays idle */

	/* Writing; NULL on a disk that has only been read up to now. */
	struct journal *journal;  /* c, once it is there */
	struct buf *super_buf;    /* c: the block with the superblock */
	struct ext2_super *disk;  /* m: the superblock in it */
	struct mutex alloc;       /* rank DISK_ALLOC */
	u32 nr_reserved;          /* m: blocks */
	u32 nr_freed;             /* m: blocks, since the last commit */
	struct ext2_batch *batch; /* of the commit that is under way */
	bool is_short;            /* that one left bytes, for want of memory */
	u32 nr_short;             /* a: commits that did */
	u8 **freed;               /* m: by group, what was freed since */
	struct mutex orphan_lock; /* rank DISK_ORPHANS */
	struct list orphans;      /* its: in the disk's order, last in first */
};

/* How an inode in the table stands; see ext2_cache.c. */
enum ext2_state {
	EXT2_IN_USE,
	EXT2_RELEASED, /* nobody has the file, but perhaps its pages */
	EXT2_IDLE,     /* nor the pages */
	EXT2_GOING,    /* and it is being freed */
};

/*
 * struct ext2_inode: a file of a disk in memory.
 * Locks: i the inode's   b blocks   e, m, c as in struct ext2
 */
struct ext2_inode {
	struct regular regular;  /* its inode is everybody's, see inode_of */
	struct ext2_inode *next; /* e: in its bucket */
	enum ext2_state state;   /* e */
	struct list idle;        /* e: in the list of these */
	struct list dirty;       /* e: in the list of those with dirty pages */
	struct list mapped;      /* e: in that of those that are written to */
	struct list accessed;    /* e: in the list of those */
	struct list orphan;      /* orphan_lock */
	u32 next_orphan;         /* c: what the disk says that follows */
	bool busy;               /* e: a commit writes its bytes */
	bool has_object;         /* c: a regular file */
	bool is_short_link;      /* c: the name lies in pointers */
	bool writing; /* a: pages may be dirty that have no blocks yet */

	struct mutex blocks;            /* rank DISK_BLOCKS */
	u32 pointers[EXT2_NR_POINTERS]; /* b */
	u32 nr_sectors;                 /* b: what it takes on the disk */
	u32 flags;                      /* b: EXT2_FLAG_* */
	u32 attributes;                 /* b: block of extended attributes */
	u32 generation;                 /* c */
	u32 goal;                       /* b: behind the block that came last */
	u32 promised;  /* b: blocks, to who writes: see ext2_reserve */
	u32 deleted_s; /* orphan_lock: the next orphan; at the end, the time */
};

static inline struct ext2 *
ext2_of(struct filesystem *fs)
{
	return container_of(fs, struct ext2, fs);
}

static inline struct ext2_inode *
ext2_inode_of(struct inode *i)
{
	return container_of(i, struct ext2_inode, regular.inode);
}

static inline struct ext2 *
ext2_disk_of(const struct ext2_inode *i)
{
	return ext2_of(i->regular.inode.fs);
}

static inline u32
ext2_ino(const struct ext2_inode *i)
{
	return (u32)i->regular.inode.ino;
}

/* ---- the whole disk (ext2.c, ext2_super.c) ------------------------------ */

/* What all groups have free, by their descriptors. */
struct ext2_sums {
	u32 blocks, inodes;
};

/* At mount: each group's descriptor makes sense.  Errors: -EINVAL. */
int ext2_check_groups(struct ext2 *e, struct ext2_sums *sums) MUST_CHECK;

/* Something on the disk makes no sense: says so, and is -EIO. */
int ext2_bad(const struct ext2 *e, const char *what, u64 number);
/*
 * The same where the disk was about to be changed: what we know of it can't be
 * trusted, so from now on it is only read.
 */
int ext2_broken(struct ext2 *e, const char *what, u64 number);

/* A block of the disk by its number.  Errors: -EIO, -ENOMEM. */
int ext2_block(struct ext2 *e, u64 block, struct buf **out) MUST_CHECK;
/* One that was free, zeroed.  Errors: -ENOMEM, -EIO it was not. */
int ext2_new_block(struct ext2 *e, u32 block, struct buf **out) MUST_CHECK;
/* Is that the number of a block at all? */
static inline bool
ext2_is_block(const struct ext2 *e, u64 block)
{
	return block >= e->first_block && block < e->nr_blocks;
}
/* The descriptor of a group, in a buffer. */
int ext2_group(struct ext2 *e, u32 group, struct buf **out,
    struct ext2_group **desc) MUST_CHECK;
/*
 * Is one of these, all of the group, a block that the file system itself lies
 * in?  Checks what a bitmap says, and what would be freed.
 */
bool ext2_has_system_block(const struct ext2 *e, u32 group,
    const struct ext2_group *g, u32 block, u32 nr);

/* Blocks that the file system itself lies in, but for its log. */
u32 ext2_nr_own_blocks(const struct ext2 *e);
/* Errors: -EINVAL, with a line in the log that says why. */
int ext2_read_super(struct ext2 *e) MUST_CHECK;
/* May it be written to?  Errors: -EROFS, with a line that names the feature. */
int ext2_may_write(const struct ext2 *e) MUST_CHECK;
int ext2_parse_options(struct ext2_options *o, const char *text) MUST_CHECK;

/* ---- reading and writing the whole (ext2_writing.c) --------------------- */

/*
 * What a mount does with the superblock and the log; e->fs.read_only is false
 * afterwards if the disk is written to.
 */
int ext2_open_disk(struct ext2 *e, bool write) MUST_CHECK;
/* The log's; 0 if there is none, or no making sense of it. */
u32 ext2_nr_log_blocks(struct ext2 *e);
/*
 * Nobody changes anything, and what could be changed by mappings cannot be from
 * here on, for there is no handle for it.  An error is that the journal is
 * aborted: then it is only read as well.
 */
void ext2_pause_writing(struct ext2 *e);
int ext2_resume_writing(struct ext2 *e) MUST_CHECK;
/* Nobody has a file or a page of it. */
void ext2_end_writing(struct ext2 *e);
/* Commits until nothing is left behind for want of room.  Errors: -EIO. */
int ext2_commit_all(struct ext2 *e) MUST_CHECK;
/* Writes all there is, and waits.  Errors: -EIO. */
int ext2_sync(struct filesystem *fs) MUST_CHECK;

/* Begins a change; journal_begin with this disk's journal. */
static inline int MUST_CHECK
ext2_begin(struct ext2 *e, u32 nr_blocks, struct handle *h)
{
	if (e->journal == NULL)
		return -EROFS;
	return journal_begin(e->journal, nr_blocks, h);
}

/* ---- free blocks and inodes (ext2_alloc.c) ------------------------------ */

/* What one of these may change: bitmap, group, superblock. */
#define EXT2_ALLOC_CREDITS 3u

/*
 * nr blocks are promised: who has such a promise allocates with reserved set
 * and gives what is left back.  Commits when that makes blocks free.
 * Locks: no handle.  Returns how many there are, up to nr.
 */
u32 ext2_reserve(struct ext2 *e, u32 nr);
void ext2_unreserve(struct ext2 *e, u32 nr);

/*
 * A free block near goal.
 * Errors: -ENOSPC, -EIO, -ENOMEM, and nothing has changed.
 */
int ext2_alloc_block(struct ext2 *e, struct handle *h, u32 goal, bool reserved,
    u32 *out) MUST_CHECK;
/* in_log: its bytes may be there. */
int ext2_free_block(
    struct ext2 *e, struct handle *h, u32 block, bool in_log) MUST_CHECK;
int ext2_alloc_inode(struct ext2 *e, struct handle *h, struct inode *dir,
    u32 mode, u32 *ino) MUST_CHECK;
int ext2_free_inode(
    struct ext2 *e, struct handle *h, u32 ino, bool is_dir) MUST_CHECK;
/*
 * What freeing an inode's number changes, got before a change begins that must
 * not fail half way.
 */
struct ext2_number_hold {
	struct buf *desc, *bitmap; /* counted */
};

int ext2_hold_number(
    struct ext2 *e, u32 ino, struct ext2_number_hold *out) MUST_CHECK;
/* One that was never got is fine. */
void ext2_unhold_number(struct ext2_number_hold *p);
/* The transaction is on the disk: what it freed may be used. */
void ext2_use_freed(struct ext2 *e);
/*
 * The first run of blocks from *from on, and before end, of one group that can
 * be had now, or with freed of those that the last commit made free: *nr, 0 for
 * none, from *from on, both in the group.  Errors: -EIO, -ENOMEM.
 */
int ext2_next_free(struct ext2 *e, u32 group, bool freed, u32 end, u32 *from,
    u32 *nr) MUST_HOLD(&e->alloc) MUST_CHECK;
/* Blocks of this group, which may be short. */
u32 ext2_blocks_in_group(const struct ext2 *e, u32 group);
/* For filesystem_ops. */
int ext2_trim_free(struct filesystem *fs, u64 from, u64 len, u64 min_bytes,
    u64 *done) MUST_CHECK;
/* With the option: after a commit, and before ext2_use_freed. */
void ext2_discard_freed(struct ext2 *e);
/* The first block of the group that the inode is in. */
u32 ext2_group_start(const struct ext2 *e, u32 ino);

/* ---- where a file's blocks are (ext2_map.c, ext2_trim.c) ---------------- */

/*
 * Where block number index of a file lies; 0 for a hole.
 * Locks: takes i's blocks.
 * Errors: -EIO, -ENOMEM, -EFBIG no file is that long.
 */
int ext2_map(struct ext2_inode *i, u64 index, u32 *block) MUST_CHECK;
/* The same for up to max in a row: *nr blocks from *block on, or a hole. */
int ext2_map_run(
    struct ext2_inode *i, u64 index, u32 max, u32 *block, u32 *nr) MUST_CHECK;

/* What mapping one block may change: indirect ones and what each allocates. */
#define EXT2_MAP_CREDITS (4 * EXT2_ALLOC_CREDITS + 4)

/*
 * The same, and a hole gets a block; *fresh when it did.  The inode is to be
 * stored after.  Errors: also -ENOSPC, and nothing has changed but perhaps
 * indirect blocks that were made.
 */
int ext2_map_create(struct ext2_inode *i, struct handle *h, u64 index,
    bool reserved, u32 *block, bool *fresh) MUST_CHECK;
/*
 * The same for a block that is changed in the journal, which *out is and, if it
 * is new, begins in: without the memory for that no block is made.
 */
int ext2_map_create_buf(struct ext2_inode *i, struct handle *h, u64 index,
    bool *fresh, struct buf **out) MUST_CHECK;
/* How many blocks at most are to be made for nr from index on. */
u32 ext2_blocks_needed(struct ext2_inode *i, u64 index, u32 nr);
/* The bytes of the longest file that the pointers can reach. */
u64 ext2_max_bytes(u32 block_bytes);

/* What one step of trimming may change. */
#define EXT2_TRIM_CREDITS 48u

/*
 * Frees blocks from number keep on, from the end, as far as the handle's
 * credits go; *more when there are others left.  The inode is to be stored.
 */
int ext2_trim(
    struct ext2_inode *i, struct handle *h, u64 keep, bool *more) MUST_CHECK;

/* ---- inodes (ext2_inode.c, ext2_cache.c, ext2_orphan.c) ----------------- */

/* The file of that number, with a reference.  Errors: -EIO, -ENOMEM. */
int ext2_inode_get(struct ext2 *e, u32 ino, struct inode **out) MUST_CHECK;
/* What it is wanted for. */
enum ext2_use {
	EXT2_AS_NAMED,
	EXT2_AS_ORPHAN, /* it may have lost its last name */
	EXT2_AS_LOG,
};

/* Reads one into memory, in no table yet. */
int ext2_inode_read(struct ext2 *e, u32 ino, enum ext2_use use,
    struct ext2_inode **out) MUST_CHECK;
/* One that is new on the disk too; in the table. */
int ext2_inode_create(struct ext2 *e, struct handle *h, u32 ino,
    const struct inode_new *new, struct ext2_inode **out) MUST_CHECK;
/* The block with the inode, and the place in it. */
int ext2_find_raw(
    struct ext2 *e, u32 ino, struct buf **out, u32 *at) MUST_CHECK;

/* What storing an inode changes. */
#define EXT2_STORE_CREDITS 1u

/*
 * The place of an inode, got before a change begins that must not fail half
 * way.
 */
struct ext2_hold {
	struct ext2_inode *i;
	struct buf *b; /* counted */
	u32 at;
};

int ext2_hold(struct ext2_inode *i, struct ext2_hold *out) MUST_CHECK;
void ext2_store_held(struct ext2_hold *p, struct handle *h);
/* One that was never got is fine. */
void ext2_unhold(struct ext2_hold *p);
/* What memory has of it goes to its place.  Errors: -EIO, -ENOMEM. */
int ext2_store(struct ext2_inode *i, struct handle *h) MUST_CHECK;
/* The same as a change of its own. */
int ext2_store_alone(struct ext2_inode *i) MUST_CHECK;
/* Its time of access alone, the same. */
int ext2_store_atime(struct ext2_inode *i) MUST_CHECK;

/* Enters one that is new.  Errors: -EIO one in use has its number (E1). */
int ext2_cache_enter(struct ext2 *e, struct ext2_inode *i) MUST_CHECK;
/*
 * -EBUSY when some file is mapped by who may write to it, or has no name and is
 * still there.
 */
int ext2_cache_may_stop(struct ext2 *e) MUST_CHECK;
/* Takes one that never was on the disk out again, and frees it. */
void ext2_cache_discard(struct ext2_inode *i);
/* Frees idle ones: all, or those beyond what is kept. */
void ext2_cache_trim(struct ext2 *e, bool all);
/* Locks: the object's is held. */
void ext2_cache_dirtied(struct ext2_inode *i);
/* A commit begins: all that have dirty pages now are its. */
void ext2_cache_begin_write(struct ext2 *e);
/*
 * The next of them, to which nothing happens until it was written;
 * NULL: there is none left.
 */
struct ext2_inode *ext2_cache_take_dirty(struct ext2 *e);
void ext2_cache_written(struct ext2_inode *i, bool still_dirty);
/*
 * One with a time of access that the disk lacks, from the first to the last
 * that there are now, with a reference; it is in the list no more.  NULL: all
 * were seen; *nr as in ext2_cache_next_mapped.
 */
struct inode *ext2_cache_next_accessed(struct ext2 *e, u32 *nr);
/* For inode_ops. */
void ext2_cache_accessed(struct inode *i);
/*
 * One by one, in a circle: one with pages that mappings may write to, with a
 * reference; *nr counts how many there are left to see, from 0 at the first.
 * NULL: all were seen.  Whose turn it was leaves the circle if it has no such
 * pages any more.
 * Locks: e->sync is held, for there is one circle.
 */
struct inode *ext2_cache_next_mapped(struct ext2 *e, u32 *nr)
    MUST_HOLD(&e->sync);
void ext2_cache_unmapped(struct ext2_inode *i);
bool ext2_cache_has_mapped(struct ext2 *e);
void ext2_inode_destroy(struct ext2_inode *i);

/* Locks: the inode's. */
int ext2_set_size(struct ext2_inode *i, u64 size_bytes) MUST_CHECK;

/* For inode_ops of all kinds. */
void ext2_inode_release(struct inode *i);
void ext2_inode_stat(struct inode *i, struct file_stat *out);
int ext2_setattr(struct inode *i, const struct inode_attr *attr) MUST_CHECK;
/* For object_ops: nobody has the pages. */
void ext2_object_unused(struct object *o);
void ext2_object_released(struct object *o);

/* What entering or leaving the list of orphans changes. */
#define EXT2_ORPHAN_CREDITS 3u

int ext2_orphan_add(struct ext2_inode *i, struct handle *h) MUST_CHECK;
int ext2_orphan_remove(struct ext2_inode *i, struct handle *h) MUST_CHECK;
void ext2_orphan_forget(struct ext2_inode *i);
/* At mount: frees what lost its name before a crash, ends what was cut off. */
int ext2_orphans_clean(struct ext2 *e) MUST_CHECK;
/* The blocks from the size on go; in several changes if need be. */
int ext2_truncate_blocks(struct ext2_inode *i) MUST_CHECK;
/* Its last name is gone, and nobody has it: blocks, attributes, number. */
void ext2_delete(struct ext2_inode *i);

/* ---- bytes of regular files (ext2_pages.c, ext2_write.c) ---------------- */

/* For object_ops. */
int ext2_fill(struct object *o, u64 index, struct page *p) MUST_CHECK;
int ext2_fill_many(
    struct object *o, u64 index, u32 nr, struct page **pages) MUST_CHECK;
extern const struct regular_ops ext2_regular_ops;
extern const struct object_ops ext2_object_ops;
extern const struct inode_ops ext2_file_ops;
/* What a commit needs, so that it does not fail for want of memory. */
struct ext2_batch *ext2_batch_create(void);
void ext2_batch_destroy(struct ext2_batch *b);
/* All dirty pages whose blocks are known go to the disk; of a commit. */
int ext2_write_data(void *e);

/* ---- names (ext2_dir.c, ext2_names.c, ext2_ops.c) ----------------------- */

/* One name, as it lies in a buffer. */
struct ext2_found {
	const char *text;
	u32 len;
	u32 ino;
	u8 type;
	u64 next; /* byte of the directory that the next one begins at */
};

/* Whoever wants the names of a directory: false ends it. */
struct ext2_visitor {
	bool (*fn)(struct ext2_visitor *v, const struct ext2_found *f, u64 at);
	bool dots; /* those too */
	bool gaps; /* entries that name nothing too */
};

/* From byte *at on: *at is the name that the visitor did not take. */
int ext2_dir_visit(
    struct inode *dir, u64 *at, struct ext2_visitor *v) MUST_CHECK;
int ext2_dir_read_name(struct inode *dir, const struct buf *b, u64 at,
    struct ext2_found *f) MUST_CHECK;
/* The buffer with byte at of the directory; NULL for a hole. */
int ext2_dir_block(struct inode *dir, u64 at, struct buf **out) MUST_CHECK;
/* Errors: -ENOENT. */
int ext2_dir_find(
    struct inode *dir, struct name name, u64 *at, u32 *ino) MUST_CHECK;
/* What adding a name may change: blocks of the directory, one more of them. */
#define EXT2_NAME_CREDITS (EXT2_MAP_CREDITS + 2 + EXT2_STORE_CREDITS)

/*
 * An entry of a directory that is to be changed, or one with room behind it for
 * a new name: found before anything is changed, so that what fails fails then.
 */
struct ext2_entry {
	struct buf *b; /* counted */
	u32 at;        /* byte of it */
};

/* Errors: -ENOENT, -EIO, -ENOMEM, -EINTR. */
int ext2_entry_find(
    struct inode *dir, struct name name, struct ext2_entry *out) MUST_CHECK;
/* Made at the end if there is none.  Errors: also -ENOSPC. */
int ext2_entry_find_room(struct inode *dir, struct handle *h, struct name name,
    struct ext2_entry *out) MUST_CHECK;
void ext2_entry_put(struct ext2_entry *e);
/* The name goes behind what the entry has. */
void ext2_entry_add(struct inode *dir, struct handle *h, struct ext2_entry *e,
    struct name name, const struct inode *inode);
void ext2_entry_remove(
    struct inode *dir, struct handle *h, struct ext2_entry *e);
/* The name leads to another inode now. */
void ext2_entry_set(struct inode *dir, struct handle *h, struct ext2_entry *e,
    const struct inode *inode);
/* The first block of a new directory, with the dots. */
int ext2_dir_begin(
    struct inode *dir, struct handle *h, const struct inode *parent) MUST_CHECK;
/* The text of a long symbolic link. */
int ext2_symlink_begin(
    struct inode *i, struct handle *h, const char *target) MUST_CHECK;
/* -ENOTEMPTY if it has names other than the dots. */
int ext2_dir_check_empty(struct inode *dir) MUST_CHECK;

int ext2_lookup(
    struct inode *dir, struct name name, struct inode **out) MUST_CHECK;
/*
 * A place freed by a transaction that is not on the disk yet can't be used:
 * where that is why there was none (err), a commit helps, once.
 */
bool ext2_commit_helps(struct ext2 *e, int err, bool *tried);

int ext2_create(struct inode *dir, struct name name,
    const struct inode_new *new, struct inode **out) MUST_CHECK;
int ext2_tmpfile(struct inode *dir, const struct inode_new *new,
    struct inode **out) MUST_CHECK;
int ext2_link(
    struct inode *dir, struct name name, struct inode *inode) MUST_CHECK;
int ext2_unlink(
    struct inode *dir, struct name name, struct inode *inode) MUST_CHECK;
int ext2_rename(struct inode *from_dir, struct name from, struct inode *inode,
    struct inode *to_dir, struct name to, struct inode *victim,
    bool exchange) MUST_CHECK;

extern const struct inode_ops ext2_dir_ops;
extern const struct file_ops ext2_dir_file_ops;

#endif
