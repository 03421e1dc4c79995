#include "core/power.h"

#include "arch/riscv/arch.h"
#include "core/printk.h"

static struct power_hook *hooks;

void
power_add_hook(struct power_hook *h)
{
	h->next = hooks;
	hooks = h;
}

static void
run_hooks(void)
{
	struct power_hook *h;

	for (h = hooks; h != NULL; h = h->next)
		h->before_off();
	printk_drain();
}

NORETURN void
power_off(void)
{
	run_hooks();
	arch_power_off();
}

NORETURN void
power_reboot(void)
{
	run_hooks();
	arch_reboot();
}
