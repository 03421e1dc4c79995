/*
 * Futexes: sleeping on a 32-bit word of user memory until somebody who changed
 * it says so.  How no wake-up is lost stands in futex.c.
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "lib/types.h"

struct task;

#define FUTEX_ANY_BITS 0xffffffffu /* wakes whoever waits, waits for anyone */

/*
 * Waits while the word is val, until deadline_ns on the monotonic clock.
 * relative: a signal restarts it through restart_syscall, else by itself.
 * Errors: -EAGAIN the word is not val, -EINVAL misaligned or no bits, -EFAULT,
 *         -ETIMEDOUT, -ERESTARTSYS and -ERESTART_BLOCK.
 */
s64 futex_wait(uaddr_t addr, bool shared, u32 val, u32 bits, u64 deadline_ns,
    bool relative) MUST_CHECK;
/* The same with a deadline of the real-time clock, which may be set. */
s64 futex_wait_real(uaddr_t addr, bool shared, u32 val, u32 bits,
    u64 deadline_real_ns) MUST_CHECK;

/* Wakes up to nr who wait for any of bits; returns how many. */
s64 futex_wake(uaddr_t addr, bool shared, s32 nr, u32 bits);

/*
 * Wakes up to nr_wake at from and moves up to nr_move more to to.  If cmp is
 * not NULL the word at from has to be *cmp, or -EAGAIN.  Returns how many were
 * woken or moved (cmp), or only woken (no cmp).
 */
s64 futex_requeue(uaddr_t from, uaddr_t to, bool shared, s32 nr_wake,
    s32 nr_move, const u32 *cmp) MUST_CHECK;

/*
 * Changes the word at addr2 as op says, wakes up to nr at addr, and up to nr2
 * at addr2 if the word's old value compares as op says.
 * Errors: -ENOSYS an op that there is not.
 */
s64 futex_wake_op(uaddr_t addr, uaddr_t addr2, bool shared, s32 nr, s32 nr2,
    u32 op) MUST_CHECK;

/*
 * Exit, while the address space is still in use: marks the words of the robust
 * list (its head: the argument of set_robust_list) as their owner's, tid's,
 * death, and wakes one waiter each.  Harmless whatever the list looks like.
 */
void futex_exit_robust(uaddr_t head, s32 tid);
/* Exit: zero to the word, wakes one waiter; nothing if there is no word. */
void futex_clear_tid(uaddr_t addr);

void futex_init(void);

#endif
