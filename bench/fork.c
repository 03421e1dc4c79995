/*
 * fork: what copy-on-write fork costs, in instructions and in memory.
 *
 *	fork [SECTION...]	all sections, or those named
 *
 * A plain static Linux program.  It is meant for `qemu -icount shift=0` with
 * one hart, where one instruction takes one virtual nanosecond: what it calls
 * instructions are nanoseconds of CLOCK_MONOTONIC.  For each figure it prints a
 * line `NAME VALUE UNIT`, all of them at the end, so that no output is under
 * way in a timed part.  bench/fork.tbl says in words what each figure is.
 *
 * How the figures are got:
 *
 * - The counter below the clock steps every 100 ns.  A batch is as many samples
 *   as make its time a thousand steps, and their beginnings are spread over a
 *   step, so that the steps average out; the figure is the median of the means
 *   of the batches.  Where getting ready takes long, a batch is what fits into
 *   BATCH_NS; if not even one does, the figure is the median of three samples.
 * - Reading the clock costs something.  That is measured first and taken off
 *   each sample.  Loops over pages are not taken off: three instructions a
 *   page, the access among them.
 * - Each section runs in a process of its own, after an exec, at addresses that
 *   are not randomised, and two virtual seconds after the program began: a
 *   Linux that has just booted still has work to do.
 * - The stack is moved to the middle of a page, so that what is timed writes to
 *   one page of it, whatever lies above.
 * - Memory that is "touched" has had a byte a page written since the fork
 *   before, also between samples.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE     4096L
#define MIB      (1L << 20)
#define GIB      (1L << 30)
#define TABLE    (2 * MIB) /* what a level-0 table maps */
#define SETTLE_S 2

/* Mapped from here, a region shares no level-1 table with anything else. */
#define APART ((char *)(64 * GIB))

static long
must(long result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

/* ---- time and samples -----------------------------------------------------
 */

#define STEP_NS     100L
#define BATCH_STEPS 1000L      /* for an error of a tenth of a percent */
#define BATCH_NS    200000000L /* arbitrary: what a person will wait for */
#define MAX_BATCH   200L
#define NR_BATCHES  5

static long clock_cost;

static long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* Begins a timed part, each time at another place within the clock's step. */
static long
start(void)
{
	static unsigned long nth;
	/* Two instructions a round; 37 and 50 have no common divisor. */
	unsigned long rounds = nth++ * 37 % (STEP_NS / 2) + 1;

	__asm__ volatile("1: addi %0, %0, -1; bnez %0, 1b" : "+r"(rounds));
	return now();
}

/* Ends it: what it took. */
static long
stop(long started)
{
	return now() - started - clock_cost;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One sample, which gets itself ready; less than 0 says that it was spoilt. */
typedef long sample(long arg);

static long
good_sample(sample *s, long arg)
{
	for (int tries = 0; tries < 100; tries++) {
		long ns = s(arg);

		if (ns >= 0)
			return ns;
	}
	errx(1, "no good sample among a hundred");
}

static double
median(double *values, int n)
{
	qsort(values, n, sizeof(values[0]), compare);
	return values[n / 2];
}

/* How many samples a batch is, if one takes whole and timed of that is timed.
 */
static long
batch_size(long timed, long whole)
{
	long n = BATCH_STEPS * STEP_NS / (timed + 1) + 1;

	if (n > MAX_BATCH)
		n = MAX_BATCH;
	if (n > BATCH_NS / whole)
		n = BATCH_NS / whole;
	return n;
}

static double
mean(sample *s, long arg, long n)
{
	double sum = 0;

	for (long i = 0; i < n; i++)
		sum += good_sample(s, arg);
	return sum / n;
}

static double
measure(sample *s, long arg)
{
	double means[NR_BATCHES];
	long n, began = now();

	means[0] = good_sample(s, arg);
	n = batch_size((long)means[0], now() - began);
	if (n > 0) {
		for (int i = 0; i < NR_BATCHES; i++)
			means[i] = mean(s, arg, n);
		return median(means, NR_BATCHES);
	}
	/* Long ones: the first counts, and two more do. */
	means[1] = mean(s, arg, 1);
	means[2] = mean(s, arg, 1);
	return median(means, 3);
}

static long
sample_clock(long arg)
{
	long started = start();

	(void)arg;
	return now() - started;
}

static double
report(const char *name, double value, const char *unit)
{
	printf("%s %.2f %s\n", name, value, unit);
	return value;
}

static double
report_instructions(const char *name, double value)
{
	return report(name, value, "instructions");
}

/* ---- memory ---------------------------------------------------------------
 */

/* len bytes of fresh memory, at an address or where the kernel chooses. */
static char *
map(char *at, long len)
{
	char *p = mmap(at, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		(at != NULL ? MAP_FIXED_NOREPLACE : 0),
	    -1, 0);

	if (p == MAP_FAILED || (at != NULL && p != at))
		err(1, "mmap");
	return p;
}

static void
unmap(char *p, long len)
{
	must(munmap(p, len), "munmap");
}

/* Writes one byte every so many. */
static void
write_every(long every, char *p, long len)
{
	for (volatile char *q = p; q < p + len; q += every)
		*q = 1;
}

static void
read_every(long every, char *p, long len)
{
	for (volatile char *q = p; q < p + len; q += every)
		(void)*q;
}

static void
touch(char *p, long len)
{
	write_every(PAGE, p, len);
}

/* ---- children -------------------------------------------------------------
 */

/* Each child writes a byte here as soon as it runs. */
static int ready[2];

/* What keeps children waiting: they read until nobody can write to it. */
static int gate[2];

static void
child_waits(void)
{
	char c;

	close(gate[1]);
	must(write(ready[1], "x", 1), "write");
	must(read(gate[0], &c, 1), "read");
	_exit(0);
}

static void
await_ready(int n)
{
	char c;

	for (int i = 0; i < n; i++)
		must(read(ready[0], &c, 1), "read");
}

static int
nr_ready(void)
{
	int n = 0;

	must(ioctl(ready[0], FIONREAD, &n), "FIONREAD");
	return n;
}

/* Makes a child, which waits until end_children(). */
static void
start_child(void)
{
	must(pipe(gate), "pipe");
	if (must(fork(), "fork") == 0)
		child_waits();
	await_ready(1);
}

static void
end_children(void)
{
	close(gate[0]);
	close(gate[1]);
	while (wait(NULL) > 0)
		;
}

/* ---- fork -----------------------------------------------------------------
 */

static char *region;
static long region_len;

/* The end of the region, which is where a smaller one would lie as well. */
static void
touch_last(long len)
{
	touch(region + region_len - len, len);
}

/*
 * fork() as the parent sees it.  The child must not run before the clock is
 * read again, which is for the scheduler to say: samples in which it did are
 * not counted.
 */
static long
sample_fork(long touched)
{
	long began, ns;
	bool spoilt;
	pid_t pid;

	touch_last(touched);
	began = start();
	pid = fork();
	if (pid == 0) {
		must(write(ready[1], "x", 1), "write");
		_exit(0);
	}
	ns = stop(began);
	must(pid, "fork");
	spoilt = nr_ready() > 0;
	await_ready(1);
	must(waitpid(pid, NULL, 0), "waitpid");
	return spoilt ? -1 : ns;
}

/* fork(), _exit() in the child, waitpid() in the parent. */
static long
sample_life(long touched)
{
	long began, ns;
	pid_t pid;

	touch_last(touched);
	began = start();
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	ns = stop(began);
	must(pid, "fork");
	return ns;
}

/* Makes n children by system calls alone; the loop writes to no memory. */
static long
clone_many(long n)
{
	register long result __asm__("a0");
	register long stack __asm__("a1") = 0;
	register long parent_tid __asm__("a2") = 0;
	register long tls __asm__("a3") = 0;
	register long child_tid __asm__("a4") = 0;
	register long number __asm__("a7") = SYS_clone;

	__asm__ volatile("1: li a0, %7\n\t"
			 "ecall\n\t"
			 "blez a0, 2f\n\t"
			 "addi %1, %1, -1\n\t"
			 "bnez %1, 1b\n"
			 "2:"
			 : "=r"(result), "+r"(n)
			 : "r"(stack), "r"(parent_tid), "r"(tls),
			 "r"(child_tid), "r"(number), "i"(SIGCHLD)
			 : "memory");
	return result;
}

/*
 * The system call alone.  Between the two readings of the counter the parent
 * writes to no memory, so no page of its own is copied.
 */
static long
sample_clone(long touched)
{
	unsigned long before, after;
	bool spoilt;
	pid_t pid;

	touch_last(touched);
	start();
	__asm__ volatile("rdtime %0" : "=r"(before)::"memory");
	pid = clone_many(1);
	__asm__ volatile("rdtime %0" : "=r"(after)::"memory");
	if (must(pid, "clone") == 0) {
		must(write(ready[1], "x", 1), "write");
		_exit(0);
	}
	spoilt = nr_ready() > 0;
	await_ready(1);
	must(waitpid(pid, NULL, 0), "waitpid");
	return spoilt ? -1 : (long)(after - before) * STEP_NS;
}

/* For every size, in MiB, the fork of a process that has touched as much. */
static void
section_fork(void)
{
	char name[32];
	double first = 0, last = 0;

	report_instructions("fork_0m", measure(sample_fork, 0));
	report_instructions("clone_0m", measure(sample_clone, 0));
	report_instructions("life_0m", measure(sample_life, 0));
	region_len = GIB;
	region = map(NULL, region_len);
	for (long len = MIB; len <= GIB; len *= 2) {
		snprintf(name, sizeof(name), "fork_%ldm", len / MIB);
		last = report_instructions(name, measure(sample_fork, len));
		if (len == MIB)
			first = last;
	}
	report("fork_ratio", last / first, "times");
	report_instructions("clone_1024m", measure(sample_clone, GIB));
	report_instructions("life_1024m", measure(sample_life, GIB));
}

/* ---- writing again, after the child has gone ------------------------------
 */

#define REDIRTY_LEN (256 * MIB)

static long
timed_touch(char *p, long len)
{
	long began = start();

	touch(p, len);
	return stop(began);
}

/* Nothing in the region was accessed while the child lived. */
static long
sample_untouched(long arg)
{
	(void)arg;
	touch(region, region_len);
	start_child();
	end_children();
	return timed_touch(region, region_len);
}

/* Something was, below each level-0 table: read, or written. */
static long
sample_frozen(long written)
{
	touch(region, region_len);
	start_child();
	if (written)
		write_every(TABLE, region, region_len);
	else
		read_every(TABLE, region, region_len);
	end_children();
	return timed_touch(region, region_len);
}

static void
report_per_page(const char *name, double value)
{
	report(name, value / (REDIRTY_LEN / PAGE), "instructions/page");
}

static void
section_redirty(void)
{
	region_len = REDIRTY_LEN;
	region = map(NULL, region_len);
	report_per_page("redirty_untouched", measure(sample_untouched, 0));
	report_per_page("redirty_read", measure(sample_frozen, 0));
	report_per_page("redirty_written", measure(sample_frozen, 1));
	unmap(region, region_len);
	region = map(APART, region_len);
	report_per_page("redirty_apart", measure(sample_untouched, 0));
}

/* ---- single faults --------------------------------------------------------
 */

/* Faults in a row, all below one level-0 table, whose first page was used. */
#define NR_FAULTS 256

static long
timed_faults(void)
{
	return timed_touch(region + PAGE, NR_FAULTS * PAGE);
}

/* A page is copied, in tables that are owned since the write to the first. */
static long
sample_copy(long arg)
{
	long ns;

	(void)arg;
	touch(region, region_len);
	start_child();
	write_every(PAGE, region, PAGE);
	ns = timed_faults();
	end_children();
	return ns;
}

/* A page that was never there, in tables that are. */
static long
sample_fresh(long arg)
{
	long ns;

	(void)arg;
	region = map(APART, region_len);
	write_every(PAGE, region, PAGE);
	ns = timed_faults();
	unmap(region, region_len);
	return ns;
}

static void
section_fault(void)
{
	region_len = TABLE;
	report_instructions(
	    "fault_fresh", measure(sample_fresh, 0) / NR_FAULTS);
	region = map(APART, region_len);
	report_instructions("fault_copy", measure(sample_copy, 0) / NR_FAULTS);
}

/* The first write in a region since the fork, child alive. */
static long
sample_first(long arg)
{
	long ns;

	(void)arg;
	touch(region, region_len);
	start_child();
	ns = timed_touch(region, PAGE);
	end_children();
	return ns;
}

/*
 * Far from the stack: the first write with one full level-0 table in the
 * level-1 table, then with 512 of them, and the fork of both.
 */
static void
section_apart(void)
{
	double small, large;

	region_len = TABLE;
	region = map(APART, region_len);
	report_instructions("first_2m", measure(sample_first, 0));
	unmap(region, region_len);
	region_len = GIB;
	region = map(APART, region_len);
	small = measure(sample_fork, MIB);
	large = measure(sample_fork, GIB);
	report_instructions("first_1024m", measure(sample_first, 0));
	report_instructions("fork_apart_1m", small);
	report_instructions("fork_apart_1024m", large);
	report("fork_apart_ratio", large / small, "times");
}

/* ---- memory that children take --------------------------------------------
 */

/*
 * Before children are weighed, others are made, which live on: they empty the
 * kernel's stores of what is ready for use, such as stacks, so that what the
 * next take comes out of free memory.
 */
#define NR_BEFORE   8
#define NR_CHILDREN 20

/*
 * Linux does not count as free what it keeps at hand for each hart, which may
 * be many MiB, but tells in this file; elsewhere there is no such file.
 */
static long
pages_at_hand(void)
{
	static char text[65536];
	int fd = open("/proc/zoneinfo", O_RDONLY);
	long pages = 0, len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return 0;
	while (n > 0 && len < (long)sizeof(text) - 1) {
		n = must(read(fd, text + len, sizeof(text) - 1 - len), "read");
		len += n;
	}
	close(fd);
	text[len] = '\0';
	for (char *at = text; (at = strstr(at, " count:")) != NULL; at++)
		pages += atol(at + strlen(" count:"));
	return pages;
}

static long
free_bytes(void)
{
	struct sysinfo info;
	/* Reading it makes Linux add up its counts; elsewhere, see above. */
	int fd = open("/proc/sys/vm/stat_refresh", O_RDONLY);
	char c;

	if (fd >= 0) {
		must(read(fd, &c, 1), "read");
		close(fd);
	}
	must(sysinfo(&info), "sysinfo");
	return (long)info.freeram * info.mem_unit + pages_at_hand() * PAGE;
}

/* Where there is SCHED_FIFO, children do not run before the parent waits. */
static void
hold_children(int policy, int priority)
{
	struct sched_param param = {.sched_priority = priority};

	sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &param);
}

static void
make_children(int n, bool raw)
{
	if (raw) {
		if (must(clone_many(n), "clone") == 0)
			child_waits();
		return;
	}
	for (int i = 0; i < n; i++)
		if (must(fork(), "fork") == 0)
			child_waits();
}

/* Lets new ones run until they wait. */
static void
let_run(int n)
{
	struct timespec while_they_read = {.tv_nsec = 100000000};

	await_ready(n);
	nanosleep(&while_they_read, NULL);
}

static void
report_each(const char *name, long bytes)
{
	report(name, bytes / 1024.0 / NR_CHILDREN, "KiB");
}

static void
weigh(bool raw, const char *name_new, const char *name_waiting)
{
	long before, with_new;

	before = free_bytes();
	hold_children(SCHED_FIFO, 1);
	make_children(NR_CHILDREN, raw);
	with_new = free_bytes();
	if (nr_ready() > 0)
		errx(1, "a child ran before its memory was weighed");
	hold_children(SCHED_OTHER, 0);
	let_run(NR_CHILDREN);
	report_each(name_new, before - with_new);
	report_each(name_waiting, before - free_bytes());
}

static void
section_memory(void)
{
	region_len = GIB;
	region = map(NULL, region_len);
	touch(region, region_len);
	must(pipe(gate), "pipe");
	make_children(NR_BEFORE, false);
	let_run(NR_BEFORE);
	weigh(false, "memory_new", "memory_waiting");
	weigh(true, "memory_new_clone", "memory_waiting_clone");
	end_children();
}

/* ---- all of it ------------------------------------------------------------
 */

static const struct section {
	const char *name;
	void (*run)(void);
} sections[] = {
    {"memory", section_memory},
    {"fork", section_fork},
    {"redirty", section_redirty},
    {"fault", section_fault},
    {"apart", section_apart},
};

#define NR_SECTIONS (sizeof(sections) / sizeof(sections[0]))

static const struct section *
find_section(const char *name)
{
	for (size_t i = 0; i < NR_SECTIONS; i++)
		if (strcmp(sections[i].name, name) == 0)
			return &sections[i];
	errx(2, "there is no section '%s'", name);
}

/* Three quarters up a page: frames have room below, and little is above. */
static void
run_section(const struct section *s)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	size_t skip = (here - PAGE / 4 * 3) % PAGE + 1;
	volatile char *gap = alloca(skip);

	*gap = 0;
	must(pipe(ready), "pipe");
	clock_cost = 0;
	clock_cost = (long)measure(sample_clock, 0);
	s->run();
}

/* Runs one as a process of its own, which writes its lines to out. */
static void
spawn_section(char *self, const char *name, int out)
{
	char *argv[] = {self, "--alone", (char *)name, NULL};
	pid_t pid = must(fork(), "fork");
	int status;

	if (pid == 0) {
		must(dup2(out, 1), "dup2");
		must(execv(self, argv), "execv");
	}
	must(waitpid(pid, &status, 0), "waitpid");
	if (status != 0)
		errx(1, "section %s failed: status %#x", name, status);
}

static void
print_lines(int fd)
{
	char buf[512];
	ssize_t n;

	while ((n = must(read(fd, buf, sizeof(buf)), "read")) > 0)
		fwrite(buf, 1, n, stdout);
}

int
main(int argc, char **argv)
{
	struct timespec settle = {.tv_sec = SETTLE_S};
	int lines[2];

	if (argc == 3 && strcmp(argv[1], "--alone") == 0) {
		run_section(find_section(argv[2]));
		return 0;
	}
	for (int i = 1; i < argc; i++)
		find_section(argv[i]);
	must(personality(ADDR_NO_RANDOMIZE), "personality");
	nanosleep(&settle, NULL);
	must(pipe(lines), "pipe");
	for (int i = 1; i < argc; i++)
		spawn_section(argv[0], argv[i], lines[1]);
	for (size_t i = 0; argc < 2 && i < NR_SECTIONS; i++)
		spawn_section(argv[0], sections[i].name, lines[1]);
	close(lines[1]);
	print_lines(lines[0]);
	return 0;
}
