/* Capabilities, as far as they are root's and nobody else's. */
#include "files.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#endif

static struct __user_cap_header_struct head;
static struct __user_cap_data_struct sets[2];

static int
get(uint32_t version, int pid)
{
	head = (struct __user_cap_header_struct){version, pid};
	memset(sets, 0x55, sizeof(sets));
	return raw(capget, &head, sets);
}

static int
set(int pid)
{
	head.version = _LINUX_CAPABILITY_VERSION_3;
	head.pid = pid;
	return raw(capset, &head, sets);
}

static void
user_has_none(void)
{
	is(get(_LINUX_CAPABILITY_VERSION_3, 0), 0, "a user's");
	is(sets[0].effective | sets[1].effective, 0, "has none");
	is(sets[0].permitted | sets[1].permitted, 0, "nor may have");
	is(set(0), 0, "which may be said again");
	sets[0].permitted = 1;
	is_errno(set(0), EPERM, "but not raised");
	sets[0].permitted = 0;
	sets[0].effective = 1;
	is_errno(set(0), EPERM, "but not raised");
	is(get(_LINUX_CAPABILITY_VERSION_3, getppid()), 0, "its parent's");
	is(sets[0].effective, ~0u, "has all");
	is_errno(prctl(PR_CAP_AMBIENT, 2, 0, 0, 0), EPERM, "nor inherited");
}

static void
acts_for_user(void)
{
	must(setresuid(-1, USER, -1));
	is(get(_LINUX_CAPABILITY_VERSION_3, 0), 0, "root acts for a user");
	is(sets[0].effective, 0, "he has none");
	is(sets[0].permitted, ~0u, "but may");
	must(setresuid(-1, 0, -1));
	is(get(_LINUX_CAPABILITY_VERSION_3, 0), 0, "root again");
	is(sets[0].effective, ~0u, "has all again");
}

TEST(proc_caps)
{
	is(get(_LINUX_CAPABILITY_VERSION_3, 0), 0, "root's");
	is(sets[0].effective, ~0u, "has all");
	is(sets[1].effective & 0x1ff, 0x1ff, "also those above 32");
	is(sets[0].permitted, ~0u, "and may have");
	is(sets[0].inheritable, 0, "and leaves none");
	is(set(0), 0, "which may be said again");
	is(set(getpid()), 0, "by number");
	is_errno(set(1), EPERM, "but not of others");
	is(get(_LINUX_CAPABILITY_VERSION_1, 0), 0, "the oldest version");
	is(sets[1].effective, 0x55555555, "has one word");
	is_errno(get(77, 0), EINVAL, "no such version");
	is(head.version, _LINUX_CAPABILITY_VERSION_3, "tells which there is");
	head.version = 0;
	is(raw(capget, &head, NULL), 0, "that may be all one asks");
	is_errno(get(_LINUX_CAPABILITY_VERSION_3, -1), EINVAL, "pid -1");
	is_errno(get(_LINUX_CAPABILITY_VERSION_3, 0x3fffffff), ESRCH, "nobody");
	is_errno(raw(capget, NOWHERE, sets), EFAULT, "bad memory");
	head.version = _LINUX_CAPABILITY_VERSION_3;
	head.pid = 0;
	is_errno(raw(capget, &head, NOWHERE), EFAULT, "bad memory");
	is_errno(raw(capset, &head, NOWHERE), EFAULT, "bad memory");
	is(prctl(PR_CAPBSET_READ, 0), 1, "the bound has it");
	is_errno(prctl(PR_CAPBSET_READ, 64), EINVAL, "there are not so many");
	is(prctl(PR_CAP_AMBIENT, 1, 0, 0, 0), 0, "none is inherited");
	is(prctl(PR_CAP_AMBIENT, 4, 0, 0, 0), 0, "forgetting none");
	is_errno(prctl(PR_CAP_AMBIENT, 9, 0, 0, 0), EINVAL, "no such thing");
	is_errno(prctl(PR_CAP_AMBIENT, 1, 64, 0, 0), EINVAL, "no such one");
	is_errno(prctl(PR_CAP_AMBIENT, 4, 1, 0, 0), EINVAL, "too much said");
	as_user(user_has_none);
	lives(acts_for_user, "who acts for a user");
}
