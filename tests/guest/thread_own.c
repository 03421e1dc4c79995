/* What each thread has for itself: variables, errno, mask, float state. */
#include "thread.h"

#include <fenv.h>

#define NR 8

static __thread long initialised = 42;
static __thread char zeroed[5000];
static pthread_key_t key;
static int destroyed;

static void
destroy(void *value)
{
	__atomic_add_fetch(&destroyed, (int)(long)value, __ATOMIC_SEQ_CST);
}

static void *
use_locals(void *arg)
{
	long self = (long)arg;
	long bad = initialised != 42;

	for (size_t i = 0; i < sizeof(zeroed); i++)
		bad += zeroed[i] != 0;
	initialised = self;
	memset(zeroed, self, sizeof(zeroed));
	errno = 1000 + self;
	pthread_setspecific(key, (void *)self);
	for (int i = 0; i < 100; i++) {
		sched_yield();
		bad += initialised != self || zeroed[i] != self ||
		    errno != 1000 + self ||
		    pthread_getspecific(key) != (void *)self;
	}
	return (void *)bad;
}

static void
test_variables(void)
{
	pthread_t t[NR];
	long bad = 0;

	pthread_key_create(&key, destroy);
	for (long i = 0; i < NR; i++)
		t[i] = thread_start(use_locals, (void *)(i + 1));
	for (int i = 0; i < NR; i++)
		bad += thread_join(t[i]);
	is(bad, 0, "each thread's variables and errno are its own");
	is(initialised, 42, "the first thread's, too");
	is(destroyed, NR * (NR + 1) / 2, "destructors of keys have run");
}

static void *
look_at_mask(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	if (!sigismember(&set, SIGUSR1))
		return NULL;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	return arg;
}

static void
test_mask(void)
{
	sigset_t set;
	pthread_t t;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	t = thread_start(look_at_mask, (void *)1);
	is(thread_join(t), 1, "a thread begins with its creator's mask");
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	ok(sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2),
	    "and changes its own");
	sigemptyset(&set);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void *
hold_float(void *arg)
{
	static const int modes[] = {
	    FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
	int mode = modes[(long)arg % 4];
	double x = (long)arg, y = x * 3, z = x / 7;
	long bad = 0;

	fesetround(mode);
	for (int i = 0; i < 200; i++) {
		sched_yield();
		__asm__ volatile("" : "+m"(x), "+m"(y), "+m"(z));
		bad += fegetround() != mode || x != (long)arg || y != x * 3;
	}
	return (void *)bad;
}

static void
test_float(void)
{
	pthread_t t[NR];
	long bad = 0;

	for (long i = 0; i < NR; i++)
		t[i] = thread_start(hold_float, (void *)i);
	for (int i = 0; i < NR; i++)
		bad += thread_join(t[i]);
	is(bad, 0, "float registers and rounding");
}

static void *
own_stack(void *arg)
{
	stack_t ss = {.ss_sp = arg, .ss_size = 65536}, old;

	sigaltstack(NULL, &old);
	if (old.ss_flags != SS_DISABLE)
		return (void *)1;
	return (void *)(long)sigaltstack(&ss, NULL);
}

static void
test_altstack(void)
{
	static char a[65536], b[65536];
	stack_t ss = {.ss_sp = a, .ss_size = sizeof(a)}, now;
	pthread_t t;

	must(sigaltstack(&ss, NULL));
	t = thread_start(own_stack, b);
	is(thread_join(t), 0, "a thread begins without an alternate stack");
	must(sigaltstack(NULL, &now));
	ok(now.ss_sp == a, "and the one it sets is its own");
}

/* Deep recursion on a thread's stack, and its guard below. */
static volatile bool forever = true;

static int
dig(int left)
{
	volatile char buf[1024];

	buf[0] = 1;
	return left > 0 ? dig(left - 1) + buf[0] : 0;
}

static void *
dig_far(void *arg)
{
	return (void *)(long)dig((int)(long)arg);
}

static void
dig_too_far(void)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	if (forever)
		pthread_create(&t, &attr, dig_far, (void *)100000);
	pthread_join(t, NULL);
}

static void
test_stack(void)
{
	pthread_t t;

	t = thread_start(dig_far, (void *)6000);
	is(thread_join(t), 6000, "6 MiB of a thread's stack");
	dies(SIGSEGV, dig_too_far, "its guard stops a thread");
}

TEST_NEEDS(thread_own, 12)
{
	test_variables();
	test_mask();
	test_float();
	test_altstack();
	test_stack();
}
