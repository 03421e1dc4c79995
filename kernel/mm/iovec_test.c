/* links: mm/object_fill.c mm/reclaim.c */
/* links: ../tests/host/fake_kernel.c mm/object.c mm/object_dirty.c */
/* links: lib/xmap.c lib/string.c */
#include "fake_kernel.h"

#include <string.h>

#include "lib/errno.h"
#include "mm/iovec.h"
#include "mm/object.h"

static struct iov_segment
segment(void *base, u64 len)
{
	return (struct iov_segment){(u64)base, len};
}

static void
test_pieces(void **state)
{
	char a[3], b[5], text[] = "abcdefgh", back[8];
	struct iov_segment s[] = {
	    segment(a, 3), segment(NULL, 0), segment(b, 5)};
	struct iov_iter it;

	(void)state;
	assert_int_equal(iov_init_vector(&it, s, 3), 0);
	assert_int_equal(it.left_bytes, 8);
	assert_int_equal(iov_put(&it, text, 2), 2);
	assert_int_equal(iov_put(&it, text + 2, 6), 6);
	assert_int_equal(iov_put(&it, text, 1), 0);
	assert_memory_equal(a, "abc", 3);
	assert_memory_equal(b, "defgh", 5);
	assert_int_equal(iov_init_vector(&it, s, 3), 0);
	iov_skip(&it, 4);
	assert_int_equal(iov_get(&it, back, 8), 4);
	assert_memory_equal(back, "efgh", 4);
}

static void
test_lengths(void **state)
{
	struct iov_segment s[] = {segment((void *)4096, 1), {4096, ~0ul}};
	struct iov_iter it;

	(void)state;
	assert_int_equal(iov_init_vector(&it, s, 2), -EINVAL);
	s[1].len_bytes = IOV_MAX_BYTES + 1;
	assert_int_equal(iov_init_vector(&it, s, 2), 0);
	assert_int_equal(it.left_bytes, IOV_MAX_BYTES);
	s[1] = (struct iov_segment){~0ul - 4096, 1};
	assert_int_equal(iov_init_vector(&it, s, 2), -EFAULT);
	iov_init_user(&it, uaddr(4096), ~0ul >> 1);
	assert_true(it.out_of_range);
	iov_init_user(&it, uaddr(4096), 1ul << 40);
	assert_false(it.out_of_range);
	assert_int_equal(it.left_bytes, IOV_MAX_BYTES);
}

/* What lies before the bad byte moves, and the iterator stands behind it. */
static void
test_faults(void **state)
{
	char buf[16], text[] = "0123456789abcdef";
	struct iov_segment s[] = {segment(buf, 4), segment(buf + 4, 12)};
	struct iov_iter it;

	(void)state;
	fake_user_end = (u64)(buf + 6);
	assert_int_equal(iov_init_vector(&it, s, 2), 0);
	assert_int_equal(iov_put(&it, text, 16), 6);
	assert_int_equal(it.left_bytes, 10);
	assert_memory_equal(buf, text, 6);
	fake_user_end = ~0ul;
	assert_int_equal(iov_put(&it, text + 6, 10), 10);
	assert_memory_equal(buf, text, 16);
}

static void
released(struct object *o)
{
	(void)o;
}

static const struct object_ops ops = {.release = released};

static void
test_objects(void **state)
{
	static char in[3 * PAGE_SIZE], out[3 * PAGE_SIZE];
	struct iov_segment s[] = {
	    segment(in, 100), segment(in + 100, sizeof(in) - 100)};
	struct object o;
	struct iov_iter it;
	size_t done;

	(void)state;
	memset(in, 'x', sizeof(in));
	object_init(&o, &ops, 0);
	assert_int_equal(iov_init_vector(&it, s, 2), 0);
	assert_int_equal(
	    iov_get_object(&it, &o, PAGE_SIZE - 7, sizeof(in), &done), 0);
	assert_int_equal(done, sizeof(in));
	assert_int_equal(o.size_bytes, PAGE_SIZE - 7 + sizeof(in));
	iov_init_kernel(&it, out, sizeof(out));
	assert_int_equal(iov_put_object(&it, &o, 0, sizeof(out), &done), 0);
	assert_int_equal(out[PAGE_SIZE - 8], 0);
	assert_memory_equal(
	    out + PAGE_SIZE - 7, in, sizeof(out) - PAGE_SIZE + 7);
	object_put(&o);
	assert_int_equal(fake_nr_allocated(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
