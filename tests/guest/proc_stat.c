/* /proc/stat: where the harts' time went, and what was counted since boot. */
#include "files.h"

#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>

enum column {
	USER_TIME,
	NICE_TIME,
	SYSTEM_TIME,
	IDLE_TIME,
	IOWAIT_TIME,
	IRQ_TIME,
	NR_COLUMNS = 10,
};

struct stat_file {
	long all[NR_COLUMNS];
	long sum[NR_COLUMNS]; /* of the processors one by one */
	int nr_cpus;
	long intr, ctxt, btime, processes, running, blocked;
};

static char text[65536];

static void
slurp(void)
{
	int fd = must(open("/proc/stat", O_RDONLY));
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	ensure(n == 0);
	text[len] = '\0';
	close(fd);
}

static long
value(const char *key)
{
	char *line;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, strlen(key)) &&
		    line[strlen(key)] == ' ')
			return strtol(line + strlen(key), NULL, 10);
	}
	return -1;
}

/* The columns behind the first word; false if there are others than ten. */
static bool
columns(const char *line, long *out)
{
	int i;

	line += strcspn(line, " ");
	for (i = 0; i < NR_COLUMNS; i++) {
		char *end;

		out[i] = strtol(line, &end, 10);
		if (end == line || out[i] < 0)
			return false;
		line = end;
	}
	return *line == '\n';
}

static bool
read_stat(struct stat_file *s)
{
	long one[NR_COLUMNS];
	char *line;
	int i;

	slurp();
	memset(s, 0, sizeof(*s));
	if (strncmp(text, "cpu  ", 5) || !columns(text, s->all))
		return false;
	line = strchr(text, '\n') + 1;
	for (; !strncmp(line, "cpu", 3); line = strchr(line, '\n') + 1) {
		if (!columns(line, one))
			return false;
		for (i = 0; i < NR_COLUMNS; i++)
			s->sum[i] += one[i];
		s->nr_cpus++;
	}
	s->intr = value("intr");
	s->ctxt = value("ctxt");
	s->btime = value("btime");
	s->processes = value("processes");
	s->running = value("procs_running");
	s->blocked = value("procs_blocked");
	return true;
}

static struct stat_file
look(void)
{
	struct stat_file s;

	ensure(read_stat(&s));
	return s;
}

static void
shape(void)
{
	struct stat_file s;
	int i;

	ok(read_stat(&s), "ten columns for all and for each processor");
	is(s.nr_cpus, sysconf(_SC_NPROCESSORS_ONLN), "of which there are");
	for (i = 0; i < NR_COLUMNS; i++) {
		long off = s.all[i] - s.sum[i];

		/* Each is rounded, and idle goes on meanwhile. */
		ok(off >= -2 && off <= s.nr_cpus + 2,
		    "column %d of all is the sum of each: %ld, %ld", i,
		    s.all[i], s.sum[i]);
	}
	ok(s.running >= 1, "who asks runs");
	ok(s.blocked >= 0, "some number waits for a disk");
}

/* Forks, switches and interrupts are counted; the time of boot stays. */
static void
counts(void)
{
	struct stat_file a = look(), b;
	struct timespec now, up;
	struct gate to = gate_make(), back = gate_make();
	pid_t child = must(fork());
	int i;

	if (child == 0) {
		for (i = 0; i < 100; i++) {
			gate_wait(&to);
			gate_open(&back);
		}
		_exit(0);
	}
	for (i = 0; i < 100; i++) {
		gate_open(&to);
		gate_wait(&back);
	}
	wait_status(child);
	b = look();
	ok(b.processes > a.processes, "a fork is counted");
	ok(b.ctxt >= a.ctxt + 100, "and what was switched: %ld",
	    b.ctxt - a.ctxt);
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	is(b.btime, a.btime, "the time of boot stays");
	ok(labs(now.tv_sec - up.tv_sec - b.btime) <= 1, "and is right");
}

/* Uses up so many ticks of this process's own user or system time. */
static void
burn(bool user, long ticks)
{
	static char buf[65536];
	struct tms t;
	int fd = must(open("/dev/zero", O_RDONLY));
	volatile int i;
	long spent, from;

	times(&t);
	from = user ? t.tms_utime : t.tms_stime;
	do {
		if (user)
			for (i = 0; i < 100000; i++)
				continue;
		else
			must(read(fd, buf, sizeof(buf)));
		times(&t);
		spent = (user ? t.tms_utime : t.tms_stime) - from;
	} while (spent < ticks);
	close(fd);
}

/*
 * Linux looks at what runs now and then, so of so many ticks that this process
 * has used a column may have had more or less: it is given some time.
 */
#define TICKS  10
#define ENOUGH 20
#define ROUNDS 50

static struct stat_file
burn_until_seen(bool user, int column, const struct stat_file *since)
{
	struct stat_file s;
	int i = 0;

	do {
		burn(user, TICKS);
		s = look();
	} while (s.all[column] - since->all[column] < ENOUGH && ++i < ROUNDS);
	return s;
}

static void
kinds(void)
{
	struct stat_file a = look(), b, c, d, e;
	struct tms before, after;

	times(&before);
	b = burn_until_seen(true, USER_TIME, &a);
	ok(b.all[USER_TIME] - a.all[USER_TIME] >= ENOUGH, "user time: %ld",
	    b.all[USER_TIME] - a.all[USER_TIME]);
	ok(b.all[NICE_TIME] - a.all[NICE_TIME] <= 2, "nobody was nice");
	c = burn_until_seen(false, SYSTEM_TIME, &b);
	ok(c.all[SYSTEM_TIME] - b.all[SYSTEM_TIME] >= ENOUGH,
	    "system time: %ld", c.all[SYSTEM_TIME] - b.all[SYSTEM_TIME]);
	times(&after);
	e = look();
	/* Linux samples, and a busy host takes samples away; calf measures. */
	if (access("/proc/calf/stat", F_OK) == 0) {
		ok(e.all[USER_TIME] - a.all[USER_TIME] >=
			after.tms_utime - before.tms_utime - 2,
		    "user time is at least what times says");
		ok(e.all[SYSTEM_TIME] - a.all[SYSTEM_TIME] >=
			after.tms_stime - before.tms_stime - 2,
		    "and system time");
	}
	must(setpriority(PRIO_PROCESS, 0, 5));
	d = burn_until_seen(true, NICE_TIME, &c);
	ok(d.all[NICE_TIME] - c.all[NICE_TIME] >= ENOUGH,
	    "user time of who is nice: %ld",
	    d.all[NICE_TIME] - c.all[NICE_TIME]);
	ok(d.all[USER_TIME] - c.all[USER_TIME] <= ENOUGH / 2,
	    "is not user time: %ld", d.all[USER_TIME] - c.all[USER_TIME]);
	ok(d.intr > a.intr, "there were interrupts");
}

static long
total(const struct stat_file *s)
{
	long sum = 0;
	int i;

	for (i = 0; i < NR_COLUMNS; i++)
		sum += s->all[i];
	return sum;
}

/* Nobody runs: all harts are idle, also those that sleep on. */
static void
idle(void)
{
	struct timespec half = {0, 500000000}, from, to;
	struct stat_file a, b;
	long passed;

	clock_gettime(CLOCK_MONOTONIC, &from);
	a = look();
	nanosleep(&half, NULL);
	b = look();
	clock_gettime(CLOCK_MONOTONIC, &to);
	passed = (to.tv_sec - from.tv_sec) * 100 +
	    (to.tv_nsec - from.tv_nsec) / 10000000;
	ok(b.all[IDLE_TIME] - a.all[IDLE_TIME] >= 40 * a.nr_cpus,
	    "half a second of each: %ld", b.all[IDLE_TIME] - a.all[IDLE_TIME]);
	ok(total(&b) - total(&a) <= (passed + 4) * a.nr_cpus + NR_COLUMNS,
	    "and no more than there was: %ld in %ld", total(&b) - total(&a),
	    passed);
}

/* No column ever becomes less while others look and the harts work. */
static void
monotonic(void)
{
	struct stat_file a = look(), b;
	bool less = false;
	int i, n;

	for (n = 0; n < 300; n++) {
		if (n % 30 == 0)
			wait_status(must(spawn(shape)));
		b = look();
		for (i = 0; i <= IRQ_TIME; i++)
			less |= b.all[i] < a.all[i] && i != IOWAIT_TIME;
		a = b;
	}
	ok(!less, "no time goes back");
}

TEST(proc_stat)
{
	shape();
	counts();
	kinds();
	idle();
	monotonic();
}
