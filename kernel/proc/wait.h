/* Waiting for children. */
#ifndef PROC_WAIT_H
#define PROC_WAIT_H

#include "lib/errno.h"
#include "proc/proc.h"

enum wait_kind {
	WAIT_ALL,
	WAIT_PID,
	WAIT_PGID, /* 0: the caller's own */
	WAIT_PROC, /* a pidfd's */
};

/*
 * Beside the ABI's, for waitid: si_status has the whole of exit's argument, as
 * the classic teaching kernel's wait has it, and not its lowest byte.
 */
#define WAIT_WHOLE_VALUE 0x00100000u

struct wait_request {
	enum wait_kind kind;
	s32 nr;
	const struct proc *proc; /* borrowed */
	/* W* and __W* of the ABI; wait4 adds WEXITED itself. */
	u32 options;
};

/* What there is to tell of one child; pid 0: nothing, with WNOHANG. */
struct wait_result {
	s32 pid;
	u32 uid;
	int status; /* as wait4 has it */
	int code;   /* CLD_*, for siginfo */
	int value;  /* si_status: exit code or signal */
	struct proc_usage usage;
};

/*
 * Waits for one child to do what options name and gives it to deliver, which
 * copies it to user memory; only when that returns 0 is a dead child reaped.
 * Returns the child's pid, 0 (WNOHANG), or a negative.
 * Errors: -ECHILD, -EINVAL, -ERESTARTSYS, what deliver says.
 */
s64 proc_wait(const struct wait_request *req,
    int (*deliver)(const struct wait_result *res, void *arg),
    void *arg) MUST_CHECK;

/* Something happened to a child of parent.  Locks: PROC_TREE or none. */
void wait_wake_parent(struct proc *parent);

#endif
