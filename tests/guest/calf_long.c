/*
 * Calls on much memory let others run meanwhile.  Only the deterministic
 * machine can tell: tests/boot/long-calls.t runs this there.
 */
#include "mem.h"

#include <sched.h>
#include <time.h>

#define BYTES (1l << 30)

static volatile struct {
	bool ready;
	bool watched;
	bool done;
} * both;

static char *memory;

static void
protect(void)
{
	must(mprotect(memory, BYTES, PROT_NONE));
	must(mprotect(memory, BYTES, RW));
}

static void
move(void)
{
	char *to = must(mmap(NULL, BYTES, RW, ANON | MAP_NORESERVE, -1, 0));

	memory = must(
	    mremap(memory, BYTES, BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, to));
}

static const struct {
	const char *name;
	void (*call)(void);
} calls[] = {{"mprotect", protect}, {"mremap", move}};

/* Each page is the zero page, so that many take little. */
static void
be_long(void (*call)(void))
{
	memory = must(mmap(NULL, BYTES, RW, ANON | MAP_NORESERVE, -1, 0));
	must(madvise(memory, BYTES, MADV_POPULATE_READ));
	both->ready = true;
	while (!both->watched)
		sched_yield();
	call();
	both->done = true;
}

static long
now_us(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The longest time that we did not run, in µs. */
static long
longest_wait(void)
{
	long last, now, longest = 0;

	while (!both->ready)
		sched_yield();
	both->watched = true;
	for (last = now_us(); !both->done; last = now) {
		/* To look at the clock takes QEMU long. */
		for (volatile int i = 0; i < 20000; i++)
			;
		now = now_us();
		longest = now - last > longest ? now - last : longest;
	}
	return longest;
}

/* NAME of a call: prints how long another had to wait for the only hart. */
HELPER(long_call)
{
	both = (void *)shared(1);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (strcmp(argv[2], calls[i].name))
			continue;
		if (must(fork()) == 0) {
			be_long(calls[i].call);
			_exit(0);
		}
		printf("%ld\n", longest_wait());
		return wait(NULL) < 0;
	}
	return 2;
}
