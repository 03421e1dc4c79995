/* How capabilities follow the numbers of a user. */
#include "caps.h"

static void
for_good(void)
{
	must(caps_set(ALL, ALL, BIT(CAP_KILL)));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	must(setuid(USER));
	caps_are(0, 0, BIT(CAP_KILL), "setuid by root loses all");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 0, "ambient ones, too");
	is(prctl(PR_CAPBSET_READ, CAP_KILL), 1, "but the bound stays");
}

static void
for_a_while(void)
{
	must(caps_set(ALL, ALL, BIT(CAP_KILL)));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	must(seteuid(USER));
	caps_are(0, ALL, BIT(CAP_KILL), "seteuid takes the effect");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 1, "and no more");
	must(caps_set(0, BIT(CAP_CHOWN) | BIT(CAP_KILL), BIT(CAP_KILL)));
	must(seteuid(0));
	caps_are(BIT(CAP_CHOWN) | BIT(CAP_KILL), BIT(CAP_CHOWN) | BIT(CAP_KILL),
	    BIT(CAP_KILL), "and back gives it to what is permitted");
}

/* As long as one of the three is root. */
static void
one_by_one(void)
{
	must(setresuid(USER, -1, -1));
	caps_are(ALL, ALL, 0, "real: nothing happens");
	must(setresuid(-1, USER, -1));
	caps_are(0, ALL, 0, "effective: no effect");
	must(setresuid(-1, -1, USER));
	caps_are(0, 0, 0, "saved, the last: none");
}

static void
old_calls(void)
{
	must(setreuid(USER, USER));
	caps_are(0, 0, 0, "setreuid is the same");
	is_errno(setreuid(0, 0), EPERM, "for good");
}

static void
groups_do_not_count(void)
{
	must(setresgid(USER, USER, USER));
	must(setgroups(0, NULL));
	must(raw(setfsgid, OTHER));
	caps_are(ALL, ALL, 0, "groups have no capabilities");
}

static void
kept(void)
{
	must(caps_set(ALL, ALL, BIT(CAP_KILL)));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	must(prctl(PR_SET_KEEPCAPS, 1));
	must(setuid(USER));
	caps_are(0, ALL, BIT(CAP_KILL), "PR_SET_KEEPCAPS: permitted ones stay");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 0, "ambient ones do not");
	is(prctl(PR_GET_KEEPCAPS), 1, "until exec");
	is(caps_set(BIT(CAP_SETUID), ALL, 0), 0, "they may take effect");
	is(setuid(OTHER), 0, "and work");
	caps_are(BIT(CAP_SETUID), ALL, 0, "among users nothing changes");
	is(setuid(0), 0, "even to root");
	caps_are(ALL, ALL, 0, "who has what is permitted");
}

static void
becomes_root(void)
{
	caps_only(BIT(CAP_SETUID) | BIT(CAP_CHOWN));
	must(caps_set(BIT(CAP_SETUID), BIT(CAP_SETUID) | BIT(CAP_CHOWN), 0));
	must(setresuid(-1, 0, -1));
	caps_are(BIT(CAP_SETUID) | BIT(CAP_CHOWN),
	    BIT(CAP_SETUID) | BIT(CAP_CHOWN), 0,
	    "root by number has no more than was permitted");
	is_errno(setgid(OTHER), EPERM, "and may no more");
}

static void
not_fixed(void)
{
	must(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	must(setresuid(USER, USER, USER));
	caps_are(ALL, ALL, 0, "SECBIT_NO_SETUID_FIXUP: nothing is lost");
	must(caps_set(BIT(CAP_SETUID), ALL, 0));
	must(setresuid(0, 0, 0));
	caps_are(BIT(CAP_SETUID), ALL, 0, "and nothing won");
}

/* With part of root's rights, the numbers are no longer free. */
static void
without_setuid(void)
{
	caps_lose(BIT(CAP_SETUID));
	is_errno(setuid(USER), EPERM, "setuid takes CAP_SETUID");
	is_errno(setreuid(USER, -1), EPERM, "setreuid");
	is_errno(setreuid(-1, USER), EPERM, "setreuid");
	is_errno(setresuid(-1, -1, USER), EPERM, "setresuid");
	is(raw(setfsuid, USER), 0, "setfsuid");
	is(raw(setfsuid, USER), 0, "changed nothing");
	is(setresuid(0, 0, 0), 0, "what one is one may be");
	is(setresgid(5, 6, 7), 0, "groups are another matter");
}

static void
without_setgid(void)
{
	gid_t one = 7;

	caps_lose(BIT(CAP_SETGID));
	is_errno(setgid(USER), EPERM, "setgid takes CAP_SETGID");
	is_errno(setregid(USER, -1), EPERM, "setregid");
	is_errno(setresgid(-1, -1, USER), EPERM, "setresgid");
	is_errno(setgroups(1, &one), EPERM, "setgroups");
	is(raw(setfsgid, USER), 0, "setfsgid");
	is(raw(setfsgid, USER), 0, "changed nothing");
	is(setresuid(5, 0, 7), 0, "users are another matter");
}

/* setuid by who has CAP_SETUID sets all three, whoever he is. */
static void
user_sets_all(void)
{
	uid_t r, e, s;

	caps_only(BIT(CAP_SETUID));
	is(setuid(OTHER), 0, "a user with CAP_SETUID");
	must(getresuid(&r, &e, &s));
	ok(r == OTHER && e == OTHER && s == OTHER, "becomes another for good");
	caps_are(BIT(CAP_SETUID), BIT(CAP_SETUID), 0, "and keeps it");
}

/* Who asks for what is so already changes nothing, not even for files. */
static void
nothing_changes(void)
{
	must(raw(setfsuid, USER));
	must(raw(setfsgid, USER));
	is(setresuid(-1, -1, -1), 0, "setresuid of nothing");
	is(raw(setfsuid, -1), USER, "leaves the number for files");
	is(setresuid(0, -1, 0), 0, "of what is so");
	is(raw(setfsuid, -1), USER, "leaves it, too");
	is(setresgid(-1, -1, -1), 0, "setresgid of nothing");
	is(raw(setfsgid, -1), USER, "leaves the group's");
	is(setresgid(-1, 0, -1), 0, "the effective one, said");
	is(raw(setfsgid, -1), 0, "is the one for files again");
	is(setresuid(0, 0, 0), 0, "all three, said");
	is(raw(setfsuid, -1), 0, "and that of the user");
	must(raw(setfsuid, USER));
	is(setresuid(USER, -1, -1), 0, "the real one, changed");
	is(raw(setfsuid, -1), 0, "sets it, too");
}

/* ---- who may look ----------------------------------------------------------
 */

static void
dumpable(void)
{
	is(prctl(PR_GET_DUMPABLE), 1, "a program may be looked into");
	must(caps_set(0, 0, 0));
	is(prctl(PR_GET_DUMPABLE), 1, "also with fewer rights");
	must(prctl(PR_SET_KEEPCAPS, 1));
	is(prctl(PR_GET_DUMPABLE), 1, "or other bits");
}

TEST(proc_caps_ids)
{
	lives(for_good, "root goes");
	lives(for_a_while, "root goes for a while");
	lives(one_by_one, "one number after another");
	lives(old_calls, "setreuid");
	lives(groups_do_not_count, "groups");
	lives(kept, "kept");
	lives(becomes_root, "root by number");
	lives(not_fixed, "numbers that mean nothing");
	lives(without_setuid, "root without CAP_SETUID");
	lives(without_setgid, "root without CAP_SETGID");
	lives(user_sets_all, "a user with CAP_SETUID");
	lives(nothing_changes, "what is so, said");
	lives(dumpable, "dumpable");
}
