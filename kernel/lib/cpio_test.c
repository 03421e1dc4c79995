/* links: lib/fuzz_cpio.c */

#include "fake.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "replay.h"

#include "lib/cpio.h"
#include "lib/errno.h"

/* An archive being written. */
static struct {
	char buf[8192];
	size_t len;
} a;

static void
pad(void)
{
	while (a.len % 4 != 0)
		a.buf[a.len++] = 0;
}

/* A header with these sizes, whatever follows it. */
static void
add_header(u32 mode, u32 len, u32 name_size)
{
	a.len += sprintf(a.buf + a.len,
	    "070701%08x%08x%08x%08x%08x%08x%08x%08x%08X%08x%08x%08x%08x", 1,
	    mode, 3, 4, 5, 6, len, 8, 0xabcdef, 10, 11, name_size, 0);
}

static void
add(const char *name, u32 mode, const char *data)
{
	add_header(mode, strlen(data), strlen(name) + 1);
	strcpy(a.buf + a.len, name);
	a.len += strlen(name) + 1;
	pad();
	memcpy(a.buf + a.len, data, strlen(data));
	a.len += strlen(data);
	pad();
}

static void
must_give(struct cpio *it, const char *name, const char *data, u32 archive)
{
	struct cpio_entry e;

	assert_int_equal(cpio_next(it, &e), 0);
	assert_string_equal(e.name, name);
	assert_int_equal(e.len_bytes, strlen(data));
	assert_memory_equal(e.data, data, strlen(data));
	assert_int_equal(e.archive, archive);
}

static void
must_end(struct cpio *it, int err)
{
	struct cpio_entry e;

	assert_int_equal(cpio_next(it, &e), err);
	assert_int_equal(cpio_next(it, &e), err);
}

static void
start(struct cpio *it)
{
	cpio_init(it, a.buf, a.len);
}

static void
test_fields(void **state)
{
	struct cpio_entry e;
	struct cpio it;

	(void)state;
	a.len = 0;
	add("etc/name", 0100644, "hello");
	start(&it);
	assert_int_equal(cpio_next(&it, &e), 0);
	assert_string_equal(e.name, "etc/name");
	assert_int_equal(e.len_bytes, 5);
	assert_memory_equal(e.data, "hello", 5);
	assert_int_equal(e.ino, 1);
	assert_int_equal(e.mode, 0100644);
	assert_int_equal(e.uid, 3);
	assert_int_equal(e.gid, 4);
	assert_int_equal(e.nlink, 5);
	assert_int_equal(e.mtime_s, 6);
	assert_int_equal(e.dev_major, 8);
	assert_int_equal(e.dev_minor, 0xabcdef);
	assert_int_equal(e.rdev_major, 10);
	assert_int_equal(e.rdev_minor, 11);
	must_end(&it, -ENOENT);
}

/* Every remainder of name and data, so that padding is never wrong. */
static void
test_padding(void **state)
{
	static const char *const names[] = {"a", "ab", "abc", "abcd", "abcde"};
	static const char *const data[] = {"", "1", "12", "123", "1234"};
	struct cpio it;
	size_t i, j;

	(void)state;
	a.len = 0;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		for (j = 0; j < ARRAY_SIZE(data); j++)
			add(names[i], 0100644, data[j]);
	add("TRAILER!!!", 0, "");
	start(&it);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		for (j = 0; j < ARRAY_SIZE(data); j++)
			must_give(&it, names[i], data[j], 0);
	must_end(&it, -ENOENT);
}

static void
test_archives_in_a_row(void **state)
{
	struct cpio it;

	(void)state;
	a.len = 0;
	memset(a.buf, 0, sizeof(a.buf));
	a.len += 8;
	add("one", 0100644, "1");
	add("TRAILER!!!", 0, "");
	a.len += 512;
	add("two", 0100644, "2");
	add("TRAILER!!!", 0, "");
	add("three", 0100644, "3");
	add("TRAILER!!!", 0, "");
	a.len += 13;
	start(&it);
	must_give(&it, "one", "1", 0);
	must_give(&it, "two", "2", 1);
	must_give(&it, "three", "3", 2);
	must_end(&it, -ENOENT);
}

static void
test_nothing(void **state)
{
	struct cpio it;

	(void)state;
	cpio_init(&it, NULL, 0);
	must_end(&it, -ENOENT);
	a.len = 100;
	memset(a.buf, 0, sizeof(a.buf));
	start(&it);
	must_end(&it, -ENOENT);
}

static void
test_checksum_magic(void **state)
{
	struct cpio it;

	(void)state;
	a.len = 0;
	add("x", 0100644, "1");
	a.buf[5] = '2';
	start(&it);
	must_give(&it, "x", "1", 0);
	must_end(&it, -ENOENT);
	/* The old portable format is another one. */
	a.buf[5] = '7';
	start(&it);
	must_end(&it, -EINVAL);
}

/* What comes before a broken entry is given out all the same. */
static void
test_broken_in_the_middle(void **state)
{
	struct cpio it;

	(void)state;
	a.len = 0;
	add("good", 0100644, "1");
	strcpy(a.buf + a.len, "rubbish");
	a.len += 8;
	start(&it);
	must_give(&it, "good", "1", 0);
	must_end(&it, -EINVAL);
}

static void
test_misplaced_header(void **state)
{
	struct cpio it;

	(void)state;
	memset(a.buf, 0, sizeof(a.buf));
	a.len = 2;
	add("x", 0100644, "1");
	start(&it);
	must_end(&it, -EINVAL);
}

static void
test_broken_sizes(void **state)
{
	static const struct {
		u32 len;
		u32 name_size;
	} sizes[] = {{0, 0}, {0, 1}, {0, 3}, {0, 5}, {0, 4097}, {0, UINT32_MAX},
	    {7, 4}, {UINT32_MAX, 4}, {UINT32_MAX, UINT32_MAX},
	    {UINT32_MAX - 3, 4}};
	struct cpio it;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		a.len = 0;
		add_header(0100644, sizes[i].len, sizes[i].name_size);
		memcpy(a.buf + a.len, "abc\0\0\0data", 10);
		a.len += 4 + 6;
		start(&it);
		must_end(&it, -EINVAL);
	}
}

static void
test_names(void **state)
{
	static char name[4097];
	struct cpio it;

	(void)state;
	a.len = 0;
	add("", 0100644, "1");
	start(&it);
	must_end(&it, -EINVAL);
	memset(name, 'n', sizeof(name) - 1);
	a.len = 0;
	add(name, 0100644, "1");
	start(&it);
	must_end(&it, -EINVAL);
	name[4095] = 0;
	a.len = 0;
	add(name, 0100644, "1");
	start(&it);
	must_give(&it, name, "1", 0);
	must_end(&it, -ENOENT);
}

static void
test_bad_digit(void **state)
{
	static const char bad[] = {'g', '/', ':', '@', 'G', '`', ' ', '-', 'x'};
	struct cpio it;
	size_t i, at;

	(void)state;
	for (at = 6; at < 110; at++) {
		for (i = 0; i < sizeof(bad); i++) {
			a.len = 0;
			add("x", 0100644, "1");
			a.buf[at] = bad[i];
			start(&it);
			must_end(&it, -EINVAL);
		}
	}
}

static void
test_damaged(void **state)
{
	(void)state;
	replay_corpus("cpio");
	a.len = 0;
	add("one", 0100644, "1");
	add("TRAILER!!!", 0, "");
	add("directory", 040755, "");
	add("two", 0100644, "some more");
	add("TRAILER!!!", 0, "");
	replay_damaged(a.buf, a.len, 30000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_padding),
	    cmocka_unit_test(test_archives_in_a_row),
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_checksum_magic),
	    cmocka_unit_test(test_broken_in_the_middle),
	    cmocka_unit_test(test_misplaced_header),
	    cmocka_unit_test(test_broken_sizes),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_bad_digit),
	    cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests_name("lib/cpio", tests, NULL, NULL);
}
