/*
 * Many threads, few words: a wake-up that got lost would hang these for ever,
 * and the test's time limit would tell.
 */
#include "tap.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define NR_THREADS 8
#define ROUNDS     3000

static long
futex(uint32_t *addr, int op, uint32_t val, long val2, uint32_t *addr2,
    uint32_t val3)
{
	return syscall(SYS_futex, addr, op, val, val2, addr2, val3);
}

/* 0 free, 1 taken, 2 taken and somebody may wait. */
static void
lock(uint32_t *l)
{
	uint32_t was = 0;

	if (__atomic_compare_exchange_n(
		l, &was, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	while (__atomic_exchange_n(l, 2, __ATOMIC_SEQ_CST) != 0)
		futex(l, FUTEX_WAIT, 2, 0, NULL, 0);
}

static void
unlock(uint32_t *l)
{
	if (__atomic_exchange_n(l, 0, __ATOMIC_SEQ_CST) == 2)
		futex(l, FUTEX_WAKE, 1, 0, NULL, 0);
}

static struct shared {
	uint32_t lock;
	uint32_t turn;
	long counter;
} mine;

static void *
count_under_lock(void *arg)
{
	struct shared *s = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		lock(&s->lock);
		s->counter++;
		if (i % 64 == 0)
			sched_yield();
		unlock(&s->lock);
	}
	return NULL;
}

static void
run_threads(void *(*fn)(void *), void *arg)
{
	pthread_t t[NR_THREADS];
	int i;

	for (i = 0; i < NR_THREADS; i++)
		ensure(pthread_create(&t[i], NULL, fn, arg) == 0);
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(t[i], NULL);
}

TEST(futex_storm_lock)
{
	run_threads(count_under_lock, &mine);
	is(mine.counter, NR_THREADS * ROUNDS, "every round was counted");
	is(mine.lock, 0, "the lock is free");
}

TEST(futex_storm_processes)
{
	struct shared *s = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pid_t pid[4];
	int i, good = 0;

	for (i = 0; i < 4; i++) {
		pid[i] = must(fork());
		if (pid[i] == 0) {
			count_under_lock(s);
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++)
		good += wait_status(pid[i]) == 0;
	is(good, 4, "all processes ended");
	is(s->counter, 4 * ROUNDS, "every round was counted");
}

/* A ring of threads, each waking only the next: exactly one may go on. */
static void *
take_turns(void *arg)
{
	uint32_t me = __atomic_fetch_add((uint32_t *)arg, 1, __ATOMIC_SEQ_CST);
	int i;

	for (i = 0; i < ROUNDS / 4; i++) {
		uint32_t want = me + (uint32_t)i * NR_THREADS;
		uint32_t now;

		while ((now = __atomic_load_n(&mine.turn, __ATOMIC_SEQ_CST)) !=
		    want)
			futex(&mine.turn, FUTEX_WAIT_BITSET, now, 0, NULL,
			    1u << me);
		mine.counter++;
		__atomic_store_n(&mine.turn, want + 1, __ATOMIC_SEQ_CST);
		futex(&mine.turn, FUTEX_WAKE_BITSET, INT_MAX, 0, NULL,
		    1u << (me + 1) % NR_THREADS);
	}
	return NULL;
}

TEST(futex_storm_turns)
{
	uint32_t next = 0;

	mine = (struct shared){0};
	run_threads(take_turns, &next);
	is(mine.counter, NR_THREADS * (ROUNDS / 4), "everybody had his turns");
}

/*
 * The C library's own: condition variables with broadcasts, semaphores, a
 * barrier, each with as many threads asleep as there are.
 */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static int generation, arrived;

static void *
meet(void *arg)
{
	int i, mine_too;

	(void)arg;
	for (i = 0; i < ROUNDS / 10; i++) {
		pthread_mutex_lock(&mutex);
		mine_too = generation;
		if (++arrived == NR_THREADS) {
			arrived = 0;
			generation++;
			pthread_cond_broadcast(&cond);
		}
		while (generation == mine_too)
			pthread_cond_wait(&cond, &mutex);
		pthread_mutex_unlock(&mutex);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

TEST(futex_storm_conditions)
{
	ensure(pthread_barrier_init(&barrier, NULL, NR_THREADS) == 0);
	run_threads(meet, NULL);
	is(generation, ROUNDS / 10, "they met every time");
}

static sem_t empty, full;
static long produced, consumed;

static void *
produce_or_consume(void *arg)
{
	int me = __atomic_fetch_add((int *)arg, 1, __ATOMIC_SEQ_CST);
	int i;

	for (i = 0; i < ROUNDS; i++) {
		sem_wait(me % 2 ? &full : &empty);
		__atomic_add_fetch(
		    me % 2 ? &consumed : &produced, 1, __ATOMIC_SEQ_CST);
		sem_post(me % 2 ? &empty : &full);
	}
	return NULL;
}

TEST(futex_storm_semaphores)
{
	int next = 0, left;

	sem_init(&empty, 0, 3);
	sem_init(&full, 0, 0);
	run_threads(produce_or_consume, &next);
	is(produced, NR_THREADS / 2 * ROUNDS, "all was produced");
	is(consumed, produced, "and consumed");
	sem_getvalue(&empty, &left);
	is(left, 3, "three places are empty again");
}

/* Waiting, waking, moving and interrupting all at once on two words. */
static uint32_t words[2];
static int stop;

static void
nothing(int signo)
{
	(void)signo;
}

static void *
wait_anywhere(void *arg)
{
	struct timespec ts = {.tv_nsec = 2000000};
	uint32_t *word = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, word, FUTEX_WAIT, 0, &ts, NULL, 0);
	return NULL;
}

TEST(futex_storm_requeue)
{
	struct sigaction sa = {.sa_handler = nothing};
	pthread_t t[NR_THREADS];
	long moved = 0;
	int i;

	must(sigaction(SIGUSR1, &sa, NULL));
	for (i = 0; i < NR_THREADS; i++)
		ensure(pthread_create(
			   &t[i], NULL, wait_anywhere, &words[i % 2]) == 0);
	for (i = 0; i < ROUNDS; i++) {
		moved += futex(
		    &words[i % 2], FUTEX_REQUEUE, 1, 2, &words[1 - i % 2], 0);
		futex(&words[i % 2], FUTEX_WAKE, 1, 0, NULL, 0);
		if (i % 8 == 0)
			pthread_kill(t[i % NR_THREADS], SIGUSR1);
		if (i % 16 == 0)
			sched_yield();
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(t[i], NULL);
	ok(moved >= 0, "all threads came back");
}
