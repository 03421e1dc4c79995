/* SIGKILL ends a process in the middle of a call that takes its time. */
#include "tap.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <time.h>

#define HUGE_BYTES 0x7ffff000ul /* as much as one call moves */
#define SOON_S     15           /* for a machine with other things to do */

static void
copy_random(void)
{
	int from = must(open("/dev/urandom", O_RDONLY));
	int to = must(open("/dev/null", O_WRONLY));

	sendfile(to, from, NULL, HUGE_BYTES);
}

static void
read_random(void)
{
	int fd = must(open("/dev/urandom", O_RDONLY));
	void *one = must(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct iovec vec[1024];

	for (int i = 0; i < 1024; i++)
		vec[i] = (struct iovec){one, 1 << 20};
	(void)!readv(fd, vec, 1024);
}

static void
write_random(void)
{
	int fd = must(open("/dev/urandom", O_WRONLY));
	void *zeroes = must(
	    mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct iovec vec[1024];

	for (int i = 0; i < 1024; i++)
		vec[i] = (struct iovec){zeroes, 1 << 20};
	(void)!writev(fd, vec, 1024);
}

/* Ends soon after the child has begun, however far it got. */
static void
ends_soon(void (*work)(void), const char *name)
{
	struct gate begun = gate_make();
	struct timespec a_moment = {0, 50000000}, from, to;
	pid_t pid = must(fork());

	if (pid == 0) {
		gate_open(&begun);
		work();
		pause();
	}
	gate_wait(&begun);
	nanosleep(&a_moment, NULL);
	must(clock_gettime(CLOCK_MONOTONIC, &from));
	must(kill(pid, SIGKILL));
	is(wait_status(pid), SIGKILL, "%s: killed", name);
	must(clock_gettime(CLOCK_MONOTONIC, &to));
	ok(to.tv_sec - from.tv_sec < SOON_S, "%s: at once", name);
}

TEST(proc_kill)
{
	ends_soon(copy_random, "sendfile");
	ends_soon(read_random, "readv");
	ends_soon(write_random, "writev");
}
