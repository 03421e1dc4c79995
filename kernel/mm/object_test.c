/* An object whose store can be written to: what is dirty, and for how long. */
/* links: mm/object_fill.c mm/reclaim.c */
/* links: ../tests/host/fake_kernel.c mm/object_dirty.c */
/* links: lib/xmap.c lib/string.c */
#include "fake_kernel.h"

#include <string.h>

#include "lib/errno.h"
#include "mm/mm_impl.h"

#define NR_PAGES 48

/* A page that begins with it cannot be read. */
#define BAD '\377'

static struct object o;
static char store[NR_PAGES * PAGE_SIZE];
static u32 nr_dirtied, nr_unused, nr_released;
static bool keep_unused;

static int
fill(struct object *object, u64 index, struct page *p)
{
	(void)object;
	memcpy(page_kva(p), store + index * PAGE_SIZE, PAGE_SIZE);
	return store[index * PAGE_SIZE] == BAD ? -EIO : 0;
}

static u32 nr_fills, nr_filled;

static int
fill_many(struct object *object, u64 index, u32 nr, struct page **pages)
{
	u32 n;
	int err = 0;

	nr_fills++;
	nr_filled += nr;
	for (n = 0; n < nr && err == 0; n++) {
		assert_true((index + n) * PAGE_SIZE < object->size_bytes);
		err = fill(object, index + n, pages[n]);
	}
	return err;
}

static int
will_write(struct object *object, u64 index)
{
	(void)object;
	(void)index;
	return 0;
}

static void
dirtied(struct object *object)
{
	assert_int_not_equal(object->nr_dirty, 0);
	nr_dirtied++;
}

static void
release(struct object *object)
{
	assert_int_equal(object->nr_pages, 0);
	nr_released++;
}

static void
unused(struct object *object)
{
	nr_unused++;
	if (object_drop(object) && !keep_unused)
		object_destroy(object);
}

static const struct object_ops ops = {
    .fill = fill,
    .fill_many = fill_many,
    .will_write = will_write,
    .dirtied = dirtied,
    .unused = unused,
    .release = release,
};

static size_t allocated_before;

static int
begin(void **state)
{
	(void)state;
	nr_dirtied = nr_unused = nr_released = 0;
	keep_unused = false;
	nr_fills = nr_filled = 0;
	memset(store, 0, sizeof(store));
	allocated_before = fake_nr_allocated();
	object_init(&o, &ops, NR_PAGES * PAGE_SIZE);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	fake_on_park = fake_on_user_read = fake_on_protect = NULL;
	object_put(&o);
	assert_int_equal(nr_released, 1);
	assert_int_equal(o.nr_dirty + o.nr_mapped_dirty + o.nr_writing, 0);
	assert_int_equal(fake_nr_allocated(), allocated_before);
	return 0;
}

static void
write_byte(u64 pos, char byte)
{
	assert_int_equal(object_write(&o, pos, &byte, 1), 0);
}

static void
write_page(u64 index)
{
	write_byte(index * PAGE_SIZE, 'a' + (char)index);
}

static struct page *taken[NR_PAGES];
static u64 taken_from;
static u32 nr_taken;

static u32
take(u64 from, u32 max)
{
	taken_from = from;
	nr_taken = object_take_dirty(&o, &taken_from, taken, max);
	return nr_taken;
}

/* Writes back what was taken last. */
static void
finish(bool failed)
{
	u32 i;

	for (i = 0; i < nr_taken && !failed; i++)
		memcpy(store + (taken_from + i) * PAGE_SIZE, page_kva(taken[i]),
		    PAGE_SIZE);
	object_write_done(&o, taken_from, taken, nr_taken, failed);
}

/* All that is dirty; how many pages that was. */
static u32
write_back(void)
{
	u32 nr = 0;
	u64 from = 0;

	while (take(from, NR_PAGES) > 0) {
		finish(false);
		nr += nr_taken;
		from = taken_from + nr_taken;
	}
	return nr;
}

static void
test_runs(void **state)
{
	(void)state;
	write_page(5);
	write_page(3);
	write_page(4);
	write_page(9);
	write_page(4);
	assert_int_equal(nr_dirtied, 1);
	assert_int_equal(o.nr_dirty, 4);

	assert_int_equal(take(0, 2), 2);
	assert_int_equal(taken_from, 3);
	finish(false);
	assert_int_equal(take(0, 8), 1);
	assert_int_equal(taken_from, 5);
	finish(false);
	assert_int_equal(take(6, 8), 1);
	assert_int_equal(taken_from, 9);
	assert_int_equal(o.nr_dirty, 0);
	assert_int_equal(o.nr_writing, 1);
	finish(false);
	assert_int_equal(take(0, 8), 0);
	assert_int_equal(o.nr_writing, 0);
	assert_int_equal(store[3 * PAGE_SIZE], 'd');
	assert_int_equal(store[9 * PAGE_SIZE], 'j');

	/* Again from the start. */
	write_page(1);
	assert_int_equal(nr_dirtied, 2);
	assert_int_equal(write_back(), 1);
}

static void
test_written_meanwhile(void **state)
{
	(void)state;
	write_page(2);
	assert_int_equal(take(0, 8), 1);
	write_byte(2 * PAGE_SIZE + 7, 'x');
	finish(false);
	assert_int_equal(o.nr_dirty, 1);
	assert_int_equal(write_back(), 1);
	assert_int_equal(store[2 * PAGE_SIZE + 7], 'x');
	assert_int_equal(write_back(), 0);
}

static void
test_failed(void **state)
{
	(void)state;
	write_page(2);
	assert_int_equal(take(0, 8), 1);
	finish(true);
	assert_int_equal(nr_dirtied, 2);
	assert_int_equal(store[2 * PAGE_SIZE], 0);
	assert_int_equal(write_back(), 1);
}

/* A write fault, as far as the object has to do with it. */
static int
write_fault(u64 index)
{
	struct page *p;
	int err = object_page(&o, index, &p);

	if (err < 0)
		return err;
	err = object_mark_mapped(&o, index, p);
	page_put(p);
	return err;
}

static void
fault_meanwhile(void)
{
	fake_on_protect = NULL;
	assert_int_equal(write_fault(2), 0);
	/* What two do at once ends in the order in which it began, or not. */
	object_protect(&o);
	assert_int_equal(write_fault(3), 0);
}

static void
test_mapped(void **state)
{
	(void)state;
	assert_int_equal(write_fault(2), 0);
	assert_int_equal(write_fault(2), 0);
	assert_int_equal(o.nr_dirty, 1);
	assert_int_equal(o.nr_mapped_dirty, 1);

	/* As long as it may be written to it counts as something to do. */
	assert_int_equal(write_back(), 1);
	assert_int_equal(write_back(), 0);
	assert_int_equal(o.nr_dirty, 1);
	object_protect(&o);
	assert_int_equal(o.nr_mapped_dirty, 0);
	assert_int_equal(write_back(), 1);
	assert_int_equal(o.nr_dirty, 0);
	object_protect(&o);
	assert_int_equal(write_back(), 0);
	assert_int_equal(nr_dirtied, 1);

	assert_int_equal(write_fault(1), 0);
	fake_on_protect = fault_meanwhile;
	object_protect(&o);
	/* The first round has seen page 1, the second one 2 as well. */
	assert_int_equal(o.nr_mapped_dirty, 1);
	assert_int_equal(write_back(), 3);
	assert_int_equal(o.nr_dirty, 1);
	object_protect(&o);
	assert_int_equal(write_back(), 1);

	object_truncate(&o, PAGE_SIZE);
	assert_int_equal(write_fault(1), -EFBIG);
}

static void
test_many_rounds(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		assert_int_equal(write_fault(i % NR_PAGES), 0);
		object_protect(&o);
		assert_int_equal(o.nr_mapped_dirty, 0);
	}
	assert_int_equal(o.nr_dirty, NR_PAGES);
}

/* Who writes back is told of both kinds. */
static void
test_told(void **state)
{
	(void)state;
	write_page(1);
	assert_int_equal(nr_dirtied, 1);
	assert_int_equal(write_fault(2), 0);
	assert_int_equal(nr_dirtied, 2);
	assert_int_equal(write_fault(3), 0);
	write_page(4);
	assert_int_equal(nr_dirtied, 2);
	object_protect(&o);
	assert_int_equal(write_fault(3), 0);
	assert_int_equal(nr_dirtied, 3);
}

/* What nobody maps loses the bit, what somebody maps keeps it. */
static void
test_settled(void **state)
{
	(void)state;
	assert_int_equal(write_fault(2), 0);
	assert_int_equal(write_back(), 1);
	atomic_store(&o.nr_mapped, 1);
	object_settle(&o);
	assert_int_equal(o.nr_mapped_dirty, 1);
	atomic_store(&o.nr_mapped, 0);
	object_settle(&o);
	assert_int_equal(o.nr_mapped_dirty, 0);
	assert_int_equal(write_back(), 1);
	assert_int_equal(o.nr_dirty, 0);
}

static u32 nr_inner;

/* More at once than a round has numbers for in a byte. */
static void
protect_many_times(void)
{
	assert_int_equal(write_fault(2), 0);
	if (nr_inner++ < 300)
		object_protect(&o);
}

/* One that takes long, and many that come and go meanwhile. */
static void
test_late_round(void **state)
{
	(void)state;
	assert_int_equal(write_fault(1), 0);
	nr_inner = 0;
	fake_on_protect = protect_many_times;
	object_protect(&o);
	assert_true(nr_inner > 300);
	/* The last fault came when the last of them had taken W away. */
	assert_int_equal(o.nr_mapped_dirty, 1);
}

static u32 nr_parks;

static void
finish_while_parked(void)
{
	nr_parks++;
	finish(false);
}

static void
test_waits_for_the_same_page(void **state)
{
	struct page *again[1];
	u64 from = 0;

	(void)state;
	write_page(2);
	assert_int_equal(take(0, 8), 1);
	write_byte(2 * PAGE_SIZE, 'y');
	nr_parks = 0;
	fake_on_park = finish_while_parked;
	assert_int_equal(object_take_dirty(&o, &from, again, 1), 1);
	assert_int_equal(nr_parks, 1);
	object_write_done(&o, from, again, 1, false);
	assert_int_equal(nr_parks, 1);
}

static void
test_truncate_waits(void **state)
{
	static const char zeroes[PAGE_SIZE];

	(void)state;
	memset(store, 'f', sizeof(store));
	write_page(2);
	write_page(4);
	write_page(6);
	assert_int_equal(take(2, 1), 1);
	nr_parks = 0;
	fake_on_park = finish_while_parked;
	/* Page 2 is kept in part. */
	object_truncate(&o, 2 * PAGE_SIZE + 100);
	assert_int_equal(nr_parks, 1);
	assert_int_equal(o.nr_pages, 1);
	/* What was in the store then has to be zero there, too. */
	assert_int_equal(store[2 * PAGE_SIZE + 100], 'f');
	assert_int_equal(o.nr_dirty, 1);
	assert_int_equal(write_back(), 1);
	assert_memory_equal(
	    store + 2 * PAGE_SIZE + 100, zeroes, PAGE_SIZE - 100);

	/* Nothing changes where all is zero already. */
	object_truncate(&o, 2 * PAGE_SIZE + 50);
	assert_int_equal(write_back(), 1);
	object_truncate(&o, 2 * PAGE_SIZE + 50);
	assert_int_equal(write_back(), 0);
	object_truncate(&o, 0);
	assert_int_equal(o.nr_pages, 0);
}

/* Who writes back, while a truncation waits for an earlier page. */
static void
look_beyond_while_parked(void)
{
	struct page *beyond[1];
	u64 from = 5;

	assert_int_equal(object_take_dirty(&o, &from, beyond, 1), 0);
	finish_while_parked();
}

static void
test_truncate_waits_beyond(void **state)
{
	(void)state;
	write_page(4);
	write_page(5);
	write_page(6);
	assert_int_equal(take(0, 2), 2);
	nr_parks = 0;
	fake_on_park = look_beyond_while_parked;
	object_truncate(&o, 0);
	assert_int_equal(nr_parks, 1);
	assert_int_equal(o.nr_pages, 0);
	assert_int_equal(o.nr_dirty, 0);
}

/* As a program would, in a page that it has mapped. */
static void
scribble(u64 pos)
{
	struct page *p = object_page_if_present(&o, pos >> PAGE_SHIFT);

	((char *)page_kva(p))[pos & PAGE_MASK] = '!';
	page_put(p);
}

static void
test_bytes_beyond_the_size(void **state)
{
	char byte;

	(void)state;
	object_truncate(&o, 10);
	write_byte(9, 'z');
	scribble(20);
	assert_int_equal(write_back(), 1);
	assert_int_equal(store[9], 'z');
	assert_int_equal(store[20], 0);

	/* Nor do they come to light when the size rises. */
	scribble(20);
	object_grow(&o, 100);
	assert_int_equal(object_read(&o, 20, &byte, 1), 0);
	assert_int_equal(byte, 0);
	scribble(200);
	write_byte(300, 'w');
	assert_int_equal(object_read(&o, 200, &byte, 1), 0);
	assert_int_equal(byte, 0);
}

static void
write_back_meanwhile(void)
{
	fake_on_user_read = NULL;
	(void)write_back();
}

/* Bytes that have arrived, of which the size does not know yet. */
static void
test_arriving(void **state)
{
	char text[] = "abcdefgh", back[8];
	size_t done;

	(void)state;
	object_truncate(&o, 0);
	write_byte(0, 'a');
	fake_on_user_read = write_back_meanwhile;
	assert_int_equal(
	    object_write_user(&o, 0, uaddr((u64)text), 8, &done), 0);
	assert_int_equal(object_read(&o, 0, back, 8), 0);
	assert_memory_equal(back, "abcdefgh", 8);
	assert_int_equal(write_back(), 1);
	assert_memory_equal(store, "abcdefgh", 8);

	/* None arrive, and a mapping has left something where they were to. */
	scribble(100);
	fake_on_user_read = write_back_meanwhile;
	write_byte(0, 'A');
	assert_int_equal(
	    object_write_user(&o, 8, uaddr(8), 200, &done), -EFAULT);
	assert_int_equal(o.size_bytes, 8);
	assert_int_equal(write_back(), 1);
	assert_int_equal(store[100], 0);
}

static void
test_no_memory(void **state)
{
	char byte = 'm';
	u32 n;

	(void)state;
	for (n = 0;; n++) {
		fake_fail_after(n);
		if (object_write(&o, 3 * PAGE_SIZE, &byte, 1) == 0)
			break;
		fake_fail_after(FAKE_NEVER);
		assert_int_equal(o.nr_dirty, 0);
		assert_int_equal(o.nr_pages, 0);
	}
	fake_fail_after(FAKE_NEVER);
	assert_true(n > 0);
	assert_int_equal(write_back(), 1);
}

static void
test_kept_for_the_next(void **state)
{
	(void)state;
	write_page(1);
	keep_unused = true;
	object_get(&o);
	object_put(&o);
	assert_int_equal(nr_unused, 0);
	object_put(&o);
	assert_int_equal(nr_unused, 1);
	assert_int_equal(nr_released, 0);
	assert_int_equal(o.nr_dirty, 1);
	assert_int_equal(write_back(), 1);

	object_revive(&o);
	object_revive(&o);
	object_put(&o);
	assert_int_equal(nr_unused, 1);
	/* The last one, dirty as it is. */
	write_page(2);
	keep_unused = false;
}

/* ---- coming and going --------------------------------------------------- */

static void
read_page(u64 index, int want)
{
	struct page *p;
	int err = object_page(&o, index, &p);

	assert_int_equal(err, want);
	if (err < 0)
		return;
	assert_memory_equal(page_kva(p), store + index * PAGE_SIZE, PAGE_SIZE);
	page_put(p);
}

static void
test_read_in_order(void **state)
{
	u64 i;

	(void)state;
	for (i = 0; i < NR_PAGES; i++)
		store[i * PAGE_SIZE + 1] = (char)i;
	for (i = 0; i < NR_PAGES; i++)
		read_page(i, 0);
	/* 4, 8, 16, and the 20 that are left. */
	assert_int_equal(nr_fills, 4);
	assert_int_equal(nr_filled, NR_PAGES);
	assert_int_equal(o.nr_pages, NR_PAGES);
}

static void
test_read_here_and_there(void **state)
{
	(void)state;
	read_page(7, 0);
	read_page(3, 0);
	read_page(40, 0);
	read_page(20, 0);
	assert_int_equal(o.nr_pages, 4);
	/* On from there, up to what there is already. */
	read_page(21, 0);
	assert_int_equal(o.nr_pages, 8);
	object_truncate(&o, 27 * PAGE_SIZE);
	read_page(25, 0);
	assert_int_equal(o.nr_pages, 9);
	read_page(2, 0);
	read_page(1, 0);
	assert_int_equal(o.nr_pages, 11);
	read_page(27, -EFBIG);
}

/* What is read ahead and cannot be read is not missed before it is wanted. */
static void
test_read_ahead_fails(void **state)
{
	(void)state;
	store[2 * PAGE_SIZE] = BAD;
	read_page(0, 0);
	assert_int_equal(o.nr_pages, 1);
	read_page(1, 0);
	read_page(2, -EIO);
	assert_int_equal(o.nr_pages, 2);
	store[2 * PAGE_SIZE] = 0;
	read_page(2, 0);
}

static void
test_read_without_memory(void **state)
{
	size_t n, before = fake_nr_allocated();
	struct page *p;

	(void)state;
	for (n = 0;; n++) {
		fake_fail_after(n);
		if (object_page(&o, 0, &p) == 0)
			break;
		assert_int_equal(fake_nr_allocated(), before);
	}
	fake_fail_after(FAKE_NEVER);
	page_put(p);
	/* One frame, or one and no place to note it; more come if there are. */
	assert_true(n > 0);
	read_page(0, 0);
	read_page(1, 0);
}

static u64
reclaim(u64 nr)
{
	if (fake_reclaimer == NULL)
		mm_init_reclaim();
	return fake_reclaimer->reclaim(nr);
}

static void
test_reclaim(void **state)
{
	struct page *held;
	u64 i;

	(void)state;
	for (i = 0; i < NR_PAGES; i++)
		read_page(i, 0);
	assert_int_equal(object_page(&o, 5, &held), 0);
	write_page(7);
	write_page(8);
	assert_int_equal(take(8, 1), 1);
	assert_int_equal(write_fault(9), 0);
	/* As long as somebody works on the object nothing goes. */
	mutex_lock(&o.lock);
	assert_int_equal(reclaim(4), 0);
	mutex_unlock(&o.lock);
	/* Once round, and from the start; but what was read since stays. */
	assert_int_equal(reclaim(2), 2);
	read_page(2, 0);
	assert_int_equal(reclaim(2), 2);
	assert_non_null(xmap_get(&o.pages, 2));
	assert_null(xmap_get(&o.pages, 0));
	assert_null(xmap_get(&o.pages, 3));
	assert_int_equal(reclaim(NR_PAGES), NR_PAGES - 8);
	assert_int_equal(o.nr_pages, 4);
	assert_int_equal(reclaim(NR_PAGES), 0);
	/* What was held, dirty or on its way is there; the others come back. */
	finish(false);
	page_put(held);
	object_protect(&o);
	assert_int_equal(write_back(), 2);
	assert_int_equal(reclaim(NR_PAGES), 4);
	assert_int_equal(o.nr_pages, 0);
	for (i = 0; i < NR_PAGES; i++)
		read_page(i, 0);
	assert_int_equal(store[7 * PAGE_SIZE], 'a' + 7);
}

static void
test_reclaim_two(void **state)
{
	static struct object other;
	u64 i;

	(void)state;
	object_init(&other, &ops, NR_PAGES * PAGE_SIZE);
	for (i = 0; i < NR_PAGES; i++)
		read_page(i, 0);
	assert_int_equal(object_write(&other, 0, "x", 1), 0);
	/* The dirty one alone stays, of four that came. */
	assert_int_equal(reclaim(2 * NR_PAGES), NR_PAGES + 3);
	assert_int_equal(other.nr_pages, 1);
	/* One that ends leaves the ring. */
	object_put(&other);
	assert_int_equal(nr_released, 1);
	nr_released = 0;
	read_page(0, 0);
	assert_int_equal(reclaim(1), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_runs, begin, end),
	    cmocka_unit_test_setup_teardown(test_written_meanwhile, begin, end),
	    cmocka_unit_test_setup_teardown(test_failed, begin, end),
	    cmocka_unit_test_setup_teardown(test_mapped, begin, end),
	    cmocka_unit_test_setup_teardown(test_many_rounds, begin, end),
	    cmocka_unit_test_setup_teardown(test_told, begin, end),
	    cmocka_unit_test_setup_teardown(test_settled, begin, end),
	    cmocka_unit_test_setup_teardown(test_late_round, begin, end),
	    cmocka_unit_test_setup_teardown(
		test_waits_for_the_same_page, begin, end),
	    cmocka_unit_test_setup_teardown(test_truncate_waits, begin, end),
	    cmocka_unit_test_setup_teardown(
		test_truncate_waits_beyond, begin, end),
	    cmocka_unit_test_setup_teardown(
		test_bytes_beyond_the_size, begin, end),
	    cmocka_unit_test_setup_teardown(test_arriving, begin, end),
	    cmocka_unit_test_setup_teardown(test_no_memory, begin, end),
	    cmocka_unit_test_setup_teardown(test_kept_for_the_next, begin, end),
	    cmocka_unit_test_setup_teardown(test_read_in_order, begin, end),
	    cmocka_unit_test_setup_teardown(
		test_read_here_and_there, begin, end),
	    cmocka_unit_test_setup_teardown(test_read_ahead_fails, begin, end),
	    cmocka_unit_test_setup_teardown(
		test_read_without_memory, begin, end),
	    cmocka_unit_test_setup_teardown(test_reclaim, begin, end),
	    cmocka_unit_test_setup_teardown(test_reclaim_two, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
