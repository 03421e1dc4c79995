/*
 * rseq: restartable sequences.  A thread registers an area in its memory, where
 * it finds the number of the hart it runs on, and says which piece of code must
 * not go on after somebody else had the hart.
 */
#ifndef PROC_RSEQ_H
#define PROC_RSEQ_H

#include "lib/errno.h"
#include "lib/types.h"

struct task;
struct trap_frame;

/* In the auxiliary vector; younger than some headers. */
#define AT_RSEQ_FEATURE_SIZE 27
#define AT_RSEQ_ALIGN        28

/* What of the area is offered: all up to the number of the node. */
#define RSEQ_FEATURE_BYTES 24
#define RSEQ_ALIGN_BYTES   32

/*
 * struct rseq_area: what a task knows of its own.
 * Locks: t only the task itself
 */
struct rseq_area {
	uaddr_t at;    /* t: 0 if there is none */
	u32 len_bytes; /* t */
	u32 signature; /* t: the word before each place to go on at instead */
	s32 told_hart; /* t: what the area says, or -1 */
};

/*
 * The current task's.  Errors: -EINVAL, -EPERM another signature, -EBUSY it is
 * registered, -EFAULT.
 */
int rseq_register(uaddr_t at, u32 len_bytes, u32 signature) MUST_CHECK;
int rseq_unregister(uaddr_t at, u32 len_bytes, u32 signature) MUST_CHECK;

/* As exec does, and CLONE_VM for the new thread. */
void rseq_forget(struct task *t);
/* A new task has taken over its maker's area: it will be told its hart. */
void rseq_inherit(struct task *t);

/*
 * The current task has been switched out since it was last in user mode: the
 * area is brought up to date and f leaves a sequence that was interrupted.  An
 * area that can't be used is a SIGSEGV.
 */
void rseq_switched(struct task *t, struct trap_frame *f);
/* A handler is about to be entered: likewise. */
void rseq_interrupted(struct task *t, struct trap_frame *f);

#endif
