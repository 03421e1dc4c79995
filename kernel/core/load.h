/* How much there was to do lately: the averages of /proc/loadavg. */
#ifndef CORE_LOAD_H
#define CORE_LOAD_H

#include "lib/loadavg.h"

/*
 * Takes the samples that are due.  Called in a busy hart's tick, and by a hart
 * that wakes before it does anything.  Locks: takes LOAD; interrupts off.
 */
void load_note(u64 now_ns);
void load_read(struct load_averages *out);
/* Threads that run or want to, all harts together; a moment old. */
u32 load_nr_running(void);

#endif
