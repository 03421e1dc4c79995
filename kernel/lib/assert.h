/*
 * assert() is cheap and always on; check() may be slow and is on in debug
 * builds.  Neither is for what a user, a device or the lack of memory can
 * bring about: those are errors, and errors are returned.
 */
#ifndef LIB_ASSERT_H
#define LIB_ASSERT_H

#include "lib/compiler.h"

/*
 * Defined by core/panic.c in the kernel and by the fakes on the host.
 */
NORETURN void assert_failed(const char *what, const char *file, int line);

#define assert(cond)                                                           \
	do {                                                                   \
		if (unlikely(!(cond)))                                         \
			assert_failed(#cond, __FILE__, __LINE__);              \
	} while (0)

#define check(cond)                                                            \
	do {                                                                   \
		if (CONFIG_DEBUG && unlikely(!(cond)))                         \
			assert_failed(#cond, __FILE__, __LINE__);              \
	} while (0)

#define static_assert _Static_assert

#endif
