#include "fake.h"

#include "lib/errno.h"
#include "proc/caps.h"

#include <linux/prctl.h>
#include <linux/securebits.h>

#define BIT_OF(cap) (1ul << (cap))
#define USER        1000
#define OTHER       2000

/* Some, none or all, as it comes. */
static u64
any_caps(void)
{
	switch (fake_random() % 4) {
	case 0:
		return 0;
	case 1:
		return CAPS_ALL;
	}
	return fake_random() & CAPS_ALL;
}

static u32
any_user(void)
{
	static const u32 users[] = {0, USER, OTHER};

	return users[fake_random() % 3];
}

/* Sets that obey the laws of struct cred_caps. */
static struct cred_caps
any(void)
{
	struct cred_caps c = {
	    .permitted = any_caps(),
	    .inheritable = any_caps(),
	    .bounding = any_caps(),
	    .securebits = fake_random() & SECURE_ALL_BITS,
	};

	c.effective = any_caps() & c.permitted;
	c.ambient = any_caps() & c.permitted & c.inheritable;
	return c;
}

static void
assert_lawful(const struct cred_caps *c)
{
	assert_true(caps_are_within(c->effective, c->permitted));
	assert_true(caps_are_within(c->ambient, c->permitted & c->inheritable));
}

static void
test_set(void **state)
{
	int i, nr_set = 0;

	(void)state;
	for (i = 0; i < 20000; i++) {
		const struct cred_caps old = any();
		struct cred_caps c = old;
		struct caps_asked asked = {
		    .permitted = any_caps() & any_caps(),
		    .inheritable = any_caps() & any_caps(),
		};

		asked.effective = any_caps() & asked.permitted;
		if (caps_set(&c, &asked) != 0) {
			assert_memory_equal(&c, &old, sizeof(c));
			continue;
		}
		nr_set++;
		assert_lawful(&c);
		assert_true(caps_are_within(c.permitted, old.permitted));
		assert_true(caps_are_within(
		    c.inheritable, old.inheritable | old.bounding));
		assert_true(caps_are_within(c.ambient, old.ambient));
		assert_int_equal(c.bounding, old.bounding);
	}
	assert_true(nr_set > 1000);
}

static bool
is_root(const struct cred_ids *ids)
{
	return ids->r == 0 || ids->e == 0 || ids->s == 0;
}

/* What must be lost, and that nothing else is. */
static void
check_ids(const struct cred_caps *c, const struct cred_caps *old,
    const struct cred_ids *a, const struct cred_ids *b)
{
	bool gone = is_root(a) && !is_root(b);
	bool keeps = (old->securebits & SECBIT_KEEP_CAPS) != 0;

	assert_int_equal(c->permitted, gone && !keeps ? 0 : old->permitted);
	assert_int_equal(c->ambient, gone ? 0 : old->ambient);
	if (b->e == 0)
		assert_int_equal(
		    c->effective, a->e == 0 ? old->effective : c->permitted);
	else if (a->e == 0 || (gone && !keeps))
		assert_int_equal(c->effective, 0);
	else
		assert_int_equal(c->effective, old->effective);
	assert_int_equal(c->inheritable, old->inheritable);
	assert_int_equal(c->bounding, old->bounding);
	assert_int_equal(c->securebits, old->securebits);
}

static void
check_fs_id(
    const struct cred_caps *c, const struct cred_caps *old, u32 from, u32 to)
{
	const u64 own = BIT_OF(CAP_CHOWN), kill = BIT_OF(CAP_KILL);

	assert_int_equal(c->permitted, old->permitted);
	assert_int_equal(c->ambient, old->ambient);
	assert_int_equal(c->effective & kill, old->effective & kill);
	if ((from == 0) == (to == 0))
		assert_int_equal(c->effective, old->effective);
	else if (from == 0)
		assert_int_equal(c->effective & own, 0);
	else
		assert_int_equal(c->effective & own, c->permitted & own);
}

static void
test_ids(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		struct cred_ids a = {any_user(), any_user(), any_user(), 0};
		struct cred_ids b = {any_user(), any_user(), any_user(), 0};
		const struct cred_caps old = any();
		struct cred_caps c = old, d = old;

		caps_follow_ids(&c, &a, &b);
		caps_follow_fs_id(&d, a.r, b.r);
		assert_lawful(&c);
		assert_lawful(&d);
		if (old.securebits & SECBIT_NO_SETUID_FIXUP) {
			assert_memory_equal(&c, &old, sizeof(c));
			assert_memory_equal(&d, &old, sizeof(d));
			continue;
		}
		check_ids(&c, &old, &a, &b);
		check_fs_id(&d, &old, a.r, b.r);
	}
}

/* No number of root's, none of the file's: what is there is what was ambient.
 */
static void
check_plain_exec(const struct caps_exec *x, const struct cred_caps *old)
{
	assert_int_equal(x->caps.permitted, old->ambient);
	assert_int_equal(x->caps.effective, old->ambient);
	assert_false(x->secure);
	assert_false(x->gains);
}

/* Root's number counts by itself: nothing but the bounds holds it back. */
static void
check_root_exec(
    const struct caps_exec *x, const struct cred_caps *old, bool in_effect)
{
	u64 all = old->bounding | old->inheritable | x->caps.ambient;

	assert_int_equal(x->caps.permitted, all);
	assert_int_equal(x->caps.effective, in_effect ? all : x->caps.ambient);
}

/* was: as it was asked for. */
static void
check_exec(const struct caps_exec *x, const struct caps_exec *was)
{
	const struct cred_caps *old = &was->caps;
	bool noroot = (old->securebits & SECBIT_NOROOT) != 0;
	bool other = was->euid != was->ruid || was->egid != was->rgid;
	bool root = was->euid == 0 || was->ruid == 0;

	assert_int_equal(x->caps.ambient, other ? 0 : old->ambient);
	assert_int_equal(x->secure, other);
	if (x->no_new_privs) {
		assert_int_equal(x->euid, x->ruid);
		assert_int_equal(x->egid, x->rgid);
		assert_true(caps_are_within(x->caps.permitted, old->permitted));
	} else {
		assert_int_equal(x->euid, was->euid);
		assert_int_equal(x->egid, was->egid);
		assert_int_equal(x->gains,
		    !caps_are_within(x->caps.permitted, old->permitted));
	}
	if (noroot || !root) {
		assert_int_equal(x->caps.permitted, x->caps.ambient);
		assert_int_equal(x->caps.effective, x->caps.ambient);
		assert_false(x->gains);
	} else if (!x->no_new_privs) {
		check_root_exec(x, old, was->euid == 0);
	}
}

static void
test_exec(void **state)
{
	int i, nr_held = 0;

	(void)state;
	for (i = 0; i < 20000; i++) {
		const struct cred_caps old = any();
		struct caps_exec x = {
		    .caps = old,
		    .ruid = any_user(),
		    .euid = any_user(),
		    .rgid = any_user(),
		    .egid = any_user(),
		    .no_new_privs = fake_random() % 2 != 0,
		};
		const struct caps_exec was = x;
		bool plain =
		    x.ruid == USER && x.euid == USER && x.rgid == x.egid;

		caps_exec(&x);
		assert_lawful(&x.caps);
		assert_true(caps_are_within(x.caps.permitted,
		    old.bounding | old.inheritable | old.ambient));
		assert_int_equal(x.caps.bounding, old.bounding);
		assert_int_equal(x.caps.inheritable, old.inheritable);
		assert_false(x.caps.securebits & SECBIT_KEEP_CAPS);
		check_exec(&x, &was);
		nr_held += x.no_new_privs && x.gains;
		if (plain)
			check_plain_exec(&x, &old);
	}
	assert_true(nr_held > 1000);
}

static void
test_locks(void **state)
{
	struct cred_caps c = {
	    .effective = BIT_OF(CAP_SETPCAP), .permitted = BIT_OF(CAP_SETPCAP)};
	u32 bits;

	(void)state;
	assert_int_equal(caps_prctl(&c, PR_SET_SECUREBITS,
			     SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0),
	    0);
	for (bits = 0; bits < 0x200; bits++) {
		struct cred_caps d = c;
		bool keeps = (bits & (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED)) ==
		    (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);

		assert_int_equal(caps_prctl(&d, PR_SET_SECUREBITS, bits, 0),
		    keeps && bits < 0x100 ? 0 : -EPERM);
	}
	assert_int_equal(caps_prctl(&c, PR_GET_KEEPCAPS, 0, 0), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set),
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_exec),
	    cmocka_unit_test(test_locks),
	};

	return cmocka_run_group_tests_name("caps", tests, NULL, NULL);
}
