#include "fake.h"

#include "lib/errno.h"
#include "proc/futex_op.h"

#include <linux/futex.h>

/* What shifts its argument, and sets. */
#define SET_SHIFTED FUTEX_OP_OPARG_SHIFT

/* As FUTEX_OP of the ABI's header, which shifts into the sign. */
static u32
encode(u32 op, s32 arg, u32 cmp, s32 cmp_arg)
{
	return op << 28 | cmp << 24 | ((u32)arg & 0xfff) << 12 |
	    ((u32)cmp_arg & 0xfff);
}

static struct futex_op
decode(u32 encoded)
{
	struct futex_op op;

	assert_int_equal(futex_op_decode(encoded, &op), 0);
	return op;
}

static void
test_arguments(void **state)
{
	struct futex_op op;

	(void)state;
	op = decode(encode(FUTEX_OP_ADD, 0x7ff, FUTEX_OP_CMP_GT, 0x7ff));
	assert_int_equal(op.op, FUTEX_OP_ADD);
	assert_int_equal(op.cmp, FUTEX_OP_CMP_GT);
	assert_int_equal(op.op_arg, 2047);
	assert_int_equal(op.cmp_arg, 2047);
	op = decode(encode(FUTEX_OP_SET, -2048, FUTEX_OP_CMP_EQ, -1));
	assert_int_equal((s32)op.op_arg, -2048);
	assert_int_equal(op.cmp_arg, -1);
	op = decode(encode(SET_SHIFTED, 31, 0, 0));
	assert_int_equal(op.op_arg, 1u << 31);
	op = decode(encode(SET_SHIFTED, 33, 0, 0));
	assert_int_equal(op.op_arg, 2);
	op = decode(encode(SET_SHIFTED, -1, 0, 0));
	assert_int_equal(op.op_arg, 1u << 31);
}

static void
test_unknown(void **state)
{
	struct futex_op op;
	u32 nr;

	(void)state;
	for (nr = 0; nr < 16; nr++) {
		bool known_op = (nr & 7) <= FUTEX_OP_XOR;

		assert_int_equal(
		    futex_op_decode(nr << 28, &op), known_op ? 0 : -ENOSYS);
		assert_int_equal(futex_op_decode(nr << 24, &op),
		    nr <= FUTEX_OP_CMP_GE ? 0 : -ENOSYS);
	}
}

static void
test_apply(void **state)
{
	static const struct {
		u32 op, arg, old, new;
	} cases[] = {
	    {FUTEX_OP_SET, 5, 9, 5},
	    {FUTEX_OP_ADD, 5, 9, 14},
	    {FUTEX_OP_ADD, (u32)-1, 0, 0xffffffff},
	    {FUTEX_OP_OR, 6, 9, 15},
	    {FUTEX_OP_ANDN, 8, 9, 1},
	    {FUTEX_OP_XOR, 3, 9, 10},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct futex_op op = {
		    .op = cases[i].op, .op_arg = cases[i].arg};

		assert_int_equal(
		    futex_op_apply(&op, cases[i].old), cases[i].new);
	}
}

static void
test_compare(void **state)
{
	static const s32 values[] = {INT32_MIN, -2, -1, 0, 1, INT32_MAX};
	size_t i, j;

	(void)state;
	for (i = 0; i < 6; i++) {
		for (j = 0; j < 6; j++) {
			s32 a = values[i], b = values[j];
			bool want[] = {
			    a == b, a != b, a<b, a <= b, a> b, a >= b};
			u8 cmp;

			for (cmp = 0; cmp < 6; cmp++) {
				struct futex_op op = {.cmp = cmp, .cmp_arg = b};

				assert_int_equal(
				    futex_op_compare(&op, (u32)a), want[cmp]);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_arguments),
	    cmocka_unit_test(test_unknown),
	    cmocka_unit_test(test_apply),
	    cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests_name("futex_op", tests, NULL, NULL);
}
