/*
 * The audit: every frame's count against the links and holders that there
 * really are, and the laws of the tree (DESIGN 2.8).
 */
#ifndef MM_AUDIT_H
#define MM_AUDIT_H

#include "core/thread.h"

/*
 * Brackets around work during which counts and links do not agree, or a frame
 * is in nobody's books: the audit waits until no thread is within them.  They
 * nest.  A thread may sleep within.
 */
static inline void
audit_enter(void)
{
	thread_current()->unsettled++;
}

static inline void
audit_leave(void)
{
	thread_current()->unsettled--;
}

struct audit_result {
	u64 mismatches;
	u64 frames;      /* looked at */
	u64 spaces;      /* address spaces */
	u64 tables;      /* user tables, each counted once */
	u64 pages;       /* frames that are some leaf's */
	char first[160]; /* what the first mismatch was */
};

/*
 * Holds all other harts still, at a moment when no thread is within those
 * brackets; audit_let_go ends it.
 * Locks: none held, interrupts on; off from here to audit_let_go.  Sleeps,
 * waiting for threads to settle.
 * Errors: -EBUSY when some thread does not settle in time, -EINTR when the
 * caller is to end, unless it goes on whatever comes; nothing is held.
 */
int audit_hold_still(bool whatever_comes) MUST_CHECK;
void audit_let_go(void);
/* NOTIFY_SETTLE: waits until nobody waits for threads to settle. */
void audit_stand_aside(struct thread *self);

/*
 * Holds all harts still and looks.  Sleeps, waiting for threads to settle.
 * Errors: -ENOMEM, -EBUSY when some thread does not settle in time, -EINTR.
 */
int mm_audit(struct audit_result *out) MUST_CHECK;
/* Boot: audits before the power goes, and panics if the books are wrong. */
void mm_audit_at_power_off(void);

#endif
