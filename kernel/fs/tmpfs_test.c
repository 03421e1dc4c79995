/* Memory: none is lost, and what fails for the lack of it changes nothing. */
/* links: fs/anon.c fs/attr.c fs/cred.c fs/dentry.c fs/devfs.c fs/devmem.c */
/* links: fs/file.c fs/file_rw.c fs/fs_context.c fs/getcwd.c fs/inode.c */
/* links: fs/mount.c fs/namei_attr.c fs/namei_mount.c fs/namei_names.c */
/* links: fs/remount.c fs/lock_book.c fs/lock_range.c fs/lock_wait.c */
/* links: fs/namei_open.c fs/namei_rename.c fs/pipe.c fs/pipe_ends.c */
/* links: fs/procfs.c */
/* links: fs/regular.c fs/seq.c fs/tmpfs_dir.c fs/vfs.c fs/walk.c */
/* links: mm/object_fill.c mm/reclaim.c */
/* links: dev/chardev.c mm/iovec.c mm/object.c mm/object_dirty.c lib/fmt.c */
/* links: lib/rbtree.c */
/* links: lib/string.c lib/xmap.c ../tests/host/fake_kernel.c */
/* links: ../tests/host/fake_disks.c */
/* links: fs/mount_options.c fs/tmpfs_ino.c lib/bitmap.c */
#include "fake_kernel.h"

#include <stdio.h>
#include <string.h>

#include "fs/namei.h"
#include "fs/tmpfs.h"
#include "fs/vfs_impl.h"
#include "lib/errno.h"
#include "lib/string.h"

#include <asm/fcntl.h>
#include <linux/fs.h>

static const struct fs_who *who;

static struct fs_name
at(const char *path)
{
	return fs_name(NULL, path);
}

/* ---- a file system that must be gone without a trace ------------------ */

static size_t allocated_before;

static int
mount_one(void **state)
{
	(void)state;
	allocated_before = fake_nr_allocated();
	return namei_mount(who, NULL, at("/m"), "tmpfs", 0, NULL);
}

static int
unmount_one(void **state)
{
	(void)state;
	vfs_check();
	assert_int_equal(namei_umount(who, at("/m"), 0), 0);
	assert_int_equal(fake_nr_allocated(), allocated_before);
	return 0;
}

static struct file *
open_file(const char *path, u32 flags)
{
	struct file *f;

	assert_int_equal(namei_open(who, at(path), flags, 0644, &f), 0);
	return f;
}

static void
put_text(struct file *f, const char *text)
{
	struct iov_iter it;

	iov_init_kernel(&it, (void *)text, strlen(text));
	assert_int_equal(file_write(who, f, &it), strlen(text));
}

/* ---- every failure for lack of memory --------------------------------- */

/* What a folder looks like, in one number that any change changes. */
struct summing {
	struct dir_sink sink;
	u64 sum;
};

static bool
sum_entry(
    struct dir_sink *sink, struct name name, u64 ino, u32 type, u64 next_pos)
{
	struct summing *s = container_of(sink, struct summing, sink);

	(void)next_pos;
	s->sum += name_make(name.text, name.len).hash * ino + type;
	return true;
}

static u64
look_at(const char *path)
{
	struct summing s = {.sink.emit = sum_entry};
	struct file *f = open_file(path, O_RDONLY);
	struct file_stat st;

	assert_int_equal(file_readdir(f, &s.sink), 0);
	file_stat(f, &st);
	file_put(f);
	return s.sum * 31 + st.nlink * 7 + st.size_bytes;
}

static int
do_mkdir(void)
{
	return namei_mkdir(
	    who, at("/m/d/new-folder-with-a-rather-long-name"), 0755);
}

static int
do_symlink(void)
{
	return namei_symlink(who, "somewhere/else", at("/m/d/new"));
}

static int
do_link(void)
{
	return namei_link(who, at("/m/d/file"), at("/m/d/new"), 0);
}

static int
do_rename(void)
{
	return namei_rename(who, at("/m/d/file"),
	    at("/m/e/a-name-too-long-to-be-kept-within-a-dentry"), 0);
}

static int
do_replace(void)
{
	return namei_rename(who, at("/m/d/file"), at("/m/d/other"), 0);
}

static int
do_exchange(void)
{
	return namei_rename(
	    who, at("/m/d/file"), at("/m/e/folder"), RENAME_EXCHANGE);
}

static int
do_unlink(void)
{
	return namei_unlink(who, at("/m/d/link/../file"));
}

static int
do_open(void)
{
	struct file *f;
	int err =
	    namei_open(who, at("/m/d/link/new"), O_CREAT | O_RDWR, 0600, &f);

	if (err == 0)
		file_put(f);
	return err;
}

static int
do_mount(void)
{
	int err = namei_mount(who, "x", at("/m/e/folder"), "tmpfs", 0, NULL);

	return err < 0 ? err : namei_umount(who, at("/m/e/folder"), 0);
}

static int
do_dev(void)
{
	int err = namei_mount(who, "x", at("/m/e/folder"), "proc", 0, NULL);

	return err < 0 ? err : namei_umount(who, at("/m/e/folder"), 0);
}

static void
make_tree(void)
{
	assert_int_equal(namei_mkdir(who, at("/m/d"), 0755), 0);
	assert_int_equal(namei_mkdir(who, at("/m/e"), 0755), 0);
	assert_int_equal(namei_mkdir(who, at("/m/e/folder"), 0755), 0);
	assert_int_equal(namei_symlink(who, "../e/folder", at("/m/d/link")), 0);
	file_put(open_file("/m/d/file", O_CREAT | O_WRONLY));
	file_put(open_file("/m/d/other", O_CREAT | O_WRONLY));
}

/* Names that are kept take memory, and save some when they are asked for. */
static void
forget_names(void)
{
	struct path p;

	assert_int_equal(namei_lookup(who, at("/m"), 0, &p), 0);
	dentry_forget(p.mount->fs);
	path_put(p);
}

static void
fail_at_each_point(int (*op)(void))
{
	size_t n = 0;
	int err;

	make_tree();
	do {
		u64 d = look_at("/m/d"), e = look_at("/m/e");
		size_t allocated;

		forget_names();
		allocated = fake_nr_allocated();
		fake_fail_after(n++);
		err = op();
		fake_fail_after(FAKE_NEVER);
		forget_names();
		assert_int_equal(fake_nr_mutexes, 0);
		if (err < 0) {
			/* do_unlink goes by a folder that has no such file. */
			if (err == -ENOENT)
				return;
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(fake_nr_allocated(), allocated);
			assert_true(look_at("/m/d") == d);
			assert_true(look_at("/m/e") == e);
		}
	} while (err < 0);
	assert_true(n > 1);
}

#define FAILURE_TEST(name)                                                     \
	static void test_##name(void **state)                                  \
	{                                                                      \
		(void)state;                                                   \
		fail_at_each_point(name);                                      \
	}

FAILURE_TEST(do_mkdir)
FAILURE_TEST(do_symlink)
FAILURE_TEST(do_link)
FAILURE_TEST(do_rename)
FAILURE_TEST(do_replace)
FAILURE_TEST(do_exchange)
FAILURE_TEST(do_unlink)
FAILURE_TEST(do_open)
FAILURE_TEST(do_mount)
FAILURE_TEST(do_dev)

/* ---- the end of a file system ----------------------------------------- */

/* Too deep for any recursion, and wide as well. */
static void
test_deep_tree(void **state)
{
	struct file *f = open_file("/m", O_RDONLY), *below;
	u32 i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		assert_int_equal(
		    namei_mkdir(who, fs_name(f, "folder"), 0755), 0);
		assert_int_equal(
		    namei_mknod(who, fs_name(f, "file"), 0644, 0), 0);
		assert_int_equal(
		    namei_open(who, fs_name(f, "folder"), O_RDONLY, 0, &below),
		    0);
		file_put(f);
		f = below;
	}
	assert_int_equal(namei_umount(who, at("/m"), 0), -EBUSY);
	file_put(f);
}

/* An unlinked file lives as long as it is open, a mapped one longer. */
static void
test_unlinked(void **state)
{
	struct file *f = open_file("/m/file", O_CREAT | O_RDWR);
	struct object *o;
	char back[8];
	size_t done;

	(void)state;
	put_text(f, "contents");
	assert_int_equal(namei_unlink(who, at("/m/file")), 0);
	assert_int_equal(file_read_kernel(f, 0, back, 8, &done), 0);
	assert_int_equal(done, 8);
	assert_memory_equal(back, "contents", 8);
	assert_int_equal(file_map(f, false, 1, &o), 0);
	file_put(f);
	assert_int_equal(namei_umount(who, at("/m"), 0), 0);
	assert_int_equal(object_read(o, 0, back, 8), 0);
	assert_memory_equal(back, "contents", 8);
	object_put(o);
	assert_int_equal(namei_mount(who, NULL, at("/m"), "tmpfs", 0, NULL), 0);
}

/* ---- reading a folder that changes ------------------------------------ */

#define NR_NAMES 300

struct seen {
	struct dir_sink sink;
	u32 room; /* how many more it takes this time */
	u32 times[NR_NAMES];
	char last[16];
};

static bool
see(struct dir_sink *sink, struct name name, u64 ino, u32 type, u64 next_pos)
{
	struct seen *s = container_of(sink, struct seen, sink);
	u64 nr;

	(void)ino;
	(void)type;
	assert_true((s64)next_pos > 0);
	if (s->room == 0)
		return false;
	s->room--;
	memcpy(s->last, name.text, name.len);
	s->last[name.len] = '\0';
	if (name.text[0] == 'n') {
		assert_int_equal(str_to_u64(s->last + 1, 10, NULL, &nr), 0);
		s->times[nr]++;
	}
	return true;
}

static void
test_reading_while_deleting(void **state)
{
	struct seen s = {.sink.emit = see};
	struct file *f = open_file("/m", O_RDONLY);
	char path[32];
	u32 i;

	(void)state;
	for (i = 0; i < NR_NAMES; i++) {
		sprintf(path, "/m/n%u", i);
		assert_int_equal(namei_mknod(who, at(path), 0644, 0), 0);
	}
	/* What was just read goes, and something new comes, each time. */
	for (;;) {
		s.last[0] = '\0';
		s.room = 3;
		assert_int_equal(file_readdir(f, &s.sink), 0);
		if (!s.last[0])
			break;
		sprintf(path, "/m/%s", s.last);
		if (s.last[0] == 'n')
			assert_int_equal(namei_unlink(who, at(path)), 0);
		sprintf(path, "/m/other%u", i++);
		assert_int_equal(namei_mknod(who, at(path), 0644, 0), 0);
	}
	for (i = 0; i < NR_NAMES; i++)
		assert_int_equal(s.times[i], 1);
	file_put(f);
}

/* ---- names that are kept ---------------------------------------------- */

#define NR_BEFORE 32
#define NR_INSIDE 48

/* As another hart does that ends a walk while there are too many names. */
static void
trim_once(void)
{
	u64 was = page_count;

	fake_on_preempt = NULL;
	page_count = 0;
	dentry_trim();
	page_count = was;
}

static void
make_wanted(const char *path)
{
	struct path p;

	assert_int_equal(namei_mknod(who, at(path), 0644, 0), 0);
	assert_int_equal(namei_lookup(who, at(path), 0, &p), 0);
	path_put(p);
}

static void
test_trimmed_while_unmounting(void **state)
{
	char path[32];
	size_t allocated;
	u32 i;

	(void)state;
	assert_int_equal(namei_mkdir(who, at("/m/t"), 0755), 0);
	for (i = 0; i < NR_BEFORE; i++) {
		sprintf(path, "/m/n%u", i);
		make_wanted(path);
	}
	allocated = fake_nr_allocated();
	assert_int_equal(
	    namei_mount(who, NULL, at("/m/t"), "tmpfs", 0, NULL), 0);
	for (i = 0; i < NR_INSIDE; i++) {
		sprintf(path, "/m/t/n%u", i);
		make_wanted(path);
	}
	fake_on_preempt = trim_once;
	assert_int_equal(namei_umount(who, at("/m/t"), 0), 0);
	assert_null(fake_on_preempt);
	assert_int_equal(fake_nr_allocated(), allocated);
}

/* ---- the limits ------------------------------------------------------- */

static void
test_full(void **state)
{
	static char page[PAGE_SIZE];
	struct fs_statfs sf;
	struct iov_iter it;
	struct file *f;

	(void)state;
	assert_int_equal(namei_mkdir(who, at("/m/t"), 0755), 0);
	assert_int_equal(namei_mount(who, NULL, at("/m/t"), "tmpfs", 0,
			     "size=8k,nr_inodes=2"),
	    0);
	f = open_file("/m/t/file", O_CREAT | O_RDWR);
	assert_int_equal(namei_mkdir(who, at("/m/t/x"), 0755), -ENOSPC);
	assert_int_equal(file_seek(f, 100, 0), 100);
	iov_init_kernel(&it, page, PAGE_SIZE);
	assert_int_equal(file_write(who, f, &it), PAGE_SIZE);
	iov_init_kernel(&it, page, PAGE_SIZE);
	assert_int_equal(file_write(who, f, &it), PAGE_SIZE - 100);
	iov_init_kernel(&it, page, PAGE_SIZE);
	assert_int_equal(file_write(who, f, &it), -ENOSPC);
	iov_init_kernel(&it, page, PAGE_SIZE);
	assert_int_equal(file_pwrite(who, f, &it, 0), PAGE_SIZE);
	assert_int_equal(file_statfs(f, &sf), 0);
	assert_int_equal(sf.nr_free, 0);
	assert_int_equal(file_truncate(who, f, 0), 0);
	assert_int_equal(file_statfs(f, &sf), 0);
	assert_int_equal(sf.nr_free, 2);
	file_put(f);
	assert_int_equal(namei_umount(who, at("/m/t"), 0), 0);
}

static void
test_options(void **state)
{
	static const char *const bad[] = {
	    "x", "size", "size=", "size=k", "mode=9", "size=1,,", "size=1 "};
	struct filesystem *fs;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(tmpfs_create("t", bad[i], &fs), -EINVAL);
}

static int
start(void **state)
{
	(void)state;
	vfs_init();
	who = fs_who_kernel();
	return namei_mkdir(who, at("/m"), 0755);
}

#define MOUNTED(test)                                                          \
	cmocka_unit_test_setup_teardown(test, mount_one, unmount_one)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    MOUNTED(test_do_mkdir),
	    MOUNTED(test_do_symlink),
	    MOUNTED(test_do_link),
	    MOUNTED(test_do_rename),
	    MOUNTED(test_do_replace),
	    MOUNTED(test_do_exchange),
	    MOUNTED(test_do_unlink),
	    MOUNTED(test_do_open),
	    MOUNTED(test_do_mount),
	    MOUNTED(test_do_dev),
	    MOUNTED(test_deep_tree),
	    MOUNTED(test_unlinked),
	    MOUNTED(test_reading_while_deleting),
	    MOUNTED(test_trimmed_while_unmounting),
	    MOUNTED(test_full),
	    MOUNTED(test_options),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
