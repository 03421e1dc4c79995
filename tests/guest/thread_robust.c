/* What becomes of locks whose holder dies, and of a thread's own words. */
#include "thread.h"

#include <linux/futex.h>
#include <sys/mman.h>

static void
make_robust(pthread_mutex_t *m, bool shared)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (shared)
		pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(m, &attr);
}

static void *
lock_and_leave(void *arg)
{
	pthread_mutex_lock(arg);
	return NULL;
}

static void
test_thread(void)
{
	pthread_mutex_t m;

	make_robust(&m, false);
	thread_join(thread_start(lock_and_leave, &m));
	is(pthread_mutex_lock(&m), EOWNERDEAD, "the holder has ended");
	is(pthread_mutex_consistent(&m), 0, "the lock is put in order");
	is(pthread_mutex_unlock(&m), 0, "unlocked");
	is(pthread_mutex_lock(&m), 0, "and locked as before");
	is(pthread_mutex_unlock(&m), 0, "and unlocked");
	thread_join(thread_start(lock_and_leave, &m));
	is(pthread_mutex_lock(&m), EOWNERDEAD, "once more");
	is(pthread_mutex_unlock(&m), 0, "unlocked without putting in order");
	is(pthread_mutex_lock(&m), ENOTRECOVERABLE, "it is lost");
}

static void
test_process(void)
{
	pthread_mutex_t *m = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	struct gate locked = gate_make();
	pid_t pid;

	for (int i = 0; i < 3; i++)
		make_robust(&m[i], true);
	pid = must(fork());
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			pthread_mutex_lock(&m[i]);
		gate_open(&locked);
		for (;;)
			pause();
	}
	gate_wait(&locked);
	is(pthread_mutex_trylock(&m[0]), EBUSY, "another process holds it");
	must(kill(pid, SIGKILL));
	for (int i = 0; i < 3; i++)
		is(pthread_mutex_lock(&m[i]), EOWNERDEAD,
		    "lock %d of a process that was killed", i);
	wait_status(pid);
	gate_close(&locked);
}

/* Somebody waits already when the holder dies. */
static void
test_waiter(void)
{
	pthread_mutex_t *m = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	struct gate locked = gate_make(), waiting = gate_make();
	pid_t holder, waiter;

	make_robust(m, true);
	holder = must(fork());
	if (holder == 0) {
		pthread_mutex_lock(m);
		gate_open(&locked);
		gate_wait(&waiting);
		/* Until the waiter has marked the lock as waited for. */
		while (!(*(volatile int *)m & FUTEX_WAITERS))
			sched_yield();
		_exit(0);
	}
	gate_wait(&locked);
	waiter = must(fork());
	if (waiter == 0) {
		gate_open(&waiting);
		_exit(pthread_mutex_lock(m) == EOWNERDEAD ? 6 : 7);
	}
	is(wait_status(waiter), 6 << 8, "whoever waits is woken and told");
	is(wait_status(holder), 0, "the holder ended well");
}

static void
lock_and_exec(pthread_mutex_t *m)
{
	char *argv[] = {"x", "@robust_exec", NULL};

	pthread_mutex_lock(m);
	execve(tap_self, argv, environ);
	_exit(126);
}

HELPER(robust_exec)
{
	return 0;
}

static void
test_exec(void)
{
	pthread_mutex_t *m = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pid_t pid;

	make_robust(m, true);
	pid = must(fork());
	if (pid == 0)
		lock_and_exec(m);
	is(wait_status(pid), 0, "a holder that becomes another program");
	is(pthread_mutex_lock(m), EOWNERDEAD, "has let go");
}

static void
test_calls(void)
{
	struct robust_list_head *head = NULL, mine = {.list = {&mine.list}};
	size_t len = 0;

	is(syscall(SYS_get_robust_list, 0, &head, &len), 0, "get_robust_list");
	ok(head != NULL, "the C library has set one");
	is(len, sizeof(*head), "of the usual size");
	is_errno(syscall(SYS_get_robust_list, 1 << 30, &head, &len), ESRCH,
	    "nobody's");
	is_errno(syscall(SYS_get_robust_list, 0, NOWHERE, &len), EFAULT,
	    "to nowhere");
	is_errno(
	    syscall(SYS_set_robust_list, &mine, 8), EINVAL, "of another size");
	is(syscall(SYS_set_robust_list, head, len), 0, "set_robust_list");
}

/* A list that lies must not hurt anyone but its owner. */
static void
end_with_list(struct robust_list_head *head)
{
	must(syscall(SYS_set_robust_list, head, sizeof(*head)));
	_exit(0);
}

static void
list_nowhere(void)
{
	end_with_list(NOWHERE);
}

static void
list_into_nowhere(void)
{
	static struct robust_list_head head;

	head.list.next = NOWHERE;
	end_with_list(&head);
}

static void
list_in_circles(void)
{
	static struct robust_list_head head;
	static struct robust_list a, b;

	head.list.next = &a;
	a.next = &b;
	b.next = &a;
	end_with_list(&head);
}

static void
list_in_kernel(void)
{
	static struct robust_list_head head;

	head.list.next = (void *)0xffffffff80000000;
	head.list_op_pending = (void *)-8;
	end_with_list(&head);
}

static void
test_lies(void)
{
	lives(list_nowhere, "a list that is nowhere");
	lives(list_into_nowhere, "one that leads nowhere");
	lives(list_in_circles, "one without end");
	lives(list_in_kernel, "one that leads into the kernel");
}

/* set_tid_address: a word that is cleared, and whoever waits woken. */
static int *tid_word;

static void
end_with_word(void)
{
	*tid_word = 77;
	ensure(syscall(SYS_set_tid_address, tid_word) == getpid());
	_exit(0);
}

static void
end_with_bad_word(void)
{
	syscall(SYS_set_tid_address, NOWHERE);
	_exit(0);
}

static void
test_tid_address(void)
{
	tid_word = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	is(wait_status(spawn(end_with_word)), 0, "set_tid_address");
	is(*tid_word, 77, "nobody shares the memory: the word is left alone");
	lives(end_with_bad_word, "a word that is nowhere");
}

TEST(thread_robust)
{
	test_thread();
	test_process();
	test_waiter();
	test_exec();
	test_calls();
	test_lies();
	test_tid_address();
}
