#include "arch/riscv/sigframe.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

/* The bits of fcsr that mean something: rounding mode and exception flags. */
#define FCSR_MASK 0xffu

static_assert(sizeof(struct sigframe) == 1088, "the ABI's frame");
static_assert(sizeof(struct sigframe) % 16 == 0, "keeps sp aligned");
static_assert(offsetof(struct sigframe, uc) == 128, "siginfo first");
static_assert(offsetof(struct ucontext, uc_stack) == 16, "ABI");
static_assert(offsetof(struct ucontext, uc_sigmask) == 40, "ABI");
static_assert(offsetof(struct ucontext, uc_mcontext) == 176, "ABI");
static_assert(offsetof(struct sigcontext, sc_fpregs) == 256, "ABI");
static_assert(offsetof(struct user_regs_struct, ra) == 8, "x1 follows pc");
static_assert(offsetof(struct user_regs_struct, t6) == 31 * 8, "ends with x31");
static_assert(sizeof(struct user_regs_struct) == 32 * 8, "pc and x1 to x31");
static_assert(sizeof(((struct arch_fpu *)0)->f) ==
	sizeof(((struct __riscv_d_ext_state *)0)->f),
    "float registers are copied whole");

void
sigframe_save(struct sigframe *out, const struct trap_frame *f,
    const struct arch_fpu *fpu)
{
	struct sigcontext *sc = &out->uc.uc_mcontext;

	/* The ABI has pc where regs has x0. */
	memcpy(&sc->sc_regs, f->regs, sizeof(f->regs));
	sc->sc_regs.pc = f->pc;
	memcpy(sc->sc_fpregs.d.f, fpu->f, sizeof(fpu->f));
	sc->sc_fpregs.d.fcsr = fpu->fcsr;
}

/*
 * The words behind fcsr announce further state (the vector unit's).  We never
 * write any, so a frame that has some is not one of ours.
 */
static bool
has_extensions(const struct sigcontext *sc)
{
	const u32 *reserved = sc->sc_fpregs.q.reserved;

	return (reserved[0] | reserved[1] | reserved[2]) != 0;
}

int
sigframe_restore(
    const struct sigframe *in, struct trap_frame *f, struct arch_fpu *fpu)
{
	const struct sigcontext *sc = &in->uc.uc_mcontext;

	if (has_extensions(sc))
		return -EINVAL;
	/*
	 * The status word is not in the frame at all, so user code stays user
	 * code.  A pc in the kernel's half faults at the first fetch.
	 */
	memcpy(f->regs, &sc->sc_regs, sizeof(f->regs));
	f->regs[0] = 0;
	f->pc = sc->sc_regs.pc;
	memcpy(fpu->f, sc->sc_fpregs.d.f, sizeof(fpu->f));
	fpu->fcsr = sc->sc_fpregs.d.fcsr & FCSR_MASK;
	return 0;
}

void
sigframe_enter(
    struct trap_frame *f, int signo, u64 sp, u64 handler, u64 trampoline)
{
	f->pc = handler;
	f->regs[REG_RA] = trampoline;
	f->regs[REG_SP] = sp;
	f->regs[REG_A0] = (u64)signo;
	f->regs[REG_A1] = sp + offsetof(struct sigframe, info);
	f->regs[REG_A2] = sp + offsetof(struct sigframe, uc);
}
