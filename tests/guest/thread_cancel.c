/* Cancellation, which the C library builds on signals. */
#include "thread.h"

#include <time.h>

static struct gate ready;
static volatile int cleaned;

static void
clean(void *arg)
{
	(void)arg;
	cleaned++;
}

static void *
read_for_ever(void *arg)
{
	int fd[2];
	char c;

	must(pipe(fd));
	pthread_cleanup_push(clean, NULL);
	gate_open(&ready);
	(void)!read(fd[0], &c, 1);
	pthread_cleanup_pop(0);
	return arg;
}

static void *
sleep_for_ever(void *arg)
{
	pthread_cleanup_push(clean, NULL);
	gate_open(&ready);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return arg;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void
unlock(void *arg)
{
	cleaned++;
	pthread_mutex_unlock(arg);
}

static void *
wait_for_ever(void *arg)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock, &mutex);
	gate_open(&ready);
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(1);
	return arg;
}

static void *
spin_for_ever(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	gate_open(&ready);
	for (;;)
		;
	return arg;
}

static void
cancel_one(void *(*fn)(void *), const char *what)
{
	pthread_t t;
	void *result = NULL;

	t = thread_start(fn, NULL);
	gate_wait(&ready);
	is(pthread_cancel(t), 0, "cancelling a thread in %s", what);
	is(pthread_join(t, &result), 0, "it ends");
	ok(result == PTHREAD_CANCELED, "as cancelled");
}

static struct gate cancelled;

static void *
not_now(void *arg)
{
	int old;

	(void)arg;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	gate_open(&ready);
	gate_wait(&cancelled);
	return (void *)5;
}

static void *
at_a_point(void *arg)
{
	gate_open(&ready);
	for (volatile int i = 0; i < 1000; i++)
		;
	for (;;)
		pthread_testcancel();
	return arg;
}

TEST(thread_cancel)
{
	pthread_t t;

	ready = gate_make();
	cancelled = gate_make();
	cancel_one(read_for_ever, "read");
	is(cleaned, 1, "its cleanup handler has run");
	cancel_one(sleep_for_ever, "pause");
	is(cleaned, 2, "its cleanup handler too");
	cancel_one(wait_for_ever, "a condition's wait");
	is(cleaned, 3, "and this one's, which unlocks");
	is(pthread_mutex_trylock(&mutex), 0, "so it is unlocked");
	cancel_one(spin_for_ever, "an endless loop");
	cancel_one(at_a_point, "a cancellation point");

	t = thread_start(not_now, NULL);
	gate_wait(&ready);
	is(pthread_cancel(t), 0, "cancelling one that does not want it");
	gate_open(&cancelled);
	is(thread_join(t), 5, "it ends as it likes");
}
