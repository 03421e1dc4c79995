/*
 * Holding all other harts still, for somebody who must look at everything at
 * once.
 */
#ifndef CORE_PAUSE_H
#define CORE_PAUSE_H

#include "lib/types.h"

/*
 * From here to pause_end no other hart does anything, and this one has
 * interrupts off.  Locks: none held, interrupts on.
 */
void pause_begin(void);
void pause_end(void);
/* The part of an interprocessor interrupt. */
void pause_ipi(void);

#endif
