/*
 * Calls on much memory let others run meanwhile.  Only the deterministic
 * machine can tell: tests/boot/long-calls.t runs this there.
 */
#include "mem.h"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#define BYTES (1l << 30)
/* As many regions as a process may nearly have, a page each. */
#define REGIONS 60000l

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

static void
unmap(void)
{
	must(munmap(memory, BYTES));
}

static void
unite(void)
{
	must(mprotect(memory, REGIONS * PAGE, RW));
}

/* The same where private writable memory is counted. */
static void
unite_counted(void)
{
	must(setrlimit(RLIMIT_DATA, &(struct rlimit){BYTES, BYTES}));
	unite();
}

static void
leave_out(void)
{
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(0);
	must(waitpid(pid, NULL, 0));
}

/* Each page is the zero page, so that many take little. */
static void
make_pages(void)
{
	memory = must(mmap(NULL, BYTES, RW, ANON | MAP_NORESERVE, -1, 0));
	must(madvise(memory, BYTES, MADV_POPULATE_READ));
}

/* They are its own, and are given back one by one. */
static void
make_own_pages(void)
{
	memory = must(mmap(NULL, BYTES, RW, ANON | MAP_NORESERVE, -1, 0));
	must(madvise(memory, BYTES, MADV_POPULATE_WRITE));
}

static void
make_regions(void)
{
	memory = must(
	    mmap(NULL, REGIONS * PAGE, PROT_READ, ANON | MAP_NORESERVE, -1, 0));
	for (long i = 1; i < REGIONS; i += 2)
		must(mprotect(memory + i * PAGE, PAGE, PROT_NONE));
}

static void
make_left_out(void)
{
	make_regions();
	for (long i = 1; i < REGIONS; i += 2)
		must(madvise(memory + i * PAGE, PAGE, MADV_DONTFORK));
}

static const struct kind {
	const char *name;
	void (*make)(void);
	void (*call)(void);
} kinds[] = {
    {"mprotect", make_pages, protect},
    {"mremap", make_pages, move},
    {"munmap", make_own_pages, unmap},
    {"unite", make_regions, unite},
    {"unite_counted", make_regions, unite_counted},
    {"fork", make_left_out, leave_out},
};

static void
be_long(const struct kind *k)
{
	k->make();
	both->ready = true;
	while (!both->watched)
		sched_yield();
	k->call();
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
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(argv[2], kinds[i].name))
			continue;
		if (must(fork()) == 0) {
			be_long(&kinds[i]);
			_exit(0);
		}
		printf("%ld\n", longest_wait());
		return wait(NULL) < 0;
	}
	return 2;
}
