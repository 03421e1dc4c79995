/* What the files of proc/ that make and end processes share. */
#ifndef PROC_PROC_IMPL_H
#define PROC_PROC_IMPL_H

#include "proc/proc.h"

/* thread.release of every task; how one tells a task from a kernel thread. */
void task_release(struct thread *thread);

/*
 * A thread with a stack and a number, to run entry(task); the shared fields
 * are empty and the copied ones zero.  task_discard takes one that never ran,
 * however far it was made, but not what it has shared.
 * Errors: -ENOMEM, -EAGAIN.
 */
int task_create(void (*entry)(void *task), struct task **out) MUST_CHECK;
void task_discard(struct task *t);
/* A process of its own: in no tree, without memory; one reference. */
int proc_create(struct proc **out) MUST_CHECK;
void proc_discard(struct proc *p);
/* The new thread and its process find each other.  Locks: PROC_TREE, sig. */
void task_link_locked(struct task *t, struct proc *p);
void task_unlink_locked(struct task *t);

/*
 * How many threads each user has, for RLIMIT_NPROC.
 * Errors: -EAGAIN limit reached, -ENOMEM.  Locks: takes PROC_TREE.
 */
int uidcount_charge(u32 uid, u64 limit) MUST_CHECK;
void uidcount_uncharge(u32 uid);
/* All users' together are as many as threads_max says, or more. */
bool threads_are_too_many(void);

/*
 * The current thread becomes new, whose real user has been charged for it if
 * he is another.  True: others may look into it no longer.
 */
struct cred;
bool rights_commit_take(struct cred *new);

/* Before proc_vfork_done_locked t may use its maker's memory; not after. */
void proc_vfork_done_locked(struct task *t);
/* mm's copy of p's limits is brought up to date. */
struct mm;
void limits_tell_mm(struct proc *p, struct mm *mm);

/*
 * A reference to a running program's file, which nobody may write meanwhile.
 * NULL is fine.
 */
struct file;
struct file *exe_get(struct file *exe);
void exe_put(struct file *exe);

/*
 * The current thread stops using its memory, as exit and exec do: its robust
 * futexes, and the word it was to clear.
 */
void task_leave_memory(struct task *t);
/* Where every new thread goes: out to user mode, by its frame. */
NORETURN void task_enter_user(struct task *t);

/* No memory for a page that the current process, or a call of its, touched. */
void trap_out_of_memory(void);

#endif
