/*
 * Every call that takes a pointer, as data: with places where there is nothing
 * or nothing for us, and with what lies across the end of what there is.
 */
#include "usertests.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors that set_up() opens. */
enum {
	FD_FILE = 20, /* "file", with a page in it */
	FD_DIR,
	FD_PIPE_R, /* a pipe with something in it */
	FD_PIPE_W,
};

enum {
	NULL_OK = 1,  /* no address means something else */
	PART = 2,     /* what can be done is done */
	ALIGNED = 4,  /* only multiples of four */
	ONLY_BAD = 8, /* a good one would do what we do not want */
	OPTIONAL = 16 /* may not touch all of it */
};

enum direction {
	IN,
	OUT,
	STRING
};

struct call {
	const char *name;
	long nr;
	enum direction dir;
	int at; /* which argument is the pointer */
	size_t len_bytes;
	int flags;
	long arg[6];
};

#define KERNEL_SIGSET 8
#define SIGACTION     24
#define CALL(name)    #name, SYS_##name
#define HERE          AT_FDCWD

static char buffer[PAGE];

#define GOOD ((long)buffer)

static const struct call calls[] = {
    {CALL(write), IN, 1, 8, PART, {FD_PIPE_W, 0, 8}},
    {CALL(write), IN, 1, 8, PART, {FD_FILE, 0, 8}},
    {CALL(pwrite64), IN, 1, 64, PART, {FD_FILE, 0, 64, 0}},
    {CALL(writev), IN, 1, 16, 0, {FD_FILE, 0, 1}},
    {CALL(readv), IN, 1, 16, 0, {FD_FILE, 0, 1}},
    {CALL(preadv), IN, 1, 16, 0, {FD_FILE, 0, 1}},
    {CALL(pwritev), IN, 1, 16, 0, {FD_FILE, 0, 1}},
    {CALL(nanosleep), IN, 0, 16, 0, {0}},
    {CALL(clock_nanosleep), IN, 2, 16, 0, {1}},
    {CALL(rt_sigaction), IN, 1, SIGACTION, NULL_OK,
	{SIGUSR1, 0, 0, KERNEL_SIGSET}},
    {CALL(rt_sigprocmask), IN, 1, KERNEL_SIGSET, NULL_OK,
	{SIG_BLOCK, 0, 0, KERNEL_SIGSET}},
    {CALL(rt_sigsuspend), IN, 0, KERNEL_SIGSET, ONLY_BAD, {0, KERNEL_SIGSET}},
    {CALL(rt_sigtimedwait), IN, 0, KERNEL_SIGSET, 0,
	{0, 0, GOOD, KERNEL_SIGSET}},
    {CALL(rt_sigtimedwait), IN, 2, 16, NULL_OK, {GOOD, 0, 0, KERNEL_SIGSET}},
    {CALL(rt_sigqueueinfo), IN, 2, 128, ONLY_BAD | OPTIONAL, {1}},
    {CALL(sigaltstack), IN, 0, 24, NULL_OK, {0}},
    {CALL(ppoll), IN, 0, 8, 0, {0, 1, GOOD}},
    {CALL(ppoll), IN, 2, 16, NULL_OK, {GOOD, 0}},
    {CALL(pselect6), IN, 1, 8, NULL_OK, {64, 0, 0, 0, GOOD}},
    {CALL(pselect6), IN, 4, 16, NULL_OK, {0}},
    {CALL(prlimit64), IN, 2, 16, NULL_OK, {0, RLIMIT_CORE}},
    {CALL(setrlimit), IN, 1, 16, 0, {RLIMIT_CORE}},
    {CALL(setitimer), IN, 1, 32, NULL_OK, {0}},
    {CALL(utimensat), IN, 2, 32, NULL_OK, {HERE, (long)"file"}},
    {CALL(futex), IN, 0, 4, ALIGNED, {0, FUTEX_WAIT, 9, GOOD}},
    {CALL(futex), IN, 0, 4, ALIGNED, {0, FUTEX_WAIT_PRIVATE, 9, GOOD}},
    {CALL(sched_setaffinity), IN, 2, 8, 0, {0, 8}},
    {CALL(sched_setparam), IN, 1, 4, ONLY_BAD | NULL_OK, {0}},
    {CALL(clone3), IN, 0, 64, ONLY_BAD, {0, 64}},
    {CALL(prctl), IN, 1, 16, OPTIONAL, {PR_SET_NAME}},
    {CALL(sendfile), IN, 2, 8, NULL_OK, {FD_PIPE_W, FD_FILE, 0, 0}},
    {CALL(epoll_ctl), IN, 3, 16, ONLY_BAD, {FD_PIPE_R, 1, FD_PIPE_W}},
    {CALL(timer_create), OUT, 2, 4, 0, {1, 0}},
    {CALL(socketpair), OUT, 3, 8, 0, {1, 1, 0}},
    {CALL(read), OUT, 1, 8, PART, {FD_PIPE_R, 0, 8}},
    {CALL(pread64), OUT, 1, 64, PART, {FD_FILE, 0, 64, 0}},
    {CALL(getdents64), OUT, 1, 512, PART, {FD_DIR, 0, 512}},
    {CALL(fstat), OUT, 1, sizeof(struct stat), 0, {FD_FILE}},
    {CALL(newfstatat), OUT, 2, sizeof(struct stat), 0, {HERE, (long)"file"}},
    {CALL(statx), OUT, 4, 256, 0, {HERE, (long)"file", 0, 0x7ff}},
    {CALL(statfs), OUT, 1, sizeof(struct statfs), 0, {(long)"file"}},
    {CALL(fstatfs), OUT, 1, sizeof(struct statfs), 0, {FD_FILE}},
    {CALL(getcwd), OUT, 0, 0, PART, {0, PAGE}},
    {CALL(readlinkat), OUT, 2, 4, 0, {HERE, (long)"link", 0, 4}},
    {CALL(pipe2), OUT, 0, 8, 0, {0}},
    {CALL(ioctl), OUT, 2, 4, 0, {FD_PIPE_R, FIONREAD}},
    {CALL(getrusage), OUT, 1, sizeof(struct rusage), 0, {RUSAGE_SELF}},
    {CALL(times), OUT, 0, sizeof(struct tms), NULL_OK, {0}},
    {CALL(uname), OUT, 0, sizeof(struct utsname), 0, {0}},
    {CALL(sysinfo), OUT, 0, sizeof(struct sysinfo), 0, {0}},
    {CALL(gettimeofday), OUT, 0, 16, NULL_OK, {0}},
    {CALL(clock_gettime), OUT, 1, 16, 0, {1}},
    {CALL(clock_getres), OUT, 1, 16, NULL_OK, {1}},
    {CALL(getitimer), OUT, 1, 32, 0, {0}},
    {CALL(getrandom), OUT, 0, 8, PART, {0, 8, 0}},
    {CALL(prlimit64), OUT, 3, 16, NULL_OK, {0, RLIMIT_CORE, 0}},
    {CALL(getrlimit), OUT, 1, 16, 0, {RLIMIT_CORE}},
    {CALL(sched_getaffinity), OUT, 2, 8, 0, {0, 8}},
    {CALL(sched_getparam), OUT, 1, 4, NULL_OK, {0}},
    {CALL(getresuid), OUT, 0, 4, 0, {0, GOOD, GOOD}},
    {CALL(getresuid), OUT, 2, 4, 0, {GOOD, GOOD, 0}},
    {CALL(getresgid), OUT, 1, 4, 0, {GOOD, 0, GOOD}},
    {CALL(rt_sigpending), OUT, 0, KERNEL_SIGSET, 0, {0, KERNEL_SIGSET}},
    {CALL(rt_sigprocmask), OUT, 2, KERNEL_SIGSET, NULL_OK,
	{0, 0, 0, KERNEL_SIGSET}},
    {CALL(rt_sigaction), OUT, 2, SIGACTION, NULL_OK,
	{SIGUSR1, 0, 0, KERNEL_SIGSET}},
    {CALL(sigaltstack), OUT, 1, 24, NULL_OK, {0}},
    {CALL(getcpu), OUT, 0, 4, NULL_OK, {0}},
    {CALL(prctl), OUT, 1, 16, 0, {PR_GET_NAME}},
    {CALL(get_robust_list), OUT, 1, 8, 0, {0, 0, GOOD}},
    {CALL(get_robust_list), OUT, 2, 8, 0, {0, GOOD, 0}},
    {CALL(mincore), OUT, 2, 1, 0, {0x10000, PAGE}},
    {CALL(openat), STRING, 1, 0, 0, {HERE, 0, O_RDONLY}},
    {CALL(newfstatat), STRING, 1, 0, 0, {HERE, 0, GOOD}},
    {CALL(statx), STRING, 1, 0, ONLY_BAD, {HERE, 0, 0, 0x7ff, GOOD}},
    {CALL(statfs), STRING, 0, 0, 0, {0, GOOD}},
    {CALL(readlinkat), STRING, 1, 0, 0, {HERE, 0, GOOD, 9}},
    {CALL(faccessat), STRING, 1, 0, 0, {HERE}},
    {CALL(truncate), STRING, 0, 0, 0, {0, 0}},
    {CALL(unlinkat), STRING, 1, 0, 0, {HERE}},
    {CALL(linkat), STRING, 1, 0, 0, {HERE, 0, HERE, (long)"new"}},
    {CALL(linkat), STRING, 3, 0, 0, {HERE, (long)"file", HERE}},
    {CALL(symlinkat), STRING, 0, 0, 0, {0, HERE, (long)"new"}},
    {CALL(symlinkat), STRING, 2, 0, 0, {(long)"file", HERE}},
    {CALL(renameat2), STRING, 1, 0, 0, {HERE, 0, HERE, (long)"new"}},
    {CALL(renameat2), STRING, 3, 0, 0, {HERE, (long)"file", HERE}},
    {CALL(mkdirat), STRING, 1, 0, 0, {HERE, 0, 0755}},
    {CALL(mknodat), STRING, 1, 0, 0, {HERE, 0, S_IFREG | 0644}},
    {CALL(fchmodat), STRING, 1, 0, ONLY_BAD, {HERE, 0, 0755}},
    {CALL(fchownat), STRING, 1, 0, 0, {HERE, 0, -1, -1, 0}},
    {CALL(utimensat), STRING, 1, 0, NULL_OK, {HERE}},
    {CALL(chdir), STRING, 0, 0, 0, {0}},
    {CALL(execve), STRING, 0, 0, 0, {0}},
};

static void
take(int fd, int as)
{
	needs(fd >= 0);
	needs(dup2(fd, as) == as);
	close(fd);
}

static void
set_up(void)
{
	int fds[2], fd = open("file", O_CREAT | O_RDWR, 0666);

	memset(buffer, 0, sizeof(buffer));
	take(fd, FD_FILE);
	needs(write(FD_FILE, buffer, PAGE) == (ssize_t)PAGE);
	unlink("link");
	needs(symlink("file", "link") == 0);
	take(open(".", O_RDONLY), FD_DIR);
	make_pipe(fds);
	take(fds[0], FD_PIPE_R);
	take(fds[1], FD_PIPE_W);
	needs(write(FD_PIPE_W, buffer, PAGE) == (ssize_t)PAGE);
}

/* The call with this pointer: -errno, or its result. */
static long
call_with(const struct call *c, const void *at)
{
	long a[6], got;

	memcpy(a, c->arg, sizeof(a));
	a[c->at] = (long)at;
	lseek(FD_DIR, 0, SEEK_SET);
	got = syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return got == -1 ? -errno : got;
}

/* What one who offers no such call says of everything is left alone. */
static void
must_refuse(const struct call *c, uintptr_t at, int want, const char *what)
{
	long got = call_with(c, (void *)at);

	if (got != -want && got != -ENOSYS)
		fail("%s, argument %d is %s, %#lx: %ld instead of %s", c->name,
		    c->at, what, at, got, strerrorname_np(want));
}

static void
must_take(const struct call *c, const void *at, const char *what)
{
	long got = call_with(c, at);

	if (got == -EFAULT || got == -ENAMETOOLONG)
		fail("%s, argument %d is %s: %s", c->name, c->at, what,
		    strerrorname_np(-got));
}

/* Both sides of each power of two, up from 0 and down from the last address. */
static size_t
bad_addresses(uintptr_t *out)
{
	size_t n = 0;

	for (int bit = 12; bit < 64; bit++) {
		uintptr_t power = 1ul << bit;
		uintptr_t at[] = {power - 4, power, -power, -power - 4};

		for (size_t i = 0; i < NR_OF(at); i++)
			if (at[i] >= PAGE && !is_mapped(at[i]))
				out[n++] = at[i];
	}
	out[n++] = 4;
	out[n++] = -4ul;
	return n;
}

static void
try_addresses(const struct call *c)
{
	static uintptr_t bad[4 * 64];
	static size_t nr;

	if (nr == 0)
		nr = bad_addresses(bad);
	if (!(c->flags & NULL_OK))
		must_refuse(c, 0, EFAULT, "no address");
	for (size_t i = 0; i < nr; i++)
		must_refuse(c, bad[i], EFAULT, "nowhere");
}

static void
try_all(enum direction dir, void (*try)(const struct call *))
{
	set_up();
	for (size_t i = 0; i < NR_OF(calls); i++)
		if (calls[i].dir == dir)
			try(&calls[i]);
}

static void
test_copyin(void)
{
	try_all(IN, try_addresses);
}

static void
test_copyout(void)
{
	try_all(OUT, try_addresses);
}

static void
test_copyinstr(void)
{
	try_all(STRING, try_addresses);
}

/* ---- the end of memory ----------------------------------------------------
 */

/* What ends where the page ends is good; what does not is not. */
static void
try_edge(const struct call *c)
{
	char *page = edge_page();

	if (c->len_bytes != 0 && !(c->flags & ONLY_BAD)) {
		char *at = page + PAGE - c->len_bytes;

		must_take(c, at, "up to the end of memory");
	}
	if (c->len_bytes > 1 && !(c->flags & (PART | ALIGNED | OPTIONAL)))
		must_refuse(c, (uintptr_t)page + PAGE - c->len_bytes + 1,
		    EFAULT, "across the end of memory");
	must_refuse(c, (uintptr_t)page + PAGE, EFAULT, "behind the end");
	needs(munmap(page, 2 * PAGE) == 0);
	must_refuse(c, (uintptr_t)page, EFAULT, "where memory was");
}

static void
test_copyinedge(void)
{
	try_all(IN, try_edge);
}

static void
test_copyoutedge(void)
{
	try_all(OUT, try_edge);
}

static void
try_string(const struct call *c)
{
	char *page = edge_page(), *end = page + PAGE;

	end[-2] = 'q';
	if (!(c->flags & ONLY_BAD))
		must_take(c, end - 2, "a string up to the end");
	end[-1] = 'q';
	must_refuse(c, (uintptr_t)end - 1, EFAULT, "a string beyond the end");
	memset(page, 'q', PAGE);
	must_refuse(c, (uintptr_t)end - 1000, EFAULT, "a long one");
	munmap(page, 2 * PAGE);
}

static void
test_stringedge(void)
{
	try_all(STRING, try_string);
}

/* No more than PATH_MAX bytes are looked at, and no fewer. */
static void
try_long(const struct call *c)
{
	char *page = edge_page();

	memset(page, 'q', PAGE);
	must_refuse(c, (uintptr_t)page, ENAMETOOLONG, "without an end");
	memset(page, '/', PAGE);
	page[PAGE - 1] = '\0';
	if (c->nr != SYS_symlinkat && !(c->flags & ONLY_BAD))
		must_take(c, page, "4095 slashes");
	munmap(page, 2 * PAGE);
}

static void
test_stringlong(void)
{
	try_all(STRING, try_long);
}

/* ---- what may not be read or written --------------------------------------
 */

static void
try_unreadable(const struct call *c)
{
	static char *page;

	if (page == NULL) {
		page = area(PAGE);
		memset(page, 0, PAGE);
		needs(mprotect(page, PAGE, PROT_NONE) == 0);
	}
	must_refuse(c, (uintptr_t)page, EFAULT, "unreadable");
}

static void
test_unreadable(void)
{
	try_all(IN, try_unreadable);
	try_all(STRING, try_unreadable);
}

static void
try_readonly(const struct call *c)
{
	static const char constant[PAGE] __attribute__((aligned(8))) = "abc";
	static char *page;

	if (page == NULL) {
		page = area(PAGE);
		memset(page, 0x55, PAGE);
		needs(mprotect(page, PAGE, PROT_READ) == 0);
	}
	must_refuse(c, (uintptr_t)page, EFAULT, "read-only");
	must_refuse(c, (uintptr_t)constant, EFAULT, "a constant");
	must_refuse(c, (uintptr_t)try_readonly & -4ul, EFAULT, "text");
	for (size_t i = 0; i < PAGE; i++)
		if (page[i] != 0x55)
			fail("%s has written to a read-only page", c->name);
}

static void
test_readonly(void)
{
	try_all(OUT, try_readonly);
}

/* ---- special cases --------------------------------------------------------
 */

/* A status that cannot be told: an error, not a death. */
static void
test_waitpointer(void)
{
	char *page = edge_page();
	pid_t pid = start();

	if (pid == 0)
		_exit(3);
	await_state(pid, 'Z');
	needs(syscall(SYS_wait4, pid, page + PAGE, 0, NULL) == -1);
	needs(errno == EFAULT);
	pid = start();
	if (pid == 0)
		_exit(4);
	needs(syscall(SYS_wait4, pid, page + PAGE - 4, 0, NULL) == pid);
	needs(WEXITSTATUS(*(int *)(page + PAGE - 4)) == 4);
	pid = start();
	if (pid == 0)
		_exit(5);
	needs(syscall(SYS_wait4, pid, NULL, 0, (char *)-8ul) == -1);
	needs(errno == EFAULT);
}

static void
test_iovecs(void)
{
	char *page = edge_page();
	struct iovec v[2] = {{page, 8}, {page + PAGE - 8, 8}};
	volatile int nr = -1;
	struct iovec *many = (struct iovec *)area(2000 * sizeof(*many));
	int fd = open("file", O_CREAT | O_RDWR, 0666);

	needs(writev(fd, v, 2) == 16);
	needs(writev(fd, v, 0) == 0);
	fails(writev(fd, many, nr), EINVAL);
	fails(writev(fd, many, 1025), EINVAL);
	needs(writev(fd, many, 1024) == 0);
	v[0].iov_len = -1ul;
	fails(writev(fd, v, 2), EINVAL);
	v[0].iov_len = 8;
	v[1].iov_len = (size_t)1 << 63;
	fails(readv(fd, v, 2), EINVAL);
	v[0].iov_base = page + PAGE;
	v[1].iov_len = 8;
	fails(pwritev(fd, v, 1, 0), EFAULT);
	fails(preadv(fd, v, 1, 0), EFAULT);
	v[0] = (struct iovec){page, 8};
	v[1].iov_base = page + PAGE;
	needs(pwritev(fd, v, 2, 0) == 8);
}

/* Half of it is there: so much is read and written. */
static void
test_partial(void)
{
	char *page = edge_page();
	int fds[2], fd = open("file", O_CREAT | O_RDWR, 0666);

	memset(page, 'p', PAGE);
	make_pipe(fds);
	needs(ftruncate(fd, 4 * PAGE) == 0);
	needs(pwrite(fd, page, 2 * PAGE, 0) == (ssize_t)PAGE);
	needs(pread(fd, page, 2 * PAGE, PAGE) == (ssize_t)PAGE);
	needs(page[0] == 0 && page[PAGE - 1] == 0);
	needs(write(fd, page, 0) == 0);
	needs(write(fd, page + PAGE, 0) == 0);
	fails(write(fds[1], page + PAGE, 100), EFAULT);
	needs(write(fds[1], "abc", 3) == 3);
	fails(read(fds[0], page + PAGE, 1), EFAULT);
	needs(size_of("file") == 4 * (off_t)PAGE);
}

/* A handler whose frame has no place: death, not a return. */
static void
test_signalstack(void)
{
	pid_t pid = start();

	if (pid == 0) {
		signal(SIGUSR1, (void (*)(int))0x10000);
		asm volatile("li sp, 16\n\t"
			     "mv a0, %0\n\t"
			     "li a1, 10\n\t"
			     "li a7, 129\n\t"
			     "ecall\n"
			     "1: j 1b"
			     :
			     : "r"((long)getpid())
			     : "a0", "a1", "a7", "memory");
		_exit(0);
	}
	must_die(pid, SIGSEGV);
}

const struct test pointer_tests[] = {
    {"copyin", test_copyin, false},
    {"copyout", test_copyout, false},
    {"copyinstr", test_copyinstr, false},
    {"copyinedge", test_copyinedge, false},
    {"copyoutedge", test_copyoutedge, false},
    {"stringedge", test_stringedge, false},
    {"stringlong", test_stringlong, false},
    {"unreadable", test_unreadable, false},
    {"readonly", test_readonly, false},
    {"waitpointer", test_waitpointer, false},
    {"iovecs", test_iovecs, false},
    {"partial", test_partial, false},
    {"signalstack", test_signalstack, false},
    {NULL, NULL, false},
};
