/*
 * ext2 on a disk in memory that mke2fs made: whole, damaged anywhere, with
 * errors of the disk, and with too little memory.  Whatever the disk says, the
 * worst that may come of it is an error.
 */
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

#include "core/spinlock.h"
#include "dev/block.h"
#include "dev/chardev.h"
#include "fs/attr.h"
#include "fs/blockdev.h"
#include "fs/ext2_impl.h"
#include "fs/namei.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"

#include <asm/fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>

#define DISK_BYTES (512u << 10)
#define MAX_DEPTH  6
#define MAX_NAMES  64 /* of one directory */
#define MAX_READ   (1u << 20)
#define DAMAGED    300 /* disks */

static const struct fs_who *who;
static u8 good[DISK_BYTES], bytes[DISK_BYTES];

/* ---- looking at everything ---------------------------------------------- */

struct listing {
	struct dir_sink sink;
	u32 nr;
	char *names[MAX_NAMES];
};

static bool
note_name(
    struct dir_sink *sink, struct name name, u64 ino, u32 type, u64 next_pos)
{
	struct listing *l = container_of(sink, struct listing, sink);

	(void)ino;
	(void)type;
	(void)next_pos;
	if (name.text[0] == '.' &&
	    (name.len == 1 || (name.len == 2 && name.text[1] == '.')))
		return true;
	if (l->nr == MAX_NAMES)
		return false;
	l->names[l->nr++] = strndup(name.text, name.len);
	return true;
}

/* What was seen, in numbers; each file's bytes too. */
struct seen {
	u32 dirs, files, links, others, errors;
	u64 sum;
};

static void
read_file(const char *path, struct seen *seen)
{
	static u8 buf[MAX_READ];
	struct iov_iter it;
	struct file *f;
	s64 n, i;

	if (namei_open(who, fs_name(NULL, path), O_RDONLY, 0, &f) < 0) {
		seen->errors++;
		return;
	}
	iov_init_kernel(&it, buf, sizeof(buf));
	n = file_read(f, &it);
	if (n < 0)
		seen->errors++;
	for (i = 0; i < n; i++)
		seen->sum = seen->sum * 31 + buf[i];
	seen->files++;
	file_put(f);
}

static void look_at(const char *path, u32 depth, struct seen *seen);

static void
look_into(const char *path, u32 depth, struct seen *seen)
{
	struct listing *l = calloc(1, sizeof(*l));
	char below[512];
	struct file *f;
	u32 i;

	l->sink.emit = note_name;
	seen->dirs++;
	if (namei_open(
		who, fs_name(NULL, path), O_RDONLY | O_DIRECTORY, 0, &f) < 0) {
		seen->errors++;
	} else {
		if (file_readdir(f, &l->sink) < 0)
			seen->errors++;
		file_put(f);
	}
	for (i = 0; i < l->nr; i++) {
		/* A damaged name may have a slash or a zero in it. */
		snprintf(below, sizeof(below), "%s/%s", path, l->names[i]);
		free(l->names[i]);
		look_at(below, depth + 1, seen);
	}
	free(l);
}

static void
look_at(const char *path, u32 depth, struct seen *seen)
{
	char target[PAGE_SIZE];
	struct file_stat st;
	size_t len;

	if (namei_stat(who, fs_name(NULL, path), NAMEI_NOFOLLOW, &st) < 0) {
		seen->errors++;
		return;
	}
	if (S_ISDIR(st.mode)) {
		if (depth < MAX_DEPTH)
			look_into(path, depth, seen);
	} else if (S_ISREG(st.mode)) {
		read_file(path, seen);
	} else if (S_ISLNK(st.mode)) {
		seen->links++;
		if (namei_readlink(who, fs_name(NULL, path), target,
			sizeof(target), &len) < 0)
			seen->errors++;
	} else {
		seen->others++;
	}
}

/* ---- changing things ---------------------------------------------------- */

static void
write_file(const char *path, u32 flags, u64 at, size_t len)
{
	static u8 buf[64 << 10];
	struct iov_iter it;
	struct file *f;

	if (namei_open(who, fs_name(NULL, path), O_RDWR | flags, 0644, &f) < 0)
		return;
	memset(buf, 'w', sizeof(buf));
	iov_init_kernel(&it, buf, MIN(len, sizeof(buf)));
	(void)!file_pwrite(who, f, &it, at);
	(void)!file_sync(f, false);
	file_put(f);
}

static bool writing;

/* Whatever comes of it. */
static void
change_things(void)
{
	static const char *const unlinked[] = {"/m/long", "/m/a/b/short",
	    "/m/hole", "/m/a/link", "/m/fifo", "/m/link", "/m/many/file-7"};
	char path[64];
	u32 n;

	for (n = 0; n < 12; n++) {
		snprintf(path, sizeof(path), "/m/many/another-file-%u", n);
		write_file(path, O_CREAT, n * 5000, 3000);
	}
	write_file("/m/long", 0, 20000, 9000);
	write_file("/m/hole", 0, 100000, 50000);
	(void)!namei_truncate(who, fs_name(NULL, "/m/long"), 300);
	(void)!namei_mkdir(who, fs_name(NULL, "/m/new"), 0755);
	(void)!namei_mkdir(who, fs_name(NULL, "/m/a/new"), 0755);
	(void)!namei_symlink(who, "somewhere", fs_name(NULL, "/m/new/l"));
	(void)!namei_link(
	    who, fs_name(NULL, "/m/long"), fs_name(NULL, "/m/new/long"), 0);
	(void)!namei_rename(
	    who, fs_name(NULL, "/m/a"), fs_name(NULL, "/m/new/a"), 0);
	(void)!namei_rename(who, fs_name(NULL, "/m/many/file-1"),
	    fs_name(NULL, "/m/many/file-2"), 0);
	(void)!namei_rename(who, fs_name(NULL, "/m/many"),
	    fs_name(NULL, "/m/new"), RENAME_EXCHANGE);
	for (n = 0; n < ARRAY_SIZE(unlinked); n++)
		(void)!namei_unlink(who, fs_name(NULL, unlinked[n]));
	(void)!namei_rmdir(who, fs_name(NULL, "/m/new/a/new"));
	(void)!namei_chmod(who, fs_name(NULL, "/m/long"), 0, 0600);
}

/* Mounts, looks, unmounts; then nothing may be left.  What mount said. */
static int
visit(struct seen *seen)
{
	size_t before = fake_nr_allocated();
	int err;

	fake_disk_set(bytes, DISK_BYTES);
	err = namei_mount(who, "/vda", fs_name(NULL, "/m"), "ext2",
	    writing ? 0 : MS_RDONLY, NULL);
	memset(seen, 0, sizeof(*seen));
	if (err == 0) {
		if (writing)
			change_things();
		look_at("/m", 0, seen);
		fake_fail_after(FAKE_NEVER);
		assert_int_equal(namei_umount(who, fs_name(NULL, "/m"), 0), 0);
	}
	fake_fail_after(FAKE_NEVER);
	assert_int_equal(fake_nr_mutexes, 0);
	assert_int_equal(fake_nr_allocated(), before);
	assert_int_equal(fake_disk.claimed, 0);
	return err;
}

/* ---- tests -------------------------------------------------------------- */

static void
test_whole(void **state)
{
	struct seen seen;

	(void)state;
	memcpy(bytes, good, DISK_BYTES);
	assert_int_equal(visit(&seen), 0);
	assert_int_equal(seen.errors, 0);
	assert_int_equal(seen.dirs, 5); /* with lost+found and the root */
	assert_int_equal(seen.files, 33);
	assert_int_equal(seen.links, 2);
	assert_int_equal(seen.others, 1);
}

static void
test_disk_errors(void **state)
{
	struct seen seen, all;
	u64 n;

	(void)state;
	memcpy(bytes, good, DISK_BYTES);
	assert_int_equal(visit(&all), 0);
	for (n = 0;; n++) {
		fake_reads_left = n;
		(void)visit(&seen);
		if (fake_reads_left > 0) /* none was left that could fail */
			break;
		fake_reads_left = ~0ul;
	}
	fake_reads_left = ~0ul;
	assert_true(n > 30);
	assert_int_equal(seen.sum, all.sum);
}

static void
test_no_memory(void **state)
{
	struct seen seen, all;
	size_t n;

	(void)state;
	memcpy(bytes, good, DISK_BYTES);
	assert_int_equal(visit(&all), 0);
	for (n = 0; n < 4000; n++) {
		fake_fail_after(n);
		/* A read that lacks memory half way is short, and no error. */
		if (visit(&seen) == 0 && seen.errors == 0 &&
		    seen.sum == all.sum)
			break;
	}
	assert_true(n > 30 && n < 4000);
}

/* A number that is wrong in a way that is likely to hurt. */
static u32
bad_number(void)
{
	switch (fake_random() % 6) {
	case 0:
		return 0;
	case 1:
		return ~0u;
	case 2:
		return fake_random() % 64;
	case 3:
		return fake_random() % (DISK_BYTES / 1024 + 2);
	case 4:
		return 1u << fake_random() % 32;
	default:
		return fake_random();
	}
}

/*
 * Mostly in the inodes, where these have something: they begin at 6 KiB, have
 * 256 bytes each, and the directories follow them.
 */
static u32
place_to_damage(void)
{
	switch (fake_random() % 8) {
	case 0:
		return fake_random() % DISK_BYTES;
	case 1:
		return (1 << 10) + fake_random() % 136;
	case 2:
		return (2 << 10) + fake_random() % 32;
	case 3:
		return (22 << 10) + fake_random() % (20 << 10);
	default:
		return (6 << 10) + (fake_random() % (16 << 10) & ~0x80u);
	}
}

static void
damage(void)
{
	u32 nr = 1 + fake_random() % 24, size = 1u << fake_random() % 3;
	u32 value, at;

	while (nr-- > 0) {
		at = place_to_damage();
		/* The superblock has many ways to be refused at once. */
		if (at >> 10 == 1 && fake_random() % 8 != 0)
			continue;
		value = bad_number();
		memcpy(bytes + at / size * size, &value, size);
	}
}

static void
test_damaged(void **state)
{
	struct seen seen;
	u32 mounted = 0, errors = 0, i;

	(void)state;
	for (i = 0; i < DAMAGED; i++) {
		memcpy(bytes, good, DISK_BYTES);
		fake_random_seed(i);
		damage();
		if (visit(&seen) == 0)
			mounted++;
		errors += seen.errors;
	}
	/* That something was damaged shows, and most are mounted. */
	assert_true(mounted > DAMAGED / 2);
	assert_true(errors > DAMAGED / 10);
}

/* What is damaged is changed, too: the disk is only read from then on. */
static void
test_damaged_writing(void **state)
{
	struct seen seen;
	u32 mounted = 0, i;

	(void)state;
	writing = true;
	for (i = 0; i < DAMAGED; i++) {
		memcpy(bytes, good, DISK_BYTES);
		fake_random_seed(i + 5000);
		if (i > 0)
			damage();
		if (visit(&seen) == 0)
			mounted++;
		assert_true(i > 0 || seen.errors == 0);
	}
	writing = false;
	assert_true(mounted > DAMAGED / 2);
}

/* Each write and flush fails in turn. */
static void
test_write_errors(void **state)
{
	struct seen seen;
	u64 n;

	(void)state;
	writing = true;
	memcpy(bytes, good, DISK_BYTES);
	for (n = 0;; n++) {
		fake_writes_left = n;
		(void)visit(&seen);
		if (fake_writes_left > 0)
			break;
		fake_writes_left = ~0ul;
	}
	fake_writes_left = ~0ul;
	writing = false;
	assert_true(n > 30);
}

static void
test_no_memory_writing(void **state)
{
	struct seen seen;
	size_t n;

	(void)state;
	writing = true;
	memcpy(bytes, good, DISK_BYTES);
	for (n = 0; n < 3000; n += 1 + n / 200) {
		fake_fail_after(n);
		(void)visit(&seen);
	}
	writing = false;
}

/*
 * A write that takes set-user-ID away, by somebody who may not keep it, and
 * that finds no memory for that: no blocks stay promised to it.
 */
static void
test_no_memory_for_privileges(void **state)
{
	struct fs_who other = *who;
	struct cred *somebody;
	struct iov_iter it;
	struct file *f;
	s64 err = -ENOMEM;
	struct ext2 *e;
	char c = 'x';
	size_t n;

	(void)state;
	memcpy(bytes, good, DISK_BYTES);
	fake_disk_set(bytes, DISK_BYTES);
	assert_int_equal(cred_dup(who->cred, &somebody), 0);
	somebody->caps.effective = 0;
	other.cred = somebody;
	assert_int_equal(
	    namei_mount(who, "/vda", fs_name(NULL, "/m"), "ext2", 0, NULL), 0);
	assert_int_equal(
	    namei_open(who, fs_name(NULL, "/m/long"), O_RDWR, 0, &f), 0);
	e = ext2_of(f->inode->fs);
	for (n = 0; err == -ENOMEM; n++) {
		assert_int_equal(inode_chmod(who, f->inode, 04755), 0);
		assert_int_equal(file_sync(f, false), 0);
		buf_forget(&fake_disk);
		iov_init_kernel(&it, &c, 1);
		fake_fail_after(n);
		err = file_pwrite(&other, f, &it, 5000000);
		fake_fail_after(FAKE_NEVER);
		assert_int_equal(e->nr_reserved, 0);
		assert_false(ext2_inode_of(f->inode)->writing);
	}
	assert_int_equal(err, 1);
	assert_true(n > 3);
	assert_int_equal(f->inode->mode & 07777, 0755);
	file_put(f);
	cred_put(somebody);
	assert_int_equal(namei_umount(who, fs_name(NULL, "/m"), 0), 0);
}

/* ---- the disk is made --------------------------------------------------- */

static const char make_disk[] =
    "set -e; PATH=$PATH:/usr/sbin:/sbin; cd '%s'; mkdir tree tree/a tree/a/b\n"
    "mkdir tree/many; seq 1 5000 >tree/long; echo hello >tree/a/b/short\n"
    "dd if=/dev/zero of=tree/hole bs=1 count=0 seek=300000 2>/dev/null\n"
    "seq 1 30 | while read -r n; do echo $n >tree/many/file-$n; done\n"
    "ln -s long tree/link; mkfifo tree/fifo\n"
    "ln -s \"$(printf '%%0200d' 1)\" tree/a/link\n"
    "mke2fs -q -F -t ext2 -b 1024 -N 64 -d tree img 512 >/dev/null 2>&1\n";

static int
load_disk(const char *dir)
{
	char command[2048], path[256];
	FILE *f;
	size_t n;

	snprintf(command, sizeof(command), make_disk, dir);
	if (system(command) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/img", dir);
	f = fopen(path, "rb");
	if (f == NULL)
		return -1;
	n = fread(good, 1, DISK_BYTES, f);
	fclose(f);
	return n == DISK_BYTES ? 0 : -1;
}

static int
start(void **state)
{
	char dir[] = "/tmp/ext2_test.XXXXXX", command[64];
	int err;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	err = load_disk(dir);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0 || err != 0)
		return -1;
	vfs_init();
	who = fs_who_kernel();
	fake_disk.dev = dev_make(254, 0);
	err = namei_mkdir(who, fs_name(NULL, "/m"), 0755);
	if (err == 0)
		err = namei_mknod(
		    who, fs_name(NULL, "/vda"), S_IFBLK | 0600, fake_disk.dev);
	return err;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_disk_errors),
	    cmocka_unit_test(test_no_memory),
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_damaged_writing),
	    cmocka_unit_test(test_write_errors),
	    cmocka_unit_test(test_no_memory_writing),
	    cmocka_unit_test(test_no_memory_for_privileges),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
