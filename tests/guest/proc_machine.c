/* What only this machine has, and what belongs to no other subject. */
#include "tap.h"

#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/utsname.h>

#define SYS_HWPROBE      258
#define SYS_FLUSH_ICACHE 259

struct probe {
	int64_t key;
	uint64_t value;
};

/* ENOSYS is an answer: the C library then assumes little. */
static void
test_hwprobe(void)
{
	struct probe p[3] = {{3, 7}, {4, 7}, {99999, 7}};
	long err = syscall(SYS_HWPROBE, p, 3, 0, NULL, 0);

	if (err != 0) {
		is(errno, ENOSYS, "riscv_hwprobe is not there, and says so");
		return;
	}
	is(p[0].key, 3, "a key that is known stays");
	is(p[0].value & 1, 1, "the base behaviour: what Linux programs need");
	is(p[1].value & 3, 3, "floats and compressed instructions");
	is(p[2].key, -1, "a key that is not known becomes -1");
	is(p[2].value, 0, "with the value 0");
	is_errno(syscall(SYS_HWPROBE, NOWHERE, 1, 0, NULL, 0), EFAULT,
	    "keys that are nowhere");
	is_errno(
	    syscall(SYS_HWPROBE, p, 1, 0, NULL, 0x100), EINVAL, "no such flag");
}

static void
test_flush(void)
{
	char *p = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	is(syscall(SYS_FLUSH_ICACHE, p, p + 4096, 0), 0, "riscv_flush_icache");
	is(syscall(SYS_FLUSH_ICACHE, 0, 0, 0), 0, "of nothing");
	is(syscall(SYS_FLUSH_ICACHE, p, p + 4096, 1), 0, "for this thread");
	is_errno(
	    syscall(SYS_FLUSH_ICACHE, p, p + 4096, 2), EINVAL, "no such flag");
}

static void
test_personality(void)
{
	is(personality(0xffffffff), 0, "the usual personality");
	is(personality(ADDR_NO_RANDOMIZE), 0, "setting it tells what was");
	is(personality(0xffffffff), ADDR_NO_RANDOMIZE, "it is set");
	if (must(fork()) == 0) {
		is(personality(0xffffffff), ADDR_NO_RANDOMIZE,
		    "a child has it too");
		_exit(0);
	}
	wait(NULL);
	is(personality(0), ADDR_NO_RANDOMIZE, "and back");
}

HELPER(machine_address)
{
	int here;
	void *at = &here;

	return write(atoi(argv[2]), &at, sizeof(at)) != sizeof(at);
}

/* Where two runs of one program have their stacks. */
static bool
same_stack_twice(void)
{
	void *at[2] = {NULL, NULL};
	char number[16];
	char *argv[] = {"x", "@machine_address", number, NULL};
	int fd[2];

	must(pipe(fd));
	sprintf(number, "%d", fd[1]);
	for (int i = 0; i < 2; i++) {
		if (must(fork()) == 0) {
			execve(tap_self, argv, environ);
			_exit(126);
		}
		wait(NULL);
	}
	must(read(fd[0], at, sizeof(at)));
	close(fd[0]);
	close(fd[1]);
	return at[0] == at[1];
}

static void
test_randomness(void)
{
	ok(!same_stack_twice() || !same_stack_twice() || !same_stack_twice(),
	    "programs' stacks are not always in one place");
	must(personality(ADDR_NO_RANDOMIZE));
	ok(same_stack_twice(), "with ADDR_NO_RANDOMIZE they are");
	must(personality(0));
}

static void
as_another_user(void)
{
	must(setuid(1));
	is_errno(sethostname("x", 1), EPERM, "only root names the host");
	is_errno(setdomainname("x", 1), EPERM, "and the domain");
}

static void
test_hostname(void)
{
	struct utsname before, u;

	must(uname(&before));
	is(sethostname("somewhere", 9), 0, "sethostname");
	must(uname(&u));
	str_is(u.nodename, "somewhere", "uname tells");
	is_errno(syscall(SYS_sethostname, "x", 65), EINVAL, "too long a name");
	is_errno(syscall(SYS_sethostname, "x", -1), EINVAL, "less than none");
	is_errno(sethostname(NOWHERE, 5), EFAULT, "one from nowhere");
	is(wait_status(spawn(as_another_user)), 0, "another user");
	must(sethostname(before.nodename, strlen(before.nodename)));
}

static void
test_domainname(void)
{
	char longest[65] = "";
	struct utsname before, u;

	must(uname(&before));
	memset(longest, 'd', 64);
	is(setdomainname("some.where", 10), 0, "setdomainname");
	must(uname(&u));
	str_is(u.domainname, "some.where", "uname tells");
	str_is(u.nodename, before.nodename, "the host is called as before");
	is(setdomainname("x", 1), 0, "a shorter one");
	must(uname(&u));
	str_is(u.domainname, "x", "leaves nothing of the longer");
	is(setdomainname(longest, 64), 0, "the longest");
	must(uname(&u));
	str_is(u.domainname, longest, "is told whole");
	is_errno(
	    syscall(SYS_setdomainname, longest, 65), EINVAL, "too long a name");
	is_errno(syscall(SYS_setdomainname, "x", -1), EINVAL, "less than none");
	is_errno(
	    syscall(SYS_setdomainname, NOWHERE, 5), EFAULT, "one from nowhere");
	must(uname(&u));
	str_is(u.domainname, longest, "which change nothing");
	is(setdomainname("", 0), 0, "none");
	must(uname(&u));
	str_is(u.domainname, "", "is told, too");
	must(setdomainname(before.domainname, strlen(before.domainname)));
}

TEST(proc_machine)
{
	test_hwprobe();
	test_flush();
	test_personality();
	test_randomness();
	test_hostname();
	test_domainname();
}
