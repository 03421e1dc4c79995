/* The end: for a broken invariant, never for what a program or a device did. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include "lib/assert.h"
#include "lib/types.h"

struct trap_frame;

/* Stops all harts, says what and where, ends the machine with a failure. */
NORETURN void panic(const char *fmt, ...) PRINTF(1, 2);
/* The same for a trap in the kernel. */
NORETURN void panic_trap(struct trap_frame *f, const char *what);
/* True once any hart has begun to panic. */
bool panic_in_progress(void);
/* For a hart that is told to stop. */
NORETURN void panic_stop_here(void);
/*
 * Who knows what an address of the kernel's half belongs to.  describe is
 * called while panicking: it may not lock, and may return NULL.
 */
void panic_set_describe(const char *(*describe)(u64 addr));

#endif
