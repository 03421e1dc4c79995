/* Threads: how they begin, what they share, how they end. */
#include "thread.h"

#include <sys/prctl.h>

#define NR 8

static pid_t tids[NR];
static int numbers[NR];

static void *
note_self(void *arg)
{
	int i = *(int *)arg;

	tids[i] = gettid();
	return (void *)(long)(i * 10);
}

static void
test_join(void)
{
	pthread_t t[NR];
	int good = 0;

	for (int i = 0; i < NR; i++) {
		numbers[i] = i;
		is(pthread_create(&t[i], NULL, note_self, &numbers[i]), 0,
		    "thread %d", i);
	}
	for (int i = 0; i < NR; i++) {
		void *result;

		good +=
		    pthread_join(t[i], &result) == 0 && (long)result == i * 10;
	}
	is(good, NR, "each is joined, with its result");
	for (int i = 0; i < NR; i++)
		for (int j = 0; j < i; j++)
			good += tids[i] == tids[j] || tids[i] == getpid();
	is(good, NR, "each has a number of its own");
}

static void *
same_process(void *arg)
{
	pid_t *ids = arg;

	return (void *)(long)(ids[0] == getpid() && ids[1] == getppid() &&
	    ids[2] == getpgrp() && ids[3] == getsid(0) && gettid() != ids[0]);
}

static void *
open_file(void *arg)
{
	(void)arg;
	if (chdir("/"))
		return (void *)-1;
	return (void *)(long)dup(0);
}

static void
test_shared(void)
{
	pid_t ids[] = {getpid(), getppid(), getpgrp(), getsid(0)};
	char cwd[PATH_MAX] = "";
	pthread_t t;
	long fd;

	t = thread_start(same_process, ids);
	is(thread_join(t), 1,
	    "a thread is of the same process, group, session");
	t = thread_start(open_file, NULL);
	fd = thread_join(t);
	ok(fd >= 0 && fcntl(fd, F_GETFD) == 0, "what it opens is open for all");
	ensure(getcwd(cwd, sizeof(cwd)));
	str_is(cwd, "/", "where it goes, all go");
}

/* One after the other, more than there could be at once. */
static void *
nothing(void *arg)
{
	return arg;
}

static void
test_many(void)
{
	int good = 0;

	for (long i = 0; i < 60; i++) {
		pthread_t t;
		void *result;

		if (pthread_create(&t, NULL, nothing, (void *)i) == 0 &&
		    pthread_join(t, &result) == 0)
			good += (long)result == i;
	}
	is(good, 60, "60 threads one after the other");
}

static struct gate done, started;

static void *
detached(void *arg)
{
	(void)arg;
	pthread_detach(pthread_self());
	gate_open(&done);
	return NULL;
}

static void
test_detached(void)
{
	pthread_attr_t attr;
	pthread_t t;

	for (int i = 0; i < 20; i++) {
		t = thread_start(detached, NULL);
		gate_wait(&done);
	}
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 128 * 1024);
	is(pthread_create(&t, &attr, nothing, NULL), 0, "born detached");
	is(pthread_join(t, NULL), EINVAL, "it cannot be joined");
	pthread_attr_destroy(&attr);
	ok(true, "20 threads detached themselves");
}

/* The process goes on until its last thread ends, whichever that is. */
static void *
outlive(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	exit(23);
}

static void
first_leaves(void)
{
	static pthread_t self;
	pthread_t t;

	self = pthread_self();
	if (pthread_create(&t, NULL, outlive, &self))
		_exit(1);
	pthread_exit(NULL);
}

static void *
return_only(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	return NULL;
}

static void
all_leave(void)
{
	static pthread_t self;
	pthread_t t;

	self = pthread_self();
	if (pthread_create(&t, NULL, return_only, &self))
		_exit(1);
	pthread_exit(NULL);
}

static void *
wait_for_ever(void *arg)
{
	(void)arg;
	gate_open(&done);
	for (;;)
		pause();
	return NULL;
}

static void *
spin_for_ever(void *arg)
{
	(void)arg;
	gate_open(&done);
	for (;;)
		;
	return NULL;
}

static void *
exit_all(void *arg)
{
	exit((int)(long)arg);
}

static void
start_some(void)
{
	pthread_t t;

	for (int i = 0; i < 3; i++) {
		if (pthread_create(&t, NULL, wait_for_ever, NULL) ||
		    pthread_create(&t, NULL, spin_for_ever, NULL))
			_exit(1);
	}
	for (int i = 0; i < 6; i++)
		gate_wait(&done);
}

static void
one_exits(void)
{
	pthread_t t;

	start_some();
	if (pthread_create(&t, NULL, exit_all, (void *)45))
		_exit(1);
	for (;;)
		pause();
}

static void
first_exits(void)
{
	start_some();
	_exit(46);
}

static void *
fault(void *arg)
{
	(void)arg;
	*(volatile int *)NOWHERE = 1;
	return NULL;
}

static void
one_faults(void)
{
	pthread_t t;

	start_some();
	pthread_create(&t, NULL, fault, NULL);
	for (;;)
		pause();
}

/* exit(2) of the raw kind ends the thread alone. */
static void *
raw_exit(void *arg)
{
	(void)arg;
	syscall(SYS_exit, 99);
	return NULL;
}

static void
one_leaves_rawly(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, raw_exit, NULL))
		_exit(1);
	pthread_join(t, NULL);
	_exit(47);
}

static void
test_ends(void)
{
	exits(23, first_leaves, "the first thread may leave before others");
	exits(0, all_leave, "when all have left, the status is 0");
	exits(45, one_exits, "exit in one thread ends all");
	exits(46, first_exits, "as it does in the first");
	dies(SIGSEGV, one_faults, "as does a fault in one");
	exits(47, one_leaves_rawly, "the call exit ends one thread");
}

static void
test_kill(void)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		start_some();
		gate_open(&started);
		for (;;)
			pause();
	}
	gate_wait(&started);
	must(kill(pid, SIGKILL));
	is(wait_status(pid), SIGKILL, "SIGKILL ends all threads");
}

static void *
set_name(void *arg)
{
	char *name = arg;

	prctl(PR_SET_NAME, "worker");
	prctl(PR_GET_NAME, name);
	return NULL;
}

static void
test_name(void)
{
	char name[16] = "", ours[16] = "";
	pthread_t t;

	prctl(PR_SET_NAME, "first");
	t = thread_start(set_name, name);
	pthread_join(t, NULL);
	str_is(name, "worker", "a thread has a name of its own");
	prctl(PR_GET_NAME, ours);
	str_is(ours, "first", "as others have theirs");
}

TEST(thread_life)
{
	done = gate_make();
	started = gate_make();
	test_join();
	test_shared();
	test_many();
	test_detached();
	test_name();
	test_ends();
	test_kill();
}
