/* Code that a program makes itself, and data that it must not run. */
#include "mem.h"

#define RWX (RW | PROT_EXEC)

static int in_data = 1;

/* The code of a function that returns `v` (0 to 2047), and no code at all. */
#define RETURN(v)                                                              \
	{                                                                      \
		0x00000513u | (v) << 20, 0x00008067                            \
	}
#define ILLEGAL 0

static void
put_code(void *at, const void *code, size_t len)
{
	memcpy(at, code, len);
	__builtin___clear_cache((char *)at, (char *)at + len);
}

static void
make_function(void *at, uint32_t value)
{
	uint32_t code[] = RETURN(value);

	put_code(at, code, sizeof(code));
}

static int
call(void *at)
{
	return ((int (*)(void))at)();
}

static void
test_made(void)
{
	char *p = must(mmap(NULL, 2 * PAGE, RWX, ANON, -1, 0));

	make_function(p, 123);
	is(call(p), 123, "code made at run time");
	make_function(p, 321);
	is(call(p), 321, "made anew");
	make_function(p + 64, 55);
	is(call(p + 64), 55, "and beside");
	is(call(p), 321, "with no harm");
	must(munmap(p, 2 * PAGE));
}

static void
test_protected(void)
{
	char *p = anon(1);

	make_function(p, 77);
	is(try_run(p), SIGSEGV, "data do not run");
	is(fault.si_code, SEGV_ACCERR, "though they are there");
	must(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	is(call(p), 77, "made executable, they do");
	is(try_write(p), SIGSEGV, "and are not written");
	must(mprotect(p, PAGE, PROT_EXEC));
	is(call(p), 77, "executable alone");
	must(mprotect(p, PAGE, RW));
	is(try_run(p), SIGSEGV, "made writable, they do not run");
	make_function(p, 78);
	must(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	is(call(p), 78, "until made executable again");
	must(munmap(p, PAGE));
}

/* Parent and child change the same code, each its own copy. */
static void
test_fork(void)
{
	char *p = must(mmap(NULL, PAGE, RWX, ANON, -1, 0));
	int good = 0;
	pid_t pid;

	make_function(p, 1);
	is(call(p), 1, "before a fork");
	pid = must(fork());
	if (pid == 0) {
		if (call(p) != 1)
			_exit(1);
		for (int i = 0; i < 50; i++) {
			make_function(p, 1000 + i);
			good += call(p) == 1000 + i;
		}
		_exit(good == 50 ? 0 : 2);
	}
	for (int i = 0; i < 50; i++) {
		make_function(p, 500 + i);
		good += call(p) == 500 + i;
	}
	is(good, 50, "the parent runs what it wrote");
	is(wait_status(pid), 0, "the child what it wrote");
	is(call(p), 549, "the parent's remains");
	must(munmap(p, PAGE));
}

/* Code brought by read(2) into a page shared with a child. */
static void
test_read(void)
{
	char *p = must(mmap(NULL, PAGE, RWX, ANON, -1, 0));
	char image[64];
	int fd[2];

	must(pipe(fd));
	make_function(p, 10);
	call(p);
	memcpy(image, p, sizeof(image));
	make_function(image, 20);
	if (must(fork()) == 0) {
		must(write(fd[1], image, sizeof(image)));
		must(read(fd[0], p, sizeof(image)));
		__builtin___clear_cache(p, p + sizeof(image));
		is(call(p), 20, "code read from a pipe");
		_exit(0);
	}
	wait(NULL);
	is(call(p), 10, "into one's own copy");
	must(munmap(p, PAGE));
}

static void
test_illegal(void)
{
	uint32_t illegal = ILLEGAL;
	char *p = must(mmap(NULL, PAGE, RWX, ANON, -1, 0));

	put_code(p, &illegal, sizeof(illegal));
	is(try_run(p), SIGILL, "what is no instruction is SIGILL");
	is((uintptr_t)fault.si_addr, (uintptr_t)p, "at its address");
	ok(fault.si_code > 0, "from the kernel");
	must(munmap(p, PAGE));
}

static void
test_own(void)
{
	volatile char *text = (volatile char *)(uintptr_t)call;

	is(try_write(text), SIGSEGV, "our own code is not written");
	is(try_run(&in_data), SIGSEGV, "our data do not run");
	is(try_write((char *)"constant"), SIGSEGV, "nor are constants written");
}

/* An instruction that lies on two pages, one of them not yet there. */
static void
test_border(void)
{
	char *p = must(mmap(NULL, 2 * PAGE, RWX, ANON, -1, 0));

	make_function(p + PAGE - 2, 99);
	must(mprotect(p, 2 * PAGE, PROT_READ | PROT_EXEC));
	is(call(p + PAGE - 2), 99, "code across two pages");
	must(mprotect(p + PAGE, PAGE, PROT_NONE));
	is(try_run(p + PAGE - 2), SIGSEGV, "of which the second may not run");
	is((uintptr_t)fault.si_addr & -PAGE, (uintptr_t)p + PAGE,
	    "at that page's address");
	must(munmap(p, 2 * PAGE));
}

TEST(mem_code)
{
	test_made();
	test_protected();
	test_fork();
	test_read();
	test_illegal();
	test_own();
	test_border();
}
