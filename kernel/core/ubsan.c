/*
 * What the compilers call, with -fsanitize=undefined, where the program would
 * go on in a way that the language does not define.  Each handler gets a
 * description whose first part is the place in the source, and then the values
 * it is about.  We stop at the first.
 */
#include "core/panic.h"
#include "lib/types.h"

struct place {
	const char *file;
	u32 line;
	u32 column;
};

struct type {
	u16 kind;
	u16 info;
	char name[];
};

struct type_mismatch {
	struct place at;
	const struct type *type;
	u8 log_align;
	u8 access;
};

static NORETURN void
stop(const struct place *at, const char *what)
{
	panic("undefined behaviour: %s, %s:%u", what, at->file, at->line);
}

/* A handler that has nothing to add, and however many values. */
#define HANDLER(name, what, ...)                                               \
	NORETURN void __ubsan_handle_##name(                                   \
	    const struct place *at, ##__VA_ARGS__);                            \
	NORETURN void __ubsan_handle_##name(                                   \
	    const struct place *at, ##__VA_ARGS__)                             \
	{                                                                      \
		stop(at, what);                                                \
	}

HANDLER(builtin_unreachable, "code was reached that cannot be")
HANDLER(missing_return, "a function ended without its result")
HANDLER(nonnull_arg, "NULL for an argument that may not be")
HANDLER(invalid_builtin, "zero given to a builtin that excludes it")

#define HANDLER_1(name, what)                                                  \
	NORETURN void __ubsan_handle_##name(const struct place *at, u64 a);    \
	NORETURN void __ubsan_handle_##name(const struct place *at, u64 a)     \
	{                                                                      \
		panic("undefined behaviour: %s (%lx), %s:%u", what, a,         \
		    at->file, at->line);                                       \
	}

HANDLER_1(negate_overflow, "negation overflows")
HANDLER_1(out_of_bounds, "index outside its array")
HANDLER_1(load_invalid_value, "a bool or enum with a value it cannot have")
HANDLER_1(vla_bound_not_positive, "an array without elements")
HANDLER_1(function_type_mismatch, "call of a function by another type")

#define HANDLER_2(name, what)                                                  \
	NORETURN void __ubsan_handle_##name(                                   \
	    const struct place *at, u64 a, u64 b);                             \
	NORETURN void __ubsan_handle_##name(                                   \
	    const struct place *at, u64 a, u64 b)                              \
	{                                                                      \
		panic("undefined behaviour: %s (%lx, %lx), %s:%u", what, a, b, \
		    at->file, at->line);                                       \
	}

HANDLER_2(add_overflow, "addition overflows")
HANDLER_2(sub_overflow, "subtraction overflows")
HANDLER_2(mul_overflow, "multiplication overflows")
HANDLER_2(divrem_overflow, "division by zero, or its result overflows")
HANDLER_2(shift_out_of_bounds, "shift too far, or of a negative")
HANDLER_2(pointer_overflow, "pointer arithmetic wraps")
HANDLER_2(alignment_assumption, "a pointer is not aligned as promised")

NORETURN void __ubsan_handle_nonnull_return_v1(
    const void *data, const struct place *at);
NORETURN void
__ubsan_handle_nonnull_return_v1(const void *data, const struct place *at)
{
	(void)data;
	stop(at, "NULL returned where it may not be");
}

NORETURN void __ubsan_handle_type_mismatch_v1(
    const struct type_mismatch *m, u64 addr);
NORETURN void
__ubsan_handle_type_mismatch_v1(const struct type_mismatch *m, u64 addr)
{
	const char *what = "object too small for";

	if (addr == 0)
		what = "NULL used as";
	else if (!is_aligned(addr, 1ul << m->log_align))
		what = "misaligned";
	panic("undefined behaviour: %s %s at %lx, %s:%u", what, m->type->name,
	    addr, m->at.file, m->at.line);
}
