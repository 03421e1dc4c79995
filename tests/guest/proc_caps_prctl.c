/* What prctl does with capabilities. */
#include "caps.h"

#define ALL_LOCKS                                                              \
	(SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |                \
	    SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* ---- bounds -------------------------------------------------------------- */

static void
bounds(void)
{
	is(prctl(PR_CAPBSET_READ, 0), 1, "the bound has the first");
	is(prctl(PR_CAPBSET_READ, 40), 1, "and the last");
	is_errno(prctl(PR_CAPBSET_READ, 41), EINVAL, "there are not so many");
	is_errno(prctl(PR_CAPBSET_READ, 64), EINVAL, "nor so many");
	is_errno(prctl(PR_CAPBSET_READ, -1l), EINVAL, "nor less than none");
	is(prctl(PR_CAPBSET_DROP, CAP_KILL), 0, "one is dropped");
	is(prctl(PR_CAPBSET_READ, CAP_KILL), 0, "then it is gone");
	is(prctl(PR_CAPBSET_READ, CAP_CHOWN), 1, "and no other");
	is(prctl(PR_CAPBSET_DROP, CAP_KILL), 0, "again");
	is_errno(prctl(PR_CAPBSET_DROP, 41), EINVAL, "no such one");
	caps_are(ALL, ALL, 0, "what one has is not touched");
	is(prctl(PR_CAPBSET_DROP, CAP_SETPCAP), 0, "even the right to do so");
	is(prctl(PR_CAPBSET_DROP, CAP_CHOWN), 0, "which is still had");
	caps_lose(BIT(CAP_SETPCAP));
	is_errno(prctl(PR_CAPBSET_DROP, CAP_FOWNER), EPERM, "without it");
	is_errno(prctl(PR_CAPBSET_DROP, 41), EPERM, "which is looked at first");
	is(prctl(PR_CAPBSET_READ, CAP_FOWNER), 1, "nothing has changed");
}

/* ---- ambient ones -------------------------------------------------------- */

static void
ambient_errors(void)
{
	const int raise = PR_CAP_AMBIENT_RAISE, clear = 4;

	is_errno(ambient(9, 0), EINVAL, "no such thing");
	is_errno(ambient(0, 0), EINVAL, "nor none");
	is_errno(ambient(PR_CAP_AMBIENT_IS_SET, 41), EINVAL, "no such one");
	is_errno(ambient(PR_CAP_AMBIENT_LOWER, 41), EINVAL, "to lower");
	is_errno(ambient(raise, 41), EINVAL, "to raise");
	is_errno(ambient(raise, 64), EINVAL, "to raise");
	is_errno(prctl(PR_CAP_AMBIENT, raise, 1, 1, 0), EINVAL, "too much");
	is_errno(prctl(PR_CAP_AMBIENT, 1, 1, 0, 1), EINVAL, "is said");
	is_errno(ambient(clear, 1), EINVAL, "to clear, too");
	is_errno(prctl(PR_CAP_AMBIENT, clear, 0, 1, 0), EINVAL, "and there");
}

static void
ambient_rules(void)
{
	const uint64_t both = BIT(CAP_KILL) | BIT(CAP_CHOWN);

	is_errno(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL), EPERM,
	    "permitted is not enough");
	must(caps_set(ALL, ALL, both));
	is(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL), 0, "but inheritable, too");
	is(ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN), 0, "and another");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 1, "then it is set");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_FOWNER), 0, "and no other");
	is(ambient(PR_CAP_AMBIENT_LOWER, CAP_KILL), 0, "it is lowered");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 0, "then it is not set");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN), 1, "the other is");
	is(ambient(PR_CAP_AMBIENT_LOWER, CAP_FOWNER), 0, "one that is not set");
	is(ambient(PR_CAP_AMBIENT_CLEAR_ALL, 0), 0, "all are cleared");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN), 0, "then none is set");
	must(caps_set(0, BIT(CAP_CHOWN), both));
	is_errno(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL), EPERM,
	    "inheritable is not enough");
	is(ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN), 0,
	    "effect does not count");
}

static void
ambient_forbidden(void)
{
	must(caps_set(ALL, ALL, BIT(CAP_KILL) | BIT(CAP_CHOWN)));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN));
	must(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE));
	is_errno(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL), EPERM, "raising off");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN), 1, "what is set stays");
	is(ambient(PR_CAP_AMBIENT_LOWER, CAP_CHOWN), 0, "and may go");
}

/* ---- keeping ------------------------------------------------------------- */

static void
keeping(void)
{
	is(prctl(PR_GET_KEEPCAPS), 0, "they are not kept");
	is(prctl(PR_SET_KEEPCAPS, 1), 0, "from now on they are");
	is(prctl(PR_GET_KEEPCAPS), 1, "that is known");
	is(prctl(PR_GET_SECUREBITS), SECBIT_KEEP_CAPS, "as a bit, too");
	is_errno(prctl(PR_SET_KEEPCAPS, 2), EINVAL, "twice it can't be");
	is(prctl(PR_SET_KEEPCAPS, 0), 0, "no longer");
	is(prctl(PR_GET_KEEPCAPS), 0, "that is known");
	must(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED));
	is_errno(prctl(PR_SET_KEEPCAPS, 1), EPERM, "locked");
	is_errno(prctl(PR_SET_KEEPCAPS, 0), EPERM, "even as it is");
	is_errno(
	    prctl(PR_SET_KEEPCAPS, 2), EINVAL, "what can't be comes first");
}

static void
user_keeps(void)
{
	is(prctl(PR_SET_KEEPCAPS, 1), 0, "a user may say so");
	is_errno(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS), EPERM,
	    "but not in this way");
	is(prctl(PR_GET_SECUREBITS), SECBIT_KEEP_CAPS, "and may ask");
}

/* ---- secure bits --------------------------------------------------------- */

static void
secure_bits(void)
{
	const long odd = SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP_LOCKED;

	is(prctl(PR_GET_SECUREBITS), 0, "none at first");
	is_errno(prctl(PR_SET_SECUREBITS, 0x100), EPERM, "there are 8");
	is_errno(prctl(PR_SET_SECUREBITS, 1l << 32), EPERM, "no more");
	is(prctl(PR_SET_SECUREBITS, odd), 0, "one is set, one locked");
	is(prctl(PR_GET_SECUREBITS), odd, "then they are");
	is_errno(prctl(PR_SET_SECUREBITS, odd | SECBIT_NO_SETUID_FIXUP), EPERM,
	    "what is locked does not change");
	is_errno(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT), EPERM,
	    "nor is it unlocked");
	is(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP_LOCKED), 0,
	    "what is not, does");
	is(prctl(PR_SET_SECUREBITS, ALL_LOCKS), 0, "all are locked");
	is_errno(prctl(PR_SET_SECUREBITS, ALL_LOCKS | SECBIT_NOROOT), EPERM,
	    "nothing changes any more");
	is(prctl(PR_SET_SECUREBITS, ALL_LOCKS), 0, "saying so is allowed");
	caps_lose(BIT(CAP_SETPCAP));
	is_errno(
	    prctl(PR_SET_SECUREBITS, ALL_LOCKS), EPERM, "with CAP_SETPCAP");
}

/* A thread that is made has what its maker has. */
static void
inherited(void)
{
	pid_t pid;

	must(caps_set(ALL, ALL, BIT(CAP_KILL)));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	must(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
	must(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
	pid = must(fork());
	if (pid == 0) {
		caps_are(ALL, ALL, BIT(CAP_KILL), "a child has the same");
		is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 1, "ambient");
		is(prctl(PR_CAPBSET_READ, CAP_CHOWN), 0, "bound");
		is(prctl(PR_GET_SECUREBITS), SECBIT_NOROOT, "and bits");
		_exit(0);
	}
	is(wait_status(pid), 0, "the child ended well");
}

TEST(proc_caps_prctl)
{
	lives(bounds, "bounds");
	lives(ambient_errors, "ambient ones: errors");
	lives(ambient_rules, "ambient ones: rules");
	lives(ambient_forbidden, "ambient ones forbidden");
	lives(keeping, "keeping");
	as_user(user_keeps);
	lives(secure_bits, "secure bits");
	lives(inherited, "a child");
}
