/* The inputs that are kept for the fuzzer, and some that are drawn. */
/* links: fs/fuzz_ext2.c fs/ext2.c */
/* links: fs/ext2_alloc.c fs/ext2_cache.c fs/ext2_dir.c */
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
/* links: ../tests/host/fake_kernel.c ../tests/host/fake_disk.c */
/* links: ../tests/host/bad_image.c ../tests/host/disk_use.c */
/* links: fs/mount_options.c fs/tmpfs_ino.c lib/bitmap.c */
#include "fake.h"

#include <string.h>

#include "bad_image.h"
#include "replay.h"

#define DRAWN 150u

static void
test_corpus(void **state)
{
	(void)state;
	replay_corpus("ext2");
}

/* base, options, seed and number of what is done; then the changes. */
static void
test_drawn(void **state)
{
	struct {
		u16 head[3];
		struct bad_change changes[8];
	} PACKED input;
	u32 i, n, nr;

	(void)state;
	for (i = 0; i < DRAWN; i++) {
		fake_random_seed(i);
		for (n = 0; n < 3; n++)
			input.head[n] = (u16)fake_random();
		nr = 1 + fake_random() % 8;
		for (n = 0; n < nr; n++)
			input.changes[n] = bad_image_draw();
		LLVMFuzzerTestOneInput((const u8 *)&input,
		    sizeof(input.head) + nr * sizeof(input.changes[0]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_corpus),
	    cmocka_unit_test(test_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
