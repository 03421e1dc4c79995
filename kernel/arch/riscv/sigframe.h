/*
 * What a signal handler finds on its stack, as the ABI lays it down:
 *
 *	sp ->   0  siginfo_t, 128 bytes            a1 points here
 *	      128  struct ucontext, 960 bytes      a2 points here
 *	           +0   flags, link
 *	           +16  the alternate stack in force
 *	           +40  the mask to return to, and room for a larger one
 *	           +176 pc and x1 to x31
 *	           +432 f0 to f31, fcsr, reserved words that are zero
 *	     1088  (a multiple of 16)
 *
 * This file translates between that and our registers; who reads and writes
 * user memory is proc/signal_frame.c.
 */
#ifndef ARCH_RISCV_SIGFRAME_H
#define ARCH_RISCV_SIGFRAME_H

#include "arch/riscv/arch.h"

#include <asm/sigcontext.h>
#include <asm/signal.h>
#include <asm/ucontext.h>

#define SIGFRAME_INFO_SIZE 128

struct sigframe {
	u8 info[SIGFRAME_INFO_SIZE];
	struct ucontext uc;
};

/* Writes the registers of user code into a frame that was zeroed. */
void sigframe_save(struct sigframe *out, const struct trap_frame *f,
    const struct arch_fpu *fpu);
/*
 * The reverse, for a frame that a program may have written: nothing but what
 * user code can change by itself comes out of it.
 * Errors: -EINVAL it holds extensions that there are not; nothing has changed.
 */
int sigframe_restore(const struct sigframe *in, struct trap_frame *f,
    struct arch_fpu *fpu) MUST_CHECK;
/* Makes user code enter the handler, with its frame at sp. */
void sigframe_enter(
    struct trap_frame *f, int signo, u64 sp, u64 handler, u64 trampoline);

#endif
