/* Registers of threads: new contexts, the float unit, user-copy fix-ups. */
#include "arch/riscv/arch.h"
#include "lib/string.h"

extern void arch_context_start(void);
extern void fpu_save(struct arch_fpu *fpu);
extern void fpu_load(const struct arch_fpu *fpu);

void
arch_context_init(
    struct arch_context *ctx, void *stack, void (*entry)(void *), void *arg)
{
	ctx->ra = (u64)arch_context_start;
	ctx->sp = (u64)arch_user_frame(stack);
	ctx->s[1] = (u64)entry;
	ctx->s[2] = (u64)arg;
}

void
arch_user_frame_init(struct trap_frame *f, uaddr_t pc, uaddr_t sp)
{
	memset(f, 0, sizeof(*f));
	f->pc = pc.val;
	f->regs[REG_SP] = sp.val;
	f->status = SSTATUS_SPIE | SSTATUS_FS_INITIAL;
}

static void
set_fs(struct trap_frame *f, u64 fs)
{
	f->status = (f->status & ~SSTATUS_FS) | fs;
}

/*
 * The registers are worth saving only when user code has made them dirty
 * since they were last loaded or saved; the frame's status says so.
 */
void
arch_fpu_sync(struct trap_frame *f, struct arch_fpu *fpu)
{
	if ((f->status & SSTATUS_FS) != SSTATUS_FS_DIRTY)
		return;
	csr_set(sstatus, SSTATUS_FS);
	fpu_save(fpu);
	csr_clear(sstatus, SSTATUS_FS);
	set_fs(f, SSTATUS_FS_CLEAN);
}

void
arch_fpu_load(struct trap_frame *f, const struct arch_fpu *fpu)
{
	csr_set(sstatus, SSTATUS_FS);
	fpu_load(fpu);
	csr_clear(sstatus, SSTATUS_FS);
	set_fs(f, SSTATUS_FS_CLEAN);
}

void
arch_fpu_switch_out(struct trap_frame *f, struct arch_fpu *fpu)
{
	arch_fpu_sync(f, fpu);
}

/* Always loaded: what is in the registers now is another program's. */
void
arch_fpu_switch_in(struct trap_frame *f, const struct arch_fpu *fpu)
{
	csr_set(sstatus, SSTATUS_FS);
	fpu_load(fpu);
	csr_clear(sstatus, SSTATUS_FS);
	if ((f->status & SSTATUS_FS) == SSTATUS_FS_DIRTY)
		set_fs(f, SSTATUS_FS_CLEAN);
}

struct usercopy_fixup {
	u64 from;
	u64 to;
	u64 target;
};

extern const struct usercopy_fixup usercopy_fixups[];
extern const struct usercopy_fixup usercopy_fixups_end[];

u64
arch_user_fixup(u64 pc)
{
	const struct usercopy_fixup *x;

	for (x = usercopy_fixups; x < usercopy_fixups_end; x++)
		if (pc >= x->from && pc < x->to)
			return x->target;
	return 0;
}
