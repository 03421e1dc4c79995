/* On which processors one runs, and how one gives way. */
#include "tap.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

/* Enough for any machine that this runs on. */
static unsigned long mask[16];

static long
get_mask(pid_t pid, unsigned size)
{
	memset(mask, 0, sizeof(mask));
	return syscall(SYS_sched_getaffinity, pid, size, mask);
}

static long
set_mask(pid_t pid, unsigned long bits)
{
	unsigned long set[16] = {bits};

	return syscall(SYS_sched_setaffinity, pid, sizeof(set), set);
}

static int
current_cpu(void)
{
	unsigned cpu = -1;

	must(syscall(SYS_getcpu, &cpu, NULL, NULL));
	return cpu;
}

static unsigned long all;

static void
test_get(void)
{
	long n = get_mask(0, sizeof(mask));

	ok(n > 0 && n % 8 == 0, "sched_getaffinity says how many bytes");
	ok(mask[0] & 1, "processor 0 is among them");
	is(__builtin_popcountl(mask[0]), sysconf(_SC_NPROCESSORS_ONLN),
	    "as many as there are");
	all = mask[0];
	is(get_mask(getpid(), sizeof(mask)), n, "by number");
	is(mask[0], all, "the same");
	is_errno(get_mask(1 << 30, sizeof(mask)), ESRCH, "nobody's");
	is_errno(get_mask(0, 1), EINVAL, "too small a mask");
	is_errno(get_mask(0, 12), EINVAL, "not a number of words");
	is_errno(syscall(SYS_sched_getaffinity, 0, 128, NOWHERE), EFAULT,
	    "to nowhere");
}

static void
test_set(void)
{
	for (int cpu = 0; cpu < 64; cpu++) {
		if (!(all >> cpu & 1))
			continue;
		is(set_mask(0, 1ul << cpu), 0, "only processor %d", cpu);
		is(current_cpu(), cpu, "is where we are");
		get_mask(0, sizeof(mask));
		is(mask[0], 1l << cpu, "as the mask says");
	}
	if (must(fork()) == 0) {
		unsigned long ours = mask[0];

		get_mask(0, sizeof(mask));
		is(mask[0], ours, "a child may run where its parent may");
		is(set_mask(0, all), 0, "and change that");
		_exit(0);
	}
	wait(NULL);
	is_errno(set_mask(0, 0), EINVAL, "nowhere");
	is_errno(set_mask(0, 1ul << 63), EINVAL, "where no processor is");
	is(set_mask(0, ~0ul), 0, "everywhere");
	get_mask(0, sizeof(mask));
	is(mask[0], all, "is where there are some");
	is_errno(set_mask(1 << 30, 1), ESRCH, "nobody");
	is_errno(syscall(SYS_sched_setaffinity, 0, 128, NOWHERE), EFAULT,
	    "from nowhere");
	is(set_mask(0, all), 0, "as it was");
}

static void
test_getcpu(void)
{
	unsigned cpu = -1, node = -1;

	is(syscall(SYS_getcpu, &cpu, &node, NULL), 0, "getcpu");
	ok(all >> cpu & 1, "a processor that there is");
	is(node, 0, "of the only node");
	is(syscall(SYS_getcpu, NULL, NULL, NULL), 0, "nobody need ask");
	is_errno(syscall(SYS_getcpu, NOWHERE, NULL, NULL), EFAULT, "nowhere");
	is_errno(syscall(SYS_getcpu, &cpu, NOWHERE, NULL), EFAULT, "nowhere");
	ok(sched_getcpu() >= 0, "by the C library");
}

/* Two on one processor both come to run, and one that gives way returns. */
static void
test_sharing(void)
{
	volatile int *turn = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	enum {
		TURNS = 200
	};
	pid_t pid;

	must(set_mask(0, 1));
	pid = must(fork());
	if (pid == 0) {
		for (int i = 0; i < TURNS; i++) {
			while (*turn != 2 * i)
				sched_yield();
			*turn = 2 * i + 1;
		}
		_exit(0);
	}
	for (int i = 0; i < TURNS; i++) {
		while (*turn != 2 * i + 1)
			sched_yield();
		*turn = 2 * i + 2;
	}
	is(wait_status(pid), 0, "two take turns on one processor by yielding");

	*turn = 0;
	pid = must(fork());
	if (pid == 0) {
		*turn = 1;
		while (*turn == 1)
			;
		_exit(0);
	}
	while (*turn == 0)
		;
	*turn = 2;
	is(wait_status(pid), 0, "and without, for each must let the other run");
	must(set_mask(0, all));
	is(sched_yield(), 0, "sched_yield");
}

TEST(proc_sched)
{
	test_get();
	test_set();
	test_getcpu();
	test_sharing();
}

/* ---- moved while it is woken -------------------------------------------- */

#define ROUNDS 1500

struct rounds {
	atomic_int mover; /* which round has begun, for each */
	atomic_int waker;
	int to_sleeper[2];
	int from_sleeper[2];
};

static void
sleeper(struct rounds *r)
{
	char c;

	while (read(r->to_sleeper[0], &c, 1) == 1 && c != 'e')
		ensure(write(r->from_sleeper[1], &c, 1) == 1);
	_exit(0);
}

/* It sleeps, and may run on processor 0 only when the round begins. */
static void
mover(struct rounds *r, pid_t pid)
{
	for (int n = 1; n <= ROUNDS; n++) {
		while (r->mover < n)
			sched_yield();
		for (volatile int i = 0; i < n % 128; i++)
			;
		ensure(set_mask(pid, 2) == 0);
	}
	_exit(0);
}

static void
waker(struct rounds *r)
{
	for (int n = 1; n <= ROUNDS; n++) {
		while (r->waker < n)
			sched_yield();
		ensure(write(r->to_sleeper[1], "x", 1) == 1);
	}
	_exit(0);
}

/*
 * One thread wakes a third, which belongs on one processor, and another moves
 * it to a second one at the same moment: it comes to run there.
 */
TEST(proc_sched_move)
{
	struct rounds *r = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pid_t asleep, moves, wakes;
	bool came = true;
	char c;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		skip("there is one processor");
		return;
	}
	must(pipe(r->to_sleeper));
	must(pipe(r->from_sleeper));
	asleep = must(fork());
	if (asleep == 0)
		sleeper(r);
	moves = must(fork());
	if (moves == 0)
		mover(r, asleep);
	wakes = must(fork());
	if (wakes == 0)
		waker(r);
	for (int n = 1; n <= ROUNDS && came; n++) {
		ensure(set_mask(asleep, 1) == 0);
		r->mover = n;
		r->waker = n;
		came = read(r->from_sleeper[0], &c, 1) == 1;
	}
	ok(came, "who is moved while he is woken comes to run");
	is(wait_status(moves), 0, "who moves him comes to an end");
	is(wait_status(wakes), 0, "and who wakes him");
	ensure(write(r->to_sleeper[1], "e", 1) == 1);
	is(wait_status(asleep), 0, "and he himself");
}

/* ---- the others sleep ---------------------------------------------------- */

/* Ticks of a hundredth of a second for which all but processor 0 were idle. */
static unsigned long
idle_ticks(void)
{
	unsigned long idle, wait, sum = 0;
	char line[256];
	FILE *f = fopen("/proc/stat", "r");
	int cpu;

	ensure(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "cpu%d %*u %*u %*u %lu %lu", &cpu, &idle,
			&wait) == 3 &&
		    cpu > 0)
			sum += idle + wait;
	fclose(f);
	return sum;
}

/*
 * Two want processor 0, and one of them always waits for it: that is no work
 * for the others, which sleep.
 */
TEST(proc_sched_pinned)
{
	const struct timespec second = {1, 0};
	long others = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	unsigned long before, after;
	pid_t hogs[2];

	if (others < 1) {
		skip("there is one processor");
		return;
	}
	for (int i = 0; i < 2; i++) {
		hogs[i] = must(fork());
		if (hogs[i] > 0)
			continue;
		set_mask(0, 1);
		for (;;)
			;
	}
	/* Each of the others wakes once, and goes to sleep again. */
	for (int cpu = 1; cpu <= others; cpu++)
		must(set_mask(0, 1ul << cpu));
	before = idle_ticks();
	must(nanosleep(&second, NULL));
	after = idle_ticks();
	note("%lu ticks of %ld", after - before, 100 * others);
	ok(after - before >= 100ul * others / 2,
	    "processors with nothing to do are idle");
	for (int i = 0; i < 2; i++) {
		must(kill(hogs[i], SIGKILL));
		is(wait_status(hogs[i]), SIGKILL, "what ran is killed");
	}
}
