/* /proc/PID/smaps and smaps_rollup: exact, whoever else has the pages. */
#include "weigh.h"

#define PAGES 64
#define KIB   (PAGES * 4)

static struct gate go;
static char *area;

/* Memory that no neighbour is joined with. */
static char *
alone(size_t pages)
{
	char *at = must(mmap(NULL, (pages + 2) * PAGE, PROT_NONE, ANON, -1, 0));

	at += PAGE;
	must(mprotect(at, pages * PAGE, RW));
	/* Calf has no huge pages to advise against. */
	(void)madvise(at, pages * PAGE, MADV_NOHUGEPAGE);
	return at;
}

/* What smaps of a process says of the area. */
static long
says(pid_t pid, const char *key)
{
	const char *line = proc_text(pid, "smaps");
	char start[32];

	snprintf(start, sizeof(start), "%lx-", (unsigned long)area);
	while (line && strncmp(line, start, strlen(start)))
		line = next_line(line);
	return line ? key_value(line, key) : -2;
}

static long
shared_kib(pid_t pid)
{
	return says(pid, "Shared_Clean") + says(pid, "Shared_Dirty");
}

static long
private_kib(pid_t pid)
{
	return says(pid, "Private_Clean") + says(pid, "Private_Dirty");
}

static void
are(pid_t pid, long pss, long shared, long private, const char *when)
{
	is(says(pid, "Rss"), shared + private, "Rss %s", when);
	is(says(pid, "Pss"), pss, "Pss %s", when);
	is(shared_kib(pid), shared, "Shared %s", when);
	is(private_kib(pid), private, "Private %s", when);
}

static void
wait_for_gate(void)
{
	gate_wait(&go);
}

static void
test_alone(void)
{
	is(says(getpid(), "Size"), KIB, "Size");
	is(says(getpid(), "MMUPageSize"), 4, "size of a page");
	are(getpid(), 0, 0, 0, "untouched");
	for (int i = 0; i < PAGES; i++)
		(void)*(volatile char *)(area + i * PAGE);
	are(getpid(), 0, 0, 0, "only read");
	memset(area, 1, PAGES * PAGE);
	are(getpid(), KIB, 0, KIB, "written");
	is(says(getpid(), "Private_Dirty"), KIB, "written is dirty");
	is(says(getpid(), "Anonymous"), KIB, "and anonymous");
}

static void
test_children(void)
{
	pid_t a = spawn(wait_for_gate);
	pid_t b;

	are(getpid(), KIB / 2, KIB, 0, "with a child");
	is(says(getpid(), "Shared_Dirty"), KIB, "shared and dirty");
	b = spawn(wait_for_gate);
	are(getpid(), KIB / 3, KIB, 0, "with two children");
	are(a, KIB / 3, KIB, 0, "in a child");
	memset(area, 2, PAGES / 2 * PAGE);
	are(getpid(), KIB / 2 + KIB / 6, KIB / 2, KIB / 2, "half written");
	are(a, KIB / 4 + KIB / 6, KIB, 0, "in a child, half written");
	gate_open(&go);
	gate_open(&go);
	is(wait_status(a), 0, "a child ends");
	is(wait_status(b), 0, "and the other");
	are(getpid(), KIB, 0, KIB, "when the children are gone");
}

/* MAP_SHARED memory is divided as well. */
static void
test_shared(void)
{
	char *was = area;
	pid_t child;

	area = shared(PAGES);
	memset(area, 1, PAGES * PAGE);
	are(getpid(), KIB, 0, KIB, "shared memory, alone");
	child = must(fork());
	if (child == 0) {
		/* Linux's child gets to it by touching it. */
		is(area[0], 1, "the child sees it");
		for (int i = 0; i < PAGES; i++)
			(void)*(volatile char *)(area + i * PAGE);
		are(getpid(), KIB / 2, KIB, 0, "shared memory, in the child");
		_exit(0);
	}
	is(wait_status(child), 0, "it ends");
	is(says(getpid(), "Anonymous"), 0, "it is nobody's anonymous");
	area = was;
}

/* ---- the sum --------------------------------------------------------------
 */

static const char *const summed[] = {"Rss", "Pss", "Shared_Clean",
    "Shared_Dirty", "Private_Clean", "Private_Dirty", "Anonymous"};

static void
test_rollup(void)
{
	pid_t child = spawn(wait_for_gate);
	int status;

	/* Stopped, it touches nothing between one look and the next. */
	must(kill(child, SIGSTOP));
	must(waitpid(child, &status, WUNTRACED));
	for (size_t i = 0; i < sizeof(summed) / sizeof(summed[0]); i++) {
		const char *line = proc_text(child, "smaps");
		size_t len = strlen(summed[i]);
		long sum = 0, regions = 0, roll;

		for (; line; line = next_line(line)) {
			regions += !strncmp(line, "Size:", 5);
			if (!strncmp(line, summed[i], len) && line[len] == ':')
				sum += strtol(line + len + 1, NULL, 10);
		}
		roll = key_value(proc_text(child, "smaps_rollup"), summed[i]);
		/* Each region's share is rounded down. */
		if (!strcmp(summed[i], "Pss"))
			ok(roll >= sum && roll <= sum + regions,
			    "the rollup's Pss %ld is the sum %ld", roll, sum);
		else
			is(roll, sum, "the rollup's %s is the sum", summed[i]);
	}
	ok(strstr(proc_text(child, "smaps_rollup"), "[rollup]"),
	    "the rollup says what it is");
	must(kill(child, SIGCONT));
	gate_open(&go);
	is(wait_status(child), 0, "the child ends");
}

/* ---- who may --------------------------------------------------------------
 */

static void
look_as_nobody(void)
{
	static const char *const names[] = {"smaps", "smaps_rollup"};
	pid_t parent = getppid();

	must(setresgid(1000, 1000, 1000));
	must(setresuid(1000, 1000, 1000));
	for (int i = 0; i < 2; i++) {
		char path[64], byte;
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/%s", parent, names[i]);
		fd = open(path, O_RDONLY);
		/* At open or at the first read. */
		ok((fd >= 0 && read(fd, &byte, 1) < 0 && errno == EACCES) ||
			(fd < 0 && errno == EACCES),
		    "%s of root's is root's alone", names[i]);
	}
}

/* Between open and read: nothing, or ESRCH. */
static void
test_vanished(void)
{
	static const char *const names[] = {"smaps", "smaps_rollup"};

	for (int i = 0; i < 2; i++) {
		pid_t child = spawn(wait_for_gate);
		char path[64], buf[64];
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/%s", child, names[i]);
		fd = must(open(path, O_RDONLY));
		gate_open(&go);
		is(wait_status(child), 0, "a child ends");
		n = read(fd, buf, sizeof(buf));
		ok(n == 0 || (n < 0 && errno == ESRCH),
		    "%s of a process that is no more", names[i]);
		close(fd);
	}
}

TEST(mem_smaps)
{
	go = gate_make();
	area = alone(PAGES);
	test_alone();
	test_children();
	test_shared();
	test_rollup();
	lives(look_as_nobody, "somebody else looks");
	test_vanished();
}
