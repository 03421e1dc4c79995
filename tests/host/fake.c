#include "fake.h"

#include <stdlib.h>

#include "lib/assert.h"

/* In front of what fake_alloc gives; keeps it aligned for anything. */
struct header {
	size_t len_bytes;
	size_t unused;
};

static size_t allocations_left = FAKE_NEVER;
static size_t nr_allocated;

void *
fake_alloc(size_t len_bytes)
{
	struct header *h;

	if (allocations_left == 0)
		return NULL;
	if (allocations_left != FAKE_NEVER)
		allocations_left--;
	h = malloc(sizeof(*h) + len_bytes);
	if (!h)
		abort();
	h->len_bytes = len_bytes;
	nr_allocated++;
	return h + 1;
}

void
fake_free(void *p, size_t len_bytes)
{
	struct header *h = p;

	if (!p)
		return;
	h--;
	assert_int_equal(h->len_bytes, len_bytes);
	nr_allocated--;
	free(h);
}

void
fake_fail_after(size_t nr_allocations)
{
	allocations_left = nr_allocations;
}

size_t
fake_nr_allocated(void)
{
	return nr_allocated;
}

static uint64_t random_state = 1;

void
fake_random_seed(uint64_t seed)
{
	random_state = seed;
}

/* splitmix64: a counter, well stirred. */
uint64_t
fake_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* A fuzzer's own is tests/host/fake_fuzz.c. */
__attribute__((weak)) void
assert_failed(const char *what, const char *file, int line)
{
	mock_assert(0, what, file, line);
	abort();
}
