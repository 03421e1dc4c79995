/*
 * What a process does at each signal.
 *
 *	process --> struct sighand --> struct sigtable
 *
 * Processes cloned with CLONE_SIGHAND have one sighand: what one changes is
 * changed for all.  A fork makes a sighand of its own that shows the same
 * table; the first change copies the table, as with memory.  Most processes
 * never change any action, so most tables are that of somebody before them.
 */
#ifndef PROC_SIGNAL_HAND_H
#define PROC_SIGNAL_HAND_H

#include "core/spinlock.h"
#include "lib/errno.h"
#include "lib/refcount.h"
#include "proc/signal_set.h"

#define HANDLER_DEFAULT 0ul
#define HANDLER_IGNORE  1ul

/* struct sigaction of the ABI, with types of ours. */
struct sig_action {
	u64 handler; /* HANDLER_DEFAULT, HANDLER_IGNORE or an address */
	u64 flags;   /* SA_* */
	struct sigset mask;
};

/*
 * struct sigtable: an action for each signal.  Written only by who holds the
 * lock of its one sighand.
 */
struct sigtable {
	struct refcount refs;                 /* a: sighands that show it */
	struct sig_action action[NR_SIGNALS]; /* of signal i + 1 */
};

/*
 * struct sighand: made by sighand_create and sighand_fork with one reference.
 * Locks: l lock   a atomic
 */
struct sighand {
	struct refcount refs;   /* a: processes that use it */
	struct spinlock lock;   /* rank SIGHAND */
	struct sigtable *table; /* l: counted */
};

/* Every action the default. */
int sighand_create(struct sighand **out) MUST_CHECK;
/* The same actions as from's now. */
int sighand_fork(struct sighand *from, struct sighand **out) MUST_CHECK;

static inline void
sighand_get(struct sighand *h)
{
	refcount_get(&h->refs);
}
/* NULL is fine.  Locks: any. */
void sighand_put(struct sighand *h);

/* signo is valid. */
struct sig_action sighand_action(struct sighand *h, int signo);
/*
 * Errors: -ENOMEM; with spin locks held less is tried before that, so who can
 * calls sighand_own first, without.
 */
int sighand_set(
    struct sighand *h, int signo, const struct sig_action *act) MUST_CHECK;
int sighand_own(struct sighand *h) MUST_CHECK;
/*
 * Handlers become the default; what is ignored stays so: nohup relies on it.
 * After sighand_prepare_reset, with nobody else using h, it cannot fail.
 */
int sighand_reset(struct sighand *h) MUST_CHECK;
int sighand_prepare_reset(struct sighand *h) MUST_CHECK;

#endif
