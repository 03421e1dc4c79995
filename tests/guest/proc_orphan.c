/* Who inherits the children of the dead. */
#include "tap.h"

#include <sched.h>
#include <sys/prctl.h>

static struct gate born, go;

/* A process whose child outlives it; returns the orphan's number. */
static pid_t
make_orphan(void (*fn)(void))
{
	int fd[2];
	pid_t orphan, parent;

	must(pipe(fd));
	parent = must(fork());
	if (parent == 0) {
		orphan = spawn(fn);
		if (write(fd[1], &orphan, sizeof(orphan)) != sizeof(orphan))
			_exit(1);
		gate_wait(&born);
		_exit(0);
	}
	is(read(fd[0], &orphan, sizeof(orphan)), sizeof(orphan), "it forked");
	is(wait_status(parent), 0, "and died");
	close(fd[0]);
	close(fd[1]);
	return orphan;
}

static void
orphan_of_init(void)
{
	pid_t parent = getppid();

	gate_open(&born);
	while (getppid() == parent)
		sched_yield();
	is(getppid(), 1, "an orphan's parent is init");
	gate_open(&go);
}

static void
orphan_of_reaper(void)
{
	pid_t parent = getppid();

	gate_open(&born);
	while (getppid() == parent)
		sched_yield();
	_exit(getppid() == getpgrp() ? 21 : 22);
}

static void
test_init(void)
{
	pid_t orphan = make_orphan(orphan_of_init);

	gate_wait(&go);
	is_errno(waitpid(orphan, NULL, 0), ECHILD, "a grandchild is not ours");
}

static void
test_reaper(void)
{
	pid_t orphan;
	int set = 0;

	is(prctl(PR_GET_CHILD_SUBREAPER, &set), 0, "asking");
	is(set, 0, "nobody is a subreaper by itself");
	is(prctl(PR_SET_CHILD_SUBREAPER, 1), 0, "becoming one");
	is(prctl(PR_GET_CHILD_SUBREAPER, &set), 0, "asking again");
	is(set, 1, "it is set");
	is_errno(prctl(PR_GET_CHILD_SUBREAPER, 8), EFAULT, "asking to nowhere");
	orphan = make_orphan(orphan_of_reaper);
	is(wait_status(orphan), 21 << 8,
	    "a subreaper gets its descendants' children, and can wait for "
	    "them");
	if (must(fork()) == 0) {
		prctl(PR_GET_CHILD_SUBREAPER, &set);
		is(set, 0, "a child is not a subreaper");
		_exit(0);
	}
	wait(NULL);
	is(prctl(PR_SET_CHILD_SUBREAPER, 0), 0, "ceasing to be one");
}

/* A zombie that is inherited is reaped by its heir. */
static void
test_zombie(void)
{
	pid_t parent, child;
	int fd[2];

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	must(pipe(fd));
	parent = must(fork());
	if (parent == 0) {
		child = must(fork());
		if (child == 0)
			_exit(33);
		must(waitid(P_PID, child, NULL, WEXITED | WNOWAIT));
		_exit(write(fd[1], &child, sizeof(child)) != sizeof(child));
	}
	is(wait_status(parent), 0, "a parent that leaves a zombie");
	is(read(fd[0], &child, sizeof(child)), sizeof(child), "the zombie");
	is(wait_status(child), 33 << 8, "its heir reaps it");
	must(prctl(PR_SET_CHILD_SUBREAPER, 0));
}

static void
die_with_parent(void)
{
	must(prctl(PR_SET_PDEATHSIG, SIGTERM));
	gate_open(&born);
	for (;;)
		pause();
}

static void
test_deathsig(void)
{
	pid_t orphan;
	int sig = -1;

	is(prctl(PR_GET_PDEATHSIG, &sig), 0, "asking for the death signal");
	is(sig, 0, "there is none");
	is_errno(prctl(PR_SET_PDEATHSIG, 65), EINVAL, "65 is no signal");
	is_errno(prctl(PR_GET_PDEATHSIG, 8), EFAULT, "asking to nowhere");
	is(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0, "setting one");
	prctl(PR_GET_PDEATHSIG, &sig);
	is(sig, SIGUSR1, "it is set");
	if (must(fork()) == 0) {
		prctl(PR_GET_PDEATHSIG, &sig);
		is(sig, 0, "a child has none");
		_exit(0);
	}
	wait(NULL);
	must(prctl(PR_SET_PDEATHSIG, 0));

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	orphan = make_orphan(die_with_parent);
	is(wait_status(orphan), SIGTERM, "it is sent when the parent dies");
	must(prctl(PR_SET_CHILD_SUBREAPER, 0));
}

/* A whole family dies one after the other, from the top. */
static void
test_chain(void)
{
	int n = 0;
	pid_t pid;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = must(fork());
	if (pid == 0) {
		for (int depth = 0; depth < 20; depth++)
			if (fork() > 0)
				_exit(0);
		_exit(0);
	}
	while (wait(NULL) > 0)
		n++;
	is(n, 21, "each of a chain of 21 comes to the subreaper");
	must(prctl(PR_SET_CHILD_SUBREAPER, 0));
}

TEST(proc_orphan)
{
	born = gate_make();
	go = gate_make();
	test_init();
	test_reaper();
	test_zombie();
	test_deathsig();
	test_chain();
}
