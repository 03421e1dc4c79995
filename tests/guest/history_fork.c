/*
 * Cases from history: what a copy made late has shown to those who must not
 * see it.
 */
#include "mem.h"
#include "thread.h"

#include <sys/uio.h>

enum {
	ROUNDS = 24,
	BYTES = 12000, /* three pages and more, at odd places */
};

/*
 * What was written to a pipe is what the memory held then.  The pipe may not
 * keep a reference to the page: the parent, or a child, writes to it next.
 */
static void
test_pipe(void)
{
	char *p = anon(4) + 123;
	int fd[2], good = 0;

	must(pipe(fd));
	for (int i = 0; i < ROUNDS; i++) {
		struct iovec iov[2] = {{p, 5000}, {p + 5000, BYTES - 5000}};
		char got[BYTES];
		pid_t pid;

		memset(p, i, BYTES);
		if (i % 2)
			ensure(write(fd[1], p, BYTES) == BYTES);
		else
			ensure(writev(fd[1], iov, 2) == BYTES);
		pid = must(fork());
		if (pid == 0) {
			long wrong = 0;

			memset(p, 111, BYTES);
			for (int n = 0; n < BYTES;)
				n += must(read(fd[0], got + n, BYTES - n));
			for (int n = 0; n < BYTES; n++)
				wrong += got[n] != i;
			_exit(wrong != 0);
		}
		memset(p, -1, BYTES);
		good += wait_status(pid) == 0;
	}
	is(good, ROUNDS, "what was written after is not seen through a pipe");
	close(fd[0]);
	close(fd[1]);
}

/*
 * The parent forks, the child holds the page and drops its mapping of it, the
 * parent writes: who reads it by another way must not see that.
 */
static void
test_child_keeps(void)
{
	int fd[2], good = 0;
	char *p = anon(1), rest[PAGE];

	must(pipe(fd));
	for (int i = 0; i < ROUNDS; i++) {
		struct gate go = gate_make();
		pid_t pid;
		char got;

		memset(p, 1, PAGE);
		pid = must(fork());
		if (pid == 0) {
			must(write(fd[1], p, PAGE));
			must(munmap(p, PAGE));
			gate_wait(&go);
			must(read(fd[0], &got, 1));
			_exit(got);
		}
		memset(p, 2, PAGE);
		gate_open(&go);
		good += wait_status(pid) == 1 << 8;
		ensure(read(fd[0], rest, PAGE) == PAGE - 1);
		gate_close(&go);
	}
	is(good, ROUNDS, "nor by a child that has unmapped it");
	must(munmap(p, PAGE));
}

/* ------------------------------------------------ the old page, read on */

/* A thread reads always; what its sibling wrote last it must see. */
static volatile long *word;
static volatile long floor_value; /* raised after each write has returned */
static volatile bool stop;

static void *
read_always(void *arg)
{
	long bad = 0, seen = 0;

	(void)arg;
	while (!stop) {
		long least = __atomic_load_n(&floor_value, __ATOMIC_ACQUIRE);
		long now = __atomic_load_n(word, __ATOMIC_ACQUIRE);

		bad += now < least || now < seen;
		seen = now;
	}
	return (void *)bad;
}

static void
write_by_call(int fd, long value)
{
	ensure(pwrite(fd, &value, sizeof(value), 0) == sizeof(value));
	ensure(pread(fd, (void *)word, sizeof(value), 0) == sizeof(value));
}

static void
test_reader(bool by_call)
{
	pthread_t t[3];
	long bad = 0;
	int fd = must(open(".", O_RDWR | O_TMPFILE, 0600));

	word = (long *)anon(1);
	floor_value = 0;
	stop = false;
	for (int i = 0; i < 3; i++)
		t[i] = thread_start(read_always, NULL);
	for (long i = 1; i < ROUNDS; i++) {
		struct gate go = gate_make();
		/* The child holds the page, so each write breaks sharing. */
		pid_t pid = must(fork());

		if (pid == 0) {
			gate_wait(&go);
			_exit(*word == i - 1 ? 0 : 1);
		}
		if (by_call)
			write_by_call(fd, i);
		else
			__atomic_store_n(word, i, __ATOMIC_SEQ_CST);
		__atomic_store_n(&floor_value, i, __ATOMIC_SEQ_CST);
		gate_open(&go);
		bad += wait_status(pid) != 0;
		gate_close(&go);
	}
	stop = true;
	is(bad, 0, "children have what was before, %d times", ROUNDS);
	for (int i = 0; i < 3; i++)
		bad += thread_join(t[i]);
	is(bad, 0, "siblings read what was written %s, at once",
	    by_call ? "by a call" : "by hand");
	must(munmap((void *)word, PAGE));
	close(fd);
}

/* ------------------------------------------------ zeroes */

/* Pages never written are one page: which nobody may write, by any way. */
static void
test_zeroes(void)
{
	char *a = anon(4), *b = anon(4);
	int fd[2];
	long sum = 0;
	pid_t pid;

	must(pipe(fd));
	for (int i = 0; i < 4; i++)
		sum += a[i * PAGE] + b[i * PAGE];
	pid = must(fork());
	if (pid == 0) {
		must(write(fd[1], "12345678", 8));
		must(read(fd[0], a + PAGE - 4, 8));
		memset(a + 2 * PAGE, 3, 10);
		__atomic_fetch_or((int *)(a + 3 * PAGE), 4, __ATOMIC_SEQ_CST);
		for (size_t i = 0; i < 4 * PAGE; i++)
			sum += b[i];
		_exit(sum == 0 && a[PAGE] == '5' ? 0 : 1);
	}
	is(wait_status(pid), 0, "a child writes where only zeroes were read");
	for (size_t i = 0; i < 4 * PAGE; i++)
		sum += a[i] + b[i];
	is(sum, 0, "its parent reads zeroes");
	must(write(fd[1], "12345678", 8));
	must(read(fd[0], a + PAGE - 4, 8));
	for (size_t i = 0; i < 4 * PAGE; i++)
		sum += b[i];
	is(sum, 0, "as it does beside what it writes itself");
	must(mprotect(b, PAGE, PROT_READ));
	must(write(fd[1], "x", 1));
	is_errno(read(fd[0], b, 1), EFAULT, "zeroes that may only be read");
	is(b[0], 0, "stay");
	must(munmap(a, 4 * PAGE));
	must(munmap(b, 4 * PAGE));
}

/* ------------------------------------------------ shared, and again */

/*
 * A page that is shared already, not writable in any table for that reason, is
 * shared once more; and it still may be written, by all.
 */
static int
generations(char *p, int depth)
{
	pid_t pid;
	int bad;

	for (size_t i = 0; i < 3; i++)
		if (p[i * PAGE] != 1)
			return 1;
	if (depth == 8)
		return 0;
	pid = must(fork());
	if (pid == 0)
		_exit(generations(p, depth + 1));
	if (depth % 2)
		p[PAGE] = depth + 2;
	bad = wait_status(pid) != 0;
	p[0] = p[PAGE] = p[2 * PAGE] = depth + 2;
	return bad + (p[0] != depth + 2);
}

static void
test_again(void)
{
	char *p = anon(3), *text = (char *)(uintptr_t)test_again;
	int fd[2], before = *text;
	pid_t pid;

	memset(p, 1, 3 * PAGE);
	must(mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	must(mprotect(p + 2 * PAGE, PAGE, RW));
	pid = must(fork());
	if (pid == 0)
		_exit(generations(p, 0));
	is(wait_status(pid), 0, "nine generations share a page and write it");
	ok(p[0] == 1 && p[PAGE] == 1 && p[2 * PAGE] == 1,
	    "the first has its "
	    "own");
	is(try_write(p), 0, "and may write it");
	must(pipe(fd));
	must(write(fd[1], "text", 4));
	pid = must(fork());
	if (pid == 0) {
		is_errno(read(fd[0], text, 4), EFAULT, "code is not read into");
		is(*text, before, "and is what it was");
		_exit(0);
	}
	is(wait_status(pid), 0, "in a child");
	is_errno(read(fd[0], text, 4), EFAULT, "nor is its parent's");
	is(*text, before, "which is what it was");
	must(munmap(p, 3 * PAGE));
}

TEST(history_fork)
{
	test_pipe();
	test_child_keeps();
	test_reader(false);
	test_reader(true);
	test_zeroes();
	test_again();
}
