/*
 * Running out of memory, as calf promises it: who touches a page that there is
 * no memory for is killed, by its own hand or by a call's; everybody else goes
 * on, with all that was theirs, and nothing is lost.
 */
#include "tap.h"

#include <sys/mman.h>
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
}
