/*
 * A case from history: a page with code in it is copied because somebody wrote
 * to it, and is run at once, by this hart or another, which may still have the
 * old page's instructions.
 */
#include "mem.h"
#include "thread.h"

#define RWX (RW | PROT_EXEC)

enum {
	ROUNDS = 40,
	CODE_BYTES = 8,
};

/* A function that returns v: addi a0, zero, v; ret. */
static void
encode(void *to, uint32_t v)
{
	uint32_t code[2] = {0x00000513u | v << 20, 0x00008067};

	memcpy(to, code, sizeof(code));
}

static int
call(void *at)
{
	return ((int (*)(void))at)();
}

static void
flush(char *at)
{
	__builtin___clear_cache(at, at + CODE_BYTES);
}

static void
by_hand(char *at, int v, int fd[2])
{
	(void)fd;
	encode(at, v);
	flush(at);
}

static void
by_kernel(char *at, int v, int fd[2])
{
	char code[CODE_BYTES];

	encode(code, v);
	must(write(fd[1], code, sizeof(code)));
	must(read(fd[0], at, sizeof(code)));
	flush(at);
}

static void
by_protect(char *at, int v, int fd[2])
{
	char *page = (char *)((uintptr_t)at & -PAGE);

	must(mprotect(page, PAGE, RW));
	by_hand(at, v, fd);
	must(mprotect(page, PAGE, PROT_READ | PROT_EXEC));
}

typedef void put_fn(char *at, int v, int fd[2]);

/* Parent and child both write to the page that they share, and run it. */
static void
test_forks(const char *what, put_fn *put)
{
	char *p = must(mmap(NULL, PAGE, RWX, ANON, -1, 0));
	char *at = p + 60;
	int fd[2], good = 0;

	must(pipe(fd));
	by_hand(at, 1, fd);
	for (int i = 0; i < ROUNDS; i++) {
		int was = call(at), bad;
		pid_t pid = must(fork());

		if (pid == 0) {
			must(pipe(fd));
			bad = call(at) != was;
			put(at, 1000 + i, fd);
			bad += call(at) != 1000 + i;
			put(at, 1001 + i, fd);
			_exit(bad + (call(at) != 1001 + i));
		}
		put(at, 2 + i, fd);
		bad = call(at) != 2 + i;
		good += wait_status(pid) == 0 && !bad && call(at) == 2 + i;
	}
	is(good, ROUNDS, "code written %s into a shared page, run at once",
	    what);
	close(fd[0]);
	close(fd[1]);
	must(munmap(p, PAGE));
}

/* ------------------------------------------------ run by others */

static char *volatile code;
static volatile int least; /* what the code returns at least, by now */
static volatile bool stop;

static void *
call_always(void *arg)
{
	long bad = 0;

	(void)arg;
	while (!stop) {
		int floor = __atomic_load_n(&least, __ATOMIC_ACQUIRE);

		bad += call(code) < floor;
	}
	return (void *)bad;
}

/*
 * The new function lies beside the old ones, on the page that breaking the
 * sharing has copied; siblings are told where once it is there.
 */
static void
test_threads(void)
{
	char *p = must(mmap(NULL, PAGE, RWX, ANON, -1, 0));
	pthread_t t[3];
	long bad = 0;
	int fd[2];

	must(pipe(fd));
	by_hand(p, 0, fd);
	code = p;
	least = 0;
	for (int i = 0; i < 3; i++)
		t[i] = thread_start(call_always, NULL);
	for (int i = 1; i < ROUNDS; i++) {
		struct gate go = gate_make();
		pid_t pid = must(fork());

		if (pid == 0) {
			gate_wait(&go);
			_exit(call(code) == i - 1 ? 0 : 1);
		}
		(i % 2 ? by_hand : by_kernel)(p + 64 * i, i, fd);
		code = p + 64 * i;
		__atomic_store_n(&least, i, __ATOMIC_RELEASE);
		gate_open(&go);
		bad += wait_status(pid) != 0;
		gate_close(&go);
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		bad += thread_join(t[i]);
	is(bad, 0, "siblings run what was written, children what was before");
	must(munmap(p, PAGE));
}

TEST(history_code)
{
	test_forks("by hand", by_hand);
	test_forks("by a call", by_kernel);
	test_forks("and made executable", by_protect);
	test_threads();
}
