/* Timers that are files: reading tells how often they have expired. */
#ifndef FS_TIMERFD_H
#define FS_TIMERFD_H

#include "lib/errno.h"
#include "lib/types.h"

struct file;

struct timerfd_value {
	u64 interval_ns; /* 0: once */
	u64 value_ns;    /* 0: disarmed */
};

/*
 * clock: CLOCK_* of the ABI.  flags: O_NONBLOCK counts.
 * Errors: -EINVAL another clock, -EPERM one that wakes the machine, -ENOMEM.
 */
int timerfd_create(int clock, u32 flags, struct file **out) MUST_CHECK;
/*
 * flags: TFD_TIMER_*; old is what there was.
 * Errors: -EINVAL f is none, or another flag; -EPERM as above; -ECANCELED it is
 * set, but the clock was, too, and nobody has read that yet.
 */
int timerfd_set(struct file *f, u32 flags, const struct timerfd_value *value,
    struct timerfd_value *old) MUST_CHECK;
/* Errors: -EINVAL f is none. */
int timerfd_get(struct file *f, struct timerfd_value *out) MUST_CHECK;

/* After clock_set_real.  Locks: none. */
void timerfd_clock_was_set(void);

#endif
