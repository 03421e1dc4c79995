/*
 * Futexes: sleeping on a 32-bit word of user memory until somebody who changed
 * it says so.  How no wake-up is lost stands in futex.c.
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "lib/types.h"

#define FUTEX_ANY_BITS 0xffffffffu /* wakes whoever waits, waits for anyone */

/*
 * A word: shared says that other address spaces may mean the same one, which
 * is dearer to find out (FUTEX_PRIVATE_FLAG is not set).
 */
struct futex_word {
	uaddr_t addr;
	bool shared;
};

/*
 * Waits while the word is val.  deadline_ns is NO_DEADLINE or a time of the
 * monotonic clock, or if real of the real-time clock.
 * Errors: -EAGAIN the word is not val, -EINVAL misaligned or no bits, -EFAULT,
 *         -ETIMEDOUT, -ERESTARTSYS, with a deadline -ERESTART_BLOCK.
 */
s64 futex_wait(struct futex_word word, u32 val, u32 bits, u64 deadline_ns,
    bool real) MUST_CHECK;

/*
 * Wakes up to nr, but at least one, of those who wait for any of bits; returns
 * how many.
 */
s64 futex_wake(struct futex_word word, s32 nr, u32 bits) MUST_CHECK;

/*
 * Wakes up to nr_wake at from and moves up to nr_move more to to, if the word
 * at from is *cmp (NULL: whatever it is).  Returns how many that were.
 * Errors: -EAGAIN it is not, -EINVAL, -EFAULT.
 */
s64 futex_requeue(struct futex_word from, struct futex_word to, s32 nr_wake,
    s32 nr_move, const u32 *cmp) MUST_CHECK;

/*
 * Changes the word at second as op says, wakes up to nr at first, and up to
 * nr_second at second if the old value compares as op says.
 * Errors: -ENOSYS an op that there is not, -EINVAL, -EFAULT.
 */
s64 futex_wake_op(struct futex_word first, struct futex_word second, s32 nr,
    s32 nr_second, u32 op) MUST_CHECK;

/*
 * What thread tid, 0 for the current one, gave to set_robust_list.
 * Errors: -ESRCH, -EPERM it is nobody else's business.
 */
int futex_get_robust(s32 tid, uaddr_t *head) MUST_CHECK;
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
