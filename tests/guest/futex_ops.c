/*
 * futex, operation by operation, without the C library in between.
 */
#include "tap.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#define PRIVATE(op) ((op) | FUTEX_PRIVATE_FLAG)

static long
futex(void *addr, int op, uint32_t val, const void *arg, void *addr2,
    uint32_t val3)
{
	return syscall(SYS_futex, addr, op, val, arg, addr2, val3);
}

/* Threads asleep on words: each says how its wait ended. */
struct sleeper {
	pthread_t thread;
	uint32_t *word;
	uint32_t bits;
	int op;
	long result;
	int error;
	pid_t tid;
	int started, ended;
};

static void *
sleep_on(void *arg)
{
	struct sleeper *s = arg;

	s->tid = gettid();
	__atomic_store_n(&s->started, 1, __ATOMIC_SEQ_CST);
	s->result = futex(s->word, s->op, 0, NULL, NULL, s->bits);
	s->error = errno;
	__atomic_store_n(&s->ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* /proc tells when a thread sleeps; until then it may not be in line yet. */
static void
until_asleep(pid_t tid)
{
	char path[64], line[256], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	for (;;) {
		f = fopen(path, "r");
		ensure(f != NULL && fgets(line, sizeof(line), f));
		fclose(f);
		p = strrchr(line, ')');
		ensure(p != NULL);
		if (p[2] == 'S')
			return;
		sched_yield();
	}
}

static void
start(struct sleeper *s, uint32_t *word, int op, uint32_t bits)
{
	*s = (struct sleeper){.word = word, .op = op, .bits = bits};
	ensure(pthread_create(&s->thread, NULL, sleep_on, s) == 0);
	while (!__atomic_load_n(&s->started, __ATOMIC_SEQ_CST))
		sched_yield();
	until_asleep(s->tid);
}

static int
nr_ended(struct sleeper *s, int nr)
{
	int i, ended = 0;

	for (i = 0; i < nr; i++)
		ended += __atomic_load_n(&s[i].ended, __ATOMIC_SEQ_CST);
	return ended;
}

static void
join_all(struct sleeper *s, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		pthread_join(s[i].thread, NULL);
		is(s[i].result, 0, "sleeper %d was woken", i);
	}
}

TEST(futex_errors)
{
	uint32_t word[2] = {5, 0};
	struct timespec bad = {.tv_nsec = 1000000000}, none = {0};
	char *misaligned = (char *)word + 1;

	is_errno(
	    futex(word, FUTEX_WAIT, 6, NULL, NULL, 0), EAGAIN, "another value");
	is_errno(futex(misaligned, FUTEX_WAIT, 5, NULL, NULL, 0), EINVAL,
	    "misaligned wait");
	is_errno(futex(misaligned, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL,
	    "misaligned wake");
	is_errno(futex((void *)16, PRIVATE(FUTEX_WAIT), 0, NULL, NULL, 0),
	    EFAULT, "wait where nothing is");
	is_errno(futex((void *)16, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT,
	    "shared wake where nothing is");
	is_errno(futex((void *)-8ul, PRIVATE(FUTEX_WAKE), 1, NULL, NULL, 0),
	    EFAULT, "wake in the kernel's half");
	is_errno(futex(word, FUTEX_WAIT, 5, &bad, NULL, 0), EINVAL,
	    "a senseless time");
	is_errno(futex(word, FUTEX_WAIT, 5, (void *)8, NULL, 0), EFAULT,
	    "a time that is not there");
	is_errno(futex(word, FUTEX_WAIT, 5, &none, NULL, 0), ETIMEDOUT,
	    "no time at all");
	is_errno(futex(word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0), EINVAL,
	    "wait for no bits");
	is_errno(futex(word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL,
	    "wake no bits");
	is_errno(
	    futex(word, 99, 1, NULL, NULL, 0), ENOSYS, "no such operation");
	is_errno(futex(word, FUTEX_CMP_REQUEUE, -1, NULL, word + 1, 5), EINVAL,
	    "wake less than none");
	is_errno(futex(word, FUTEX_CMP_REQUEUE, 1, (void *)-1l, word + 1, 5),
	    EINVAL, "move less than none");
	is_errno(futex(word, FUTEX_CMP_REQUEUE, 1, (void *)1, word + 1, 6),
	    EAGAIN, "requeue with another value");
	is(futex(word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0, "nobody waits");
}

static int64_t
now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static struct timespec
timespec_of(int64_t ns)
{
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

TEST(futex_timeouts)
{
	static const struct {
		int op;
		clockid_t clock;
		int absolute;
		const char *name;
	} cases[] = {
	    {FUTEX_WAIT, CLOCK_MONOTONIC, 0, "WAIT"},
	    {FUTEX_WAIT_BITSET, CLOCK_MONOTONIC, 1, "WAIT_BITSET"},
	    {FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME, 1,
		"WAIT_BITSET by the real-time clock"},
	};
	const int64_t wait = 20000000;
	uint32_t word = 0;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t begin = now_ns(cases[i].clock);
		struct timespec ts =
		    timespec_of((cases[i].absolute ? begin : 0) + wait);

		is_errno(futex(&word, cases[i].op, 0, &ts, NULL, 1), ETIMEDOUT,
		    "%s ends", cases[i].name);
		ok(now_ns(cases[i].clock) - begin >= wait, "not too early");
		ts = timespec_of(cases[i].absolute ? begin : 0);
		is_errno(futex(&word, cases[i].op, 0, &ts, NULL, 1), ETIMEDOUT,
		    "and at once when it is over");
	}
}

TEST(futex_wake_counts)
{
	struct sleeper s[4];
	uint32_t word = 0;
	int i;

	for (i = 0; i < 4; i++)
		start(&s[i], &word, PRIVATE(FUTEX_WAIT), 0);
	is(futex(&word, PRIVATE(FUTEX_WAKE), 2, NULL, NULL, 0), 2, "two of 4");
	while (nr_ended(s, 4) < 2)
		sched_yield();
	is(nr_ended(s, 4), 2, "and no more");
	is(futex(&word, PRIVATE(FUTEX_WAKE), 9, NULL, NULL, 0), 2, "the rest");
	join_all(s, 4);
}

TEST(futex_bitsets)
{
	struct sleeper s[3];
	uint32_t word = 0;

	start(&s[0], &word, PRIVATE(FUTEX_WAIT_BITSET), 1);
	start(&s[1], &word, PRIVATE(FUTEX_WAIT_BITSET), 2);
	start(&s[2], &word, PRIVATE(FUTEX_WAIT_BITSET), 6);
	is(futex(&word, PRIVATE(FUTEX_WAKE_BITSET), 9, NULL, NULL, 8), 0,
	    "nobody waits for bit 3");
	is(futex(&word, PRIVATE(FUTEX_WAKE_BITSET), 9, NULL, NULL, 4), 1,
	    "one for bit 2");
	is(futex(&word, PRIVATE(FUTEX_WAKE_BITSET), 9, NULL, NULL, 2), 1,
	    "one more for bit 1");
	is(futex(&word, PRIVATE(FUTEX_WAKE), 9, NULL, NULL, 0), 1,
	    "a plain wake is for any bit");
	join_all(s, 3);
}

TEST(futex_requeue)
{
	struct sleeper s[6];
	uint32_t word[2] = {0, 0};
	int i;

	for (i = 0; i < 6; i++)
		start(&s[i], &word[0], PRIVATE(FUTEX_WAIT), 0);
	is(futex(
	       &word[0], PRIVATE(FUTEX_CMP_REQUEUE), 1, (void *)3, &word[1], 0),
	    4, "one woken, three moved");
	is(futex(&word[1], PRIVATE(FUTEX_WAKE), 9, NULL, NULL, 0), 3,
	    "the three are where they were moved");
	is(futex(&word[0], PRIVATE(FUTEX_REQUEUE), 0, (void *)9, &word[0], 0),
	    2, "moving to the same word ends");
	is(futex(&word[0], PRIVATE(FUTEX_REQUEUE), 0, (void *)1, &word[1], 0),
	    1, "one moved without looking");
	is(futex(&word[0], PRIVATE(FUTEX_WAKE), 9, NULL, NULL, 0), 1,
	    "one stayed");
	is(futex(&word[1], PRIVATE(FUTEX_WAKE), 9, NULL, NULL, 0), 1,
	    "one went");
	join_all(s, 6);
}

TEST(futex_wake_op)
{
	struct sleeper s[4];
	uint32_t word[2] = {0, 0};
	uint32_t op =
	    FUTEX_OP_ADD << 28 | (uint32_t)FUTEX_OP_CMP_EQ << 24 | 5 << 12 | 0;

	start(&s[0], &word[0], PRIVATE(FUTEX_WAIT), 0);
	start(&s[1], &word[1], PRIVATE(FUTEX_WAIT), 0);
	start(&s[2], &word[1], PRIVATE(FUTEX_WAIT), 0);
	is(futex(&word[0], PRIVATE(FUTEX_WAKE_OP), 1, (void *)1, &word[1], op),
	    2, "one at each when the comparison holds");
	is(word[1], 5, "5 was added");
	is(futex(&word[0], PRIVATE(FUTEX_WAKE_OP), 1, (void *)1, &word[1], op),
	    0, "none at the second when it does not");
	is(word[1], 10, "5 was added all the same");
	is_errno(futex(&word[0], PRIVATE(FUTEX_WAKE_OP), 1, (void *)1, &word[1],
		     7u << 28),
	    ENOSYS, "no such operation");
	is(futex(&word[1], PRIVATE(FUTEX_WAKE), 9, NULL, NULL, 0), 1,
	    "one was left");
	join_all(s, 3);
}

/* A word in shared memory is one word, wherever it is mapped. */
TEST(futex_shared)
{
	uint32_t *word = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pid_t pid = must(fork());
	int status;

	if (pid == 0) {
		while (futex(word, FUTEX_WAIT, 0, NULL, NULL, 0) != 0)
			if (*word != 0)
				_exit(3);
		_exit(4);
	}
	while (futex(word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
		sched_yield();
	status = wait_status(pid);
	is(status, 4 << 8, "the other process was woken");
}

/* A private word is another word in each process, even at one address. */
TEST(futex_private_is_private)
{
	static uint32_t word;
	struct gate ready = gate_make();
	struct timespec ts = {.tv_nsec = 50000000};
	pid_t pid = must(fork());

	if (pid == 0) {
		gate_open(&ready);
		futex(&word, PRIVATE(FUTEX_WAIT), 0, &ts, NULL, 0);
		_exit(errno == ETIMEDOUT ? 5 : 6);
	}
	gate_wait(&ready);
	is(futex(&word, PRIVATE(FUTEX_WAKE), 9, NULL, NULL, 0), 0,
	    "nobody waits in this process");
	is(wait_status(pid), 5 << 8, "and the other is not woken");
}

static void
nothing(int signo)
{
	(void)signo;
}

static void
interrupt(struct sleeper *s, int flags, const char *what, int woken)
{
	struct sigaction sa = {.sa_handler = nothing, .sa_flags = flags};
	uint32_t word = 0;

	must(sigaction(SIGUSR1, &sa, NULL));
	start(s, &word, PRIVATE(FUTEX_WAIT), 0);
	pthread_kill(s->thread, SIGUSR1);
	if (woken) {
		while (futex(&word, PRIVATE(FUTEX_WAKE), 1, NULL, NULL, 0) == 0)
			sched_yield();
	}
	pthread_join(s->thread, NULL);
	is(s->result, woken ? 0 : -1, "%s", what);
	if (!woken)
		is(s->error, EINTR, "with EINTR");
}

TEST(futex_interrupted)
{
	struct sleeper s;

	interrupt(&s, 0, "a handler ends the wait", 0);
	interrupt(&s, SA_RESTART, "one with SA_RESTART does not", 1);
}
