/* What the tests of threads have in common. */
#ifndef GUEST_THREAD_H
#define GUEST_THREAD_H

#include "tap.h"

#include <pthread.h>
#include <sched.h>

static inline pthread_t
thread_start(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	ensure(pthread_create(&t, NULL, fn, arg) == 0);
	return t;
}

/* Waits for a thread's end; what it returned, as a number. */
static inline long
thread_join(pthread_t t)
{
	void *result = NULL;

	ensure(pthread_join(t, &result) == 0);
	return (long)result;
}

#endif
