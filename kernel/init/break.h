/* Broken kernels on demand, for the boot tests: panic_test=HOW at boot. */
#ifndef INIT_BREAK_H
#define INIT_BREAK_H

/*
 * Breaks the kernel in the way that is called how; returns when there is no
 * such way, or when this build does not look for what was done.
 */
void break_kernel(const char *how);

#endif
