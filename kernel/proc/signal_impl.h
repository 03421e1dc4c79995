/*
 * What the signal files share.  The process meant by "locked" holds its
 * sig.lock.
 */
#ifndef PROC_SIGNAL_IMPL_H
#define PROC_SIGNAL_IMPL_H

#include "proc/proc.h"
#include "proc/signal.h"

/* What a signal does to a process that has no handler for it. */
enum signal_default {
	DEFAULT_END,
	DEFAULT_CORE, /* ends it, too: no core file is ever written */
	DEFAULT_IGNORE,
	DEFAULT_STOP,
	DEFAULT_CONTINUE, /* which sending it has done already */
};
enum signal_default signal_default(int signo);

/* Neither can be blocked, ignored or handled. */
struct sigset signal_unstoppable(void);

/* In place of a trap's cause: not, or no longer, a system call's result. */
#define CAUSE_SETTLED (~0ul)

/* The action for a signal now.  Locks: p's sig.lock. */
struct sig_action signal_get_action_locked(struct proc *p, int signo);
/* Would a signal to p that nobody blocks do nothing?  Locks: p's sig.lock. */
bool signal_ignored_locked(struct proc *p, int signo);
/*
 * t NULL: to the process.  Locks: p's sig.lock.
 * Errors: -EAGAIN.
 */
int signal_send_locked(
    struct proc *p, struct task *t, const struct sig_info *info);
/*
 * The current thread takes the first of a set that is pending for it or its
 * process, if there is one, whatever its mask says: the number, or 0.
 * Locks: its sig.lock.
 */
int signal_take_locked(struct sigset set, struct sig_info *info);
/* Forgets signals of a set wherever they are pending in p. */
void signal_discard_locked(struct proc *p, struct sigset set);
/* Ends p: every thread has to leave.  Locks: p's sig.lock. */
void signal_end_locked(struct proc *p, s64 status);
/* Signals that t would handle if it looked now.  Locks: its sig.lock. */
struct sigset signal_deliverable_locked(const struct task *t);
/* Any of those, or a stop, or the end.  Locks: its sig.lock. */
bool signal_has_to_look_locked(const struct task *t);
/*
 * Clears the current thread's NOTIFY_SIGNAL if it has nothing to look at.
 * Senders set it with the lock held, so none is lost.  Locks: its sig.lock.
 */
void signal_recalc_locked(struct task *t);
/*
 * t will not take these signals of the process any more: show them to threads
 * that will.  Locks: its sig.lock.
 */
void signal_retarget_locked(struct task *t, struct sigset set);
/* Does sp lie on the alternate stack?  Pure. */
bool signal_on_altstack(const struct altstack *a, u64 sp);
/* Sets the current thread's mask.  Locks: its sig.lock not held. */
void signal_set_mask(struct sigset mask);

/* signal_stop.c.  SIGCONT is sent to p: a stop that began ends. */
void signal_continue_locked(struct proc *p);
/* t need not park any more for the stop to be complete; true: now it is. */
bool signal_stop_leave_locked(struct task *t);
/* The current thread took a stop signal off its queue.  Locks: none. */
void signal_stop_begin(int signo);
/*
 * Parks the current thread if its process is stopping, and tells the parent
 * what there is to tell.  False if there was nothing to do.
 * Locks: p's sig.lock, released meanwhile.
 */
bool signal_stop_locked(struct proc *p) MUST_HOLD(&p->sig.lock);
/* Tells the parent: CLD_STOPPED with the signal, or CLD_CONTINUED. */
void signal_tell_parent(struct proc *p, int code, int signo);

/* signal_frame.c.  Errors: the stack is no good. */
int signal_frame_push(struct trap_frame *f, int signo,
    const struct sig_action *act, const struct sig_info *info) MUST_CHECK;

#endif
