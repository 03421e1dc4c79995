/* The break of a program: to its end, back, and what lies there. */
#include "usertests.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's own call: it tells the break, whatever it made of the wish. */
static char *
brk_at(const void *want)
{
	return (char *)syscall(SYS_brk, want);
}

/* Somewhere where a page begins; malloc's own stays below. */
static char *
heap_end(void)
{
	uintptr_t now = (uintptr_t)brk_at(NULL);
	char *at = (char *)((now + PAGE - 1) & -PAGE);

	needs(brk_at(at) == at);
	return at;
}

static void
test_sbrkbasic(void)
{
	char *at = heap_end();

	for (size_t i = 0; i < 300; i++) {
		needs(brk_at(at + i + 1) == at + i + 1);
		at[i] = 1;
	}
	needs(brk_at(at + 10 * PAGE) == at + 10 * PAGE);
	for (size_t i = 300; i < 10 * PAGE; i++)
		needs(at[i] == 0);
	needs(touch(at + 10 * PAGE, LOAD) == SIGSEGV);
	needs(brk_at(at) == at);
	needs(touch(at, LOAD) == SIGSEGV);
}

/* What is given back is gone, and comes back as zeroes. */
static void
test_sbrkzero(void)
{
	char *at = heap_end();

	for (int round = 0; round < 5; round++) {
		needs(brk_at(at + 8 * PAGE) == at + 8 * PAGE);
		for (size_t i = 0; i < 8 * PAGE; i++)
			needs(at[i] == 0);
		memset(at, 0xff, 8 * PAGE);
		needs(brk_at(at + PAGE) == at + PAGE);
		needs((unsigned char)at[PAGE - 1] == 0xff);
		needs(brk_at(at) == at);
	}
}

/* Beyond what may be, the break stays; all before it works. */
static void
to_the_end(void)
{
	struct rlimit limit = {40 * MIB, 40 * MIB};
	char *at = heap_end(), *top = at;

	needs(setrlimit(RLIMIT_AS, &limit) == 0);
	while (brk_at(top + MIB) == top + MIB)
		top += MIB;
	while (brk_at(top + PAGE) == top + PAGE)
		top += PAGE;
	needs(brk_at(NULL) == top);
	needs((size_t)(top - at) > 30 * MIB && (size_t)(top - at) < 40 * MIB);
	for (char *p = at; p < top; p += PAGE)
		*p = 1;
	needs(touch(top, STORE) == SIGSEGV);
	needs(brk_at(at) == at);
	needs(brk_at(at + MIB) == at + MIB && at[0] == 0);
}

static void
test_sbrkend(void)
{
	in_child(to_the_end);
}

static void
test_sbrkdata(void)
{
	struct rlimit old, limit;
	char *at = heap_end();

	needs(getrlimit(RLIMIT_DATA, &old) == 0);
	limit = old;
	limit.rlim_cur = PAGE;
	needs(setrlimit(RLIMIT_DATA, &limit) == 0);
	needs(brk_at(at + MIB) == at);
	needs(setrlimit(RLIMIT_DATA, &old) == 0);
	needs(brk_at(at + MIB) == at + MIB);
	needs(brk_at(at) == at);
}

static void
test_sbrkbad(void)
{
	char *at = heap_end();

	needs(brk_at((void *)1) == at);
	needs(brk_at((void *)-1ul) == at);
	needs(brk_at((void *)(1ul << 63)) == at);
	needs(brk_at((void *)(1ul << 38)) == at);
	needs(brk_at((void *)(uintptr_t)heap_end) == at);
	fails(sbrk(-((intptr_t)1 << 40)), ENOMEM);
	needs(brk_at(NULL) == at);
}

static void
test_sbrkfork(void)
{
	char *at = heap_end();

	needs(brk_at(at + 4 * PAGE) == at + 4 * PAGE);
	memset(at, 1, 4 * PAGE);
	for (int i = 0; i < 5; i++) {
		pid_t pid = start();

		if (pid == 0) {
			needs(brk_at(NULL) == at + 4 * PAGE);
			at[3 * PAGE] = 2;
			needs(brk_at(at + PAGE) == at + PAGE);
			needs(touch(at + PAGE, LOAD) == SIGSEGV);
			needs(brk_at(at + MIB) == at + MIB);
			needs(at[PAGE] == 0 && at[3 * PAGE] == 0);
			_exit(0);
		}
		must_exit(pid, 0);
		needs(brk_at(NULL) == at + 4 * PAGE && at[3 * PAGE] == 1);
	}
	/* And the other way round: the child keeps what the parent drops. */
	{
		int fds[2];
		pid_t pid;

		make_pipe(fds);
		pid = start();
		if (pid == 0) {
			await_pipe(fds);
			_exit(at[3 * PAGE] == 1 ? 0 : 1);
		}
		needs(brk_at(at) == at);
		close(fds[0]);
		close(fds[1]);
		must_exit(pid, 0);
	}
}

/* Much is promised at once, and taken where it is touched. */
static void
test_sbrkmuch(void)
{
	const size_t much = 100 * MIB;
	char *at = heap_end(), *top = at + much;

	needs(brk_at(top) == top);
	for (size_t i = 0; i < much; i += MIB)
		at[i] = 1;
	top[-1] = 99;
	needs(at[0] == 1 && at[much - MIB] == 1 && at[MIB / 2] == 0);
	needs(brk_at(at + much / 2) == at + much / 2);
	needs(touch(at + much / 2, LOAD) == SIGSEGV);
	needs(at[much / 2 - MIB] == 1);
	needs(brk_at(at) == at);
}

/* The kernel reads and writes there as we may. */
static void
test_sbrkio(void)
{
	char *at = heap_end();
	int fd = open("file", O_CREAT | O_RDWR, 0666), fds[2];

	make_pipe(fds);
	needs(brk_at(at + PAGE) == at + PAGE);
	needs(pwrite(fd, at, PAGE, 0) == (ssize_t)PAGE);
	memset(at, 7, PAGE);
	needs(pread(fd, at, PAGE, 0) == (ssize_t)PAGE && at[9] == 0);
	needs(brk_at(at) == at);
	fails(write(fd, at, PAGE), EFAULT);
	fails(pread(fd, at, PAGE, 0), EFAULT);
	fails(pipe((int *)at), EFAULT);
	fails(open(at, O_RDONLY), EFAULT);
}

/* A mapping in the way ends the heap, and is not run over. */
static void
test_sbrkwall(void)
{
	char *at = heap_end();
	char *wall = mmap(at + 16 * PAGE, PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	needs(wall == at + 16 * PAGE);
	wall[0] = 3;
	needs(brk_at(at + 20 * PAGE) == at);
	needs(brk_at(at + 15 * PAGE) == at + 15 * PAGE);
	memset(at, 1, 15 * PAGE);
	needs(wall[0] == 3 && wall[1] == 0);
	needs(munmap(wall, PAGE) == 0);
	needs(brk_at(at + 20 * PAGE) == at + 20 * PAGE);
	needs(at[16 * PAGE] == 0);
	needs(brk_at(at) == at);
}

static char zeroes[100000];
static char filled[10000] = {1, [9999] = 2};

static void
test_bss(void)
{
	for (size_t i = 0; i < sizeof(zeroes); i++)
		needs(zeroes[i] == 0);
	needs(filled[0] == 1 && filled[1] == 0 && filled[9999] == 2);
	memset(zeroes, 1, sizeof(zeroes));
	memset(filled, 1, sizeof(filled));
	for (int i = 0; i < 2; i++) {
		pid_t pid = start();

		if (pid == 0) {
			needs(zeroes[50000] == 1 && filled[5000] == 1);
			zeroes[50000] = 2;
			_exit(0);
		}
		must_exit(pid, 0);
	}
}

const struct test heap_tests[] = {
    {"sbrkbasic", test_sbrkbasic, false},
    {"sbrkzero", test_sbrkzero, false},
    {"sbrkend", test_sbrkend, false},
    {"sbrkdata", test_sbrkdata, false},
    {"sbrkbad", test_sbrkbad, false},
    {"sbrkfork", test_sbrkfork, false},
    {"sbrkmuch", test_sbrkmuch, false},
    {"sbrkio", test_sbrkio, false},
    {"sbrkwall", test_sbrkwall, false},
    {"bss", test_bss, false},
    {NULL, NULL, false},
};
