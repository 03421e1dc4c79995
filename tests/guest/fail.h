/* What the tests that make allocations fail have in common. */
#ifndef GUEST_FAIL_H
#define GUEST_FAIL_H

#include "tap.h"

/* How a try can end, as an exit status. */
enum {
	DONE,    /* the call succeeded, and nothing had failed */
	REFUSED, /* it failed as it should */
	ANYWAY,  /* something failed that it could do without */
	BROKEN,  /* an error that has nothing to do with memory */
	CHANGED, /* it failed and had done something nevertheless */
	WRONG,   /* it said that it succeeded, and had not */
};

/*
 * The n-th allocation of the calling thread from now on fails, and those that
 * follow; 0: none does.  How many there were since the last call; less than 0
 * on a kernel that can't.
 */
long fail_after(long n, bool and_after);

/* How a try with the n-th allocation failing ended, by its error number. */
int fail_verdict(int err, long n);

/*
 * Tries everything: `one_try` with n = 1, 2, 3 …, until nothing has failed any
 * more; it gives a wait status.
 */
void fail_all_tries(const char *name, bool and_after,
    int (*one_try)(const void *arg, long n, bool and_after), const void *arg);

/* Frames of user memory and small objects: what a failure could lose. */
long fail_frames_used(void);

/* Tables that the caller's address space has, shared ones too. */
long fail_tables(void);

/* The kernel's own look at its books. */
void fail_audit(void);

#endif
