/* Who a process is: its number, its parent's, its user and groups, its host. */
#include "tap.h"

#include <grp.h>
#include <sys/utsname.h>

static void
child_numbers(void)
{
	ok(getpid() == syscall(SYS_gettid), "a new process is its own thread");
	ok(getpid() > 1, "a child's number is not init's");
}

TEST(proc_identity)
{
	pid_t self = getpid(), pid;
	struct gate g = gate_make();
	struct utsname u;

	ok(self > 1, "getpid");
	is(gettid(), self, "gettid of the first thread is getpid");
	is(wait_status(spawn(child_numbers)), 0, "a child ends well");

	pid = must(fork());
	if (pid == 0) {
		is(getppid(), self, "the parent of a child is who forked it");
		gate_open(&g);
		_exit(0);
	}
	gate_wait(&g);
	is(wait_status(pid), 0, "its status is 0");

	is(getuid(), 0, "tests run as root");
	is(uname(&u), 0, "uname");
	str_is(u.sysname, "Linux", "it names the ABI");
	is_errno(syscall(SYS_uname, NULL), EFAULT, "uname to nowhere");
}
