/*
 * A whole disk that is damaged, mounted and used: the input says which disk,
 * how it is mounted, what is drawn to be done to it, and what is changed on it
 * before.
 */
/* links: fs/ext2.c fs/ext2_alloc.c fs/ext2_cache.c fs/ext2_dir.c */
/* links: fs/ext2_discard.c */
/* links: fs/ext2_inode.c fs/ext2_map.c fs/ext2_names.c fs/ext2_ops.c */
/* links: fs/ext2_orphan.c fs/ext2_pages.c fs/ext2_super.c fs/ext2_trim.c */
/* links: fs/ext2_write.c */
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
/* links: lib/rbtree.c lib/string.c lib/xmap.c */
/* links: ../tests/host/fake.c ../tests/host/fake_kernel.c */
/* links: ../tests/host/fake_disk.c ../tests/host/bad_image.c */
/* links: ../tests/host/disk_use.c */
/* links: fs/mount_options.c fs/tmpfs_ino.c lib/bitmap.c */
#include "fake_disk.h"
#include "fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bad_image.h"
#include "dev/chardev.h"
#include "disk_use.h"
#include "fs/namei.h"
#include "lib/string.h"
#include "replay.h"

#include <linux/fs.h>
#include <sys/stat.h>

/* How an input begins. */
struct head {
	u8 base;
	u8 options; /* enum option, bits */
	u16 seed;
	u16 nr; /* of what is done */
};

enum option {
	READ_ONLY = 1u << 0,
	DATA_JOURNAL = 1u << 1,
	LOOK_FIRST = 1u << 2,
	EXT3 = 1u << 3,
};

#define MAX_DONE 64u

static const struct fs_who *who;
static u8 bytes[BAD_IMAGE_MAX];

/* Once, with all that stays. */
static void
start(void)
{
	if (who != NULL)
		return;
	assert_int_equal(bad_image_make(), 0);
	vfs_init();
	who = fs_who_kernel();
	fake_disk.dev = dev_make(254, 0);
	assert_int_equal(namei_mkdir(who, fs_name(NULL, "/m"), 0755), 0);
	assert_int_equal(namei_mknod(who, fs_name(NULL, "/vda"), S_IFBLK | 0600,
			     fake_disk.dev),
	    0);
	/* A link may lead out of the disk, and nothing is to be made there. */
	assert_int_equal(namei_mount(who, NULL, fs_name(NULL, "/"), NULL,
			     MS_REMOUNT | MS_RDONLY, NULL),
	    0);
}

/* Before there is an input, so that it is no part of one's time. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	start();
	return 0;
}

static void
use(const struct head *h)
{
	if (h->options & (LOOK_FIRST | READ_ONLY))
		disk_look(who, "/m");
	if (!(h->options & READ_ONLY))
		disk_change(who, "/m", h->nr % MAX_DONE);
	disk_look(who, "/m");
}

/* It is an error or it works, and in the end nothing is left. */
static void
visit(const struct head *h)
{
	size_t before = fake_nr_allocated();
	int err = namei_mount(who, "/vda", fs_name(NULL, "/m"),
	    h->options & EXT3 ? "ext3" : "ext2",
	    h->options & READ_ONLY ? MS_RDONLY : 0,
	    h->options & DATA_JOURNAL ? "data=journal" : NULL);

	if (err == 0) {
		use(h);
		assert_int_equal(namei_umount(who, fs_name(NULL, "/m"), 0), 0);
	}
	assert_int_equal(fake_nr_mutexes, 0);
	if (fake_nr_allocated() != before)
		fprintf(stderr, "%zu things are left, %zu were there\n",
		    fake_nr_allocated(), before);
	assert_int_equal(fake_nr_allocated(), before);
	assert_int_equal(fake_disk.claimed, 0);
}

int
LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct bad_change changes[BAD_IMAGE_CHANGES];
	struct head h = {};
	u64 len_bytes;
	u32 nr;

	start();
	memcpy(&h, data, MIN(len, sizeof(h)));
	len -= MIN(len, sizeof(h));
	nr = (u32)MIN(len / sizeof(changes[0]), (size_t)BAD_IMAGE_CHANGES);
	memcpy(changes, data + sizeof(h), nr * sizeof(changes[0]));
	len_bytes = bad_image(h.base, changes, nr, bytes);
	fake_random_seed(h.seed);
	fake_now_ns = 1000000000;
	fake_disk_set(bytes, len_bytes);
	visit(&h);
	/* What was done to it is no reason why it could not be mounted again.
	 */
	if (!(h.options & READ_ONLY)) {
		h.options |= READ_ONLY;
		visit(&h);
	}
	return 0;
}

/* ---- new inputs from old ones ------------------------------------------- */

/* libFuzzer's; there is none in the test that only replays. */
__attribute__((weak)) size_t LLVMFuzzerMutate(u8 *data, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(
    u8 *data, size_t len, size_t max, unsigned int seed);

/* One more change, one less, one that is another, or other things are done. */
size_t
LLVMFuzzerCustomMutator(u8 *data, size_t len, size_t max, unsigned int seed)
{
	struct bad_change drawn;
	struct head h = {};
	size_t nr, at, size = sizeof(drawn);

	fake_random_seed(seed);
	if (len < sizeof(h) || max < sizeof(h) + size || fake_random() % 4 == 0)
		return LLVMFuzzerMutate(data, len, max);
	nr = (len - sizeof(h)) / size;
	at = sizeof(h) + (nr > 0 ? fake_random() % nr * size : 0);
	drawn = bad_image_draw();
	switch (fake_random() % 4) {
	case 0:
		memcpy(&h, data, sizeof(h));
		h.seed = (u16)fake_random();
		memcpy(data, &h, sizeof(h));
		return len;
	case 1:
		if (nr == 0)
			return len;
		memmove(data + at, data + at + size, len - at - size);
		return len - size;
	case 2:
		if (nr == 0)
			return len;
		memcpy(data + at, &drawn, size);
		return len;
	default:
		len = sizeof(h) + nr * size;
		if (len + size > max)
			return len;
		memcpy(data + len, &drawn, size);
		return len + size;
	}
}
