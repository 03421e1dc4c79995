/* clone, in all its forms. */
#ifndef PROC_FORK_H
#define PROC_FORK_H

#include "lib/errno.h"
#include "lib/types.h"

#define CLONE_MAX_SET_TIDS 32 /* more levels of namespaces than Linux has */

/*
 * What clone and clone3 ask for, decoded.  For clone the signal is taken out of
 * the flags, stack is the stack pointer and stack_size_bytes 0.
 */
struct clone_request {
	u64 flags; /* CLONE_* without CSIGNAL */
	int exit_signal;
	uaddr_t stack; /* clone3: its lowest address; 0: keep the pointer */
	u64 stack_size_bytes; /* clone3 only */
	u64 tls;
	uaddr_t parent_tid;
	uaddr_t child_tid;
	uaddr_t pidfd;
	u64 set_tid_count; /* clone3: more than 0 is refused */
	bool is_clone3;
};

/*
 * The new thread's number for the caller; the new thread itself returns 0 from
 * the same system call.
 * Sleeps; with CLONE_VFORK until the child has given the memory back.
 * Errors: -EINVAL flags that do not go together, -EAGAIN limit or no number
 *         left, -ENOMEM, -EPERM, -EFAULT.
 */
s64 proc_clone(const struct clone_request *req) MUST_CHECK;
/* unshare: CLONE_FILES, CLONE_FS and what needs no work; else -EINVAL. */
int proc_unshare(u64 flags) MUST_CHECK;
/* set_tid_address: the caller's tid. */
s32 proc_set_tid_address(uaddr_t addr);

#endif
