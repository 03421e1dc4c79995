/* A page that is filled or copied is so to its last byte, and no further. */
#include "fake.h"

#include <string.h>

#include "lib/page.h"

static u8 memory[4 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static bool
holds(const u8 *p, u8 byte)
{
	u32 i;

	for (i = 0; i < PAGE_SIZE; i++)
		if (p[i] != byte)
			return false;
	return true;
}

static void
test_zero(void **state)
{
	(void)state;
	memset(memory, 0x5a, sizeof(memory));
	page_zero(memory + PAGE_SIZE);
	assert_true(holds(memory, 0x5a));
	assert_true(holds(memory + PAGE_SIZE, 0));
	assert_true(holds(memory + 2 * PAGE_SIZE, 0x5a));
}

static void
test_copy(void **state)
{
	u32 i;

	(void)state;
	memset(memory, 0x5a, sizeof(memory));
	for (i = 0; i < PAGE_SIZE; i++)
		memory[i] = (u8)fake_random();
	page_copy(memory + 2 * PAGE_SIZE, memory);
	assert_memory_equal(memory, memory + 2 * PAGE_SIZE, PAGE_SIZE);
	assert_true(holds(memory + PAGE_SIZE, 0x5a));
	assert_true(holds(memory + 3 * PAGE_SIZE, 0x5a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_zero),
	    cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
