/*
 * Power cuts: what a sequence of operations leaves on the disk, cut at each
 * flush and anywhere between two, is mounted again.  Then
 *   - the log was replayed to the byte as e2fsck replays it;
 *   - the tree is one that the operations came through, in their order, and not
 *     an earlier one than the last that was synced;
 *   - e2fsck finds nothing to complain about.
 *
 * ext2_crash_test [--images N] [--seed N] [--journal]
 */
/* links: fs/ext2.c */
/* links: fs/ext2_alloc.c fs/ext2_cache.c fs/ext2_dir.c fs/ext2_inode.c */
/* links: fs/ext2_map.c fs/ext2_names.c fs/ext2_ops.c fs/ext2_orphan.c */
/* links: fs/ext2_pages.c fs/ext2_super.c fs/ext2_trim.c fs/ext2_write.c */
/* links: fs/journal.c fs/journal_io.c fs/journal_log.c fs/journal_recover.c */
/* links: fs/buf.c lib/errno.c */
/* links: fs/anon.c fs/attr.c fs/cred.c fs/dentry.c fs/devfs.c fs/devmem.c */
/* links: fs/file.c fs/file_rw.c fs/fs_context.c fs/getcwd.c fs/inode.c */
/* links: fs/mount.c fs/namei_attr.c fs/namei_mount.c fs/namei_names.c */
/* links: fs/remount.c */
/* links: fs/namei_open.c fs/namei_rename.c fs/pipe.c fs/pipe_ends.c */
/* links: fs/procfs.c fs/tmpfs.c */
/* links: fs/regular.c fs/seq.c fs/tmpfs_dir.c fs/vfs.c fs/walk.c */
/* links: mm/object_fill.c mm/reclaim.c */
/* links: dev/chardev.c mm/iovec.c mm/object.c mm/object_dirty.c lib/fmt.c */
/* links: lib/rbtree.c lib/string.c lib/xmap.c ../tests/host/fake_kernel.c */
/* links: ../tests/host/fake_disk.c */
#include "fake_disk.h"
#include "fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/chardev.h"
#include "fs/ext2_disk.h"
#include "fs/namei.h"
#include "lib/errno.h"

#include <asm/fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>

#define MAX_OPS 400
#define NR_MANY 40 /* one operation that is many */

static const struct fs_who *who;
static u8 *good, *image, *other;
static u64 disk_bytes;
static const char *mount_options = "";
static char dir[] = "/tmp/ext2_crash.XXXXXX";
static u32 nr_images, nr_compared, nr_sequences;

/* ---- operations --------------------------------------------------------- */

static u32 letter; /* what is written next */

static int
write_at(const char *path, u32 flags, u64 at, size_t len)
{
	u8 *bytes = malloc(len);
	struct iov_iter it;
	struct file *f;
	s64 n;
	int err =
	    namei_open(who, fs_name(NULL, path), O_WRONLY | flags, 0644, &f);

	memset(bytes, 'a' + letter++ % 26, len);
	if (err == 0) {
		iov_init_kernel(&it, bytes, len);
		n = (flags & O_APPEND) ? file_write(who, f, &it)
				       : file_pwrite(who, f, &it, (s64)at);
		err = n < 0 ? (int)n : 0;
		file_put(f);
	}
	free(bytes);
	return err;
}

static int
op_create(void)
{
	return write_at("/m/new", O_CREAT | O_EXCL, 0, 0);
}

static int
op_write(void)
{
	return write_at("/m/d/plain", 0, 500, 5000);
}

static int
op_append(void)
{
	return write_at("/m/file", O_APPEND, 0, 20000);
}

static int
op_far(void)
{
	return write_at("/m/file", 0, 400000, 100);
}

static int
op_truncate(void)
{
	return namei_truncate(who, fs_name(NULL, "/m/big"), 1500);
}

static int
op_lengthen(void)
{
	return namei_truncate(who, fs_name(NULL, "/m/file"), 70000);
}

static int
op_link(void)
{
	return namei_link(
	    who, fs_name(NULL, "/m/file"), fs_name(NULL, "/m/d/link"), 0);
}

static int
op_symlink(void)
{
	return namei_symlink(who, "file", fs_name(NULL, "/m/sym"));
}

static int
op_long_symlink(void)
{
	static char target[200];

	memset(target, 't', sizeof(target) - 1);
	return namei_symlink(who, target, fs_name(NULL, "/m/d/longsym"));
}

static int
op_rename(void)
{
	return namei_rename(
	    who, fs_name(NULL, "/m/file"), fs_name(NULL, "/m/d/moved"), 0);
}

static int
op_rename_over(void)
{
	return namei_rename(
	    who, fs_name(NULL, "/m/file"), fs_name(NULL, "/m/big"), 0);
}

static int
op_exchange(void)
{
	return namei_rename(who, fs_name(NULL, "/m/d"), fs_name(NULL, "/m/big"),
	    RENAME_EXCHANGE);
}

static int
op_move_dir(void)
{
	return namei_rename(
	    who, fs_name(NULL, "/m/d/sub"), fs_name(NULL, "/m/sub"), 0);
}

static int
op_unlink(void)
{
	return namei_unlink(who, fs_name(NULL, "/m/big"));
}

static int
op_unlink_file(void)
{
	return namei_unlink(who, fs_name(NULL, "/m/file"));
}

static int
op_mkdir(void)
{
	return namei_mkdir(who, fs_name(NULL, "/m/e"), 0755);
}

static int
op_rmdir(void)
{
	return namei_rmdir(who, fs_name(NULL, "/m/d/sub"));
}

static int
op_chmod(void)
{
	return namei_chmod(who, fs_name(NULL, "/m/d"), 0, 0700);
}

static int
op_mknod(void)
{
	return namei_mknod(who, fs_name(NULL, "/m/fifo"), S_IFIFO | 0600, 0);
}

/* One of many, in a directory that grows by them. */
static int
op_many(void)
{
	char path[80];

	snprintf(path, sizeof(path), "/m/d/a-name-that-takes-some-room-%u",
	    letter++);
	return namei_mkdir(who, fs_name(NULL, path), 0755);
}

static struct file *held;

/* A file without a name that somebody has: it is to go after a crash. */
static int
op_orphan(void)
{
	struct file *f;
	int err;

	if (held != NULL)
		return -EBUSY;
	err = namei_open(who, fs_name(NULL, "/m/big"), O_RDWR, 0, &f);
	if (err < 0)
		return err;
	held = f;
	return namei_unlink(who, fs_name(NULL, "/m/big"));
}

static int
op_sync(void)
{
	return mount_sync_all();
}

static const struct operation {
	const char *name;
	int (*fn)(void);
	bool in_place; /* bytes change before the rest does */
} operations[] = {
    {"create", op_create, false},
    {"write", op_write, true},
    {"append", op_append, false},
    {"far", op_far, false},
    {"truncate", op_truncate, true},
    {"lengthen", op_lengthen, false},
    {"link", op_link, false},
    {"symlink", op_symlink, false},
    {"long-symlink", op_long_symlink, false},
    {"rename", op_rename, false},
    {"rename-over", op_rename_over, false},
    {"exchange", op_exchange, false},
    {"move-dir", op_move_dir, false},
    {"unlink", op_unlink, false},
    {"unlink-file", op_unlink_file, false},
    {"mkdir", op_mkdir, false},
    {"rmdir", op_rmdir, false},
    {"chmod", op_chmod, false},
    {"mknod", op_mknod, false},
    {"many", op_many, false},
    {"orphan", op_orphan, false},
    {"sync", op_sync, false},
};

/* ---- the tree as text --------------------------------------------------- */

#define MAX_NAMES 200

struct listing {
	struct dir_sink sink;
	u32 nr;
	char *names[MAX_NAMES];
};

static bool
note_name(struct dir_sink *sink, struct name name, u64 ino, u32 type, u64 next)
{
	struct listing *l = container_of(sink, struct listing, sink);

	(void)ino;
	(void)type;
	(void)next;
	assert_true(l->nr < MAX_NAMES);
	if (name.text[0] != '.')
		l->names[l->nr++] = strndup(name.text, name.len);
	return true;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static u64
sum_of(const char *path)
{
	static u8 bytes[1 << 20];
	struct iov_iter it;
	struct file *f;
	u64 sum = 0;
	s64 n, i;

	if (namei_open(who, fs_name(NULL, path), O_RDONLY, 0, &f) < 0)
		return ~0ul;
	iov_init_kernel(&it, bytes, sizeof(bytes));
	n = file_read(f, &it);
	for (i = 0; i < n; i++)
		sum = sum * 31 + bytes[i];
	file_put(f);
	return n < 0 ? ~0ul : sum;
}

static void describe_dir(FILE *out, const char *path);

static void
describe(FILE *out, const char *path)
{
	char target[PAGE_SIZE] = "";
	struct file_stat st;
	size_t len = 0;

	if (namei_stat(who, fs_name(NULL, path), NAMEI_NOFOLLOW, &st) < 0) {
		fprintf(out, "%s cannot be looked at\n", path);
		return;
	}
	if (S_ISLNK(st.mode) &&
	    namei_readlink(
		who, fs_name(NULL, path), target, sizeof(target), &len) < 0)
		len = 0;
	fprintf(out, "%s %o %u %lu %lx %.*s\n", path, st.mode, st.nlink,
	    S_ISDIR(st.mode) ? 0 : st.size_bytes,
	    S_ISREG(st.mode) ? sum_of(path) : 0, (int)len, target);
	if (S_ISDIR(st.mode))
		describe_dir(out, path);
}

static void
describe_dir(FILE *out, const char *path)
{
	struct listing l = {.sink = {.emit = note_name}};
	char below[512];
	struct file *f;
	u32 n;

	if (namei_open(
		who, fs_name(NULL, path), O_RDONLY | O_DIRECTORY, 0, &f) < 0) {
		fprintf(out, "%s cannot be opened\n", path);
		return;
	}
	if (file_readdir(f, &l.sink) < 0)
		fprintf(out, "%s cannot be read\n", path);
	file_put(f);
	qsort(l.names, l.nr, sizeof(l.names[0]), compare_names);
	for (n = 0; n < l.nr; n++) {
		snprintf(below, sizeof(below), "%s/%s", path, l.names[n]);
		describe(out, below);
		free(l.names[n]);
	}
}

static char *
tree_text(void)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	describe_dir(out, "/m");
	fclose(out);
	return text;
}

/* ---- a sequence --------------------------------------------------------- */

struct sequence {
	const struct operation *ops[MAX_OPS];
	u32 nr;
	char *trees[MAX_OPS + 1]; /* after so many operations */
};

static void
tell(const struct sequence *s, const char *what, u32 from, u32 to)
{
	u32 i;

	fprintf(stderr, "%s, cut at %u, %u:", what, from, to);
	for (i = 0; i < s->nr; i++)
		fprintf(stderr, " %s", s->ops[i]->name);
	fprintf(stderr, "\n");
}

static void
mount_it(void)
{
	assert_int_equal(namei_mount(who, "/vda", fs_name(NULL, "/m"), "ext3",
			     0, mount_options),
	    0);
}

static void
unmount_it(void)
{
	assert_int_equal(namei_umount(who, fs_name(NULL, "/m"), 0), 0);
	assert_int_equal(fake_disk.claimed, 0);
}

static void
run_sequence(struct sequence *s)
{
	u32 i;

	fake_disk_set(good, disk_bytes);
	fake_disk_record();
	letter = 0;
	mount_it();
	s->trees[0] = tree_text();
	for (i = 0; i < s->nr; i++) {
		(void)!s->ops[i]->fn();
		s->trees[i + 1] = tree_text();
		if (s->ops[i]->fn == op_sync)
			fake_disk_mark(i + 1);
	}
	assert_int_equal(mount_sync_all(), 0);
	fake_disk_mark(s->nr);
	fake_disk_record_end();
	if (held != NULL)
		file_put(held);
	held = NULL;
	unmount_it();
}

static void
forget_sequence(struct sequence *s)
{
	u32 i;

	for (i = 0; i <= s->nr; i++)
		free(s->trees[i]);
	s->nr = 0;
}

/* ---- a cut -------------------------------------------------------------- */

/* e2fsck says nothing but what it passes through; its status is not enough. */
static bool
is_sound(const char *name)
{
	return fake_shell("PATH=$PATH:/sbin:/usr/sbin; cd %s && "
			  "e2fsck -fn %s >out 2>/dev/null && "
			  "! grep -Evq '^(Pass [0-9]|%s: [0-9]|$)' out",
		   dir, name, name) == 0;
}

/* The superblock says when and that; nothing else may differ. */
static bool
same_but_super(const u8 *a, const u8 *b)
{
	u64 at;

	for (at = 0; at < disk_bytes; at++)
		if (a[at] != b[at] && at / 1024 != 1) {
			fprintf(stderr, "byte %lu of block %lu: %#x, not %#x\n",
			    at % 1024, at / 1024, a[at], b[at]);
			return false;
		}
	return true;
}

static bool
has_orphans(const u8 *bytes)
{
	u32 first;

	memcpy(&first, bytes + 1024 + offsetof(struct ext2_super, last_orphan),
	    sizeof(first));
	return first != 0;
}

static bool
replays_alike(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/replayed", dir);
	fake_file_write(path, image, disk_bytes);
	(void)!fake_shell("PATH=$PATH:/sbin:/usr/sbin; "
			  "e2fsck -E journal_only -y %s >/dev/null 2>&1",
	    path);
	assert_int_equal(fake_file_read(path, other, disk_bytes), disk_bytes);
	fake_disk_set(image, disk_bytes);
	if (namei_mount(
		who, "/vda", fs_name(NULL, "/m"), "ext3", MS_RDONLY, NULL) != 0)
		return false;
	unmount_it();
	/* Orphans e2fsck frees at once; calf does when it may write. */
	if (has_orphans(fake_disk_bytes))
		return true;
	nr_compared++;
	return same_but_super(fake_disk_bytes, other);
}

/*
 * Without the sums of bytes, which are the fifth word of a line: where they may
 * be old ones, or new ones, or some of each.
 */
static char *
without_sums(const char *tree)
{
	char *text = strdup(tree), *to = text;
	u32 word = 0;

	for (; *tree != 0; tree++) {
		if (*tree == ' ')
			word++;
		else if (*tree == '\n')
			word = 0;
		if (word != 4)
			*to++ = *tree;
	}
	*to = 0;
	return text;
}

static bool
same_tree(const char *a, const char *b, bool with_sums)
{
	char *a2 = with_sums ? strdup(a) : without_sums(a);
	char *b2 = with_sums ? strdup(b) : without_sums(b);
	bool same = strcmp(a2, b2) == 0;

	free(a2);
	free(b2);
	return same;
}

/* Is the tree one of those from the at-least-th on? */
static bool
is_known_tree(const struct sequence *s, u32 least)
{
	bool known = false, with_sums = *mount_options != 0;
	char *tree = tree_text();
	u32 i, nr_in_place = 0;

	for (i = least; i < s->nr; i++)
		nr_in_place += s->ops[i]->in_place;
	for (i = least; i <= s->nr && !known; i++)
		known =
		    same_tree(tree, s->trees[i], with_sums || nr_in_place == 0);
	if (!known)
		fprintf(stderr, "at least %u, wanted:\n%sgot:\n%s", least,
		    s->trees[least], tree);
	free(tree);
	return known;
}

static void
check_cut(const struct sequence *s, u32 from, u32 to, u32 least)
{
	char path[64];
	bool ok;

	nr_images++;
	fake_disk_cut(image, from, to);
	ok = replays_alike();
	if (!ok)
		tell(s, "replayed otherwise", from, to);
	assert_true(ok);
	fake_disk_set(image, disk_bytes);
	mount_it();
	ok = is_known_tree(s, least);
	unmount_it();
	if (!ok)
		tell(s, "no tree that was", from, to);
	assert_true(ok);
	snprintf(path, sizeof(path), "%s/cut", dir);
	fake_file_write(path, fake_disk_bytes, disk_bytes);
	ok = is_sound("cut");
	if (!ok) {
		tell(s, "e2fsck complains", from, to);
		(void)!fake_shell("cat %s/out >&2", dir);
	}
	assert_true(ok);
}

/* Each flush, and a cut somewhere between it and the next. */
static void
check_sequence(const struct sequence *s, u32 max_images)
{
	u32 i, from = 0, least = 0, marked = 0;

	for (i = 0; i <= fake_nr_events && nr_images < max_images; i++) {
		const struct fake_event *e = &fake_events[i];

		if (i < fake_nr_events && e->kind == FAKE_MARK)
			marked = e->mark;
		if (i < fake_nr_events && e->kind != FAKE_FLUSH)
			continue;
		if (i > from)
			check_cut(s, from, i, least);
		if (i < fake_nr_events)
			check_cut(s, i + 1, i + 1, least);
		from = i + 1;
		least = marked;
	}
}

static void
check_operations(u32 nr, const struct operation *const *ops, u32 max_images)
{
	static struct sequence s;

	u32 n, i;

	s.nr = 0;
	for (n = 0; n < nr; n++)
		for (i = 0; i < (ops[n]->fn == op_many ? NR_MANY : 1); i++)
			if (s.nr < MAX_OPS)
				s.ops[s.nr++] = ops[n];
	run_sequence(&s);
	check_sequence(&s, max_images);
	forget_sequence(&s);
	nr_sequences++;
}

static const struct operation *
any_operation(void)
{
	return &operations[fake_random() % ARRAY_SIZE(operations)];
}

/* ---- the disk is made --------------------------------------------------- */

static const char make_disk[] =
    "set -e; PATH=$PATH:/usr/sbin:/sbin; cd '%s'; mkdir tree tree/d\n"
    "mkdir tree/d/sub; echo hello >tree/file; seq 1 1000 >tree/d/plain\n"
    "seq 1 30000 >tree/big\n"
    "mke2fs -q -F -t ext3 -b 1024 -N 128 -J size=1 -d tree img 2560 "
    ">/dev/null 2>&1\n";

static void
start(void)
{
	char path[64];

	assert_non_null(mkdtemp(dir));
	assert_int_equal(fake_shell(make_disk, dir), 0);
	good = malloc(FAKE_DISK_MAX);
	image = malloc(FAKE_DISK_MAX);
	other = malloc(FAKE_DISK_MAX);
	snprintf(path, sizeof(path), "%s/img", dir);
	disk_bytes = fake_file_read(path, good, FAKE_DISK_MAX);
	vfs_init();
	who = fs_who_kernel();
	fake_disk.dev = dev_make(254, 0);
	assert_int_equal(namei_mkdir(who, fs_name(NULL, "/m"), 0755), 0);
	assert_int_equal(namei_mknod(who, fs_name(NULL, "/vda"), S_IFBLK | 0600,
			     fake_disk.dev),
	    0);
}

/* ---- which sequences ---------------------------------------------------- */

static u32 max_images = 300;
static u64 seed = 1;

static void
test_crashes(void **state)
{
	const struct operation *ops[MAX_OPS];
	u32 n, i;

	(void)state;
	fake_random_seed(seed);
	for (n = 0; n < ARRAY_SIZE(operations); n++) {
		ops[0] = &operations[n];
		check_operations(1, ops, max_images);
	}
	/* Pairs, and now and then three or many. */
	while (nr_images < max_images) {
		n = 2 + (fake_random() % 4 == 0) +
		    (fake_random() % 16 == 0) * (fake_random() % 40);
		for (i = 0; i < n; i++)
			ops[i] = any_operation();
		check_operations(n, ops, max_images);
	}
	printf(
	    "# %u images of %u sequences, seed %lu %s; %u replayed by both\n",
	    nr_images, nr_sequences, seed, mount_options, nr_compared);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_crashes)};
	int a, failed;

	for (a = 1; a < argc; a++)
		if (strcmp(argv[a], "--images") == 0 && a + 1 < argc)
			max_images = strtoul(argv[++a], NULL, 0);
		else if (strcmp(argv[a], "--seed") == 0 && a + 1 < argc)
			seed = strtoul(argv[++a], NULL, 0);
		else if (strcmp(argv[a], "--journal") == 0)
			mount_options = "data=journal";
		else
			return 2;
	start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)!fake_shell("rm -rf %s", dir);
	return failed;
}
