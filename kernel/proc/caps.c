/*
 * The rules of capabilities(7), without those for files that have some: no file
 * system here keeps any.
 *
 * There are two ways in which root's number and capabilities go together, and
 * SECBIT_* turn each off: a user who becomes root, or is root no longer, gets
 * or loses them (caps_follow_ids), and a program that root executes gets them
 * (caps_exec).
 */
#include "proc/caps.h"

#include <linux/prctl.h>
#include <linux/securebits.h>

#define BIT_OF(cap) (1ul << (cap))

/* Those that are about files, which go with the number for files. */
static const u64 file_caps = BIT_OF(CAP_CHOWN) | BIT_OF(CAP_DAC_OVERRIDE) |
    BIT_OF(CAP_DAC_READ_SEARCH) | BIT_OF(CAP_FOWNER) | BIT_OF(CAP_FSETID) |
    BIT_OF(CAP_LINUX_IMMUTABLE) | BIT_OF(CAP_MKNOD) | BIT_OF(CAP_MAC_OVERRIDE);

static bool
counts(const struct cred_caps *c, u32 cap)
{
	return (c->effective & BIT_OF(cap)) != 0;
}

/* ---- capset and prctl ---------------------------------------------------- */

int
caps_set(struct cred_caps *c, const struct caps_asked *asked)
{
	if (!counts(c, CAP_SETPCAP) &&
	    !caps_are_within(asked->inheritable, c->inheritable | c->permitted))
		return -EPERM;
	if (!caps_are_within(asked->inheritable, c->inheritable | c->bounding))
		return -EPERM;
	if (!caps_are_within(asked->permitted, c->permitted) ||
	    !caps_are_within(asked->effective, asked->permitted))
		return -EPERM;
	c->effective = asked->effective;
	c->permitted = asked->permitted;
	c->inheritable = asked->inheritable;
	c->ambient &= c->permitted & c->inheritable;
	return 0;
}

static int
drop_bound(struct cred_caps *c, u64 cap)
{
	if (!counts(c, CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	c->bounding &= ~BIT_OF(cap);
	return 0;
}

/* Above each bit is its lock, which nobody opens again. */
static int
set_secure(struct cred_caps *c, u64 secure)
{
	u32 locks = c->securebits & SECURE_ALL_LOCKS;

	if (((locks >> 1) & (c->securebits ^ secure)) || (locks & ~secure) ||
	    (secure & ~(u64)(SECURE_ALL_BITS | SECURE_ALL_LOCKS)) ||
	    !counts(c, CAP_SETPCAP))
		return -EPERM;
	c->securebits = (u32)secure;
	return 0;
}

static int
set_keep(struct cred_caps *c, u64 keep)
{
	if (keep > 1)
		return -EINVAL;
	if (c->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	if (keep)
		c->securebits |= SECBIT_KEEP_CAPS;
	else
		c->securebits &= ~(u32)SECBIT_KEEP_CAPS;
	return 0;
}

static int
change_ambient(struct cred_caps *c, u64 how, u64 cap)
{
	if (how == PR_CAP_AMBIENT_CLEAR_ALL) {
		if (cap != 0)
			return -EINVAL;
		c->ambient = 0;
		return 0;
	}
	if (cap > CAP_LAST_CAP ||
	    (how != PR_CAP_AMBIENT_LOWER && how != PR_CAP_AMBIENT_RAISE))
		return -EINVAL;
	if (how == PR_CAP_AMBIENT_LOWER) {
		c->ambient &= ~BIT_OF(cap);
		return 0;
	}
	if (!(c->permitted & c->inheritable & BIT_OF(cap)) ||
	    (c->securebits & SECBIT_NO_CAP_AMBIENT_RAISE))
		return -EPERM;
	c->ambient |= BIT_OF(cap);
	return 0;
}

int
caps_prctl(struct cred_caps *c, int option, u64 a2, u64 a3)
{
	switch (option) {
	case PR_CAPBSET_DROP:
		return drop_bound(c, a2);
	case PR_SET_SECUREBITS:
		return set_secure(c, a2);
	case PR_SET_KEEPCAPS:
		return set_keep(c, a2);
	case PR_CAP_AMBIENT:
		return change_ambient(c, a2, a3);
	}
	return -EINVAL;
}

/* ---- another number ------------------------------------------------------ */

static bool
has_root(const struct cred_ids *ids)
{
	return ids->r == 0 || ids->e == 0 || ids->s == 0;
}

void
caps_follow_ids(
    struct cred_caps *c, const struct cred_ids *old, const struct cred_ids *new)
{
	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (has_root(old) && !has_root(new)) {
		if (!(c->securebits & SECBIT_KEEP_CAPS))
			c->permitted = c->effective = 0;
		c->ambient = 0;
	}
	if (old->e == 0 && new->e != 0)
		c->effective = 0;
	if (old->e != 0 && new->e == 0)
		c->effective = c->permitted;
}

void
caps_follow_fs_id(struct cred_caps *c, u32 old, u32 new)
{
	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (old == 0 && new != 0)
		c->effective &= ~file_caps;
	if (old != 0 && new == 0)
		c->effective |= c->permitted & file_caps;
}

/* ---- another program ----------------------------------------------------- */

/*
 * Who has forsworn new rights gets none: no numbers but his real ones, and no
 * capability that he had not.
 */
static void
hold_back(struct caps_exec *x, u64 old_permitted)
{
	x->euid = x->ruid;
	x->egid = x->rgid;
	x->caps.permitted &= old_permitted;
}

void
caps_exec(struct caps_exec *x)
{
	struct cred_caps *c = &x->caps;
	bool roots = !(c->securebits & SECBIT_NOROOT);
	bool all_count = roots && x->euid == 0;
	bool is_other = x->euid != x->ruid || x->egid != x->rgid;
	u64 old = c->permitted;

	c->permitted = 0;
	if (roots && (x->euid == 0 || x->ruid == 0))
		c->permitted = c->bounding | c->inheritable;
	x->gains = !caps_are_within(c->permitted, old);
	if (x->no_new_privs && (is_other || x->gains))
		hold_back(x, old);
	if (is_other)
		c->ambient = 0;
	c->permitted |= c->ambient;
	c->effective = all_count ? c->permitted : c->ambient;
	c->securebits &= ~(u32)SECBIT_KEEP_CAPS;
	x->secure = is_other ||
	    (x->ruid != 0 &&
		(all_count || !caps_are_within(c->permitted, c->ambient)));
}
