/* The first thread's stack: how far it grows, and where it does not. */
#include "mem.h"

#include <sys/resource.h>

#define MIB (1024 * 1024)

static char *
stack_now(void)
{
	return __builtin_frame_address(0);
}

static void
test_growth(void)
{
	char *here = stack_now();

	is(try_read(here - MIB), 0, "a MiB further down can be read");
	is(here[-MIB], 0, "as zero");
	is(try_write(here - 4 * MIB), 0, "four can be written");
	is(try_write(here - 7 * MIB), 0, "seven can");
	is(try_write(here - 9 * MIB), SIGSEGV, "nine are beyond the limit");
	is(fault.si_code, SEGV_MAPERR, "where nothing is");
}

static void
test_limit(void)
{
	char *here = stack_now();
	struct rlimit rl = {16 * MIB, RLIM_INFINITY};

	must(setrlimit(RLIMIT_STACK, &rl));
	is(try_write(here - 9 * MIB), 0, "nine, when the limit is 16");
	rl.rlim_cur = 2 * MIB;
	must(setrlimit(RLIMIT_STACK, &rl));
	is(try_write(here - 9 * MIB), 0, "what has grown stays");
	is(try_write(here - 12 * MIB), SIGSEGV, "but no more comes");
}

/* What grows is mapped memory like any other. */
static void
test_address_space(void)
{
	char *here = stack_now();
	struct rlimit rl = {.rlim_max = RLIM_INFINITY};
	FILE *f = must(fopen("/proc/self/statm", "r"));
	unsigned long pages = 0;

	must(fscanf(f, "%lu", &pages));
	fclose(f);
	rl.rlim_cur = pages * PAGE;
	must(setrlimit(RLIMIT_AS, &rl));
	is(try_write(here - MIB), SIGSEGV, "no stack beyond RLIMIT_AS");
	rl.rlim_cur = RLIM_INFINITY;
	must(setrlimit(RLIMIT_AS, &rl));
	is(try_write(here - MIB), 0, "but without it");
}

/* The kernel makes the stack grow just as a program does. */
static void
test_kernel(void)
{
	char *here = stack_now();
	int fd[2];

	must(pipe(fd));
	is(write(fd[1], "deep", 4), 4, "a pipe");
	is(read(fd[0], here - 3 * MIB, 4), 4, "read below the stack");
	ok(memcmp(here - 3 * MIB, "deep", 4) == 0, "it is there");
	must(write(fd[1], "deep", 4));
	is_errno(read(fd[0], here - 20 * MIB, 4), EFAULT, "not too far below");
	is(write(fd[1], here - 5 * MIB, 4), 4, "written from below it");
}

/* A mapping in the way stops it, with a gap between. */
static void
test_obstacle(void)
{
	char *here = (char *)((uintptr_t)stack_now() & -PAGE);
	char *block = must(
	    mmap(here - 4 * MIB, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));

	is(try_write(block), 0, "a mapping where the stack would grow");
	is(try_write(here - 2 * MIB), 0, "far above it, it does");
	is(try_write(block + PAGE), SIGSEGV, "right above it, it does not");
	must(munmap(block, PAGE));
	is(try_write(block + PAGE), 0, "until the mapping goes");
}

/* One that nobody may touch serves for the gap itself. */
static void
test_guard(void)
{
	char *here = (char *)((uintptr_t)stack_now() & -PAGE);
	char *block = must(mmap(here - 4 * MIB, PAGE, PROT_NONE,
	    ANON | MAP_FIXED_NOREPLACE, -1, 0));

	is(try_write(block + PAGE), 0, "the stack grows down to it");
	is(try_write(block), SIGSEGV, "and no further");
	is(fault.si_code, SEGV_ACCERR, "for what is there may not be touched");
}

/* What is taken out of the midst of it grows again. */
static void
test_hole(void)
{
	char *here = (char *)((uintptr_t)stack_now() & -PAGE);

	is(try_write(here - 4 * MIB), 0, "a stack of four MiB");
	must(munmap(here - 2 * MIB, 4 * PAGE));
	is(try_write(here - 2 * MIB), 0, "a hole in it can be written");
	is(try_write(here - 4 * MIB + PAGE), 0, "as can what is below");
	is(try_write(here - 5 * MIB), 0, "which grows still");
}

/* Where the list of mappings has it begin. */
static unsigned long
stack_start(void)
{
	FILE *f = must(fopen("/proc/self/maps", "r"));
	unsigned long start = 0;
	char line[256];

	while (fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, "[stack]"))
			start = strtoul(line, NULL, 16);
	fclose(f);
	return start;
}

/* Who does not insist is given no place right below it. */
static void
test_hint(void)
{
	char *start = (char *)stack_start(), *p;

	p = must(mmap(start - 8 * PAGE, PAGE, RW, ANON, -1, 0));
	ok(p + MIB <= start || p >= start, "a hint in the gap is passed over");
	must(munmap(p, PAGE));
	p = must(mmap(start - 300 * PAGE, PAGE, RW, ANON, -1, 0));
	ok(p == start - 300 * PAGE, "one below the gap is not");
	is(try_write(start - 8 * PAGE), 0, "it leaves the stack room to grow");
}

static void
test_child(void)
{
	char *here = stack_now();
	unsigned long start;

	is(try_write(here - 2 * MIB), 0, "before a fork");
	start = stack_start();
	if (must(fork()) == 0) {
		is(here[-2 * MIB], 1, "a child has what was grown");
		here[-2 * MIB] = 2;
		is(try_write(here - 6 * MIB), 0, "and grows more");
		_exit(0);
	}
	wait(NULL);
	is(here[-2 * MIB], 1, "by itself");
	is(stack_start(), start, "and the parent's begins where it did");
	is(try_read(here - 9 * MIB), SIGSEGV, "the parent does not");
}

static volatile bool forever = true;

static int
dig(void)
{
	volatile char buf[PAGE];

	buf[0] = 1;
	return forever ? dig() + buf[0] : 0;
}

static void
overflow(void)
{
	dig();
}

static void
run_from_stack(void)
{
	unsigned char code[64] = {0};

	((void (*)(void))(void *)code)();
}

/* Each in a child, for each needs a stack that has not grown. */
TEST(mem_stack)
{
	is(wait_status(spawn(test_growth)), 0, "growth");
	is(wait_status(spawn(test_limit)), 0, "its limit");
	is(wait_status(spawn(test_address_space)), 0, "the limit of all");
	is(wait_status(spawn(test_kernel)), 0, "the kernel's part");
	is(wait_status(spawn(test_obstacle)), 0, "obstacles");
	is(wait_status(spawn(test_guard)), 0, "a guard of one's own");
	is(wait_status(spawn(test_hole)), 0, "a hole");
	is(wait_status(spawn(test_hint)), 0, "what is mapped near it");
	is(wait_status(spawn(test_child)), 0, "children");
	dies(SIGSEGV, overflow, "endless recursion ends with SIGSEGV");
	dies(SIGSEGV, run_from_stack, "as does running what lies there");
}

/* Mappings with anything in [start, end). */
static int
nr_mappings(const char *start, const char *end)
{
	FILE *f = must(fopen("/proc/self/maps", "r"));
	unsigned long low, high;
	char line[256];
	int n = 0;

	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%lx-%lx", &low, &high) == 2)
			n += low < (unsigned long)end &&
			    high > (unsigned long)start;
	fclose(f);
	return n;
}

/* Two parts of it that have met are one mapping; Linux keeps two. */
static void
test_joined(void)
{
	char *here = (char *)((uintptr_t)stack_now() & -PAGE);

	is(try_write(here - 4 * MIB), 0, "a stack of four MiB");
	must(munmap(here - 2 * MIB, 4 * PAGE));
	is(nr_mappings(here - 4 * MIB, here), 2, "with a hole in it");
	is(try_write(here - 2 * MIB), 0, "that is grown over");
	is(nr_mappings(here - 4 * MIB, here), 1, "is one mapping again");
}

TEST(calf_stack)
{
	is(wait_status(spawn(test_joined)), 0, "parts that meet");
}
