/* What programs may not touch, stacks, mappings, and memory that runs out. */
#include "usertests.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- text and constants ---------------------------------------------------
 */

static const char constant[2 * PAGE] __attribute__((aligned(4096))) = "fixed";

__attribute__((noinline)) static int
answer(void)
{
	asm volatile("");
	return 42;
}

static void
must_stay(char *at)
{
	char was = *at;
	pid_t pid = start();
	int fd = open("/dev/zero", O_RDONLY);

	if (pid == 0) {
		*(volatile char *)at = 0;
		_exit(0);
	}
	must_die(pid, SIGSEGV);
	needs(touch(at, STORE) == SIGSEGV);
	fails(read(fd, at, 1), EFAULT);
	needs(*at == was);
	close(fd);
}

static void
test_textwrite(void)
{
	must_stay((char *)(uintptr_t)answer);
	needs(answer() == 42);
}

static void
test_constwrite(void)
{
	must_stay((char *)constant + 1);
	must_stay((char *)constant + PAGE);
	needs(strcmp(constant, "fixed") == 0);
}

/* Text that a program unlocks is its own: others keep theirs. */
static void
test_textcopy(void)
{
	char *text = (char *)((uintptr_t)answer & -PAGE);
	size_t in = (uintptr_t)answer % PAGE;
	pid_t pid = start();

	if (pid == 0) {
		/* The code that does this may lie in the same page. */
		needs(mprotect(
			  text, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
		text[in] ^= 0x55;
		_exit((unsigned char)text[in] & 0x7f);
	}
	must_exit(pid, ((unsigned char)text[in] ^ 0x55) & 0x7f);
	needs(answer() == 42);
}

/* "li a0, 42; ret" in memory that only holds data. */
static const uint32_t code[2] = {0x02a00513, 0x00008067};

static void
test_execdata(void)
{
	static uint32_t data[2];
	uint32_t on_stack[2];
	uint32_t *heap = malloc(sizeof(code));
	char *page = area(PAGE);

	memcpy(data, code, sizeof(code));
	memcpy(on_stack, code, sizeof(code));
	memcpy(heap, code, sizeof(code));
	memcpy(page, code, sizeof(code));
	needs(touch(data, JUMP) == SIGSEGV);
	needs(touch(on_stack, JUMP) == SIGSEGV);
	needs(touch(heap, JUMP) == SIGSEGV);
	needs(touch(page, JUMP) == SIGSEGV);
	needs(mprotect(page, PAGE, PROT_READ | PROT_EXEC) == 0);
	__builtin___clear_cache(page, page + sizeof(code));
	needs(((int (*)(void))(uintptr_t)page)() == 42);
	needs(mprotect(page, PAGE, PROT_READ) == 0);
	needs(touch(page, JUMP) == SIGSEGV);
}

/* ---- where there is nothing -----------------------------------------------
 */

static void
test_nowhere(void)
{
	for (int bit = 12; bit < 64; bit++) {
		uintptr_t power = 1ul << bit;
		uintptr_t at[] = {power - 8, power, -power, -power - 8};

		for (size_t i = 0; i < NR_OF(at); i++)
			for (int how = LOAD; how <= JUMP; how++)
				if (!is_mapped(at[i]) &&
				    touch((void *)at[i], how) == 0)
					fail("%#lx can be touched", at[i]);
	}
}

static void
test_nullpage(void)
{
	needs(touch(NULL, LOAD) == SIGSEGV);
	needs(touch(NULL, STORE) == SIGSEGV);
	needs(touch(NULL, JUMP) == SIGSEGV);
	needs(touch((void *)(PAGE - 1), LOAD) == SIGSEGV);
	needs(touch((void *)-1ul, LOAD) == SIGSEGV);
}

/* Without a handler each of these is a death. */
static void
test_faultdeath(void)
{
	static const uintptr_t at[] = {0, 1ul << 38, 1ul << 63, -8ul};

	for (size_t i = 0; i < NR_OF(at); i++) {
		pid_t pid = start();

		if (pid == 0) {
			*(volatile long *)at[i] = 1;
			_exit(0);
		}
		must_die(pid, SIGSEGV);
	}
}

static void
test_illegal(void)
{
	pid_t pid = start();

	if (pid == 0) {
		asm volatile(".word 0");
		_exit(0);
	}
	must_die(pid, SIGILL);
	pid = start();
	if (pid == 0) {
		/* A register of the kernel's. */
		asm volatile("csrr a0, sstatus" : : : "a0");
		_exit(0);
	}
	must_die(pid, SIGILL);
}

/* ---- stacks ---------------------------------------------------------------
 */

static int
deeper(int n)
{
	volatile char room[2 * PAGE];

	room[0] = n;
	return n == 0 ? 0 : deeper(n - 1) + room[0] - room[0] + 1;
}

static void
overflow(void)
{
	struct rlimit limit = {MIB, RLIM_INFINITY};

	needs(setrlimit(RLIMIT_STACK, &limit) == 0);
	deeper(1 << 20);
}

static void
test_stackoverflow(void)
{
	pid_t pid = start();

	if (pid == 0) {
		overflow();
		_exit(0);
	}
	must_die(pid, SIGSEGV);
}

static volatile char *stack_top;

static void
on_overflow(int sig, siginfo_t *info, void *context)
{
	size_t depth = (uintptr_t)stack_top - (uintptr_t)info->si_addr;

	(void)sig;
	(void)context;
	_exit(depth > MIB / 2 && depth < 2 * MIB ? 7 : 8);
}

/* A handler on a stack of its own sees where the first one ended. */
static void
test_stackguard(void)
{
	struct sigaction action = {
	    .sa_sigaction = on_overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t other = {.ss_sp = area(16 * PAGE), .ss_size = 16 * PAGE};
	pid_t pid = start();

	if (pid == 0) {
		stack_top = __builtin_frame_address(0);
		sigaltstack(&other, NULL);
		sigaction(SIGSEGV, &action, NULL);
		overflow();
		_exit(0);
	}
	must_exit(pid, 7);
}

static void
test_stackgrow(void)
{
	const int frames = 500; /* of two pages: some 4 MiB */

	needs(deeper(frames) == frames);
	for (int i = 0; i < 3; i++) {
		pid_t pid = start();

		if (pid == 0)
			_exit(deeper(frames) == frames ? 0 : 1);
		must_exit(pid, 0);
	}
}

/* ---- mappings -------------------------------------------------------------
 */

static void
test_mapholes(void)
{
	char *at = area(5 * PAGE);

	memset(at, 1, 5 * PAGE);
	needs(munmap(at + PAGE, PAGE) == 0);
	needs(munmap(at + PAGE, PAGE) == 0);
	needs(touch(at + PAGE, LOAD) == SIGSEGV);
	needs(at[0] == 1 && at[2 * PAGE] == 1);
	needs(mprotect(at + 3 * PAGE, PAGE, PROT_READ) == 0);
	needs(touch(at + 3 * PAGE, STORE) == SIGSEGV);
	fails(mprotect(at, 5 * PAGE, PROT_READ), ENOMEM);
	needs(mmap(at + PAGE, PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at + PAGE);
	needs(at[PAGE] == 0);
	needs(munmap(at, 5 * PAGE) == 0);
}

static void
test_maperrors(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	int fd = open("file", O_CREAT | O_WRONLY, 0666);

	fails(mmap(NULL, 0, PROT_READ, flags, -1, 0), EINVAL);
	fails(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	fails(mmap(NULL, -1ul, PROT_READ, flags, -1, 0), ENOMEM);
	fails(mmap(NULL, 1ul << 62, PROT_READ, flags, -1, 0), ENOMEM);
	fails(
	    mmap((void *)1, PAGE, PROT_READ, flags | MAP_FIXED, -1, 0), EINVAL);
	fails(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	fails(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EACCES);
	fails(munmap((void *)1, PAGE), EINVAL);
	fails(munmap(NULL, 0), EINVAL);
	fails(munmap((void *)-PAGE, PAGE), EINVAL);
	fails(mprotect((void *)1, PAGE, PROT_READ), EINVAL);
}

static void
test_mapfile(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0666);
	char *all, *own;

	needs(ftruncate(fd, 3 * PAGE) == 0);
	all = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	own = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	needs(all != MAP_FAILED && own != MAP_FAILED);
	all[0] = 'a';
	needs(own[0] == 'a');
	own[0] = 'b';
	needs(all[0] == 'a');
	needs(pwrite(fd, "c", 1, PAGE) == 1);
	needs(all[PAGE] == 'c' && own[PAGE] == 'c');
	needs(touch(all + 3 * PAGE, LOAD) == SIGBUS);
	needs(ftruncate(fd, PAGE) == 0);
	needs(touch(all + 2 * PAGE, LOAD) == SIGBUS);
	needs(touch(own + 2 * PAGE, STORE) == SIGBUS);
	needs(own[0] == 'b');
	fails(write(fd, all + 2 * PAGE, 1), EFAULT);
	close(fd);
	needs(all[0] == 'a');
}

static void
test_mapfork(void)
{
	char *own = area(4 * PAGE), *both = shared_area(4 * PAGE);

	memset(own, 1, 4 * PAGE);
	for (int i = 0; i < 4; i++) {
		pid_t pid = start();

		if (pid == 0) {
			own[i * PAGE] = 2;
			both[i * PAGE] = 3;
			munmap(own + PAGE, PAGE);
			munmap(both + PAGE, PAGE);
			_exit(0);
		}
		must_exit(pid, 0);
	}
	for (int i = 0; i < 4; i++)
		needs(own[i * PAGE] == 1 && both[i * PAGE] == 3);
}

/* A mapping of a removed file, kept by a child only. */
static void
test_mapremoved(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0666), fds[2];
	char *at;
	pid_t pid;

	needs(write(fd, "abc", 3) == 3);
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	needs(at != MAP_FAILED);
	make_pipe(fds);
	pid = start();
	if (pid == 0) {
		await_pipe(fds);
		_exit(memcmp(at, "abc", 3) == 0 && at[3] == 0 ? 0 : 1);
	}
	needs(munmap(at, PAGE) == 0 && close(fd) == 0);
	needs(unlink("file") == 0);
	close(fds[0]);
	close(fds[1]);
	must_exit(pid, 0);
}

/* ---- no memory ------------------------------------------------------------
 */

static void
take_limited(void)
{
	struct rlimit limit = {64 * MIB, 64 * MIB};
	size_t got = 0;

	needs(setrlimit(RLIMIT_AS, &limit) == 0);
	for (;;) {
		char *at = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED)
			break;
		at[0] = 1;
		got += 64 * PAGE;
	}
	needs(errno == ENOMEM);
	needs(got > 32 * MIB && got <= 64 * MIB);
	needs(fork() >= 0);
}

static void
test_memlimit(void)
{
	in_child(take_limited);
}

/* Blocks of all sizes, until there are no more; twice, for all come back. */
static void
take_blocks(void)
{
	struct rlimit limit = {48 * MIB, 48 * MIB};

	needs(setrlimit(RLIMIT_AS, &limit) == 0);
	for (int round = 0; round < 2; round++) {
		void **list = NULL, **block;
		size_t n = 0;

		while ((block = malloc(10000 + n % 7 * 1000)) != NULL) {
			*block = list;
			list = block;
			n++;
		}
		needs(n > 1000);
		while (list != NULL) {
			block = *list;
			free(list);
			list = block;
		}
	}
	needs(malloc(20 * MIB) != NULL);
}

static void
test_mem(void)
{
	in_child(take_blocks);
}

/* More than the machine has: who takes it goes, its parent stays. */
static void
test_memout(void)
{
	size_t len = 64ul << 30;
	char *mine = area(MIB);

	if (access("/proc/calf", F_OK))
		leave_out("only calf promises whom it kills");
	memset(mine, 5, MIB);
	for (int round = 0; round < 2; round++) {
		char *at = area(len);
		pid_t pid = start();

		if (pid == 0) {
			for (size_t i = 0; i < len; i += PAGE)
				at[i] = 1;
			_exit(0);
		}
		must_die(pid, SIGKILL);
		needs(munmap(at, len) == 0);
	}
	for (size_t i = 0; i < MIB; i++)
		needs(mine[i] == 5);
}

const struct test memory_tests[] = {
    {"textwrite", test_textwrite, false},
    {"constwrite", test_constwrite, false},
    {"textcopy", test_textcopy, false},
    {"execdata", test_execdata, false},
    {"nowhere", test_nowhere, false},
    {"nullpage", test_nullpage, false},
    {"faultdeath", test_faultdeath, false},
    {"illegal", test_illegal, false},
    {"stackoverflow", test_stackoverflow, false},
    {"stackguard", test_stackguard, false},
    {"stackgrow", test_stackgrow, false},
    {"mapholes", test_mapholes, false},
    {"maperrors", test_maperrors, false},
    {"mapfile", test_mapfile, false},
    {"mapfork", test_mapfork, false},
    {"mapremoved", test_mapremoved, false},
    {"memlimit", test_memlimit, false},
    {"mem", test_mem, false},
    {"memout", test_memout, true},
    {NULL, NULL, false},
};
