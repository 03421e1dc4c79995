/* A pipe against a plain queue of bytes, and what its ends are told. */
/* links: fs/anon.c fs/attr.c fs/cred.c fs/dentry.c fs/devfs.c fs/devmem.c */
/* links: fs/file.c fs/file_rw.c fs/fs_context.c fs/getcwd.c fs/inode.c */
/* links: fs/mount.c fs/namei_attr.c fs/namei_mount.c fs/namei_names.c */
/* links: fs/remount.c fs/lock_book.c fs/lock_range.c fs/lock_wait.c */
/* links: fs/namei_open.c fs/namei_rename.c fs/pipe_ends.c fs/procfs.c */
/* links: fs/regular.c fs/seq.c fs/tmpfs.c fs/tmpfs_dir.c fs/vfs.c fs/walk.c */
/* links: mm/object_fill.c mm/reclaim.c */
/* links: dev/chardev.c mm/iovec.c mm/object.c mm/object_dirty.c lib/fmt.c */
/* links: lib/rbtree.c */
/* links: lib/string.c lib/xmap.c ../tests/host/fake_kernel.c */
/* links: ../tests/host/fake_disks.c */
/* links: fs/mount_options.c fs/tmpfs_ino.c lib/bitmap.c */
#include "fake_kernel.h"

#include <limits.h>
#include <string.h>

#include "fs/pipe.h"
#include "lib/errno.h"

#include <asm/fcntl.h>
#include <asm/poll.h>

static const struct fs_who *who;
static struct file *ends[2];
static size_t allocated_before;

static int
start(void **state)
{
	(void)state;
	vfs_init();
	who = fs_who_kernel();
	return 0;
}

static int
make(void **state)
{
	(void)state;
	allocated_before = fake_nr_allocated();
	return pipe_create(who, O_NONBLOCK, ends);
}

static int
drop(void **state)
{
	(void)state;
	file_put(ends[0]);
	file_put(ends[1]);
	assert_int_equal(fake_nr_allocated(), allocated_before);
	return 0;
}

static s64
put(const void *bytes, size_t len)
{
	struct iov_iter it;

	iov_init_kernel(&it, (void *)bytes, len);
	return file_write(who, ends[1], &it);
}

static s64
get(void *bytes, size_t len)
{
	struct iov_iter it;

	iov_init_kernel(&it, bytes, len);
	return file_read(ends[0], &it);
}

/* ---- the model --------------------------------------------------------- */

#define MODEL_BYTES (1u << 20)

static u8 model[MODEL_BYTES];
static u64 written, taken;

static u8 buf[3 * PAGE_SIZE];

static void
random_write(u64 capacity)
{
	size_t len = 1 + fake_random() % sizeof(buf), i;
	u64 room = capacity - (written - taken);
	s64 n;

	for (i = 0; i < len; i++)
		buf[i] = (u8)fake_random();
	n = put(buf, len);
	if (room == 0 || (len <= PIPE_BUF && room < len)) {
		assert_int_equal(n, -EAGAIN);
		return;
	}
	assert_int_equal(n, len < room ? len : room);
	for (i = 0; i < (size_t)n; i++)
		model[written++ % MODEL_BYTES] = buf[i];
}

static void
random_read(void)
{
	size_t len = 1 + fake_random() % sizeof(buf), i;
	u64 there = written - taken;
	s64 n = get(buf, len);

	if (there == 0) {
		assert_int_equal(n, -EAGAIN);
		return;
	}
	assert_int_equal(n, len < there ? len : there);
	for (i = 0; i < (size_t)n; i++)
		assert_int_equal(model[taken++ % MODEL_BYTES], buf[i]);
}

/* More than it holds always works, less than that never. */
static u64
random_capacity(u64 old)
{
	u64 want = PAGE_SIZE << fake_random() % 7;
	s64 got = pipe_set_capacity(who, ends[0], want);

	if (got < 0) {
		assert_int_equal(got, -EBUSY);
		assert_true(want < written - taken + 2 * PAGE_SIZE);
		return old;
	}
	assert_int_equal(got, want);
	assert_true(want >= written - taken);
	return want;
}

static void
test_against_queue(void **state)
{
	u64 capacity = PIPE_DEFAULT_BYTES;
	u32 i;

	(void)state;
	written = taken = 0;
	for (i = 0; i < 20000; i++) {
		u64 what = fake_random() % 16;

		if (what == 0)
			capacity = random_capacity(capacity);
		else if (what % 2 != 0)
			random_write(capacity);
		else
			random_read();
	}
}

/* ---- memory, and what is told ---------------------------------------------
 */

static void
test_no_memory(void **state)
{
	size_t n;
	s64 err;

	(void)state;
	for (n = 0;; n++) {
		struct file *both[2];
		size_t before = fake_nr_allocated();

		fake_fail_after(n);
		err = pipe_create(who, 0, both);
		fake_fail_after(FAKE_NEVER);
		if (err == 0) {
			file_put(both[0]);
			file_put(both[1]);
			break;
		}
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(fake_nr_allocated(), before);
	}
	/* One page can be had of three: a part is written. */
	fake_fail_after(1);
	assert_int_equal(put(buf, sizeof(buf)), PAGE_SIZE);
	assert_int_equal(put(buf, sizeof(buf)), -ENOMEM);
	fake_fail_after(FAKE_NEVER);
	assert_int_equal(get(buf, sizeof(buf)), PAGE_SIZE);
}

static void
test_bad_memory(void **state)
{
	struct iov_iter it;

	(void)state;
	assert_int_equal(put("abcdef", 6), 6);
	fake_user_end = (u64)(buf + 2);
	iov_init_user(&it, uaddr((u64)buf), 6);
	assert_int_equal(file_read(ends[0], &it), 2);
	iov_init_user(&it, uaddr((u64)buf + 2), 4);
	assert_int_equal(file_read(ends[0], &it), -EFAULT);
	fake_user_end = ~0ul;
	assert_int_equal(get(buf, 6), 4);
	assert_memory_equal(buf, "cdef", 4);
}

static void
test_ends(void **state)
{
	(void)state;
	assert_int_equal(file_poll(ends[0], NULL), 0);
	assert_int_equal(file_poll(ends[1], NULL), POLLOUT | POLLWRNORM);
	assert_int_equal(put("x", 1), 1);
	assert_int_equal(file_poll(ends[0], NULL), POLLIN | POLLRDNORM);
	file_put(ends[1]);
	ends[1] = NULL;
	assert_int_equal(
	    file_poll(ends[0], NULL), POLLIN | POLLRDNORM | POLLHUP);
	assert_int_equal(get(buf, 9), 1);
	assert_int_equal(get(buf, 9), 0);
}

static void
test_no_reader(void **state)
{
	(void)state;
	file_put(ends[0]);
	ends[0] = NULL;
	assert_int_equal(put("x", 1), -EPIPE);
	assert_true(file_poll(ends[1], NULL) & POLLERR);
}

/* Who would wait is told of the signal that the fake kernel has for him. */
static void
test_waiting(void **state)
{
	(void)state;
	assert_int_equal(file_set_flags(who, ends[0], 0), 0);
	assert_int_equal(get(buf, 1), -ERESTARTSYS);
	assert_int_equal(file_set_flags(who, ends[1], 0), 0);
	assert_int_equal(pipe_set_capacity(who, ends[0], 1), PAGE_SIZE);
	assert_int_equal(put(buf, sizeof(buf)), PAGE_SIZE);
	assert_int_equal(put(buf, 1), -ERESTARTSYS);
}

#define PIPED(test) cmocka_unit_test_setup_teardown(test, make, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PIPED(test_against_queue),
	    PIPED(test_no_memory),
	    PIPED(test_bad_memory),
	    PIPED(test_ends),
	    PIPED(test_no_reader),
	    PIPED(test_waiting),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
