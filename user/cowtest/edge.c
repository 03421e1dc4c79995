/* What must not be written, where there is nothing, and no memory left. */
#include "cowtest.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- read-only text -------------------------------------------------------
 */

static const char constant[PAGE] = "a constant";

__attribute__((noinline)) static int
answer(void)
{
	return 42;
}

static void
check_killed(volatile char *at, const char *what)
{
	pid_t child = start();
	int status;

	if (child == 0) {
		*at = 0;
		_exit(0);
	}
	status = status_of(child);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
		fail("a write to %s ended with status %#x", what, status);
}

/* Nor may the kernel write there for us. */
static void
check_kernel_refuses(char *at, const char *what)
{
	int fd = open("/dev/zero", O_RDONLY);

	if (fd < 0)
		fail("/dev/zero: %s", strerror(errno));
	if (read(fd, at, 1) != -1 || errno != EFAULT)
		fail("read wrote to %s", what);
	close(fd);
}

void
test_text(void)
{
	struct {
		char *at;
		const char *what;
	} places[] = {
	    {(char *)(uintptr_t)answer, "the program's text"},
	    {(char *)constant, "a constant"},
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char was = *places[i].at;

		check_killed(places[i].at, places[i].what);
		check_kernel_refuses(places[i].at, places[i].what);
		if (*places[i].at != was)
			fail("%s has changed", places[i].what);
	}
	if (answer() != 42 || memcmp(constant, "a constant", 10))
		fail("the program is not what it was");
	note("a write kills the writer only");
}

/* ---- no memory ------------------------------------------------------------
 */

/* Where the kernel chooses whom to kill, it is to be this process. */
static void
offer_myself(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd >= 0 && write(fd, "1000", 4) < 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
}

static void
write_all(char *at, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE)
		at[i] = 3;
}

static void
read_all(char *at, size_t len)
{
	int fd = open("/dev/zero", O_RDONLY);

	for (size_t i = 0; i < len; i += PAGE)
		if (read(fd, at + i, 1) != 1)
			kill(getpid(), SIGKILL);
}

/* Pages from `from` on, until that little is free; how far it came. */
static size_t
write_until(char *at, size_t len, size_t keep_free)
{
	size_t i = 0;

	while (i < len && (i % MIB != 0 || free_bytes() > keep_free)) {
		at[i] = 4;
		i += PAGE;
	}
	return i;
}

static void
check_bytes(const char *at, size_t len, char want, const char *who)
{
	for (size_t i = 0; i < len; i += PAGE)
		if (at[i] != want)
			fail("%s page %zu has changed", who, i / PAGE);
}

/* A child that needs more than there is. */
static void
run_out(
    char *at, size_t len, void (*use)(char *at, size_t len), const char *how)
{
	pid_t child = start();
	int status;

	if (child == 0) {
		offer_myself();
		use(at, len);
		_exit(0);
	}
	status = status_of(child);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail("a child that needs more than there is, by %s, ended "
		     "with status %#x",
		    how, status);
}

/*
 * A child takes nearly all that the parent has left and holds it; two more run
 * out half way.  Neither the first child nor the parent may lose a byte.
 */
void
test_memory(void)
{
	size_t had = free_bytes();
	size_t len = had / 3 * 2 & -PAGE;
	char *at = area(len);
	struct gate full, gate;
	pid_t holder;

	for (size_t i = 0; i < len; i += PAGE)
		at[i] = 1;
	gate_init(&full);
	gate_init(&gate);
	holder = start();
	if (holder == 0) {
		size_t done = write_until(at, len, had / 16);

		gate_open(&full);
		gate_wait(&gate);
		check_bytes(at, done, 4, "the child's");
		check_bytes(at + done, len - done, 1, "the child's shared");
		_exit(0);
	}
	gate_wait(&full);
	run_out(at, len, write_all, "writing");
	run_out(at, len, read_all, "read");
	gate_open(&gate);
	must_succeed(holder, "the child that holds most of the memory");
	check_bytes(at, len, 1, "the parent's");
	for (size_t i = 0; i < len; i += PAGE)
		at[i] = 2;
	area_free(at, len);
	note("two children are killed half way, no other loses any of %zu MiB",
	    len / MIB);
}

/* ---- bad addresses --------------------------------------------------------
 */

static sigjmp_buf back;

static void
on_fault(int sig)
{
	siglongjmp(back, sig);
}

enum way {
	BY_LOAD,
	BY_STORE,
	BY_JUMP,
	NR_WAYS,
};

/* The signal that comes of touching a place; 0: none. */
static int
touch(uintptr_t at, enum way way)
{
	int sig = sigsetjmp(back, 1);

	if (sig != 0)
		return sig;
	switch (way) {
	case BY_LOAD:
		(void)*(volatile char *)at;
		break;
	case BY_STORE:
		*(volatile char *)at = 1;
		break;
	default:
		((void (*)(void))(at & ~1ul))();
	}
	return 0;
}

static bool
is_mapped(uintptr_t at)
{
	unsigned char vec;

	return syscall(SYS_mincore, at & -PAGE, PAGE, &vec) == 0;
}

/* System calls that read or write there must say so, and live. */
static void
check_calls(uintptr_t at)
{
	void *p = (void *)at;
	pid_t child;
	int fds[2];

	if (pipe(fds) || write(fds[1], "x", 1) != 1)
		fail("pipe: %s", strerror(errno));
	if (read(fds[0], p, 1) != -1 || errno != EFAULT)
		fail("read into %#zx: %s", at, strerror(errno));
	if (write(fds[1], p, 1) != -1 || errno != EFAULT)
		fail("write from %#zx: %s", at, strerror(errno));
	close(fds[0]);
	close(fds[1]);
	if (syscall(SYS_nanosleep, p, NULL) != -1 || errno != EFAULT)
		fail("nanosleep for %#zx: %s", at, strerror(errno));
	/* No address means here that nobody wants to know. */
	if (at == 0)
		return;
	child = start();
	if (child == 0)
		_exit(0);
	if (waitpid(child, p, 0) != -1 || errno != EFAULT)
		fail("wait4 with its status at %#zx: %s", at, strerror(errno));
}

static unsigned int
check_address(uintptr_t at)
{
	if (is_mapped(at))
		return 0;
	for (int way = 0; way < NR_WAYS; way++) {
		int sig = touch(at, way);

		if (sig != SIGSEGV && sig != SIGBUS)
			fail("%#zx can be touched in way %d", at, way);
	}
	check_calls(at);
	return 1;
}

/* Both sides of every power of two, from below and from above: to the last. */
void
test_addresses(void)
{
	struct sigaction action = {.sa_handler = on_fault};
	unsigned int nr = 0;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	nr += check_address(0);
	for (int bit = 0; bit < 64; bit++) {
		uintptr_t power = 1ul << bit;

		nr += check_address(power - 1);
		nr += check_address(power);
		nr += check_address(-power);
		nr += check_address(-power - 1);
	}
	note("%u bad ones, the last is %#lx", nr, -1ul);
}
