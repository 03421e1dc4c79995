/* Who a process is: its numbers, its parent's, its user, its groups. */
#include "tap.h"

#include <grp.h>
#include <sys/stat.h>

static void
child_numbers(void)
{
	is(syscall(SYS_gettid), getpid(), "a new process is its first thread");
	ok(getpid() > 1, "a child's number is not init's");
	is(getpgrp(), getpgid(getppid()), "its group is its parent's");
	is(getsid(0), getsid(getppid()), "and its session");
}

static void
test_numbers(void)
{
	pid_t self = getpid(), pid;

	ok(self > 1, "getpid");
	is(gettid(), self, "gettid of the first thread is getpid");
	is(wait_status(spawn(child_numbers)), 0, "a child ends well");
	pid = must(fork());
	if (pid == 0) {
		is(getppid(), self, "the parent of a child is who forked it");
		_exit(0);
	}
	is(wait_status(pid), 0, "its status is 0");
	is(getpgid(0), getpgrp(), "getpgid(0) is one's own");
	is(getpgid(self), self, "the runner made us a group's leader");
	is(getsid(0), self, "and a session's");
	is_errno(getpgid(-1), ESRCH, "no group of process -1");
	is_errno(getsid(-1), ESRCH, "no session of process -1");
	is_errno(getpgid(1 << 30), ESRCH, "no group of nobody");
	is_errno(getsid(1 << 30), ESRCH, "no session of nobody");
	is(getpgid(pid), -1, "a reaped child has no group");
}

static void
test_root(void)
{
	is(getuid(), 0, "tests run as root");
	is(geteuid(), 0, "in effect too");
	is(getgid(), 0, "with root's group");
	is(getegid(), 0, "in effect too");
}

static void
drop_user(void)
{
	must(setgid(50));
	must(setuid(100));
	is(getuid(), 100, "setuid by root sets the real user");
	is(geteuid(), 100, "and the effective one");
	is(getgid(), 50, "setgid sets the real group");
	is(getegid(), 50, "and the effective one");
	is_errno(setuid(0), EPERM, "there is no way back to root");
	is_errno(setgid(0), EPERM, "nor to its group");
	is_errno(setuid(101), EPERM, "nor on to another user");
	is(setuid(100), 0, "being who one is is allowed");
	is(setgid(50), 0, "for groups too");
	is_errno(setgroups(0, NULL), EPERM, "groups are root's to give");
}

static void
inherit_user(void)
{
	must(setgid(7));
	must(setuid(8));
	if (must(fork()) == 0) {
		is(getuid(), 8, "fork keeps the user");
		is(getgid(), 7, "and the group");
		_exit(0);
	}
	wait(NULL);
}

static void
test_groups(void)
{
	gid_t many[] = {3, 1, 2}, got[8] = {0};

	is(setgroups(3, many), 0, "setgroups");
	is(getgroups(0, NULL), 3, "getgroups(0) counts them");
	is(getgroups(8, got), 3, "getgroups gives them");
	ok(got[0] + got[1] + got[2] == 6 && got[0] && got[1] && got[2],
	    "each of them");
	is_errno(getgroups(2, got), EINVAL, "not into too small a list");
	is_errno(
	    syscall(SYS_getgroups, -1, got), EINVAL, "nor into a negative one");
	is_errno(syscall(SYS_getgroups, 8, NOWHERE), EFAULT, "nor to nowhere");
	is_errno(
	    syscall(SYS_setgroups, 3, NOWHERE), EFAULT, "nor from nowhere");
	is_errno(setgroups(65537, many), EINVAL, "65,536 are the limit");
	if (must(fork()) == 0) {
		is(getgroups(8, got), 3, "a child has its parent's groups");
		_exit(0);
	}
	wait(NULL);
	is(setgroups(0, NULL), 0, "none at all");
	is(getgroups(8, got), 0, "is none at all");
}

static void
test_umask(void)
{
	mode_t before = umask(0777);

	is(before, 022, "the runner's mask");
	is(umask(01777), 0777, "umask says what it was");
	is(umask(before), 0777, "and only the nine bits count");
	if (must(fork()) == 0) {
		is(umask(0), 022, "a child has its parent's");
		_exit(0);
	}
	wait(NULL);
	is(umask(022), 022, "and changes only its own");
}

TEST(proc_identity)
{
	test_numbers();
	test_root();
	is(wait_status(spawn(drop_user)), 0,
	    "a process that stopped being root");
	is(wait_status(spawn(inherit_user)), 0, "and one with a child");
	test_groups();
	test_umask();
}
