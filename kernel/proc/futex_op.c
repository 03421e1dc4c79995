#include "proc/futex_op.h"

#include "lib/assert.h"
#include "lib/errno.h"

#include <linux/futex.h>

/* op:4 cmp:4 op_arg:12 cmp_arg:12; the top bit of op means 1 << op_arg. */
#define OP_SHIFT     28
#define CMP_SHIFT    24
#define OP_ARG_SHIFT 12
#define ARG_BITS     12

static s32
sign_extend_arg(u32 bits)
{
	return (s32)(bits << (32 - ARG_BITS)) >> (32 - ARG_BITS);
}

int
futex_op_decode(u32 encoded, struct futex_op *out)
{
	u32 op = encoded >> OP_SHIFT & 0xf;

	out->op = op & ~FUTEX_OP_OPARG_SHIFT;
	out->cmp = encoded >> CMP_SHIFT & 0xf;
	out->op_arg = (u32)sign_extend_arg(encoded >> OP_ARG_SHIFT);
	out->cmp_arg = sign_extend_arg(encoded);
	/* A shift that does not fit is taken modulo 32, as Linux has it. */
	if (op & FUTEX_OP_OPARG_SHIFT)
		out->op_arg = 1u << (out->op_arg & 31);
	if (out->op > FUTEX_OP_XOR || out->cmp > FUTEX_OP_CMP_GE)
		return -ENOSYS;
	return 0;
}

u32
futex_op_apply(const struct futex_op *op, u32 old)
{
	switch (op->op) {
	case FUTEX_OP_SET:
		return op->op_arg;
	case FUTEX_OP_ADD:
		return old + op->op_arg;
	case FUTEX_OP_OR:
		return old | op->op_arg;
	case FUTEX_OP_ANDN:
		return old & ~op->op_arg;
	}
	assert(op->op == FUTEX_OP_XOR);
	return old ^ op->op_arg;
}

bool
futex_op_compare(const struct futex_op *op, u32 old)
{
	s32 value = (s32)old;

	switch (op->cmp) {
	case FUTEX_OP_CMP_EQ:
		return value == op->cmp_arg;
	case FUTEX_OP_CMP_NE:
		return value != op->cmp_arg;
	case FUTEX_OP_CMP_LT:
		return value < op->cmp_arg;
	case FUTEX_OP_CMP_LE:
		return value <= op->cmp_arg;
	case FUTEX_OP_CMP_GT:
		return value > op->cmp_arg;
	}
	assert(op->cmp == FUTEX_OP_CMP_GE);
	return value >= op->cmp_arg;
}
