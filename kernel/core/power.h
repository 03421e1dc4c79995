/* The end of the machine, in order. */
#ifndef CORE_POWER_H
#define CORE_POWER_H

#include "lib/types.h"

/*
 * Something to do before the power goes, such as writing back or checking the
 * books; the last one added runs first.
 */
struct power_hook {
	void (*before_off)(void);
	struct power_hook *next;
};
void power_add_hook(struct power_hook *h);

/* Sleeps: hooks may.  Locks: none held. */
NORETURN void power_off(void);
NORETURN void power_reboot(void);

#endif
