/*
 * Bytes of files that mappings write, on a disk in memory that mke2fs made.
 * There is no address space here: a test does what a fault would, and writes to
 * a page only as long as a leaf could have W.
 */
/* links: fs/ext2.c fs/ext2_alloc.c fs/ext2_cache.c fs/ext2_dir.c */
/* links: fs/ext2_discard.c */
/* links: fs/ext2_inode.c fs/ext2_map.c fs/ext2_names.c fs/ext2_ops.c */
/* links: fs/ext2_orphan.c fs/ext2_pages.c fs/ext2_super.c fs/ext2_trim.c */
/* links: fs/ext2_writing.c */
/* links: fs/journal.c fs/journal_io.c fs/journal_log.c fs/journal_recover.c */
/* links: fs/buf.c lib/errno.c */
/* links: fs/anon.c fs/attr.c fs/cred.c fs/dentry.c fs/devfs.c fs/devmem.c */
/* links: fs/file.c fs/file_rw.c fs/fs_context.c fs/getcwd.c fs/inode.c */
/* links: fs/mount.c fs/namei_attr.c fs/namei_mount.c fs/namei_names.c */
/* links: fs/remount.c fs/lock_book.c fs/lock_range.c fs/lock_wait.c */
/* links: fs/namei_open.c fs/namei_rename.c fs/pipe.c fs/pipe_ends.c */
/* links: fs/procfs.c fs/tmpfs.c */
/* links: fs/regular.c fs/seq.c fs/tmpfs_dir.c fs/vfs.c fs/walk.c */
/* links: mm/object_fill.c mm/reclaim.c */
/* links: dev/chardev.c mm/iovec.c mm/object.c mm/object_dirty.c lib/fmt.c */
/* links: lib/rbtree.c */
/* links: lib/string.c lib/xmap.c ../tests/host/fake_kernel.c */
/* links: ../tests/host/fake_disk.c */
/* links: fs/mount_options.c fs/tmpfs_ino.c lib/bitmap.c */
#include "fake_disk.h"
#include "fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/chardev.h"
#include "fs/attr.h"
#include "fs/ext2_impl.h"
#include "fs/namei.h"
#include "lib/errno.h"
#include "mm/mm_impl.h"

#include <asm/fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#define DISK_BYTES (512u << 10)
#define MNT_DETACH 2u /* of umount2 */

static const struct fs_who *who;
static char dir[] = "/tmp/ext2_write.XXXXXX";
static u8 disk[DISK_BYTES];
static struct file *f;

static void
mount_disk(void)
{
	int err =
	    namei_mount(who, "/vda", fs_name(NULL, "/m"), "ext2", 0, NULL);

	assert_int_equal(err, 0);
	err =
	    namei_open(who, fs_name(NULL, "/m/f"), O_RDWR | O_CREAT, 0644, &f);
	assert_int_equal(err, 0);
}

static void
unmount_disk(void)
{
	file_put(f);
	assert_int_equal(namei_umount(who, fs_name(NULL, "/m"), 0), 0);
	assert_int_equal(fake_disk.claimed, 0);
}

/* An empty file on a new disk. */
static void
begin_with(u32 block_bytes, u32 inode_bytes)
{
	char path[64];
	int err = fake_shell("PATH=$PATH:/usr/sbin:/sbin; mke2fs -q -F -t ext2 "
			     "-b %u -I %u -N 64 '%s/img' 512k >/dev/null 2>&1",
	    block_bytes, inode_bytes, dir);

	assert_int_equal(err, 0);
	snprintf(path, sizeof(path), "%s/img", dir);
	assert_int_equal(fake_file_read(path, disk, DISK_BYTES), DISK_BYTES);
	fake_disk_set(disk, DISK_BYTES);
	mount_disk();
}

static void
begin(u32 block_bytes)
{
	begin_with(block_bytes, 256);
}

/* What was written comes from the disk again. */
static void
mount_again(void)
{
	unmount_disk();
	mount_disk();
}

static void
set_size(u64 size_bytes)
{
	int err = namei_truncate(who, fs_name(NULL, "/m/f"), size_bytes);

	assert_int_equal(err, 0);
}

/* By a program: what comes is fetched from memory of its. */
static s64
write_at(u64 pos, const char *text)
{
	struct iov_iter it;

	iov_init_user(&it, uaddr((u64)text), strlen(text));
	return file_pwrite(who, f, &it, (s64)pos);
}

static char
read_at(u64 pos)
{
	struct iov_iter it;
	char byte = '?';

	iov_init_kernel(&it, &byte, 1);
	(void)!file_pread(f, &it, (s64)pos);
	return byte;
}

static int
write_fault(struct object *o, u64 index)
{
	struct page *p;
	int err = object_page(o, index, &p);

	if (err < 0)
		return err;
	err = o->ops->will_write(o, index);
	if (err == 0)
		err = object_mark_mapped(o, index, p);
	page_put(p);
	return err;
}

/* Faults only where no leaf could have W (O4). */
static int
map_write_object(struct object *o, u64 pos, char byte)
{
	struct page *p = object_page_if_present(o, pos >> PAGE_SHIFT);
	int err = 0;

	if (p == NULL || !(p->dirty & PAGE_MAPPED_DIRTY))
		err = write_fault(o, pos >> PAGE_SHIFT);
	if (p != NULL)
		page_put(p);
	if (err < 0)
		return err;
	p = object_page_if_present(o, pos >> PAGE_SHIFT);
	((char *)page_kva(p))[pos & PAGE_MASK] = byte;
	page_put(p);
	return 0;
}

static int
map_write(u64 pos, char byte)
{
	return map_write_object(f->inode->object, pos, byte);
}

/* ---- tests -------------------------------------------------------------- */

static void
test_mapped(void **state)
{
	(void)state;
	begin(4096);
	set_size(100000);
	assert_int_equal(map_write(50000, 'm'), 0);
	assert_int_equal(map_write(50001, 'n'), 0);
	mount_again();
	assert_int_equal(read_at(50000), 'm');
	assert_int_equal(read_at(50001), 'n');
	assert_int_equal(read_at(49999), 0);
	assert_int_equal(map_write(102400, 'o'), -EFBIG);
	unmount_disk();
}

static int meanwhile;

/* The first page makes the object longer, which shows with the second. */
static void
map_write_meanwhile(void)
{
	if (f->inode->object->size_bytes == 0)
		return;
	fake_on_user_read = NULL;
	meanwhile = map_write(0, 'h');
}

/*
 * While bytes arrive beyond the end, the pages are there before the file has
 * that size; what is written to a hole among them either finds a block or is
 * refused.
 */
static void
test_hole_of_a_write(void **state)
{
	static char text[2 * PAGE_SIZE];

	(void)state;
	begin(4096);
	memset(text, 't', sizeof(text) - 1);
	meanwhile = 1;
	fake_on_user_read = map_write_meanwhile;
	assert_int_equal(
	    write_at(65536 - PAGE_SIZE / 2, text), 2 * PAGE_SIZE - 1);
	mount_again();
	assert_int_equal(read_at(65536), 't');
	assert_int_not_equal(meanwhile, 1);
	assert_true(meanwhile == -EFBIG || read_at(0) == 'h');
	unmount_disk();
}

/*
 * A page that is mapped with W has blocks up to the size.  When the file grows,
 * there are parts of the page that have none.
 */
static void
test_growing(void **state)
{
	(void)state;
	begin(1024);
	f->inode->object->nr_mapped = 1;
	set_size(1000);
	assert_int_equal(map_write(10, 'a'), 0);
	set_size(4000);
	assert_int_equal(map_write(2000, 'b'), 0);
	f->inode->object->nr_mapped = 0;
	mount_again();
	assert_int_equal(read_at(10), 'a');
	assert_int_equal(read_at(2000), 'b');

	f->inode->object->nr_mapped = 1;
	set_size(1000);
	assert_int_equal(map_write(10, 'c'), 0);
	assert_int_equal(write_at(3500, "end"), 3);
	assert_int_equal(map_write(2000, 'd'), 0);
	f->inode->object->nr_mapped = 0;
	mount_again();
	assert_int_equal(read_at(10), 'c');
	assert_int_equal(read_at(2000), 'd');
	assert_int_equal(read_at(3500), 'e');
	unmount_disk();
}

static u32 nr_reads;

/* The disk as it is when the first page is there and the size is not. */
static void
cut_meanwhile(void)
{
	if (nr_reads++ == 0)
		return;
	fake_on_user_read = NULL;
	assert_int_equal(file_sync(f, false), 0);
	memcpy(disk, fake_disk_bytes, DISK_BYTES);
}

/*
 * What is written behind the end of a block that is there may come to the disk
 * before the size does.  After a crash it is still there, and not to be seen
 * when the file grows.
 */
static void
test_tail_after_crash(void **state)
{
	static char text[2 * PAGE_SIZE];
	u32 by_write;

	(void)state;
	for (by_write = 0; by_write < 2; by_write++) {
		begin(4096);
		memset(text, 't', sizeof(text) - 1);
		assert_int_equal(write_at(0, "hello"), 5);
		assert_int_equal(file_sync(f, false), 0);
		nr_reads = 0;
		fake_on_user_read = cut_meanwhile;
		assert_int_equal(write_at(5, text), 2 * PAGE_SIZE - 1);
		unmount_disk();

		fake_disk_set(disk, DISK_BYTES);
		mount_disk();
		assert_int_equal(f->inode->size_bytes, 5);
		if (by_write)
			assert_int_equal(write_at(5000, "x"), 1);
		else
			set_size(5000);
		mount_again();
		assert_int_equal(read_at(4), 'o');
		assert_int_equal(read_at(5), 0);
		assert_int_equal(read_at(4095), 0);
		unmount_disk();
	}
}

/* Blocks of a file that is gone, with its bytes in them, are free. */
static void
leave_old_bytes(void)
{
	static char old[16 * PAGE_SIZE];

	memset(old, 'o', sizeof(old) - 1);
	assert_int_equal(write_at(0, old), sizeof(old) - 1);
	assert_int_equal(file_sync(f, false), 0);
	set_size(0);
	assert_int_equal(file_sync(f, false), 0);
}

/*
 * A page that is not in memory gets no blocks when the file grows, or what was
 * in those came to light.
 */
static void
test_growing_unseen(void **state)
{
	(void)state;
	begin(1024);
	leave_old_bytes();
	set_size(1500);
	mount_again();
	f->inode->object->nr_mapped = 1;
	set_size(4000);
	f->inode->object->nr_mapped = 0;
	assert_int_equal(read_at(100), 0);
	assert_int_equal(read_at(1400), 0);
	assert_int_equal(read_at(3999), 0);
	unmount_disk();
}

/* A commit between the block and the mark in the page writes the page. */
static void
test_commit_before_mark(void **state)
{
	struct object *o;
	struct page *p;

	(void)state;
	begin(1024);
	leave_old_bytes();
	set_size(4000);
	o = f->inode->object;
	assert_int_equal(object_page(o, 0, &p), 0);
	assert_int_equal(o->ops->will_write(o, 0), 0);
	page_put(p);
	assert_int_equal(file_sync(f, false), 0);
	mount_again();
	assert_int_equal(read_at(0), 0);
	assert_int_equal(read_at(3999), 0);
	unmount_disk();
}

/* The pages go before the size does: who reads in between is at the end. */
static void
test_read_while_cut(void **state)
{
	struct iov_iter it;
	char byte;

	(void)state;
	begin(1024);
	set_size(100);
	f->inode->object->size_bytes = 0;
	iov_init_kernel(&it, &byte, 1);
	assert_int_equal(file_pread(f, &it, 0), 0);
	f->inode->object->size_bytes = 100;
	unmount_disk();
}

static int
remount(u32 flags, const char *options)
{
	return namei_mount(
	    who, NULL, fs_name(NULL, "/m"), NULL, MS_REMOUNT | flags, options);
}

/* Whatever a remount was about, one that has ended all writing has. */
static void
test_remount_after_abort(void **state)
{
	(void)state;
	begin(1024);
	journal_abort(ext2_of(f->inode->fs)->journal, -EIO);
	assert_int_equal(mount_may_write(f->path.mount), -EROFS);
	assert_true(remount(0, "nonsense") < 0);
	assert_int_equal(mount_may_write(f->path.mount), -EROFS);
	assert_int_equal(remount(0, NULL), -EROFS);
	assert_int_equal(mount_may_write(f->path.mount), -EROFS);
	assert_int_equal(remount(MS_RDONLY, NULL), 0);
	assert_int_equal(mount_may_write(f->path.mount), -EROFS);
	unmount_disk();
}

/* Blocks of the disk that are all x. */
static u32
nr_of_x(void)
{
	static u8 x[1024];
	u32 n = 0, at;

	memset(x, 'x', sizeof(x));
	for (at = 0; at < DISK_BYTES; at += sizeof(x))
		n += memcmp(fake_disk_bytes + at, x, sizeof(x)) == 0;
	return n;
}

static int
trim(u64 from, u64 len, u64 least, u64 *done)
{
	struct filesystem *fs = f->inode->fs;

	return fs->ops->trim(fs, from, len, least, done);
}

/* A disk forgets what a commit has freed, and not what a crash may bring back.
 */
static void
test_trim(void **state)
{
	static char text[64 * 1024 + 1];
	struct ext2 *e;
	u64 done, free_blocks, a, b;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	begin(1024);
	e = ext2_of(f->inode->fs);
	assert_int_equal(write_at(0, text), sizeof(text) - 1);
	assert_int_equal(ext2_sync(&e->fs), 0);
	assert_int_equal(nr_of_x(), 64);
	set_size(1024);
	assert_int_equal(trim(0, ~0ul, 0, &done), 0);
	assert_int_equal(nr_of_x(), 64);
	assert_int_equal(ext2_sync(&e->fs), 0);
	assert_int_equal(trim(0, ~0ul, DISK_BYTES, &done), 0);
	assert_int_equal(done, 0);
	assert_int_equal(nr_of_x(), 64);
	assert_int_equal(trim(0, ~0ul, 0, &done), 0);
	assert_int_equal(nr_of_x(), 1);
	free_blocks = e->disk->nr_free_blocks;
	assert_int_equal(done, free_blocks * 1024);
	assert_int_equal(trim(0, 300 * 1024 + 7, 0, &a), 0);
	assert_int_equal(trim(300 * 1024, ~0ul, 0, &b), 0);
	assert_int_equal(a + b, done);
	assert_int_equal(read_at(0), 'x');
	assert_int_equal(trim(DISK_BYTES, 4096, 0, &done), -EINVAL);
	assert_int_equal(trim(0, 1023, 0, &done), -EINVAL);
	assert_int_equal(trim(0, ~0ul, ~0ul, &done), -EINVAL);
	fake_disk.max_discard_sectors = 0;
	assert_int_equal(trim(0, ~0ul, 0, &done), -EOPNOTSUPP);
	fake_disk.max_discard_sectors = 500;
	unmount_disk();
}

/* A folder with as many links as it can have takes no other by an exchange. */
static void
test_exchange_with_many_links(void **state)
{
	struct fs_name from = fs_name(NULL, "/m/d"),
		       to = fs_name(NULL, "/m/e/x");
	struct inode *e;
	struct path p;

	(void)state;
	begin(1024);
	assert_int_equal(namei_mkdir(who, from, 0755), 0);
	assert_int_equal(namei_mkdir(who, fs_name(NULL, "/m/e"), 0755), 0);
	assert_int_equal(namei_link(who, fs_name(NULL, "/m/f"), to, 0), 0);
	assert_int_equal(namei_lookup(who, fs_name(NULL, "/m/e"), 0, &p), 0);
	e = p.dentry->inode;
	e->nlink = EXT2_MAX_LINKS;
	assert_int_equal(namei_rename(who, from, to, RENAME_EXCHANGE), -EMLINK);
	assert_int_equal(namei_rename(who, to, from, RENAME_EXCHANGE), -EMLINK);
	e->nlink = 2;
	assert_int_equal(namei_rename(who, to, from, RENAME_EXCHANGE), 0);
	assert_int_equal(e->nlink, 3);
	path_put(p);
	unmount_disk();
}

/* A bitmap that calls the inodes free: what they lie in is not forgotten. */
static void
test_trim_of_inodes(void **state)
{
	static u8 before[DISK_BYTES];
	struct ext2_group *g;
	struct ext2 *e;
	struct buf *b;
	u64 done;
	u32 table, bitmap, bit;

	(void)state;
	begin(1024);
	e = ext2_of(f->inode->fs);
	assert_int_equal(ext2_group(e, 0, &b, &g), 0);
	table = g->inode_table;
	bitmap = g->block_bitmap;
	bit = table + 1 - e->first_block;
	buf_put(b);
	unmount_disk();
	fake_disk_bytes[bitmap * 1024 + bit / 8] &= (u8) ~(1u << (bit % 8));
	mount_disk();
	memcpy(before, fake_disk_bytes, DISK_BYTES);
	assert_int_equal(trim(0, ~0ul, 0, &done), -EIO);
	assert_memory_equal(
	    before + table * 1024, fake_disk_bytes + table * 1024, 2048);
	unmount_disk();
}

/*
 * Linux keeps the superblock's counts in memory as long as the disk is mounted,
 * so a crash leaves old ones there; each group's own are right.
 */
static void
test_counts_of_groups(void **state)
{
	struct ext2_super *s = (struct ext2_super *)(fake_disk_bytes + 1024);
	u32 blocks, inodes;
	struct fs_statfs st;
	u32 lie;

	(void)state;
	begin(1024);
	unmount_disk();
	blocks = s->nr_free_blocks;
	inodes = s->nr_free_inodes;
	for (lie = 0; lie < 3; lie++) {
		s->nr_free_blocks = lie * 400;
		s->nr_free_inodes = lie * 60;
		mount_disk();
		f->inode->fs->ops->statfs(f->inode->fs, &st);
		assert_int_equal(st.nr_free, blocks);
		assert_int_equal(st.nr_free_files, inodes);
		assert_int_equal(write_at(0, "text"), 4);
		set_size(0);
		unmount_disk();
		assert_int_equal(s->nr_free_blocks, blocks);
		assert_int_equal(s->nr_free_inodes, inodes);
	}
}

static u32 nr_protects;

static void
count_protects(void)
{
	nr_protects++;
}

/* A file that a commit writes at this moment is not forgotten by who syncs. */
static void
test_sync_during_commit(void **state)
{
	struct ext2_inode *i;
	struct ext2 *e;

	(void)state;
	begin(4096);
	e = ext2_of(f->inode->fs);
	set_size(100);
	assert_int_equal(map_write(10, 'a'), 0);
	ext2_cache_begin_write(e);
	i = ext2_cache_take_dirty(e);
	assert_ptr_equal(i, f->inode);
	nr_protects = 0;
	fake_on_protect = count_protects;
	assert_int_equal(file_sync(f, false), 0);
	fake_on_protect = NULL;
	assert_int_equal(nr_protects, 1);
	ext2_cache_written(i, true);
	unmount_disk();
}

/* Nor does a commit count that had begun when the page became dirty. */
static void
test_commit_of_before(void **state)
{
	struct journal *j;
	u32 begun;

	(void)state;
	begin(4096);
	j = ext2_of(f->inode->fs)->journal;
	set_size(100);
	begun = journal_nr_begun(j);
	assert_int_equal(journal_commit_data(j, begun), 0);
	assert_int_equal(journal_nr_begun(j), begun + 1);
	assert_int_equal(journal_commit_data(j, begun), 0);
	assert_int_equal(journal_nr_begun(j), begun + 1);
	assert_int_equal(file_sync(f, false), 0);
	assert_int_equal(journal_nr_begun(j), begun + 2);
	unmount_disk();
}

/*
 * The file system is not in the tree any more, but mapped; the page was written
 * back, and is written to once more before the mapping ends.
 */
static void
test_last_mapping(void **state)
{
	struct object *o;
	struct journal *j;

	(void)state;
	begin(4096);
	set_size(100);
	o = f->inode->object;
	j = ext2_of(f->inode->fs)->journal;
	object_get(o);
	file_put(f);
	assert_int_equal(namei_umount(who, fs_name(NULL, "/m"), MNT_DETACH), 0);
	assert_int_equal(map_write_object(o, 10, 'a'), 0);
	assert_int_equal(journal_commit(j, journal_running(j)), 0);
	assert_int_equal(map_write_object(o, 10, 'b'), 0);
	object_put(o);
	mount_disk();
	assert_int_equal(read_at(10), 'b');
	unmount_disk();
}

static void
take_memory(void)
{
	fake_on_protect = NULL;
	fake_fail_after(0);
}

/*
 * A page whose place stands in a block that memory has not, and has no room
 * for, when it is to be written: who syncs is not told that it is on the disk.
 */
static void
test_no_memory_to_write(void **state)
{
	struct object *o;

	(void)state;
	begin(4096);
	set_size(100000);
	assert_int_equal(map_write(90000, 'a'), 0);
	assert_int_equal(file_sync(f, false), 0);
	o = f->inode->object;
	assert_int_equal(o->nr_dirty, 0);
	assert_int_equal(map_write(90000, 'b'), 0);
	buf_forget(&fake_disk);
	fake_on_protect = take_memory;
	assert_int_equal(file_sync(f, false), -EIO);
	fake_fail_after(FAKE_NEVER);
	assert_int_equal(o->nr_dirty, 1);
	assert_int_equal(file_sync(f, false), 0);
	assert_int_equal(o->nr_dirty, 0);
	mount_again();
	assert_int_equal(read_at(90000), 'b');
	unmount_disk();
}

/* Small inodes have whole seconds, and what is seen is what they have. */
static void
test_times_of_small_inodes(void **state)
{
	static const s64 ns[][2] = {{1500000000, 1000000000}, {-1, -1000000000},
	    {-1000000000, -1000000000}};
	struct file_stat st;
	u32 n;

	(void)state;
	begin_with(4096, EXT2_OLD_INODE);
	for (n = 0; n < ARRAY_SIZE(ns); n++) {
		f->inode->mtime_ns = f->inode->atime_ns = ns[n][0];
		inode_stat(f->inode, &st);
		assert_int_equal(st.mtime_ns, ns[n][1]);
		assert_int_equal(st.atime_ns, ns[n][1]);
		assert_int_equal(st.ctime_ns % 1000000000, 0);
		assert_int_equal(st.btime_ns, 0);
		assert_int_equal(ext2_store_alone(ext2_inode_of(f->inode)), 0);
		mount_again();
		inode_stat(f->inode, &st);
		assert_int_equal(st.mtime_ns, ns[n][1]);
	}
	unmount_disk();
	begin(4096);
	f->inode->mtime_ns = 1500000000;
	inode_stat(f->inode, &st);
	assert_int_equal(st.mtime_ns, 1500000000);
	unmount_disk();
}

/* An inode without its extra bytes, among others that have them. */
static void
test_times_without_extra_bytes(void **state)
{
	struct ext2_hold hold;

	(void)state;
	begin(4096);
	assert_int_equal(ext2_hold(ext2_inode_of(f->inode), &hold), 0);
	((struct ext2_raw_inode *)(hold.b->data + hold.at))->extra_bytes = 0;
	ext2_unhold(&hold);
	f->inode->mtime_ns = 4102444800 * 1000000000l;
	f->inode->atime_ns = -5000000000 * 1000000000l;
	assert_int_equal(ext2_store_alone(ext2_inode_of(f->inode)), 0);
	mount_again();
	assert_int_equal(f->inode->mtime_ns, INT32_MAX * 1000000000l);
	assert_int_equal(f->inode->atime_ns, INT32_MIN * 1000000000l);
	unmount_disk();
}

/* Attributes that cannot be stored are as before, for stat as well. */
static void
test_no_memory_for_attributes(void **state)
{
	struct inode *i;
	s64 changed_ns;

	(void)state;
	begin(4096);
	i = f->inode;
	changed_ns = i->ctime_ns;
	assert_int_equal(file_sync(f, false), 0);
	buf_forget(&fake_disk);
	fake_fail_after(0);
	assert_int_equal(inode_chmod(who, i, 0600), -ENOMEM);
	assert_int_equal(inode_chown(who, i, 5, 7), -ENOMEM);
	fake_fail_after(FAKE_NEVER);
	assert_int_equal(i->mode & 07777, 0644);
	assert_int_equal(i->uid, 0);
	assert_int_equal(i->gid, 0);
	assert_int_equal(i->ctime_ns, changed_ns);
	assert_int_equal(inode_chmod(who, i, 0600), 0);
	unmount_disk();
}

/* ---- coming and going --------------------------------------------------- */

static int
start(void **state)
{
	int err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	vfs_init();
	who = fs_who_kernel();
	fake_disk.dev = dev_make(254, 0);
	err = namei_mkdir(who, fs_name(NULL, "/m"), 0755);
	if (err == 0)
		err = namei_mknod(
		    who, fs_name(NULL, "/vda"), S_IFBLK | 0600, fake_disk.dev);
	return err;
}

static int
end(void **state)
{
	(void)state;
	return fake_shell("rm -rf '%s'", dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mapped),
	    cmocka_unit_test(test_hole_of_a_write),
	    cmocka_unit_test(test_growing),
	    cmocka_unit_test(test_growing_unseen),
	    cmocka_unit_test(test_read_while_cut),
	    cmocka_unit_test(test_commit_before_mark),
	    cmocka_unit_test(test_remount_after_abort),
	    cmocka_unit_test(test_trim),
	    cmocka_unit_test(test_trim_of_inodes),
	    cmocka_unit_test(test_counts_of_groups),
	    cmocka_unit_test(test_exchange_with_many_links),
	    cmocka_unit_test(test_tail_after_crash),
	    cmocka_unit_test(test_sync_during_commit),
	    cmocka_unit_test(test_commit_of_before),
	    cmocka_unit_test(test_last_mapping),
	    cmocka_unit_test(test_no_memory_to_write),
	    cmocka_unit_test(test_times_of_small_inodes),
	    cmocka_unit_test(test_times_without_extra_bytes),
	    cmocka_unit_test(test_no_memory_for_attributes),
	};

	return cmocka_run_group_tests(tests, start, end);
}
