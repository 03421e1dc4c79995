/* What the system says of itself, and names that processes have. */
#include "tap.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#define MACHINE "riscv64"

static void
test_uname(void)
{
	struct utsname u;
	int major = 0;

	memset(&u, 'x', sizeof(u));
	is(uname(&u), 0, "uname");
	str_is(u.sysname, "Linux", "it names the ABI");
	ok(sscanf(u.release, "%d.", &major) == 1 && major >= 5,
	    "a release that the C library accepts");
	ok(strnlen(u.nodename, sizeof(u.nodename)) < sizeof(u.nodename) &&
		strnlen(u.version, sizeof(u.version)) < sizeof(u.version) &&
		strlen(u.machine) > 0,
	    "each name ends");
	str_is(u.machine, MACHINE, "the machine");
	is_errno(syscall(SYS_uname, NOWHERE), EFAULT, "to nowhere");
}

static void
test_sysinfo(void)
{
	struct sysinfo si, later;

	memset(&si, 0xff, sizeof(si));
	is(sysinfo(&si), 0, "sysinfo");
	ok(si.mem_unit > 0, "mem_unit");
	ok(si.totalram > 0 && si.freeram > 0 && si.freeram <= si.totalram,
	    "memory: some, and some of it free");
	ok((uint64_t)si.totalram * si.mem_unit >= 16 << 20,
	    "as much as a machine has");
	is(si.freeswap, si.totalswap, "no more swap than there is");
	ok(si.procs > 1, "processes: us and others");
	ok(si.uptime > 0, "it has been up for a while");
	must(sysinfo(&later));
	ok(later.uptime >= si.uptime, "and that grows");
	is_errno(sysinfo(NOWHERE), EFAULT, "to nowhere");
}

static uint64_t
free_bytes(void)
{
	struct sysinfo si;

	must(sysinfo(&si));
	return (uint64_t)si.freeram * si.mem_unit;
}

/* What a process has taken is free again when it ends, or soon after. */
static void
test_free_memory(void)
{
	struct gate full = gate_make(), go = gate_make();
	enum {
		TAKEN = 8 << 20
	};
	uint64_t during;
	pid_t pid;

	pid = must(fork());
	if (pid == 0) {
		char *p = malloc(TAKEN);

		for (int i = 0; i < TAKEN; i += 4096)
			p[i] = 1;
		gate_open(&full);
		gate_wait(&go);
		_exit(p[0] != 1);
	}
	gate_wait(&full);
	during = free_bytes();
	gate_open(&go);
	is(wait_status(pid), 0, "a process that has 8 MiB");
	while (free_bytes() < during + TAKEN / 2)
		sched_yield();
	ok(true, "gives them back");
}

static void
test_name(void)
{
	char name[17] = "";

	is(prctl(PR_GET_NAME, name), 0, "PR_GET_NAME");
	ok(strlen(name) > 0 && strlen(name) < 16, "every process has a name");
	is(prctl(PR_SET_NAME, "short"), 0, "PR_SET_NAME");
	prctl(PR_GET_NAME, name);
	str_is(name, "short", "sets it");
	is(prctl(PR_SET_NAME, "a name that is too long"), 0, "a longer one");
	prctl(PR_GET_NAME, name);
	str_is(name, "a name that is ", "is cut off");
	if (must(fork()) == 0) {
		prctl(PR_GET_NAME, name);
		str_is(name, "a name that is ", "a child has its parent's");
		prctl(PR_SET_NAME, "child");
		_exit(0);
	}
	wait(NULL);
	prctl(PR_GET_NAME, name);
	str_is(name, "a name that is ", "each changes its own");
	is_errno(prctl(PR_SET_NAME, NOWHERE), EFAULT, "from nowhere");
	is_errno(prctl(PR_GET_NAME, NOWHERE), EFAULT, "to nowhere");
	is_errno(prctl(12345), EINVAL, "what nobody knows");
}

TEST_NEEDS(proc_info, 12)
{
	test_uname();
	test_sysinfo();
	test_free_memory();
	test_name();
}
