/* Signals in a process of many threads: who gets them. */
#include "thread.h"

#include <sys/mman.h>
#include <sys/time.h>

#define NR 4

static volatile pid_t handled_by;
static volatile int handled;
static struct gate ready, go;

static void
on_signal(int sig)
{
	(void)sig;
	handled_by = gettid();
	__atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

static void
block(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	pthread_sigmask(how, &set, NULL);
}

static void *
wait_at_gate(void *arg)
{
	*(volatile pid_t *)arg = gettid();
	gate_open(&ready);
	gate_wait(&go);
	return NULL;
}

static void
await(volatile int *value, int want)
{
	while (__atomic_load_n(value, __ATOMIC_SEQ_CST) != want)
		sched_yield();
}

/* A signal to one thread is that thread's alone. */
static void
test_one(void)
{
	pthread_t t[NR];
	pid_t tids[NR];

	signal(SIGUSR1, on_signal);
	for (int i = 0; i < NR; i++) {
		t[i] = thread_start(wait_at_gate, &tids[i]);
		gate_wait(&ready);
	}
	for (int i = 0; i < NR; i++) {
		handled = 0;
		is(pthread_kill(t[i], SIGUSR1), 0, "to thread %d", i);
		await(&handled, 1);
		is(handled_by, tids[i], "which handles it");
	}
	for (int i = 0; i < NR; i++)
		gate_open(&go);
	for (int i = 0; i < NR; i++)
		pthread_join(t[i], NULL);
	/* The join wakes when the thread clears its word, and then it ends. */
	while (syscall(SYS_tgkill, getpid(), tids[0], 0) == 0)
		sched_yield();
	is_errno(syscall(SYS_tgkill, getpid(), tids[0], 0), ESRCH,
	    "a thread that has ended gets none");
}

/* One to the process goes to some thread that does not block it. */
static void *
unblock_and_wait(void *arg)
{
	block(SIG_UNBLOCK, SIGUSR2);
	return wait_at_gate(arg);
}

static void
test_process(void)
{
	pthread_t t;
	pid_t tid;

	signal(SIGUSR2, on_signal);
	block(SIG_BLOCK, SIGUSR2);
	handled = 0;
	kill(getpid(), SIGUSR2);
	is(handled, 0, "blocked by all, it waits");
	t = thread_start(unblock_and_wait, &tid);
	gate_wait(&ready);
	is(handled, 1, "a thread that unblocks it gets it");
	is(handled_by, tid, "as nobody else would");
	for (int i = 2; i <= 5; i++) {
		kill(getpid(), SIGUSR2);
		await(&handled, i);
		is(handled_by, tid, "and the next");
	}
	gate_open(&go);
	pthread_join(t, NULL);
	block(SIG_UNBLOCK, SIGUSR2);
}

/* sigwait in one thread takes what all others block. */
static void *
wait_for_signal(void *arg)
{
	sigset_t set;
	siginfo_t info;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	for (int i = 0; i < 20; i++)
		if (sigwaitinfo(&set, &info) != SIGRTMIN ||
		    info.si_value.sival_int != i)
			return (void *)-1;
	return NULL;
}

static void
test_sigwait(void)
{
	union sigval v;
	pthread_t t;

	block(SIG_BLOCK, SIGRTMIN);
	t = thread_start(wait_for_signal, NULL);
	for (int i = 0; i < 20; i++) {
		v.sival_int = i;
		must(sigqueue(getpid(), SIGRTMIN, v));
	}
	is(thread_join(t), 0, "sigwait takes 20 in order");
}

/* A fault is the faulting thread's. */
static void
on_fault(int sig)
{
	(void)sig;
	handled_by = gettid();
	pthread_exit((void *)77);
}

static void *
fault(void *arg)
{
	*(volatile int *)arg = 1;
	return NULL;
}

static void
test_fault(void)
{
	pthread_t t;

	signal(SIGSEGV, on_fault);
	handled_by = 0;
	t = thread_start(fault, NOWHERE);
	is(thread_join(t), 77,
	    "a thread that faults and leaves by its handler");
	ok(handled_by != getpid() && handled_by != 0, "which it runs itself");
	signal(SIGSEGV, SIG_DFL);
}

/* Stopping stops all, and one continues all. */
static volatile long *progress;

static void *
make_progress(void *arg)
{
	(void)arg;
	for (;;)
		__atomic_add_fetch(progress, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void
many_spin(void)
{
	pthread_t t;

	for (int i = 0; i < 3; i++)
		pthread_create(&t, NULL, make_progress, NULL);
	make_progress(NULL);
}

static void
test_stop(void)
{
	pid_t pid;
	long before;

	progress = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pid = spawn(many_spin);
	while (!*progress)
		sched_yield();
	for (int i = 0; i < 5; i++) {
		must(kill(pid, SIGSTOP));
		must(waitpid(pid, NULL, WUNTRACED));
		before = *progress;
		for (int n = 0; n < 50; n++)
			sched_yield();
		is(*progress, before, "stopped, no thread makes progress");
		must(kill(pid, SIGCONT));
		while (*progress == before)
			sched_yield();
	}
	must(kill(pid, SIGKILL));
	is(wait_status(pid), SIGKILL, "and SIGKILL ends them all");
}

/* Alarms and handlers while threads come and go. */
static void *
nothing(void *arg)
{
	return arg;
}

static void
test_storm(void)
{
	struct itimerval it = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	int good = 0;

	handled = 0;
	must(sigaction(SIGALRM, &sa, NULL));
	must(setitimer(ITIMER_REAL, &it, NULL));
	for (int i = 0; i < 60; i++) {
		pthread_t t;

		if (pthread_create(&t, NULL, nothing, NULL) == 0)
			good += pthread_join(t, NULL) == 0;
	}
	while (handled < 10)
		sched_yield();
	must(setitimer(ITIMER_REAL, &off, NULL));
	is(good, 60, "threads begin and end while alarms come");
}

TEST(thread_signal)
{
	ready = gate_make();
	go = gate_make();
	test_one();
	test_process();
	test_sigwait();
	test_fault();
	test_stop();
	test_storm();
}
