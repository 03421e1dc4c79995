#include "fake.h"

#include <limits.h>

#include "lib/errno.h"

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(errno_name(-ENOENT), "ENOENT");
	assert_string_equal(errno_name(ENOENT), "ENOENT");
	assert_string_equal(errno_name(0), "OK");
	assert_string_equal(errno_name(-EAGAIN), "EAGAIN");
	assert_string_equal(errno_name(-EHWPOISON), "EHWPOISON");
	assert_string_equal(errno_name(-ERESTARTSYS), "ERESTARTSYS");
	assert_string_equal(errno_name(-ERETRY), "ERETRY");
}

static void
test_unknown(void **state)
{
	static const int unknown[] = {
	    41, -134, 511, 515, -531, 4096, INT_MAX, INT_MIN};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_string_equal(errno_name(unknown[i]), "E?");
}

/* Linux has left out 41 and 58 alone, which are other names for others. */
static void
test_complete(void **state)
{
	int err;

	(void)state;
	for (err = 1; err <= EHWPOISON; err++)
		if (err != 41 && err != 58)
			assert_string_not_equal(errno_name(err), "E?");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_unknown),
	    cmocka_unit_test(test_complete),
	};

	return cmocka_run_group_tests_name("lib/errno", tests, NULL, NULL);
}
