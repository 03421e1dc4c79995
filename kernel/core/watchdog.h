/* An end for a machine that has none of its own: evidence instead of silence.
 */
#ifndef CORE_WATCHDOG_H
#define CORE_WATCHDOG_H

#include "lib/types.h"

/* After so many seconds, a panic, which tells who waits for what. */
void watchdog_start(u64 seconds);

#endif
