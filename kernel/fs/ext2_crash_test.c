/*
 * Power cuts: what a sequence of operations leaves on the disk, cut at each
 * flush and anywhere between two, is mounted again.  Then
 *   - the log was replayed to the byte as e2fsck replays it;
 *   - the tree is one that the operations came through, in their order, not an
 *     earlier one than the last that was to stay, and not a later one than
 *     there was when the power failed;
 *   - e2fsck finds nothing to complain about;
 *   - the same tree is there when the power fails again in the midst of that.
 *
 * tests/host/crash_choose.c says which sequences.  A sequence's number and the
 * seed say all about it, the cuts too.
 *
 * e2fsck runs in one process for all images (tests/host/again_main.c), and now
 * and then as everybody runs it, which must come to the same.
 *
 * An image that was judged is not judged again, and does not count.  Of those
 * that become the same by their replay, but for what is in the log, which is
 * empty then, only the first is mounted and looked at: what comes of that
 * follows from its bytes.
 *
 * ext2_crash_test [--images N] [--seed N] [--cuts N] [--progress N]
 *                 [--disk NAME] [--only SEQUENCE]
 *
 *	--images   how many in all, of all kinds of disks
 *	--cuts     so many images of each time between two flushes
 *	--disk     one kind of disk, and so many --images of it
 *	--only     that sequence alone, with all its cuts
 *	--progress a line after each so many
 */
/* links: fs/ext2_alloc.c fs/ext2_cache.c fs/ext2_dir.c fs/ext2_inode.c */
/* links: fs/ext2_map.c fs/ext2_names.c fs/ext2_ops.c fs/ext2_orphan.c */
/* links: fs/ext2_pages.c fs/ext2_super.c fs/ext2_trim.c fs/ext2_write.c */
/* links: fs/ext2.c fs/ext2_discard.c fs/ext2_writing.c */
/* links: fs/journal.c fs/journal_io.c fs/journal_log.c fs/journal_recover.c */
/* links: fs/buf.c lib/errno.c */
/* links: fs/anon.c fs/attr.c fs/cred.c fs/dentry.c fs/devfs.c fs/devmem.c */
/* links: fs/file.c fs/file_rw.c fs/fs_context.c fs/getcwd.c fs/inode.c */
/* links: fs/mount.c fs/namei_attr.c fs/namei_mount.c fs/namei_names.c */
/* links: fs/remount.c fs/lock_book.c fs/lock_range.c fs/lock_wait.c */
/* links: fs/namei_open.c fs/namei_rename.c fs/pipe.c fs/pipe_ends.c */
/* links: fs/mount_options.c fs/procfs.c fs/tmpfs.c fs/tmpfs_ino.c */
/* links: fs/regular.c fs/seq.c fs/tmpfs_dir.c fs/vfs.c fs/walk.c */
/* links: mm/object_fill.c mm/reclaim.c lib/bitmap.c */
/* links: dev/chardev.c mm/iovec.c mm/object.c mm/object_dirty.c lib/fmt.c */
/* links: lib/rbtree.c lib/string.c lib/xmap.c ../tests/host/fake_kernel.c */
/* links: ../tests/host/fake_disk.c ../tests/host/crash_ops.c */
/* links: ../tests/host/served.c ../tests/host/crash_choose.c */
#include "crash_ops.h"
#include "fake_disk.h"
#include "fake_kernel.h"
#include "served.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dev/chardev.h"
#include "fs/ext2_disk.h"
#include "lib/errno.h"

#include <linux/fs.h>

#define MAX_OPS     400
#define MAX_BETWEEN 4000
/* Once in so many times e2fsck is run as everybody runs it, too. */
#define PLAIN_EVERY 256

/* struct disk: a kind of disk, how it is mounted, and its part of the images.
 */
struct disk {
	const char *name;
	const char *options;
	u32 block_bytes;
	u32 blocks;
	u32 log_mib; /* the least for blocks of that size */
	u32 part;
};

static const struct disk disks[] = {
    {"ordered-1k", "", 1024, 2560, 1, 6},
    {"journal-1k", "data=journal", 1024, 2560, 1, 4},
    {"ordered-2k", "discard", 2048, 2304, 2, 2},
    {"ordered-4k", "", 4096, 2304, 4, 2},
    {"journal-4k", "data=journal", 4096, 2304, 4, 2},
};

static const struct disk *disk;
static u8 *good, *image, *second;
static u8 *replayed, *checked; /* files that e2fsck sees, in memory */
static struct served replay_fsck, check_fsck;
static u64 disk_bytes;
static u8 *is_log; /* for each block: is it the log's, but for its head */
static char dir[] = "/tmp/ext2_crash.XXXXXX";
static char fast_dir[] = "/dev/shm/ext2_crash.XXXXXX";
static char *work = dir;

static u32 max_images = 1764, nr_cuts = 1, progress;
static u64 seed = 1;
static s64 only = -1;

static struct {
	u32 images, again, checked, sequences, compared, seconds;
	u32 progress_at;
} done;

/* ---- what was judged ---------------------------------------------------- */

struct verdict {
	u64 key; /* of an image, 0: none */
	struct look look;
};

static struct verdict *verdicts;
static u64 verdicts_room, nr_verdicts;
static bool recording_mounts; /* what they write is noted, too */

static u64
hash_bytes(const u8 *bytes, bool with_log)
{
	u64 h = with_log + 1;
	u32 b;

	for (b = 0; b < disk->blocks; b++)
		if (with_log || !is_log[b])
			h = crash_hash(bytes + b * disk->block_bytes,
			    disk->block_bytes, h);
	return h | 1;
}

static struct verdict *
find_verdict(u64 key)
{
	u64 at = key >> 8;

	while (verdicts[at % verdicts_room].key != 0 &&
	    verdicts[at % verdicts_room].key != key)
		at++;
	return &verdicts[at % verdicts_room];
}

static void
keep_verdict(u64 key, struct look look)
{
	struct verdict *old = verdicts, *v;
	u64 n = verdicts_room;

	if (nr_verdicts * 2 >= verdicts_room) {
		verdicts_room = verdicts_room * 2 + 1024;
		verdicts = calloc(verdicts_room, sizeof(*v));
		while (n-- > 0)
			if (old[n].key != 0)
				*find_verdict(old[n].key) = old[n];
		free(old);
	}
	v = find_verdict(key);
	nr_verdicts += v->key == 0;
	*v = (struct verdict){.key = key, .look = look};
}

static void
forget_verdicts(void)
{
	free(verdicts);
	verdicts = NULL;
	verdicts_room = nr_verdicts = 0;
	keep_verdict(1, (struct look){0});
}

/* ---- a sequence --------------------------------------------------------- */

struct sequence {
	s64 number;
	const struct operation *ops[MAX_OPS];
	u32 nr;
	char *trees[MAX_OPS + 1]; /* after so many operations */
	struct look looks[MAX_OPS + 1];
	/* In the midst of the one after so many. */
	u32 nr_between;
	struct {
		u32 ops;
		struct look look;
	} between[MAX_BETWEEN];
};

static struct sequence *running;
static u32 nr_ended; /* of its operations */

/* Marks in the recording: so many operations were begun, or are to stay. */
#define MARK_BEGUN 0x10000u

static void
tell(const struct sequence *s, const char *what, u32 from, u32 to)
{
	u32 i;

	fprintf(stderr, "%s, cut at %u, %u:", what, from, to);
	for (i = 0; i < s->nr; i++)
		fprintf(stderr, " %s", s->ops[i]->name);
	fprintf(stderr, "\nagain: --disk %s --seed %lu --cuts %u --only %ld\n",
	    disk->name, seed, nr_cuts, s->number);
}

/* The same time for everybody, so that images can be the same. */
static void
mount_it(u64 flags, const char *options)
{
	fake_now_ns = 1000000000000;
	assert_int_equal(namei_mount(crash_who, "/vda", fs_name(NULL, "/m"),
			     "ext3", flags, options),
	    0);
}

static void
unmount_it(void)
{
	assert_int_equal(namei_umount(crash_who, fs_name(NULL, "/m"), 0), 0);
	assert_int_equal(fake_disk.claimed, 0);
}

static void
keep_tree(struct sequence *s, u32 i)
{
	s->trees[i] = crash_tree();
	s->looks[i] = crash_look(s->trees[i]);
}

/* A file was made, and is to be written to: two things, one after the other. */
static void
keep_between(void)
{
	struct sequence *s = running;
	char *tree = crash_tree();

	assert_true(s->nr_between < MAX_BETWEEN);
	s->between[s->nr_between].ops = nr_ended;
	s->between[s->nr_between++].look = crash_look(tree);
	free(tree);
}

static void
run_sequence(struct sequence *s)
{
	u32 i;
	int err;

	running = s;
	crash_between = keep_between;
	fake_disk_set(good, disk_bytes);
	fake_disk_record();
	crash_ops_begin();
	mount_it(0, disk->options);
	keep_tree(s, 0);
	for (i = 0; i < s->nr; i++) {
		nr_ended = i;
		fake_disk_mark(MARK_BEGUN | (i + 1));
		err = s->ops[i]->fn();
		keep_tree(s, i + 1);
		if (s->ops[i]->lasting && err == 0)
			fake_disk_mark(i + 1);
	}
	assert_int_equal(mount_sync_all(), 0);
	fake_disk_mark(s->nr);
	fake_disk_record_end();
	crash_ops_end();
	unmount_it();
}

static void
forget_sequence(struct sequence *s)
{
	u32 i;

	for (i = 0; i <= s->nr; i++)
		free(s->trees[i]);
	s->nr = s->nr_between = 0;
}

/* ---- an image ----------------------------------------------------------- */

/* The superblock says when and that; nothing else may differ. */
static bool
same_but_super(const u8 *a, const u8 *b)
{
	u64 at = 2048;

	if (memcmp(a, b, 1024) == 0 &&
	    memcmp(a + at, b + at, disk_bytes - at) == 0)
		return true;
	for (at = 0; at / 1024 == 1 || a[at] == b[at];)
		at++;
	fprintf(stderr, "byte %lu: %#x, not %#x\n", at, a[at], b[at]);
	return false;
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
replays_alike(const u8 *bytes)
{
	int status;

	static u32 nr;

	memcpy(replayed, bytes, disk_bytes);
	status = served_run(&replay_fsck);
	fake_disk_set(bytes, disk_bytes);
	mount_it(MS_RDONLY, NULL);
	unmount_it();
	if (status != 0 && status != 1)
		return false;
	/* Orphans e2fsck frees at once; calf does when it may write. */
	if (has_orphans(fake_disk_bytes))
		return true;
	if (nr++ % PLAIN_EVERY == 0) {
		memcpy(checked, bytes, disk_bytes);
		(void)!fake_shell("PATH=$PATH:/sbin:/usr/sbin; cd %s; "
				  "e2fsck -y -E journal_only checked "
				  ">/dev/null 2>&1",
		    work);
		assert_true(same_but_super(checked, replayed));
	}
	done.compared++;
	return same_but_super(fake_disk_bytes, replayed);
}

static void
run_plain(void)
{
	assert_int_equal(
	    fake_shell("PATH=$PATH:/sbin:/usr/sbin; cd %s; "
		       "e2fsck -fn checked >plain 2>&1; cmp plain checked.out",
		work),
	    0);
}

/* e2fsck says nothing but what it passes through; its status is not enough. */
static bool
is_sound(const u8 *bytes)
{
	static const char *const usual[] = {
	    "Pass ", "checked: ", "e2fsck 1.", NULL};
	static u32 nr;
	int status;

	memcpy(checked, bytes, disk_bytes);
	status = served_run(&check_fsck);
	if (nr++ % PLAIN_EVERY == 0)
		run_plain();
	return status == 0 && served_said_only(&check_fsck, usual);
}

static char *
tree_of(const u8 *bytes)
{
	char *tree;

	fake_disk_set(bytes, disk_bytes);
	if (recording_mounts)
		fake_disk_again();
	mount_it(0, disk->options);
	tree = crash_tree();
	unmount_it();
	return tree;
}

/* Of the image, which was judged before. */
static const char *
tree_again(void)
{
	static char *tree;

	free(tree);
	recording_mounts = false;
	tree = tree_of(image);
	return tree;
}

/* What is wrong with an image, NULL if nothing is; and its tree. */
static const char *
judge(const u8 *bytes, struct look *look, char **tree)
{
	u64 key = hash_bytes(bytes, true), key2;
	const struct verdict *v = find_verdict(key);

	*tree = NULL;
	*look = v->look;
	done.again += v->key != 0;
	if (v->key != 0)
		return NULL;
	done.images++;
	if (!replays_alike(bytes))
		return "replayed otherwise";
	key2 = hash_bytes(fake_disk_bytes, false);
	v = find_verdict(key2);
	*look = v->look;
	if (v->key == 0) {
		done.checked++;
		*tree = tree_of(bytes);
		*look = crash_look(*tree);
		if (recording_mounts)
			fake_disk_swap();
		if (!is_sound(fake_disk_bytes))
			return "e2fsck complains";
		keep_verdict(key2, *look);
	}
	keep_verdict(key, *look);
	return NULL;
}

static void
refuse(const struct sequence *s, const char *what, u32 from, u32 to)
{
	tell(s, what, from, to);
	(void)!fake_shell(
	    "cat %s/checked.out >&2; cp %s/checked %s.bad", work, work, work);
	fail();
}

/* ---- a cut -------------------------------------------------------------- */

/* The least of the last n events that ends with a flush, and one after it. */
static void
draw_cut(u32 *from, u32 *to)
{
	u32 n;

	*to = fake_random() % (fake_nr_events + 1);
	for (n = *from = 0; n < *to; n++)
		if (fake_events[n].kind == FAKE_FLUSH)
			*from = n + 1;
}

/*
 * The mount that has just been recorded is cut off, too, and all after it: what
 * the log says, and what is to be freed, is done again.
 */
static void
cut_again(const struct sequence *s, const struct look *want)
{
	struct look look;
	const char *wrong;
	u32 from, to, n;
	char *tree;

	recording_mounts = false;
	for (n = 0; n < 4; n++) {
		fake_disk_swap();
		draw_cut(&from, &to);
		fake_disk_cut(second, from, to);
		fake_disk_swap();
		wrong = judge(second, &look, &tree);
		free(tree);
		done.seconds++;
		if (wrong == NULL &&
		    (look.whole != want->whole || look.names != want->names))
			wrong = "another tree";
		if (wrong != NULL) {
			fprintf(stderr, "in the mount after a cut: ");
			refuse(s, wrong, from, to);
		}
	}
}

/* What is to stay, and what was begun, by the time of an event. */
static void
bounds_at(u32 event, u32 *least, u32 *most)
{
	*least = *most = 0;
	while (event-- > 0) {
		const struct fake_event *e = &fake_events[event];

		if (e->kind == FAKE_MARK && (e->mark & MARK_BEGUN) != 0)
			*most = MAX(*most, e->mark & ~MARK_BEGUN);
		else if (e->kind == FAKE_MARK)
			*least = MAX(*least, e->mark);
	}
}

static bool
same_look(const struct look *a, const struct look *b, bool with_sums)
{
	return with_sums ? a->whole == b->whole : a->names == b->names;
}

/*
 * One file that is being overwritten may have some of its new bytes, also with
 * data in the log: a commit for want of room comes between them and the size.
 */
static bool
is_overwritten(const struct sequence *s, u32 least, u32 most, const char *tree)
{
	u32 i;

	for (i = least; i < most; i++)
		if (s->ops[i]->in_place &&
		    crash_one_sum_differs(s->trees[i], tree))
			return true;
	return false;
}

/* Is the tree one of those from the least-th to the most-th? */
static bool
is_known(const struct sequence *s, u32 least, u32 most, const struct look *look)
{
	bool with_sums = strstr(disk->options, "data=journal") != NULL;
	u32 i, nr_in_place = 0;

	for (i = least; i < most; i++)
		nr_in_place += s->ops[i]->in_place;
	with_sums |= nr_in_place == 0;
	for (i = least; i <= most; i++)
		if (same_look(&s->looks[i], look, with_sums))
			return true;
	for (i = 0; i < s->nr_between; i++)
		if (s->between[i].ops >= least && s->between[i].ops < most &&
		    same_look(&s->between[i].look, look, with_sums))
			return true;
	return false;
}

static void
check_cut(const struct sequence *s, u32 from, u32 to, u32 draw)
{
	const char *wrong;
	struct look look;
	u32 least, most;
	char *tree;

	fake_random_seed(
	    crash_stir(crash_stir(seed, (u64)s->number), from * 1000 + draw));
	fake_disk_cut(image, from, to);
	bounds_at(to, &least, &most);
	recording_mounts = fake_random() % 16 == 0;
	wrong = judge(image, &look, &tree);
	if (wrong == NULL && !is_known(s, least, most, &look) &&
	    !is_overwritten(s, least, most, tree ? tree : tree_again())) {
		wrong = "no tree that was";
		fprintf(stderr, "at least %u, at most %u, wanted:\n%sgot:\n%s",
		    least, most, s->trees[least], tree ? tree : "as before\n");
	}
	if (wrong != NULL)
		refuse(s, wrong, from, to);
	if (tree != NULL && recording_mounts)
		cut_again(s, &look);
	free(tree);
}

static void
show_progress(const struct sequence *s)
{
	static time_t start;

	if (start == 0)
		start = time(NULL);
	if (progress == 0 || done.images < done.progress_at)
		return;
	done.progress_at += progress;
	fprintf(stderr,
	    "# %s, seed %lu: %u images, sequence %ld, after %ld s\n",
	    disk->name, seed, done.images, s->number, time(NULL) - start);
}

/* Each flush, and cuts somewhere between it and the next. */
static void
check_sequence(const struct sequence *s)
{
	u32 i, n, from = 0;

	for (i = 0; i <= fake_nr_events; i++) {
		if (i < fake_nr_events && fake_events[i].kind != FAKE_FLUSH)
			continue;
		for (n = 0; i > from && n < nr_cuts; n++)
			if (only >= 0 || done.images < max_images)
				check_cut(s, from,
				    n == 0 ? i
					   : from + 1 +
					    (u32)(crash_stir(
						      seed, n * 7919 + i) %
						(i - from)),
				    n + 1);
		if (i < fake_nr_events &&
		    (only >= 0 || done.images < max_images))
			check_cut(s, i + 1, i + 1, 0);
		from = i + 1;
	}
	show_progress(s);
}

/* ---- the disk is made --------------------------------------------------- */

static u8 *
map_file(const char *name)
{
	char path[128];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", work, name);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)disk_bytes), 0);
	p = mmap(NULL, disk_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(p != MAP_FAILED);
	close(fd);
	return p;
}

/* The superblock has a copy of the pointers of the log's inode. */
static void
find_log(void)
{
	const struct ext2_super *super = (void *)(good + EXT2_SUPER_AT);
	u32 each = disk->block_bytes / sizeof(u32), n, number;
	u32 nr = (disk->log_mib << 20) / disk->block_bytes;

	memset(is_log, 0, disk->blocks);
	for (n = 1; n < nr; n++) {
		const u32 *table = super->journal_blocks;
		u32 at = n;

		if (n >= EXT2_NR_DIRECT + each) {
			number = (n - EXT2_NR_DIRECT - each) / each;
			table = (void *)(good +
			    table[EXT2_NR_DIRECT + 1] * disk->block_bytes);
			table =
			    (void *)(good + table[number] * disk->block_bytes);
			at = (n - EXT2_NR_DIRECT) % each;
		} else if (n >= EXT2_NR_DIRECT) {
			table = (void *)(good +
			    table[EXT2_NR_DIRECT] * disk->block_bytes);
			at = n - EXT2_NR_DIRECT;
		}
		assert_in_range(table[at], 1, disk->blocks - 1);
		is_log[table[at]] = true;
	}
}

/* One bit of what is free, and e2fsck has to say so. */
static void
check_judge(void)
{
	const struct ext2_super *super = (void *)(good + EXT2_SUPER_AT);
	const struct ext2_group *group =
	    (void *)(good + (super->first_block + 1) * disk->block_bytes);
	u64 at = (u64)group->block_bitmap * disk->block_bytes + 1;

	assert_true(is_sound(good));
	good[at] ^= 4;
	assert_false(is_sound(good));
	run_plain();
	good[at] ^= 4;
	assert_true(is_sound(good));
}

static void
make_disk(void)
{
	static const char *const replay[] = {
	    "e2fsck", "-y", "-E", "journal_only", "replayed", NULL};
	static const char *const check[] = {"e2fsck", "-fn", "checked", NULL};
	char path[128];

	assert_int_equal(
	    fake_shell("set -e; PATH=$PATH:/usr/sbin:/sbin; cd '%s'; "
		       "rm -rf tree; %smke2fs -q -F -t ext3 -b %u -N 160 "
		       "-J size=%u -d tree img %u >/dev/null 2>&1",
		work, crash_make_tree, disk->block_bytes, disk->log_mib,
		disk->blocks),
	    0);
	snprintf(path, sizeof(path), "%s/img", work);
	disk_bytes = fake_file_read(path, good, FAKE_DISK_MAX);
	assert_int_equal(disk_bytes, disk->blocks * disk->block_bytes);
	find_log();
	replayed = map_file("replayed");
	checked = map_file("checked");
	served_start(&replay_fsck, work, "replayed.out", replay);
	served_start(&check_fsck, work, "checked.out", check);
	check_judge();
}

static void
drop_disk(void)
{
	served_stop(&replay_fsck);
	served_stop(&check_fsck);
	munmap(replayed, disk_bytes);
	munmap(checked, disk_bytes);
}

/* ---- all of it ---------------------------------------------------------- */

static void
check_disk(const struct disk *d, u32 nr)
{
	static struct sequence s;
	s64 number;

	disk = d;
	memset(&done, 0, sizeof(done));
	forget_verdicts();
	max_images = nr;
	make_disk();
	for (number = MAX(only, 0);
	     only >= 0 ? number == only : done.images < max_images; number++) {
		s.number = number;
		s.nr = crash_choose(seed, (u64)number, s.ops, MAX_OPS);
		run_sequence(&s);
		check_sequence(&s);
		forget_sequence(&s);
		done.sequences++;
	}
	drop_disk();
	printf("# %s, seed %lu: %u images of %u sequences, %u of them other "
	       "ones when replayed; %u replayed by both, %u cut again, %u the "
	       "same\n",
	    d->name, seed, done.images, done.sequences, done.checked,
	    done.compared, done.seconds, done.again);
	fflush(stdout);
}

static u32 nr_images = 1764;

static void
test_disk(void **state)
{
	const struct disk *d = *state;
	u32 n, parts = 0;

	for (n = 0; n < ARRAY_SIZE(disks); n++)
		parts += disks[n].part;
	check_disk(d, (u32)((u64)nr_images * d->part / parts));
}

static void
start(void)
{
	work = mkdtemp(fast_dir) != NULL ? fast_dir : mkdtemp(dir);
	assert_non_null(work);
	good = malloc(FAKE_DISK_MAX);
	image = malloc(FAKE_DISK_MAX);
	second = malloc(FAKE_DISK_MAX);
	is_log = malloc(FAKE_DISK_MAX / 1024);
	vfs_init();
	crash_who = fs_who_kernel();
	fake_disk.dev = dev_make(254, 0);
	assert_int_equal(namei_mkdir(crash_who, fs_name(NULL, "/m"), 0755), 0);
	assert_int_equal(namei_mknod(crash_who, fs_name(NULL, "/vda"),
			     S_IFBLK | 0600, fake_disk.dev),
	    0);
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[ARRAY_SIZE(disks)];
	const char *name = NULL;
	u32 n, nr = 0;
	int a, failed;

	for (a = 1; a < argc; a += 2)
		if (a + 1 == argc)
			return 2;
		else if (strcmp(argv[a], "--images") == 0)
			nr_images = strtoul(argv[a + 1], NULL, 0);
		else if (strcmp(argv[a], "--seed") == 0)
			seed = strtoul(argv[a + 1], NULL, 0);
		else if (strcmp(argv[a], "--cuts") == 0)
			nr_cuts = strtoul(argv[a + 1], NULL, 0);
		else if (strcmp(argv[a], "--progress") == 0)
			progress = strtoul(argv[a + 1], NULL, 0);
		else if (strcmp(argv[a], "--only") == 0)
			only = strtol(argv[a + 1], NULL, 0);
		else if (strcmp(argv[a], "--disk") == 0)
			name = argv[a + 1];
		else
			return 2;
	for (n = 0; n < ARRAY_SIZE(disks); n++)
		if (name == NULL || strcmp(disks[n].name, name) == 0)
			tests[nr++] = (struct CMUnitTest){.name = disks[n].name,
			    .test_func = test_disk,
			    .initial_state = (void *)&disks[n]};
	start();
	failed = _cmocka_run_group_tests("power cuts", tests, nr, NULL, NULL);
	(void)!fake_shell("rm -rf %s", work);
	return failed != 0;
}
