/* Resource limits: reading them, setting them, running into them. */
#include "tap.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define MIB (1024ul * 1024)

static long
prlimit_raw(pid_t pid, unsigned what, const void *set, void *get)
{
	return syscall(SYS_prlimit64, pid, what, set, get);
}

static void
set_limit(int what, rlim_t soft, rlim_t hard)
{
	struct rlimit rl = {soft, hard};

	must(setrlimit(what, &rl));
}

static void
test_get_set(void)
{
	struct rlimit rl, old, odd = {10, 5};

	for (int i = 0; i < RLIM_NLIMITS; i++)
		ok(prlimit_raw(0, i, NULL, &rl) == 0 &&
			rl.rlim_cur <= rl.rlim_max,
		    "limit %d can be read", i);
	is(getrlimit(RLIMIT_STACK, &rl), 0, "the stack's");
	is(rl.rlim_cur, 8 * MIB, "is 8 MiB");
	must(getrlimit(RLIMIT_NOFILE, &rl));
	old = rl;
	rl.rlim_cur = 64;
	is(prlimit_raw(0, RLIMIT_NOFILE, &rl, &odd), 0, "set one, get the old");
	is(odd.rlim_cur, old.rlim_cur, "the old");
	must(getrlimit(RLIMIT_NOFILE, &rl));
	is(rl.rlim_cur, 64, "the new");
	is(prlimit_raw(getpid(), RLIMIT_NOFILE, &old, NULL), 0, "by number");
	odd = (struct rlimit){10, 5};
	is_errno(setrlimit(RLIMIT_NOFILE, &odd), EINVAL, "soft above hard");
	is_errno(
	    prlimit_raw(0, RLIM_NLIMITS, NULL, &rl), EINVAL, "no such one");
	is_errno(
	    prlimit_raw(1 << 30, RLIMIT_STACK, NULL, &rl), ESRCH, "nobody");
	is_errno(prlimit_raw(-1, RLIMIT_STACK, NULL, &rl), ESRCH, "process -1");
	is_errno(
	    prlimit_raw(0, RLIMIT_STACK, NOWHERE, NULL), EFAULT, "nowhere");
	is_errno(prlimit_raw(0, RLIMIT_STACK, NULL, NOWHERE), EFAULT, "to it");
}

static void
another_user(void)
{
	struct rlimit rl = {50, 100};

	must(setgid(1));
	must(setuid(1));
	is(setrlimit(RLIMIT_NOFILE, &rl), 0, "any user may lower limits");
	rl.rlim_cur = 100;
	is(setrlimit(RLIMIT_NOFILE, &rl), 0, "raise the soft one to the hard");
	rl.rlim_max = 101;
	is_errno(
	    setrlimit(RLIMIT_NOFILE, &rl), EPERM, "but the hard one never");
	is_errno(prlimit_raw(1, RLIMIT_NOFILE, NULL, &rl), EPERM,
	    "nor see another user's");
}

static void
few_files(void)
{
	int fd[2];

	set_limit(RLIMIT_NOFILE, 6, 6);
	for (int i = 3; i < 6; i++)
		is(dup(0), i, "descriptor %d", i);
	is_errno(dup(0), EMFILE, "dup");
	is_errno(open("/dev/null", O_RDONLY), EMFILE, "open");
	is_errno(fcntl(0, F_DUPFD, 0), EMFILE, "F_DUPFD");
	is_errno(fcntl(0, F_DUPFD, 6), EINVAL, "F_DUPFD from beyond");
	is_errno(dup2(0, 6), EBADF, "dup2 to beyond");
	is(dup2(0, 5), 5, "dup2 to what is there");
	close(5);
	is_errno(pipe(fd), EMFILE, "a pipe needs two");
	is(dup(0), 5, "which took none");
}

static void
few_processes(void)
{
	pid_t pid;

	set_limit(RLIMIT_NPROC, 3, 3);
	must(setgid(4321));
	must(setuid(4321));
	pid = must(fork());
	if (pid == 0) {
		pid = must(fork());
		if (pid == 0) {
			is_errno(fork(), EAGAIN, "a fourth of three processes");
			_exit(0);
		}
		wait_status(pid);
		pid = must(fork());
		if (pid == 0)
			_exit(0);
		is(wait_status(pid), 0, "one for one that ended");
		_exit(0);
	}
	is(wait_status(pid), 0, "a user with three processes");
}

/* How much of `size` can be mapped a MiB at a time. */
static unsigned long
mappable_mib(unsigned long size_mib)
{
	unsigned long n = 0;

	while (n < size_mib &&
	    mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0) != MAP_FAILED)
		n++;
	return n;
}

static void
little_address_space(void)
{
	unsigned long n;
	char *at = must(mmap(NULL, MIB, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	set_limit(RLIMIT_AS, 64 * MIB, 64 * MIB);
	n = mappable_mib(100);
	ok(n > 20 && n < 64, "RLIMIT_AS bounds what is mapped");
	is_errno(mmap(NULL, MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	    ENOMEM, "even what cannot be touched");
	is_errno(mremap(at, MIB, 2 * MIB, MREMAP_MAYMOVE), ENOMEM, "mremap");
	ok(sbrk(MIB) == (void *)-1 && errno == ENOMEM, "brk");
	must(munmap(at, MIB));
	ok(mappable_mib(1) == 1, "what is unmapped can be mapped");
	is(wait_status(spawn(few_files)), 0, "and fork is not in the way");
}

extern char __data_start[], end[];

static void
little_data(void)
{
	/* The program's own is counted, and belongs to no test. */
	unsigned long own = end - __data_start, n;
	unsigned long most = own + 16 * MIB;
	char *brk = sbrk(0), *p;

	set_limit(RLIMIT_DATA, most, most);
	ok(sbrk(MIB) == brk, "brk within RLIMIT_DATA");
	ok(sbrk(16 * MIB) == (void *)-1 && errno == ENOMEM, "and beyond");
	ok(sbrk(0) == brk + MIB, "leaves it where it was");
	n = mappable_mib(100);
	ok(n > 5 && n < 16, "it bounds private writable mappings too");
	p = mmap(NULL, 64 * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(p != MAP_FAILED, "but not those that can only be read");
	is_errno(mprotect(p, 64 * MIB, PROT_READ | PROT_WRITE), ENOMEM,
	    "which can't be made writable then");
	is(mprotect(brk, MIB, PROT_READ | PROT_WRITE), 0,
	    "what is already can");
	ok(mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE,
	       MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED,
	    "nor shared ones");
	ok(sbrk(100) == brk + MIB, "a part of a page more");
	set_limit(RLIMIT_DATA, MIB, most);
	ok(sbrk(100) == (void *)-1 && errno == ENOMEM,
	    "beyond the limit even that page is not to be had");
}

static int
dig(unsigned long bytes)
{
	volatile char hole[4096];

	hole[0] = 1;
	return bytes > 4096 ? dig(bytes - 4096) + hole[0] : 0;
}

static void
dig_half_mib(void)
{
	dig(MIB / 2);
}

static void
dig_two_mib(void)
{
	set_limit(RLIMIT_STACK, MIB, MIB);
	dig(2 * MIB);
}

static void
dig_seven_mib(void)
{
	dig(7 * MIB);
}

static void
burn(void)
{
	set_limit(RLIMIT_CPU, 1, 3);
	for (;;)
		;
}

static void
on_xcpu(int sig)
{
	(void)sig;
	_exit(24);
}

static void
burn_and_tell(void)
{
	signal(SIGXCPU, on_xcpu);
	burn();
}

static void
large_file(void)
{
	int fd = must(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
	char buf[100] = "";

	set_limit(RLIMIT_FSIZE, 150, 150);
	signal(SIGXFSZ, SIG_IGN);
	is(write(fd, buf, 100), 100, "within RLIMIT_FSIZE");
	is(write(fd, buf, 100), 50, "up to it");
	is_errno(write(fd, buf, 100), EFBIG, "not beyond it");
	is_errno(ftruncate(fd, 151), EFBIG, "nor by truncate");
	is(ftruncate(fd, 150), 0, "which may go up to it");
	signal(SIGXFSZ, SIG_DFL);
	(void)!write(fd, buf, 100);
}

TEST(proc_limit)
{
	test_get_set();
	is(wait_status(spawn(another_user)), 0, "a user who is not root");
	is(wait_status(spawn(few_files)), 0, "RLIMIT_NOFILE");
	is(wait_status(spawn(few_processes)), 0, "RLIMIT_NPROC");
	is(wait_status(spawn(little_address_space)), 0, "RLIMIT_AS");
	is(wait_status(spawn(little_data)), 0, "RLIMIT_DATA");
	dies(SIGXFSZ, large_file, "RLIMIT_FSIZE sends SIGXFSZ");
	lives(dig_half_mib, "half a MiB of stack");
	lives(dig_seven_mib, "seven MiB");
	dies(SIGSEGV, dig_two_mib, "two, when RLIMIT_STACK is one");
	exits(24, burn_and_tell, "RLIMIT_CPU sends SIGXCPU");
}
