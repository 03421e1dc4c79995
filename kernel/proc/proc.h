/*
 * Processes and their threads.
 *
 *	session --- pgrp --- proc --- task      (each arrow: one has many)
 *	              proc --- proc             (parent and children)
 *
 * struct task is one thread: what a program sees by a tid.  struct proc is a
 * group of threads: what it sees by a pid.  A thread holds its credentials, its
 * table of open files and its root and working directory itself (by counted
 * references, shared with whoever it was cloned from as CLONE_FILES and
 * CLONE_FS say), so the current thread reads them without a lock.  The process
 * holds memory, signals, limits and its place in the tree.
 *
 * PROC_TREE, one spin lock, guards the tree, the groups, the sessions and the
 * table of numbers.  All that changes there is a few pointers at a time.
 *
 * The end of a process, in order: each thread leaves (exit.c); the last one
 * gives up the memory, files and handlers and makes the process a ZOMBIE, which
 * is a struct proc and its number and nothing else; the parent reaps it, or it
 * goes by itself.
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "core/thread.h"
#include "lib/refcount.h"
#include "proc/itimer.h"
#include "proc/limits.h"
#include "proc/pid.h"
#include "proc/ptimer.h"
#include "proc/rseq.h"
#include "proc/signal.h"

#define COMM_SIZE 16 /* the name that ps shows, with its zero byte */

struct cred;
struct fdtable;
struct file;
struct fs_context;
struct mm;
struct tty;

extern struct spinlock proc_tree_lock; /* rank PROC_TREE */

/*
 * struct vfork_wait: on the stack of a thread in vfork, until the child has
 * given its memory back (exec or exit).
 */
struct vfork_wait {
	struct waitq wait;
	bool done; /* PROC_TREE */
};

/*
 * struct task: one thread of a user process.  clone makes it; it is freed with
 * its last reference, the first of which is dropped on another stack after the
 * thread has died (thread.release).
 * States  made -> listed in its process and findable   clone's commit
 *         listed -> gone from both                     task_leave
 * Locks   t only the thread itself   p PROC_TREE   s its process's sig.lock
 *         c fixed   a atomic   p&s both for writing, either for reading
 *         t&p written by the thread with PROC_TREE, read by it freely
 *
 * Three groups, by what a new thread or process gets:
 */
struct task {
	/* Set up anew by clone. */
	struct thread thread;  /* first, so that each leads to the other */
	struct refcount refs;  /* a */
	struct pid *pid;       /* p: its number; exec may take the leader's */
	s32 tid;               /* t&p: pid->nr */
	struct proc *proc;     /* c: counted */
	struct list link;      /* p&s: proc->tasks */
	struct sigtask sig;    /* see signal.h */
	u64 start_ns;          /* c: monotonic */
	u64 nr_minor_faults;   /* t */
	u64 nr_major_faults;   /* t */
	uaddr_t set_child_tid; /* t: 0 or where its first act writes its tid */
	uaddr_t clear_child_tid;  /* t: 0 or what its last act clears */
	uaddr_t robust_list;      /* t: head of set_robust_list, or 0 */
	struct vfork_wait *vfork; /* p: who waits for our memory */

	/* Shared with the maker, or copies of its: as clone's flags say. */
	const struct cred *cred; /* t&p: counted */
	struct fdtable *files;   /* t&p: counted; NULL once it is leaving */
	struct fs_context *fs;   /* t&p: counted; NULL once it is leaving */

	/* Copied, from task_copy_start to task_copy_end. */
	char task_copy_start[0];
	char comm[COMM_SIZE];  /* p */
	u32 timer_slack_ns;    /* t: prctl, for the books */
	struct rseq_area rseq; /* t: fork only; forgotten with CLONE_VM */
	bool no_new_privs;     /* t */
	char task_copy_end[0];
};

static_assert(offsetof(struct task, thread) == 0, "task_of relies on it");

enum proc_state {
	PROC_ALIVE,   /* it has threads */
	PROC_EXITING, /* its last thread is giving up what it has */
	PROC_ZOMBIE,  /* it has nothing, but is still its parent's child */
	PROC_CLAIMED, /* the same, and one waiter is about to reap it */
	PROC_REAPED,  /* it is in no list, and its number is free again */
};

/* What is added up of threads that ended, and of children that were reaped. */
struct proc_usage {
	u64 user_ns;
	u64 system_ns;
	u64 nr_voluntary;
	u64 nr_preempted;
	u64 nr_minor_faults;
	u64 nr_major_faults;
	u64 peak_pages; /* the greatest, not the sum */
	struct io_counts io;
};

/*
 * struct proc: one process.  clone makes it; references are held by the tree
 * until it is reaped, by each of its tasks, and by who looks at it for longer
 * than PROC_TREE is held.
 * States  ALIVE -> EXITING    the last thread leaves (exit.c)
 *         EXITING -> ZOMBIE   it has given everything up (exit.c)
 *         ZOMBIE <-> CLAIMED  a wait that copies the status out (wait.c)
 *         ZOMBIE, CLAIMED -> REAPED   proc_reap_locked
 * Laws    R1  tasks is empty just when the state is not ALIVE
 *         R2  an ALIVE process has an mm, a ZOMBIE has none
 *         R3  every process but init has a parent that is ALIVE or EXITING
 *         R4  every process that is not REAPED is in one group and session
 * Locks   p PROC_TREE   s sig.lock   c fixed   a atomic   p&s both for writing,
 *         either for reading   o the current process's threads only, which race
 *         only among themselves and only with whole words
 *
 * Three groups, by what a forked child gets:
 */
struct proc {
	/* Set up anew: zero or a value of its own. */
	struct refcount refs; /* a */
	u8 state;             /* p: enum proc_state */
	bool is_subreaper;    /* o: prctl: orphans below become its children */
	bool mm_shared;       /* p: another process was cloned with our mm */
	s32 nr;               /* c: the pid */
	struct pid *pid;      /* p: NULL once reaped */
	struct proc *parent;  /* p: not counted: R3 */
	s32 parent_tid;       /* p: the thread that cloned it, __WNOTHREAD */
	u32 nr_execs;         /* p: setpgid refuses where there are some */
	u32 maker_execs;      /* p: what the parent's were when it was made */
	struct list children; /* p: proc->sibling */
	struct list sibling;  /* p: in the parent's children */
	struct list all;      /* p: in proc_all */
	struct list tasks;    /* p&s: task->link, the oldest first */
	u32 nr_tasks;         /* p&s */
	int exit_signal;      /* p: for the parent; 0: none */
	s64 exit_status;      /* p: see signal_begin_exit, from ZOMBIE on */
	int pdeath_signal;    /* p: prctl: sent when the parent dies */
	struct waitq child_wait; /* its threads in wait4 and waitid */
	struct waitq alone_wait; /* its thread in exec, until it is alone */
	struct waitq end_wait;   /* pollers of its pidfds */
	const struct cred *last_cred; /* p: of the last that left; counted */
	char comm[COMM_SIZE];         /* p: its name */
	struct proc_usage ended;      /* s: threads that have left */
	struct proc_usage children_usage; /* p: reaped children, and theirs */
	u64 start_ns;                     /* c: monotonic */
	struct sigproc sig;               /* see signal.h */
	struct itimers itimers;           /* see itimer.h */
	struct ptimers ptimers;           /* see ptimer.h */

	/* Shared: counted references, or for the memory as CLONE_VM says. */
	struct mm *mm;         /* p: counted; written by its own threads */
	struct file *exe;      /* p: counted, as mm */
	struct pgrp *pgrp;     /* p: counted */
	struct list pgrp_link; /* p: in pgrp->members */

	/* Copied, from proc_copy_start to proc_copy_end. */
	char proc_copy_start[0];
	struct rlimit_value limits[NR_LIMITS]; /* s */
	u32 personality;                       /* o */
	s16 oom_score_adj;                     /* o: for the books */
	s8 nice;                               /* o: -20 ... 19 */
	u8 dumpable;                           /* o: prctl; exec sets it */
	u32 membarrier; /* a: what was registered for; exec clears it */
	char proc_copy_end[0];
};

/*
 * struct pgrp: a process group.  Exists while it has members; its number is
 * that of the process that made it.
 * Locks: p PROC_TREE   c fixed   a atomic
 */
struct pgrp {
	struct refcount refs;    /* a: members, and a terminal's foreground */
	s32 nr;                  /* c: the pgid */
	struct pid *pid;         /* p: NULL once it has no members */
	struct session *session; /* c: counted */
	struct list members;     /* p: proc->pgrp_link */
	struct list link;        /* p: session->groups */
};

/*
 * struct session: groups that share a controlling terminal.
 * Locks: p PROC_TREE   c fixed   a atomic
 */
struct session {
	struct refcount refs; /* a: its groups, and its terminal */
	s32 nr;               /* c: the sid */
	struct pid *pid;      /* p: NULL once it has no groups */
	struct proc *leader;  /* p: not counted; NULL once it has died */
	struct list groups;   /* p: pgrp->link */
	struct tty *tty;      /* p: counted; the controlling terminal or NULL */
};

extern struct list proc_all;    /* p: every process not yet reaped */
extern struct proc *proc_init1; /* p: process 1; orphans come to it */
extern u64 nr_forks_total;      /* a: since boot, for /proc/stat */

/* How many threads of processes there may be; root's count, too. */
u32 threads_max(void);
void threads_set_max(u32 max);

/* True when t is a thread of a process, not of the kernel alone. */
bool thread_is_task(const struct thread *t);

static inline struct task *
task_of(struct thread *t)
{
	return container_of(t, struct task, thread);
}

/* The running thread's; it must not be one of the kernel's own. */
static inline struct task *
task_current(void)
{
	struct thread *t = thread_current();

	check(thread_is_task(t));
	return task_of(t);
}

static inline struct proc *
proc_current(void)
{
	return task_current()->proc;
}

static inline void
proc_get(struct proc *p)
{
	refcount_get(&p->refs);
}
void proc_put(struct proc *p);

static inline void
task_get(struct task *t)
{
	refcount_get(&t->refs);
}
void task_put(struct task *t);

/*
 * The thread that answers for a process: the one that bears its number, or
 * else the oldest; NULL for a zombie.  Locks: PROC_TREE.
 */
struct task *proc_leader_locked(struct proc *p);
/*
 * Whose rights count when something is done to p: its leader's, or those of
 * the last thread that left.  Borrowed.  Locks: PROC_TREE.
 */
const struct cred *proc_cred_locked(struct proc *p);
/* Its memory with a reference, NULL if it has none (any more). */
struct mm *proc_get_mm(struct proc *p) MUST_CHECK;
/* Number of the parent, group and session. */
s32 proc_ppid(struct proc *p);
/* Calls fn for each process that is not reaped.  Locks: PROC_TREE taken. */
void proc_for_each(void (*fn)(struct proc *p, void *arg), void *arg);

/* Boot: before anything else of proc/. */
void proc_init(void);
/*
 * Process 1 out of a program file; words (a NULL-terminated list) are its
 * arguments and environment as the kernel's command line gave them.
 * Sleeps.  Errors: what exec says.
 */
int proc_start_init(
    const char *path, const char *cmdline, bool trace) MUST_CHECK;
/* Walks the whole tree and panics where a law of these structures is broken. */
void proc_check(void);

#endif
