#include "fake.h"

#include "fs/file.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/fdtable_impl.h"

/* links: lib/string.c */

#define NR_FILES 8
#define MANY     1000 /* descriptors: the table has to grow */

/* ---- what the table stands on ---------------------------------------------
 */

static struct file files[NR_FILES];

void *
kzalloc(size_t len_bytes)
{
	size_t *p = fake_alloc(len_bytes + sizeof(size_t) * 2);

	if (p == NULL)
		return NULL;
	memset(p, 0, len_bytes + sizeof(size_t) * 2);
	*p = len_bytes;
	return p + 2;
}

void
kfree(void *p)
{
	size_t *block = (size_t *)p - 2;

	if (p != NULL)
		fake_free(block, *block + sizeof(size_t) * 2);
}

void
spin_init(struct spinlock *l, enum lock_rank rank)
{
	l->rank = rank;
	l->holder = -1;
}

void
spin_lock(struct spinlock *l) NO_LOCK_CHECK
{
	assert_int_equal(l->holder, -1);
	l->holder = 0;
}

void
spin_unlock(struct spinlock *l) NO_LOCK_CHECK
{
	assert_int_equal(l->holder, 0);
	l->holder = -1;
}

void
file_put(struct file *f)
{
	if (f != NULL)
		assert_false(refcount_put(&f->refs));
}

/* What the table's owner was told to give up, and of which file. */
static struct lock_owner *dropped_of;
static struct inode *dropped;

void
lock_drop_all(struct lock_owner *owner, struct inode *inode)
{
	dropped_of = owner;
	dropped = inode;
}

/* ---- helpers ---------------------------------------------------------------
 */

static u64
refs(int i)
{
	return refcount_read(&files[i].refs);
}

static int
set_up(void **state)
{
	int i;

	(void)state;
	fake_fail_after(FAKE_NEVER);
	for (i = 0; i < NR_FILES; i++)
		refcount_init(&files[i].refs, 1);
	return 0;
}

static int
tear_down(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < NR_FILES; i++)
		assert_int_equal(refs(i), 1);
	assert_int_equal(fake_nr_allocated(), 0);
	return 0;
}

static struct fdtable *
make(void)
{
	struct fdtable *t;

	assert_int_equal(fdtable_create(&t), 0);
	return t;
}

/* Descriptor n is open on a file, which gets a reference for it. */
static void
put_file(struct fdtable *t, u32 n, int i)
{
	while (n >= t->nr_slots)
		assert_int_equal(fdtable_grow(t, n + 1), 0);
	fdtable_set_locked(t, n, n % 3 == 0);
	t->files[n] = file_get(&files[i]);
	if (t->first_free == n)
		t->first_free = fdtable_next_free_locked(t, n);
}

/* ---- tests -----------------------------------------------------------------
 */

static void
test_empty(void **state)
{
	struct fdtable *t = make();

	(void)state;
	assert_int_equal(fdtable_next_open_locked(t, 0), -1);
	assert_int_equal(fdtable_next_open_locked(t, 100000), -1);
	assert_int_equal(fdtable_next_free_locked(t, 0), 0);
	assert_int_equal(fdtable_next_free_locked(t, 7), 7);
	assert_int_equal(fdtable_next_free_locked(t, 100000), 100000);
	fdtable_put(t);
}

static void
test_slots(void **state)
{
	struct fdtable *t = make();
	u32 n;

	(void)state;
	for (n = 0; n < FDTABLE_INLINE; n++)
		put_file(t, n, n % NR_FILES);
	assert_int_equal(fdtable_next_free_locked(t, 0), FDTABLE_INLINE);
	assert_int_equal(t->first_free, FDTABLE_INLINE);
	file_put(t->files[5]);
	fdtable_clear_locked(t, 5);
	assert_int_equal(t->first_free, 5);
	assert_int_equal(fdtable_next_free_locked(t, 0), 5);
	assert_int_equal(fdtable_next_free_locked(t, 6), FDTABLE_INLINE);
	assert_int_equal(fdtable_next_open_locked(t, 5), 6);
	assert_true(fdtable_cloexec_locked(t, 6));
	assert_false(fdtable_cloexec_locked(t, 7));
	fdtable_put(t);
}

static void
test_growth(void **state)
{
	struct fdtable *t = make();
	u32 n;

	(void)state;
	for (n = 0; n < MANY; n++)
		put_file(t, n, n % NR_FILES);
	assert_true(t->nr_slots >= MANY);
	for (n = 0; n < MANY; n++) {
		assert_int_equal(fdtable_next_open_locked(t, n), n);
		assert_ptr_equal(t->files[n], &files[n % NR_FILES]);
		assert_int_equal(fdtable_cloexec_locked(t, n), n % 3 == 0);
	}
	assert_int_equal(fdtable_next_open_locked(t, MANY), -1);
	assert_int_equal(fdtable_next_free_locked(t, 0), MANY);
	fdtable_put(t);
}

/* The lone high descriptor decides how large the copy is. */
static void
test_copy(void **state)
{
	static const u32 open[] = {0, 1, 2, 31, 63, 64, 200};
	struct fdtable *t = make();
	struct fdtable *copy;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(open); i++)
		put_file(t, open[i], 0);
	/* Taken, but nothing is there yet: the copy has it free. */
	fdtable_set_locked(t, 3, true);
	assert_int_equal(fdtable_copy(t, &copy), 0);
	assert_int_equal(refs(0), 1 + 2 * ARRAY_SIZE(open));
	for (i = 0; i < ARRAY_SIZE(open); i++)
		assert_ptr_equal(copy->files[open[i]], &files[0]);
	assert_int_equal(fdtable_next_free_locked(copy, 0), 3);
	assert_int_equal(copy->first_free, 3);
	assert_int_equal(fdtable_next_open_locked(copy, 3), 31);
	fdtable_put(t);
	assert_int_equal(refs(0), 1 + ARRAY_SIZE(open));
	fdtable_put(copy);
}

static void
test_no_memory(void **state)
{
	struct fdtable *t = make();
	struct fdtable *copy = NULL;
	size_t n;
	int err = -ENOMEM;

	(void)state;
	put_file(t, 300, 1);
	for (n = 0; err != 0; n++) {
		fake_fail_after(n);
		err = fdtable_copy(t, &copy);
		assert_true(err == 0 || err == -ENOMEM);
		assert_int_equal(refs(1), err == 0 ? 3 : 2);
	}
	assert_true(n > 2);
	fake_fail_after(0);
	assert_int_equal(fdtable_grow(t, 10000), -ENOMEM);
	assert_ptr_equal(t->files[300], &files[1]);
	fake_fail_after(FAKE_NEVER);
	fdtable_put(copy);
	fdtable_put(t);
}

/* A file that leaves takes along what the table's process locked of it. */
static void
test_locks(void **state)
{
	static struct inode inode;
	struct fdtable *t = make();

	(void)state;
	files[0].inode = &inode;
	put_file(t, 0, 0);
	put_file(t, 1, 0);
	put_file(t, 2, 0);
	dropped = NULL;
	fdtable_clear_locked(t, 0);
	fdtable_drop_file(t, &files[0]);
	assert_null(dropped);
	t->locks.nr_locks = 1;
	files[0].access = FILE_PATH_ONLY;
	fdtable_clear_locked(t, 1);
	fdtable_drop_file(t, &files[0]);
	assert_null(dropped);
	files[0].access = 0;
	dropped_of = NULL;
	fdtable_put(t);
	assert_ptr_equal(dropped_of, &t->locks);
	assert_ptr_equal(dropped, &inode);
	files[0].inode = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_slots, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_growth, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_copy, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_locks, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
