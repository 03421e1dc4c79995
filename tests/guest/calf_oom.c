/*
 * Running out of memory, as calf promises it: who touches a page that there is
 * no memory for is killed, by its own hand or by a call's; everybody else goes
 * on, with all that was theirs, and nothing is lost.
 */
#include "tap.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>

#define PAGE 4096l

static long
free_bytes(void)
{
	struct sysinfo info;

	must(sysinfo(&info));
	return (long)(info.freeram * info.mem_unit);
}

static char *
reserve(long bytes)
{
	return must(mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

static void
touch(char *p, long bytes, char value)
{
	for (long i = 0; i < bytes; i += PAGE)
		p[i] = value;
}

static bool
holds(const char *p, long bytes, char value)
{
	for (long i = 0; i < bytes; i += PAGE)
		if (p[i] != value)
			return false;
	return true;
}

static void
touch_too_much(void)
{
	long bytes = 2 * free_bytes();

	touch(reserve(bytes), bytes, 1);
}

/* Nearly everything is gone when the kernel is to write to a fresh page. */
static void
read_too_much(void)
{
	long bytes = 2 * free_bytes();
	char *p = reserve(bytes);
	int zero = must(open("/dev/zero", O_RDONLY));

	for (long i = 0; i < bytes; i += PAGE)
		must(read(zero, p + i, 1));
}

static void
test_killed(void)
{
	long before, after;

	/* What the first one leaves behind for good is not counted. */
	dies(SIGKILL, touch_too_much, "who touches too much is killed");
	before = free_bytes();
	dies(SIGKILL, touch_too_much, "again");
	dies(SIGKILL, read_too_much, "so is who has a call touch it");
	after = free_bytes();
	ok(after > before - 64 * PAGE, "and all of it is free again");
}

/*
 * Two thirds of memory, forked: that fits, since nothing is copied.  When the
 * child then writes all of it, it is killed, and the parent's is whole.
 */
static void
test_fork(void)
{
	long bytes = free_bytes() / 3 * 2;
	char *p = reserve(bytes);
	int status;
	pid_t pid;

	touch(p, bytes, 7);
	pid = must(fork());
	if (pid == 0)
		_exit(holds(p, bytes, 7) ? 0 : 1);
	is(wait_status(pid), 0, "a process of two thirds of memory forks");
	pid = must(fork());
	if (pid == 0) {
		touch(p, bytes, 8);
		_exit(0);
	}
	status = wait_status(pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	    "a child that writes all of it is killed");
	ok(holds(p, bytes, 7), "the parent's is as it was");
	touch(p, bytes, 9);
	ok(holds(p, bytes, 9), "and can be written again");
	must(munmap(p, bytes));
}

static void
test_asked_for(void)
{
	long bytes = 2 * free_bytes();
	char *p = reserve(bytes);
	long before = free_bytes();

	is_errno(madvise(p, bytes, MADV_POPULATE_WRITE), ENOMEM,
	    "asking for more than there is fails");
	ok(free_bytes() > before - 64 * PAGE, "and takes nothing");
	must(munmap(p, bytes));
}

/* ------------------------------------------------ both write everything */

static void
write_all(char *p, long bytes, char value, bool by_call)
{
	int zero = must(open("/dev/zero", O_RDONLY));

	for (long i = 0; i < bytes; i += PAGE) {
		if (by_call)
			must(read(zero, p + i, 1));
		p[i] = value;
	}
	close(zero);
}

/* What is the keeper's own, and what it still shares with the other. */
static bool
keeps(const char *p, long bytes, long own)
{
	return holds(p, own, 9) && holds(p + own, bytes - own, 7);
}

/* The other is gone: all of it can be written now. */
static void
keep(char *p, long bytes, long own, bool by_call)
{
	ok(keeps(p, bytes, own), "the other's is as it was");
	write_all(p, bytes, 6, by_call);
	ok(holds(p, bytes, 6), "and can be written, all of it");
}

/*
 * Two have two thirds of memory between them.  One writes to an eighth of it,
 * the other to everything, and is killed: the parent or the child.
 */
static void
two(bool parent_dies, bool by_call)
{
	long bytes = free_bytes() / PAGE / 24 * 16 * PAGE, own = bytes / 8;
	char *p = reserve(bytes);
	struct gate go = gate_make();
	pid_t self = getpid(), pid;

	own = own / PAGE * PAGE;
	touch(p, bytes, 7);
	pid = must(fork());
	if ((pid == 0) != parent_dies) {
		gate_wait(&go);
		write_all(p, bytes, 8, by_call);
		_exit(1);
	}
	touch(p, own, 9);
	gate_open(&go);
	if (pid > 0)
		is(wait_status(pid), SIGKILL, "a child that writes all dies");
	while (pid == 0 && getppid() == self)
		sched_yield();
	keep(p, bytes, own, by_call);
}

static void
test_two(bool parent_dies, bool by_call)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		two(parent_dies, by_call);
		_exit(0);
	}
	is(wait_status(pid), parent_dies ? SIGKILL : 0,
	    "the %s writes everything%s", parent_dies ? "parent" : "child",
	    by_call ? ", by calls" : "");
	/* An orphan is ours, and its memory free when it has ended. */
	while (wait(NULL) > 0)
		;
}

/* ------------------------------------------------ asked for, in part */

static void
test_populate(void)
{
	long bytes = 2 * free_bytes(), before = free_bytes();
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ok(p != MAP_FAILED, "MAP_POPULATE of more than there is maps it");
	ok(free_bytes() < before / 2, "with as much as could be had");
	must(munmap(p, bytes));
	ok(free_bytes() > before - 64 * PAGE, "which is free again");
}

/* ------------------------------------------------ asked for, in vain */

enum {
	VAIN_ROUNDS = 200,
};

static void
ask_in_vain(struct gate *go)
{
	struct sysinfo info;
	long bytes;
	char *p;

	must(sysinfo(&info));
	bytes = (long)(info.totalram * info.mem_unit / PAGE * 3 / 4) * PAGE;
	p = reserve(bytes);
	gate_open(go);
	for (;;)
		ensure(madvise(p, bytes, MADV_POPULATE_WRITE) == -1 &&
		    errno == ENOMEM);
}

/*
 * Half of memory is a file's that is nowhere else.  Who asks for more than
 * there can be takes nothing, so nobody beside him is short.
 */
static void
test_in_vain(void)
{
	long bytes = free_bytes() / 2 / PAGE * PAGE;
	int fd = must(memfd_create("half", 0));
	struct gate go = gate_make();
	long before, lowest;
	int failed = 0;
	pid_t asks, pid;
	char *p;

	must(ftruncate(fd, bytes));
	p = must(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	touch(p, bytes, 1);
	must(munmap(p, bytes));
	asks = must(fork());
	if (asks == 0)
		ask_in_vain(&go);
	gate_wait(&go);
	before = lowest = free_bytes();
	for (int i = 0; i < VAIN_ROUNDS; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		failed += pid < 0 || wait_status(pid) != 0;
		lowest = free_bytes() < lowest ? free_bytes() : lowest;
	}
	ok(lowest > before / 2, "of %ld free KiB %ld stay", before >> 10,
	    lowest >> 10);
	is(failed, 0, "%d forks beside one who asks for too much", VAIN_ROUNDS);
	kill(asks, SIGKILL);
	is(wait_status(asks), SIGKILL, "who has asked until now");
	close(fd);
	gate_close(&go);
}

/* ------------------------------------------------ a crowd at the edge */

enum {
	CROWD = 10,
	CROWD_ROUNDS = 6,
};

/* A fifth of memory each, and forked: some find none left. */
static void
crowd_member(long bytes)
{
	for (int i = 0; i < CROWD_ROUNDS; i++) {
		char *p = reserve(bytes);
		pid_t pid;

		touch(p, bytes, 1);
		pid = fork();
		if (pid == 0) {
			touch(p, bytes, 2);
			_exit(holds(p, bytes, 2) ? 0 : 1);
		}
		if (pid > 0 && wait_status(pid) == 1 << 8)
			_exit(1);
		if (!holds(p, bytes, 1))
			_exit(1);
		must(munmap(p, bytes));
	}
	_exit(0);
}

/* Our own stack is ours alone when memory runs out. */
static void
touch_stack(void)
{
	volatile char deep[32 << 10];

	for (size_t i = 0; i < sizeof(deep); i += 512)
		deep[i] = 1;
}

static void
test_crowd(void)
{
	long before = free_bytes(), bytes = before / 5;
	struct gate go = gate_make();
	int status, nr_killed = 0, nr_bad = 0;

	for (int i = 0; i < CROWD; i++) {
		if (must(fork()) == 0) {
			gate_wait(&go);
			crowd_member(bytes);
		}
	}
	touch_stack();
	for (int i = 0; i < CROWD; i++)
		gate_open(&go);
	while (wait(&status) > 0) {
		nr_killed += status == SIGKILL;
		nr_bad += status != SIGKILL && status != 0;
	}
	is(nr_bad, 0, "%d at the edge of memory: what they have is right",
	    CROWD);
	ok(nr_killed > 0, "%d were killed", nr_killed);
	ok(free_bytes() > before - 128 * PAGE, "and all of it is free again");
	gate_close(&go);
}

/* All of memory is filled several times. */
#define MOST_BYTES (200l << 20)

TEST(calf_oom)
{
	if (free_bytes() > MOST_BYTES) {
		skip("takes long where there is so much memory");
		return;
	}
	test_killed();
	test_fork();
	test_asked_for();
	must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	for (int i = 0; i < 4; i++)
		test_two(i & 1, i & 2);
	test_populate();
	test_in_vain();
	test_crowd();
}
