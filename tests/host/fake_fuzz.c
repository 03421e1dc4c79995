/* The same for fuzzers: a failed assertion is a finding. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/assert.h"

void
assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
	abort();
}
