/* What a test's processes tell the one that runs the tests. */
#ifndef USERTESTS_TOLD_H
#define USERTESTS_TOLD_H

#include <stdbool.h>

bool told_make(void);
void told_reset(void);
/* Why the test fails, or cannot be made here; NULL if nobody said so. */
const char *told_failure(void);
const char *told_left_out(void);

#endif
