/*
 * Signals, as the rest of proc/ and sys/ see them.
 *
 * struct sigproc is the part of a process, struct sigtask that of a thread;
 * proc.h embeds them as proc->sig and task->sig.  Files: signal.c sends and
 * queues, signal_kill.c chooses whom and asks whether one may, signal_call.c
 * does the system calls, signal_stop.c stops and continues, signal_deliver.c
 * acts on the way back to user code, arch/riscv/sigframe.c builds the frame.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "core/spinlock.h"
#include "core/waitq.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/refcount.h"
#include "proc/signal_hand.h"
#include "proc/signal_queue.h"
#include "proc/signal_set.h"

#include <asm/signal.h>

struct proc;
struct task;
struct trap_frame;

/*
 * struct sigproc: signals of a process.  Dead or alive it is there as long as
 * its struct proc; handlers go at the end of the last thread.
 *
 * Stopping: stop_signal is set by the thread that takes SIGSTOP & co and asks
 * every thread to park; stop_left counts those that have not yet; at zero the
 * process is stopped and its parent is told.  SIGCONT and SIGKILL, when they
 * are sent, undo it.
 * Locks: l lock   x the lock, and only at exec
 */
struct sigproc {
	struct spinlock
	    lock; /* rank SIGNAL: this, and sigtask of its threads */
	struct sighand *hand;    /* x; NULL once all threads are gone */
	struct sigqueue pending; /* l: for any thread that takes it */
	struct sigquota quota;   /* l: items here and in its threads' queues */

	bool group_exit;         /* l: every thread has to end */
	s64 group_status;        /* l: how; see signal_begin_exit */
	struct task *group_exec; /* l: every thread but this one has to end */

	bool protect; /* c: init: no signal without a handler is for it */

	int stop_signal;  /* l: 0 while running */
	u32 stop_left;    /* l: threads that have yet to park */
	bool stopped;     /* l: all have */
	int stop_report;  /* l: signal that a waiting parent has not seen, or 0
			   */
	bool cont_report; /* l: a continuation that it has not seen */
	bool cont_tell;   /* l: its next thread to look tells the parent */
	struct waitq stop_wait; /* where the threads park */
};

struct altstack {
	u64 base;
	u64 size_bytes; /* 0: none */
	u32 flags;      /* SS_* as they were given; SS_DISABLE at first */
};

/*
 * struct restart: how restart_syscall goes on with the call that was cut
 * short.  Set by a call that returns -ERESTART_BLOCK; what the fields mean is
 * its affair.
 */
struct restart {
	s64 (*fn)(struct restart *r);
	u64 deadline_ns;
	uaddr_t addr;
	uaddr_t addr2;
	u32 count;
	u32 flags;
	u64 value;
};

/*
 * struct sigtask: signals of a thread.
 * Locks: l its process's sig.lock   t only the thread itself
 *        l&t written by the thread under the lock
 */
struct sigtask {
	struct sigqueue pending; /* l: for this thread alone */
	struct sigset blocked;   /* l&t */
	struct sigset wanted;    /* l&t: of sigtimedwait: takes these as well */
	struct sigset saved;     /* t: the mask to return to */
	bool has_saved;          /* t: that of sigsuspend, ppoll ... */
	bool must_end;           /* l: NOTIFY_KILL was sent */
	bool gone;               /* l: it is leaving: nothing is for it */
	bool stop_owed;          /* l: counted in stop_left */
	bool stop_taken;         /* l: took a stop signal, no SIGCONT since */
	struct altstack altstack; /* t */
	struct restart restart;   /* t */
};

/* --- Life ------------------------------------------------------------- */

/*
 * Fills child->sig for a new process of the current one.  share: CLONE_SIGHAND;
 * clear: CLONE_CLEAR_SIGHAND.  parent may be NULL: the first process.
 * Errors: -ENOMEM.
 */
int signal_fork_proc(
    struct proc *child, struct proc *parent, bool share, bool clear) MUST_CHECK;
/* Undoes that for a process that never ran. */
void signal_abort_proc(struct proc *child);
/*
 * Fills child->sig for a new thread or the first of a process, out of the
 * current task's; keep_altstack unless it shares memory and is not vfork.
 */
void signal_fork_task(struct task *child, bool keep_altstack);
/*
 * For clone, with the sig.lock held under which the child joins its process's
 * list of threads (or, for a new process, PROC_TREE as well): may it go on?
 * Errors: -ERESTARTNOINTR the current thread has a signal to look at first.
 */
int signal_fork_commit_locked(void) MUST_CHECK;
/*
 * exec.  First: every other thread is told to end and -EAGAIN says that
 * somebody else (exit or exec) was faster; the caller then waits until it is
 * alone.  Second: a table of its own, may fail.  Third: the reset, cannot.
 */
int signal_exec_begin(void) MUST_CHECK;
void signal_exec_cancel(void);
int signal_exec_prepare(void) MUST_CHECK;
void signal_exec_commit(void);
/*
 * A thread leaves: what was sent to it alone is dropped, what it might have
 * taken of the process's is shown to the others, a stop no longer waits for it.
 * Call it before the task goes off its process's list.  That list (proc.h) is
 * changed only with PROC_TREE and sig.lock held, so either is enough to read.
 */
void signal_exit_task(struct task *t);
/* The last thread has left; the table and the queue go. */
void signal_exit_proc(struct proc *p);

/*
 * Begins the end of the current process; the first caller's status counts: a
 * signal's number, or exit's whole argument times 256.  (A wait status has the
 * lowest byte of that alone.)  Other threads end when they next look.
 */
void signal_begin_exit(s64 status);
/* True when the process ends as a whole: then *status is how. */
bool signal_group_status(struct proc *p, s64 *status);

/* --- Sending ---------------------------------------------------------- */

/*
 * Each takes any context, spin locks up to PROC_TREE held.  info->signo names
 * the signal.  0 when it was sent, ignored or coalesced.
 * Errors: -EAGAIN a queued signal found no room.
 */
int signal_send_task(struct task *t, const struct sig_info *info);
int signal_send_proc(struct proc *p, const struct sig_info *info);
/* Locks: PROC_TREE.  To every process of a group; 0 if any took it. */
int signal_send_pgrp_locked(s32 pgid, const struct sig_info *info);
/* The kernel's own: SI_KERNEL, nobody's pid. */
void signal_send_kernel(struct proc *p, int signo);
/*
 * The current thread has to handle it, now: for faults.  A blocked or ignored
 * one gets the default action, which for these is to end.
 */
void signal_force(const struct sig_info *info);
void signal_force_fault(int signo, int code, u64 addr);
/* SIGKILL for the current process, without a chance to be somebody else's. */
void signal_force_kill(void);

/*
 * What wait, exit and the parent have to do with each other.
 * Locks: PROC_TREE, for all of them.
 * Tells child's parent that child is a zombie, by the signal that clone asked
 * for; true when the parent does not want to wait for it and it can be reaped.
 */
bool signal_child_exited_locked(struct proc *child, int signo, s64 status);
/* For wait: the stop or continuation not yet reported; take marks it so. */
bool signal_child_stopped(struct proc *child, bool take, int *signo);
bool signal_child_continued(struct proc *child, bool take);

/* --- The current thread ----------------------------------------------- */

/* True when a signal waits that the mask lets through; cheap. */
bool signal_pending(void);
/*
 * On the way back to user code, interrupts on, when notify says so: stops,
 * ends, or makes f enter a handler; settles the restart of a cut-short call.
 * NOTIFY_SIGNAL is clear afterwards, or says that there is more to do.  Does
 * not return when the thread has to leave.
 */
void signal_deliver(struct trap_frame *f);

/*
 * A mask for the length of one call (ppoll, pselect6, sigsuspend).  After the
 * call: pop, unless it was interrupted; then signal_deliver sees to it.
 */
void signal_mask_push(struct sigset mask);
void signal_mask_pop_unless(bool interrupted);

/* System calls, with kernel values; any pointer may be NULL. */
int signal_action(
    int signo, const struct sig_action *act, struct sig_action *old);
int signal_mask(int how, const struct sigset *set, struct sigset *old);
struct sigset signal_pending_set(void);
int signal_suspend(struct sigset mask);
/*
 * Waits for one of set until deadline_ns of the monotonic clock.
 * Returns its number, -EAGAIN at the deadline, -EINTR.
 */
int signal_timedwait(struct sigset set, u64 deadline_ns, struct sig_info *info);
/*
 * sigaltstack: the flags are those of the ABI, checked here; old's tell
 * whether sp lies on it.
 * Errors: -EPERM sp does, -EINVAL, -ENOMEM it is too small.
 */
int signal_altstack(
    const struct altstack *new, u64 sp, struct altstack *old) MUST_CHECK;
/* The value for a0. */
s64 signal_return(struct trap_frame *f);
s64 signal_restart(void);

/*
 * kill and its kin, with whatever arguments a program gave.  Signal 0 asks
 * whether one may.
 * Errors: -EINVAL, -ESRCH, -EPERM; -EAGAIN for the queueing ones.
 */
int signal_kill(s32 pid, int signo) MUST_CHECK;
int signal_tkill(s32 tid, int signo) MUST_CHECK;
int signal_tgkill(s32 tgid, s32 tid, int signo) MUST_CHECK;
int signal_queue(s32 pid, const struct sig_info *info) MUST_CHECK;
int signal_tgqueue(s32 tgid, s32 tid, const struct sig_info *info) MUST_CHECK;
/* The same for a process that the caller has a reference to. */
int signal_kill_proc(struct proc *p, int signo) MUST_CHECK;
int signal_queue_proc(struct proc *p, const struct sig_info *info) MUST_CHECK;

#endif
