/* Real, effective and saved users and groups, and how they may change. */
#include "tap.h"

#include <sys/fsuid.h>

static void
users_are(uid_t r, uid_t e, uid_t s, const char *when)
{
	uid_t ruid = -2, euid = -2, suid = -2;

	must(getresuid(&ruid, &euid, &suid));
	ok(ruid == r && euid == e && suid == s, "%s: %d %d %d", when, r, e, s);
	if (ruid != r || euid != e || suid != s)
		note("got %d %d %d", ruid, euid, suid);
}

static void
groups_are(gid_t r, gid_t e, gid_t s, const char *when)
{
	gid_t rgid = -2, egid = -2, sgid = -2;

	must(getresgid(&rgid, &egid, &sgid));
	ok(rgid == r && egid == e && sgid == s, "%s: %d %d %d", when, r, e, s);
	if (rgid != r || egid != e || sgid != s)
		note("got %d %d %d", rgid, egid, sgid);
}

static void
root_changes(void)
{
	users_are(0, 0, 0, "root");
	is(setresuid(1, 2, 3), 0, "root may set all three");
	users_are(1, 2, 3, "then they are");
}

/* Without root: each of the three may become any of the three. */
static void
user_changes(void)
{
	must(setresuid(1, 2, 3));
	is(setresuid(-1, 1, -1), 0, "the real one becomes effective");
	users_are(1, 1, 3, "then they are");
	is(setresuid(-1, 3, -1), 0, "the saved one becomes effective");
	users_are(1, 3, 3, "then they are");
	is(setresuid(3, 1, 1), 0, "all three change places");
	users_are(3, 1, 1, "then they are");
	is_errno(setresuid(2, -1, -1), EPERM, "one that is gone: real");
	is_errno(setresuid(-1, 2, -1), EPERM, "effective");
	is_errno(setresuid(-1, -1, 2), EPERM, "saved");
	users_are(3, 1, 1, "nothing has changed");
	is(setresuid(-1, -1, -1), 0, "no change is allowed");
}

static void
old_calls(void)
{
	must(setresuid(1, 2, 3));
	is(setreuid(-1, 3), 0, "setreuid: effective from saved");
	users_are(1, 3, 3, "the saved one follows");
	is(setreuid(3, 1), 0, "real and effective change places");
	users_are(3, 1, 1, "and the saved one follows");
	is_errno(setreuid(5, -1), EPERM, "anything else, real");
	is_errno(setreuid(-1, 5), EPERM, "anything else, effective");
	is(setuid(3), 0, "setuid: the effective one alone");
	users_are(3, 3, 1, "as a user");
	is(setuid(1), 0, "and back to the saved one");
	users_are(3, 1, 1, "as a user");
	is_errno(setuid(0), EPERM, "root it is not");
}

/* Root for a while, and again: what set-user-ID programs do. */
static void
root_and_back(void)
{
	must(seteuid(1000));
	users_are(0, 1000, 0, "seteuid");
	is_errno(setgid(5), EPERM, "not root in effect");
	is(kill(1, 0), 0, "for kill, the real user counts as well");
	must(seteuid(0));
	users_are(0, 0, 0, "and back");
	is(setgid(5), 0, "root again");
	must(setuid(1000));
	users_are(1000, 1000, 1000, "setuid by root sets all three");
	is_errno(seteuid(0), EPERM, "for good");
}

static void
group_changes(void)
{
	is(setresgid(1, 2, 3), 0, "root may set three groups");
	groups_are(1, 2, 3, "then they are");
	must(setuid(77));
	is(setresgid(3, 1, 2), 0, "another user may exchange them");
	groups_are(3, 1, 2, "then they are");
	is_errno(setresgid(-1, 4, -1), EPERM, "and have no other");
	is(setregid(-1, 2), 0, "setregid from the saved one");
	groups_are(3, 2, 2, "then they are");
	is(setgid(3), 0, "setgid: the effective one alone");
	groups_are(3, 3, 2, "then they are");
	is_errno(setgid(1), EPERM, "and not what is gone");
}

/* For files alone; the result is what it was, whatever happens. */
static void
file_user(void)
{
	is(setfsuid(5), 0, "setfsuid tells what was");
	is(setfsuid(6), 5, "root may set it");
	is(setfsuid(-1), 6, "asking by a change that cannot be");
	is(setfsuid(-1), 6, "changes nothing");
	must(setuid(9));
	is(setfsuid(-1), 9, "it follows the effective user");
	is(setfsuid(5), 9, "another user may not");
	is(setfsuid(-1), 9, "set it");
	is(setfsgid(-1), 0, "groups have the same");
}

static void
inherited(void)
{
	must(setresgid(4, 5, 6));
	must(setresuid(1, 2, 3));
	if (must(fork()) == 0) {
		users_are(1, 2, 3, "a child has them all");
		groups_are(4, 5, 6, "groups too");
		_exit(0);
	}
	wait(NULL);
}

HELPER(rights_after_exec)
{
	users_are(0, 2, 2, "exec: the effective one is saved");
	groups_are(0, 5, 5, "for groups too");
	return 0;
}

static void
kept_by_exec(void)
{
	char *argv[] = {"x", "@rights_after_exec", NULL};

	must(setresgid(0, 5, 6));
	must(setresuid(0, 2, 3));
	execve(tap_self, argv, environ);
	_exit(126);
}

static void
test_refusals(void)
{
	uid_t u;

	is_errno(syscall(SYS_getresuid, NOWHERE, &u, &u), EFAULT, "real");
	is_errno(syscall(SYS_getresuid, &u, NOWHERE, &u), EFAULT, "effective");
	is_errno(syscall(SYS_getresuid, &u, &u, NOWHERE), EFAULT, "saved");
	is_errno(syscall(SYS_getresgid, &u, &u, NOWHERE), EFAULT, "groups");
	is_errno(setuid(-1), EINVAL, "nobody is -1");
	is_errno(setgid(-1), EINVAL, "no group is -1");
}

TEST(proc_rights)
{
	is(wait_status(spawn(root_changes)), 0, "root");
	is(wait_status(spawn(user_changes)), 0, "a user");
	is(wait_status(spawn(old_calls)), 0, "the older calls");
	is(wait_status(spawn(root_and_back)), 0, "root and back");
	is(wait_status(spawn(group_changes)), 0, "groups");
	is(wait_status(spawn(file_user)), 0, "files");
	is(wait_status(spawn(inherited)), 0, "children");
	is(wait_status(spawn(kept_by_exec)), 0, "other programs");
	test_refusals();
}
