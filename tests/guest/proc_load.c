/* What a machine says of its load: /proc/loadavg and sysinfo. */
#include "files.h"

#include <sys/prctl.h>
#include <sys/sysinfo.h>

#define NR_BUSY 5

/* What 1.00 is in sysinfo's loads. */
static const double one = 1 << SI_LOAD_SHIFT;

struct load {
	double of[3];
	int running, tasks, last;
};

static bool
read_load(struct load *l)
{
	char buf[128];
	int fd = must(open("/proc/loadavg", O_RDONLY));
	ssize_t n = must(read(fd, buf, sizeof(buf) - 1));

	close(fd);
	buf[n] = '\0';
	if (n == 0 || buf[n - 1] != '\n')
		return false;
	return sscanf(buf, "%lf %lf %lf %d/%d %d", &l->of[0], &l->of[1],
		   &l->of[2], &l->running, &l->tasks, &l->last) == 6;
}

static struct sysinfo
info(void)
{
	struct sysinfo i;

	must(sysinfo(&i));
	return i;
}

static bool
same_loads(const struct sysinfo *a, const struct sysinfo *b)
{
	return !memcmp(a->loads, b->loads, sizeof(a->loads));
}

/* Both ways of asking say the same while nothing changes in between. */
static void
both_agree(void)
{
	struct sysinfo before, after;
	struct load l;
	int i;

	do {
		before = info();
		ensure(read_load(&l));
		after = info();
	} while (!same_loads(&before, &after));
	for (i = 0; i < 3; i++) {
		double diff = l.of[i] - before.loads[i] / one;

		ok(diff < 0.0101 && -diff < 0.0101,
		    "load %d is sysinfo's, to two digits", i);
	}
}

static void
counts(void)
{
	struct gate go = gate_make();
	struct load before, after;
	pid_t child;

	ok(read_load(&before), "/proc/loadavg has its six figures");
	ok(before.running >= 1, "who asks runs");
	ok(before.running <= before.tasks, "what runs is there");
	child = must(fork());
	if (child == 0) {
		gate_wait(&go);
		_exit(0);
	}
	ensure(read_load(&after));
	ok(after.tasks > before.tasks, "a child is one more");
	ok(after.last >= child, "the last number is the child's, or later");
	gate_open(&go);
	wait_status(child);
	gate_close(&go);
}

/* A process that never waits, and ends with its parent. */
static pid_t
busy(void)
{
	pid_t pid = must(fork());

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		__asm__ volatile("");
}

/*
 * The step from one average to the next: with so many that run, up to a few
 * more that the system has of its own.
 */
static void
is_step(const struct sysinfo *from, const struct sysinfo *to)
{
	static const double factors[] = {0.92004, 0.98347, 0.99446};
	int i;

	for (i = 0; i < 3; i++) {
		double old = from->loads[i] / one, new = to->loads[i] / one;
		double f = factors[i];
		double least = old * f + NR_BUSY * (1 - f);
		double most = old * f + (NR_BUSY + 6) * (1 - f);

		/* Numbers of eleven bits, rounded. */
		ok(new > least - 0.006 && new < most + 0.006,
		    "load %d goes from %.4f to %.4f, within %.4f and %.4f", i,
		    old, new, least, most);
	}
}

static void
averages(void)
{
	pid_t pids[NR_BUSY];
	struct sysinfo first, second, third;
	struct load l;
	int i;

	for (i = 0; i < NR_BUSY; i++)
		pids[i] = busy();
	ensure(read_load(&l));
	ok(l.running >= NR_BUSY, "all that are busy count as running: %d",
	    l.running);
	first = info();
	do
		second = info();
	while (same_loads(&first, &second));
	do
		third = info();
	while (same_loads(&second, &third));
	is_step(&second, &third);
	for (i = 0; i < NR_BUSY; i++) {
		kill(pids[i], SIGKILL);
		wait_status(pids[i]);
	}
}

TEST(proc_load)
{
	counts();
	both_agree();
	averages();
	both_agree();
}
