/* Mutexes, conditions, barriers, read-write locks, semaphores: 8 threads. */
#include "thread.h"

#include <semaphore.h>
#include <time.h>

#define NR 8

static pthread_t threads[NR];

static void
start(void *(*fn)(void *))
{
	for (long i = 0; i < NR; i++)
		if (pthread_create(&threads[i], NULL, fn, (void *)i))
			abort();
}

static void
finish(void)
{
	for (int i = 0; i < NR; i++)
		pthread_join(threads[i], NULL);
}

/* ------------------------------------------------ mutexes */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;

static void *
count(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		if (i % 100 == 0)
			sched_yield();
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static void
test_mutex(void)
{
	pthread_mutex_t checked;
	pthread_mutexattr_t attr;
	struct timespec ts;

	start(count);
	finish();
	is(counter, NR * 1000, "a mutex guards a counter");
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&checked, &attr);
	pthread_mutex_lock(&checked);
	is(pthread_mutex_lock(&checked), EDEADLK, "locking it twice");
	pthread_mutex_unlock(&checked);
	is(pthread_mutex_unlock(&checked), EPERM, "unlocking it twice");
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&checked, &attr);
	pthread_mutex_lock(&checked);
	is(pthread_mutex_lock(&checked), 0, "a recursive one");
	pthread_mutex_lock(&mutex);
	is(pthread_mutex_trylock(&mutex), EBUSY, "trylock");
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 10000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	is(pthread_mutex_timedlock(&mutex, &ts), ETIMEDOUT, "timedlock");
	pthread_mutex_unlock(&mutex);
}

/* ------------------------------------------------ conditions */

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn, turns_taken, waiting, released;

static void *
take_turns(void *arg)
{
	long self = (long)arg;

	for (int round = 0; round < 10; round++) {
		pthread_mutex_lock(&mutex);
		while (turn != self)
			pthread_cond_wait(&cond, &mutex);
		turn = (turn + 1) % NR;
		turns_taken++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void *
wait_release(void *arg)
{
	pthread_mutex_lock(&mutex);
	waiting++;
	while (released == 0)
		pthread_cond_wait(&cond, &mutex);
	released--;
	waiting--;
	pthread_mutex_unlock(&mutex);
	return arg;
}

static int
waiters(void)
{
	int n;

	pthread_mutex_lock(&mutex);
	n = waiting;
	pthread_mutex_unlock(&mutex);
	return n;
}

static void
test_condition(void)
{
	struct timespec ts;

	start(take_turns);
	finish();
	is(turns_taken, NR * 10, "threads take turns by a condition");
	start(wait_release);
	while (waiters() < NR)
		sched_yield();
	for (int i = NR - 1; i >= 0; i--) {
		pthread_mutex_lock(&mutex);
		released++;
		pthread_cond_signal(&cond);
		pthread_mutex_unlock(&mutex);
		while (waiters() > i)
			sched_yield();
	}
	finish();
	ok(true, "each signal wakes one");
	clock_gettime(CLOCK_REALTIME, &ts);
	pthread_mutex_lock(&mutex);
	is(pthread_cond_timedwait(&cond, &mutex, &ts), ETIMEDOUT,
	    "waiting until now");
	pthread_mutex_unlock(&mutex);
}

/* ------------------------------------------------ barriers and the rest */

static pthread_barrier_t barrier;
static int arrived[20], serial, early;

static void *
meet(void *arg)
{
	for (int round = 0; round < 20; round++) {
		__atomic_add_fetch(&arrived[round], 1, __ATOMIC_SEQ_CST);
		if (pthread_barrier_wait(&barrier) ==
		    PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&arrived[round], __ATOMIC_SEQ_CST) != NR)
			__atomic_add_fetch(&early, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void
test_barrier(void)
{
	pthread_barrier_init(&barrier, NULL, NR);
	start(meet);
	finish();
	is(early, 0, "nobody leaves a barrier before all have come");
	is(serial, 20, "and one of them is told so each time");
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static volatile int pair[2], torn;

static void *
read_or_write(void *arg)
{
	for (int i = 0; i < 200; i++) {
		if ((long)arg < 2) {
			pthread_rwlock_wrlock(&rwlock);
			pair[0]++;
			sched_yield();
			pair[1]++;
		} else {
			pthread_rwlock_rdlock(&rwlock);
			if (pair[0] != pair[1])
				torn = 1;
		}
		pthread_rwlock_unlock(&rwlock);
	}
	return NULL;
}

static void
test_rwlock(void)
{
	start(read_or_write);
	finish();
	is(pair[0], 400, "two writers");
	is(torn, 0, "and six readers, who see nothing half done");
	pthread_rwlock_rdlock(&rwlock);
	is(pthread_rwlock_tryrdlock(&rwlock), 0, "many may read");
	is(pthread_rwlock_trywrlock(&rwlock), EBUSY, "nobody write meanwhile");
}

static sem_t items, room;
static int box[4], put, taken, total;

static void *
produce_consume(void *arg)
{
	for (int i = 1; i <= 40; i++) {
		sem_t *get = (long)arg % 2 ? &items : &room;
		sem_t *give = (long)arg % 2 ? &room : &items;

		while (sem_wait(get))
			;
		pthread_mutex_lock(&mutex);
		if ((long)arg % 2)
			total += box[taken++ % 4];
		else
			box[put++ % 4] = i;
		pthread_mutex_unlock(&mutex);
		sem_post(give);
	}
	return NULL;
}

static void
test_semaphore(void)
{
	sem_init(&items, 0, 0);
	sem_init(&room, 0, 4);
	start(produce_consume);
	finish();
	is(total, NR / 2 * 40 * 41 / 2, "what is put into a box is taken out");
	is_errno(sem_trywait(&items), EAGAIN, "it is empty");
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_runs;

static void
run_once(void)
{
	sched_yield();
	once_runs++;
}

static void *
call_once(void *arg)
{
	pthread_once(&once, run_once);
	return arg;
}

static void
test_once(void)
{
	start(call_once);
	finish();
	is(once_runs, 1, "pthread_once");
}

TEST(thread_lock)
{
	test_mutex();
	test_condition();
	test_barrier();
	test_rwlock();
	test_semaphore();
	test_once();
}
