/*
 * What every unit test has beside cmocka.  A failed assertion of the code under
 * test fails the test, and expect_assert_failure(call) expects one.
 */
#ifndef HOST_FAKE_H
#define HOST_FAKE_H

/* cmocka.h wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * Memory that knows what is out, and fails when told to.  fake_fail_after(n)
 * lets n more allocations succeed and none after them; FAKE_NEVER ends that.
 * A test of error paths runs its operation with n = 0, 1, 2 … until it works.
 */
#define FAKE_NEVER (~0ul)

void *fake_alloc(size_t len_bytes);
/* len_bytes must be what was asked for. */
void fake_free(void *p, size_t len_bytes);
void fake_fail_after(size_t nr_allocations);
/* Allocations that have not been freed. */
size_t fake_nr_allocated(void);

/* Numbers that look random and are the same in each run. */
uint64_t fake_random(void);
void fake_random_seed(uint64_t seed);

#endif
