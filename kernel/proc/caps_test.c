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

static void
test_ids(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		struct cred_ids a = {any_user(), any_user(), any_user(), 0};
		struct cred_ids b = {any_user(), any_user(), any_user(), 0};
		const struct cred_caps old = any();
		struct cred_caps c = old;

		caps_follow_ids(&c, &a, &b);
		assert_lawful(&c);
		assert_true(caps_are_within(c.permitted, old.permitted));
		if (old.securebits & SECBIT_NO_SETUID_FIXUP)
			assert_memory_equal(&c, &old, sizeof(c));
		caps_follow_fs_id(&c, a.r, b.r);
		assert_lawful(&c);
		assert_true(caps_are_within(c.permitted, old.permitted));
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

static void
test_exec(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		const struct cred_caps old = any();
		struct caps_exec x = {
		    .caps = old,
		    .ruid = any_user(),
		    .euid = any_user(),
		    .no_new_privs = fake_random() % 2 != 0,
		};
		bool plain = x.ruid == USER && x.euid == USER;

		caps_exec(&x);
		assert_lawful(&x.caps);
		assert_true(caps_are_within(x.caps.permitted,
		    old.bounding | old.inheritable | old.ambient));
		assert_int_equal(x.caps.bounding, old.bounding);
		assert_int_equal(x.caps.inheritable, old.inheritable);
		assert_false(x.caps.securebits & SECBIT_KEEP_CAPS);
		if (x.no_new_privs)
			assert_true(
			    caps_are_within(x.caps.permitted, old.permitted));
		if (plain)
			check_plain_exec(&x, &old);
	}
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
