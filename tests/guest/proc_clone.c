/* clone: what its flags share, what it writes where, what it refuses. */
#include "tap.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define STACK_BYTES (64 * 1024)

static char stack[STACK_BYTES] __attribute__((aligned(16)));
static volatile int shared_word;
static int child_tid_word, parent_tid_word;

/* The C library's clone, so that the arguments' order is its concern. */
static pid_t
clone_with(int flags, int (*fn)(void *))
{
	return clone(fn, stack + STACK_BYTES, flags, NULL, &parent_tid_word,
	    NULL, &child_tid_word);
}

static int
write_word(void *arg)
{
	(void)arg;
	shared_word = 7;
	return 3;
}

static void
test_memory(void)
{
	shared_word = 0;
	is(wait_status(must(clone_with(SIGCHLD, write_word))), 3 << 8,
	    "the function's result is the status");
	is(shared_word, 0, "memory is copied");
	is(wait_status(must(clone_with(CLONE_VM | SIGCHLD, write_word))),
	    3 << 8, "with CLONE_VM");
	is(shared_word, 7, "it is shared");
}

static int
change_files(void *arg)
{
	close((int)(long)arg);
	umask(0);
	return chdir("/") || fcntl(9, F_DUPFD, 50) != 50;
}

static pid_t
clone_changing(int flags, int fd)
{
	return must(clone(change_files, stack + STACK_BYTES, flags | SIGCHLD,
	    (void *)(long)fd, NULL, NULL, NULL));
}

static void
test_files(void)
{
	int fd = must(open("/dev/null", O_RDONLY));
	char cwd[PATH_MAX], now[PATH_MAX];

	ensure(getcwd(cwd, sizeof(cwd)));
	must(dup2(fd, 9));
	is(wait_status(clone_changing(0, fd)), 0,
	    "a child with files of its own");
	is(fcntl(fd, F_GETFD), 0, "closes only its own");
	is_errno(fcntl(50, F_GETFD), EBADF, "and opens only its own");
	ensure(getcwd(now, sizeof(now)));
	str_is(now, cwd, "and goes only where it goes");
	is(wait_status(clone_changing(CLONE_FILES, fd)), 0, "CLONE_FILES");
	is_errno(fcntl(fd, F_GETFD), EBADF, "closes for both");
	is(fcntl(50, F_GETFD), 0, "opens for both");
	close(50);
	is(wait_status(clone_changing(CLONE_FS, 10)), 0, "CLONE_FS");
	ensure(getcwd(now, sizeof(now)));
	str_is(now, "/", "goes for both");
	is(umask(022), 0, "and has one umask");
	must(chdir(cwd));
	close(9);
}

static void
on_signal(int sig)
{
	(void)sig;
}

static int
change_handler(void *arg)
{
	(void)arg;
	return signal(SIGUSR1, on_signal) == SIG_ERR;
}

static void
test_handlers(void)
{
	struct sigaction sa;

	is(wait_status(must(clone_with(CLONE_VM | SIGCHLD, change_handler))), 0,
	    "a child with handlers of its own");
	sigaction(SIGUSR1, NULL, &sa);
	ok(sa.sa_handler == SIG_DFL, "sets only its own");
	is(wait_status(must(
	       clone_with(CLONE_VM | CLONE_SIGHAND | SIGCHLD, change_handler))),
	    0, "CLONE_SIGHAND");
	sigaction(SIGUSR1, NULL, &sa);
	ok(sa.sa_handler == on_signal, "sets them for both");
	signal(SIGUSR1, SIG_DFL);
}

static int
check_own_tid(void *arg)
{
	(void)arg;
	return child_tid_word == getpid() ? 5 : 6;
}

static int
check_parent_tid(void *arg)
{
	(void)arg;
	return parent_tid_word == getpid() ? 5 : 6;
}

static void
test_words(void)
{
	pid_t pid;

	parent_tid_word = child_tid_word = 0;
	pid = must(clone_with(CLONE_PARENT_SETTID | SIGCHLD, check_own_tid));
	is(parent_tid_word, pid, "CLONE_PARENT_SETTID writes the number");
	is(wait_status(pid), 6 << 8, "and not the child's word");
	pid = must(clone_with(
	    CLONE_VM | CLONE_PARENT_SETTID | SIGCHLD, check_parent_tid));
	is(wait_status(pid), 5 << 8, "in time for a child that shares memory");
	pid = must(clone_with(CLONE_CHILD_SETTID | SIGCHLD, check_own_tid));
	is(wait_status(pid), 5 << 8, "CLONE_CHILD_SETTID writes in the child");
	is(child_tid_word, 0, "and not in the parent");

	child_tid_word = -1;
	pid = must(
	    clone_with(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, write_word));
	while (__atomic_load_n(&child_tid_word, __ATOMIC_ACQUIRE) == -1)
		syscall(SYS_futex, &child_tid_word, FUTEX_WAIT, -1, NULL);
	is(child_tid_word, 0, "CLONE_CHILD_CLEARTID: zero at its end");
	is(wait_status(pid), 3 << 8, "and whoever waits is woken");
}

static int
parent_of_me(void *arg)
{
	(void)arg;
	return getppid() & 0x7f;
}

static void
become_sibling(void)
{
	pid_t parent = getppid();

	ensure(clone_with(CLONE_PARENT | SIGCHLD, parent_of_me) > 0);
	is_errno(
	    waitpid(-1, NULL, 0), ECHILD, "CLONE_PARENT: no child of ours");
	ok(getppid() == parent, "our parent is its parent");
}

static void
test_parent(void)
{
	int status;

	is(wait_status(spawn(become_sibling)), 0, "a process with a sibling");
	ok(wait(&status) > 0, "the sibling is our child");
	is(WEXITSTATUS(status), getpid() & 0x7f, "and knows it");
}

static volatile sig_atomic_t got_signal;

static void
note_signal(int sig)
{
	got_signal = sig;
}

static void
test_exit_signal(void)
{
	pid_t pid;

	signal(SIGUSR2, note_signal);
	pid = must(clone_with(SIGUSR2, write_word));
	is(waitpid(pid, NULL, __WALL), pid, "an exit signal of one's choice");
	is(got_signal, SIGUSR2, "is what the parent gets");
	signal(SIGUSR2, SIG_DFL);
}

static int vfork_result;

static void
test_vfork(void)
{
	pid_t pid;
	char *argv[] = {"x", "@vfork_exec", NULL};

	shared_word = 0;
	pid = must(clone_with(CLONE_VM | CLONE_VFORK | SIGCHLD, write_word));
	is(shared_word, 7, "CLONE_VFORK: the child has ended first");
	is(wait_status(pid), 3 << 8, "with its status");
	vfork_result = 0;
	pid = vfork();
	if (pid == 0) {
		vfork_result = 12;
		execve(tap_self, argv, environ);
		_exit(126);
	}
	is(vfork_result, 12, "or done exec, in its parent's memory");
	is(wait_status(pid), 9 << 8, "and goes on by itself");
	vfork_result = 0;
	pid = vfork();
	if (pid == 0) {
		vfork_result = 13;
		kill(getpid(), SIGKILL);
	}
	is(vfork_result, 13, "or been killed");
	is(wait_status(pid), SIGKILL, "as its status says");
}

HELPER(vfork_exec)
{
	return 9;
}

static void
test_refusals(void)
{
	is_errno(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0),
	    EINVAL, "CLONE_SIGHAND without CLONE_VM");
	is_errno(syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0),
	    EINVAL, "CLONE_THREAD without CLONE_SIGHAND");
	is_errno(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS, 0, 0, 0, 0), EINVAL,
	    "CLONE_FS with CLONE_NEWNS");
}

struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
	    stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* An old kernel's answer, ENOSYS, is as good: the C library falls back. */
static void
test_clone3(void)
{
	struct clone3_args a = {.exit_signal = SIGCHLD};
	pid_t pid = syscall(SYS_clone3, &a, sizeof(a));

	if (pid == 0)
		_exit(4);
	if (pid < 0) {
		is(errno, ENOSYS, "clone3 is not there, and says so");
		return;
	}
	is(wait_status(pid), 4 << 8, "clone3 as fork");
	is_errno(syscall(SYS_clone3, &a, 8), EINVAL, "too small a structure");
	is_errno(syscall(SYS_clone3, &a, 5000), E2BIG, "too large a one");
	is_errno(syscall(SYS_clone3, NOWHERE, sizeof(a)), EFAULT, "none");
	a.exit_signal = 65;
	is_errno(syscall(SYS_clone3, &a, sizeof(a)), EINVAL, "no such signal");
	a.exit_signal = SIGCHLD;
	a.stack = (uintptr_t)stack;
	is_errno(syscall(SYS_clone3, &a, sizeof(a)), EINVAL,
	    "a stack without a size");
	a.stack = 0;
	a.flags = CLONE_SIGHAND;
	is_errno(syscall(SYS_clone3, &a, sizeof(a)), EINVAL,
	    "CLONE_SIGHAND without CLONE_VM");
}

TEST(proc_clone)
{
	test_memory();
	test_files();
	test_handlers();
	test_words();
	test_parent();
	test_exit_signal();
	test_vfork();
	test_refusals();
	test_clone3();
}
