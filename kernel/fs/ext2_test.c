/*
 * ext2 on a disk in memory that mke2fs made: whole, damaged anywhere, with
 * errors of the disk, and with too little memory.  Whatever the disk says, the
 * worst that may come of it is an error.
 */
/* links: fs/ext2_alloc.c fs/ext2_cache.c fs/ext2_dir.c fs/ext2_inode.c */
/* links: fs/ext2_map.c fs/ext2_names.c fs/ext2_ops.c fs/ext2_orphan.c */
/* links: fs/ext2_pages.c fs/ext2_super.c fs/ext2_trim.c fs/ext2_write.c */
/* links: fs/journal.c fs/journal_io.c fs/journal_log.c fs/journal_recover.c */
/* links: fs/buf.c lib/errno.c */
/* links: fs/anon.c fs/attr.c fs/cred.c fs/dentry.c fs/devfs.c fs/devmem.c */
/* links: fs/file.c fs/file_rw.c fs/fs_context.c fs/getcwd.c fs/inode.c */
/* links: fs/mount.c fs/namei_attr.c fs/namei_mount.c fs/namei_names.c */
/* links: fs/namei_open.c fs/namei_rename.c fs/pipe.c fs/pipe_ends.c */
/* links: fs/procfs.c fs/tmpfs.c */
/* links: fs/regular.c fs/seq.c fs/tmpfs_dir.c fs/vfs.c fs/walk.c */
/* links: dev/chardev.c mm/iovec.c mm/object.c mm/object_dirty.c lib/fmt.c */
/* links: lib/rbtree.c */
/* links: lib/string.c lib/xmap.c ../tests/host/fake_kernel.c */
#include "fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/spinlock.h"
#include "dev/block.h"
#include "dev/chardev.h"
#include "fs/blockdev.h"
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
static u64 io_left = ~0ul; /* requests until one fails */
static struct blockdev disk = {
    .name = "vda",
    .nr_sectors = DISK_BYTES / SECTOR_BYTES,
    .max_segments = BLOCK_SEGMENTS,
};

/* ---- the disk ----------------------------------------------------------- */

int
block_do(struct blockdev *dev, struct block_request *r)
{
	u64 at = r->sector << SECTOR_SHIFT;
	u32 i;

	assert_ptr_equal(dev, &disk);
	assert_int_equal(r->op, BLOCK_READ);
	if (io_left-- == 0)
		return -EIO;
	for (i = 0; i < r->nr_segments; i++) {
		u32 len = r->segments[i].len_bytes;

		if (at + len > DISK_BYTES)
			return -EIO;
		memcpy(r->segments[i].at, bytes + at, len);
		at += len;
	}
	return 0;
}

struct blockdev *
block_find(u32 dev)
{
	return dev == disk.dev ? &disk : NULL;
}

void
block_for_each(void (*fn)(struct blockdev *dev, void *arg), void *arg)
{
	(void)fn;
	(void)arg;
}

int
block_claim(struct blockdev *dev)
{
	if (dev->claimed)
		return -EBUSY;
	dev->claimed = 1;
	return 0;
}

void
block_release(struct blockdev *dev)
{
	dev->claimed = 0;
}

const struct file_ops blockdev_file_ops;

u64
blockdev_size(const struct file *f)
{
	(void)f;
	return 0;
}

/* ---- what fake_kernel.c lacks ------------------------------------------- */

bool
spin_trylock(struct spinlock *l) NO_LOCK_CHECK
{
	spin_lock(l);
	return true;
}

static struct frame_reclaimer *reclaimer;

void
frame_add_reclaimer(struct frame_reclaimer *r)
{
	reclaimer = r;
}

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

/* Mounts, looks, unmounts; then nothing may be left.  What mount said. */
static int
visit(struct seen *seen)
{
	size_t before = fake_nr_allocated();
	int err = namei_mount(
	    who, "/vda", fs_name(NULL, "/m"), "ext2", MS_RDONLY, NULL);

	memset(seen, 0, sizeof(*seen));
	if (err == 0) {
		look_at("/m", 0, seen);
		fake_fail_after(FAKE_NEVER);
		assert_int_equal(namei_umount(who, fs_name(NULL, "/m"), 0), 0);
	}
	fake_fail_after(FAKE_NEVER);
	assert_int_equal(fake_nr_mutexes, 0);
	assert_int_equal(fake_nr_allocated(), before);
	assert_int_equal(disk.claimed, 0);
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
		io_left = n;
		(void)visit(&seen);
		if (io_left < n) /* none was left that could fail */
			break;
		io_left = ~0ul;
	}
	io_left = ~0ul;
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
	disk.dev = dev_make(254, 0);
	err = namei_mkdir(who, fs_name(NULL, "/m"), 0755);
	if (err == 0)
		err = namei_mknod(
		    who, fs_name(NULL, "/vda"), S_IFBLK | 0600, disk.dev);
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
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
