/*
 * FUTEX_WAKE_OP's third argument: what to do with a word, and what to ask of
 * the value it had.  Pure.
 */
#ifndef PROC_FUTEX_OP_H
#define PROC_FUTEX_OP_H

#include "lib/types.h"

struct futex_op {
	u8 op;  /* FUTEX_OP_SET ... */
	u8 cmp; /* FUTEX_OP_CMP_EQ ... */
	u32 op_arg;
	s32 cmp_arg;
};

/* Errors: -ENOSYS there is no such operation or comparison. */
int futex_op_decode(u32 encoded, struct futex_op *out) MUST_CHECK;
u32 futex_op_apply(const struct futex_op *op, u32 old);
bool futex_op_compare(const struct futex_op *op, u32 old);

#endif
