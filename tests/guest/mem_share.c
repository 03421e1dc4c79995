/* Memory that processes share on purpose. */
#include "mem.h"

static void
test_both_ways(void)
{
	volatile int *p = (int *)shared(2);
	struct gate ping = gate_make(), pong = gate_make();
	pid_t pid;

	is(p[0], 0, "it begins as zero");
	p[0] = 1;
	pid = must(fork());
	if (pid == 0) {
		is(p[0], 1, "a child sees what was written before");
		p[1] = 2;
		gate_open(&ping);
		gate_wait(&pong);
		is(p[2], 3, "and what the parent writes after");
		p[PAGE / 4] = 4;
		_exit(0);
	}
	gate_wait(&ping);
	is(p[1], 2, "the parent sees what the child writes");
	p[2] = 3;
	gate_open(&pong);
	is(wait_status(pid), 0, "the child ends");
	is(p[PAGE / 4], 4, "what it wrote last, to a fresh page, remains");
	must(munmap((void *)p, 2 * PAGE));
}

static void
test_generations(void)
{
	int *p = (int *)shared(1);
	pid_t pid = must(fork());
	int depth = 0;

	while (pid == 0 && ++depth < 10)
		pid = must(fork());
	if (pid > 0)
		wait_status(pid);
	__atomic_add_fetch(p, 1, __ATOMIC_SEQ_CST);
	if (depth > 0)
		_exit(0);
	is(*p, 11, "eleven generations share it");
	must(munmap(p, PAGE));
}

/* Increments from many processes: none may be lost. */
static void
test_counting(void)
{
	enum {
		PROCESSES = 6,
		TIMES = 5000
	};
	int *p = (int *)shared(1);

	for (int i = 0; i < PROCESSES; i++) {
		if (must(fork()) == 0) {
			for (int n = 0; n < TIMES; n++)
				__atomic_add_fetch(p, 1, __ATOMIC_RELAXED);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	is(*p, PROCESSES * TIMES, "no increment is lost");
	must(munmap(p, PAGE));
}

/* Each side's mapping is its own, though the memory is not. */
static void
test_mappings(void)
{
	char *p = shared(3);

	p[0] = 1;
	if (must(fork()) == 0) {
		must(mprotect(p, PAGE, PROT_READ));
		is(try_write(p), SIGSEGV, "a child's protection is its own");
		must(munmap(p + PAGE, PAGE));
		must(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0));
		p[PAGE] = 9;
		p[2 * PAGE] = 9;
		_exit(0);
	}
	wait(NULL);
	is(try_write(p), 0, "the parent may write");
	is(p[PAGE], 0, "what the child put in its place is its own");
	is(p[2 * PAGE], 9, "the rest is shared");
	if (must(fork()) == 0) {
		must(mprotect(p, 3 * PAGE, PROT_READ));
		must(mprotect(p, 3 * PAGE, RW));
		p[0] = 5;
		_exit(0);
	}
	wait(NULL);
	is(p[0], 5, "made read-only and writable again, it still is shared");
	must(munmap(p, 3 * PAGE));
}

/* The memory lives as long as any of its mappings. */
static void
test_lifetime(void)
{
	struct gate gone = gate_make(), done = gate_make();
	char *p = shared(1);

	strcpy(p, "still here");
	if (must(fork()) == 0) {
		gate_wait(&gone);
		str_is(p, "still here", "what the parent unmapped is there");
		gate_open(&done);
		_exit(0);
	}
	must(munmap(p, PAGE));
	gate_open(&gone);
	gate_wait(&done);
	wait(NULL);
}

/* The kernel writes into it as everyone does. */
static void
test_kernel(void)
{
	char *p = shared(2);
	int fd[2];

	must(pipe(fd));
	must(write(fd[1], "across the border", 17));
	if (must(fork()) == 0) {
		is(read(fd[0], p + PAGE - 5, 17), 17, "read in a child");
		_exit(0);
	}
	wait(NULL);
	ok(memcmp(p + PAGE - 5, "across the border", 17) == 0,
	    "is seen by its parent");
	must(munmap(p, 2 * PAGE));
}

/* Private and shared pages side by side under one fork. */
static void
test_mixed(void)
{
	char *p = anon(16);

	for (int i = 0; i < 16; i += 2)
		must(mmap(p + i * PAGE, PAGE, RW,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	for (int i = 0; i < 16; i++)
		p[i * PAGE] = 1;
	if (must(fork()) == 0) {
		for (int i = 0; i < 16; i++)
			p[i * PAGE] += 1;
		_exit(0);
	}
	wait(NULL);
	for (int i = 0; i < 16; i++)
		is(p[i * PAGE], i % 2 ? 1 : 2, "page %d", i);
	must(munmap(p, 16 * PAGE));
}

TEST(mem_share)
{
	test_both_ways();
	test_generations();
	test_counting();
	test_mappings();
	test_lifetime();
	test_kernel();
	test_mixed();
}
