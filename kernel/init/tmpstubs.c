#include "arch/riscv/upcall.h"
#include "core/panic.h"
void
upcall_syscall(struct trap_frame *f)
{
	panic_trap(f, "x");
}
void
upcall_user_fault(struct trap_frame *f, uaddr_t addr, enum fault_access access)
{
	(void)addr;
	(void)access;
	panic_trap(f, "x");
}
void
upcall_user_exception(struct trap_frame *f)
{
	panic_trap(f, "x");
}
void
upcall_user_return(struct trap_frame *f)
{
	(void)f;
}
void
upcall_user_enter(void)
{
}
u32 irqchip_claim(u32 h); void irqchip_complete(u32 h,u32 n);
u32 irqchip_claim(u32 h){(void)h;return 0;} void irqchip_complete(u32 h,u32 n){(void)h;(void)n;}
