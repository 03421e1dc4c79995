/* The inputs that are kept for the fuzzer, and damaged ones. */
/* links: fs/fuzz_journal_recover.c fs/journal_recover.c fs/journal_io.c */
/* links: fs/journal_log.c lib/xmap.c */
#include "fake.h"

#include <stdio.h>

#include "replay.h"

#define DAMAGED 3000u

static void
test_corpus(void **state)
{
	(void)state;
	replay_corpus("journal_recover");
}

static void
test_damaged(void **state)
{
	static unsigned char whole[4096];
	FILE *f = fopen("tests/host/corpus/journal_recover/three", "rb");
	size_t len;

	(void)state;
	assert_non_null(f);
	len = fread(whole, 1, sizeof(whole), f);
	fclose(f);
	replay_damaged(whole, len, DAMAGED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_corpus),
	    cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
