/* Process groups and sessions: who may go where. */
#include "tap.h"

#include <signal.h>

static struct gate born, go;

static void
wait_at_gate(void)
{
	gate_open(&born);
	gate_wait(&go);
}

static pid_t
waiting_child(void)
{
	pid_t pid = spawn(wait_at_gate);

	gate_wait(&born);
	return pid;
}

/* Lets one or two children end. */
static void
release(pid_t a, pid_t b)
{
	gate_open(&go);
	if (b)
		gate_open(&go);
	wait_status(a);
	if (b)
		wait_status(b);
}

static void
new_session(void)
{
	pid_t self = getpid();

	ok(getpgrp() != self, "a child begins in its parent's group");
	is(setsid(), self, "setsid gives the new session's number");
	is(getsid(0), self, "which is one's own");
	is(getpgrp(), self, "as is the group's");
	is_errno(setsid(), EPERM, "a leader cannot do it again");
	is_errno(setpgid(0, 0), EPERM, "nor change its group");
	is_errno(setpgid(0, getppid()), EPERM, "nor join another's");
	is_errno(open("/dev/tty", O_RDWR), ENXIO, "it has no terminal");
}

static void
test_groups(void)
{
	pid_t a = waiting_child(), b = waiting_child();

	is(setpgid(a, a), 0, "a child gets a group of its own");
	is(getpgid(a), a, "it has it");
	is(setpgid(b, a), 0, "another joins it");
	is(getpgid(b), a, "it is there");
	is(getsid(b), getsid(0), "in the same session");
	is(setpgid(b, 0), 0, "0 stands for its own number");
	is(getpgid(b), b, "it has its own");
	is(setpgid(b, getpgrp()), 0, "and back to ours");
	is(setpgid(b, getpgrp()), 0, "where it may be again");
	is_errno(setpgid(b, 1 << 30), EPERM, "no such group");
	is_errno(setpgid(b, -1), EINVAL, "no negative group");
	is_errno(setpgid(-1, 0), EINVAL, "nor process");
	is_errno(setpgid(1 << 30, 0), ESRCH, "no such process");
	is_errno(setpgid(1, 0), ESRCH, "init is not a child");
	is_errno(setpgid(getppid(), 0), ESRCH, "nor is one's parent");
	release(a, b);
	is_errno(setpgid(a, a), ESRCH, "a reaped child is nobody");
}

/* A group lives as long as it has a member, whoever began it. */
static void
test_leader_gone(void)
{
	pid_t a = waiting_child(), b = waiting_child(), c = waiting_child();

	must(setpgid(a, a));
	must(setpgid(b, a));
	must(kill(a, SIGKILL));
	wait_status(a);
	is(getpgid(b), a, "a group outlives its leader");
	is(setpgid(c, a), 0, "and others may join it");
	is(kill(-a, 0), 0, "it can be signalled");
	must(kill(-a, SIGKILL));
	is(wait_status(b), SIGKILL, "each member gets");
	is(wait_status(c), SIGKILL, "what is sent to all");
	is_errno(kill(-a, 0), ESRCH, "then it is gone");
}

static void
other_session(void)
{
	must(setsid());
	wait_at_gate();
}

HELPER(session_exec)
{
	gate_open(&(struct gate){-1, atoi(argv[2])});
	gate_wait(&(struct gate){atoi(argv[3]), -1});
	return 0;
}

static void
exec_helper(void)
{
	char out[16], in[16];
	char *argv[] = {"x", "@session_exec", out, in, NULL};

	sprintf(out, "%d", dup(born.w));
	sprintf(in, "%d", dup(go.r));
	execve(tap_self, argv, environ);
	_exit(126);
}

static void
test_borders(void)
{
	pid_t a = spawn(other_session), b;

	gate_wait(&born);
	is(getsid(a), a, "a child in a session of its own");
	is_errno(setpgid(a, 0), EPERM, "is beyond our reach");
	b = waiting_child();
	is_errno(setpgid(b, a), EPERM, "nor can others be sent there");
	release(a, b);
	b = spawn(exec_helper);
	gate_wait(&born);
	is_errno(setpgid(b, b), EACCES, "a child that has done exec");
	release(b, 0);
}

/* A leader's number is not given to a session while its group lives. */
static void
leader_of_others(void)
{
	pid_t child;

	must(setpgid(0, 0));
	is_errno(setsid(), EPERM, "a group's leader cannot leave it");
	child = waiting_child();
	is(getpgid(child), getpid(), "its child is in its group");
	release(child, 0);
	is_errno(setsid(), EPERM, "not even when it is alone there");
}

TEST(proc_session)
{
	born = gate_make();
	go = gate_make();
	is(wait_status(spawn(new_session)), 0, "a new session");
	test_groups();
	test_leader_gone();
	test_borders();
	is(wait_status(spawn(leader_of_others)), 0, "a group's leader");
}
