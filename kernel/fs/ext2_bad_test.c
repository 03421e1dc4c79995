/*
 * Disks that lie about one thing each, and what comes of it: debugfs makes the
 * lie, the test walks into it.
 */
/* links: fs/ext2.c */
/* links: fs/ext2_alloc.c fs/ext2_cache.c fs/ext2_dir.c fs/ext2_inode.c */
/* links: fs/ext2_discard.c */
/* links: fs/ext2_map.c fs/ext2_names.c fs/ext2_ops.c fs/ext2_orphan.c */
/* links: fs/ext2_pages.c fs/ext2_super.c fs/ext2_trim.c fs/ext2_write.c */
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
#include "fs/namei.h"
#include "fs/vfs_impl.h"
#include "lib/errno.h"
#include "lib/string.h"

#include <asm/fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>

static const struct fs_who *who;
static u8 bytes[FAKE_DISK_MAX];

static const char make_tree[] =
    "set -e; PATH=$PATH:/usr/sbin:/sbin; cd '%s'; rm -rf tree img\n"
    "mkdir -p tree/d/e tree/f tree/g; echo one >tree/a; echo two >tree/b\n"
    "ln -s a tree/link; echo three >tree/f/name-x-y; exec >/dev/null 2>&1\n"
    "mke2fs -q -F -d tree %s\n"
    "block() { debugfs -R \"blocks $1\" img 2>/dev/null; }\n"
    "ino() { debugfs -R \"stat $1\" img 2>/dev/null |\n"
    "    sed -n 's/^Inode: \\([0-9]*\\).*/\\1/p'; }\n"
    "change() { printf '%%s\\n' \"$@\" | debugfs -w img; }\n"
    "%s\n";

#define EXT2 "-t ext2 -b 1024 -N 64 -O none,filetype img 512"
#define EXT3 "-t ext3 -b 1024 -N 64 -J size=1 img 3072"

/* The disk that mke2fs makes so, after those lines of shell. */
static void
make(const char *mke2fs, const char *lie)
{
	char dir[] = "/tmp/ext2_bad_test.XXXXXX", path[64];

	assert_non_null(mkdtemp(dir));
	assert_int_equal(fake_shell(make_tree, dir, mke2fs, lie), 0);
	snprintf(path, sizeof(path), "%s/img", dir);
	fake_disk_set(bytes, fake_file_read(path, bytes, sizeof(bytes)));
	assert_int_equal(fake_shell("rm -rf '%s'", dir), 0);
}

static struct fs_name
at(const char *path)
{
	return fs_name(NULL, path);
}

static int
mount(u32 flags, const char *data)
{
	return namei_mount(who, "/vda", at("/m"), "ext3", flags, data);
}

static void
unmount(void)
{
	assert_int_equal(namei_umount(who, at("/m"), 0), 0);
	assert_int_equal(fake_nr_mutexes, 0);
}

static int
stat_of(const char *path)
{
	struct file_stat st;

	return namei_stat(who, at(path), NAMEI_NOFOLLOW, &st);
}

/* ---- names -------------------------------------------------------------- */

/* Its lock would be taken twice. */
static void
test_in_itself(void **state)
{
	(void)state;
	make(EXT2, "change 'ln d d/self'");
	assert_int_equal(mount(0, NULL), 0);
	assert_int_equal(stat_of("/m/d/self"), -EIO);
	assert_int_equal(namei_rmdir(who, at("/m/d/self")), -EIO);
	assert_int_equal(
	    namei_rename(who, at("/m/d/self"), at("/m/x"), 0), -EIO);
	assert_int_equal(
	    namei_rename(who, at("/m/a"), at("/m/d/self"), 0), -EIO);
	assert_int_equal(stat_of("/m/d/e"), 0);
	unmount();
}

/* Two processes would lock two directories in two orders. */
static void
test_above_itself(void **state)
{
	(void)state;
	make(EXT2, "change 'ln / d/e/root' 'ln d d/e/up'");
	assert_int_equal(mount(0, NULL), 0);
	assert_int_equal(namei_rmdir(who, at("/m/d/e/root")), -EIO);
	assert_int_equal(namei_rmdir(who, at("/m/d/e/up/e")), -EIO);
	assert_int_equal(
	    namei_rename(who, at("/m/d"), at("/m/d/e/root/f/d"), 0), -EIO);
	unmount();
}

/* One name after the other is no harm; both at once are. */
/* A directory has the name that is kept until that is forgotten. */
static void
forget_names(void)
{
	struct file *f;
	int err = namei_open(who, at("/m"), O_RDONLY | O_DIRECTORY, 0, &f);

	assert_int_equal(err, 0);
	dentry_forget(f->inode->fs);
	file_put(f);
}

static void
test_two_names(void **state)
{
	struct file *f;

	(void)state;
	make(EXT2, "change 'ln d/e f/e'");
	assert_int_equal(mount(0, NULL), 0);
	assert_int_equal(stat_of("/m/d/e"), 0);
	forget_names();
	assert_int_equal(stat_of("/m/f/e"), 0);
	forget_names();
	assert_int_equal(
	    namei_open(who, at("/m/d/e"), O_RDONLY | O_DIRECTORY, 0, &f), 0);
	assert_int_equal(stat_of("/m/f/e"), -EIO);
	assert_int_equal(
	    namei_rename(who, at("/m/d/e"), at("/m/f/e/e"), 0), -EIO);
	file_put(f);
	forget_names();
	assert_int_equal(stat_of("/m/f/e"), 0);
	unmount();
}

/* It would be gone through for each name. */
static void
test_long_directory(void **state)
{
	(void)state;
	make(EXT2, "change 'sif d size 0xfffffc00'");
	assert_int_equal(mount(MS_RDONLY, NULL), 0);
	assert_int_equal(stat_of("/m/d/none"), -EIO);
	unmount();
}

/* Directories that go take links from the one above, which has too few. */
static void
test_few_links(void **state)
{
	(void)state;
	make(EXT2, "change 'sif / links_count 2'");
	assert_int_equal(mount(0, NULL), 0);
	assert_int_equal(namei_rmdir(who, at("/m/d/e")), 0);
	assert_int_equal(namei_rmdir(who, at("/m/d")), 0);
	assert_int_equal(namei_rmdir(who, at("/m/g")), 0);
	unmount();
	assert_int_equal(mount(0, NULL), 0);
	assert_int_equal(stat_of("/m/a"), 0);
	unmount();
}

struct texts {
	struct dir_sink sink;
	u32 nr, nr_bad;
};

static bool
note_text(
    struct dir_sink *sink, struct name name, u64 ino, u32 type, u64 next_pos)
{
	struct texts *t = container_of(sink, struct texts, sink);

	(void)ino;
	(void)type;
	(void)next_pos;
	t->nr++;
	if (name.len == 0 || memchr(name.text, 0, name.len) ||
	    memchr(name.text, '/', name.len))
		t->nr_bad++;
	return true;
}

/* A path that a program makes of one would lead out of the directory. */
static void
check_listing(const char *sed, int want)
{
	struct texts t = {.sink.emit = note_text};
	char lie[200];
	struct file *f;

	snprintf(lie, sizeof(lie), "perl -0777 -pi -e '%s' img", sed);
	make(EXT2, lie);
	assert_int_equal(mount(MS_RDONLY, NULL), 0);
	assert_int_equal(
	    namei_open(who, at("/m/f"), O_RDONLY | O_DIRECTORY, 0, &f), 0);
	assert_int_equal(file_readdir(f, &t.sink), want);
	file_put(f);
	assert_int_equal(t.nr_bad, 0);
	unmount();
}

static void
test_no_name(void **state)
{
	(void)state;
	check_listing("", 0);
	check_listing("s|name-x-y|../../xy|g", -EIO);
	check_listing("s|name-x-y|name\\0x-y|g", -EIO);
	check_listing("s|.\\x01name-x-y|\\x00\\x01name-x-y|sg", -EIO);
}

/* ---- blocks ------------------------------------------------------------- */

static void
write_file(const char *path, u32 flags, u64 pos)
{
	char text[3000] = "text";
	struct iov_iter it;
	struct file *f;

	if (namei_open(who, at(path), O_RDWR | flags, 0644, &f) < 0)
		return;
	iov_init_kernel(&it, text, sizeof(text));
	(void)!file_pwrite(who, f, &it, (s64)pos);
	file_put(f);
}

/* A transaction has it already when it comes again as a new one. */
static void
test_used_is_free(void **state)
{
	char path[64];
	u32 n;

	(void)state;
	make(EXT2, "change 'setb 1 511' \"freeb $(block d)\"");
	assert_int_equal(mount(0, NULL), 0);
	assert_int_equal(namei_mknod(who, at("/m/d/p"), S_IFIFO, 0), 0);
	for (n = 0; n < 20; n++) {
		snprintf(path, sizeof(path), "/m/d/%u", n);
		(void)!namei_mkdir(who, at(path), 0755);
	}
	assert_int_equal(namei_mkdir(who, at("/m/x"), 0755), -EROFS);
	unmount();
}

/* And what of a file's bytes is in the log twice. */
static void
test_shared_block(void **state)
{
	(void)state;
	make(EXT3, "change \"sif b block[0] $(block a)\"");
	assert_int_equal(mount(0, "data=journal"), 0);
	write_file("/m/a", 0, 0);
	write_file("/m/b", 0, 0);
	write_file("/m/c", O_CREAT, 0);
	unmount();
}

static int
open_put(const char *path, u32 flags)
{
	struct file *f;
	int err = namei_open(who, at(path), flags, 0644, &f);

	if (err == 0)
		file_put(f);
	return err;
}

/* There would be two of it in memory, each with its own idea of the file. */
static void
test_used_inode_is_free(void **state)
{
	struct file *f;
	char path[64];
	u32 n;

	(void)state;
	make(EXT2, "change \"freei <$(ino a)>\"");
	assert_int_equal(mount(0, NULL), 0);
	assert_int_equal(namei_open(who, at("/m/a"), O_RDWR, 0, &f), 0);
	for (n = 0; n < 3; n++) {
		snprintf(path, sizeof(path), "/m/%u", n);
		write_file(path, O_CREAT, 0);
	}
	assert_int_equal(namei_mkdir(who, at("/m/x"), 0755), -EROFS);
	file_put(f);
	unmount();
}

/* Its pointers are text, and no numbers of blocks that were to be freed. */
static void
test_link_is_cut_off(void **state)
{
	(void)state;
	make(EXT3,
	    "change \"ssv last_orphan $(ino link)\" \"sif link block[1] "
	    "$(block b)\"");
	assert_int_equal(mount(0, NULL), -EIO);
}

/* Who could write to the log could write anywhere. */
static void
test_log_has_name(void **state)
{
	(void)state;
	make(EXT3, "change 'ln <8> log'");
	assert_int_equal(mount(0, NULL), 0);
	assert_int_equal(open_put("/m/log", O_RDWR), -EIO);
	assert_int_equal(namei_unlink(who, at("/m/log")), -EIO);
	unmount();
	make(EXT3, "change 'ssv last_orphan 8' 'sif <8> links_count 0'");
	assert_int_equal(mount(0, NULL), -EIO);
	make(EXT3, "change 'ssv last_orphan 2'");
	assert_int_equal(mount(0, NULL), -EIO);
}

/* ---- the groups and the log --------------------------------------------- */

#define EXT2_GROUPS "-t ext2 -b 1024 -g 256 -N 64 -O none,filetype img 640"

/* What is a bitmap, inodes, or the superblock, is nothing else too. */
static void
test_groups(void **state)
{
	static const char *const lies[] = {"set_bg 1 inode_table 20",
	    "set_bg 1 block_bitmap 3", "set_bg 0 inode_table 1",
	    "set_bg 0 inode_table 2", "set_bg 2 inode_table 639",
	    "set_bg 2 inode_bitmap 640", "set_bg 1 inode_bitmap 0"};
	char lie[100];
	u32 n;

	(void)state;
	make(EXT2_GROUPS, ":");
	assert_int_equal(mount(MS_RDONLY, NULL), 0);
	unmount();
	for (n = 0; n < ARRAY_SIZE(lies); n++) {
		snprintf(lie, sizeof(lie), "change '%s'", lies[n]);
		make(EXT2_GROUPS, lie);
		assert_int_equal(mount(MS_RDONLY, NULL), -EINVAL);
	}
}

/* A superblock in the log, with a change that perl makes. */
static int
mount_with_super(const char *perl)
{
	char lie[400];

	snprintf(lie, sizeof(lie),
	    "change 'ssv journal_dev 0' jo jc\n"
	    "dd if=img of=super bs=1024 skip=1 count=1\n"
	    "perl -0777 -pi -e '%s' super; change jo 'jw -b 1 super' jc",
	    perl);
	make(EXT3, lie);
	return mount(0, NULL);
}

static void
test_super_in_log(void **state)
{
	(void)state;
	assert_int_equal(mount_with_super(""), 0);
	unmount();
	/* Larger blocks. */
	assert_int_equal(
	    mount_with_super("substr($_, 24, 1) = chr(2);"
			     "substr($_, 20, 1) = chr(0);"
			     "substr($_, 4, 4) = pack(\"V\", 700)"),
	    -EINVAL);
	/* A feature that must be known to write. */
	assert_int_equal(
	    mount_with_super("substr($_, 100, 1) = chr(0x83)"), -EROFS);
	/* No journal. */
	assert_int_equal(
	    mount_with_super("substr($_, 92, 1) = chr(0)"), -EINVAL);
}

/* ---- the whole ---------------------------------------------------------- */

static int
start(void **state)
{
	int err;

	(void)state;
	vfs_init();
	who = fs_who_kernel();
	fake_disk.dev = dev_make(254, 0);
	err = namei_mkdir(who, at("/m"), 0755);
	if (err == 0)
		err =
		    namei_mknod(who, at("/vda"), S_IFBLK | 0600, fake_disk.dev);
	return err;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_in_itself),
	    cmocka_unit_test(test_above_itself),
	    cmocka_unit_test(test_two_names),
	    cmocka_unit_test(test_long_directory),
	    cmocka_unit_test(test_few_links),
	    cmocka_unit_test(test_no_name),
	    cmocka_unit_test(test_used_is_free),
	    cmocka_unit_test(test_shared_block),
	    cmocka_unit_test(test_used_inode_is_free),
	    cmocka_unit_test(test_link_is_cut_off),
	    cmocka_unit_test(test_log_has_name),
	    cmocka_unit_test(test_super_in_log),
	    cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
