/*
 * Fork copies all memory at once, or so it must seem: whoever writes, whoever
 * ends first, and whether a program writes or the kernel does for it.
 */
#include "mem.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

static struct gate go;

/* Every writer sees its own value and nobody else's. */
static void
test_siblings(void)
{
	enum {
		N = 8,
		PAGES = 10
	};
	char *p = anon(PAGES);
	int good = 0;
	pid_t pids[N];

	memset(p, 100, PAGES * PAGE);
	for (int i = 0; i < N; i++) {
		pids[i] = must(fork());
		if (pids[i] > 0)
			continue;
		memset(p, i, PAGES * PAGE);
		gate_wait(&go);
		for (size_t at = 0; at < PAGES * PAGE; at++)
			if (p[at] != i)
				_exit(1);
		_exit(0);
	}
	memset(p, 50, PAGES * PAGE);
	for (int i = 0; i < N; i++)
		gate_open(&go);
	for (int i = 0; i < N; i++)
		good += wait_status(pids[i]) == 0;
	is(good, N, "each of %d children has what it wrote", N);
	ok(p[0] == 50 && p[PAGES * PAGE - 1] == 50, "the parent too");
	must(munmap(p, PAGES * PAGE));
}

/* What the parent writes right after fork is not seen by the child. */
static void
test_parent_writes(void)
{
	volatile int *p = (int *)anon(1);
	int good = 0;

	for (int i = 0; i < 30; i++) {
		pid_t pid;

		*p = i;
		pid = must(fork());
		if (pid == 0)
			_exit(*p != i);
		*p = -1;
		good += wait_status(pid) == 0;
	}
	is(good, 30, "children see what was before the fork, 30 times");
	must(munmap((void *)p, PAGE));
}

/* The child is gone when the parent writes, and the other way round. */
static void
test_order(void)
{
	char *p = anon(2);
	pid_t a, b;

	p[0] = 1;
	a = spawn((void (*)(void))getppid);
	is(wait_status(a), 0, "a child that does nothing");
	p[0] = 2;
	is(p[0], 2, "the page is the parent's alone again");
	a = must(fork());
	if (a == 0) {
		b = must(fork());
		if (b == 0) {
			gate_wait(&go);
			_exit(p[0] == 2 && p[PAGE] == 0 ? 0 : 1);
		}
		p[0] = 3;
		p[PAGE] = 3;
		gate_open(&go);
		_exit(wait_status(b) == 0 && p[0] == 3 ? 0 : 1);
	}
	is(wait_status(a), 0, "a child's child, and each has its own");
	is(p[0], 2, "as has the parent");
	must(munmap(p, 2 * PAGE));
}

/*
 * Everything by which the kernel writes into user memory, each into a page of
 * its own that is shared with the parent.
 */
static void
kernel_writes(char *p)
{
	int fd[2], status;
	struct iovec iov[2] = {{p + 3 * PAGE, 2}, {p + 4 * PAGE - 1, 2}};
	pid_t pid;

	must(pipe2((int *)p, 0));
	memcpy(fd, p, sizeof(fd));
	must(write(fd[1], "data", 4));
	is(read(fd[0], p + PAGE + 100, 4), 4, "read");
	must(write(fd[1], "data", 4));
	is(read(fd[0], p + 3 * PAGE - 2, 4), 4, "read across a border");
	must(write(fd[1], "data", 4));
	is(readv(fd[0], iov, 2), 4, "readv");
	pid = must(fork());
	if (pid == 0)
		_exit(44);
	is(wait4(
	       pid, (int *)(p + 5 * PAGE), 0, (struct rusage *)(p + 6 * PAGE)),
	    pid, "wait4");
	memcpy(&status, p + 5 * PAGE, sizeof(status));
	is(status, 44 << 8, "its status");
	is(syscall(SYS_getcwd, p + 7 * PAGE, PAGE) > 0, 1, "getcwd");
	is(syscall(SYS_clock_gettime, CLOCK_REALTIME, p + 8 * PAGE), 0,
	    "clock_gettime");
	is(fstat(0, (struct stat *)(p + 9 * PAGE)), 0, "fstat");
	is(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, p + 10 * PAGE, 8), 0,
	    "rt_sigprocmask");
	is(syscall(SYS_getrandom, p + 11 * PAGE, 16, 0), 16, "getrandom");
	is(getrlimit(RLIMIT_STACK, (struct rlimit *)(p + 12 * PAGE)), 0,
	    "getrlimit");
}

static void
test_kernel(void)
{
	enum {
		PAGES = 13
	};
	char *p = anon(PAGES);
	int changed = 0;

	memset(p, 0x55, PAGES * PAGE);
	if (must(fork()) == 0) {
		kernel_writes(p);
		for (int i = 0; i < PAGES; i++) {
			bool same = true;

			for (size_t j = 0; j < PAGE; j++)
				same &= p[i * PAGE + j] == 0x55;
			changed += !same;
		}
		is(changed, PAGES, "the kernel has written into each page");
		_exit(0);
	}
	wait(NULL);
	for (size_t i = 0; i < PAGES * PAGE; i++)
		changed += p[i] != 0x55;
	is(changed, 0, "and the parent has not noticed");
	must(munmap(p, PAGES * PAGE));
}

/* A system call must not write where its process may not. */
static void
test_read_only(void)
{
	char *p = anon(3), *text = (char *)(uintptr_t)test_read_only;
	int fd[2], before = *text;

	must(pipe(fd));
	memset(p, 1, 3 * PAGE);
	must(mprotect(p, PAGE, PROT_READ));
	for (int round = 0; round < 2; round++) {
		must(write(fd[1], "data", 4));
		is_errno(
		    read(fd[0], p, 4), EFAULT, "read into read-only memory");
		is(p[0], 1, "leaves it alone");
		is_errno(read(fd[0], text, 4), EFAULT, "as into code");
		is(*text, before, "which is what it was");
		is(read(fd[0], p + PAGE, 4), 4, "the data are still there");
		/* Again, when a child shares it all. */
		if (round == 0 && fork() == 0) {
			gate_wait(&go);
			_exit(0);
		}
	}
	gate_open(&go);
	wait(NULL);
	must(munmap(p, 3 * PAGE));
}

/* A region of many tables, a few pages changed by each generation. */
static void
test_large(void)
{
	enum {
		PAGES = 1300,
		STEP = 97
	};
	char *p = anon(PAGES);
	int depth;
	pid_t pid = 0;

	for (int i = 0; i < PAGES; i++)
		*(int *)(p + i * PAGE) = i;
	for (depth = 0; depth < 4 && pid == 0; depth++) {
		pid = must(fork());
		if (pid > 0)
			break;
		for (int i = depth; i < PAGES; i += STEP)
			*(int *)(p + i * PAGE) = -depth - 1;
	}
	for (int i = 0; i < PAGES; i++) {
		int by = i % STEP < depth ? -(i % STEP) - 1 : i;

		if (*(int *)(p + i * PAGE) != by)
			_exit(1);
	}
	if (pid > 0 && wait_status(pid) != 0)
		_exit(2);
	if (depth > 0)
		_exit(0);
	ok(true, "5 MiB through four generations");
	must(munmap(p, PAGES * PAGE));
}

/* Pages never touched, read only, or written: all three are copied. */
static void
test_kinds(void)
{
	char *p = anon(3);
	pid_t pid;

	(void)*(volatile char *)(p + PAGE);
	p[2 * PAGE] = 2;
	pid = must(fork());
	if (pid == 0) {
		ok(p[0] == 0 && p[PAGE] == 0 && p[2 * PAGE] == 2, "as it was");
		p[0] = p[PAGE] = p[2 * PAGE] = 7;
		ok(p[0] == 7 && p[PAGE] == 7 && p[2 * PAGE] == 7, "as written");
		_exit(0);
	}
	is(wait_status(pid), 0, "in the child");
	ok(p[0] == 0 && p[PAGE] == 0 && p[2 * PAGE] == 2, "not in the parent");
	must(munmap(p, 3 * PAGE));
}

/* Atomic instructions on a shared page take their own copy as stores do. */
static void
test_atomics(void)
{
	int *p = (int *)anon(1);
	pid_t pid;

	*p = 10;
	pid = must(fork());
	if (pid == 0) {
		int want = 10;

		is(__atomic_fetch_add(p, 5, __ATOMIC_SEQ_CST), 10, "fetch-add");
		want = 15;
		ok(__atomic_compare_exchange_n(
		       p, &want, 99, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST),
		    "compare-and-swap");
		is(*p, 99, "what came of it");
		_exit(0);
	}
	is(wait_status(pid), 0, "in the child");
	is(*p, 10, "not in the parent");
	must(munmap(p, PAGE));
}

TEST_NEEDS(mem_fork, 12)
{
	go = gate_make();
	test_siblings();
	test_parent_writes();
	test_order();
	test_kernel();
	test_read_only();
	test_large();
	test_kinds();
	test_atomics();
}
