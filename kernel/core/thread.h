/*
 * Threads of the kernel, and who runs them.  What a thread is to a user (pid,
 * signals, memory) is built around this one in proc/.
 */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include "arch/riscv/arch.h"
#include "core/tlb.h"
#include "core/waitq.h"
#include "lib/list.h"

struct hart;

/*
 * NEW -> RUNNABLE            thread_start
 * RUNNABLE <-> RUNNING       the scheduler
 * RUNNING -> PARKED          thread_park
 * PARKED -> RUNNABLE         thread_unpark
 * RUNNING -> DEAD            thread_exit; then release() is called on another
 *                            stack, and the thread is its owner's again
 */
enum thread_state {
	THREAD_NEW,
	THREAD_RUNNABLE,
	THREAD_RUNNING,
	THREAD_PARKED,
	THREAD_DEAD,
};

/* Bits of thread.notify: what the thread should look at. */
enum {
	NOTIFY_SIGNAL = 1u << 0,  /* a signal may have to be handled */
	NOTIFY_KILL = 1u << 1,    /* the process is ending: stop at once */
	NOTIFY_RESCHED = 1u << 2, /* the time slice is used up */
	NOTIFY_TRACE = 1u << 3,   /* system calls are logged */
	/* It was switched out since it was last told; see tell_switch. */
	NOTIFY_SWITCHED = 1u << 4,
	/* Who looks at all books waits for nobody to change them. */
	NOTIFY_SETTLE = 1u << 5,
};

/* What a thread read and wrote. */
struct io_counts {
	u64 read_chars; /* bytes that calls moved, wherever from */
	u64 written_chars;
	u64 nr_reads; /* calls */
	u64 nr_writes;
	u64 read_bytes;    /* that disks were asked for */
	u64 written_bytes; /* of a disk's: pages made dirty, or written past */
	u64 cancelled_bytes; /* dirty pages that nobody will write any more */
};

/*
 * struct thread: one flow of control.  Its owner (proc/, or kthread_create)
 * gives it memory and a stack and frees both from release(), if there is one.
 * Locks: r the run queue lock of its hart   t only the thread itself
 *        c fixed at creation   a atomic
 */
struct thread {
	struct arch_context context; /* r: registers while not running */
	struct arch_fpu fpu;         /* t */
	void *stack;                 /* c: lowest address */
	void (*entry)(void *arg);    /* c */
	void *arg;                   /* c */
	struct tlb_space *space;     /* t: user address space, NULL if none */
	void (*release)(struct thread *t); /* c */
	const char *name;                  /* c, or proc's comm */

	u8 state;         /* r: enum thread_state */
	u8 park_mode;     /* r: enum park_mode while parked */
	bool permit;      /* r: an unpark that no park has used yet */
	bool is_idle;     /* c */
	s16 hart;         /* r: where it runs or last ran */
	u32 notify;       /* a */
	u64 affinity;     /* r: harts it may run on, a bit each */
	struct list link; /* r: in a run queue */
	struct list all;  /* ALL_THREADS: every thread that was started */

	const s8 *nice;   /* c: its process's; NULL: the kernel's own */
	u64 user_ticks;   /* t: time spent in user mode */
	u64 system_ticks; /* t: and in the kernel */
	u64 stamp_ticks;  /* t: when that was last brought up to date */
	u64 nr_voluntary; /* t: switches because it waited */
	u64 nr_preempted; /* t: switches because its time was up */

	struct io_counts io; /* t */

	u32 unsettled;     /* t: depth of work on page counts, see mm/audit.h */
	bool lacked_frame; /* t: one was refused, and nobody has looked yet */
	bool tell_switch;  /* t: it wants NOTIFY_SWITCHED */

	const char *wait_what; /* t: what it waits for, for the watchdog */
	u64 wait_since_ns;     /* t */
	u32 held_mutexes;      /* t: how many, debug build */
	u16 held_ranks[12]; /* t: their ranks, outermost first, debug build */
};

static inline struct thread *thread_current(void);

/*
 * Prepares t to run entry(arg) on the given stack of KSTACK_SIZE bytes.
 */
void thread_init(struct thread *t, void *stack, void (*entry)(void *arg),
    void *arg, void (*release)(struct thread *));
/* Puts a new thread into a run queue. */
void thread_start(struct thread *t);
/* Never returns; the owner's release() is called when the stack is free. */
NORETURN void thread_exit(void);

/*
 * Waits for a permit.  0 when there was one, -EINTR when the mode allows and
 * a notification asks for it, -ETIMEDOUT at the deadline.
 * Locks: none may be held but mutexes.
 */
int thread_park(enum park_mode mode, u64 deadline_ns, const char *what);
/* Gives t its permit and makes it runnable if it is parked. */
void thread_unpark(struct thread *t);
/* Sets notify bits, and ends a park that those bits may end. */
void thread_notify(struct thread *t, u32 bits);
void thread_notify_clear(struct thread *t, u32 bits);

/* Lets others run; returns when it is this thread's turn again. */
void thread_yield(void);
/* For long loops in the kernel: yields if the slice is used up. */
void thread_preempt_point(void);
/* Also for them: the process is ending, and nobody waits for the result. */
bool thread_must_end(void);
/* Moves to a hart of the mask if it runs elsewhere; mask must not be empty. */
void thread_set_affinity(struct thread *t, u64 mask);
/* Sleeps without regard to signals. */
void thread_sleep_ns(u64 duration_ns);

/* Makes space the current thread's address space, now; NULL for none. */
void thread_use_space(struct tlb_space *space);

/*
 * Calls fn for each thread.  For when other harts stand still, or have stopped
 * for good: false when one of them is in the midst of changing the list.
 */
bool thread_try_for_each(void (*fn)(struct thread *t, void *arg), void *arg);

#include "core/hart.h"

static inline struct thread *
thread_current(void)
{
	return hart_this()->current;
}

/* In ticks, since every trap comes by here twice.  Interrupts are off. */
static inline u64
thread_lap(struct thread *t)
{
	u64 now = arch_ticks();
	u64 spent = now - t->stamp_ticks;

	t->stamp_ticks = now;
	return spent;
}

/*
 * Bring user_ticks and system_ticks of the current thread up to date.  The
 * hart gets its share of that at a tick and at a switch (times_settle), for
 * this is done at every trap.  Interrupts are off.
 */
static inline void
thread_account_user(void)
{
	struct thread *t = thread_current();

	t->user_ticks += thread_lap(t);
}

static inline void
thread_account_system(void)
{
	struct thread *t = thread_current();

	t->system_ticks += thread_lap(t);
}

/* The latter for who has interrupts on. */
void thread_account_now(void);

#endif
