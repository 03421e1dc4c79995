/*
 * /proc/PID/cow and /proc/calf/spaces: the tree itself, as calf shares it.
 */
#include "weigh.h"

#define MIB   (1ul << 20)
#define BYTES (64 * MIB)

static struct gate go, done;
static char *area;

/* What cow says of the area: pages, and how many with all of these. */
static long
count_pages(pid_t pid, char state, unsigned int reach)
{
	unsigned long start, end = (unsigned long)area + BYTES;
	const char *line = proc_text(pid, "cow");
	unsigned int nr, got_reach;
	char kind[8], got_state[8];
	long pages = 0;
	int level;

	for (; line; line = next_line(line)) {
		if (sscanf(line, "%lx %d %7s %u %*u %u %7s", &start, &level,
			kind, &nr, &got_reach, got_state) != 6)
			continue;
		if (level == -1 && start >= (unsigned long)area &&
		    start < end && !strcmp(kind, "anon") &&
		    got_state[0] == state && got_reach == reach)
			pages += nr;
	}
	return pages;
}

struct space {
	long mapped, pages, own, shared, most, zero, bytes;
};

/* The line of a process in spaces. */
static struct space
space_of(pid_t pid)
{
	const char *line = proc_text(0, "/proc/calf/spaces");
	struct space s = {.mapped = -1};

	for (; line; line = next_line(line))
		if (atoi(line) == pid)
			ensure(sscanf(line,
				   "%*d %*s %ld %ld %ld %ld %ld %ld %*d %*d "
				   "%*d %*d %*d %ld",
				   &s.mapped, &s.pages, &s.own, &s.shared,
				   &s.most, &s.zero, &s.bytes) == 7);
	return s;
}

static void
hold_area(void)
{
	gate_wait(&go);
	memset(area, 2, PAGE);
	gate_open(&done);
	gate_wait(&go);
}

TEST_NEEDS(calf_cow, 160)
{
	long pages = BYTES / PAGE;
	struct space parent, child;
	pid_t pid;

	go = gate_make();
	done = gate_make();
	area = anon(pages);
	for (size_t i = 0; i < BYTES; i += PAGE)
		area[i] = 1;
	is(count_pages(getpid(), 'o', 1), pages, "written: all owned");

	pid = spawn(hold_area);
	is(count_pages(getpid(), 's', 2), pages, "after a fork: all shared");
	is(count_pages(pid, 's', 2), pages, "by the child, too");
	parent = space_of(getpid());
	child = space_of(pid);
	ok(parent.shared >= pages, "spaces: the parent shares %ld pages",
	    parent.shared);
	ok(child.shared >= pages, "spaces: the child shares %ld", child.shared);
	ok(child.own < 64, "spaces: and owns %ld", child.own);
	ok(parent.most >= 2 && child.most >= 2, "spaces: with each other");
	is(parent.own + parent.shared, parent.pages, "owned and shared is all");

	gate_open(&go);
	gate_wait(&done);
	is(count_pages(pid, 'o', 1), 1, "the child has written one page");
	is(count_pages(getpid(), 's', 2), pages - 1, "which is shared no more");
	for (size_t i = 0; i < BYTES; i += PAGE)
		area[i] = 3;
	is(count_pages(getpid(), 'o', 1), pages, "all written: all owned");
	is(count_pages(pid, 's', 1) + count_pages(pid, 'o', 1), pages,
	    "what the child has is reached by the child alone");
	ok(space_of(pid).own >= pages, "spaces: and it owns that");
	gate_open(&go);
	is(wait_status(pid), 0, "the child ends");
}

/* ---- the sum of all -------------------------------------------------------
 */

static long
sum_of_spaces(long *nr)
{
	const char *line = next_line(proc_text(0, "/proc/calf/spaces"));
	long sum = 0;

	for (*nr = 0; line; line = next_line(line), ++*nr) {
		long bytes = -1;

		ensure(sscanf(line,
			   "%*d %*s %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d "
			   "%*d %ld",
			   &bytes) == 1);
		sum += bytes;
	}
	return sum;
}

static long
number_of(const char *text, const char *key)
{
	const char *line = text;
	size_t len = strlen(key);

	for (; line; line = next_line(line))
		if (!strncmp(line, key, len) && line[len] == ' ')
			return atol(line + len);
	return -1;
}

static void
wait_at_gate(void)
{
	gate_wait(&go);
}

/*
 * The audit counts the frames that are tables or some leaf's; the zero page is
 * one of them, and nobody's.
 */
TEST(calf_cow_sum)
{
	enum {
		CHILDREN = 7 /* so that shares must be rounded */
	};
	char *zero = anon(1);
	pid_t pids[CHILDREN];
	long want, sum, nr;
	char *text;

	go = gate_make();
	(void)*(volatile char *)zero;
	for (int i = 0; i < CHILDREN; i++)
		pids[i] = spawn(wait_at_gate);
	/* Once, so that the second time changes nothing any more. */
	sum_of_spaces(&nr);
	for (int i = 0; i < 20; i++) {
		text = proc_text(0, "/proc/calf/audit");
		want =
		    (number_of(text, "tables") + number_of(text, "pages") - 1) *
		    (long)PAGE;
		sum = sum_of_spaces(&nr);
		if (labs(sum - want) < (long)PAGE)
			break;
	}
	ok(labs(sum - want) < (long)PAGE,
	    "%ld spaces have %ld bytes, the machine %ld", nr, sum, want);
	ok(nr >= CHILDREN + 1, "each child is a space");
	for (int i = 0; i < CHILDREN; i++)
		gate_open(&go);
	for (int i = 0; i < CHILDREN; i++)
		is(wait_status(pids[i]), 0, "a child ends");
}

/* ---- hostile readers ------------------------------------------------------
 */

/* Grandchildren come and go, and change what they share. */
static void
storm(void)
{
	char *p = anon(600);

	for (int i = 0;; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			memset(p + i % 500 * PAGE, i, 100 * PAGE);
			_exit(0);
		}
		p[i % 600 * PAGE] = i;
		if (pid > 0)
			wait_status(pid);
	}
}

/* It has ended.  That nobody stood still to be looked at may not be (EBUSY). */
static bool
may_fail(int err)
{
	return err == ENOENT || err == ESRCH;
}

/* Whatever comes, it is no surprise; true when something was read. */
static bool
peek(const char *path, size_t len, off_t at)
{
	char buf[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		ensure(may_fail(errno));
		return false;
	}
	n = pread(fd, buf, len, at);
	ensure(n >= 0 || may_fail(errno));
	if (n > 0)
		n = pread(fd, buf, len, at + n);
	ensure(n >= 0 || may_fail(errno));
	close(fd);
	return n > 0;
}

TEST(calf_cow_storm)
{
	enum {
		STORMS = 3,
		ROUNDS = 25
	};
	static const char *const names[] = {"smaps", "smaps_rollup", "cow"};
	pid_t pids[STORMS];
	int seen = 0;

	for (int i = 0; i < STORMS; i++)
		pids[i] = spawn(storm);
	for (int i = 0; i < ROUNDS; i++) {
		/* Theirs, their children's, and who is no more. */
		pid_t pid = pids[i % STORMS] + i % 11;
		char path[64];

		for (int n = 0; n < 3; n++) {
			snprintf(
			    path, sizeof(path), "/proc/%d/%s", pid, names[n]);
			seen += peek(path, 1 + i * 7 % 200, i % 5 * 50);
		}
		seen += peek("/proc/calf/spaces", 100, 0);
	}
	ok(seen > ROUNDS, "%d texts in a storm", seen);
	for (int i = 0; i < STORMS; i++)
		must(kill(pids[i], SIGKILL));
	for (int i = 0; i < STORMS; i++)
		is(wait_status(pids[i]), SIGKILL, "a storm ends");
	ok(!strncmp(proc_text(0, "/proc/calf/audit"), "ok\n", 3),
	    "the audit holds");
}

/* ---- odd ways to read -----------------------------------------------------
 */

TEST(calf_cow_read)
{
	static const char *const paths[] = {
	    "/proc/self/smaps_rollup", "/proc/self/cow", "/proc/calf/spaces"};

	for (int i = 0; i < 3; i++) {
		int fd = must(open(paths[i], O_RDONLY));
		char first[16], byte;
		size_t at = 0;

		is(pread(fd, first, 16, 0), 16, "%s has a beginning", paths[i]);
		must(lseek(fd, 0, SEEK_SET));
		while (at < 16 && read(fd, &byte, 1) == 1 && byte == first[at])
			at++;
		is(at, 16, "the same byte by byte");
		is(pread(fd, &byte, 1, 1 << 30), 0, "nothing far behind");
		is(pread(fd, &byte, 1, LONG_MAX - 1), 0, "nor at the end");
		is(read(fd, &byte, 0), 0, "nothing asked");
		is_errno(read(fd, NOWHERE, 1), EFAULT, "no place for it");
		is_errno(open(paths[i], O_WRONLY), EACCES, "not for writing");
		close(fd);
	}
}
