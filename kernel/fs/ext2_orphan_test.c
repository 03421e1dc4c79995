/*
 * Files without a name, and such as get shorter or longer, where that fails
 * half way: nothing is left behind in memory, and the list of orphans on the
 * disk is what the next mount needs.
 */
/* links: fs/ext2.c fs/ext2_alloc.c fs/ext2_cache.c fs/ext2_dir.c */
/* links: fs/ext2_discard.c */
/* links: fs/ext2_inode.c fs/ext2_map.c fs/ext2_names.c fs/ext2_ops.c */
/* links: fs/ext2_orphan.c fs/ext2_pages.c fs/ext2_super.c fs/ext2_trim.c */
/* links: fs/ext2_write.c fs/ext2_writing.c */
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
#include "fs/ext2_impl.h"
#include "fs/journal_impl.h"
#include "fs/namei.h"
#include "lib/errno.h"
#include "mm/mm_impl.h"

#include <asm/fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#define DISK_BYTES (4u << 20)
/* With blocks of 1 KiB more than the inode has numbers of. */
#define FILE_BYTES (100u << 10)
#define WORKING    (~0ul)

static const struct fs_who *who;
static char dir[] = "/tmp/ext2_orphan.XXXXXX";
static u8 disk[DISK_BYTES];

static struct ext2 *
mount_disk(void)
{
	struct path at;
	struct ext2 *e;

	assert_int_equal(
	    namei_mount(who, "/vda", fs_name(NULL, "/m"), "ext2", 0, NULL), 0);
	assert_int_equal(namei_lookup(who, fs_name(NULL, "/m"), 0, &at), 0);
	e = ext2_of(at.mount->fs);
	path_put(at);
	return e;
}

static void
unmount_disk(void)
{
	assert_int_equal(namei_umount(who, fs_name(NULL, "/m"), 0), 0);
}

static struct ext2 *
begin(const char *type)
{
	char path[64];
	int err = fake_shell("PATH=$PATH:/usr/sbin:/sbin; mke2fs -q -F -t %s "
			     "-b 1024 -N 64 '%s/img' 4m >/dev/null 2>&1",
	    type, dir);

	assert_int_equal(err, 0);
	snprintf(path, sizeof(path), "%s/img", dir);
	assert_int_equal(fake_file_read(path, disk, DISK_BYTES), DISK_BYTES);
	fake_disk_set(disk, DISK_BYTES);
	return mount_disk();
}

/* A mount takes away what is left of them, and e2fsck finds nothing. */
static void
check_after_mount(void)
{
	char path[64];

	assert_int_equal(fake_disk.claimed, 0);
	(void)mount_disk();
	unmount_disk();
	snprintf(path, sizeof(path), "%s/img", dir);
	fake_file_write(path, fake_disk_bytes, DISK_BYTES);
	/* That it is marked as broken is no complaint. */
	assert_int_equal(fake_shell("PATH=$PATH:/usr/sbin:/sbin; "
				    "e2fsck -fn '%s/img' 2>&1 | grep '? no'",
			     dir),
	    256);
}

/* With bytes in it, all of which are on the disk. */
static struct file *
make_file(const char *name)
{
	static char bytes[FILE_BYTES];
	struct iov_iter it;
	struct file *f;
	int err =
	    namei_open(who, fs_name(NULL, name), O_RDWR | O_CREAT, 0644, &f);

	assert_int_equal(err, 0);
	iov_init_user(&it, uaddr((u64)bytes), FILE_BYTES);
	assert_int_equal(file_pwrite(who, f, &it, 0), FILE_BYTES);
	return f;
}

static void
unlink_file(const char *name)
{
	assert_int_equal(namei_unlink(who, fs_name(NULL, name)), 0);
}

/* ---- the tests ---------------------------------------------------------- */

/*
 * One of three has blocks of numbers that cannot be read when it goes.  The
 * others go after it, and it is in the list on the disk all the same.
 */
static void
test_one_cannot_be_read(void **state)
{
	static const char *const names[] = {"/m/a", "/m/b", "/m/c"};
	struct file *f[ARRAY_SIZE(names)];
	struct ext2 *e = begin("ext2");
	u32 n;

	(void)state;
	for (n = 0; n < ARRAY_SIZE(names); n++) {
		f[n] = make_file(names[n]);
		unlink_file(names[n]);
	}
	assert_int_equal(ext2_sync(&e->fs), 0);
	buf_forget(&fake_disk);
	fake_reads_left = 0;
	file_put(f[1]);
	fake_reads_left = WORKING;
	assert_true(e->fs.broken);
	file_put(f[0]);
	file_put(f[2]);
	unmount_disk();
	check_after_mount();
}

/* Cuts the file off while so many reads work; true: it could be. */
static bool
cut_off(struct ext2 *e, const char *name, u32 nr_reads)
{
	int err;

	assert_int_equal(ext2_sync(&e->fs), 0);
	buf_forget(&fake_disk);
	fake_reads_left = nr_reads;
	err = namei_truncate(who, fs_name(NULL, name), 0);
	fake_reads_left = WORKING;
	return err == 0;
}

/*
 * The same where a file only gets shorter: what is behind its end must not come
 * to light when it grows.
 */
static void
test_cut_off_that_fails(void **state)
{
	bool done = false;
	u32 n;

	(void)state;
	for (n = 0; !done; n++) {
		struct ext2 *e = begin("ext2");
		struct file *f = make_file("/m/a");

		done = cut_off(e, "/m/a", n);
		if (!done && f->inode->size_bytes == 0)
			assert_true(e->fs.broken);
		file_put(f);
		unmount_disk();
		check_after_mount();
	}
	assert_true(n > 2);
}

/*
 * One that was being cut off goes from memory before another one, which is in
 * the list too, for it is mapped after the unmount.
 */
static void
test_list_outlived(void **state)
{
	bool done = false;
	u32 n;

	(void)state;
	for (n = 0; !done; n++) {
		struct ext2 *e = begin("ext2");
		struct file *orphan = make_file("/m/a"), *cut;
		struct object *mapped = orphan->inode->object;

		unlink_file("/m/a");
		object_get(mapped);
		file_put(orphan);
		cut = make_file("/m/b");
		done = cut_off(e, "/m/b", n);
		journal_abort(e->journal, -EIO);
		file_put(cut);
		unmount_disk();
		object_put(mapped);
		check_after_mount();
	}
	assert_true(n > 2);
}

/*
 * Others have filled the log with numbers of blocks that they have freed: what
 * there is room for is done, and the rest is another handle's.
 */
static void
test_no_room_to_revoke(void **state)
{
	u32 most, n;
	struct handle others, h;
	struct ext2 *e;
	struct file *f;
	bool more;

	(void)state;
	e = begin("ext3");
	e->options.data_journal = true;
	f = make_file("/m/a");
	assert_int_equal(ext2_sync(&e->fs), 0);
	most = e->journal->max_revokes * journal_revokes_in_block(e->journal);
	assert_int_equal(journal_begin(e->journal, 1, &others), 0);
	assert_int_equal(journal_begin(e->journal, EXT2_TRIM_CREDITS, &h), 0);
	for (n = 0; n < most - 10; n++)
		assert_int_equal(journal_revoke(&others, e->nr_blocks - 1), 0);
	assert_int_equal(ext2_trim(ext2_inode_of(f->inode), &h, 0, &more), 0);
	assert_true(more);
	assert_int_equal(
	    ext2_trim(ext2_inode_of(f->inode), &h, 0, &more), -ENOSPC);
	journal_end(&others);
	assert_int_equal(ext2_store(ext2_inode_of(f->inode), &h), 0);
	journal_end(&h);
	assert_int_equal(namei_truncate(who, fs_name(NULL, "/m/a"), 0), 0);
	assert_int_equal(ext2_inode_of(f->inode)->nr_sectors, 0);
	file_put(f);
	unmount_disk();
	check_after_mount();
}

/* A size that cannot be stored is as it was. */
static void
test_growth_that_fails(void **state)
{
	struct ext2 *e = begin("ext2");
	struct file *f = make_file("/m/a");
	u32 n;
	int err;

	(void)state;
	for (n = 0;; n++) {
		assert_int_equal(ext2_sync(&e->fs), 0);
		buf_forget(&fake_disk);
		fake_fail_after(n);
		err = namei_truncate(
		    who, fs_name(NULL, "/m/a"), 2 * FILE_BYTES + n);
		fake_fail_after(FAKE_NEVER);
		if (err == 0)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(f->inode->size_bytes, FILE_BYTES);
		assert_int_equal(f->inode->object->size_bytes, FILE_BYTES);
	}
	assert_true(n > 2);
	assert_int_equal(f->inode->size_bytes, 2 * FILE_BYTES + n);
	file_put(f);
	unmount_disk();
	check_after_mount();
}

/* Gives the file a block, so far behind its end that it takes others. */
static int
map_far(struct file *f, u32 nr_allocations)
{
	struct ext2_inode *i = ext2_inode_of(f->inode);
	struct journal *j = ext2_disk_of(i)->journal;
	struct handle h;
	u32 block;
	bool fresh;
	int err;

	assert_int_equal(journal_begin(j, 2 * EXT2_MAP_CREDITS, &h), 0);
	fake_fail_after(nr_allocations);
	err = ext2_map_create(i, &h, 300, false, &block, &fresh);
	fake_fail_after(FAKE_NEVER);
	assert_int_equal(ext2_store(i, &h), 0);
	journal_end(&h);
	assert_int_equal(journal_commit(j, journal_running(j)), 0);
	return err;
}

/* A block of numbers that there is no memory for is free as before. */
static void
test_block_in_vain(void **state)
{
	struct ext2 *e = begin("ext3");
	struct file *f = make_file("/m/a");
	struct ext2_inode *i = ext2_inode_of(f->inode);
	u32 all, n;
	int err;

	(void)state;
	e->options.data_journal = true;
	assert_int_equal(ext2_sync(&e->fs), 0);
	all = e->disk->nr_free_blocks + i->nr_sectors / 2;
	for (n = 0; (err = map_far(f, n)) != 0; n++) {
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(
		    e->disk->nr_free_blocks + i->nr_sectors / 2, all);
	}
	assert_true(n > 2);
	assert_int_equal(
	    namei_truncate(who, fs_name(NULL, "/m/a"), 4 * FILE_BYTES), 0);
	file_put(f);
	unmount_disk();
	check_after_mount();
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
	    cmocka_unit_test(test_one_cannot_be_read),
	    cmocka_unit_test(test_cut_off_that_fails),
	    cmocka_unit_test(test_list_outlived),
	    cmocka_unit_test(test_no_room_to_revoke),
	    cmocka_unit_test(test_growth_that_fails),
	    cmocka_unit_test(test_block_in_vain),
	};

	return cmocka_run_group_tests(tests, start, end);
}
