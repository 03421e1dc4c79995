/*
 * A kernel for one thread, for tests of what lies above core/ and mm/: memory,
 * frames, locks, clock, user memory.  Tests link tests/host/fake_kernel.c.
 *
 * Memory comes from fake_alloc, so fake_fail_after and fake_nr_allocated count
 * it; frames count as allocations too.
 */
#ifndef HOST_FAKE_KERNEL_H
#define HOST_FAKE_KERNEL_H

#include "fake.h"
#include "lib/types.h"

/* What time it is; every look moves it on a little. */
extern u64 fake_now_ns;

/*
 * User memory is the test's own.  From fake_user_end on, and in the first page,
 * it is unmapped.
 */
extern u64 fake_user_end;

/* What gives frames back: the last that was added. */
struct frame_reclaimer;
extern struct frame_reclaimer *fake_reclaimer;

/* Mutexes that are held now: 0 between calls. */
extern u32 fake_nr_mutexes;

/*
 * What others do in time, if not NULL: while the thread waits, which goes on
 * then; when bytes have come from user memory, before the caller knows; while W
 * is taken from leaves; and where a long call lets others run.
 */
extern void (*fake_on_park)(void);
extern void (*fake_on_user_read)(void);
extern void (*fake_on_protect)(void);
extern void (*fake_on_preempt)(void);

#endif
