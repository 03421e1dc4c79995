/* What a child has of its parent, and what it has not. */
#include "tap.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>

static int in_data = 1, in_bss;
static struct gate gate, back;

static void
test_memory(void)
{
	int on_stack = 3, *on_heap = malloc(sizeof(int));
	pid_t pid;

	*on_heap = 4;
	in_bss = 2;
	pid = must(fork());
	if (pid == 0) {
		ok(in_data == 1 && in_bss == 2 && on_stack == 3 &&
			*on_heap == 4,
		    "a child sees what its parent wrote");
		in_data = in_bss = on_stack = *on_heap = 9;
		gate_open(&back);
		gate_wait(&gate);
		ok(in_data == 9 && in_bss == 9 && on_stack == 9 &&
			*on_heap == 9,
		    "and what it wrote itself");
		_exit(0);
	}
	gate_wait(&back);
	ok(in_data == 1 && in_bss == 2 && on_stack == 3 && *on_heap == 4,
	    "a parent does not see what its child wrote");
	in_data = 5;
	gate_open(&gate);
	is(wait_status(pid), 0, "the child ends");
	in_data = 1;
	free(on_heap);
}

static void
test_descriptors(void)
{
	int fd = must(open("f", O_RDWR | O_CREAT, 0600));
	char buf[4] = "";

	must(write(fd, "abcdef", 6));
	must(lseek(fd, 0, SEEK_SET));
	if (must(fork()) == 0) {
		is(read(fd, buf, 3), 3, "a child reads");
		close(fd);
		_exit(0);
	}
	wait(NULL);
	is(lseek(fd, 0, SEEK_CUR), 3, "the offset is shared");
	is(read(fd, buf, 3), 3, "the descriptor is not");
	str_is(buf, "def", "so the parent reads on");
	must(fcntl(fd, F_SETFD, FD_CLOEXEC));
	if (must(fork()) == 0) {
		is(fcntl(fd, F_GETFD), FD_CLOEXEC, "fork keeps FD_CLOEXEC");
		fcntl(fd, F_SETFD, 0);
		_exit(0);
	}
	wait(NULL);
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "which is each one's own");
	close(fd);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

static void
test_signals(void)
{
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_NODEFER},
			 got;
	sigset_t set, now;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(sigaction(SIGALRM, &sa, NULL));
	raise(SIGUSR1);
	alarm(1000);
	if (must(fork()) == 0) {
		sigpending(&now);
		ok(!sigismember(&now, SIGUSR1), "no signal is inherited");
		is(alarm(0), 0, "nor an alarm");
		sigprocmask(SIG_BLOCK, NULL, &now);
		ok(sigismember(&now, SIGUSR1), "the mask is");
		sigaction(SIGALRM, NULL, &got);
		ok(got.sa_handler == on_alarm, "and the handlers");
		is(got.sa_flags & SA_NODEFER, SA_NODEFER, "with their flags");
		signal(SIGALRM, SIG_IGN);
		_exit(0);
	}
	wait(NULL);
	sigaction(SIGALRM, NULL, &got);
	ok(got.sa_handler == on_alarm, "a child's handlers are its own");
	sigpending(&now);
	ok(sigismember(&now, SIGUSR1), "the parent's signal still waits");
	ok(alarm(0) > 900, "and its alarm");
	signal(SIGUSR1, SIG_IGN);
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
	signal(SIGALRM, SIG_DFL);
}

static void
test_rest(void)
{
	struct rlimit rl = {100, 200}, got;
	char cwd[PATH_MAX], child_cwd[PATH_MAX];
	struct tms t;

	must(mkdir("d", 0700));
	must(chdir("d"));
	must(getcwd(cwd, sizeof(cwd)) ? 0 : -1);
	must(setrlimit(RLIMIT_NOFILE, &rl));
	if (must(fork()) == 0) {
		must(getcwd(child_cwd, sizeof(child_cwd)) ? 0 : -1);
		str_is(child_cwd, cwd, "a child is where its parent was");
		must(chdir("/"));
		getrlimit(RLIMIT_NOFILE, &got);
		ok(got.rlim_cur == 100 && got.rlim_max == 200, "limits too");
		times(&t);
		is(t.tms_cutime + t.tms_cstime, 0, "it has had no children");
		_exit(0);
	}
	wait(NULL);
	must(getcwd(child_cwd, sizeof(child_cwd)) ? 0 : -1);
	str_is(child_cwd, cwd, "and goes elsewhere alone");
	must(chdir(".."));
}

/* Each level checks what all levels above wrote, and adds its own. */
#define DEPTH 40

static void
test_chain(void)
{
	static int trail[DEPTH];
	pid_t pid = must(fork());
	int depth = 0;

	while (pid == 0 && depth < DEPTH) {
		for (int i = 0; i < depth; i++)
			if (trail[i] != i + 1)
				_exit(100 + i);
		trail[depth] = depth + 1;
		depth++;
		pid = must(fork());
	}
	if (depth == DEPTH && pid == 0)
		_exit(0);
	if (depth > 0) {
		int status = wait_status(pid);

		for (int i = 0; i < DEPTH; i++)
			if (trail[i] != (i < depth ? i + 1 : 0))
				_exit(200);
		_exit(WEXITSTATUS(status));
	}
	is(wait_status(pid), 0, "%d generations, each with its own memory",
	    DEPTH);
	is(trail[0], 0, "the first has none of it");
}

/* A parent with many children at once: no mix-up of what returns where. */
static void
test_crowd(void)
{
	enum {
		CROWD = 30
	};
	pid_t pids[CROWD];
	int good = 0;

	for (int i = 0; i < CROWD; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0) {
			gate_wait(&gate);
			_exit(i);
		}
	}
	for (int i = 0; i < CROWD; i++)
		gate_open(&gate);
	for (int i = CROWD - 1; i >= 0; i--)
		good += wait_status(pids[i]) == i << 8;
	is(good, CROWD, "%d children at once, each its own", CROWD);
}

TEST(proc_fork)
{
	gate = gate_make();
	back = gate_make();
	test_memory();
	test_descriptors();
	test_signals();
	test_rest();
	test_chain();
	test_crowd();
}
