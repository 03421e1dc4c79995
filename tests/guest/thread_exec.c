/* Exec and fork in a process of many threads. */
#include "thread.h"

#include <sys/mman.h>

static struct gate ready;

HELPER(thread_after_exec)
{
	is(getpid(), atoi(argv[2]), "the process keeps its number");
	is(gettid(), getpid(), "and its only thread has that number");
	ok(signal(SIGUSR1, SIG_DFL) != SIG_ERR, "it can do things");
	return 19;
}

static void *
spin(void *arg)
{
	gate_open(&ready);
	for (;;)
		;
	return arg;
}

static void *
sleep_for_ever(void *arg)
{
	gate_open(&ready);
	for (;;)
		pause();
	return arg;
}

static void *
exec_now(void *arg)
{
	char number[16];
	char *argv[] = {"x", "@thread_after_exec", number, NULL};

	sprintf(number, "%d", getpid());
	execve(tap_self, argv, environ);
	_exit((int)(long)arg);
}

static void
start_some(void)
{
	for (int i = 0; i < 3; i++) {
		thread_start(spin, NULL);
		thread_start(sleep_for_ever, NULL);
	}
	for (int i = 0; i < 6; i++)
		gate_wait(&ready);
}

static void
first_execs(void)
{
	start_some();
	exec_now((void *)1);
}

static void
other_execs(void)
{
	start_some();
	thread_start(exec_now, (void *)2);
	for (;;)
		pause();
}

/* The first thread has ended already: a zombie leads the process. */
static void *
exec_after_first(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	return exec_now((void *)3);
}

static void
first_left(void)
{
	static pthread_t first;

	first = pthread_self();
	thread_start(exec_after_first, &first);
	pthread_exit(NULL);
}

/* Several at once: one wins, and the process becomes the new program. */
static pthread_barrier_t barrier;

static void *
exec_together(void *arg)
{
	pthread_barrier_wait(&barrier);
	return exec_now(arg);
}

static void
all_exec(void)
{
	pthread_barrier_init(&barrier, NULL, 5);
	for (int i = 0; i < 4; i++)
		thread_start(exec_together, (void *)4);
	exec_together((void *)5);
}

static void *
exec_nothing(void *arg)
{
	char *argv[] = {"x", NULL};

	execve("/none", argv, environ);
	return (void *)(long)(errno == ENOENT ? (long)arg : -1);
}

static void
test_exec(void)
{
	exits(19, first_execs, "exec in the first thread");
	exits(19, other_execs, "exec in another");
	exits(19, first_left, "exec when the first has ended");
	exits(19, all_exec, "exec in all");
	is(thread_join(thread_start(exec_nothing, (void *)8)), 8,
	    "an exec that fails ends nobody");
}

/* Fork copies one thread: whoever calls it. */
static void *
fork_now(void *arg)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(gettid() == getpid() ? 31 : 32);
	return (void *)(long)(wait_status(pid) == 31 << 8 ? (long)arg : -1);
}

static volatile bool stop;
static volatile long counter;

static void *
keep_counting(void *arg)
{
	while (!stop)
		counter++;
	return arg;
}

static void
test_fork(void)
{
	pthread_t t[4];
	pid_t pid;

	is(thread_join(thread_start(fork_now, (void *)9)), 9,
	    "fork in a thread: the child's only one");
	for (int i = 0; i < 4; i++)
		t[i] = thread_start(fork_now, (void *)1);
	for (int i = 0; i < 4; i++)
		is(thread_join(t[i]), 1, "four at once: %d", i);
	t[0] = thread_start(keep_counting, NULL);
	while (counter == 0)
		sched_yield();
	pid = must(fork());
	if (pid == 0) {
		long before = counter;

		for (int i = 0; i < 50; i++)
			sched_yield();
		_exit(counter == before ? 0 : 1);
	}
	is(wait_status(pid), 0, "other threads do not run in the child");
	stop = true;
	thread_join(t[0]);
}

/* Any thread may wait for any child of the process. */
static void *
wait_for_child(void *arg)
{
	return (void *)(long)wait_status((pid_t)(long)arg);
}

static void
test_wait(void)
{
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(3);
	is(thread_join(thread_start(wait_for_child, (void *)(long)pid)), 3 << 8,
	    "a thread waits for the process's child");
}

/* Writers in other threads while forks go on: each child has one moment. */
static volatile unsigned long *pair;

static void *
write_pairs(void *arg)
{
	while (!stop) {
		pair[0]++;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		pair[512 * 3] = pair[0];
	}
	return arg;
}

static void
test_moment(void)
{
	pthread_t t;
	int good = 0;

	pair = must(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	stop = false;
	t = thread_start(write_pairs, NULL);
	while (pair[512 * 3] == 0)
		sched_yield();
	for (int i = 0; i < 40; i++) {
		pid_t pid = must(fork());

		if (pid == 0)
			_exit(pair[0] - pair[512 * 3] > 1);
		good += wait_status(pid) == 0;
	}
	stop = true;
	thread_join(t);
	is(good, 40, "fork sees two pages as they were at one moment");
}

TEST(thread_exec)
{
	ready = gate_make();
	test_exec();
	test_fork();
	test_wait();
	test_moment();
}
