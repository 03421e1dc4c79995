/* Nice values and scheduling policies. */
#include "tap.h"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

/* The call gives 20 - nice, so that no value looks like an error. */
static long
raw_priority(int which, id_t who)
{
	return syscall(SYS_getpriority, which, who);
}

static void
test_nice(void)
{
	is(raw_priority(PRIO_PROCESS, 0), 20, "the usual nice value is 0");
	is(setpriority(PRIO_PROCESS, 0, 7), 0, "setting it");
	is(raw_priority(PRIO_PROCESS, 0), 13, "it is set");
	is(getpriority(PRIO_PROCESS, getpid()), 7, "by number");
	if (must(fork()) == 0) {
		is(getpriority(PRIO_PROCESS, 0), 7, "a child has it too");
		must(setpriority(PRIO_PROCESS, 0, 9));
		_exit(0);
	}
	wait(NULL);
	is(getpriority(PRIO_PROCESS, 0), 7, "and changes its own");
	is(setpriority(PRIO_PROCESS, 0, 100), 0, "too much");
	is(raw_priority(PRIO_PROCESS, 0), 1, "is 19");
	is(setpriority(PRIO_PROCESS, 0, -100), 0, "too little");
	is(raw_priority(PRIO_PROCESS, 0), 40, "is -20");
	is(setpriority(PRIO_PGRP, 0, 3), 0, "one's group");
	is(getpriority(PRIO_PGRP, getpgrp()), 3, "has it");
	is(setpriority(PRIO_PROCESS, 0, 0), 0, "and back");
	is_errno(raw_priority(9, 0), EINVAL, "of what?");
	is_errno(raw_priority(PRIO_PROCESS, 1 << 30), ESRCH, "of nobody");
	is_errno(setpriority(PRIO_PROCESS, 1 << 30, 0), ESRCH, "for nobody");
	is_errno(setpriority(9, 0, 0), EINVAL, "for what?");
}

static void
another_user(void)
{
	must(setuid(1));
	is(setpriority(PRIO_PROCESS, 0, 5), 0, "anyone may be nicer");
	is_errno(setpriority(PRIO_PROCESS, 0, 4), EACCES, "but not less nice");
	is_errno(setpriority(PRIO_PROCESS, getppid(), 5), EPERM,
	    "nor change others'");
	ok(getpriority(PRIO_PROCESS, getppid()) == 0, "but see them");
}

static void
test_policy(void)
{
	struct sched_param p = {.sched_priority = 77};
	struct timespec ts = {-1, -1};

	is(sched_getscheduler(0), SCHED_OTHER, "the usual policy");
	is(sched_getparam(0, &p), 0, "its parameters");
	is(p.sched_priority, 0, "a priority of 0");
	is(sched_get_priority_min(SCHED_OTHER), 0, "the least there is");
	is(sched_get_priority_max(SCHED_OTHER), 0, "and the most");
	is(sched_get_priority_min(SCHED_FIFO), 1, "for SCHED_FIFO, 1");
	is(sched_get_priority_max(SCHED_FIFO), 99, "to 99");
	is(sched_setscheduler(0, SCHED_OTHER, &p), 0, "what is may be set");
	is(sched_setparam(0, &p), 0, "here as well");
	is(sched_rr_get_interval(0, &ts), 0, "the interval");
	ok(ts.tv_sec >= 0 && ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000,
	    "is a time");
	p.sched_priority = 1;
	is_errno(sched_setscheduler(0, SCHED_OTHER, &p), EINVAL,
	    "SCHED_OTHER has no priorities");
	p.sched_priority = 0;
	is_errno(sched_setscheduler(0, 99, &p), EINVAL, "no such policy");
	is_errno(sched_get_priority_max(99), EINVAL, "nor here");
	is_errno(sched_get_priority_min(99), EINVAL, "nor here");
	is_errno(sched_getscheduler(1 << 30), ESRCH, "nobody's");
	is_errno(sched_getscheduler(-1), EINVAL, "of process -1");
	is_errno(sched_getparam(1 << 30, &p), ESRCH, "nobody's parameters");
	is_errno(
	    sched_setscheduler(1 << 30, SCHED_OTHER, &p), ESRCH, "for nobody");
	is_errno(syscall(SYS_sched_getparam, 0, NOWHERE), EFAULT, "to nowhere");
	is_errno(syscall(SYS_sched_setparam, 0, NOWHERE), EFAULT, "from it");
	is_errno(syscall(SYS_sched_rr_get_interval, 0, NOWHERE), EFAULT,
	    "an interval to nowhere");
}

/* Whoever is very nice still gets to run, and whoever is not gets more. */
static void
test_nice_runs(void)
{
	cpu_set_t one;
	pid_t pid;
	volatile long n = 0;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	pid = must(fork());
	if (pid == 0) {
		sched_setaffinity(0, sizeof(one), &one);
		setpriority(PRIO_PROCESS, 0, 19);
		while (n < 100000)
			n++;
		_exit(0);
	}
	is(wait_status(pid), 0, "the nicest of all comes to run");
}

TEST(proc_priority)
{
	test_nice();
	is(wait_status(spawn(another_user)), 0, "another user");
	test_policy();
	test_nice_runs();
}
